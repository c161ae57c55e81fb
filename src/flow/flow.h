// SPDX-License-Identifier: Apache-2.0
// The way of a message through the house: ordered lists of gates (flow/steps.c), walked here.
//
// One `struct flow` per worker. It owns the Signalling Function of that worker and ties the rooms together;
// only flow sees them all. Octets and `now` go in; everything that goes out passes through `struct flow_port`.
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/gcra.h"
#include "flow/steps.h"
#include "sf/call.h"
#include "sf/sf.h"
#include "terms/ipc_lookup.h"
#include "terms/ipc_media.h"

#include <stdatomic.h>

struct flow; // opaque

enum { FLOW_MEDIA_IMAGE_MAX = 3136 }; // [octets] of a call's media in its kept record; the longest plan fits

struct peer_load { // limits of one peer, shared by all workers: single atomics
	struct gcra messages;
	struct gcra calls;
	_Atomic uint32_t concurrent;
};

struct call_ended { // what a call detail record is made from; texts live during the call of flow_port.ended
	struct sf_call_info info;
	bool has_stats;
	struct media_plan plan;
	struct media_stats stats[MEDIA_STREAMS_MAX][2];
	struct trail trail;
	uint32_t place; // what flow_port.ending returned
};

struct flow_port { // the world outside, filled in by src/main or by the replay tests
	void *ctx;
	result (*send)(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie);
	void (*close)(void *ctx, const struct origin *o, const char *why);
	result (*media)(void *ctx, const struct ipc_media *m);
	// Keep (or, with a NULL image, forget) the record of the call in that slot.
	void (*keep)(void *ctx, struct pool_ref call, const struct sf_call_image *image, struct bytes media_image);
	// May a new call be recorded? Asked before a call is admitted (records full: refuse-new-calls).
	bool (*may_record)(void *ctx);
	void (*ended)(void *ctx, const struct call_ended *call);
	// One message, as it came or as it left, for `trace`. NULL: nobody listens.
	void (*trace)(void *ctx, const struct address *from, const struct address *to, bool outgoing, enum transport t,
		peer_id peer, struct bytes octets, const struct now *now);
	void (*random)(void *ctx, void *out, size_t n);
	// Monotonic time now [us], only to tell in the trail how long each gate took. NULL: not told.
	uint64_t (*clock)(void *ctx);
	// A call ended, the figures of its media come later, and then `ended`: keep what is known where a crash does not reach
	// it. Returned as call_ended.place; 0: nothing kept. May be NULL.
	uint32_t (*ending)(void *ctx, const struct call_ended *call);
	// Ask the directory what Q is about; flow_lookup_answer() follows with REQUEST, or never: the request waits DEADLINE_MS
	// at the most. E_FULL, E_CLOSED. NULL: there is no directory to ask.
	result (*lookup)(void *ctx, uint32_t request, const struct query *q, uint32_t deadline_ms);
};

struct flow_config {
	uint8_t worker;
	uint32_t max_calls, max_transactions;
	const struct registry *registry;
	struct sf_token_keys *keys;
	struct peer_load *load; // array of PEERS_MAX, shared by all workers
	struct flow_port port;
	uint8_t secret[16];
};

MUST_USE result flow_new(struct flow **out, const struct flow_config *config, const struct now *now);
void flow_free(struct flow *f); // tests: a process ends with its flows
void flow_set_registry(struct flow *f, const struct registry *r);

// One datagram or framed message from ORIGIN; OCTETS are only read during the call.
void flow_receive(struct flow *f, const struct origin *origin, const uint8_t *octets, uint32_t size,
	const struct now *now);
// The directory answers REQUEST of flow_port.lookup: what waited for it is walked again.
void flow_lookup_answer(struct flow *f, uint32_t request, const struct lookup_answer *a, const struct now *now);
void flow_media(struct flow *f, const struct ipc_media *m, const struct now *now);
void flow_undeliverable(struct flow *f, struct sf_cookie cookie, const struct now *now);
void flow_run(struct flow *f, const struct now *now);
uint64_t flow_deadline(const struct flow *f); // [us]
// A call from its kept record. Its media session is believed to live on until media says otherwise.
MUST_USE result flow_restore(struct flow *f, const struct sf_call_image *image, struct bytes media_image,
	const struct now *now);

// Walk the gates for OCTETS as if PEER had sent them from its own address; nothing is sent, kept or accounted.
// TRAIL tells each step; the last mark is where it ended.
void flow_dry_run(struct flow *f, const struct origin *origin, const uint8_t *octets, uint32_t size, struct trail *trail,
	const struct now *now);

// Draining: new calls get 503 with Retry-After, dialogs go on.
void flow_drain(struct flow *f, bool on);

// For threat tests only: a refusal of STEP is counted as passed over and not acted on. "source" then believes whoever
// knocks to be the first peer of the zone. Steps that the later ones stand on (syntax, the two tokens) still end the walk
// when they found nothing.
void flow_gate_off(struct flow *f, enum step_id step, bool off);

// Write the records of ended calls that still wait for the figures of their media.
void flow_media_flush(struct flow *f);

struct sf *flow_sf(struct flow *f);
const char *flow_alarm_name(uint32_t alarm); // static storage
const struct flow_counters *flow_counters(const struct flow *f);
void flow_gauge(struct flow *f); // on its worker: set the counters that say how many are alive now
// The media plan and address book of a call, for `explain` and `calls`. False when it has none.
bool flow_call_media(struct flow *f, const struct sf_call *c, struct media_plan *plan);
// The worker that owns a message: by token, else keyed hash of the Call-ID (ARCHITECTURE.md, Threads). BUF is only scanned.
uint8_t flow_owner(struct sf_token_keys *keys, const uint8_t secret[16], uint8_t workers, const uint8_t *buf, uint32_t n);

#endif
