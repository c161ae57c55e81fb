// SPDX-License-Identifier: Apache-2.0
// Look-ups under way: the registry answers at once; what it does not know is asked of the ENUM trees, and what is asked has a deadline.
#include "base/memory.h"
#include "luf/chain.h"
#include "main/control.h"
#include "main/directory.h"

#include <stdio.h>
#include <sys/socket.h>

struct inquiry {
	uint32_t serial; // of the question to the resolver; 0: free
	uint64_t until_us;
	struct asked asked;
	struct query query;
	struct target target; // of the record that the chain has accepted
	struct directory_process *home;
	struct luf_chain chain;
	bool demanding, demanded; // the monitor is asked for `wanted` as a peer on demand (RFC6405); was asked: once for each inquiry
	char wanted[DOMAIN_MAX]; // a domain that nobody has, and a peer on demand takes; "": none
};

result inquiries_new(struct directory_process *d)
{
	d->inquiry = memory_array(INQUIRIES_MAX, sizeof(*d->inquiry));
	return d->inquiry != NULL ? OK : FAIL(E_NO_MEMORY);
}

static struct inquiry *of_serial(struct directory_process *d, uint32_t serial)
{
	struct inquiry *i = &d->inquiry[serial % INQUIRIES_MAX];
	return serial != 0 && i->serial == serial ? i : NULL;
}

// A free place, whose number it gets.
static struct inquiry *place(struct directory_process *d)
{
	for (uint32_t n = 0; d->under_way < INQUIRIES_MAX && n < INQUIRIES_MAX; n++) {
		uint32_t serial = ++d->serial != 0 ? d->serial : ++d->serial;
		struct inquiry *i = &d->inquiry[serial % INQUIRIES_MAX];
		if (i->serial != 0)
			continue;
		*i = (struct inquiry){.serial = serial, .home = d};
		d->under_way++;
		return i;
	}
	return NULL;
}

// Has PEER its share? Each worker keeps its own count (flow/lookup.h); together they could take all places.
static bool is_full(const struct directory_process *d, peer_id peer)
{
	uint32_t n = 0;
	for (uint32_t k = 0; d->under_way >= INQUIRIES_PEER && k < INQUIRIES_MAX; k++)
		n += d->inquiry[k].serial != 0 && !d->inquiry[k].asked.administrator && d->inquiry[k].query.from_peer == peer;
	return n >= INQUIRIES_PEER;
}

// ---- what ENUM says, held against what is provisioned

// The domain's peer, or whoever has the routing number: may the number go there (SF-I12)?
static bool provisioned_h(void *ctx, const char *domain, const char *rn)
{
	struct inquiry *i = ctx;
	struct directory_process *d = i->home;
	struct query q = i->query;
	struct asker a = {q.from_peer, q.from_zone, q.tell != 0};
	if (rn[0] != '\0') {
		snprintf(q.rn, sizeof(q.rn), "%s", rn);
		return is_ok(luf_lookup(d->registry, &q, &i->target));
	}
	peer_id id = registry_match_domain(d->registry, domain, &a);
	if (id == PEER_NONE && !i->demanded && i->wanted[0] == '\0' && registry_demand_by(d->registry, domain, &a) != PEER_NONE)
		snprintf(i->wanted, sizeof(i->wanted), "%s", domain);
	return id != PEER_NONE && is_ok(luf_accept(d->registry, &q, id, &i->target));
}

static void tell_notes(const struct inquiry *i)
{
	for (uint8_t n = 0; n < i->chain.notes; n++)
		inquiry_note(&i->asked, "%s", i->chain.note[n]);
}

static void release(struct directory_process *d, struct inquiry *i)
{
	i->serial = 0;
	d->under_way--;
}

static void end(struct directory_process *d, struct inquiry *i, const struct now *now)
{
	struct lookup_answer l = i->chain.answer;
	tell_notes(i);
	if (l.rn[0] == '\0')
		memcpy(l.rn, i->target.rn, sizeof(l.rn));
	if (l.outcome != LOOKUP_FOUND && l.reason[0] != '\0')
		inquiry_note(&i->asked, "ENUM: %s", l.reason);
	inquiry_answer(d, &i->asked, &i->query, &i->target, &l, now);
	release(d, i);
}

// [ms] until its deadline, rounded up: never more than was asked for, which is as much as the resolver takes.
static uint32_t left_ms(const struct inquiry *i, const struct now *now)
{
	return i->until_us > now->mono_us ? (uint32_t)((i->until_us - now->mono_us + MS - 1) / MS) : 1;
}

static void refuse(struct directory_process *d, const struct asked *a, const struct query *q, enum lookup_outcome outcome,
	const char *why, const struct now *now);

// Ask the monitor to let the wanted domain be a peer. What came of it stands in a snapshot before its answer comes.
static void demand(struct directory_process *d, struct inquiry *i, peer_id of, const struct now *now)
{
	struct ipc_control m = control_make(IPC_CONTROL_DEMAND);
	i->demanding = i->demanded = true;
	m.request = i->serial;
	m.peer = of;
	snprintf(m.text, sizeof(m.text), "%s", i->wanted);
	inquiry_note(&i->asked, "on demand: %s is nobody's yet; asking DNS for its servers", i->wanted);
	if (of != PEER_NONE && is_ok(control_send(d->start->control, &m, -1)))
		return;
	refuse(d, &i->asked, &i->query, LOOKUP_LATER, "on demand: it cannot be asked for now", now);
	release(d, i);
}

static void ask(struct directory_process *d, struct inquiry *i, const struct now *now)
{
	struct ipc_dns m;
	memset(&m, 0, sizeof(m.version) + IPC_DNS_QUESTION_SIZE);
	while (i->serial != 0 && luf_chain_question(&i->chain, &m.u.question)) {
		m.version = IPC_DNS_VERSION;
		m.type = IPC_DNS_ASK;
		m.request = i->serial;
		m.deadline_ms = left_ms(i, now);
		if (send(d->dns, &m, IPC_DNS_QUESTION_SIZE, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)IPC_DNS_QUESTION_SIZE)
			luf_chain_expire(&i->chain); // the resolver does not read: later
	}
	struct asker by = {i->query.from_peer, i->query.from_zone, i->query.tell != 0};
	if (i->serial == 0 || !i->chain.done)
		return;
	if (i->chain.answer.outcome == LOOKUP_NONE && i->wanted[0] != '\0' && !i->demanded)
		demand(d, i, registry_demand_by(d->registry, i->wanted, &by), now); // and then the trees once more
	else
		end(d, i, now);
}

// ---- answers of the resolver

// Within its bounds, every text ended: the resolver parses what strangers send.
static bool whole(const struct ipc_dns *m, size_t n)
{
	const struct dns_answer *a = &m->u.answer;
	if (n < IPC_DNS_ANSWER_HEAD || m->version != IPC_DNS_VERSION || m->type != IPC_DNS_ANSWER)
		return false;
	return a->used <= n - IPC_DNS_ANSWER_HEAD && a->count <= DNS_RECORDS_MAX && a->outcome <= DNS_REFUSED && a->verdict <= DNS_BOGUS &&
	       a->ttl_s <= DNS_TTL_MAX_S && memchr(a->question.name, 0, sizeof(a->question.name)) != NULL &&
	       memchr(a->reason, 0, sizeof(a->reason)) != NULL;
}

void inquiry_dns(struct directory_process *d, const struct now *now)
{
	static struct ipc_dns m; // large, one thread
	for (int k = 0; k < INQUIRIES_PER_TURN; k++) {
		ssize_t n = recv(d->dns, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
		if (n <= 0)
			return;
		struct inquiry *i = (size_t)n <= sizeof(m) && whole(&m, (size_t)n) ? of_serial(d, m.request) : NULL;
		if (i == NULL)
			continue; // unlawful, or too late
		luf_chain_answer(&i->chain, &m.u.answer);
		ask(d, i, now);
	}
}

void inquiry_run(struct directory_process *d, const struct now *now)
{
	for (uint32_t k = 0; d->under_way > 0 && k < INQUIRIES_MAX; k++) {
		struct inquiry *i = &d->inquiry[k];
		if (i->serial == 0 || i->until_us > now->mono_us)
			continue;
		if (i->demanding) {
			refuse(d, &i->asked, &i->query, LOOKUP_LATER, "on demand: no answer in time", now);
			release(d, i);
			continue;
		}
		luf_chain_expire(&i->chain);
		end(d, i, now);
	}
}

uint64_t inquiry_deadline(const struct directory_process *d)
{
	uint64_t first = NO_DEADLINE;
	for (uint32_t k = 0; d->under_way > 0 && k < INQUIRIES_MAX; k++)
		if (d->inquiry[k].serial != 0 && d->inquiry[k].until_us < first)
			first = d->inquiry[k].until_us;
	return first;
}

// ---- questions

static void by_registry(struct directory_process *d, const struct asked *a, const struct query *q, const struct target *t,
	const struct now *now)
{
	static const char *const from[] = {"the configuration", "the registry's database"};
	struct lookup_answer l = {.outcome = LOOKUP_FOUND, .verdict = DNS_SECURE, .source = t->source, .peer = t->peer, .npdi = t->npdi,
		.ttl_s = 1};
	snprintf(l.number, sizeof(l.number), "%s", q->number);
	memcpy(l.rn, t->rn, sizeof(l.rn));
	inquiry_note(a, "registry: %s is answered by %s%s%s", luf_key(q)[0] != '\0' ? luf_key(q) : q->domain,
		t->source < ARRAY_LEN(from) ? from[t->source] : "?", t->rn[0] != '\0' ? ", routing number " : "", t->rn);
	inquiry_answer(d, a, q, t, &l, now);
}

static void refuse(struct directory_process *d, const struct asked *a, const struct query *q, enum lookup_outcome outcome,
	const char *why, const struct now *now)
{
	struct lookup_answer l = {.outcome = (uint8_t)outcome, .peer = PEER_NONE, .ttl_s = DNS_NEGATIVE_TTL_MAX_S};
	static const struct target nobody = {.peer = PEER_NONE, .group = GROUP_NONE};
	snprintf(l.number, sizeof(l.number), "%s", q->number);
	snprintf(l.reason, sizeof(l.reason), "%s", why);
	inquiry_note(a, "%s", why);
	inquiry_answer(d, a, q, &nobody, &l, now);
}

// The peer on demand that the domain of Q is to be asked of; PEER_NONE. If a place has it, FOUND, the signaller, which asks, may not
// know that yet: the monitor tells when it does.
static peer_id on_demand_of(const struct directory_process *d, const struct query *q, const struct target *found)
{
	const struct peer *p = found != NULL ? snapshot_peer(d->snapshot, found->peer) : NULL;
	const struct asker by = {q->from_peer, q->from_zone, q->tell != 0};
	if (q->domain[0] == '\0' || by.tell)
		return PEER_NONE;
	if (found != NULL)
		return p != NULL && peer_demands(p, q->domain) ? found->peer : PEER_NONE;
	return registry_demand_by(d->registry, q->domain, &by);
}

void inquiry_begin(struct directory_process *d, const struct asked *a, const struct query *q, const struct now *now)
{
	struct target t;
	const struct settings *s = &d->snapshot->settings;
	result r = luf_lookup(d->registry, q, &t);
	peer_id of = on_demand_of(d, q, is_ok(r) ? &t : NULL);
	if (is_ok(r) && (a->administrator || of == PEER_NONE)) {
		by_registry(d, a, q, &t, now);
		return;
	}
	if (r.error == E_AGAIN) {
		refuse(d, a, q, LOOKUP_LATER, "registry: the database has not been read yet; see event=registry.lost in the log", now);
		return;
	}
	bool on_demand = of != PEER_NONE;
	if (!is_ok(r))
		inquiry_note(a, "registry: nobody has %s, or not for this peer", luf_key(q)[0] != '\0' && !on_demand ? luf_key(q) : q->domain);
	if (!on_demand && (luf_key(q)[0] == '\0' || s->luf.apex_count == 0)) {
		refuse(d, a, q, LOOKUP_NONE, "no ENUM tree is configured for it (luf.enum)", now);
		return;
	}
	struct inquiry *i = a->administrator || !is_full(d, q->from_peer) ? place(d) : NULL;
	if (i == NULL) {
		refuse(d, a, q, LOOKUP_LATER, "too many look-ups are under way", now);
		return;
	}
	i->asked = *a;
	i->query = *q;
	i->until_us = now->mono_us + (uint64_t)a->deadline_ms * MS;
	if (on_demand) {
		snprintf(i->wanted, sizeof(i->wanted), "%s", q->domain);
		demand(d, i, of, now);
		return;
	}
	luf_chain_begin(&i->chain, &s->luf, luf_key(q), provisioned_h, i);
	ask(d, i, now);
}

// The domain is a peer now, or is none: the registry knows.
static void again(struct directory_process *d, struct inquiry *i, const struct now *now)
{
	struct target t;
	if (is_ok(luf_lookup(d->registry, &i->query, &t))) {
		by_registry(d, &i->asked, &i->query, &t, now);
		release(d, i);
		return;
	}
	if (luf_key(&i->query)[0] == '\0' || d->snapshot->settings.luf.apex_count == 0) {
		refuse(d, &i->asked, &i->query, LOOKUP_NONE, "nobody has it any more", now);
		release(d, i);
		return;
	}
	luf_chain_begin(&i->chain, &d->snapshot->settings.luf, luf_key(&i->query), provisioned_h, i);
	ask(d, i, now);
}

void inquiry_demanded(struct directory_process *d, const struct ipc_control *m, const struct now *now)
{
	struct inquiry *i = of_serial(d, m->request);
	if (i == NULL || !i->demanding)
		return; // too late
	i->demanding = false;
	if (m->error == E_OK) {
		again(d, i, now);
		return;
	}
	bool later = m->error == E_TIMEOUT || m->error == E_AGAIN || m->error == E_FULL || m->error == E_NO_MEMORY;
	refuse(d, &i->asked, &i->query, later ? LOOKUP_LATER : LOOKUP_NONE,
		later ? "on demand: not now; see event=monitor.demand-refused in the log" : "on demand: it cannot be a peer; see event=monitor.demand-refused in the log",
		now);
	release(d, i);
}

bool inquiry_portal_may(const struct directory_process *d, const struct ipc_lookup *m)
{
	const struct query *q = &m->u.query;
	const struct peer *p = snapshot_peer(d->snapshot, q->from_peer);
	return p != NULL && p->portal.lookup && p->zone == d->snapshot->settings.portal.zone && q->from_zone == p->zone && q->tell == 1 &&
	       m->notes == 0;
}

// Trees, peers and zones may be others; whoever asked keeps his number among the peers (conf/build.c), not his zone's.
void inquiries_again(struct directory_process *d, const struct now *now)
{
	uint32_t last = d->serial;
	for (uint32_t k = 0; d->under_way > 0 && k < INQUIRIES_MAX; k++) {
		struct inquiry *i = &d->inquiry[k];
		if (i->serial == 0 || (int32_t)(i->serial - last) > 0) // free, or begun again
			continue;
		struct asked a = i->asked;
		struct query q = i->query;
		const struct peer *p = snapshot_peer(d->snapshot, q.from_peer);
		if (p != NULL && i->demanding) { // answered when the signaller has the snapshot too
			i->query.from_zone = p->zone;
			continue;
		}
		a.deadline_ms = left_ms(i, now);
		q.from_zone = p != NULL ? p->zone : q.from_zone;
		i->serial = 0;
		d->under_way--;
		if (p != NULL)
			inquiry_begin(d, &a, &q, now);
		else
			refuse(d, &a, &q, LOOKUP_LATER, "the asking peer is no longer configured", now);
	}
}
