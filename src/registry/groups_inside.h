// SPDX-License-Identifier: Apache-2.0
// The layout of a block of groups; private to src/registry/groups*.c.
#ifndef REGISTRY_GROUPS_INSIDE_H
#define REGISTRY_GROUPS_INSIDE_H

#include "registry/groups.h"

enum { GROUPS_MAGIC = 0x53414c47, GROUPS_VERSION = 1, GROUPS_DIGEST_LEN = 32 };

struct group_name {
	char name[NAME_MAX_LEN];
	uint32_t route, routes; // first and how many
	uint32_t sed, seds;
};

struct group_domain {
	uint32_t text, target; // text: place in the pool of texts
};

struct groups {
	uint32_t magic, version;
	uint64_t size;
	uint32_t names, routes, seds, domains;
	uint64_t name_at, route_at, sed_at, domain_at, text_at, text_size; // [octets] from the start
	uint8_t digest[GROUPS_DIGEST_LEN]; // of all behind this head
};

void groups_digest(const struct groups *g, uint8_t out[GROUPS_DIGEST_LEN]);

#endif
