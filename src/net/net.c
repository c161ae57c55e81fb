// SPDX-License-Identifier: Apache-2.0
// Putting the threads together, and taking them apart again in the order that leaves nothing behind.
#include "net/net.h"

#include "base/memory.h"
#include "net/stream.h"
#include "net/worker.h"

#include <signal.h>
#include <unistd.h>

static void udp_received(void *ctx, uint8_t *octets, uint32_t n, const struct origin *from, const struct now *now)
{
	struct net_worker *w = ctx;
	w->handlers.receive(w->handlers.ctx, octets, n, from, now);
}

static void udp_failed(void *ctx, listener_id listener, const struct address *to, uint64_t cookie)
{
	struct net_worker *w = ctx;
	struct hop hop = {
		.transport = TRANSPORT_UDP, .listener = listener, .peer = PEER_NONE, .remote = *to};
	if (w->handlers.undeliverable != NULL)
		w->handlers.undeliverable(w->handlers.ctx, &hop, cookie, E_CLOSED);
}

static result worker_init(struct net_worker *w, struct net *n, uint32_t index)
{
	struct udp_handlers h = {udp_received, udp_failed, w};
	w->net = n;
	w->index = (uint8_t)index;
	TRY(loop_init(&w->loop, &w->counters, &n->holder));
	TRY(udp_new(&w->udp, &w->loop, &h));
	return streams_new(&w->streams, w);
}

static result check(const struct net_config *c)
{
	REQUIRE(c->workers >= 1 && c->workers <= NET_WORKERS_MAX, E_CONFIG);
	REQUIRE(c->handshake_threads <= NET_HANDSHAKERS_MAX, E_CONFIG);
	REQUIRE(c->handshake_threads == 0 || c->signer != NULL, E_CONFIG);
	REQUIRE(c->max_connections > 0 && c->max_connections_per_source > 0, E_CONFIG);
	REQUIRE(c->message_max >= 1 && c->message_max <= STREAM_OUT_MAX, E_CONFIG);
	REQUIRE(c->handshake_us > 0 && c->frame_us > 0 && c->idle_us > 0, E_CONFIG);
	return OK;
}

static result fill(struct net *n)
{
	const struct net_config *c = &n->config;
	TRY(caps_new(&n->caps, c->max_connections, c->max_connections_per_source));
	TRY(directory_new(&n->directory, c->max_connections));
	n->method = tls_pipe_method();
	n->worker = memory_array(c->workers, sizeof(*n->worker));
	n->handshaker = memory_array(c->handshake_threads, sizeof(*n->handshaker));
	REQUIRE(n->method != NULL && n->worker != NULL && n->handshaker != NULL, E_NO_MEMORY);
	for (uint32_t i = 0; i < c->workers; i++)
		TRY(worker_init(&n->worker[i], n, i));
	for (uint32_t i = 0; i < c->handshake_threads; i++)
		TRY(handshaker_init(&n->handshaker[i], n, &c->signer[i], n->method));
	return OK;
}

result net_new(struct net **out, const struct net_config *c)
{
	*out = NULL;
	TRY(check(c));
	struct net *n = memory_alloc(sizeof(*n));
	REQUIRE(n != NULL, E_NO_MEMORY);
	n->config = *c;
	n->handshake_us = c->handshake_us;
	n->frame_us = c->frame_us;
	n->idle_us = c->idle_us;
	if (n->config.ping_us == 0)
		n->config.ping_us = NET_PING_US;
	if (n->config.pong_us == 0)
		n->config.pong_us = NET_PONG_US;
	result r = fill(n);
	if (!is_ok(r)) {
		net_free(n);
		return r;
	}
	*out = n;
	return OK;
}

// Mail that nobody took goes to those who know how to free it, while all of them still exist.
static void drain(struct net *n)
{
	bool some = true;
	for (uint32_t i = 0; i < n->config.handshake_threads; i++)
		loop_stop(&n->handshaker[i].loop);
	for (uint32_t i = 0; i < n->config.workers; i++)
		loop_stop(&n->worker[i].loop);
	for (uint32_t round = 0; some && round < STREAM_TRIES_MAX + 2; round++) {
		some = false;
		for (uint32_t i = 0; i < n->config.handshake_threads; i++)
			some = loop_drain(&n->handshaker[i].loop) || some;
		for (uint32_t i = 0; i < n->config.workers; i++)
			some = loop_drain(&n->worker[i].loop) || some;
	}
}

void net_free(struct net *n)
{
	if (n == NULL)
		return;
	bool whole = n->worker != NULL && n->handshaker != NULL;
	for (uint32_t i = 0; whole && i < n->config.workers; i++)
		n->worker[i].handlers = (struct net_handlers){0}; // the layer above may be gone
	if (whole)
		drain(n);
	for (uint32_t i = 0; whole && i < n->config.workers; i++) {
		streams_free(n->worker[i].streams);
		udp_free(n->worker[i].udp);
	}
	for (uint32_t i = 0; whole && i < n->config.handshake_threads; i++)
		handshaker_end(&n->handshaker[i]);
	for (uint32_t i = 0; whole && i < n->config.workers; i++)
		loop_end(&n->worker[i].loop);
	memory_free(n->worker);
	memory_free(n->handshaker);
	directory_free(n->directory);
	caps_free(n->caps);
	BIO_meth_free(n->method);
	memory_free(n);
}

static void *worker_main(void *arg)
{
	struct net_worker *w = arg;
	loop_run(&w->loop);
	return NULL;
}

static void *handshaker_main(void *arg)
{
	struct handshaker *h = arg;
	loop_run(&h->loop);
	return NULL;
}

static result start_all(struct net *n)
{
	for (uint32_t i = 0; i < n->config.handshake_threads; i++) {
		struct handshaker *h = &n->handshaker[i];
		REQUIRE(pthread_create(&h->thread, NULL, handshaker_main, h) == 0, E_SYSTEM);
		h->running = true;
	}
	for (uint32_t i = 0; i < n->config.workers; i++) {
		struct net_worker *w = &n->worker[i];
		REQUIRE(pthread_create(&w->thread, NULL, worker_main, w) == 0, E_SYSTEM);
		w->running = true;
	}
	return OK;
}

// Signals are for the process's own main thread.
result net_start(struct net *n)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	result r = start_all(n);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!is_ok(r))
		net_stop(n);
	return r;
}

void net_stop(struct net *n)
{
	for (uint32_t i = 0; i < n->config.workers; i++)
		loop_stop(&n->worker[i].loop);
	for (uint32_t i = 0; i < n->config.handshake_threads; i++)
		loop_stop(&n->handshaker[i].loop);
	for (uint32_t i = 0; i < n->config.workers; i++) {
		if (n->worker[i].running)
			pthread_join(n->worker[i].thread, NULL);
		n->worker[i].running = false;
	}
	for (uint32_t i = 0; i < n->config.handshake_threads; i++) {
		if (n->handshaker[i].running)
			pthread_join(n->handshaker[i].thread, NULL);
		n->handshaker[i].running = false;
	}
}

struct net_worker *net_worker(struct net *n, uint32_t index)
{
	return index < n->config.workers ? &n->worker[index] : NULL;
}

struct loop *net_worker_loop(struct net_worker *w)
{
	return &w->loop;
}

struct net_worker *net_worker_of(void *mail_ctx)
{
	return caa_container_of(mail_ctx, struct net_worker, loop);
}

struct net_counters *net_worker_counters(struct net_worker *w)
{
	return &w->counters;
}

uint64_t net_total(const struct net *n, enum net_counter k)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < n->config.workers; i++)
		sum += net_counter_get(&n->worker[i].counters, k);
	for (uint32_t i = 0; i < n->config.handshake_threads; i++)
		sum += net_counter_get(&n->handshaker[i].counters, k);
	return sum;
}

void net_worker_handle(struct net_worker *w, const struct net_handlers *h, const struct loop_protocol *p)
{
	w->handlers = *h;
	if (p != NULL)
		loop_set_protocol(&w->loop, p);
}

void *net_worker_above(struct net_worker *w)
{
	return w->handlers.ctx;
}

result net_worker_add(struct net_worker *w, int fd, enum transport transport, listener_id listener, zone_id zone)
{
	if (transport == TRANSPORT_UDP)
		return udp_add(w->udp, fd, listener, zone);
	if (transport == TRANSPORT_TCP || (transport == TRANSPORT_TLS && w->net->config.handshake_threads > 0))
		return streams_listen(w->streams, fd, transport, listener, zone);
	close(fd);
	return FAIL(E_UNSUPPORTED);
}

void net_worker_source(struct net_worker *w, listener_id listener, const struct address *from)
{
	udp_source(w->udp, listener, from);
}

struct registry *net_swap_registry(struct net *n, struct registry *next)
{
	struct registry *old = holder_swap(&n->holder, next);
	for (uint32_t i = 0; i < n->config.workers; i++)
		mailbox_ring(&n->worker[i].loop.mailbox); // a turn, at whose end connections are looked at
	return old;
}

struct registry *net_registry(struct net_worker *w)
{
	return holder_get(&w->net->holder);
}

result net_send(struct net_worker *w, const struct hop *hop, struct bytes octets, uint64_t cookie)
{
	if (hop->transport == TRANSPORT_UDP)
		return udp_send(w->udp, hop, octets, cookie);
	REQUIRE(transport_is_stream(hop->transport), E_UNSUPPORTED);
	return streams_send(w->streams, hop, octets, cookie);
}

void net_dialled(struct net_worker *w, const struct conn_ref *conn, int fd)
{
	stream_dialled(w->streams, conn, fd);
}

struct close_mail {
	struct mail mail;
	struct conn_ref conn;
};

static void close_own(struct net_worker *w, const struct conn_ref *conn)
{
	struct conn *c = conn_find(w->streams, conn);
	if (c != NULL)
		conn_close(c, NET_STREAM_REFUSED, E_POLICY);
}

static void close_h(struct mail *m, void *ctx)
{
	struct close_mail *k = caa_container_of(m, struct close_mail, mail);
	close_own(net_worker_of(ctx), &k->conn);
	memory_free(k);
}

result net_close(struct net_worker *w, const struct conn_ref *conn)
{
	if (conn->worker == w->index) {
		close_own(w, conn);
		return OK;
	}
	REQUIRE(conn->worker < w->net->config.workers, E_STALE);
	struct close_mail *k = memory_alloc(sizeof(*k));
	REQUIRE(k != NULL, E_NO_MEMORY);
	k->mail.deliver = close_h;
	k->conn = *conn;
	result r = loop_post(&w->net->worker[conn->worker].loop, &k->mail, &w->counters);
	if (!is_ok(r))
		memory_free(k);
	return r;
}

struct rearm_mail {
	struct mail mail;
	struct net_worker *to;
};

static void rearm_h(struct mail *m, void *ctx)
{
	struct rearm_mail *r = caa_container_of(m, struct rearm_mail, mail);
	UNUSED(ctx);
	streams_rearm(r->to->streams);
	memory_free(r);
}

void net_set_limits(struct net *n, const struct net_limits *l, struct net_counters *counters)
{
	caps_set_per_source(n->caps, l->connections_per_source);
	n->handshake_us = l->handshake_us;
	n->frame_us = l->frame_us;
	n->idle_us = l->idle_us;
	for (uint32_t i = 0; i < n->config.workers; i++) {
		struct rearm_mail *m = memory_alloc(sizeof(*m));
		if (m == NULL)
			return; // open connections follow when their timer fires
		*m = (struct rearm_mail){{.deliver = rearm_h}, &n->worker[i]};
		if (!is_ok(loop_post(&n->worker[i].loop, &m->mail, counters)))
			memory_free(m);
	}
}

uint32_t net_connections(struct net *n)
{
	return caps_count(n->caps);
}
