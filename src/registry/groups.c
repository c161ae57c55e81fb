// SPDX-License-Identifier: Apache-2.0
// Reading a block of groups.
#include "registry/groups_inside.h"

#include <sodium.h>

void groups_digest(const struct groups *g, uint8_t out[GROUPS_DIGEST_LEN])
{
	crypto_generichash(out, GROUPS_DIGEST_LEN, (const uint8_t *)g + sizeof(*g), g->size - sizeof(*g), NULL, 0);
}

static const void *part(const struct groups *g, uint64_t at)
{
	return (const uint8_t *)g + at;
}

static bool place(const struct groups *g, uint64_t at, uint64_t octets)
{
	return at % 8 == 0 && at >= sizeof(*g) && at <= g->size && octets <= g->size - at;
}

static result check_names(const struct groups *g)
{
	const struct group_name *n = part(g, g->name_at);
	for (uint32_t i = 0; i < g->names; i++) {
		REQUIRE(memchr(n[i].name, 0, sizeof(n[i].name)) != NULL, E_CONFIG);
		REQUIRE(n[i].route <= g->routes && n[i].routes <= g->routes - n[i].route, E_CONFIG);
		REQUIRE(n[i].sed <= g->seds && n[i].seds <= g->seds - n[i].sed, E_CONFIG);
	}
	return OK;
}

result groups_check(const void *block, size_t size, bool deep)
{
	const struct groups *g = block;
	uint8_t digest[GROUPS_DIGEST_LEN];
	REQUIRE(size >= sizeof(*g) && g->magic == GROUPS_MAGIC && g->version == GROUPS_VERSION && g->size == size, E_CONFIG);
	REQUIRE(g->names <= GROUPS_NAMES_MAX && g->domains <= GROUPS_DOMAINS_MAX && g->seds <= GROUPS_SEDS_MAX &&
			g->routes <= GROUPS_ROUTES_MAX + GROUPS_NAMES_MAX, E_CONFIG);
	REQUIRE(place(g, g->name_at, sizeof(struct group_name) * (uint64_t)g->names), E_CONFIG);
	REQUIRE(place(g, g->route_at, sizeof(struct group_route) * (uint64_t)g->routes), E_CONFIG);
	REQUIRE(place(g, g->sed_at, sizeof(struct group_sed) * (uint64_t)g->seds), E_CONFIG);
	REQUIRE(place(g, g->domain_at, sizeof(struct group_domain) * (uint64_t)g->domains), E_CONFIG);
	REQUIRE(place(g, g->text_at, g->text_size), E_CONFIG);
	if (!deep)
		return OK;
	groups_digest(g, digest);
	REQUIRE(memcmp(digest, g->digest, sizeof(digest)) == 0, E_CONFIG);
	return check_names(g);
}

uint32_t groups_names(const struct groups *g)
{
	return g->names;
}

static const struct group_name *name_at(const struct groups *g, uint32_t target)
{
	return target < g->names ? (const struct group_name *)part(g, g->name_at) + target : NULL;
}

const char *groups_name(const struct groups *g, uint32_t target)
{
	const struct group_name *n = name_at(g, target);
	return n != NULL && memchr(n->name, 0, sizeof(n->name)) != NULL ? n->name : "";
}

// COUNT of a list of ALL from FIRST on: what is within it, and not more than MOST.
static uint32_t within(uint32_t first, uint32_t count, uint32_t all, uint32_t most)
{
	uint32_t left = first < all ? all - first : 0;
	count = count < left ? count : left;
	return count < most ? count : most;
}

uint32_t groups_routes(const struct groups *g, uint32_t target, const struct group_route **first)
{
	const struct group_name *n = name_at(g, target);
	uint32_t count = n == NULL ? 0 : within(n->route, n->routes, g->routes, GROUP_ROUTES_MAX);
	*first = count > 0 ? (const struct group_route *)part(g, g->route_at) + n->route : NULL;
	return count;
}

uint32_t groups_seds(const struct groups *g, uint32_t target, const struct group_sed **first)
{
	const struct group_name *n = name_at(g, target);
	uint32_t count = n == NULL ? 0 : within(n->sed, n->seds, g->seds, PEER_TARGETS_MAX);
	*first = count > 0 ? (const struct group_sed *)part(g, g->sed_at) + n->sed : NULL;
	return count;
}

// The order of the I-th domain against TEXT of N octets with its NUL; the pool's end ends a text that has no end.
static int order_of(const struct groups *g, const struct group_domain *d, const char *text, size_t n)
{
	uint64_t left = d->text < g->text_size ? g->text_size - d->text : 0;
	const char *own = (const char *)part(g, g->text_at) + (left > 0 ? d->text : 0);
	for (size_t i = 0; i < n; i++) {
		char c = i < left ? own[i] : '\0';
		if (c != text[i] || c == '\0')
			return (int)(uint8_t)c - (int)(uint8_t)text[i];
	}
	return 0;
}

uint32_t groups_domain(const struct groups *g, const char *domain)
{
	const struct group_domain *d = part(g, g->domain_at);
	size_t n = strnlen(domain, DOMAIN_MAX - 1) + 1;
	uint32_t low = 0, high = g->domains;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = order_of(g, &d[middle], domain, n);
		if (order == 0)
			return d[middle].target;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return TARGET_NONE;
}
