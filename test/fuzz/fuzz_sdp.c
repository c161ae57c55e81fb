// SPDX-License-Identifier: Apache-2.0
// SDP: parse -> plan -> rewrite -> reparse, as offer and as answer, under a policy that the first octet chooses.
//
// Besides memory safety: what we write parses; nothing is written that names the far side's host; a leg that requires
// SRTP never ends with a clear line (MF-C2).
#include "mf/plan/plan.h"

#include <stdlib.h>

enum { OUT_MAX = 65536, BODY_MAX = 16384 };

static void fill(void *ctx, void *out, size_t n)
{
	(void)ctx;
	memset(out, 0x5a, n);
}

static void require(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static struct peer peers[2];
static struct listener listeners[2];
static uint8_t buffer[OUT_MAX];

static void setup(struct plan_context *c, uint8_t flags)
{
	memset(peers, 0, sizeof(peers));
	memset(listeners, 0, sizeof(listeners));
	*c = (struct plan_context){.random = fill};
	for (int i = 0; i < 2; i++) {
		struct peer *p = &peers[i];
		p->anchor = 1;
		p->srtp = (uint8_t)(((flags >> (2 * i)) & 3) % 3);
		p->keying = (flags >> 4) & 1;
		if (flags & 0x40) {
			p->codec_count = 1;
			memcpy(p->codec[0], "PCMU", 5);
		}
		listeners[i].media = (struct address){.family = 4, .ip = {203, 0, 113, (uint8_t)(1 + i)}};
		listeners[i].media_first = 20000;
		listeners[i].media_last = 29999;
		c->leg[i] = (struct plan_leg){p, &listeners[i], (flags & 0x20) != 0, i == 0};
	}
}

static void floor_check(const struct plan_session *s, const struct plan_context *c)
{
	struct media_plan m;

	plan_media(s, c, &m);
	for (uint8_t i = 0; i < m.count; i++)
		for (int side = 0; side < 2; side++)
			if (m.stream[i].active && plan_agreed(s) && peers[side].srtp == SRTP_REQUIRED)
				require(m.stream[i].opaque || m.stream[i].side[side].in.suite != SUITE_NONE);
}

static void reparse(const struct sdp_writer *w)
{
	static struct sdp s;
	struct sdp_fault fault;

	require(is_ok(sdp_parse(&s, w->at, w->len, &fault)));
	require(s.media_count <= MEDIA_STREAMS_MAX);
}

static void ports_give(struct plan_session *s, uint8_t n)
{
	struct media_ports p = {.count = n};

	for (uint8_t i = 0; i < n; i++)
		for (int side = 0; side < 2; side++)
			p.rtp[i][side].port = (uint16_t)(20000 + 2 * i);
	require(is_ok(plan_ports(s, &p)));
}

// OFFER from side 0, ANSWER from side 1.
static void exchange(struct plan_session *s, struct plan_context *c, struct bytes offer, struct bytes answer)
{
	struct sdp_writer w;
	uint8_t streams, image[PLAN_IMAGE_MAX];
	uint32_t n;

	if (plan_offer(s, c, 0, offer, &streams).action != VERDICT_PASS)
		return;
	if (plan_needs_ports(s))
		ports_give(s, streams);
	sdp_write_init(&w, buffer, sizeof(buffer));
	if (plan_offer_write(s, c, 0, offer, &w).action != VERDICT_PASS)
		return;
	reparse(&w);
	sdp_write_init(&w, buffer, sizeof(buffer));
	if (plan_answer(s, c, 1, answer, &w).action != VERDICT_PASS)
		return;
	reparse(&w);
	floor_check(s, c);
	if (is_ok(plan_save(s, image, sizeof(image), &n))) {
		struct plan_session *back;
		require(is_ok(plan_restore(&back, image, n)));
		plan_free(back);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan_context c;
	struct plan_session *s;
	struct bytes offer, answer;

	if (size < 2 || size > BODY_MAX)
		return 0;
	setup(&c, data[0]);
	offer = answer = bytes_make(data + 1, size - 1);
	const uint8_t *cut = memchr(offer.at, 0, offer.len); // a NUL parts offer and answer
	if (cut != NULL) {
		offer.len = (size_t)(cut - offer.at);
		answer = bytes_make(cut + 1, size - 2 - offer.len);
	}
	if (!is_ok(plan_begin(&s, &c)))
		return 0;
	exchange(s, &c, offer, answer);
	exchange(s, &c, answer, offer);
	plan_free(s);
	if (is_ok(plan_restore(&s, data, (uint32_t)size)))
		plan_free(s);
	return 0;
}
