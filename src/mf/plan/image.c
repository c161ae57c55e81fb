// SPDX-License-Identifier: Apache-2.0
// A session as octets for the crash record: only what is agreed, no pointers, everything checked when it comes back.
//
// The image is read by the same build on the same host; its own record carries the checksum.
#include "mf/plan/session.h"

enum { IMAGE_VERSION = 2, IPV4_LEN = 4, IPV6_LEN = 16 };

// No member is written twice, so the structures bound the image: every plan fits.
_Static_assert(2 + sizeof(struct plan_session) + sizeof(struct plan_table) +
	MEDIA_STREAMS_MAX * sizeof(struct plan_line) <= PLAN_IMAGE_MAX, "every plan fits");

struct image { // a cursor with a sticky error
	uint8_t *out;
	const uint8_t *in;
	uint32_t at, cap;
	bool bad;
};

// Move N octets between the image and VALUE, in whichever direction the image goes.
static void move(struct image *m, void *value, uint32_t n)
{
	if (m->bad || n > m->cap - m->at) {
		m->bad = true;
		return;
	}
	if (m->out != NULL)
		memcpy(m->out + m->at, value, n);
	else
		memcpy(value, m->in + m->at, n);
	m->at += n;
}

static void move_address(struct image *m, struct address *a)
{
	move(m, &a->family, sizeof(a->family));
	if (a->family == 0)
		return;
	if (a->family != 4 && a->family != 6) {
		m->bad = true;
		return;
	}
	move(m, &a->port, sizeof(a->port));
	move(m, a->ip, a->family == 4 ? IPV4_LEN : IPV6_LEN);
}

static void move_key(struct image *m, struct media_key *k)
{
	move(m, &k->suite, sizeof(k->suite));
	if (k->suite == SUITE_NONE)
		return;
	move(m, &k->len, sizeof(k->len));
	if (k->suite >= SUITE_COUNT || k->len != sdp_suite_key_len(k->suite)) {
		m->bad = true;
		return;
	}
	move(m, k->master, k->len);
	move(m, &k->mki_len, sizeof(k->mki_len));
	if (k->mki_len > MEDIA_MKI_MAX)
		m->bad = true;
	else if (k->mki_len > 0)
		move(m, &k->mki, sizeof(k->mki));
}

static void move_side(struct image *m, struct plan_side *s)
{
	move_address(m, &s->rtp);
	move_address(m, &s->rtcp);
	move(m, &s->direction, sizeof(s->direction));
	move(m, &s->mux, sizeof(s->mux));
	move(m, &s->reduced, sizeof(s->reduced));
	move(m, &s->bandwidth_bps, sizeof(s->bandwidth_bps));
	move(m, &s->payload_count, sizeof(s->payload_count));
	if (s->payload_count > MEDIA_PAYLOADS_MAX || s->direction > SDP_INACTIVE) {
		m->bad = true;
		return;
	}
	move(m, s->payload, s->payload_count);
}

static void move_line(struct image *m, struct plan_line *l)
{
	move(m, &l->active, sizeof(l->active));
	move(m, &l->kind, sizeof(l->kind));
	if (!l->active)
		return;
	move(m, &l->mode, sizeof(l->mode));
	move(m, &l->offer, sizeof(l->offer));
	move(m, &l->keyed, sizeof(l->keyed));
	move(m, &l->opaque, sizeof(l->opaque));
	move(m, &l->tag, sizeof(l->tag));
	move(m, l->codec, sizeof(l->codec));
	l->codec[MEDIA_CODEC_MAX - 1] = '\0';
	if (l->mode >= MODE_COUNT || l->offer >= OFFER_COUNT || l->keyed > 1 || l->kind > KIND_OTHER) {
		m->bad = true;
		return;
	}
	for (int i = 0; i < 2; i++) {
		move_side(m, &l->side[i]);
		move_key(m, &l->key[i]);
	}
}

static void move_head(struct image *m, struct plan_session *s)
{
	move(m, s->id, sizeof(s->id));
	move(m, s->version, sizeof(s->version));
	move(m, s->written, sizeof(s->written));
	move(m, &s->ports, sizeof(s->ports));
	if (s->ports > MEDIA_STREAMS_MAX) {
		m->bad = true;
		return;
	}
	move(m, s->port, s->ports * (uint32_t)sizeof(s->port[0]));
}

static void move_table(struct image *m, struct plan_table *t)
{
	move(m, &t->offerer, sizeof(t->offerer));
	move(m, &t->anchored, sizeof(t->anchored));
	if (t->offerer > 1)
		m->bad = true;
	for (uint8_t i = 0; i < t->count && !m->bad; i++)
		move_line(m, &t->line[i]);
}

result plan_save(const struct plan_session *s, uint8_t *out, uint32_t cap, uint32_t *len)
{
	struct image m = {.out = out, .cap = cap};
	struct plan_session head = *s;
	uint8_t version = IMAGE_VERSION;

	*len = 0;
	REQUIRE(s->agreed != NULL, E_MISSING);
	move(&m, &version, sizeof(version));
	move(&m, &s->agreed->count, sizeof(s->agreed->count));
	move_head(&m, &head);
	move_table(&m, s->agreed);
	REQUIRE(!m.bad, E_TOO_LONG);
	*len = m.at;
	return OK;
}

result plan_restore(struct plan_session **out, const uint8_t *image, uint32_t len)
{
	struct image m = {.in = image, .cap = len};
	uint8_t version = 0, count = 0;
	struct plan_session *s;

	*out = NULL;
	move(&m, &version, sizeof(version));
	move(&m, &count, sizeof(count));
	REQUIRE(!m.bad && version == IMAGE_VERSION && count <= MEDIA_STREAMS_MAX, E_SYNTAX);
	s = plan_session_new(count);
	REQUIRE(s != NULL, E_NO_MEMORY);
	move_head(&m, s);
	move_table(&m, s->agreed);
	if (m.bad || m.at != len) {
		plan_free(s);
		return FAIL(E_SYNTAX);
	}
	s->agreed->answered = 1;
	*out = s;
	return OK;
}
