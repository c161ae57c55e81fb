// SPDX-License-Identifier: Apache-2.0
// A bounded table divided between those who fill it, so that none of them can take it all.
//
// A part of the table is kept in equal shares for everybody. Below its share an owner is always let in; above it only as long
// as the shares of the others stay free. One alone so gets nearly everything, many at once get at least their share, and
// whatever any number of them do, an owner that holds little finds room. One counter for each owner, no lock: a table
// belongs to one worker.
#ifndef BASE_SHARE_H
#define BASE_SHARE_H

#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>

enum { SHARE_KEPT = 8 }; // one eighth of a table is kept: enough for some calls of each, and little that lies idle

struct share {
	uint32_t max;        // places of the table
	uint32_t used;       // places taken, by whomever
	uint32_t owners_max; // owners are numbered below it
	uint32_t *of;        // places taken by each
};

// For a table of MAX places and owners 0 to OWNERS_MAX - 1. E_NO_MEMORY.
MUST_USE result share_new(struct share *s, uint32_t max, uint32_t owners_max);
// Also of one that was never made (all zero).
void share_free(struct share *s);
// May OWNER take one more place, when there are OWNERS of them (at least 1)? An owner that is none is let in while there
// is room: what nobody asked for is our own.
bool share_left(const struct share *s, uint32_t owner, uint32_t owners);
// A place is taken, or given back, by OWNER; one above the owners' numbers counts for the whole only.
void share_take(struct share *s, uint32_t owner);
void share_give(struct share *s, uint32_t owner);

#endif
