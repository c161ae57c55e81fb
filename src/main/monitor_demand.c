// SPDX-License-Identifier: Apache-2.0
// Peering on demand (RFC6405): a domain that nobody has becomes a peer, if it lies below the domain of a peer with `on_demand` and
// signed DNS tells where its servers are. It takes one of the places that the snapshot has for such domains, and keeps it.
//
// Whoever asks is a child that may have been taken over: what it names is held against the configuration, the answers of the DNS
// against signatures and address ranges, and each domain is asked for once at a time.
#include "base/clock.h"
#include "base/log.h"
#include "main/control.h"
#include "main/monitor_state.h"

#include <stdio.h>
#include <string.h>

// ---- who waits

static void answer(struct monitor *m, unsigned role, uint32_t request, enum error error)
{
	struct ipc_control a = control_make(IPC_CONTROL_DEMANDED);
	const struct ipc_control q = {.request = request};
	a.error = (int32_t)error;
	if (m->child[role].control >= 0)
		monitor_answer(m, role, &a, &q, -1);
}

static void answer_all(struct monitor *m, struct demand *d, enum error error)
{
	for (uint8_t i = 0; i < d->waiting; i++)
		answer(m, d->who[i].role, d->who[i].request, error);
	d->waiting = 0;
}

static void wait_for(struct monitor *m, struct demand *d, unsigned role, const struct ipc_control *q)
{
	if (q->flag)
		return; // it looks for itself
	if (d->waiting == DEMAND_WAITING_MAX) {
		answer(m, role, q->request, E_FULL);
		return;
	}
	d->who[d->waiting].role = role;
	d->who[d->waiting++].request = q->request;
}

static void refuse(struct monitor *m, struct demand *d, enum error error, const char *why)
{
	log_write(error == E_FULL ? LOG_LEVEL_ALARM : LOG_LEVEL_WARNING, "monitor.demand-refused", LOG_STR("name", d->domain),
		LOG_STR("peer", snapshot_peer(m->conf.snapshot, d->of)->name), LOG_STR("why", why));
	answer_all(m, d, error);
	d->state = DEMAND_REFUSED;
	d->until_us = clock_now().mono_us + DEMAND_REFUSED_MS * MS;
}

// ---- places

// Is P one of the places of which OF is the first?
static bool is_place(const struct peer *p, const struct peer *of)
{
	return p != NULL && p->zone == of->zone && strcmp(p->demand_below, of->demand_below) == 0;
}

static peer_id place_free(const struct snapshot *s, peer_id of)
{
	const struct peer *first = snapshot_peer(s, of);
	for (uint32_t id = 0; first != NULL && id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, (peer_id)id);
		if (is_place(p, first) && peer_is_free(p) && p->in_service && !p->removed && !p->blocked)
			return (peer_id)id;
	}
	return PEER_NONE;
}

static bool has_tls_name(const struct peer *p, const char *domain)
{
	for (uint32_t i = 0; i < p->tls_name_count && i < PEER_TLS_NAMES_MAX; i++)
		if (strcmp(p->tls_name[i] + (strncmp(p->tls_name[i], "sip:", 4) == 0 ? 4 : 0), domain) == 0)
			return true;
	return false;
}

// Who has DOMAIN: the place that it took before, or a row of its own, which may be blocked; PEER_NONE.
static peer_id owner(const struct snapshot *s, const char *domain)
{
	for (uint32_t id = 0; id < s->peer_count; id++) {
		const struct peer *p = snapshot_peer(s, (peer_id)id);
		if (p != NULL && !p->removed && (strcmp(p->reach_domain, domain) == 0 || has_tls_name(p, domain)))
			return (peer_id)id;
	}
	return PEER_NONE;
}

// ---- a question

static struct demand *find(struct monitor *m, const char *domain)
{
	for (uint32_t i = 0; i < DEMANDS_MAX; i++)
		if (m->demand[i].state != DEMAND_NONE && strcmp(m->demand[i].domain, domain) == 0)
			return &m->demand[i];
	return NULL;
}

// A free entry, else the refusal that ends first: what is under way is never given up for what is new.
static struct demand *entry(struct monitor *m)
{
	struct demand *oldest = NULL;
	for (uint32_t i = 0; i < DEMANDS_MAX; i++) {
		struct demand *d = &m->demand[i];
		if (d->state == DEMAND_NONE)
			return d;
		if (d->state == DEMAND_REFUSED && (oldest == NULL || d->until_us < oldest->until_us))
			oldest = d;
	}
	return oldest;
}

static bool is_busy(const struct monitor *m)
{
	uint32_t asked = 0;
	for (uint32_t i = 0; i < DEMANDS_MAX; i++)
		asked += m->demand[i].state == DEMAND_ASKED;
	return asked >= DEMAND_UNDER_WAY_MAX;
}

static result locate(struct monitor *m, struct demand *d, peer_id place, uint64_t now_us)
{
	const struct conf_name *n = conf_slot_name_of(&m->conf, place);
	REQUIRE(n != NULL && m->child[ROLE_RESOLVER].ready, E_NOT_FOUND);
	d->want = n->want;
	memcpy(d->want.domain, d->domain, sizeof(d->want.domain));
	d->request = names_number(m->names);
	d->state = DEMAND_ASKED;
	d->until_us = now_us + DEMAND_LOCATE_MS * MS;
	const struct ipc_control q = monitor_question(&d->want, d->request);
	return control_send(m->child[ROLE_RESOLVER].control, &q, -1);
}

static void published(struct monitor *m, struct demand *d)
{
	d->state = DEMAND_PUBLISHED;
	d->generation = m->conf.snapshot->generation;
	d->until_us = clock_now().mono_us + DEMAND_TAKEN_MS * MS;
}

static void begin(struct monitor *m, struct demand *d, unsigned role, const struct ipc_control *q)
{
	const struct snapshot *s = m->conf.snapshot;
	peer_id has = owner(s, q->text), place = place_free(s, q->peer);
	memset(d, 0, sizeof(*d));
	d->of = q->peer;
	memcpy(d->domain, q->text, strnlen(q->text, DOMAIN_MAX - 1));
	wait_for(m, d, role, q);
	if (has != PEER_NONE && is_place(snapshot_peer(s, has), snapshot_peer(s, q->peer)))
		published(m, d);
	else if (has != PEER_NONE || strcmp(d->domain, s->settings.domain) == 0)
		refuse(m, d, E_NOT_FOUND, "it is ours, or has a row of its own");
	else if (place == PEER_NONE)
		refuse(m, d, E_FULL, "no place is free; raise on_demand.slots and reload");
	else if (!is_ok(locate(m, d, place, clock_now().mono_us)))
		refuse(m, d, E_AGAIN, "the resolver is not there");
}

void monitor_demand(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct demand *d = find(m, q->text);
	if (d != NULL && d->state == DEMAND_REFUSED && d->until_us <= clock_now().mono_us)
		d->state = DEMAND_NONE;
	if (d != NULL && d->state == DEMAND_REFUSED) {
		if (!q->flag)
			answer(m, role, q->request, E_NOT_FOUND);
	} else if (d != NULL && d->state != DEMAND_NONE) {
		wait_for(m, d, role, q);
	} else if (!is_busy(m) && (d = entry(m)) != NULL) {
		begin(m, d, role, q);
	} else if (!q->flag) {
		answer(m, role, q->request, E_FULL);
	}
}

// ---- an answer

// Only noted: a reload may be under way, which alone changes the configuration.
bool monitor_demand_located(struct monitor *m, const struct ipc_control *a)
{
	for (uint32_t i = 0; a->request != 0 && i < DEMANDS_MAX; i++) {
		struct demand *d = &m->demand[i];
		if (d->state != DEMAND_ASKED || d->request != a->request)
			continue;
		d->state = DEMAND_LOCATED;
		d->found = monitor_found(a);
		snprintf(d->story, sizeof(d->story), "%s", a->story);
		return true;
	}
	return false;
}

static bool may_have(struct monitor *m, struct demand *d)
{
	peer_id place = place_free(m->conf.snapshot, d->of);
	if (place == PEER_NONE) {
		refuse(m, d, E_FULL, "no place is free; raise on_demand.slots and reload");
		return false;
	}
	if (owner(m->conf.snapshot, d->domain) != PEER_NONE) {
		refuse(m, d, E_NOT_FOUND, "it has got a row of its own");
		return false;
	}
	if (conf_slot_ways(m->conf.snapshot, place, &d->want, d->found.way, d->found.count) > 0)
		return true;
	refuse(m, d, d->found.count > 0 ? E_POLICY : E_NOT_FOUND,
		d->found.count > 0 ? "its servers are not told by signed DNS, or lie outside known_by.addresses" : "DNS tells no server");
	return false;
}

static void take(struct snapshot *s, void *ctx)
{
	struct monitor *m = ctx;
	for (uint32_t i = 0; i < DEMANDS_MAX; i++) {
		struct demand *d = &m->demand[i];
		peer_id id = d->state == DEMAND_LOCATED ? place_free(s, d->of) : PEER_NONE;
		struct conf_name *n = id != PEER_NONE ? conf_slot_name_of(&m->conf, id) : NULL;
		if (n == NULL)
			continue; // more than there are places: refused in the next turn
		memcpy(n->want.domain, d->domain, sizeof(n->want.domain));
		conf_slot_take((struct peer *)(uintptr_t)snapshot_peer(s, id), d->domain);
	}
	monitor_set_targets(s, m);
}

// Names of places that are free after all: the edit has failed.
static void give_back(struct monitor *m)
{
	for (uint32_t i = 0; i < m->conf.private.name_count; i++) {
		struct conf_name *n = &m->conf.private.name[i];
		const struct peer *p = snapshot_peer(m->conf.snapshot, n->peer);
		if (p != NULL && peer_is_free(p))
			n->want.domain[0] = '\0';
	}
}

static void tell(struct monitor *m, struct demand *d)
{
	peer_id id = owner(m->conf.snapshot, d->domain);
	if (id == PEER_NONE)
		return;
	log_write(LOG_LEVEL_NOTICE, "monitor.demand-taken", LOG_STR("name", d->domain), LOG_STR("peer", snapshot_peer(m->conf.snapshot, id)->name),
		LOG_NUM("generation", m->conf.snapshot->generation));
	published(m, d);
}

static void take_all(struct monitor *m)
{
	uint64_t now_us = clock_now().mono_us;
	uint32_t ready = 0;
	for (uint32_t i = 0; i < DEMANDS_MAX; i++) {
		struct demand *d = &m->demand[i];
		if (d->state != DEMAND_LOCATED || !may_have(m, d))
			continue;
		if (is_ok(names_put(m->names, &d->want, &d->found, now_us, NULL)))
			names_tell(m->names, &d->want, d->story);
		ready++;
	}
	if (ready == 0)
		return;
	result r = monitor_edit(m, take, m);
	if (!is_ok(r)) {
		give_back(m);
		log_write(LOG_LEVEL_ALARM, "monitor.publish-failed", LOG_STR("why", error_name(r.error)));
	}
	for (uint32_t i = 0; i < DEMANDS_MAX; i++) {
		struct demand *d = &m->demand[i];
		if (d->state == DEMAND_LOCATED && is_ok(r))
			tell(m, d);
		else if (d->state == DEMAND_LOCATED)
			refuse(m, d, E_NO_MEMORY, "memory is short");
	}
	monitor_names_learn(m);
}

void monitor_demand_run(struct monitor *m, uint64_t now_us)
{
	take_all(m);
	for (uint32_t i = 0; i < DEMANDS_MAX; i++) {
		struct demand *d = &m->demand[i];
		bool late = d->state != DEMAND_NONE && d->until_us <= now_us;
		if (d->state == DEMAND_PUBLISHED && (late || monitor_all_have(m, d->generation))) {
			answer_all(m, d, late ? E_TIMEOUT : E_OK);
			d->state = DEMAND_NONE;
		} else if (d->state == DEMAND_ASKED && late) {
			refuse(m, d, E_TIMEOUT, "the resolver does not answer");
		} else if (d->state == DEMAND_REFUSED && late) {
			d->state = DEMAND_NONE;
		}
	}
}

uint64_t monitor_demand_deadline(const struct monitor *m)
{
	uint64_t next = NO_DEADLINE;
	for (uint32_t i = 0; i < DEMANDS_MAX; i++) {
		const struct demand *d = &m->demand[i];
		if (d->state == DEMAND_LOCATED)
			return 0;
		if (d->state != DEMAND_NONE && d->until_us < next)
			next = d->until_us;
	}
	return next;
}
