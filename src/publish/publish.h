// SPDX-License-Identifier: Apache-2.0
// `sallyport luf publish`: make a published ENUM zone hold what the look-up function would answer (RFC6404#4.3, LUF-A2).
//
// The primary's zone is read with a signed transfer, compared, and changed by signed updates in bounded messages. Nothing is
// kept here: the zone itself is the state, so that a run that was broken off is made good by the next one.
#ifndef PUBLISH_PUBLISH_H
#define PUBLISH_PUBLISH_H

#include "conf/conf.h"
#include "publish/numbers.h"
#include "publish/records.h"
#include "publish/session.h"
#include "registry/row.h"

struct publish_report {
	uint32_t added, removed, unchanged; // records, as compared
	uint32_t outside;                   // rows that are not within the zone
	uint32_t updates, updates_done;     // messages
};

// Numbers are gathered in two passes, PUBLISH_OURS of all sources, publish_numbers_sort(), and PUBLISH_HOLES of all sources.
enum publish_pass {
	PUBLISH_OURS,  // of the peers that CONF names (`to`, else every peer of a core zone); as far as they may be told (LUF-C2)
	PUBLISH_HOLES, // everybody else's, where they lie within
};
// The numbers of peers as S has them. E_TOO_MANY, E_NO_MEMORY.
MUST_USE result publish_numbers_of(const struct conf_publish *conf, const struct snapshot *s, enum publish_pass pass,
	struct publish_numbers *out);
// A range of the registry. Groups of routes lead elsewhere: never ours.
MUST_USE result publish_numbers_add_range(const struct conf_publish *conf, const struct snapshot *s, enum publish_pass pass,
	const struct row_range *range, struct publish_numbers *out);
// Publish NUMBERS (sorted here). DRY: compare alone. OUT counts also when it fails: updates that were done stay done. WHY is
// filled in when it fails: every trouble of publish_fault.h.
MUST_USE result publish_run(const struct publish_zone *zone, struct publish_numbers *numbers, const struct publish_server *server,
	bool dry, struct publish_report *out, struct publish_fault *why);

#endif
