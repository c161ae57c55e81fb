// SPDX-License-Identifier: Apache-2.0
// Three questions at once, to monitor and signaller; the answer is complete when all have ended. What did not answer is
// named in "missing", and the rest is shown all the same: status must work best when something is broken.
#include "admin/inside.h"
#include "admin/text.h"
#include "base/memory.h"

struct gather {
	struct admin *admin;
	json_t *root, *processes, *counters, *peers, *missing; // all but root are borrowed from it
	uint8_t seen[PEERS_MAX / 8]; // peers that have a row
	uint32_t waiting;
	status_h done;
	void *ctx;
};

static void lacks(struct gather *g, const char *what)
{
	json_array_append_new(g->missing, json_string(what)); // out of memory: one name less
}

// Of each peer on demand (RFC6405) how many of its places are taken.
static json_t *demand_json(const struct snapshot *s)
{
	json_t *all = json_array();
	for (uint32_t first = 0; first < s->peer_count; first++) {
		const struct peer *p = snapshot_peer(s, (peer_id)first);
		json_int_t slots = 0, taken = 0;
		bool counted = p == NULL || p->demand_below[0] == '\0' || p->removed;
		for (uint32_t i = 0; !counted && i < s->peer_count; i++) {
			const struct peer *q = snapshot_peer(s, (peer_id)i);
			if (q == NULL || q->removed || q->zone != p->zone || strcmp(q->demand_below, p->demand_below) != 0)
				continue;
			counted = i < first;
			slots++;
			taken += q->reach_domain[0] != '\0';
		}
		if (!counted)
			json_array_append_new(all, json_pack("{s:s, s:s, s:I, s:I}", "below", p->demand_below, "zone", s->zone[p->zone].name,
				"slots", slots, "taken", taken));
	}
	return all;
}

static void add_rest_of_peers(struct gather *g)
{
	const struct snapshot *s = g->admin->snapshot;
	for (uint32_t i = 0; i < s->peer_count && i < PEERS_MAX; i++) {
		const struct peer *p = snapshot_peer(s, (peer_id)i);
		if ((g->seen[i / 8] >> (i % 8) & 1) != 0 || (p != NULL && peer_is_free(p)))
			continue;
		json_t *row = view_peer(s, (peer_id)i, NULL, &g->admin->config.steps, admin_now(g->admin).wall_ms);
		if (row == NULL || json_array_append_new(g->peers, row) != 0)
			lacks(g, "memory");
	}
}

static void part_ended(struct gather *g)
{
	if (--g->waiting > 0)
		return;
	if (g->peers != NULL) {
		add_rest_of_peers(g);
		json_object_set_new(g->root, "on_demand", demand_json(g->admin->snapshot));
	}
	g->done(g->ctx, g->root);
	memory_free(g);
}

// The resolver has no configuration; only signer and portal have a tally.
static json_t *process_json(const struct ipc_control *p)
{
	json_t *o = json_pack("{s:s, s:i, s:b, s:i}", "name", process_role_name(p->role), "pid", (int)p->worker, "ready",
		(int)(p->flag != 0), "restarts", (int)p->index);
	if (p->role != ROLE_RESOLVER && p->role != ROLE_MONITOR)
		json_object_set_new(o, "generation", json_integer(p->generation));
	if (p->role == ROLE_SIGNER || p->role == ROLE_PORTAL) {
		json_object_set_new(o, p->role == ROLE_SIGNER ? "signed" : "answered", json_integer((json_int_t)p->tally[IPC_TALLY_SIGNED]));
		json_object_set_new(o, "refused", json_integer((json_int_t)p->tally[IPC_TALLY_REFUSED]));
		json_object_set_new(o, "limited", json_integer((json_int_t)p->tally[IPC_TALLY_LIMITED]));
	}
	return o;
}

static void process_h(void *ctx, const struct ask_reply *r)
{
	struct gather *g = ctx;
	if (r->end) {
		if (r->error != E_OK)
			lacks(g, "processes");
		part_ended(g);
		return;
	}
	json_array_append_new(g->processes, process_json(r->process));
}

static void counter_h(void *ctx, const struct ask_reply *r)
{
	struct gather *g = ctx;
	if (r->end) {
		if (r->error != E_OK)
			lacks(g, "counters");
		part_ended(g);
		return;
	}
	char name[IPC_ADMIN_TEXT_MAX + 1];
	if (r->row->type != IPC_ADMIN_COUNTER)
		return;
	memcpy(name, r->row->u.counter.name, IPC_ADMIN_TEXT_MAX);
	name[IPC_ADMIN_TEXT_MAX] = '\0';
	// Workers count apart: rows of one name add up.
	json_int_t have = json_integer_value(json_object_get(g->counters, name));
	json_object_set_new(g->counters, name, json_integer(have + (json_int_t)r->row->u.counter.value));
}

static void peer_h(void *ctx, const struct ask_reply *r)
{
	struct gather *g = ctx;
	if (r->end) {
		if (r->error != E_OK)
			lacks(g, "peers");
		part_ended(g);
		return;
	}
	const struct ipc_admin_peer *p = &r->row->u.peer;
	if (r->row->type != IPC_ADMIN_PEER || p->peer >= PEERS_MAX || p->peer >= g->admin->snapshot->peer_count)
		return;
	g->seen[p->peer / 8] = (uint8_t)(g->seen[p->peer / 8] | 1u << (p->peer % 8));
	json_array_append_new(g->peers, view_peer(g->admin->snapshot, p->peer, p, &g->admin->config.steps,
		admin_now(g->admin).wall_ms));
}

static void ask_signaller(struct gather *g, uint16_t type, ask_h handler, const char *name)
{
	struct admin *a = g->admin;
	*a->packet = (struct ipc_admin){.type = type};
	if (is_ok(ask_admin(&a->ask, ASK_SIGNALLER, a->packet, 0, admin_now(a).mono_us, handler, g)))
		g->waiting++;
	else
		lacks(g, name);
}

static void ask_processes(struct gather *g)
{
	struct ipc_control m = {.version = IPC_CONTROL_VERSION, .type = IPC_CONTROL_PROCESSES, .peer = PEER_NONE};
	if (is_ok(ask_monitor(&g->admin->ask, &m, admin_now(g->admin).mono_us, process_h, g)))
		g->waiting++;
	else
		lacks(g, "processes");
}

static json_t *records_json(const struct admin *a)
{
	struct cdr_counts c = a->cdr != NULL ? cdr_counts(a->cdr) : (struct cdr_counts){.failing = true};
	const char *state = a->cdr == NULL ? "off" : c.full ? "full" : c.failing ? "spilling" : "writing";
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:i, s:I, s:I}", "state", state, "written",
		(json_int_t)c.written, "spilled", (json_int_t)c.spilled, "dropped", (json_int_t)c.dropped, "failures",
		(json_int_t)c.failures, "queued", (int)c.queued, "spill_octets", (int)c.spill_octets, "files_removed",
		(json_int_t)c.removed, "errno", c.last_errno, "unreadable", (json_int_t)a->records_unreadable,
		"again", (json_int_t)a->records_again);
}

static json_t *head_json(const struct admin *a)
{
	char time[UTC_TEXT_MAX];
	return json_pack("{s:s, s:s, s:s, s:i, s:b, s:o, s:{s:I, s:I, s:I, s:I, s:I}, s:[]}", "version", a->config.version, "time",
		utc_text(admin_now(a).wall_ms, time), "domain", a->snapshot->settings.domain, "generation",
		(int)a->snapshot->generation, "draining", (int)a->draining, "records", records_json(a), "admin", "refused_requests",
		(json_int_t)a->refused_requests, "journal_lost", (json_int_t)a->journal.lost, "answers_malformed",
		(json_int_t)a->ask.lost, "answers_late", (json_int_t)a->ask.stale, "accept_errors", (json_int_t)a->accept_errors, "missing");
}

static json_t *part(json_t *root, const char *name, json_t *value)
{
	return json_object_set_new(root, name, value) == 0 ? json_object_get(root, name) : NULL;
}

static bool prepare(struct gather *g, unsigned parts)
{
	g->root = head_json(g->admin);
	g->missing = json_object_get(g->root, "missing");
	if ((parts & STATUS_PROCESSES) != 0 && (g->processes = part(g->root, "processes", json_array())) == NULL)
		return false;
	if ((parts & STATUS_COUNTERS) != 0 && (g->counters = part(g->root, "counters", json_object())) == NULL)
		return false;
	if ((parts & STATUS_PEERS) != 0 && (g->peers = part(g->root, "peers", json_array())) == NULL)
		return false;
	return g->missing != NULL;
}

void status_gather(struct admin *a, unsigned parts, status_h done, void *ctx)
{
	struct gather *g = memory_alloc(sizeof(*g));
	if (g != NULL) {
		g->admin = a;
		g->done = done;
		g->ctx = ctx;
	}
	if (g == NULL || !prepare(g, parts)) {
		if (g != NULL)
			json_decref(g->root);
		memory_free(g);
		done(ctx, NULL);
		return;
	}
	g->waiting = 1; // so that it cannot end while questions are still being put
	if (g->processes != NULL)
		ask_processes(g);
	if (g->counters != NULL)
		ask_signaller(g, IPC_ADMIN_COUNTERS, counter_h, "counters");
	if (g->peers != NULL)
		ask_signaller(g, IPC_ADMIN_PEERS, peer_h, "peers");
	part_ended(g);
}
