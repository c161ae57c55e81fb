// SPDX-License-Identifier: Apache-2.0
// Who is responsible for the called number or domain? LUF-C1, LUF-C3, LUF-I2.
//
// The registry answers at once. What only the directory can find out (ENUM) is asked for once; the request is kept meanwhile
// and walked again from the start when the answer is there: nothing of it was accounted twice, nobody waited.
#include "base/table.h"
#include "flow/gates.h"
#include "flow/lookup.h"
#include "flow/state.h"
#include "luf/luf.h"

#include <string.h>

enum { KEY_TEXT_MAX = 512 }; // [octets] of branch and Call-ID that tell requests apart; a longer tail is not looked at

// A request by what makes it this one: its retransmission and its CANCEL have the same (RFC3261#9.1, #17.2.3),
// from the same peer: nobody cancels what another has sent (SF-I1).
static uint64_t request_key(const struct passage *p)
{
	const struct sip_msg *m = p->msg;
	uint8_t text[KEY_TEXT_MAX];
	struct bytes part[] = {bytes_make(&p->peer, sizeof(p->peer)), bytes_make(&m->cseq, sizeof(m->cseq)),
		sip_bytes(m, m->branch), sip_bytes(m, m->call_id)};
	size_t n = 0;
	for (uint32_t i = 0; i < ARRAY_LEN(part); i++) {
		size_t take = part[i].len < sizeof(text) - n ? part[i].len : sizeof(text) - n;
		memcpy(text + n, part[i].at, take);
		n += take;
	}
	return keyed_hash(p->flow->config.secret, bytes_make(text, n));
}

static void cancelled_h(struct flow *f, const struct lookup_held *m, const struct now *now)
{
	struct sip_fault fault;
	const struct verdict v = REPLY(487, "Request Terminated");
	UNUSED(now);
	if (is_ok(sip_msg_parse(&f->msg, m->octets, m->size, &fault))) // it was parsed before: it does again
		sf_refuse(f->sf, &f->msg, &m->origin, &v, PEER_NONE, PEER_NONE);
}

struct verdict lookup_held_already(struct passage *p)
{
	struct flow *f = p->flow;
	if (!lookup_any(f->lookups) || p->again || p->dry)
		return PASS;
	uint64_t key = request_key(p);
	if (!lookup_holds(f->lookups, key))
		return PASS;
	if (p->msg->method != SIP_CANCEL)
		return DROP("look-up under way");
	const struct verdict v = REPLY(200, "OK");
	sf_refuse(f->sf, p->msg, p->origin, &v, p->peer, PEER_NONE);
	lookup_release_key(f, key, cancelled_h, p->now);
	return DONE;
}

// --- the answer of the directory

static struct verdict later(void)
{
	return (struct verdict){VERDICT_REPLY, 503, "Look-Up Not Possible Now", LOOKUP_LATER_S};
}

// What ENUM said of the called number: only a peer that the number may go to at all (SF-I12, LUF-I2).
static struct verdict use_answer(struct passage *p, const struct lookup_kept *a)
{
	static const char *const how[] = {[DNS_INSECURE] = "by ENUM, insecure", [DNS_SECURE] = "by ENUM, DNSSEC secure", [DNS_BOGUS] = ""};
	p->target = (struct target){.peer = PEER_NONE, .group = GROUP_NONE};
	struct query q = p->query;
	if (a->rn[0] != '\0') // a ported number goes by its routing number (RFC 4694): that one must be the peer's
		memcpy(q.rn, a->rn, sizeof(q.rn));
	bool taken = is_ok(luf_accept(p->flow->registry, &q, a->peer, &p->target));
	const struct peer *to = snapshot_peer(flow_snapshot(p->flow), a->peer);
	if (a->outcome == LOOKUP_LATER || (a->outcome == LOOKUP_FOUND && to != NULL && peer_is_free(to))) // on demand: ours comes in a moment
		return later();
	if (a->outcome != LOOKUP_FOUND || !taken) // none, bogus, not for this peer: the same answer (LUF-C1)
		return REPLY(404, "Not Found");
	p->target.npdi |= a->npdi;
	p->target.source = a->source;
	p->target.verdict = a->verdict;
	return (struct verdict){.action = VERDICT_PASS, .reason = a->verdict < ARRAY_LEN(how) ? how[a->verdict] : NULL};
}

// Ask the directory and keep the request; or keep it for the answer that is on its way.
static struct verdict ask(struct passage *p, const char key[NUMBER_MAX])
{
	const struct flow_port *port = &p->flow->config.port;
	uint32_t request = 0;
	bool new = false;
	if (p->dry)
		return DONE; // what ENUM says is told by `sallyport lookup`
	if (p->again || !is_ok(lookup_hold(p->flow->lookups, p, request_key(p), key, &request, &new)))
		return later();
	if (!new || is_ok(port->lookup(port->ctx, request, &p->query, LOOKUP_WAIT_MS)))
		return WAIT;
	lookup_release_key(p->flow, request_key(p), NULL, p->now);
	return later();
}

static struct verdict by_directory(struct passage *p)
{
	char text[NUMBER_MAX];
	const struct snapshot *s = flow_snapshot(p->flow);
	bool demanded = luf_on_demand(p->flow->registry, &p->query); // a domain: its peer may come into being
	if (demanded)
		lookup_key_domain(p->flow->config.secret, p->query.domain, text);
	else
		memcpy(text, luf_key(&p->query), sizeof(text));
	if (p->flow->config.port.lookup == NULL || text[0] == '\0' || (!demanded && s->settings.luf.apex_count == 0))
		return REPLY(404, "Not Found");
	const struct lookup_key k = lookup_key_make(p->peer, p->query.tell != 0, text);
	const struct lookup_kept *a = lookup_cached(p->flow->lookups, &k, p->now);
	return a != NULL ? use_answer(p, a) : ask(p, text);
}

static struct verdict look_up(struct passage *p)
{
	if (p->msg->method == SIP_OPTIONS && p->query.number[0] == '\0' && p->query.domain[0] == '\0')
		return p->dry ? DONE : sf_step_options(p->flow->sf, p->msg, p->origin, p->peer, p->now);
	result r = luf_lookup(p->flow->registry, &p->query, &p->target);
	if (is_ok(r))
		return PASS;
	if (r.error == E_AGAIN)
		return later();
	return r.error == E_NOT_FOUND ? by_directory(p) : REPLY(404, "Not Found");
}

// Of peers alone: who serves our own users is not slowed down by what they dial.
static struct luf_harvest *harvest_of(const struct passage *p)
{
	const struct snapshot *s = flow_snapshot(p->flow);
	bool counted = !p->dry && p->peer < PEERS_MAX && p->origin->zone < s->zone_count && !s->zone[p->origin->zone].is_core;
	return counted && luf_key(&p->query)[0] != '\0' ? &p->flow->harvest[p->peer] : NULL;
}

struct verdict gate_harvest(struct passage *p)
{
	struct luf_harvest *h = harvest_of(p);
	if (h == NULL || p->again || luf_harvest_admits(h, p->now))
		return PASS;
	return p->query.tell ? REPLY(404, "Not Found") : later();
}

struct verdict gate_lookup(struct passage *p)
{
	struct verdict v = look_up(p);
	struct luf_harvest *h = harvest_of(p);
	bool none = v.action == VERDICT_REPLY && v.status == 404;
	if (h != NULL && (none || v.action == VERDICT_PASS))
		luf_harvest_note(h, luf_key(&p->query), !none, p->query.tell != 0, p->now);
	return v;
}

void flow_lookup_answer(struct flow *f, uint32_t request, const struct lookup_answer *a, const struct now *now)
{
	struct lookup_key asked;
	f->now = now;
	if (!lookup_asked(f->lookups, request, &asked))
		return; // too late, or nobody's
	lookup_learn(f->lookups, &asked, a, now);
	lookup_release(f, request, flow_again, now);
}

// Whose time is up learns what the others do: it cannot be found out now.
void flow_lookup_run(struct flow *f, const struct now *now)
{
	static const struct lookup_answer none = {.outcome = LOOKUP_LATER, .peer = PEER_NONE};
	uint32_t request;
	while (lookup_due(f->lookups, now, &request))
		flow_lookup_answer(f, request, &none, now);
}
