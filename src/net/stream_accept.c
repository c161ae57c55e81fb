// SPDX-License-Identifier: Apache-2.0
// Connections that come in. Caps are asked before anything else is spent; then clear TCP goes straight to the
// worker whose turn it is, and TLS by way of a handshake thread, so that a stranger never costs a
// worker more than the accept (SF-A6).
#include "net/stream.h"

#include "base/memory.h"

#include <errno.h>
#include <unistd.h>

static struct net_worker *next_worker(struct net *n)
{
	uint32_t i = atomic_fetch_add_explicit(&n->next_worker, 1, memory_order_relaxed);
	return &n->worker[i % n->config.workers];
}

// Was the peer proved by a configuration that is no longer in force, and says otherwise now?
static bool changed_meanwhile(struct net_worker *w, const struct conn *c, const struct handshake *h)
{
	const struct registry *r = net_registry(w);
	if (c->peer == PEER_NONE || r == NULL)
		return false;
	const struct snapshot *s = registry_snapshot(r);
	return h->claim.generation != s->generation && c->print != tls_peer_print(s, c->peer);
}

// A finished accept, on the worker that shall own it.
static void stream_accept_done_h(struct mail *m, void *ctx)
{
	struct handshake *h = caa_container_of(m, struct handshake, mail);
	struct net_worker *w = net_worker_of(ctx);
	struct conn *c = NULL;
	if (loop_stopped(&w->loop)) {
		handshake_free(h, w->net);
		return;
	}
	if (!is_ok(conn_new(w->streams, &h->origin, &c))) {
		net_count(&w->counters, NET_NO_MEMORY, 1);
		handshake_free(h, w->net);
		return;
	}
	conn_adopt(c, h);
	if (c->state != CONN_DEAD && changed_meanwhile(w, c, h))
		conn_close(c, NET_STREAM_PEER_CHANGED, E_POLICY);
	conn_begin(c, h);
	handshake_free(h, w->net);
}

static void read_zones(struct streams *s, const struct snapshot *snap)
{
	memset(s->zone_open, 0, sizeof(s->zone_open));
	for (peer_id id = 0; id < snap->peer_count; id++) {
		const struct peer *p = snapshot_peer(snap, id);
		if (p != NULL && p->zone < ZONES_MAX && p->tls_name_count > 0 && p->address_count == 0)
			s->zone_open[p->zone] = true;
	}
	s->zones_generation = snap->generation;
}

// Could this be a peer at all? Where every peer of the zone is known by addresses too, a stranger is turned
// away before a handshake is spent on him (SF-A6).
static bool may_be_peer(struct stream_listener *l, const struct address *remote)
{
	struct streams *s = l->owner;
	const struct registry *r = net_registry(s->worker);
	if (r == NULL)
		return false;
	const struct snapshot *snap = registry_snapshot(r);
	if (s->zones_generation != snap->generation)
		read_zones(s, snap);
	zone_id zone = l->origin.zone;
	return (zone < ZONES_MAX && s->zone_open[zone]) || registry_peer_by_address(r, zone, remote) != PEER_NONE;
}

// Clear TCP from an address that no peer lists takes no place in the caps, unless the listener answers strangers.
static bool clear_stranger(struct stream_listener *l, const struct address *remote)
{
	const struct registry *r = net_registry(l->owner->worker);
	if (r == NULL || l->transport != TRANSPORT_TCP)
		return false;
	const struct snapshot *snap = registry_snapshot(r);
	bool answered = l->origin.listener < snap->listener_count && snap->listener[l->origin.listener].strangers_answer;
	return !answered && registry_peer_by_address(r, l->origin.zone, remote) == PEER_NONE;
}

static bool may_come(struct stream_listener *l, const struct address *remote)
{
	struct net_worker *w = l->owner->worker;
	if (l->transport == TRANSPORT_TLS ? !may_be_peer(l, remote) : clear_stranger(l, remote)) {
		net_count(&w->counters, NET_STREAM_REFUSED_STRANGER, 1);
		return false;
	}
	result r = caps_take(w->net->caps, remote);
	if (r.error == E_TOO_MANY)
		net_count(&w->counters, NET_STREAM_REFUSED_SOURCE, 1);
	else if (!is_ok(r))
		net_count(&w->counters, NET_STREAM_REFUSED_TOTAL, 1);
	return is_ok(r);
}

// On its way: to a handshake thread, or at once to a worker.
static result hand_on(struct stream_listener *l, struct handshake *h)
{
	struct net_worker *w = l->owner->worker;
	struct net *n = w->net;
	struct net_worker *owner = next_worker(n);
	h->home = &owner->loop;
	h->done = stream_accept_done_h;
	if (l->transport == TRANSPORT_TLS) {
		uint32_t t = owner->index % n->config.handshake_threads;
		return handshake_start(&n->handshaker[t], h, &w->counters);
	}
	h->mail.deliver = h->done;
	if (owner == w)
		stream_accept_done_h(&h->mail, &w->loop);
	else
		return loop_post(&owner->loop, &h->mail, &w->counters);
	return OK;
}

static void take(struct stream_listener *l, int fd, const struct address *remote)
{
	struct net_worker *w = l->owner->worker;
	if (!may_come(l, remote)) {
		close(fd);
		return;
	}
	struct handshake *h = memory_alloc(sizeof(*h));
	if (h == NULL) {
		net_count(&w->counters, NET_NO_MEMORY, 1);
		caps_give(w->net->caps, remote);
		close(fd);
		return;
	}
	h->fd = fd;
	h->capped = true;
	h->origin = l->origin;
	h->origin.remote = *remote;
	if (address_classify(&l->origin.local) == ADDRESS_UNSPECIFIED)
		h->origin.local = net_local_address(fd);
	h->claim.expected = PEER_NONE;
	h->deadline_us = w->loop.now.mono_us + net_limit(&w->net->handshake_us);
	net_count(&w->counters, NET_STREAM_ACCEPTED, 1);
	if (!is_ok(hand_on(l, h)))
		handshake_free(h, w->net);
}

static void resume(struct timer *t, const struct now *now)
{
	struct stream_listener *l = caa_container_of(t, struct stream_listener, pause);
	UNUSED(now);
	event_add(l->acceptable, NULL);
}

// Out of descriptors or memory: the connection stays in the backlog; asking again at once would only spin.
static void pause_accept(struct stream_listener *l)
{
	struct net_worker *w = l->owner->worker;
	net_count(&w->counters, NET_STREAM_ACCEPT_ERROR, 1);
	event_del(l->acceptable);
	timer_arm(w->loop.wheel, &l->pause, w->loop.now.mono_us + STREAM_ACCEPT_PAUSE_US, resume);
}

static bool accept_one(struct stream_listener *l)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct address remote;
	int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accept(l);
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (is_ok(address_from_sockaddr((struct sockaddr *)&ss, len, &remote)))
		take(l, fd, &remote);
	else
		close(fd);
	return true;
}

void stream_on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct stream_listener *l = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(&l->owner->worker->loop);
	for (uint32_t i = 0; i < STREAM_ACCEPT_ROUNDS && accept_one(l); i++)
		continue;
}
