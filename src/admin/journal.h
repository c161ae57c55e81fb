// SPDX-License-Identifier: Apache-2.0
// Who did what: each change and each trace, one JSON object a line, in audit.jsonl beside the call records, and in the
// log. Bounded by rotation (BE-5).
#ifndef ADMIN_JOURNAL_H
#define ADMIN_JOURNAL_H

#include "admin/rotate.h"

#include <sys/types.h>

enum {
	JOURNAL_FILE_MAX = 8 * 1024 * 1024, // [octets] about 40 000 actions
	JOURNAL_FILES_KEPT = 8,
};

struct journal {
	struct rotate file;
	uint64_t lost; // entries that did not reach the disk; they stand in the log
};

// RECORDS_PATH: of the call records. E_TOO_LONG.
MUST_USE result journal_init(struct journal *j, const struct disk *disk, const char *records_path);
// TARGET and OUTCOME may hold anything. E_SYSTEM, E_NO_MEMORY: it stands in the log only.
MUST_USE result journal_write(struct journal *j, uint64_t wall_ms, uid_t uid, const char *action, const char *target,
	const char *outcome);
void journal_close(struct journal *j);

#endif
