// SPDX-License-Identifier: Apache-2.0
// The registry: indices over one snapshot, built once per process and snapshot, read by all its workers.
//
// Look-ups allocate nothing and change nothing. Who a message comes from is answered for every peer, also
// one out of service (its live calls go on); where a call may go is answered only for peers that may take
// it, and never back into the zone it came from unless that zone is transit (SF-I12).
#include "registry/address_index.h"
#include "registry/ldr.h"
#include "registry/name_index.h"
#include "registry/number_index.h"

#include "base/memory.h"

struct registry {
	const struct snapshot *snapshot;
	struct address_index addresses;
	struct number_index numbers;
	struct name_index names;
	const struct ldr *ldr;  // NULL: the configuration alone
	peer_id *peer_of;       // by target
	uint32_t targets;
	uint32_t *target_of;    // by peer
	peer_id demand[ON_DEMAND_MAX]; // of each peer with `on_demand` the first place
	uint32_t demands;
};

static void add_demand(struct registry *r, peer_id id)
{
	const struct peer *p = snapshot_peer(r->snapshot, id);

	if (p == NULL || p->demand_below[0] == '\0' || p->removed || r->demands == ON_DEMAND_MAX)
		return;
	for (uint32_t i = 0; i < r->demands; i++) {
		const struct peer *known = snapshot_peer(r->snapshot, r->demand[i]);
		if (known->zone == p->zone && strcmp(known->demand_below, p->demand_below) == 0)
			return;
	}
	r->demand[r->demands++] = id;
}

static result build(struct registry *r)
{
	for (uint32_t id = 0; id < r->snapshot->peer_count; id++)
		add_demand(r, (peer_id)id);
	TRY(address_index_build(&r->addresses, r->snapshot));
	TRY(number_index_build(&r->numbers, r->snapshot));
	return name_index_build(&r->names, r->snapshot);
}

result registry_new(struct registry **out, const struct snapshot *s)
{
	struct registry *r = memory_alloc(sizeof(*r));
	result built;

	*out = NULL;
	REQUIRE(r != NULL, E_NO_MEMORY);
	r->snapshot = s;
	built = build(r);
	if (!is_ok(built)) {
		registry_free(r);
		return built;
	}
	*out = r;
	return OK;
}

void registry_free(struct registry *r)
{
	if (r == NULL)
		return;
	address_index_free(&r->addresses);
	number_index_free(&r->numbers);
	name_index_free(&r->names);
	memory_free(r->peer_of);
	memory_free(r->target_of);
	memory_free(r);
}

result registry_attach(struct registry *r, const struct ldr *l)
{
	uint32_t n = groups_names(l->groups);

	r->peer_of = memory_array(n + 1u, sizeof(*r->peer_of));
	r->target_of = memory_array(PEERS_MAX, sizeof(*r->target_of));
	REQUIRE(r->peer_of != NULL && r->target_of != NULL, E_NO_MEMORY);
	memset(r->target_of, 0xff, PEERS_MAX * sizeof(*r->target_of));
	for (uint32_t i = 0; i < n; i++) {
		peer_id id = registry_peer_by_name(r, groups_name(l->groups, i));
		r->peer_of[i] = id;
		if (id < PEERS_MAX)
			r->target_of[id] = i;
	}
	r->targets = n;
	r->ldr = l;
	return OK;
}

const struct ldr *registry_ldr(const struct registry *r)
{
	return r->ldr;
}

peer_id registry_peer_of(const struct registry *r, uint32_t target)
{
	return target < r->targets ? r->peer_of[target] : PEER_NONE;
}

uint32_t registry_target_of(const struct registry *r, peer_id peer)
{
	return r->target_of != NULL && peer < PEERS_MAX ? r->target_of[peer] : TARGET_NONE;
}

bool registry_takes(const struct registry *r, peer_id id, const char *number)
{
	const struct peer *p = snapshot_peer(r->snapshot, id);

	return p != NULL && (number[0] == '\0' || p->numbers_by_registry || numbers_contain(p->calls_to, p->calls_to_count, number));
}

const struct snapshot *registry_snapshot(const struct registry *r)
{
	return r->snapshot;
}

peer_id registry_peer_by_address(const struct registry *r, zone_id zone, const struct address *a)
{
	uint32_t i = address_index_find(&r->addresses, zone, a);

	return i == INDEX_NONE ? PEER_NONE : r->addresses.entry[i].peer;
}

peer_id registry_peer_by_tls_name(const struct registry *r, zone_id zone, struct bytes name)
{
	const struct name_entry *e = name_index_find(&r->names, NAME_TLS, zone, name);

	return e == NULL ? PEER_NONE : e->peer;
}

bool registry_serves(const struct registry *r, peer_id id, const struct asker *a)
{
	const struct peer *p = snapshot_peer(r->snapshot, id);

	if (p == NULL || !p->in_service || p->blocked || p->removed || peer_is_free(p) || a->zone >= r->snapshot->zone_count)
		return false;
	if (a->tell)
		return id != a->peer && (p->lookup_listed || r->snapshot->zone[p->zone].is_core);
	return p->zone != a->zone || r->snapshot->zone[a->zone].transit != 0;
}

peer_id registry_match_number(const struct registry *r, const char *number, const struct asker *a, uint32_t *length)
{
	uint32_t i;

	*length = 0;
	if (number[0] != '+' || strnlen(number, NUMBER_MAX) >= NUMBER_MAX)
		return PEER_NONE;
	for (i = number_index_find(&r->numbers, number); i != INDEX_NONE; i = r->numbers.entry[i].outer) {
		if (!registry_serves(r, r->numbers.entry[i].peer, a))
			continue;
		*length = (uint32_t)strlen(r->numbers.entry[i].digits);
		return r->numbers.entry[i].peer;
	}
	return PEER_NONE;
}

peer_id registry_peer_by_number(const struct registry *r, const char *number, zone_id from)
{
	uint32_t length;

	return registry_match_number(r, number, &(struct asker){PEER_NONE, from, false}, &length);
}

peer_id registry_match_domain(const struct registry *r, const char *domain, const struct asker *a)
{
	struct bytes name = bytes_make(domain, strnlen(domain, DOMAIN_MAX));
	const struct name_entry *e = name_index_find(&r->names, NAME_DOMAIN, 0, name);

	for (; e != NULL; e = e->next) {
		if (registry_serves(r, e->peer, a))
			return e->peer;
	}
	return PEER_NONE;
}

peer_id registry_peer_by_domain(const struct registry *r, const char *domain, zone_id from)
{
	return registry_match_domain(r, domain, &(struct asker){PEER_NONE, from, false});
}

bool peer_demands(const struct peer *p, const char *domain)
{
	size_t n = strnlen(domain, DOMAIN_MAX), below = strnlen(p->demand_below, DOMAIN_MAX);

	return below > 0 && n < DOMAIN_MAX && n > below + 1 && domain[n - below - 1] == '.' && memcmp(domain + n - below, p->demand_below, below) == 0;
}

// Ours, or a peer's: one that is blocked or out of service has it still.
static bool is_somebodys(const struct registry *r, const char *domain)
{
	const struct name_entry *e = name_index_find(&r->names, NAME_DOMAIN, 0, bytes_make(domain, strnlen(domain, DOMAIN_MAX)));

	for (; e != NULL; e = e->next)
		if (!snapshot_peer(r->snapshot, e->peer)->removed)
			return true;
	return strncmp(domain, r->snapshot->settings.domain, DOMAIN_MAX) == 0;
}

// The nearest one above DOMAIN. The first place stands for all: zone and service are the same, and a block is for one domain alone.
static peer_id demand(const struct registry *r, const char *domain, zone_id zone, bool from)
{
	const struct peer *best = NULL;
	peer_id found = PEER_NONE;

	if (r->demands == 0 || is_somebodys(r, domain))
		return PEER_NONE;
	for (uint32_t i = 0; i < r->demands; i++) {
		const struct peer *p = snapshot_peer(r->snapshot, r->demand[i]);
		bool fits = from ? p->zone != zone || r->snapshot->zone[zone].transit != 0 : p->zone == zone;
		if (!fits || !p->in_service || !peer_demands(p, domain) ||
			(best != NULL && strlen(best->demand_below) >= strlen(p->demand_below)))
			continue;
		best = p;
		found = r->demand[i];
	}
	return found;
}

peer_id registry_demand_by(const struct registry *r, const char *domain, const struct asker *a)
{
	return a->tell || a->zone >= r->snapshot->zone_count ? PEER_NONE : demand(r, domain, a->zone, true);
}

peer_id registry_demand_in(const struct registry *r, zone_id zone, const char *domain)
{
	return zone >= r->snapshot->zone_count ? PEER_NONE : demand(r, domain, zone, false);
}

peer_id registry_peer_by_name(const struct registry *r, const char *name)
{
	struct bytes key = bytes_make(name, strnlen(name, NAME_MAX_LEN));
	const struct name_entry *e = name_index_find(&r->names, NAME_PEER, 0, key);

	return e == NULL ? PEER_NONE : e->peer;
}
