// SPDX-License-Identifier: Apache-2.0
// From the draft to the sealed snapshot.
//
// A peer keeps its number while the system runs: known names first, at their places; new names after them.
// A peer that is no longer configured stays at its place, removed: its live calls go on, new ones are
// refused, and no other peer can ever take over the number that its calls carry.
#include "conf/steps.h"
#include "base/memory.h"

struct plan {
	const struct conf_peer **by_id; // NULL: removed
	uint16_t *slot;                 // by id: which place on demand it is, from 1; 0: none
	uint32_t peers;
	size_t size;     // of the block [octets]
	size_t peers_at; // offset
	size_t blobs_at; // offset of the next blob
};

static size_t align16(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

static uint32_t previous_id(const struct snapshot *previous, const char *name)
{
	for (uint32_t id = 0; previous != NULL && id < previous->peer_count; id++) {
		const struct peer *p = snapshot_peer(previous, (peer_id)id);
		if (p != NULL && strcmp(p->name, name) == 0)
			return id;
	}
	return PEER_NONE;
}

static result number_peer(struct conf_load *c, struct plan *plan, const struct conf_peer *p, uint32_t slot, uint32_t *next)
{
	char name[NAME_MAX_LEN];
	uint32_t id;

	conf_slot_name(p, slot, name);
	id = previous_id(c->previous, name);
	if (id == PEER_NONE)
		id = (*next)++;
	if (id >= PEERS_MAX) {
		conf_error(c, p->node,
			"no number is left for this peer: %d names were used since the start, removed ones and places on demand "
			"included; restart",
			PEERS_MAX);
		return FAIL(E_CONFIG);
	}
	plan->by_id[id] = p;
	plan->slot[id] = (uint16_t)slot;
	return OK;
}

static result number_peers(struct conf_load *c, struct plan *plan)
{
	const struct conf_draft *d = &c->draft;
	uint32_t next = c->previous != NULL ? c->previous->peer_count : 0;

	for (uint32_t i = 0; i < d->peer_count; i++) {
		const struct conf_peer *p = &d->peer[i];
		for (uint32_t slot = p->slots > 0 ? 1 : 0; slot <= p->slots; slot++)
			TRY(number_peer(c, plan, p, slot, &next));
	}
	plan->peers = next;
	return OK;
}

static size_t trust_len(const struct conf_load *c, const struct plan *plan, uint32_t id)
{
	const struct peer *gone;

	if (plan->by_id[id] != NULL)
		return plan->by_id[id]->trust_len;
	gone = snapshot_peer(c->previous, (peer_id)id);
	return gone != NULL ? gone->trust.len : 0;
}

static void measure(const struct conf_load *c, struct plan *plan)
{
	plan->peers_at = align16(sizeof(struct snapshot));
	plan->blobs_at = align16(plan->peers_at + (size_t)plan->peers * sizeof(struct peer));
	plan->size = plan->blobs_at + align16(c->draft.certificate_len) + align16(c->draft.anchors_len);
	for (uint32_t id = 0; id < plan->peers; id++)
		plan->size += align16(trust_len(c, plan, id));
}

static struct blob put_blob(uint8_t *block, struct plan *plan, const void *at, size_t len)
{
	struct blob b = {(uint32_t)plan->blobs_at, (uint32_t)len};

	if (len == 0)
		return (struct blob){0, 0};
	memcpy(block + plan->blobs_at, at, len);
	plan->blobs_at += align16(len);
	return b;
}

// TO is what GONE was; its trust, which it has already, stays.
static void mark_removed(struct peer *to, const struct peer *gone)
{
	struct blob trust = to->trust;

	*to = *gone;
	to->trust = trust;
	to->removed = 1;
	to->in_service = 0;
	memset(to->why_out, 0, sizeof(to->why_out));
	snprintf(to->why_out, sizeof(to->why_out), "removed from the configuration");
}

static void put_removed(
	const struct conf_load *c, struct plan *plan, uint8_t *block, struct peer *to, peer_id id)
{
	const struct peer *gone = snapshot_peer(c->previous, id);
	struct bytes trust;

	if (gone == NULL)
		return;
	trust = snapshot_blob(c->previous, gone->trust);
	to->trust = put_blob(block, plan, trust.at, trust.len);
	mark_removed(to, gone);
}

static void put_peer(
	const struct conf_load *c, struct plan *plan, uint8_t *block, struct peer *to, peer_id id)
{
	const struct conf_peer *p = plan->by_id[id];
	const struct peer *before = c->previous != NULL ? snapshot_peer(c->previous, id) : NULL;

	if (p == NULL) {
		put_removed(c, plan, block, to, id);
		return;
	}
	*to = p->peer;
	to->trust = put_blob(block, plan, p->trust, p->trust_len);
	to->blocked = before != NULL ? before->blocked : 0;
	conf_slot_name(p, plan->slot[id], to->name);
	if (!conf_slot_carry(c, to, before))
		mark_removed(to, before);
}

static void fill(const struct conf_load *c, struct plan *plan, uint8_t *block)
{
	const struct conf_draft *d = &c->draft;
	struct snapshot *s = (struct snapshot *)(void *)block;
	struct peer *peers = (struct peer *)(void *)(block + plan->peers_at);

	s->generation = c->previous != NULL ? c->previous->generation + 1 : 1;
	s->settings = d->settings;
	s->settings.certificate = put_blob(block, plan, d->certificate, d->certificate_len);
	s->settings.dns.trust_anchors = put_blob(block, plan, d->anchors, d->anchors_len);
	s->zone_count = (uint8_t)d->zone_count;
	for (uint32_t i = 0; i < d->zone_count; i++)
		s->zone[i] = d->zone[i].zone;
	s->listener_count = (uint8_t)d->listener_count;
	for (uint32_t i = 0; i < d->listener_count; i++)
		memcpy(&s->listener[i], &d->listener[i].listener, sizeof(struct listener));
	s->peer_count = (uint16_t)plan->peers;
	s->peers = (struct blob){(uint32_t)plan->peers_at, (uint32_t)(plan->peers * sizeof(struct peer))};
	for (uint32_t id = 0; id < plan->peers; id++)
		put_peer(c, plan, block, &peers[id], (peer_id)id);
}

static bool has_name(const struct conf_peer *p)
{
	for (uint32_t i = 0; i < p->target_count; i++)
		if (p->target[i].address.family == 0)
			return true;
	return false;
}

// The one name of a place on demand: its domain, when it has one.
static struct conf_name slot_name(const struct conf_load *c, const struct conf_peer *p, const struct snapshot *s, peer_id id)
{
	const struct peer *own = snapshot_peer(s, id);
	struct conf_target t = {.transport = TRANSPORT_TLS};

	if (own != NULL && !own->removed)
		memcpy(t.host, own->reach_domain, sizeof(t.host));
	return (struct conf_name){.peer = id, .want = conf_want(c, p, &t)};
}

static uint32_t names_of(const struct conf_load *c, const struct conf_peer *p, const struct snapshot *s, peer_id id, struct conf_name *out)
{
	uint32_t n = 0;

	if (p->slots > 0) {
		if (out != NULL)
			*out = slot_name(c, p, s, id);
		return 1;
	}

	if (!has_name(p))
		return 0;
	for (uint32_t i = 0; i < p->target_count; i++) {
		const struct conf_target *t = &p->target[i];
		if (out != NULL)
			out[n] = (struct conf_name){.peer = id, .want = conf_want(c, p, t), .address = t->address};
		n++;
	}
	return n;
}

static result list_names(const struct conf_load *c, const struct plan *plan, const struct snapshot *s, struct conf_private *private)
{
	uint32_t n = 0;

	for (uint32_t id = 0; id < plan->peers; id++)
		n += plan->by_id[id] != NULL ? names_of(c, plan->by_id[id], s, (peer_id)id, NULL) : 0;
	if (n == 0)
		return OK;
	private->name = memory_array(n, sizeof(*private->name));
	REQUIRE(private->name != NULL, E_NO_MEMORY);
	for (uint32_t id = 0; id < plan->peers; id++) {
		if (plan->by_id[id] != NULL)
		private->name_count +=
			names_of(c, plan->by_id[id], s, (peer_id)id, private->name + private->name_count);
	}
	return OK;
}

static result make(struct conf_load *c, struct plan *plan, struct conf_result *out)
{
	TRY(number_peers(c, plan));
	measure(c, plan);
	out->private = c->draft.private;
	out->snapshot = memory_alloc(plan->size);
	REQUIRE(out->snapshot != NULL, E_NO_MEMORY);
	out->size = plan->size;
	fill(c, plan, (uint8_t *)out->snapshot);
	snapshot_seal(out->snapshot, plan->size);
	return list_names(c, plan, out->snapshot, &out->private); // reads the peers: only a sealed one has them
}

result conf_build(struct conf_load *c, struct conf_result *out)
{
	struct plan plan = {.by_id = memory_array(PEERS_MAX, sizeof(struct conf_peer *)), .slot = memory_array(PEERS_MAX, sizeof(uint16_t))};
	result r = FAIL(E_NO_MEMORY);

	if (plan.by_id != NULL && plan.slot != NULL)
		r = make(c, &plan, out);
	memory_free(plan.by_id);
	memory_free(plan.slot);
	return r;
}
