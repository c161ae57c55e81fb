// SPDX-License-Identifier: Apache-2.0
// The last ended calls, so that `explain` also answers for a call that is over. Memory only; the records hold all.
//
// Kept as they came: what nobody asks for is never turned into JSON.
#ifndef ADMIN_RECENT_H
#define ADMIN_RECENT_H

#include "terms/ipc_admin.h"

enum { RECENT_MAX = 256 }; // calls of 8 KiB: 2 MiB

struct recent {
	struct ipc_admin_record *record; // RECENT_MAX of them; NULL until the first
	uint32_t count, next;            // where the next one goes: over the oldest
};

// Keep a copy of RECORD; without memory nothing is kept.
void recent_add(struct recent *r, const struct ipc_admin_record *record);
// The newest record with CALL_ID on either leg, NULL; it belongs to R, until the next recent_add.
const struct ipc_admin_record *recent_find(const struct recent *r, const char *call_id);
void recent_clear(struct recent *r);

#endif
