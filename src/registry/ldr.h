// SPDX-License-Identifier: Apache-2.0
// The Local Data Repository (RFC 7877): what the registry's database says, in the memory of each process that looks up.
//
// A block of ranges, a block of groups and the changes of ranges since. The directory makes them, others map them; a new set replaces an
// old one whole (RCU), changes are added to the set in force. Blocks of one epoch number names the same way.
#ifndef REGISTRY_LDR_H
#define REGISTRY_LDR_H

#include "registry/groups.h"
#include "registry/overlay.h"

struct ldr { // a set; the parts are the owner's and outlive it
	uint32_t epoch;
	const struct ranges *ranges;
	const struct groups *groups;
	struct overlay *overlay; // written by its owner alone
};

struct ldr_found {
	uint32_t target;   // number of the group or peer it goes to
	uint32_t digits;   // how many of the number's the range has
	range_key rn;      // routing number as a key; 0 none
};

// The longest range that holds NUMBER ("+" and digits). No allocation, no lock.
bool ldr_find(const struct ldr *l, const char *number, struct ldr_found *out);

#endif
