// SPDX-License-Identifier: Apache-2.0
// Sources, sequence rule and jitter of one side.
#include "mf/flow.h"

enum {
	CLOCK_WAIT_US = 2000000, // [us] before the clock of a dynamic payload type is judged
	STATIC_TYPES = 35,       // RFC3551#6: payload types below have a fixed clock
	TYPE_L16_STEREO = 10,
	TYPE_L16 = 11,
	TYPE_MPEG_AUDIO = 14,
	TYPE_DVI4_11K = 16,
	TYPE_DVI4_22K = 17,
	TYPE_DVI4_16K = 6,
	TYPE_VIDEO_FIRST = 24,
};

struct mf_source *mf_flow_find(struct mf_flow *f, uint32_t ssrc)
{
	for (uint32_t i = 0; i < MF_SSRC_MAX; i++)
		if (f->source[i].live && f->source[i].ssrc == ssrc)
			return &f->source[i];
	return NULL;
}

result mf_flow_source(struct mf_flow *f, uint32_t ssrc, uint64_t now_us, struct mf_source **out)
{
	struct mf_source *oldest = &f->source[0];
	const uint64_t cost_ns = MF_SSRC_CHANGE_S * SECOND_NS;

	*out = mf_flow_find(f, ssrc);
	if (*out == NULL) {
		for (uint32_t i = 0; i < MF_SSRC_MAX; i++)
			if (!f->source[i].live || (oldest->live && f->source[i].used < oldest->used))
				oldest = &f->source[i];
		REQUIRE(mf_budget_take(&f->changes, cost_ns, (MF_SSRC_CHANGES - 1) * cost_ns, now_us * 1000),
			E_FULL);
		*oldest = (struct mf_source){.ssrc = ssrc};
		*out = oldest;
	}
	(*out)->used = ++f->uses;
	return OK;
}

static bool goes_on(const struct mf_source *s, uint16_t sequence)
{
	uint16_t ahead = (uint16_t)(sequence - s->sequence);

	return ahead < MF_DROPOUT_MAX || ahead > UINT16_MAX - MF_MISORDER_MAX;
}

result mf_flow_sequence(struct mf_source *s, uint16_t sequence, uint64_t now_us)
{
	bool confirmed = s->jumped && sequence == s->expected_after_jump;

	if (!s->live || goes_on(s, sequence))
		return OK;
	if (confirmed && now_us - s->good_us > MF_RESYNC_US)
		return OK; // the sender began anew
	s->jumped = true;
	s->expected_after_jump = (uint16_t)(sequence + 1);
	return FAIL(E_REPLAY);
}

static uint32_t clock_static(uint8_t type)
{
	if (type >= STATIC_TYPES)
		return 0;
	if (type == TYPE_L16 || type == TYPE_L16_STEREO)
		return 44100;
	if (type == TYPE_DVI4_11K || type == TYPE_DVI4_22K)
		return type == TYPE_DVI4_11K ? 11025 : 22050;
	if (type == TYPE_DVI4_16K)
		return 16000;
	return type == TYPE_MPEG_AUDIO || type >= TYPE_VIDEO_FIRST ? 90000 : 8000;
}

// A dynamic payload type: the usual clock nearest to what the timestamps did in two seconds.
static void clock_find(struct mf_flow *f, const struct rtp_header *h, uint64_t now_us)
{
	static const uint32_t usual[] = {8000, 16000, 24000, 32000, 44100, 48000, 90000};
	uint64_t seen, best = UINT64_MAX;

	f->clock_hz = clock_static(h->payload_type);
	if (f->first_us == 0) {
		f->first_us = now_us;
		f->first_stamp = h->timestamp;
	}
	if (f->clock_hz != 0 || now_us - f->first_us < CLOCK_WAIT_US)
		return;
	seen = (uint64_t)(h->timestamp - f->first_stamp) * 1000000 / (now_us - f->first_us);
	for (uint32_t i = 0; i < ARRAY_LEN(usual); i++) {
		uint64_t off = seen > usual[i] ? seen - usual[i] : usual[i] - seen;
		if (off < best) {
			best = off;
			f->clock_hz = usual[i];
		}
	}
}

static void jitter_account(struct mf_flow *f, const struct rtp_header *h, uint64_t now_us)
{
	int64_t arrived, stamped, d;

	if (f->clock_hz == 0)
		clock_find(f, h, now_us);
	if (f->clock_hz != 0 && f->last_ssrc == h->ssrc && f->last_us != 0 && h->timestamp != f->last_stamp) {
		arrived = (int64_t)((now_us - f->last_us) * f->clock_hz / 1000000);
		stamped = (int32_t)(h->timestamp - f->last_stamp);
		d = arrived > stamped ? arrived - stamped : stamped - arrived;
		if (d < f->clock_hz * 2ll) // a talk spurt after silence is no jitter
			f->jitter_16 = (uint32_t)(f->jitter_16 + d - ((f->jitter_16 + 8) >> 4));
	}
	f->last_ssrc = h->ssrc;
	f->last_us = now_us;
	f->last_stamp = h->timestamp;
}

void mf_flow_account(struct mf_flow *f, struct mf_source *s, const struct rtp_header *h, uint64_t now_us)
{
	uint16_t ahead = (uint16_t)(h->sequence - s->sequence);

	if (!s->live || !goes_on(s, h->sequence)) {
		s->sequence = h->sequence;
	} else if (ahead != 0 && ahead < MF_DROPOUT_MAX) {
		f->lost += ahead - 1u;
		s->sequence = h->sequence;
	} else if (ahead != 0 && f->lost > 0) {
		f->lost--; // came late after all
	}
	s->live = true;
	s->jumped = false;
	s->good_us = now_us;
	jitter_account(f, h, now_us);
}

uint32_t mf_flow_jitter_us(const struct mf_flow *f)
{
	return f->clock_hz == 0 ? 0 : (uint32_t)((uint64_t)(f->jitter_16 >> 4) * 1000000 / f->clock_hz);
}
