// SPDX-License-Identifier: Apache-2.0
// What outlives a crash: one confirmed call as plain octets, and the call made again from them.
//
// The octets come from a memfd that only our own processes write, yet every field is checked: bounds, that
// the peer and listener still exist, and that the tags open as tokens of this very call. Damage costs one
// call, counted.
#include "sf/inside.h"

#include "base/memory.h"

enum { IMAGE_MAGIC = 0x53464332, IMAGE_TEXTS = 6 };

struct image_leg { // fixed part; texts follow in the order of struct leg_parts, then the description
	struct hop hop;
	uint64_t timer_at_us;
	uint32_t interval_s, min_se_s;
	uint32_t cseq_local, cseq_invite, cseq_remote, rseq;
	peer_id peer;
	uint16_t text[IMAGE_TEXTS], sdp; // lengths
	zone_id zone;
	listener_id listener;
	uint8_t transport, side, token_leg;
	uint8_t update, reliable, cseq_remote_known, sips, we_refresh, they_support;
	char tag[SF_TOKEN_LEN];
};

struct image_call {
	uint32_t magic;
	uint32_t length; // of all
	uint64_t check;  // over everything behind it
	struct pool_ref ref;
	struct session_ref session;
	uint64_t start_ms, answer_ms, start_us, answer_us;
	uint8_t branch, attempts;
	char from_number[NUMBER_MAX], to_number[NUMBER_MAX];
	struct image_leg leg[2];
};

// Against damage, not against forgers: whoever can write the memfd is one of us.
static uint64_t image_check(const uint8_t *octets, size_t n)
{
	static const uint8_t key[TABLE_SECRET_LEN] = "sallyport images";
	size_t from = offsetof(struct image_call, ref);

	return n > from ? keyed_hash(key, bytes_make(octets + from, n - from)) : 0;
}

static void texts_of(const struct sf_leg *l, struct bytes text[IMAGE_TEXTS])
{
	struct leg_parts p = leg_parts(l);

	text[0] = p.call_id;
	text[1] = p.local;
	text[2] = p.remote;
	text[3] = p.remote_tag;
	text[4] = p.target;
	text[5] = p.routes;
}

// RESERVE: what must stay free for the texts of the other leg.
static result leg_save(const struct sf_leg *l, struct image_leg *out, uint8_t *octets, size_t reserve, size_t *used)
{
	struct bytes text[IMAGE_TEXTS];

	texts_of(l, text);
	memset(out, 0, sizeof(*out));
	out->hop = l->hop;
	out->hop.conn = (struct conn_ref){0, 0, 0}; // connections do not outlive the process
	out->timer_at_us = l->timer.at_us;
	out->interval_s = l->timer.interval_s;
	out->min_se_s = l->timer.min_se_s;
	out->cseq_local = l->cseq_local;
	out->cseq_invite = l->cseq_invite;
	out->cseq_remote = l->cseq_remote;
	out->rseq = l->rseq;
	out->peer = l->peer;
	out->zone = l->zone;
	out->listener = l->listener;
	out->transport = l->transport;
	out->side = l->side;
	out->token_leg = l->token_leg;
	out->update = l->update;
	out->reliable = l->reliable;
	out->cseq_remote_known = l->cseq_remote_known;
	out->sips = l->sips;
	out->we_refresh = l->timer.we_refresh;
	out->they_support = l->timer.they_support;
	memcpy(out->tag, l->tag, SF_TOKEN_LEN);
	for (uint32_t i = 0; i < IMAGE_TEXTS; i++) {
		REQUIRE(text[i].len <= SF_CALL_IMAGE_MAX - *used, E_TOO_LONG);
		memcpy(octets + *used, text[i].at, text[i].len);
		out->text[i] = (uint16_t)text[i].len;
		*used += text[i].len;
	}
	if (l->sdp.at != NULL &&
		l->sdp.len + reserve <= SF_CALL_IMAGE_MAX - *used) { // else refreshes fall back to UPDATE
		memcpy(octets + *used, l->sdp.at, l->sdp.len);
		out->sdp = (uint16_t)l->sdp.len;
		*used += l->sdp.len;
	}
	return OK;
}

result sf_call_save(const struct sf_call *c, struct sf_call_image *out)
{
	struct image_call image;
	size_t used = sizeof(image);

	_Static_assert(sizeof(struct image_call) + 2 * LEG_TEXT_MAX <= SF_CALL_IMAGE_MAX, "every call fits");
	out->length = 0;
	REQUIRE(c->state == SF_CALL_CONFIRMED && c->confirmed < SF_BRANCHES_MAX, E_NOT_FOUND);
	const struct branch *b = c->branch[c->confirmed];
	memset(&image, 0, sizeof(image));
	image.magic = IMAGE_MAGIC;
	image.ref = c->ref;
	image.session = b->pub.session;
	image.start_ms = c->start_ms;
	image.answer_ms = c->answer_ms;
	image.start_us = c->start_us;
	image.answer_us = c->answer_us;
	image.branch = c->confirmed;
	image.attempts = c->attempts;
	memcpy(image.from_number, c->from_number, NUMBER_MAX);
	memcpy(image.to_number, c->to_number, NUMBER_MAX);
	TRY(leg_save(&b->caller, &image.leg[SIDE_CALLER], out->octets, LEG_TEXT_MAX, &used));
	TRY(leg_save(&b->called, &image.leg[SIDE_CALLED], out->octets, 0, &used));
	image.length = (uint32_t)used;
	memcpy(out->octets, &image, sizeof(image));
	image.check = image_check(out->octets, used);
	memcpy(out->octets, &image, sizeof(image));
	out->length = (uint32_t)used;
	return OK;
}

// ---- back
// -----------------------------------------------------------------------------------------------------

static result leg_check(
	const struct sf *sf, const struct image_call *c, const struct image_leg *l, uint8_t side)
{
	struct sf_token t;

	REQUIRE(l->side == side && l->transport < TRANSPORT_COUNT && l->zone < ZONES_MAX, E_FORGED);
	REQUIRE((unsigned)l->hop.transport < TRANSPORT_COUNT && l->hop.remote.port != 0, E_FORGED);
	REQUIRE(l->hop.remote.family == 4 || l->hop.remote.family == 6, E_FORGED);
	REQUIRE(l->listener < sf->snapshot->listener_count && l->hop.listener < sf->snapshot->listener_count,
		E_STALE);
	REQUIRE(sf_peer(sf, l->peer) != NULL && l->hop.peer == l->peer, E_STALE);
	REQUIRE(l->cseq_local < INT32_MAX - SF_CSEQ_GAP && l->interval_s <= SESSION_LONGEST_S, E_FORGED);
	TRY(sf_token_open(sf->config.keys, bytes_make(l->tag, SF_TOKEN_LEN), SF_TOKEN_TAG, &t));
	REQUIRE(t.ref.slot == c->ref.slot && t.ref.generation == c->ref.generation, E_FORGED);
	REQUIRE(t.peer == l->peer && t.leg == l->token_leg, E_FORGED);
	REQUIRE((t.leg < SF_LEG_CALLED) == (side == SIDE_CALLER), E_FORGED);
	return OK;
}

static result leg_restore(
	struct sf_leg *l, const struct image_leg *i, const uint8_t *octets, size_t n, size_t *at)
{
	struct bytes text[IMAGE_TEXTS];

	for (uint32_t k = 0; k < IMAGE_TEXTS; k++) {
		REQUIRE(i->text[k] <= n - *at, E_FORGED);
		text[k] = bytes_make(octets + *at, i->text[k]);
		*at += i->text[k];
	}
	REQUIRE(i->sdp <= n - *at, E_FORGED);
	struct bytes sdp = bytes_make(octets + *at, i->sdp);
	*at += i->sdp;
	struct leg_parts p = {text[0], text[1], text[2], text[3], text[4], text[5]};
	REQUIRE(p.call_id.len > 0 && p.remote_tag.len > 0 && p.target.len > 0, E_FORGED);
	TRY(leg_set_parts(l, &p));
	REQUIRE(octets_set(&l->sdp, sdp), E_NO_MEMORY);
	l->hop = i->hop;
	l->hop.conn = (struct conn_ref){0, 0, 0};
	l->peer = i->peer;
	l->zone = i->zone;
	l->listener = i->listener;
	l->transport = i->transport;
	l->side = i->side;
	l->token_leg = i->token_leg;
	l->confirmed = true;
	l->update = i->update;
	l->reliable = i->reliable;
	l->cseq_local = i->cseq_local + SF_CSEQ_GAP; // some requests may not have been recorded
	l->cseq_invite = i->cseq_invite;
	l->cseq_remote = i->cseq_remote;
	l->cseq_remote_known = i->cseq_remote_known;
	l->sips = i->sips;
	l->rseq = i->rseq;
	l->timer = (struct session_timer){.interval_s = i->interval_s,
		.min_se_s = i->min_se_s,
		.we_refresh = i->we_refresh,
		.they_support = i->they_support,
		.at_us = i->timer_at_us,
		.expires_us = i->interval_s != 0 && i->timer_at_us < NO_DEADLINE - i->interval_s * SECOND
					    ? i->timer_at_us + i->interval_s * SECOND
					    : NO_DEADLINE};
	memcpy(l->tag, i->tag, SF_TOKEN_LEN);
	return OK;
}

static result call_fill(struct sf_call *c, const struct image_call *i, const uint8_t *octets)
{
	struct branch *b = branch_new(c, i->branch);
	size_t at = sizeof(*i);

	REQUIRE(b != NULL, E_NO_MEMORY);
	b->pub.session = i->session;
	b->media_open = true;
	b->oa = OA_STABLE;
	c->confirmed = i->branch;
	c->attempts = i->attempts;
	c->start_ms = i->start_ms;
	c->answer_ms = i->answer_ms;
	c->start_us = i->start_us;
	c->answer_us = i->answer_us;
	c->final_status = 200;
	memcpy(c->from_number, i->from_number, NUMBER_MAX - 1);
	memcpy(c->to_number, i->to_number, NUMBER_MAX - 1);
	TRY(leg_restore(&b->caller, &i->leg[SIDE_CALLER], octets, i->length, &at));
	TRY(leg_restore(&b->called, &i->leg[SIDE_CALLED], octets, i->length, &at));
	REQUIRE(at == i->length, E_FORGED);
	return OK;
}

result sf_call_restore(
	struct sf *sf, const struct sf_call_image *image, const struct now *now, struct sf_call **out)
{
	const struct sf_port *port = &sf->config.port;
	struct image_call i;
	void *object;

	*out = NULL;
	REQUIRE(image->length >= sizeof(i) && image->length <= SF_CALL_IMAGE_MAX, E_FORGED);
	memcpy(&i, image->octets, sizeof(i));
	REQUIRE(i.magic == IMAGE_MAGIC && i.length == image->length, E_FORGED);
	REQUIRE(i.check == image_check(image->octets, image->length), E_FORGED);
	REQUIRE(i.branch < SF_BRANCHES_MAX && i.ref.generation != 0, E_FORGED);
	TRY(leg_check(sf, &i, &i.leg[SIDE_CALLER], SIDE_CALLER));
	TRY(leg_check(sf, &i, &i.leg[SIDE_CALLED], SIDE_CALLED));
	TRY(pool_claim(sf->calls, i.ref, &object));
	struct sf_call *c = object;
	c->sf = sf;
	c->ref = i.ref;
	c->confirmed = SF_BRANCHES_MAX;
	c->owner = i.leg[SIDE_CALLER].peer;
	share_take(&sf->call_share, c->owner);
	result r = call_fill(c, &i, image->octets);
	if (!is_ok(r)) {
		call_free(c);
		return r;
	}
	c->state = SF_CALL_CONFIRMED;
	c->kept = true;
	c->admitted_peer = i.leg[SIDE_CALLED].peer;
	c->admitted = port->admit(port->ctx, c->admitted_peer, now); // it counts, but is never refused
	call_index(c);
	call_session_arm(c, now);
	*out = c;
	return OK;
}
