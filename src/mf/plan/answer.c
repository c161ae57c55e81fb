// SPDX-License-Identifier: Apache-2.0
// Answers (RFC3264#6): must fit what we sent, keep the keying that was decided, and hold the media floor (MF-C2, SF-I9).
#include "mf/plan/session.h"

#include "base/memory.h"

// Which of the offered keys does the answer's one a=crypto line choose? NULL when none.
static const struct plan_crypto *crypto_chosen(const struct plan_offered *o, const struct plan_crypto *answer)
{
	for (uint8_t i = 0; i < o->crypto_count && i < PLAN_CRYPTOS_MAX; i++)
		if (o->crypto[i].tag == answer->tag && o->crypto[i].name == answer->name)
			return &o->crypto[i];
	return NULL;
}

// SDES passes end to end: both users' keys serve to authenticate in passing (MF-I1).
static const char *keys_pass(struct plan_line *l, int from, const struct plan_offered *o, const struct plan_offered *a)
{
	const struct plan_crypto *k = a->crypto_count == 1 ? crypto_chosen(o, &a->crypto[0]) : NULL;

	if (k == NULL)
		return "Answer chose no offered key";
	l->opaque = !k->usable || !a->crypto[0].usable;
	if (l->opaque)
		return NULL;
	l->key[1 - from] = k->key;
	l->key[from] = a->crypto[0].key;
	return NULL;
}

// The answerer's leg is keyed by us, and it took one of our keys.
static const char *keys_added(struct plan_line *l, const struct plan_offered *o, const struct plan_offered *a)
{
	const struct plan_crypto *k = a->crypto_count == 1 ? crypto_chosen(o, &a->crypto[0]) : NULL;

	if (k == NULL || !a->crypto[0].usable || a->crypto[0].key.suite != k->key.suite)
		return "Answer chose no offered key";
	l->key[0] = a->crypto[0].key;
	l->key[1] = k->key;
	l->tag = k->tag;
	return NULL;
}

// The offerer's leg is keyed: its chosen key in, a key of ours out, kept while the suite stays.
static void keys_answered(struct plan_context *c, struct plan_line *l, const struct plan_offered *o)
{
	const struct plan_crypto *k = &o->crypto[o->chosen];

	l->key[0] = k->key;
	l->tag = k->tag;
	if (l->key[1].suite == k->key.suite)
		return;
	l->key[1] = (struct media_key){.suite = k->key.suite, .len = k->key.len};
	c->random(c->random_ctx, l->key[1].master, k->key.len);
}

// Only what was offered beside may be answered (RFC4568#7.1.3).
static bool mechanism_offered(const struct plan_line *l, const struct plan_offered *o, uint8_t answer)
{
	switch (answer) {
	case ANSWER_SDES:
		return (o->mechanisms & MECHANISM_SDES) != 0;
	case ANSWER_DTLS:
		return (o->mechanisms & MECHANISM_DTLS) != 0 || l->offer == OFFER_DTLS;
	case ANSWER_OTHER:
		return (o->mechanisms & MECHANISM_OTHER) != 0 || l->offer == OFFER_OTHER;
	default:
		return true;
	}
}

// Keying of an answered line. NULL or the reason of a refusal.
static const char *keying_answered(struct plan_context *c, struct plan_line *l, int from, const struct plan_offered *o,
	const struct plan_offered *a, uint8_t class)
{
	bool floor = plan_srtp_policy(c, 0) == SRTP_REQUIRED || plan_srtp_policy(c, 1) == SRTP_REQUIRED;
	bool keyed = mode_keys(o->mode), offerer_keyed = keyed && l->keyed != from;
	// The same table serves re-offers: seen from a keyed offerer a line is converted, from the other side keys are added.
	uint8_t mode = offerer_keyed ? MODE_CONVERT : o->mode == MODE_CONVERT ? MODE_ADD : o->mode;
	const char *why = keying_answer_check(mode, l->offer, floor, class);

	if (why != NULL)
		return why;
	if (offerer_keyed) {
		keys_answered(c, l, o);
		return NULL;
	}
	if (keyed && class == ANSWER_SDES)
		return keys_added(l, o, a);
	if (keyed) { // MODE_ADD_MAYBE, and the answer is plain
		l->mode = MODE_PASS;
		return NULL;
	}
	bool stray = (a->mechanisms & MECHANISM_SDES) != 0 && (o->mechanisms & MECHANISM_SDES) == 0; // MF-C4
	if (stray || !mechanism_offered(l, o, class))
		return "Answer keyed otherwise than offered";
	if (class == ANSWER_SDES)
		return keys_pass(l, from, o, a);
	l->opaque = class == ANSWER_DTLS || class == ANSWER_OTHER;
	return NULL;
}

// Payload types of each side: the answerer wants what it lists; the offerer what it listed, of codecs in the answer.
static void payloads_agree(struct plan_line *l, int from, const struct sdp_outline *sent, const struct sdp_outline *answer)
{
	struct plan_side *own = &l->side[from], *other = &l->side[1 - from];

	own->payload_count = 0;
	other->payload_count = 0;
	memset(own->payload, 0, sizeof(own->payload));
	memset(other->payload, 0, sizeof(other->payload));
	for (uint8_t k = 0; k < answer->count && k < MEDIA_PAYLOADS_MAX; k++)
		if (answer->payload[k] <= INT8_MAX)
			own->payload[own->payload_count++] = answer->payload[k];
	for (uint8_t k = 0; k < sent->count && k < MEDIA_PAYLOADS_MAX; k++)
		for (uint8_t j = 0; j < answer->count; j++)
			if (sent->payload[k] <= INT8_MAX && sent->codec[k] == answer->codec[j]) {
				other->payload[other->payload_count++] = sent->payload[k];
				break;
			}
}

static bool formats_allowed(const struct plan_context *c, const struct sdp *s, uint8_t i)
{
	struct span at = s->media[i].formats, f;
	bool real;

	while (!span_empty(at) && sdp_format_next(s, &at, &f))
		if (!plan_codec_allowed(c, s, i, f, &real))
			return false;
	return true;
}

static void line_down(struct plan_line *l)
{
	l->active = 0;
	memory_wipe(l->key, sizeof(l->key));
	l->side[0].rtp = l->side[0].rtcp = l->side[1].rtp = l->side[1].rtcp = (struct address){0};
}

static void codec_note(struct plan_line *l, const struct sdp *s, uint8_t i)
{
	uint32_t clock;
	uint8_t channels;
	struct bytes name = sdp_codec_name(s, i, sdp_first_word(s, s->media[i].formats), &clock, &channels);
	size_t n = name.len < MEDIA_CODEC_MAX ? name.len : MEDIA_CODEC_MAX - 1;

	memset(l->codec, 0, sizeof(l->codec));
	if (n > 0)
		memcpy(l->codec, name.at, n);
}

static struct verdict answer_line(struct plan_context *c, struct plan_table *t, const struct sdp *s, uint8_t i)
{
	int from = 1 - t->offerer;
	struct plan_line *l = &t->line[i];
	struct plan_offered *o = &t->offered[i], a = {0};
	struct verdict v;
	const char *why = "Too many media formats";

	if (!is_ok(sdp_outline_make(s, i, &a.sent)) || !is_ok(sdp_answer_check(&o->sent, &a.sent, &why)))
		return REPLY(488, why);
	if (a.sent.rejected) {
		line_down(l);
		return PASS;
	}
	if (s->media[i].port_count != 1 || !formats_allowed(c, s, i))
		return REPLY(488, "Answer is no subset of the offer");
	l->active = 1;
	l->mode = o->mode;
	l->opaque = 0;
	v = plan_describe(c, from, s, i, &l->side[from]);
	if (v.action == VERDICT_PASS)
		v = plan_cryptos_read(s, i, &a);
	if (v.action != VERDICT_PASS)
		return v;
	a.mechanisms = plan_mechanisms(s, i);
	why = keying_answered(c, l, from, o, &a, (uint8_t)plan_answer_class(s, i, a.mechanisms));
	if (why == NULL && t->anchored && l->opaque && (a.mechanisms & MECHANISM_SDES) != 0)
		why = plan_sdes_unchecked(c);
	memory_wipe(a.crypto, sizeof(a.crypto));
	if (why != NULL)
		return REPLY(488, why);
	payloads_agree(l, from, &o->sent, &a.sent);
	codec_note(l, s, i);
	return PASS;
}

// Check the answer SDP of side FROM against T and write it for the offerer.
static struct verdict table_answer(struct plan_session *p, struct plan_context *c, struct plan_table *t, int from,
	struct bytes sdp, struct sdp_writer *out)
{
	struct sdp s;
	struct sdp_fault fault;

	if (!is_ok(sdp_parse(&s, sdp.at, (uint32_t)sdp.len, &fault)))
		return REPLY(400, fault.phrase);
	if (s.media_count != t->count)
		return REPLY(488, "Answer has another number of media lines");
	for (uint8_t i = 0; i < t->count; i++) {
		struct verdict v = answer_line(c, t, &s, i);
		if (v.action != VERDICT_PASS)
			return v;
	}
	return plan_rewrite(p, c, t, from, true, &s, out);
}

// The table that an answer from FROM with HASH belongs to: of the outstanding offer, or a repetition of the last answer.
static struct plan_table *table_awaiting(struct plan_session *p, int from, uint64_t hash)
{
	struct plan_table *t = p->pending;

	if (t == NULL && p->agreed != NULL && p->agreed->offered != NULL && p->agreed->answer_hash == hash)
		t = p->agreed;
	return t != NULL && t->offerer != from ? t : NULL;
}

struct verdict plan_early(struct plan_session *p, struct plan_context *c, int from, struct bytes sdp, struct sdp_writer *out)
{
	uint64_t hash = plan_hash(sdp);
	struct plan_table *t = table_awaiting(p, from, hash);
	struct verdict v;

	if (t == NULL)
		return REPLY(488, "Answer without offer");
	if (sdp.len > SDP_SIZE_MAX)
		return REPLY(488, "SDP too long");
	v = table_answer(p, c, t, from, sdp, out);
	t->answered = v.action == VERDICT_PASS;
	t->answer_hash = hash;
	return v;
}

struct verdict plan_answer(struct plan_session *p, struct plan_context *c, int from, struct bytes sdp, struct sdp_writer *out)
{
	struct verdict v = plan_early(p, c, from, sdp, out);

	if (v.action != VERDICT_PASS || p->pending == NULL)
		return v;
	plan_table_free(p->agreed);
	p->agreed = p->pending;
	p->pending = NULL;
	return v;
}
