// SPDX-License-Identifier: Apache-2.0
// What the flow asks of the outside: sending, closing, media, kept records, traces.
#include "base/log.h"
#include "base/memory.h"
#include "main/signaller.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

static result port_send(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie)
{
	struct worker *w = ctx;
	return net_send(w->net, to, octets, (uint64_t)cookie.tx.generation << 32 | cookie.tx.slot);
}

// The connection may be another worker's; net_close finds it.
static void port_close(void *ctx, const struct origin *o, const char *why)
{
	struct worker *w = ctx;
	UNUSED(why);
	IGNORE_RESULT(net_close(w->net, &o->conn)); // gone already: as wished
}

static result port_media(void *ctx, const struct ipc_media *m)
{
	struct worker *w = ctx;
	if (send(w->media, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*m))
		return OK;
	atomic_fetch_add_explicit(&w->media_full, 1, memory_order_relaxed);
	return FAIL(errno == EAGAIN ? E_FULL : E_CLOSED);
}

static uint32_t kept_slot(const struct worker *w, struct pool_ref call)
{
	return w->index * (records_slots(w->home->records[0]) / w->home->workers) + call.slot;
}

// Nothing of it may be left behind: an old record would bring back a call that has changed since.
static void kept_drop(struct worker *w, struct pool_ref call)
{
	for (int kind = 0; kind < CALL_RECORD_KINDS; kind++)
		records_erase(w->home->records[kind], kept_slot(w, call));
}

static void kept_put(struct worker *w, struct pool_ref call, struct bytes octets)
{
	uint32_t slot = kept_slot(w, call);
	uint8_t kind = 0;
	while (kind + 1 < CALL_RECORD_KINDS && octets.len > call_record_octets(kind))
		kind++;
	if (!is_ok(records_put(w->home->records[kind], slot, octets))) {
		kept_drop(w, call);
		net_count(net_worker_counters(w->net), NET_IMPOSSIBLE, 1); // places and lengths suffice for every call
		return;
	}
	if (w->kind[call.slot] != kind) // it has outgrown its record, or shrunk: the new one stands already
		records_erase(w->home->records[w->kind[call.slot]], slot);
	w->kind[call.slot] = kind;
}

_Static_assert(sizeof(struct kept_call) + SF_CALL_IMAGE_MAX + FLOW_MEDIA_IMAGE_MAX <= CALL_RECORD_LARGE, "every call fits");

static void port_keep(void *ctx, struct pool_ref call, const struct sf_call_image *image, struct bytes media_image)
{
	struct worker *w = ctx;
	static _Thread_local uint8_t octets[CALL_RECORD_LARGE];
	if (image == NULL) {
		records_erase(w->home->records[w->kind[call.slot]], kept_slot(w, call));
		return;
	}
	struct kept_call head = {w->index, image->length, (uint32_t)media_image.len, call};
	size_t n = sizeof(head) + image->length + media_image.len;
	memcpy(octets, &head, sizeof(head));
	memcpy(octets + sizeof(head), image->octets, image->length);
	if (media_image.len > 0)
		memcpy(octets + sizeof(head) + image->length, media_image.at, media_image.len);
	kept_put(w, call, bytes_make(octets, n));
	memory_wipe(octets, n); // media keys
}

static bool port_may_record(void *ctx)
{
	struct worker *w = ctx;
	const struct signaller *s = w->home;
	if (atomic_load_explicit(&s->records_full, memory_order_relaxed))
		return false;
	return atomic_load_explicit(&s->record_count, memory_order_relaxed) < RECORDS_PENDING_MAX ||
	       registry_snapshot(w->registry)->settings.records_when_full_drop;
}

static void port_ended(void *ctx, const struct call_ended *call)
{
	struct worker *w = ctx;
	if (registry_snapshot(w->registry)->settings.records_path[0] != '\0')
		records_add(w, call);
}

static uint32_t port_ending(void *ctx, const struct call_ended *call)
{
	struct worker *w = ctx;
	return registry_snapshot(w->registry)->settings.records_path[0] != '\0' ? records_begin(w, call) : 0;
}

static bool holds(struct bytes octets, struct bytes text)
{
	return text.len > 0 && memmem(octets.at, octets.len, text.at, text.len) != NULL;
}

static void trace_learn(struct worker *w, const struct sf_call *c)
{
	struct sf_call_info info;
	sf_call_info(c, &info);
	for (int side = 0; side < 2; side++)
		snprintf(w->traced_id[side], TRACE_KEY_MAX, "%.*s", (int)info.call_id[side].len, (const char *)info.call_id[side].at);
}

// By peer, or by the Call-ID of either leg: the other leg's is known once the call is.
static bool trace_wanted(struct worker *w, const struct trace_filter *f, peer_id peer, struct bytes octets)
{
	struct bytes key = bytes_of_string(f->call_id);
	if (f->peer != PEER_NONE)
		return f->peer == peer;
	if (key.len == 0 || holds(octets, key))
		return true;
	if (w->traced_serial != f->serial)
		memset(w->traced_id, 0, sizeof(w->traced_id));
	w->traced_serial = f->serial;
	const struct sf_call *c = sf_find_call(flow_sf(w->flow), key);
	if (c != NULL)
		trace_learn(w, c);
	return holds(octets, bytes_of_string(w->traced_id[0])) || holds(octets, bytes_of_string(w->traced_id[1]));
}

static void port_trace(void *ctx, const struct address *from, const struct address *to, bool outgoing, enum transport t,
	peer_id peer, struct bytes octets, const struct now *now)
{
	struct worker *w = ctx;
	const size_t head = offsetof(struct ipc_admin, u.traced.octets);
	const struct trace_filter *f = atomic_load_explicit(&w->home->trace, memory_order_acquire);
	if (f == NULL || octets.len > IPC_ADMIN_OCTETS_MAX || !trace_wanted(w, f, peer, octets))
		return;
	struct ipc_admin *m = w->out;
	memset(m, 0, head);
	m->version = IPC_ADMIN_VERSION;
	m->type = IPC_ADMIN_TRACED;
	m->u.traced.wall_us = now->wall_ms * 1000;
	m->u.traced.from = *from;
	m->u.traced.to = *to;
	m->u.traced.transport = (uint8_t)t;
	m->u.traced.outgoing = outgoing;
	m->u.traced.peer = peer;
	m->u.traced.len = (uint32_t)octets.len;
	memcpy(m->u.traced.octets, octets.at, octets.len);
	if (send(w->home->admin, m, head + octets.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		net_count(net_worker_counters(w->net), NET_CHANNEL_FULL, 1); // a trace may have holes; calls do not wait for it
}

static void port_random(void *ctx, void *out, size_t n)
{
	struct worker *w = ctx;
	uint8_t *to = out;
	while (n > 0) { // a system call for each tag and key would cost more than the tag
		if (w->random_left == 0) {
			randombytes_buf(w->random, sizeof(w->random));
			w->random_left = sizeof(w->random);
		}
		size_t part = n < w->random_left ? n : w->random_left;
		uint8_t *from = w->random + sizeof(w->random) - w->random_left;
		memcpy(to, from, part);
		memory_wipe(from, part); // it may be a key
		w->random_left -= (uint32_t)part;
		to += part;
		n -= part;
	}
}

static uint64_t port_clock(void *ctx)
{
	struct timespec at;
	UNUSED(ctx);
	return clock_gettime(CLOCK_MONOTONIC, &at) == 0 ? (uint64_t)at.tv_sec * SECOND + (uint64_t)at.tv_nsec / 1000 : 0;
}

struct flow_port worker_port(struct worker *w)
{
	return (struct flow_port){
		.ctx = w,
		.send = port_send,
		.close = port_close,
		.media = port_media,
		.lookup = port_lookup,
		.keep = port_keep,
		.may_record = port_may_record,
		.ended = port_ended,
		.ending = port_ending,
		.trace = port_trace,
		.random = port_random,
		.clock = port_clock,
	};
}
