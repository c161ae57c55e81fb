// SPDX-License-Identifier: Apache-2.0
// Changes of ranges since the block was made: one thread writes, any number read, nobody waits.
//
// A change is written once and never altered; a slot says which one is a key's last. A reader sees it or the one before.
#ifndef REGISTRY_OVERLAY_H
#define REGISTRY_OVERLAY_H

#include "registry/ranges.h"

enum {
	OVERLAY_MAX = 1 << 18,          // changes; then a new block is due. 12 MiB with the slots
	OVERLAY_MERGE = OVERLAY_MAX / 4 * 3, // the directory makes one by then
};

struct overlay;

struct range_change {
	struct range range;
	bool gone; // the range is deleted
};

MUST_USE result overlay_new(struct overlay **out);
void overlay_free(struct overlay *o);
// Add a change. E_FULL after OVERLAY_MAX; E_SYNTAX: no key.
MUST_USE result overlay_put(struct overlay *o, const struct range_change *c);
uint32_t overlay_count(const struct overlay *o); // changes so far
// The last change of KEY; false: it is as the block says.
bool overlay_get(const struct overlay *o, range_key key, struct range_change *out);
// Is there any change of a key with DIGITS digits, or (EXACT) of one number?
bool overlay_has(const struct overlay *o, uint32_t digits, bool exact);

#endif
