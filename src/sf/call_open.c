// SPDX-License-Identifier: Apache-2.0
// A new call: what is refused before it exists, the caller's leg, and the first attempt.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

result early_new(struct sf *sf, struct early **out, const struct sip_msg *m, const struct leg_plan *plan)
{
	size_t hops = plan->sed.count > ROUTE_TARGETS_MAX ? ROUTE_TARGETS_MAX : plan->sed.count;
	size_t peers = plan->peer_count > ROUTE_PEERS_MAX ? ROUTE_PEERS_MAX : plan->peer_count;
	struct early *e = memory_alloc(sizeof(*e) + hops * sizeof(struct hop) + peers * sizeof(struct leg_peer) + m->size);

	REQUIRE(e != NULL, E_NO_MEMORY);
	e->hop_count = (uint8_t)hops;
	e->peer_count = (uint8_t)peers;
	e->sips = plan->sips;
	memcpy(e->user, plan->ruri_user, sizeof(e->user));
	e->user[USER_MAX - 1] = 0;
	e->hop = (struct hop *)(void *)(e + 1);
	memcpy(e->hop, plan->sed.hop, hops * sizeof(struct hop));
	e->peers = (struct leg_peer *)(void *)(e->hop + hops);
	memcpy(e->peers, plan->peer, peers * sizeof(struct leg_peer));
	turn_begin(sf, e);
	e->message = (uint8_t *)(e->peers + peers);
	memcpy(e->message, m->buf, m->size);
	e->message_len = m->size;
	*out = e;
	return OK;
}

static bool is_sips(const struct sip_msg *m, enum sip_hdr id)
{
	struct sip_list it = sip_list_begin(m, id);
	struct sip_addr a;
	struct span v;

	return sip_list_next(&it, &v) && is_ok(sip_addr_parse(m->buf, m->size, v, &a)) &&
	       a.uri.scheme == SIP_SCHEME_SIPS;
}

// Must our Contact in the answer be a sips URI (RFC3261#12.1.1)?
static bool wants_sips(const struct sip_msg *m)
{
	struct bytes uri = sip_bytes(m, m->ruri);

	if (uri.len > 5 && bytes_equal_nocase(bytes_make(uri.at, 5), BYTES("sips:")))
		return true;
	return is_sips(m, m->first[SIP_HDR_RECORD_ROUTE] != 0 ? SIP_HDR_RECORD_ROUTE : SIP_HDR_CONTACT);
}

struct option_asked early_asked(struct sf *sf, const struct early *e)
{
	struct sip_fault fault;

	if (!is_ok(sip_msg_parse(sf->again, e->message, e->message_len, &fault)))
		return (struct option_asked){0}; // cannot be: it was parsed when it came
	return options_asked(sf->again);
}

static result caller_leg(struct sf_call *c, const struct sip_msg *m, const struct origin *o, peer_id peer)
{
	struct branch *b = branch_new(c, 0);
	uint8_t buf[3 * 2048];
	struct leg_parts p = {.call_id = sip_bytes(m, m->call_id), .remote_tag = sip_bytes(m, m->from_tag)};
	struct hop hop = {.transport = o->transport,
		.listener = o->listener,
		.peer = peer,
		.conn = o->conn,
		.remote = o->remote,
		.local = o->local};

	REQUIRE(b != NULL, E_NO_MEMORY);
	leg_open(c, &b->caller, SIDE_CALLER, 0, &hop, peer);
	b->caller.zone = o->zone;
	b->caller.sips = wants_sips(m);
	b->caller.cseq_remote = m->cseq;
	b->caller.cseq_remote_known = true;
	TRY(leg_read_target(m, &p.target));
	TRY(leg_read_party(m, SIP_HDR_TO, buf, 2048, &p.local));
	TRY(leg_read_party(m, SIP_HDR_FROM, buf + 2048, 2048, &p.remote));
	TRY(leg_read_routes(m, false, buf + 4096, 2048, &p.routes));
	TRY(leg_set_parts(&b->caller, &p));
	leg_learn(&b->caller, m);
	call_leg_aim(c, &b->caller);
	return OK;
}

static void numbers(struct sf_call *c, const struct sip_msg *m, const struct leg_plan *plan)
{
	const struct sip_line *from = sip_first(m, SIP_HDR_FROM);
	struct sip_addr a;

	if (from != NULL && is_ok(sip_addr_parse(m->buf, m->size, from->value, &a)))
		sip_uri_number(m->buf, m->size, &a.uri, c->from_number, NUMBER_MAX);
	size_t n = strnlen(plan->ruri_user, NUMBER_MAX - 1);
	memcpy(c->to_number, plan->ruri_user, n);
}

// Answer 422 with the least interval that we accept (RFC4028#9).
static void too_brief(struct sf_call *c, uint32_t min_se_s, const struct now *now)
{
	struct sip_writer w;
	struct bytes out;

	message_begin(c->sf, &w);
	message_reply_tx(&w, c->server, 422, caller_tag(c), false);
	message_number(&w, SIP_HDR_MIN_SE, min_se_s < SESSION_MIN_SE_S ? SESSION_MIN_SE_S : min_se_s);
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(c->server, out, 422, now);
	sf_tx_abandon(c->server);
	c->server = NULL;
}

static result call_open(struct sf_call *c, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct leg_plan *plan)
{
	TRY(early_new(c->sf, &c->early, m, plan));
	TRY(caller_leg(c, m, o, peer));
	numbers(c, m, plan);
	c->cseq_in = m->cseq;
	c->caller_199 = sip_list_has(m, SIP_HDR_SUPPORTED, BYTES("199"));
	c->caller_must_100rel = sip_list_has(m, SIP_HDR_REQUIRE, BYTES("100rel"));
	return OK;
}

static struct verdict call_start(struct sf_call *c, const struct sip_msg *m, peer_id peer, const struct now *now)
{
	struct session_terms terms;
	uint32_t min_se = sf_min_se_s(c->sf, peer);

	message_respond(c->sf, c->server, 100, BYTES(""), 0, now);
	if (!is_ok(session_terms_read(m, &terms))) {
		call_refuse_early(c, 400, SIDE_CALLER, "bad session timer", now);
	} else if (!is_ok(session_timer_accept(
			   &c->branch[0]->caller.timer, &terms, sf_session_s(c->sf, peer), min_se, now))) {
		too_brief(c, min_se, now);
		call_over(c, SIDE_CALLER, 422, "session interval too small", now);
	} else if (!call_admit(c, now)) {
		call_refuse_early(c, 503, 2, "target at its limit", now);
	} else {
		call_offer(c, m, now);
	}
	call_settle(c);
	return DONE;
}

static struct verdict refuse_before(const struct sip_msg *m, const struct leg_plan *plan)
{
	if (m->max_forwards == 0)
		return REPLY(483, "Too Many Hops");
	if (plan->sed.count == 0 || plan->peer_count == 0)
		return REPLY(404, "Not Found");
	return PASS;
}

struct verdict sf_step_invite(struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct leg_plan *plan, const struct trail *trail, const struct now *now)
{
	struct verdict v = refuse_before(m, plan);

	if (v.action != VERDICT_PASS)
		return v;
	v = sf_check_loop(sf, m, o, peer, now);
	if (v.action != VERDICT_PASS)
		return v;
	v = sf_check_options(sf, m, peer, plan->sed.peer);
	if (v.action != VERDICT_PASS)
		return v;
	struct sf_call *c = call_new(sf, peer, now);
	if (c == NULL) {
		sf_alarm(sf, SF_ALARM_TABLE_FULL, peer, now);
		return (struct verdict){VERDICT_REPLY, 503, "Too Many Calls", SF_FULL_RETRY_S};
	}
	c->trail = *trail;
	result r = call_open(c, m, o, peer, plan);
	if (is_ok(r))
		r = sf_tx_server_new(sf->tx, m, o, peer, &call_server_events, c, now, &c->server);
	if (!is_ok(r)) {
		call_free(c);
		if (result_class(r) == ERR_CLASS_REPLY)
			return REPLY(400, "Bad Contact or Record-Route");
		return (struct verdict){VERDICT_REPLY, 503, "Out of Room", SF_FULL_RETRY_S};
	}
	call_index(c);
	return call_start(c, m, peer, now);
}
