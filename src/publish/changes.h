// SPDX-License-Identifier: Apache-2.0
// What must change, and the updates (RFC 2136) that change it.
//
// Each name that differs is replaced as a whole within one message, under the condition that it still holds what was read: an
// update that somebody else made in between is noticed and nothing of the message is applied (RFC2136#2.4).
#ifndef PUBLISH_CHANGES_H
#define PUBLISH_CHANGES_H

#include "publish/records.h"

enum {
	PUBLISH_BATCH_NAMES_MAX = 100,        // of one update: the server applies it at once
	PUBLISH_BATCH_OCTETS_MAX = 32 * 1024, // [octets] half of what TCP carries (RFC1035#4.2.2), an RRset more fits
	PUBLISH_RRSET_MAX = 16,               // records of one name that we would replace; ours have two
};

struct publish_change { // one name: ranges of the two lists
	uint32_t held, held_count, wanted, wanted_count;
};

struct publish_changes {
	const ldns_rr_list *held, *wanted; // NAPTR, sorted; of the caller
	struct publish_change *at;         // heap
	uint32_t count, room;
	uint32_t added, removed, unchanged; // records
};

// Compare. E_NO_MEMORY; E_TOO_MANY: a name holds more than PUBLISH_RRSET_MAX. Free OUT in any case.
MUST_USE result publish_changes_find(const ldns_rr_list *held, const ldns_rr_list *wanted, struct publish_changes *out);
void publish_changes_free(struct publish_changes *c);
// The update for changes from *NEXT on, as many as one message takes; *NEXT moves behind them. OUT is of the caller
// (ldns_pkt_free). E_NO_MEMORY.
MUST_USE result publish_changes_update(const struct publish_changes *c, const char *zone, uint32_t *next, ldns_pkt **out);

#endif
