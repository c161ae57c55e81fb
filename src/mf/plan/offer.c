// SPDX-License-Identifier: Apache-2.0
// Offers (RFC3264#5, #8): each media line is described, its formats filtered, its keying decided.
//
// What one line cannot have (a protocol we do not carry, no codec on the allow-lists) rejects that line with port 0, as an
// answerer would; what endangers the call (keying, addresses) refuses the whole offer.
#include "mf/plan/session.h"

#include "base/memory.h"

enum srtp_policy plan_srtp_policy(const struct plan_context *c, int side)
{
	const struct peer *p = c->leg[side].peer;

	if (p->srtp == SRTP_REQUIRED && (p->shadow[CONTROL_SRTP] || p->waiver[CONTROL_SRTP].set))
		return SRTP_PREFERRED;
	return (enum srtp_policy)p->srtp;
}

static bool sdes_allowed(struct plan_context *c, int side)
{
	return c->leg[side].secure || !plan_enforced(c, side, CONTROL_CLEAR_SDES); // MF-C4
}

const char *plan_sdes_unchecked(struct plan_context *c)
{
	bool enforced = plan_enforced(c, 0, CONTROL_SRTP) && plan_enforced(c, 1, CONTROL_SRTP);

	return enforced ? "SDES that cannot be checked" : NULL;
}

// Keys pass, no line of them is one that we can authenticate with, and nothing else was offered beside.
static bool nothing_checkable(const struct plan_line *l, const struct plan_offered *o)
{
	if (l->mode != MODE_PASS || l->offer != OFFER_SDES || o->mechanisms != MECHANISM_SDES)
		return false;
	for (uint8_t i = 0; i < o->crypto_count; i++)
		if (o->crypto[i].usable)
			return false;
	return true;
}

// Our own keys for the answering leg: as agreed before, else one fresh key for each suite of its peer.
static void keys_make(struct plan_context *c, int to, const struct plan_line *prev, struct plan_offered *o)
{
	uint8_t suite[MEDIA_SUITES_MAX], n = plan_suites(c, to, suite);

	o->crypto_count = 0;
	if (prev != NULL && mode_keys(prev->mode) && prev->key[1].suite != SUITE_NONE) {
		o->crypto[0] = (struct plan_crypto){.tag = prev->tag, .usable = 1, .key = prev->key[1]};
		o->crypto_count = 1; // an unchanged line keeps the contexts at both ends (RFC4568#7.1.4)
		n = 0;
	}
	for (uint8_t i = 0; i < n; i++) {
		struct plan_crypto *k = &o->crypto[i];
		*k = (struct plan_crypto){.tag = i + 1u, .usable = 1, .key = {.suite = suite[i]}};
		k->key.len = sdp_suite_key_len(suite[i]);
		c->random(c->random_ctx, k->key.master, k->key.len);
		o->crypto_count++;
	}
	for (uint8_t i = 0; i < o->crypto_count; i++)
		o->crypto[i].name = plan_name_hash(bytes_of_string(sdp_suite_name(o->crypto[i].key.suite)));
}

// The offerer's leg is the keyed one: which of its keys do we take? Its order, our list.
static bool key_choose(const struct plan_context *c, int from, struct plan_offered *o)
{
	for (uint8_t i = 0; i < o->crypto_count; i++)
		if (o->crypto[i].usable && plan_suite_place(c, from, o->crypto[i].key.suite) >= 0) {
			o->chosen = i;
			return true;
		}
	return false;
}

// Keying of a line that is up already: the mode was decided once and is kept.
static const char *keying_keep(const struct plan_context *c, int from, const struct plan_line *prev, uint8_t decided,
	struct plan_line *l)
{
	bool with_keys = l->offer == OFFER_SDES || l->offer == OFFER_OPPORTUNISTIC;

	l->mode = prev->mode;
	l->keyed = prev->keyed;
	l->tag = prev->tag;
	if (prev->mode == MODE_PASS)
		return decided == MODE_PASS || decided == MODE_ADD_MAYBE ? NULL : "Keying changed";
	if (from != prev->keyed)
		return l->offer == OFFER_RTP ? NULL : "Keying changed";
	if (with_keys && (l->offer == OFFER_OPPORTUNISTIC) == (prev->mode == MODE_ADD_MAYBE))
		return NULL;
	if (prev->mode != MODE_ADD_MAYBE || l->offer != OFFER_RTP || plan_srtp_policy(c, from) == SRTP_REQUIRED)
		return "Keying changed"; // a bid-down (MF-C2)
	l->mode = MODE_PASS;
	return NULL;
}

// Decide the keying of line I. NULL or the reason of a refusal.
static const char *keying_set(struct plan_context *c, int from, const struct plan_table *t, const struct plan_line *prev,
	struct plan_line *l, struct plan_offered *o)
{
	int to = 1 - from;
	bool crypto = (o->mechanisms & MECHANISM_SDES) != 0;
	struct keying_cell cell = {
		.offer = l->offer,
		.crypto = crypto,
		.in = (uint8_t)plan_srtp_policy(c, from),
		.out = (uint8_t)plan_srtp_policy(c, to),
		.per_leg = c->leg[to].peer->keying == PEER_KEYING_PER_LEG,
		.anchored = t->anchored,
	};
	cell.sdes_in = crypto && sdes_allowed(c, from);
	cell.sdes_out = (crypto || cell.out != SRTP_OFF) && sdes_allowed(c, to);
	struct keying_decision d = keying_decide(&cell);
	bool kept = prev != NULL && prev->active;

	if (kept && mode_keys(prev->mode) && crypto && !cell.sdes_in)
		return "SDES needs secure signalling";
	if (d.mode == MODE_REFUSE && !(kept && mode_keys(prev->mode)))
		return d.reason;
	l->mode = d.mode;
	l->keyed = (uint8_t)(d.mode == MODE_CONVERT ? from : to);
	if (kept) {
		const char *why = keying_keep(c, from, prev, d.mode, l);
		if (why != NULL)
			return why;
	}
	if (!mode_keys(l->mode))
		return NULL;
	if (l->keyed == to) {
		keys_make(c, to, kept ? prev : NULL, o);
		return o->crypto_count > 0 ? NULL : "No SRTP suite configured";
	}
	if (kept)
		l->key[1] = prev->key[1];
	return key_choose(c, from, o) ? NULL : "No common SRTP suite";
}

// Outline of what will be sent: formats that both peers allow. False when no codec remains.
static bool formats_filter(const struct plan_context *c, const struct sdp *s, uint8_t i, struct sdp_outline *out)
{
	struct span at = s->media[i].formats, f;
	bool real, any = false;

	sdp_outline_begin(s, i, out);
	while (!span_empty(at) && sdp_format_next(s, &at, &f)) {
		if (!plan_codec_allowed(c, s, i, f, &real))
			continue;
		any |= real;
		if (!is_ok(sdp_outline_add(s, i, f, out)))
			return false;
	}
	return any;
}

static void payloads_set(const struct sdp_outline *o, struct plan_side *side)
{
	side->payload_count = 0;
	for (uint8_t k = 0; k < o->count && k < MEDIA_PAYLOADS_MAX; k++)
		if (o->payload[k] <= INT8_MAX)
			side->payload[side->payload_count++] = o->payload[k];
}

static struct verdict offer_line(const struct plan_session *p, struct plan_context *c, struct plan_table *t, const struct sdp *s,
	uint8_t i)
{
	int from = t->offerer;
	struct plan_line *l = &t->line[i];
	struct plan_offered *o = &t->offered[i];
	const struct plan_line *prev = p->agreed != NULL && i < p->agreed->count ? &p->agreed->line[i] : NULL;
	struct verdict v;
	const char *why;

	bool usable = formats_filter(c, s, i, &o->sent);
	l->kind = (uint8_t)plan_kind_of(s, i);
	if (s->media[i].port == 0 || (t->anchored && !plan_carried(s, i)) || !usable) {
		o->sent.rejected = 1;
		o->sent.count = 0;
		return PASS;
	}
	l->active = 1;
	v = plan_describe(c, from, s, i, &l->side[from]);
	if (v.action != VERDICT_PASS)
		return v;
	o->sent.direction = l->side[from].direction;
	payloads_set(&o->sent, &l->side[from]);
	o->mechanisms = plan_mechanisms(s, i);
	l->offer = (uint8_t)plan_offer_class(s, i, o->mechanisms);
	v = plan_cryptos_read(s, i, o);
	if (v.action != VERDICT_PASS)
		return v;
	why = keying_set(c, from, t, prev, l, o);
	if (why == NULL && t->anchored && nothing_checkable(l, o))
		why = plan_sdes_unchecked(c);
	if (why != NULL)
		return REPLY(488, why);
	o->mode = l->mode;
	sdp_outline_set_proto(&o->sent, plan_written_proto(l, 1 - from, s, i));
	return PASS;
}

static struct verdict lines_offer(struct plan_session *p, struct plan_context *c, struct plan_table *t, const struct sdp *s,
	uint8_t *streams)
{
	bool wanted = false, got = false;

	*streams = 0;
	for (uint8_t i = 0; i < t->count; i++) {
		struct verdict v = offer_line(p, c, t, s, i);
		if (v.action != VERDICT_PASS)
			return v;
		wanted |= s->media[i].port != 0;
		got |= t->line[i].active;
		if (t->line[i].active && t->anchored)
			*streams = (uint8_t)(i + 1);
	}
	return wanted && !got ? REPLY(488, "No media line acceptable") : PASS;
}

struct verdict plan_offer(struct plan_session *p, struct plan_context *c, int from, struct bytes sdp, uint8_t *streams)
{
	struct sdp s;
	struct sdp_fault fault;
	struct verdict v;

	*streams = 0;
	plan_rollback(p);
	if (sdp.len > SDP_SIZE_MAX)
		return REPLY(488, "SDP too long");
	result r = sdp_parse(&s, sdp.at, (uint32_t)sdp.len, &fault);
	if (!is_ok(r)) // beyond our bounds is lawful SDP, and not acceptable here
		return REPLY(r.error == E_TOO_MANY || r.error == E_TOO_LONG ? 488 : 400, fault.phrase);
	if (s.media_count > MEDIA_STREAMS_MAX)
		return REPLY(488, "Too many media lines");
	if (p->agreed != NULL && s.media_count < p->agreed->count)
		return REPLY(488, "Offer drops media lines"); // RFC3264#8
	struct plan_table *t = plan_table_new(s.media_count);
	if (t == NULL)
		return REPLY(500, "Out of memory");
	t->offerer = (uint8_t)from;
	t->anchored = plan_anchors(c);
	v = lines_offer(p, c, t, &s, streams);
	if (v.action != VERDICT_PASS) {
		plan_table_free(t);
		*streams = 0;
		return v;
	}
	p->pending = t;
	return PASS;
}

struct verdict plan_offer_write(struct plan_session *p, struct plan_context *c, int from, struct bytes sdp,
	struct sdp_writer *out)
{
	struct sdp s;
	struct sdp_fault fault;
	struct verdict v;

	if (p->pending == NULL || p->pending->offerer != from || sdp.len > SDP_SIZE_MAX)
		return REPLY(500, "No offer to write");
	if (plan_needs_ports(p))
		return REPLY(500, "No media ports");
	if (!is_ok(sdp_parse(&s, sdp.at, (uint32_t)sdp.len, &fault)) || s.media_count != p->pending->count)
		return REPLY(500, "Not the offer that was checked");
	v = plan_rewrite(p, c, p->pending, from, false, &s, out);
	if (v.action != VERDICT_PASS)
		plan_rollback(p);
	return v;
}
