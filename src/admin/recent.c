// SPDX-License-Identifier: Apache-2.0
// A ring; searched from the newest, because a Call-ID may come twice.
#include "admin/recent.h"

#include <string.h>

void recent_add(struct recent *r, json_t *record)
{
	json_decref(r->record[r->next]);
	r->record[r->next] = json_incref(record);
	r->next = (r->next + 1) % RECENT_MAX;
}

static int has_call_id(const json_t *record, const char *call_id)
{
	const json_t *legs = json_object_get(record, "legs");
	for (size_t side = 0; side < 2; side++) {
		const char *id = json_string_value(json_object_get(json_array_get(legs, side), "call_id"));
		if (id != NULL && strcmp(id, call_id) == 0)
			return 1;
	}
	return 0;
}

json_t *recent_find(const struct recent *r, const char *call_id)
{
	for (uint32_t i = 1; i <= RECENT_MAX; i++) {
		json_t *record = r->record[(r->next + RECENT_MAX - i) % RECENT_MAX];
		if (record != NULL && has_call_id(record, call_id))
			return record;
	}
	return NULL;
}

void recent_clear(struct recent *r)
{
	for (uint32_t i = 0; i < RECENT_MAX; i++) {
		json_decref(r->record[i]);
		r->record[i] = NULL;
	}
}
