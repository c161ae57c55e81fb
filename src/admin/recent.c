// SPDX-License-Identifier: Apache-2.0
// A ring; searched from the newest, because a Call-ID may come twice.
#include "admin/recent.h"

#include "base/memory.h"

void recent_add(struct recent *r, const struct ipc_admin_record *record)
{
	if (r->record == NULL)
		r->record = memory_array(RECENT_MAX, sizeof(*r->record));
	if (r->record == NULL)
		return;
	r->record[r->next] = *record;
	r->next = (r->next + 1) % RECENT_MAX;
	r->count += r->count < RECENT_MAX;
}

static bool has_call_id(const struct ipc_admin_record *record, const char *call_id)
{
	for (int side = 0; side < 2; side++)
		if (strncmp(record->call.call_id[side], call_id, IPC_ADMIN_ID_MAX) == 0)
			return true;
	return false;
}

const struct ipc_admin_record *recent_find(const struct recent *r, const char *call_id)
{
	for (uint32_t i = 1; call_id[0] != '\0' && i <= r->count; i++) {
		const struct ipc_admin_record *record = &r->record[(r->next + RECENT_MAX - i) % RECENT_MAX];
		if (has_call_id(record, call_id))
			return record;
	}
	return NULL;
}

void recent_clear(struct recent *r)
{
	memory_free(r->record);
	*r = (struct recent){NULL, 0, 0};
}
