// SPDX-License-Identifier: Apache-2.0
// The small part of the registry as one position-independent block: SED groups and their routes, domains, SED records.
//
// Names of groups and peers are numbers here ("targets"): ranges refer to them. Who makes the blocks keeps the numbers: a name has the
// same one in every block of an epoch (registry/ldr.h). Made by the directory, mapped by others, every place checked on use.
#ifndef REGISTRY_GROUPS_H
#define REGISTRY_GROUPS_H

#include "registry/row.h"

enum {
	GROUPS_NAMES_MAX = 65536,    // peers and groups of one epoch, those that are gone included
	GROUPS_ROUTES_MAX = 262144,
	GROUPS_DOMAINS_MAX = 1000000,
	GROUPS_SEDS_MAX = 262144,    // 64 for each of 4096 peers
	GROUP_ROUTES_MAX = 64,       // of one group that are looked at
	TARGET_NONE = 0xffffffff,
};

struct group_route {
	uint32_t peer;     // target of the peer's name
	uint32_t cost;
	uint16_t priority, weight;
	struct row_hours hours;
};

struct group_sed {
	uint8_t transport; // enum transport
	uint16_t priority, weight;
	struct address address;
};

struct groups; // a block, read-only

// As ranges_check. E_CONFIG.
MUST_USE result groups_check(const void *block, size_t size, bool deep);
uint32_t groups_names(const struct groups *g); // targets are 0 to that less one
// "" when there is none of that number; never longer than NAME_MAX_LEN - 1.
const char *groups_name(const struct groups *g, uint32_t target);
// The routes of a group, at most GROUP_ROUTES_MAX, or the one that a peer is to itself; 0 for a name that is gone.
uint32_t groups_routes(const struct groups *g, uint32_t target, const struct group_route **first);
// SED records of a peer, at most PEER_TARGETS_MAX.
uint32_t groups_seds(const struct groups *g, uint32_t target, const struct group_sed **first);
// Where a domain (lower case) goes; TARGET_NONE.
uint32_t groups_domain(const struct groups *g, const char *domain);

// --- making one

struct group_names; // name -> target, only growing: one for an epoch
MUST_USE result group_names_new(struct group_names **out);
void group_names_free(struct group_names *n);
// The target of NAME, a new one when it has none. E_FULL: there are GROUPS_NAMES_MAX; E_NO_MEMORY.
MUST_USE result group_names_put(struct group_names *n, const char *name, uint32_t *target);
uint32_t group_names_count(const struct group_names *n);

struct groups_builder;
MUST_USE result groups_builder_new(struct groups_builder **out, struct group_names *names);
void groups_builder_free(struct groups_builder *b);
// Add a row that is no range. A route above its group's ceiling is left out (LRF-I4). E_FULL, E_NO_MEMORY.
MUST_USE result groups_builder_add(struct groups_builder *b, const struct row *row);
MUST_USE result groups_builder_size(struct groups_builder *b, size_t *size);
void groups_builder_write(struct groups_builder *b, void *out);

#endif
