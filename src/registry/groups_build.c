// SPDX-License-Identifier: Apache-2.0
// Making a block of groups from rows, in any order.
#include "registry/groups_inside.h"

#include "base/memory.h"
#include "base/table.h"

#include <sodium.h>
#include <stdlib.h>

// ---- names

struct known {
	uint32_t target;
	char name[NAME_MAX_LEN];
};

struct group_names {
	struct table *table;
	struct known **known; // by target
	uint32_t count;
};

static bool match(const void *value, struct bytes key)
{
	const struct known *k = value;
	return bytes_equal(bytes_of_string(k->name), key);
}

result group_names_new(struct group_names **out)
{
	uint8_t secret[TABLE_SECRET_LEN];
	struct group_names *n = memory_alloc(sizeof(*n));
	REQUIRE(n != NULL, E_NO_MEMORY);
	randombytes_buf(secret, sizeof(secret));
	n->known = memory_array(GROUPS_NAMES_MAX, sizeof(struct known *));
	if (n->known != NULL && is_ok(table_new(&n->table, secret, GROUPS_NAMES_MAX, match))) {
		*out = n;
		return OK;
	}
	memory_free(n->known);
	memory_free(n);
	return FAIL(E_NO_MEMORY);
}

void group_names_free(struct group_names *n)
{
	if (n == NULL)
		return;
	for (uint32_t i = 0; i < n->count; i++)
		memory_free(n->known[i]);
	table_free(n->table);
	memory_free(n->known);
	memory_free(n);
}

result group_names_put(struct group_names *n, const char *name, uint32_t *target)
{
	struct bytes key = bytes_make(name, strnlen(name, NAME_MAX_LEN - 1));
	struct known *k = table_get(n->table, key);
	if (k != NULL) {
		*target = k->target;
		return OK;
	}
	REQUIRE(n->count < GROUPS_NAMES_MAX, E_FULL);
	k = memory_alloc(sizeof(*k));
	REQUIRE(k != NULL, E_NO_MEMORY);
	k->target = n->count;
	memcpy(k->name, key.at, key.len);
	result r = table_put(n->table, bytes_of_string(k->name), k);
	if (!is_ok(r)) {
		memory_free(k);
		return r;
	}
	n->known[n->count++] = k;
	*target = k->target;
	return OK;
}

uint32_t group_names_count(const struct group_names *n)
{
	return n->count;
}

// ---- rows

struct list { // of structs of one size
	uint8_t *at;
	uint32_t count, room, most, size;
};

struct route_row {
	uint32_t group; // its target
	struct group_route route;
};
struct sed_row {
	uint32_t peer;
	struct group_sed sed;
};
struct domain_row {
	uint32_t target;
	char domain[DOMAIN_MAX];
};

struct groups_builder {
	struct group_names *names;
	uint32_t *ceiling; // by target; 0 none
	bool *is_peer;
	struct list route, sed, domain;
	uint32_t counted;  // names when its size was asked
	uint64_t text_size;
};

result groups_builder_new(struct groups_builder **out, struct group_names *names)
{
	struct groups_builder *b = memory_alloc(sizeof(*b));
	REQUIRE(b != NULL, E_NO_MEMORY);
	b->names = names;
	b->route = (struct list){.most = GROUPS_ROUTES_MAX, .size = sizeof(struct route_row)};
	b->sed = (struct list){.most = GROUPS_SEDS_MAX, .size = sizeof(struct sed_row)};
	b->domain = (struct list){.most = GROUPS_DOMAINS_MAX, .size = sizeof(struct domain_row)};
	b->ceiling = memory_array(GROUPS_NAMES_MAX, sizeof(*b->ceiling));
	b->is_peer = memory_array(GROUPS_NAMES_MAX, sizeof(*b->is_peer));
	if (b->ceiling != NULL && b->is_peer != NULL) {
		*out = b;
		return OK;
	}
	groups_builder_free(b);
	return FAIL(E_NO_MEMORY);
}

void groups_builder_free(struct groups_builder *b)
{
	if (b == NULL)
		return;
	memory_free(b->route.at);
	memory_free(b->sed.at);
	memory_free(b->domain.at);
	memory_free(b->ceiling);
	memory_free(b->is_peer);
	memory_free(b);
}

static result list_add(struct list *l, const void *item)
{
	REQUIRE(l->count < l->most, E_FULL);
	if (l->count == l->room) {
		uint32_t room = l->room == 0 ? 64 : 2 * l->room;
		uint8_t *more = memory_array(room, l->size);
		REQUIRE(more != NULL, E_NO_MEMORY);
		if (l->count > 0)
			memcpy(more, l->at, (size_t)l->count * l->size);
		memory_free(l->at);
		l->at = more;
		l->room = room;
	}
	memcpy(l->at + (size_t)l->count++ * l->size, item, l->size);
	return OK;
}

static result add_route(struct groups_builder *b, const struct row_route *r)
{
	struct route_row row = {.route = {.cost = r->cost, .priority = r->priority, .weight = r->weight}};
	TRY(group_names_put(b->names, r->group, &row.group));
	TRY(group_names_put(b->names, r->peer, &row.route.peer));
	TRY(row_hours_parse(bytes_of_string(r->hours), &row.route.hours));
	return list_add(&b->route, &row);
}

static result add_sed(struct groups_builder *b, const struct row_sed *s)
{
	struct sed_row row = {.sed = {s->transport, s->priority, s->weight, s->address}};
	TRY(group_names_put(b->names, s->peer, &row.peer));
	return list_add(&b->sed, &row);
}

static result add_domain(struct groups_builder *b, const struct row_domain *d)
{
	struct domain_row row = {.target = 0};
	memcpy(row.domain, d->domain, strnlen(d->domain, DOMAIN_MAX - 1));
	TRY(group_names_put(b->names, d->to, &row.target));
	return list_add(&b->domain, &row);
}

result groups_builder_add(struct groups_builder *b, const struct row *row)
{
	uint32_t target;
	switch ((enum row_kind)row->kind) {
	case ROW_PEER:
		TRY(group_names_put(b->names, row->u.peer.name, &target));
		b->is_peer[target] = true;
		return OK;
	case ROW_GROUP:
		TRY(group_names_put(b->names, row->u.group.name, &target));
		b->ceiling[target] = row->u.group.cost_ceiling;
		return OK;
	case ROW_ROUTE:
		return add_route(b, &row->u.route);
	case ROW_DOMAIN:
		return add_domain(b, &row->u.domain);
	case ROW_SED:
		return add_sed(b, &row->u.sed);
	default:
		return FAIL(E_UNSUPPORTED);
	}
}

// ---- the block

static int by_group(const void *left, const void *right)
{
	const struct route_row *a = left, *b = right;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (int)a->route.priority - (int)b->route.priority;
}

static int by_peer(const void *left, const void *right)
{
	const struct sed_row *a = left, *b = right;
	if (a->peer != b->peer)
		return a->peer < b->peer ? -1 : 1;
	return (int)a->sed.priority - (int)b->sed.priority;
}

static int by_domain(const void *left, const void *right)
{
	return strcmp(((const struct domain_row *)left)->domain, ((const struct domain_row *)right)->domain);
}

static uint64_t aligned(uint64_t n)
{
	return (n + 7) & ~7ull;
}

// A peer is a route to itself: as many routes as rows and names suffice.
static struct groups layout(const struct groups_builder *b)
{
	struct groups g = {.magic = GROUPS_MAGIC, .version = GROUPS_VERSION, .names = b->counted, .seds = b->sed.count,
		.domains = b->domain.count, .text_size = b->text_size};
	g.routes = b->route.count + b->counted;
	g.name_at = aligned(sizeof(g));
	g.route_at = aligned(g.name_at + sizeof(struct group_name) * (uint64_t)g.names);
	g.sed_at = aligned(g.route_at + sizeof(struct group_route) * (uint64_t)g.routes);
	g.domain_at = aligned(g.sed_at + sizeof(struct group_sed) * (uint64_t)g.seds);
	g.text_at = aligned(g.domain_at + sizeof(struct group_domain) * (uint64_t)g.domains);
	g.size = aligned(g.text_at + g.text_size);
	return g;
}

static void sort(struct list *l, int (*order)(const void *, const void *))
{
	if (l->count > 1)
		qsort(l->at, l->count, l->size, order);
}

result groups_builder_size(struct groups_builder *b, size_t *size)
{
	const struct domain_row *d = (const void *)b->domain.at;
	sort(&b->route, by_group);
	sort(&b->sed, by_peer);
	sort(&b->domain, by_domain);
	b->counted = group_names_count(b->names);
	b->text_size = 0;
	for (uint32_t i = 0; i < b->domain.count; i++)
		b->text_size += strlen(d[i].domain) + 1;
	*size = layout(b).size;
	return OK;
}

static void write_routes(const struct groups_builder *b, struct groups *g, struct group_name *names)
{
	struct group_route *out = (void *)((uint8_t *)g + g->route_at);
	const struct route_row *r = (const void *)b->route.at;
	uint32_t at = 0, n = 0;
	for (uint32_t target = 0; target < g->names; target++) {
		names[target].route = n;
		for (; at < b->route.count && r[at].group == target; at++)
			if (b->ceiling[target] == 0 || r[at].route.cost <= b->ceiling[target]) // LRF-I4
				out[n++] = r[at].route;
		if (b->is_peer[target] && n == names[target].route)
			out[n++] = (struct group_route){.peer = target, .hours = {.days = 0x7f, .to_min = 1440}};
		names[target].routes = n - names[target].route;
	}
}

static void write_seds(const struct groups_builder *b, struct groups *g, struct group_name *names)
{
	struct group_sed *out = (void *)((uint8_t *)g + g->sed_at);
	const struct sed_row *r = (const void *)b->sed.at;
	for (uint32_t i = 0; i < b->sed.count; i++) {
		out[i] = r[i].sed;
		if (names[r[i].peer].seds++ == 0)
			names[r[i].peer].sed = i;
	}
}

static void write_domains(const struct groups_builder *b, struct groups *g)
{
	struct group_domain *out = (void *)((uint8_t *)g + g->domain_at);
	char *text = (char *)g + g->text_at;
	const struct domain_row *d = (const void *)b->domain.at;
	uint32_t at = 0;
	for (uint32_t i = 0; i < b->domain.count; i++) {
		size_t n = strlen(d[i].domain) + 1;
		out[i] = (struct group_domain){at, d[i].target};
		memcpy(text + at, d[i].domain, n);
		at += (uint32_t)n;
	}
}

void groups_builder_write(struct groups_builder *b, void *out)
{
	struct groups *g = out;
	struct groups head = layout(b);
	memset(out, 0, head.size);
	*g = head;
	struct group_name *names = (void *)((uint8_t *)out + g->name_at);
	for (uint32_t i = 0; i < g->names; i++)
		memcpy(names[i].name, b->names->known[i]->name, NAME_MAX_LEN);
	write_routes(b, g, names);
	write_seds(b, g, names);
	write_domains(b, g);
	groups_digest(g, g->digest);
}
