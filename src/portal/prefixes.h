// SPDX-License-Identifier: Apache-2.0
// A set of number prefixes, none of which lies within another.
#ifndef PORTAL_PREFIXES_H
#define PORTAL_PREFIXES_H

#include "registry/snapshot.h"

struct prefixes {
	uint32_t count;
	struct number_prefix list[PEER_NUMBERS_MAX];
};

// Add N prefixes of LIST; "any" is none. E_TOO_MANY.
MUST_USE result prefixes_add(struct prefixes *p, const struct number_prefix *list, uint32_t n);
void prefixes_sort(struct prefixes *p);

#endif
