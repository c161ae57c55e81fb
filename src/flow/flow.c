// SPDX-License-Identifier: Apache-2.0
// One worker's flow: takes a message in, walks it through the gates, acts on the verdict.
#include "flow/flow.h"

#include "base/memory.h"
#include "flow/lookup.h"
#include "flow/media.h"
#include "flow/state.h"
#include "flow/walk.h"

static result parts_new(struct flow *f, const struct now *now)
{
	f->counters.refused_by_peer = memory_array(PEERS_MAX, sizeof(*f->counters.refused_by_peer));
	f->counters.media_by_peer = memory_array(PEERS_MAX, sizeof(*f->counters.media_by_peer));
	REQUIRE(f->counters.refused_by_peer != NULL && f->counters.media_by_peer != NULL, E_NO_MEMORY);
	TRY(lrf_memory_new(&f->dead_targets));
	uint32_t first;
	f->config.port.random(f->config.port.ctx, &first, sizeof(first));
	TRY(flow_lookups_new(&f->lookups, f->config.secret, first));
	f->harvest = memory_array(PEERS_MAX, sizeof(*f->harvest));
	REQUIRE(f->harvest != NULL, E_NO_MEMORY);
	TRY(flow_media_new(&f->media, f->config.max_calls));
	flow_media_hide(f->media, flow_snapshot(f));
	struct sf_config sf = {
		.worker = f->config.worker,
		.max_calls = f->config.max_calls,
		.max_transactions = f->config.max_transactions,
		.keys = f->config.keys,
		.registry = f->registry,
		.port = flow_sf_port(f),
	};
	memcpy(sf.secret, f->config.secret, sizeof(sf.secret));
	return sf_new(&f->sf, &sf, now);
}

result flow_new(struct flow **out, const struct flow_config *config, const struct now *now)
{
	struct flow *f = memory_alloc(sizeof(*f));
	REQUIRE(f != NULL, E_NO_MEMORY);
	f->config = *config;
	f->registry = config->registry;
	f->now = now;
	f->config.port.random(f->config.port.ctx, &f->seed, sizeof(f->seed));
	result r = parts_new(f, now);
	if (!is_ok(r)) {
		flow_free(f);
		return r;
	}
	*out = f;
	return OK;
}

void flow_free(struct flow *f)
{
	if (f == NULL)
		return;
	sf_free(f->sf);
	flow_media_free(f->media);
	lrf_memory_free(f->dead_targets);
	flow_lookups_free(f->lookups);
	memory_free(f->harvest);
	memory_free(f->counters.refused_by_peer);
	memory_free(f->counters.media_by_peer);
	memory_free(f);
}

void flow_set_registry(struct flow *f, const struct registry *r)
{
	f->registry = r;
	sf_set_registry(f->sf, r);
	flow_lookups_clear(f->lookups);
	lrf_memory_clear(f->dead_targets); // nothing is sent to what is provisioned no more
	flow_media_hide(f->media, registry_snapshot(r));
}

void flow_trace_in(struct flow *f)
{
	const struct flow_port *port = &f->config.port;
	const struct passage *p = f->untraced;
	f->untraced = NULL;
	if (port->trace != NULL && p != NULL)
		port->trace(port->ctx, &p->origin->remote, &p->origin->local, false, p->origin->transport, p->peer,
			bytes_make(p->octets, p->size), p->now);
}

static void act(struct flow *f, const struct passage *p, const struct verdict *v)
{
	if (v->action == VERDICT_REPLY && p->msg->is_request)
		sf_refuse(f->sf, p->msg, p->origin, v, p->peer, p->plan.sed.peer);
	if (v->action == VERDICT_CLOSE && transport_is_stream(p->origin->transport))
		f->config.port.close(f->config.port.ctx, p->origin, v->reason);
}

// What each gate fills in before others read it (query, target, plan, marks) is left as it is: 4 KiB a message.
static void passage_begin(struct passage *p, struct flow *f, const struct origin *origin, const uint8_t *octets,
	uint32_t size, const struct now *now)
{
	f->now = now;
	p->flow = f;
	p->now = now;
	p->origin = origin;
	p->octets = octets;
	p->size = size;
	p->msg = &f->msg;
	p->fault = (struct sip_fault){0};
	p->told = size > 7 && memcmp(octets, "INVITE ", 7) == 0;
	p->dry = p->again = false;
	p->peer = PEER_NONE;
	p->policy = NULL;
	p->tx = NULL;
	p->dialog = (struct sf_dialog_ref){0};
	p->plan.sed.peer = PEER_NONE;
	p->target.peer = 0; // whom a look-up that is switched off would find (flow_gate_off)
	p->target.group = GROUP_NONE;
	p->target.domain[0] = p->target.rn[0] = '\0';
	p->target.npdi = 0;
	p->caller[0] = p->called[0] = '\0';
	p->trail.count = p->trail.reasons = 0;
}

void flow_receive(struct flow *f, const struct origin *origin, const uint8_t *octets, uint32_t size,
	const struct now *now)
{
	struct passage p;
	passage_begin(&p, f, origin, octets, size, now);
	atomic_fetch_add_explicit(&f->counters.received, 1, memory_order_relaxed);
	f->untraced = &p;
	struct verdict v = walk_message(&p);
	flow_trace_in(f);
	act(f, &p, &v);
}

void flow_again(struct flow *f, const struct lookup_held *m, const struct now *now)
{
	struct passage p;
	passage_begin(&p, f, &m->origin, m->octets, m->size, now);
	p.again = true;
	struct verdict v = walk_message(&p);
	act(f, &p, &v);
}

void flow_dry_run(struct flow *f, const struct origin *origin, const uint8_t *octets, uint32_t size, struct trail *trail,
	const struct now *now)
{
	struct passage p;
	passage_begin(&p, f, origin, octets, size, now);
	p.dry = p.told = true;
	struct verdict v = walk_message(&p);
	UNUSED(v); // the last mark of the trail says the same
	*trail = p.trail;
}

void flow_media(struct flow *f, const struct ipc_media *m, const struct now *now)
{
	f->now = now;
	flow_media_message(f, m, now);
}

void flow_undeliverable(struct flow *f, struct sf_cookie cookie, const struct now *now)
{
	f->now = now;
	sf_undeliverable(f->sf, cookie, now);
}

enum {
	PROBE_US = 10 * 1000 * 1000, // dead targets are asked so often: three times before they are tried anyway [us]
	PROBES_MAX = 64,             // of one round
};

// A dead target that answers OPTIONS comes back at once (LRF-A3): port.hop_result forgets it.
static void probe_dead(struct flow *f, const struct now *now)
{
	struct hop hop[PROBES_MAX];
	uint32_t n = 0;
	if (now->mono_us < f->probe_at_us)
		return;
	f->probe_at_us = now->mono_us + PROBE_US;
	while (n < PROBES_MAX && lrf_hop_dead_at(f->dead_targets, n, &hop[n]))
		n++;
	for (uint32_t i = 0; i < n; i++) // a copy: a probe that fails at once changes the list
		sf_probe(f->sf, &hop[i], now);
}

static uint64_t probe_deadline(const struct flow *f)
{
	struct hop hop;
	return lrf_hop_dead_at(f->dead_targets, 0, &hop) ? f->probe_at_us : NO_DEADLINE;
}

void flow_run(struct flow *f, const struct now *now)
{
	f->now = now;
	sf_run(f->sf, now);
	flow_media_run(f, now);
	flow_lookup_run(f, now);
	probe_dead(f, now);
}

uint64_t flow_deadline(const struct flow *f)
{
	uint64_t sf = sf_deadline(f->sf), media = flow_media_deadline(f);
	uint64_t probe = probe_deadline(f), lookup = lookup_deadline(f->lookups), first = sf < media ? sf : media;
	first = first < lookup ? first : lookup;
	return first < probe ? first : probe;
}

result flow_restore(struct flow *f, const struct sf_call_image *image, struct bytes media_image, const struct now *now)
{
	struct sf_call *call;
	f->now = now;
	TRY(sf_call_restore(f->sf, image, now, &call));
	struct sf_call_info info;
	sf_call_info(call, &info);
	struct peer_load *load = flow_load(f, info.peer[0]); // the called peer's was counted by port.admit
	if (load != NULL)
		atomic_fetch_add_explicit(&load->concurrent, 1, memory_order_relaxed);
	return media_image.len > 0 ? flow_media_restore(f, call, media_image) : OK;
}

void flow_drain(struct flow *f, bool on)
{
	sf_drain(f->sf, on);
}

void flow_gate_off(struct flow *f, enum step_id step, bool off)
{
	if (step < STEP_COUNT)
		f->gate_off[step] = off;
}

struct sf *flow_sf(struct flow *f)
{
	return f->sf;
}

void flow_gauge(struct flow *f)
{
	atomic_store_explicit(&f->counters.calls_now, sf_call_count(f->sf), memory_order_relaxed);
	atomic_store_explicit(&f->counters.transactions_now, sf_transaction_count(f->sf), memory_order_relaxed);
}

const struct flow_counters *flow_counters(const struct flow *f)
{
	return &f->counters;
}
