// SPDX-License-Identifier: Apache-2.0
// What one worker's flow holds; private to src/flow.
#ifndef FLOW_STATE_H
#define FLOW_STATE_H

#include "flow/flow.h"
#include "lrf/lrf.h"
#include "luf/harvest.h"

struct flow_media_table; // flow/media.c
struct flow_lookups;     // flow/lookup.h
struct lookup_held;

struct flow {
	struct flow_config config;
	const struct registry *registry;
	struct sf *sf;
	struct lrf_memory *dead_targets;
	struct flow_lookups *lookups;
	struct luf_harvest *harvest; // PEERS_MAX, of this worker
	struct flow_media_table *media;
	struct flow_counters counters;
	struct sip_msg msg;       // index of the message on its way; one at a time
	const struct now *now;    // of the event being handled, for callbacks that have none
	const struct passage *untraced; // the message on its way, until it or what it causes is traced
	bool gate_off[STEP_COUNT]; // by flow_gate_off(), for tests only
	uint64_t probe_at_us;     // next round of OPTIONS to dead targets
	uint32_t seed;            // varies the order of balanced targets
};

static inline const struct snapshot *flow_snapshot(const struct flow *f)
{
	return registry_snapshot(f->registry);
}

static inline struct peer_load *flow_load(const struct flow *f, peer_id peer)
{
	return peer < PEERS_MAX ? &f->config.load[peer] : NULL;
}

// Hand the message on its way to the trace, once: when its sender is known, before anything that it causes.
void flow_trace_in(struct flow *f);

// M has waited for the directory: walk it again, from the start.
void flow_again(struct flow *f, const struct lookup_held *m, const struct now *now);
// End what has waited too long.
void flow_lookup_run(struct flow *f, const struct now *now);
// Did it come to a listener that answers look-ups alone (flow/gate_redirect.c)?
bool passage_asks_only(const struct passage *p);
// PASS, or the end of a retransmission or CANCEL of a request that waits (flow/gate_lookup.c).
struct verdict lookup_held_already(struct passage *p);

// The half of struct sf_port that flow implements (flow/port.c).
struct sf_port flow_sf_port(struct flow *f);

// N octets of FROM as text into OUT of ROOM octets, cut where it does not fit.
static inline void text_copy(char *out, size_t room, const char *from, size_t n)
{
	n = n < room ? n : room - 1;
	memcpy(out, from, n);
	out[n] = '\0';
}

#endif
