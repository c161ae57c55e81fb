// SPDX-License-Identifier: Apache-2.0
// Connections that go out. The descriptor comes from the monitor; over TLS the far side must prove that it is
// exactly the peer that was dialled (LRF-I1) before one octet of a message leaves.
#include "net/stream.h"

#include "base/memory.h"

#include <errno.h>
#include <unistd.h>

static result enter(struct conn *c)
{
	struct directory_entry e = {(uint8_t)c->origin.transport, c->origin.listener, c->peer, c->origin.remote,
		c->origin.conn, !c->dialled};
	return directory_put(c->owner->worker->net->directory, &e, &c->entry);
}

// Everything that a handshake carried now belongs to the connection.
void conn_adopt(struct conn *c, struct handshake *h)
{
	c->fd = h->fd;
	h->fd = -1;
	c->ssl = h->ssl;
	h->ssl = NULL;
	octets_free(&c->out);
	c->out = h->out;
	h->out = (struct octets){0};
	c->capped = c->capped || h->capped;
	h->capped = false;
	c->pipe = (struct tls_pipe){.out = &c->out, .out_max = 2 * STREAM_OUT_MAX}; // the bound is kept in the clear; records add to it
	if (c->ssl != NULL)
		tls_pipe_exchange(c->ssl, &c->pipe);
	if (c->origin.transport == TRANSPORT_TLS) {
		c->peer = c->origin.tls_peer = h->origin.tls_peer;
		c->print = h->claim.print;
	}
	if (!c->dialled && c->peer != PEER_NONE)
		IGNORE_RESULT(enter(c)); // full: it works, but nobody finds it for reuse
	if (!conn_watch(c))
		conn_close(c, NET_NO_MEMORY, E_NO_MEMORY);
}

void conn_begin(struct conn *c, const struct handshake *h)
{
	if (c->state != CONN_DEAD)
		conn_open(c);
	if (octets_len(&h->leftover) > 0 && c->state == CONN_OPEN)
		stream_decrypt(c, bytes_make(h->leftover.at + h->leftover.from, octets_len(&h->leftover)));
}

result stream_dial(struct streams *s, const struct hop *hop, struct conn **out)
{
	struct net_worker *w = s->worker;
	const struct registry *r_now = net_registry(w);
	struct conn *c = NULL;
	*out = NULL;
	REQUIRE(r_now != NULL && hop->listener < registry_snapshot(r_now)->listener_count, E_NOT_FOUND);
	struct origin o = {.transport = hop->transport, .listener = hop->listener,
		.zone = registry_snapshot(r_now)->listener[hop->listener].zone, .tls_peer = PEER_NONE,
		.remote = hop->remote};
	REQUIRE(hop->peer != PEER_NONE && hop->remote.family != 0, E_CLOSED);
	REQUIRE(w->handlers.dial != NULL, E_UNSUPPORTED);
	REQUIRE(hop->transport != TRANSPORT_TLS || w->net->config.handshake_threads > 0, E_UNSUPPORTED);
	TRY(caps_take(w->net->caps, &hop->remote));
	result r = conn_new(s, &o, &c);
	if (!is_ok(r)) {
		caps_give(w->net->caps, &hop->remote);
		return r;
	}
	c->capped = c->dialled = true;
	c->peer = hop->peer;
	c->print = tls_peer_print(registry_snapshot(r_now), c->peer);
	c->state = CONN_DIALLING;
	r = enter(c);
	if (!is_ok(r)) {
		conn_close(c, NET_STREAM_DIAL_FAILED, r.error);
		return r;
	}
	conn_arm(c);
	*out = c;
	return OK;
}

void stream_dialled(struct streams *s, const struct conn_ref *ref, int fd)
{
	struct conn *c = conn_find(s, ref);
	if (c == NULL || c->state != CONN_DIALLING) {
		if (fd >= 0)
			close(fd);
		return;
	}
	c->fd = fd;
	if (fd < 0 || !conn_watch(c)) {
		conn_close(c, NET_STREAM_DIAL_FAILED, E_CLOSED);
		return;
	}
	c->state = CONN_CONNECTING;
	if (event_add(&c->writable, NULL) != 0)
		conn_close(c, NET_NO_MEMORY, E_NO_MEMORY);
}

// The handshake of a connection that we dialled has ended; the connection may have died meanwhile.
static void stream_dial_done_h(struct mail *m, void *ctx)
{
	struct handshake *h = caa_container_of(m, struct handshake, mail);
	struct net_worker *w = net_worker_of(ctx);
	struct conn *c = loop_stopped(&w->loop) ? NULL : conn_find(w->streams, &h->conn);
	if (c != NULL && c->state == CONN_SHAKING) {
		if (h->failed) {
			conn_close(c, NET_STREAM_DIAL_FAILED, E_AUTH);
		} else {
			conn_adopt(c, h);
			conn_begin(c, h);
		}
	}
	handshake_free(h, w->net);
}

static void shake_hands(struct conn *c)
{
	struct net_worker *w = c->owner->worker;
	struct handshake *h = memory_alloc(sizeof(*h));
	if (h == NULL) {
		conn_close(c, NET_NO_MEMORY, E_NO_MEMORY);
		return;
	}
	const struct peer *p = snapshot_peer(registry_snapshot(net_registry(w)), c->peer);
	if (p != NULL)
		memcpy(h->server_name, p->reach_domain, strnlen(p->reach_domain, DOMAIN_MAX - 1));
	event_del(&c->writable);
	c->watched = false;
	h->fd = c->fd;
	c->fd = -1;
	h->conn = c->origin.conn;
	h->origin = c->origin;
	h->claim.expected = c->peer;
	h->claim.server = true;
	h->deadline_us = c->opened_us + net_limit(&w->net->handshake_us);
	h->home = &w->loop;
	h->done = stream_dial_done_h;
	c->state = CONN_SHAKING;
	uint32_t t = w->index % w->net->config.handshake_threads;
	if (!is_ok(handshake_start(&w->net->handshaker[t], h, &w->counters))) {
		handshake_free(h, w->net);
		conn_close(c, NET_STREAM_DIAL_FAILED, E_FULL);
	}
}

void stream_on_connected(struct conn *c)
{
	int error = 0;
	socklen_t n = sizeof(error);
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error != 0) {
		conn_close(c, NET_STREAM_DIAL_FAILED, E_CLOSED);
		return;
	}
	net_count(conn_counters(c), NET_STREAM_DIALLED, 1);
	c->origin.local = net_local_address(c->fd);
	if (c->origin.transport != TRANSPORT_TLS)
		conn_open(c);
	else if (net_registry(c->owner->worker) != NULL)
		shake_hands(c);
	else
		conn_close(c, NET_TLS_NO_CONTEXT, E_CONFIG);
}
