// SPDX-License-Identifier: Apache-2.0
// One worker: messages from the network and from media into its flow, and those of others to their owners.
#include "base/log.h"
#include "base/memory.h"
#include "main/control.h"
#include "main/signaller.h"
#include "net/channel.h"
#include "net/udp.h"
#include "wire/sip/sip.h"

#include <sys/socket.h>
#include <unistd.h>

_Static_assert((int)UDP_DATAGRAM_MAX == (int)SIP_MESSAGE_MAX_UDP, "one bound of a datagram");

enum { MEDIA_BATCH = 32 }; // messages of media in one turn, so that calls are not starved

static const struct channel_kind media_kind = {sizeof(struct ipc_media), IPC_MEDIA_VERSION};

struct forward { // a message on its way to the worker that owns its call
	struct mail mail;
	struct worker *to;
	struct origin origin;
	uint32_t size;
	uint8_t octets[];
};

void worker_enter(struct worker *w)
{
	const struct registry *r = net_registry(w->net);
	if (r == w->registry || r == NULL)
		return;
	w->registry = r;
	flow_set_registry(w->flow, r);
}

static void forward_h(struct mail *m, void *ctx)
{
	struct forward *f = (struct forward *)m;
	const struct now *now = &f->to->loop->now;
	UNUSED(ctx);
	worker_enter(f->to);
	atomic_fetch_sub_explicit(&f->to->forwarded, f->size, memory_order_relaxed);
	flow_receive(f->to->flow, &f->origin, f->octets, f->size, now);
	memory_free(f);
}

static void forward(struct worker *w, uint8_t owner, const struct origin *from, const uint8_t *octets, uint32_t n)
{
	struct worker *to = &w->home->worker[owner];
	bool room = atomic_fetch_add_explicit(&to->forwarded, n, memory_order_relaxed) + n <= FORWARDED_MAX;
	struct forward *f = room ? memory_alloc(sizeof(*f) + n) : NULL;
	if (f == NULL) { // as lost on the way: the sender repeats it
		atomic_fetch_sub_explicit(&to->forwarded, n, memory_order_relaxed);
		return;
	}
	f->mail.deliver = forward_h;
	f->to = to;
	f->origin = *from;
	f->size = n;
	memcpy(f->octets, octets, n);
	if (!is_ok(loop_post(f->to->loop, &f->mail, net_worker_counters(w->net)))) {
		atomic_fetch_sub_explicit(&f->to->forwarded, n, memory_order_relaxed);
		memory_free(f);
	}
}

// Only what a peer may have sent is worth a copy; the local flow drops and counts the rest (SF-A1).
static bool may_be_peers(const struct worker *w, const struct origin *o)
{
	return o->tls_peer != PEER_NONE || registry_peer_by_address(w->registry, o->zone, &o->remote) != PEER_NONE;
}

static void receive_h(void *ctx, uint8_t *octets, uint32_t n, const struct origin *from, const struct now *now)
{
	struct worker *w = ctx;
	worker_enter(w);
	uint8_t owner = flow_owner(w->keys, w->home->start->secret, (uint8_t)w->home->workers, octets, n);
	if (owner != w->index && may_be_peers(w, from))
		forward(w, owner, from, octets, n);
	else
		flow_receive(w->flow, from, octets, n, now);
}

static void undeliverable_h(void *ctx, const struct hop *hop, uint64_t cookie, enum error why)
{
	struct worker *w = ctx;
	struct sf_cookie c = {{(uint32_t)cookie, (uint32_t)(cookie >> 32)}};
	UNUSED(hop);
	UNUSED(why);
	worker_enter(w);
	flow_undeliverable(w->flow, c, &w->loop->now);
}

static bool busy_h(void *ctx, peer_id peer)
{
	const struct worker *w = ctx;
	return peer < PEERS_MAX && atomic_load_explicit(&w->home->load[peer].concurrent, memory_order_relaxed) > 0;
}

// The monitor connects, and only to addresses of that peer; the answer names the request.
static void dial_h(void *ctx, const struct conn_ref *conn, const struct hop *hop)
{
	struct worker *w = ctx;
	struct ipc_control m = control_make(IPC_CONTROL_DIAL);
	uint32_t request = ++w->dial_next;
	w->dial[request % DIALS_MAX] = (struct dialled){request, *conn};
	m.request = request;
	m.worker = w->index;
	m.listener = hop->listener;
	m.index = (uint16_t)hop->transport;
	m.peer = hop->peer;
	m.address_count = 1;
	m.address[0] = hop->remote;
	if (!is_ok(control_send(w->home->control, &m, -1)))
		net_dialled(w->net, conn, -1);
}

void worker_dialled(struct worker *w, uint32_t request, int fd)
{
	struct dialled *d = &w->dial[request % DIALS_MAX];
	if (d->request != request || d->conn.generation == 0) { // answered, or overtaken by a thousand others
		if (fd >= 0)
			close(fd);
		return;
	}
	struct conn_ref conn = d->conn;
	d->conn = (struct conn_ref){0, 0, 0};
	net_dialled(w->net, &conn, fd);
}

static uint64_t deadline_h(void *ctx)
{
	const struct worker *w = ctx;
	uint64_t next = flow_deadline(w->flow);
	return next < w->records_due_us ? next : w->records_due_us;
}

static void expire_h(void *ctx, const struct now *now)
{
	struct worker *w = ctx;
	worker_enter(w);
	flow_run(w->flow, now);
	if (w->records_due_us <= now->mono_us)
		records_hand_over(w);
}

static void media_h(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	static _Thread_local struct ipc_media m;
	UNUSED(what);
	const struct now *now = loop_enter(w->loop);
	worker_enter(w);
	for (int i = 0; i < MEDIA_BATCH; i++) {
		int fds[CHANNEL_FDS_MAX];
		uint32_t passed;
		result r = channel_get(fd, &media_kind, &m, fds, &passed);
		if (r.error == E_AGAIN || r.error == E_CLOSED)
			return;
		while (is_ok(r) && passed > 0)
			close(fds[--passed]); // media has none to give
		if (!is_ok(r))
			net_count(net_worker_counters(w->net), NET_CHANNEL_BAD, 1); // longer, shorter or older than ours
		else if (m.type == IPC_MEDIA_COUNTERS)
			counters_of_media(w, &m);
		else
			flow_media(w->flow, &m, now);
	}
}

static result flow_for(struct worker *w, const struct snapshot *s)
{
	struct flow_config c = {
		.worker = w->index,
		.max_calls = s->settings.max_calls,
		.max_transactions = s->settings.max_transactions,
		.registry = w->registry,
		.keys = w->keys,
		.load = w->home->load,
		.port = worker_port(w),
	};
	memcpy(c.secret, w->home->start->secret, sizeof(c.secret));
	struct now now = clock_now();
	return flow_new(&w->flow, &c, &now);
}

static result add_sockets(struct worker *w, const struct snapshot *s)
{
	const struct sockets *k = w->home->start->sockets;
	for (uint32_t i = 0; i < k->sip_count; i++) {
		const struct sip_descriptor *d = &k->sip[i];
		if (d->worker == w->index)
			TRY(net_worker_add(w->net, d->fd, (enum transport)d->transport, d->listener,
				s->listener[d->listener].zone));
		if (d->worker == w->index && d->transport == TRANSPORT_UDP &&
			address_classify(&d->source) != ADDRESS_UNSPECIFIED)
			net_worker_source(w->net, d->listener, &d->source);
	}
	return OK;
}

result worker_init(struct worker *w, struct signaller *s, uint8_t index)
{
	w->home = s;
	w->index = index;
	w->record_end = &w->record_chain;
	w->records_due_us = NO_DEADLINE;
	w->net = net_worker(s->net, index);
	REQUIRE(w->net != NULL, E_CONFIG);
	w->loop = net_worker_loop(w->net);
	w->registry = s->registry;
	w->media = s->start->channels->media[index].end[0];
	w->lookup = s->start->channels->lookup[index].end[0];
	w->out = memory_alloc(sizeof(*w->out));
	w->kind = memory_array(s->snapshot->settings.max_calls, 1);
	REQUIRE(w->out != NULL && w->kind != NULL, E_NO_MEMORY);
	TRY(sf_token_keys_new(&w->keys, s->start->token_key, s->start->token_current));
	TRY(flow_for(w, s->snapshot));
	struct net_handlers h = {receive_h, sip_frame, undeliverable_h, NULL, dial_h, w, busy_h};
	struct loop_protocol p = {deadline_h, expire_h, w};
	net_worker_handle(w->net, &h, &p);
	TRY(add_sockets(w, s->snapshot));
	w->media_event = event_new(w->loop->base, w->media, EV_READ | EV_PERSIST, media_h, w);
	REQUIRE(w->media_event != NULL && event_add(w->media_event, NULL) == 0, E_NO_MEMORY);
	TRY(worker_watch_lookup(w));
	flow_drain(w->flow, s->start->draining);
	return OK;
}

struct drain_mail {
	struct mail mail;
	struct worker *to;
	bool on, end; // end: hang up what is alive
};

static void end_call(const struct sf_call *c, void *ctx)
{
	struct worker *w = ctx;
	IGNORE_RESULT(sf_hangup(flow_sf(w->flow), sf_call_ref(c), "shut down", &w->loop->now)); // ending already: as wished
}

static void drain_h(struct mail *m, void *ctx)
{
	struct drain_mail *d = (struct drain_mail *)m;
	UNUSED(ctx);
	worker_enter(d->to);
	flow_drain(d->to->flow, d->on);
	if (d->end) {
		sf_each_call(flow_sf(d->to->flow), end_call, d->to);
		flow_media_flush(d->to->flow);
		records_hand_over(d->to);
	}
	memory_free(d);
}

void worker_drain(struct signaller *s, bool on, bool end)
{
	for (uint32_t i = 0; i < s->workers; i++) {
		struct drain_mail *d = memory_alloc(sizeof(*d));
		if (d == NULL)
			return;
		*d = (struct drain_mail){{.deliver = drain_h}, &s->worker[i], on, end};
		if (!is_ok(loop_post(s->worker[i].loop, &d->mail, &s->counters)))
			memory_free(d);
	}
}
