// SPDX-License-Identifier: Apache-2.0
// The life of a connection: made, opened, watched by one timer, closed, freed at the end of the turn.
//
//   DIALLING -> CONNECTING -> [SHAKING] -> OPEN -> DEAD      dialled
//                                          OPEN -> DEAD      accepted (TLS: after its handshake)
//
// A dead connection keeps its memory until the end of the turn, so that a handler that is in the middle of
// it only has to look at its state.
#include "net/stream.h"

#include "base/memory.h"

#include <openssl/err.h>
#include <unistd.h>

static void turn_end(void *ctx);

result streams_new(struct streams **out, struct net_worker *w)
{
	*out = NULL;
	struct streams *s = memory_alloc(sizeof(*s));
	REQUIRE(s != NULL, E_NO_MEMORY);
	s->worker = w;
	s->ping_rate = gcra_rate_make(STREAM_PINGS_PER_SECOND, STREAM_PINGS_BURST);
	result r = pool_new(&s->conns, sizeof(struct conn), w->net->config.max_connections);
	if (is_ok(r))
		r = loop_add_hook(&w->loop, turn_end, s);
	if (!is_ok(r)) {
		streams_free(s);
		return r;
	}
	*out = s;
	return OK;
}

struct net_counters *conn_counters(struct conn *c)
{
	return &c->owner->worker->counters;
}

static void release(struct conn *c)
{
	struct streams *s = c->owner;
	struct pool_ref ref = {c->origin.conn.id, c->origin.conn.generation};
	if (c->watched) {
		event_del(&c->readable);
		event_del(&c->writable);
	}
	timer_cancel(s->worker->loop.wheel, &c->timer);
	directory_remove(s->worker->net->directory, c->entry);
	SSL_free(c->ssl);
	octets_free(&c->out);
	octets_free(&c->plain);
	stream_input_free(&c->in);
	if (c->fd >= 0)
		close(c->fd);
	if (c->capped)
		caps_give(s->worker->net->caps, &c->origin.remote);
	pool_put(s->conns, ref);
}

static void free_waiting(struct conn *c)
{
	while (c->waiting != NULL) {
		struct parcel *p = c->waiting;
		c->waiting = p->next;
		memory_free(p);
	}
}

void streams_free(struct streams *s)
{
	if (s == NULL)
		return;
	uint32_t slot = 0;
	struct pool_ref ref;
	for (struct conn *c; s->conns != NULL && (c = pool_next(s->conns, &slot, &ref)) != NULL; slot++) {
		free_waiting(c);
		release(c);
	}
	timer_cancel(s->worker->loop.wheel, &s->sweep);
	for (uint32_t i = 0; i < s->listeners; i++) {
		timer_cancel(s->worker->loop.wheel, &s->listener[i].pause);
		event_free(s->listener[i].acceptable);
		close(s->listener[i].fd);
	}
	pool_free(s->conns);
	memory_free(s);
}

result streams_listen(struct streams *s, int fd, enum transport transport, listener_id listener, zone_id zone)
{
	if (s->listeners == STREAM_LISTENERS_MAX) {
		close(fd);
		return FAIL(E_FULL);
	}
	struct stream_listener *l = &s->listener[s->listeners];
	*l = (struct stream_listener){.owner = s, .fd = fd, .transport = transport};
	l->origin = (struct origin){.transport = transport, .listener = listener, .zone = zone,
		.tls_peer = PEER_NONE, .local = net_local_address(fd)};
	l->acceptable = event_new(s->worker->loop.base, fd, EV_READ | EV_PERSIST, stream_on_acceptable, l);
	if (l->acceptable == NULL || event_add(l->acceptable, NULL) != 0) {
		if (l->acceptable != NULL)
			event_free(l->acceptable);
		close(fd);
		return FAIL(E_NO_MEMORY);
	}
	s->listeners++;
	return OK;
}

result conn_new(struct streams *s, const struct origin *origin, struct conn **out)
{
	void *object = NULL;
	struct pool_ref ref;
	*out = NULL;
	TRY(pool_get(s->conns, &object, &ref));
	struct conn *c = object;
	c->owner = s;
	c->origin = *origin;
	c->origin.conn = (struct conn_ref){ref.slot, ref.generation, s->worker->index};
	c->peer = PEER_NONE;
	c->fd = -1;
	c->entry = DIRECTORY_NONE;
	c->waiting_end = &c->waiting;
	c->opened_us = c->active_us = s->worker->loop.now.mono_us;
	*out = c;
	return OK;
}

struct conn *conn_find(struct streams *s, const struct conn_ref *ref)
{
	if (ref->generation == 0 || ref->worker != s->worker->index)
		return NULL;
	struct conn *c = pool_find(s->conns, (struct pool_ref){ref->id, ref->generation});
	return c != NULL && c->state != CONN_DEAD ? c : NULL;
}

void conn_mark(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = c->owner->dirty;
	c->owner->dirty = c;
}

bool conn_watch(struct conn *c)
{
	struct event_base *base = c->owner->worker->loop.base;
	if (event_assign(&c->readable, base, c->fd, EV_READ | EV_PERSIST, stream_on_readable, c) != 0 ||
		event_assign(&c->writable, base, c->fd, EV_WRITE, stream_on_writable, c) != 0)
		return false;
	c->watched = true;
	return true;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

// When the connection has waited too long, for whatever it waits for now.
static uint64_t deadline(const struct conn *c, enum net_counter *why)
{
	const struct net *n = c->owner->worker->net;
	if (c->state != CONN_OPEN) {
		*why = NET_STREAM_DIAL_TIMEOUT;
		return c->opened_us + net_limit(&n->handshake_us);
	}
	uint64_t idle = c->active_us + net_limit(&n->idle_us);
	uint64_t quiet = c->dialled ? c->active_us + n->config.ping_us : NO_DEADLINE;
	uint64_t frame = c->begun_us != 0 ? c->begun_us + net_limit(&n->frame_us) : NO_DEADLINE;
	uint64_t pong = c->pongs && c->pinged_us != 0 ? c->pinged_us + n->config.pong_us : NO_DEADLINE;
	*why = frame <= idle ? NET_STREAM_FRAME_TIMEOUT : NET_STREAM_IDLE_TIMEOUT;
	if (pong < earliest(frame, idle))
		*why = NET_STREAM_PONG_TIMEOUT;
	if (quiet < earliest(earliest(frame, idle), pong))
		*why = NET_STREAM_PING_SENT;
	return earliest(earliest(frame, idle), earliest(quiet, pong));
}

// A dialled connection is kept open (RFC5626#4.4.1). An answer is demanded of who has answered before: not every peer
// knows the custom. Of the others the kernel notices when they are gone, since they acknowledge no octets.
static void ping(struct conn *c, const struct now *now)
{
	c->active_us = now->mono_us;
	if (c->pinged_us == 0)
		c->pinged_us = now->mono_us;
	net_count(conn_counters(c), NET_STREAM_PING_SENT, 1);
	IGNORE_RESULT(conn_write(c, BYTES("\r\n\r\n"))); // it closes and counts by itself
}

// The timer is not moved with each octet: when it fires early, it is set again.
static void on_timer(struct timer *t, const struct now *now)
{
	struct conn *c = caa_container_of(t, struct conn, timer);
	enum net_counter why;
	uint64_t at = deadline(c, &why);
	if (at <= now->mono_us && why == NET_STREAM_PING_SENT) {
		ping(c, now);
		at = deadline(c, &why);
	}
	if (c->state == CONN_DEAD)
		return;
	if (at <= now->mono_us) {
		conn_close(c, why, E_TIMEOUT);
		return;
	}
	timer_arm(c->owner->worker->loop.wheel, t, at, on_timer);
}

void conn_arm(struct conn *c)
{
	enum net_counter why;
	uint64_t at = deadline(c, &why);
	if (!timer_armed(&c->timer) || at < c->timer.at_us)
		timer_arm(c->owner->worker->loop.wheel, &c->timer, at, on_timer);
}

void streams_rearm(struct streams *s)
{
	uint32_t slot = 0;
	struct pool_ref ref;
	for (struct conn *c; (c = pool_next(s->conns, &slot, &ref)) != NULL; slot++)
		if (c->state != CONN_DEAD && timer_armed(&c->timer))
			conn_arm(c);
}

void conn_open(struct conn *c)
{
	struct net_worker *w = c->owner->worker;
	c->state = CONN_OPEN;
	c->active_us = w->loop.now.mono_us;
	if (!c->dialled && c->peer == PEER_NONE)
		c->begun_us = c->active_us; // whoever proved nothing speaks within a frame's time, or goes (SF-A6)
	net_count(&w->counters, NET_STREAM_OPENED, 1);
	if (event_add(&c->readable, NULL) != 0) {
		conn_close(c, NET_NO_MEMORY, E_NO_MEMORY);
		return;
	}
	conn_arm(c);
	struct parcel *p = c->waiting;
	c->waiting = NULL;
	c->waiting_end = &c->waiting;
	c->waiting_count = c->waiting_octets = 0;
	while (p != NULL) {
		struct parcel *next = p->next;
		result r = conn_write(c, bytes_make(p->octets, p->len));
		if (!is_ok(r)) {
			stream_give_back(c->owner, p, r.error);
		} else {
			net_count(&w->counters, NET_STREAM_SENT, 1);
			memory_free(p);
		}
		p = next;
	}
	conn_mark(c);
}

void conn_close(struct conn *c, enum net_counter why, enum error error)
{
	struct net_worker *w = c->owner->worker;
	if (c->state == CONN_DEAD)
		return;
	bool was_open = c->state == CONN_OPEN;
	c->state = CONN_DEAD;
	net_count(&w->counters, why, 1);
	directory_remove(w->net->directory, c->entry); // nobody is sent here any more
	c->entry = DIRECTORY_NONE;
	if (c->watched)
		event_del(&c->readable);
	conn_mark(c);
	while (c->waiting != NULL) {
		struct parcel *p = c->waiting;
		c->waiting = p->next;
		stream_give_back(c->owner, p, error);
	}
	if (!was_open)
		return;
	net_count(&w->counters, NET_STREAM_CLOSED, 1);
	if (w->handlers.closed != NULL)
		w->handlers.closed(w->handlers.ctx, &c->origin.conn, c->peer);
}

// The last octets and close_notify, as far as the socket takes them at once.
static void bury(struct conn *c)
{
	uint32_t sent;
	if (c->ssl != NULL) {
		conn_encrypt(c); // an answer that was given before the verdict to close
		SSL_shutdown(c->ssl);
	}
	if (c->fd >= 0)
		IGNORE_RESULT(octets_send(&c->out, c->fd, &sent)); // it is being closed anyway
	ERR_clear_error();
	release(c);
}

static void turn_end(void *ctx)
{
	struct streams *s = ctx;
	streams_sweep(s);
	while (s->dirty != NULL) {
		struct conn *c = s->dirty;
		s->dirty = c->next_dirty;
		c->dirty = false;
		if (c->state == CONN_OPEN)
			conn_flush(c);
		if (c->state == CONN_DEAD && !c->dirty) // if marked again it comes once more
			bury(c);
	}
}
