// SPDX-License-Identifier: Apache-2.0
// After a change of the configuration: which connections may stay?
//
// A connection was let in, or made, on the strength of what the configuration said of its peer at that time. Where
// that is no longer so (names, trust, addresses, zone) it is closed at once: the peer comes back and is judged anew,
// and its calls go on, since every connection on which it is proved serves its dialogs. A peer that is blocked,
// removed or out of service loses its connections too, but not before its last call has ended, because nobody would
// be dialled for them; the same holds for one dialled to what is no target of the peer any more.
#include "net/stream.h"

#include "net/tls_peer.h"

enum { MEMO = 256 }; // peers whose print is remembered during one sweep

struct memo {
	bool known[MEMO];
	peer_id peer[MEMO];
	uint64_t print[MEMO];
};

static uint64_t print_of(struct memo *m, const struct snapshot *s, peer_id id)
{
	uint32_t i = id % MEMO;
	if (!m->known[i] || m->peer[i] != id) {
		m->known[i] = true;
		m->peer[i] = id;
		m->print[i] = tls_peer_print(s, id);
	}
	return m->print[i];
}

// As the monitor permits dialling: a target, or an address of the peer's own ranges.
static bool leads_to_peer(const struct peer *p, const struct address *remote)
{
	for (uint32_t i = 0; i < p->target_count && i < PEER_TARGETS_MAX; i++)
		if (address_equal(&p->target[i].address, remote))
			return true;
	return prefixes_contain(p->address, p->address_count, remote);
}

// Clear TCP that came in belongs to whom its address belongs, asked anew with each message.
static bool stranger_may_stay(const struct snapshot *s, listener_id listener)
{
	return listener < s->listener_count && s->listener[listener].strangers_answer;
}

static bool is_busy(struct streams *s, peer_id id)
{
	const struct net_handlers *h = &s->worker->handlers;
	return h->busy != NULL && h->busy(h->ctx, id);
}

// NET_COUNTER_COUNT: it stays.
static enum net_counter judge(struct streams *s, const struct registry *r, const struct conn *c, struct memo *m)
{
	const struct snapshot *snap = registry_snapshot(r);
	const struct origin *o = &c->origin;
	peer_id id = c->peer != PEER_NONE ? c->peer : registry_peer_by_address(r, o->zone, &o->remote);
	const struct peer *p = snapshot_peer(snap, id);
	if (p == NULL)
		return stranger_may_stay(snap, o->listener) ? NET_COUNTER_COUNT : NET_STREAM_PEER_CHANGED;
	if (c->peer != PEER_NONE && c->print != print_of(m, snap, id))
		return NET_STREAM_PEER_CHANGED;
	bool served = p->in_service && !p->blocked;
	if (served && (!c->dialled || leads_to_peer(p, &o->remote)))
		return NET_COUNTER_COUNT;
	if (!is_busy(s, id))
		return served ? NET_STREAM_PEER_CHANGED : NET_STREAM_PEER_BLOCKED;
	s->sweep_again = true;
	return NET_COUNTER_COUNT;
}

static void again(struct timer *t, const struct now *now)
{
	UNUSED(t);
	UNUSED(now); // the turn that this timer makes ends with a sweep
}

void streams_sweep(struct streams *s)
{
	const struct registry *r = net_registry(s->worker);
	const struct loop *l = &s->worker->loop;
	bool due = s->sweep_again && l->now.mono_us >= s->swept_us + STREAM_SWEEP_US;
	if (r == NULL || (registry_snapshot(r)->generation == s->swept_generation && !due))
		return;
	if (s->swept_generation == 0) { // the first: whatever is here came under it
		s->swept_generation = registry_snapshot(r)->generation;
		return;
	}
	struct memo m = {0};
	uint32_t slot = 0;
	struct pool_ref ref;
	s->sweep_again = false;
	for (struct conn *c; (c = pool_next(s->conns, &slot, &ref)) != NULL; slot++) {
		enum net_counter why = c->state != CONN_DEAD ? judge(s, r, c, &m) : NET_COUNTER_COUNT;
		if (why != NET_COUNTER_COUNT)
			conn_close(c, why, E_POLICY);
	}
	s->swept_generation = registry_snapshot(r)->generation;
	s->swept_us = l->now.mono_us;
	if (s->sweep_again)
		timer_arm(l->wheel, &s->sweep, s->swept_us + STREAM_SWEEP_US, again);
}
