// SPDX-License-Identifier: Apache-2.0
// The writer of call detail records: JSON lines, synced in batches, acknowledged when they are on disk.
//
// The signaller keeps a record until it is acknowledged, so a crash here loses none. One that was written but not yet
// acknowledged comes once more: after the start the end of the file tells it (cdr_last_written). When the file takes no more, records go to a spill file whose blocks
// were taken at the start; when that is full, the policy decides: refuse new calls, or drop and count. Each second the
// file is tried again; when it takes octets, the spill file is emptied into it and all is well by itself (BE-5).
#ifndef ADMIN_CDR_H
#define ADMIN_CDR_H

#include "admin/rotate.h"
#include "base/clock.h"

enum {
	CDR_BATCH_MAX = 64,                  // records; one sync serves them all
	CDR_BATCH_MS = 100,                  // a record is on disk that soon
	CDR_LINE_MAX = 64 * 1024,            // [octets] of one record: 24 gates and 8 streams are below 16 KiB
	CDR_QUEUE_MAX = 1024 * 1024,         // [octets] in memory; the signaller holds the rest
	CDR_FILE_MAX = 64 * 1024 * 1024,     // [octets] about 30 000 calls a file
	CDR_FILES_KEPT = 32,                 // old files: 2 GiB at the most
	CDR_SPILL_MAX = 8 * 1024 * 1024,     // [octets] about 4 000 calls
	CDR_RETRY_MS = 1000,                 // how often a file that failed is tried
};

struct cdr; // opaque

struct cdr_config {
	const char *path;
	const struct disk *disk;
	uint64_t file_max;  // [octets] usually CDR_FILE_MAX
	uint32_t files_kept;
	uint32_t spill_max; // [octets] usually CDR_SPILL_MAX
	bool drop_when_full;
	void *ctx;
	void (*ack)(void *ctx, uint32_t number);            // records up to NUMBER are safe
	// Refuse new calls; or take them again, and send everything that is not acknowledged again.
	void (*state)(void *ctx, bool full);
};

struct cdr_counts {
	uint64_t written, spilled, dropped, failures, rotated, removed;
	uint32_t queued;         // records
	uint32_t spill_octets;
	bool failing, full;
	int last_errno;          // of the last failure
};

// E_NO_MEMORY, E_TOO_LONG. A file that cannot be opened is no error here: it is tried again.
MUST_USE result cdr_new(struct cdr **out, const struct cdr_config *config);
// Flush what is queued and free.
void cdr_free(struct cdr *c, uint64_t now_us);
void cdr_set_policy(struct cdr *c, bool drop_when_full);
// Take record NUMBER; LINE is its JSON without newline. E_FULL: not taken and not acknowledged, it must be sent again
// after `state`. E_TOO_LONG: counted as dropped and acknowledged with the next.
MUST_USE result cdr_add(struct cdr *c, uint32_t number, struct bytes line, uint64_t now_us);
// Write what is due, try again what failed.
void cdr_run(struct cdr *c, uint64_t now_us);
uint64_t cdr_deadline(const struct cdr *c); // [us] or NO_DEADLINE
// The ends of the file and of the spill file, as text; NULL: there is none. The caller's, memory_free(). To be asked
// before the first cdr_run.
char *cdr_last_written(const struct cdr *c);
bool cdr_line_written(const char *written, const char *line); // a whole line of it
struct cdr_counts cdr_counts(const struct cdr *c);

#endif
