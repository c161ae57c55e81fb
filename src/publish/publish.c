// SPDX-License-Identifier: Apache-2.0
// The whole publication on one screen: wanted, held, difference, updates.
#include "publish/publish.h"

#include "publish/changes.h"

static result made(const struct publish_zone *zone, struct publish_numbers *numbers, struct publish_wanted *wanted,
	struct publish_report *out, struct publish_fault *why)
{
	result r = publish_records_make(zone, numbers, wanted);
	out->outside = wanted->outside;
	if (r.error == E_NO_MEMORY)
		return publish_fail(why, PUBLISH_NO_MEMORY, "");
	if (!is_ok(r))
		return publish_fail(why, PUBLISH_TOO_MUCH, "");
	return ldns_rr_list_rr_count(wanted->records) > 0 ? OK : publish_fail(why, PUBLISH_EMPTY, "");
}

static result compared(const ldns_rr_list *held, const ldns_rr_list *wanted, struct publish_changes *c, struct publish_report *out,
	struct publish_fault *why)
{
	result r = publish_changes_find(held, wanted, c);
	if (!is_ok(r))
		return publish_fail(why, r.error == E_NO_MEMORY ? PUBLISH_NO_MEMORY : PUBLISH_TOO_MUCH, "");
	out->added = c->added;
	out->removed = c->removed;
	out->unchanged = c->unchanged;
	return OK;
}

static result sent(const char *zone, const struct publish_changes *c, const struct publish_server *server,
	struct publish_report *out, struct publish_fault *why)
{
	for (uint32_t next = 0; next < c->count;) {
		ldns_pkt *update;
		if (!is_ok(publish_changes_update(c, zone, &next, &update)))
			return publish_fail(why, PUBLISH_NO_MEMORY, "");
		out->updates++;
		result r = publish_update(server, update, why);
		ldns_pkt_free(update);
		TRY(r);
		out->updates_done++;
	}
	return OK;
}

result publish_run(const struct publish_zone *zone, struct publish_numbers *numbers, const struct publish_server *server, bool dry,
	struct publish_report *out, struct publish_fault *why)
{
	struct publish_wanted wanted = {0};
	struct publish_changes changes = {0};
	ldns_rr_list *held = NULL;
	*out = (struct publish_report){0};
	*why = (struct publish_fault){0};
	result r = made(zone, numbers, &wanted, out, why);
	if (is_ok(r))
		r = publish_transfer(server, zone->zone, &held, why);
	if (is_ok(r))
		r = compared(held, wanted.records, &changes, out, why);
	if (is_ok(r) && !dry)
		r = sent(zone->zone, &changes, server, out, why);
	publish_changes_free(&changes);
	ldns_rr_list_deep_free(held);
	ldns_rr_list_deep_free(wanted.records);
	return r;
}
