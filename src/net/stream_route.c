// SPDX-License-Identifier: Apache-2.0
// The way of a message to a stream: the connection named in the hop, else one on which the peer is certain
// (RFC5923), else a new one. A connection of another worker is reached through that worker's mailbox; the
// message carries its hop along, so that the owner can go on looking when the connection has gone meanwhile.
#include "net/stream.h"

#include "base/memory.h"

static void back_h(struct mail *m, void *ctx)
{
	struct parcel *p = caa_container_of(m, struct parcel, mail);
	struct net_worker *w = net_worker_of(ctx);
	enum error why = (enum error)p->len; // octets are of no use any more: the field carries the error
	if (w->handlers.undeliverable != NULL)
		w->handlers.undeliverable(w->handlers.ctx, &p->hop, p->cookie, why);
	memory_free(p);
}

void stream_give_back(struct streams *s, struct parcel *p, enum error why)
{
	struct net_worker *w = s->worker;
	net_count(&w->counters, NET_STREAM_UNDELIVERABLE, 1);
	p->len = (uint32_t)why;
	p->mail.deliver = back_h;
	// By mail even to ourselves: the sender is told after its call, never within it.
	if (!is_ok(loop_post(&w->net->worker[p->sender].loop, &p->mail, &w->counters)))
		memory_free(p); // counted; the transaction's own timer ends it
}

static result wait_for_open(struct conn *c, struct parcel *p)
{
	if (c->waiting_count >= STREAM_WAITING_MAX || p->len > STREAM_WAITING_OCTETS - c->waiting_octets) {
		net_count(conn_counters(c), NET_STREAM_QUEUE_FULL, 1);
		return FAIL(E_FULL);
	}
	c->waiting_count++;
	c->waiting_octets += p->len;
	p->next = NULL;
	*c->waiting_end = p;
	c->waiting_end = &p->next;
	return OK;
}

static void put(struct conn *c, struct parcel *p)
{
	result r = c->state == CONN_OPEN ? conn_write(c, bytes_make(p->octets, p->len)) : wait_for_open(c, p);
	if (!is_ok(r))
		stream_give_back(c->owner, p, r.error);
	else if (c->state == CONN_OPEN) {
		net_count(conn_counters(c), NET_STREAM_SENT, 1);
		memory_free(p);
	}
}

static uint32_t way_index(const struct directory_entry *e)
{
	uint32_t h = e->peer * 31u + e->remote.port + e->listener;
	for (uint32_t i = 0; i < sizeof(e->remote.ip); i++)
		h = h * 31u + e->remote.ip[i];
	return h % STREAM_CACHE;
}

static bool same_way(const struct directory_entry *a, const struct directory_entry *b)
{
	return a->peer == b->peer && a->transport == b->transport && a->listener == b->listener &&
	       address_equal(&a->remote, &b->remote);
}

static struct conn_ref look_up(struct streams *s, const struct hop *hop, bool any)
{
	struct directory *d = s->worker->net->directory;
	struct directory_entry want = {
		(uint8_t)hop->transport, hop->listener, hop->peer, hop->remote, (struct conn_ref){0}, false};
	if (hop->peer == PEER_NONE)
		return want.conn;
	if (any) // rare: a connection broke
		return directory_find(d, &want, DIRECTORY_ANY);
	uint64_t version = directory_version(d);
	struct stream_way *way = &s->way[way_index(&want)];
	if (way->version != version || !same_way(&way->entry, &want)) {
		want.conn = directory_find(d, &want, DIRECTORY_HOST);
		*way = (struct stream_way){version, want};
	}
	return way->entry.conn;
}

static void route(struct streams *s, struct parcel *p);

static void parcel_h(struct mail *m, void *ctx)
{
	struct net_worker *w = net_worker_of(ctx);
	struct parcel *p = caa_container_of(m, struct parcel, mail);
	if (loop_stopped(&w->loop))
		memory_free(p);
	else
		route(w->streams, p);
}

static void hand_over(struct streams *s, struct parcel *p)
{
	struct net_worker *w = s->worker;
	if (p->to.worker >= w->net->config.workers || p->tries++ >= STREAM_TRIES_MAX) {
		stream_give_back(s, p, E_CLOSED);
		return;
	}
	p->mail.deliver = parcel_h;
	if (!is_ok(loop_post(&w->net->worker[p->to.worker].loop, &p->mail, &w->counters)))
		stream_give_back(s, p, E_FULL);
}

static void dial(struct streams *s, struct parcel *p)
{
	struct net_worker *w = s->worker;
	struct conn *c = NULL;
	struct hop hop = p->hop;
	result r = stream_dial(s, &hop, &c);
	if (!is_ok(r)) {
		stream_give_back(s, p, r.error);
		return;
	}
	put(c, p);
	struct conn_ref ref = c->origin.conn;
	w->handlers.dial(w->handlers.ctx, &ref, &hop); // may answer at once, by net_dialled
}

static void route(struct streams *s, struct parcel *p)
{
	struct conn *c = conn_find(s, &p->to);
	if (c == NULL && p->to.generation != 0 && p->to.worker == s->worker->index) { // it is gone
		p->any = p->any || p->hop.conn.generation != 0;
		p->to = (struct conn_ref){0};
	}
	if (c == NULL && p->to.generation == 0) {
		p->to = look_up(s, &p->hop, p->any);
		if (p->to.generation != 0)
			net_count(&s->worker->counters, NET_STREAM_REUSED, 1);
		c = conn_find(s, &p->to);
	}
	if (c != NULL)
		put(c, p);
	else if (p->to.generation != 0 && p->to.worker != s->worker->index)
		hand_over(s, p);
	else
		dial(s, p);
}

result streams_send(struct streams *s, const struct hop *hop, struct bytes octets, uint64_t cookie)
{
	REQUIRE(octets.len > 0 && octets.len <= STREAM_OUT_MAX, E_TOO_LONG);
	struct conn *c = conn_find(s, &hop->conn);
	bool reused = hop->conn.generation == 0;
	if (reused) {
		struct conn_ref ref = look_up(s, hop, false);
		c = conn_find(s, &ref);
	}
	if (c != NULL && c->state == CONN_OPEN) { // the usual case: no copy but into the connection's own queue
		TRY(conn_write(c, octets));
		net_count(&s->worker->counters, NET_STREAM_REUSED, reused);
		net_count(&s->worker->counters, NET_STREAM_SENT, 1);
		return OK;
	}
	struct parcel *p = memory_alloc(sizeof(*p) + octets.len);
	REQUIRE(p != NULL, E_NO_MEMORY);
	p->hop = *hop;
	p->to = hop->conn;
	p->cookie = cookie;
	p->sender = s->worker->index;
	p->len = (uint32_t)octets.len;
	memcpy(p->octets, octets.at, octets.len);
	route(s, p);
	return OK;
}
