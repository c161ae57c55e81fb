// SPDX-License-Identifier: Apache-2.0
// The last ended calls, so that `explain` also answers for a call that is over. Memory only; the records hold all.
#ifndef ADMIN_RECENT_H
#define ADMIN_RECENT_H

#include <jansson.h>
#include <stdint.h>

enum { RECENT_MAX = 256 }; // calls; a record is below 20 KiB here, so 5 MiB

struct recent {
	json_t *record[RECENT_MAX];
	uint32_t next; // where the next one goes: over the oldest
};

// Keep RECORD (a reference is taken).
void recent_add(struct recent *r, json_t *record);
// The newest record with CALL_ID on either leg, NULL; it belongs to R.
json_t *recent_find(const struct recent *r, const char *call_id);
void recent_clear(struct recent *r);

#endif
