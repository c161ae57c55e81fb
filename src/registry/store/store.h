// SPDX-License-Identifier: Apache-2.0
// The registry's database behind one interface: SQLite by default, PostgreSQL when configured.
//
// All changes are change sets: staged, validated as a whole, then applied in one transaction together with their journal
// entries, or not at all (LUF-I3, LRF-I4). The journal is chained by hashes: each change set's hash covers its entries (who,
// when, before, after) and the hash before it, so that one that was altered shows. Other processes see a change set by
// its number: they ask for the newest, and read what was changed since.
#ifndef REGISTRY_STORE_STORE_H
#define REGISTRY_STORE_STORE_H

#include "registry/row.h"

enum {
	STORE_SCHEMA = 1,        // of this build; older ones are migrated at opening, newer ones refused
	STORE_BUSY_MS = 5000,    // wait for another writer at the most
	STORE_FAULTS_MAX = 1000, // of one change set that are told; the rest is counted
	STORE_WHO_MAX = 64,
	STORE_WHY_MAX = 160,
	STORE_HASH_LEN = 32,     // BLAKE2b-256
	STORE_ERROR_MAX = 256,
};

struct store; // one open database, of one thread

struct store_error { // for people: what failed, and how to mend
	char text[STORE_ERROR_MAX];
};

// Open URI: "sqlite:PATH" (made when absent, WAL, 0600) or "postgresql://..." (a libpq URI). READ_ONLY: neither made nor
// migrated. E_UNSUPPORTED: no such kind; E_NOT_FOUND: not there, gone, not reached; E_CONFIG: schema is newer, or no registry; E_TIMEOUT: locked or hung;
// E_FULL: disk; E_FORGED: a row that no setter takes; E_NO_MEMORY; E_SYSTEM: anything else (read-only, damaged).
// WHY tells. No handler below may call the same store again.
MUST_USE result store_open(struct store **out, const char *uri, bool read_only, struct store_error *why);
void store_close(struct store *s);

// Number of the newest change set, 0 when there is none. Cheap: asked several times a second. Errors as store_open.
MUST_USE result store_newest(struct store *s, uint64_t *change_set, struct store_error *why);

// Every row of KIND in the order of its key, as of one change set (*CHANGE_SET, when not NULL, is set to it): one read
// transaction. ROW is valid during the call; false ends it early.
typedef bool (*store_row_h)(void *ctx, const struct row *row);
MUST_USE result store_read_begin(struct store *s, uint64_t *change_set, struct store_error *why);
MUST_USE result store_each(struct store *s, enum row_kind kind, store_row_h handler, void *ctx, struct store_error *why);
void store_read_end(struct store *s);
// The row with the key of ROW; E_NOT_FOUND.
MUST_USE result store_get(struct store *s, const struct row *key, struct row *out, struct store_error *why);

struct store_change { // one entry of the journal
	uint64_t change_set;
	uint64_t at_ms;        // wall clock
	char who[STORE_WHO_MAX];
	char why[STORE_WHY_MAX];
	bool has_before, has_after; // put: after; delete: before only
	struct row before, after;
};
typedef bool (*store_change_h)(void *ctx, const struct store_change *change);
// What was changed by change sets after SINCE, in order, at most MOST entries, never a change set in part; *LAST is the last
// change set told, SINCE when there is none. E_TOO_MANY: the next change set alone has more than MOST (read everything instead).
MUST_USE result store_changes(struct store *s, uint64_t since, uint32_t most, store_change_h handler, void *ctx,
	uint64_t *last, struct store_error *why);

// --- change sets

struct store_fault {
	uint64_t number;  // as given to store_put or store_delete, e.g. the line of a file; 0: deleted for not being named;
			  // of an undo: the entry of the journal
	struct row_fault fault;
};

struct store_report {
	uint64_t put, changed, unchanged, deleted; // rows: new, other than before, as before, gone; of a refused set: what would be
	uint64_t faults;                           // rows refused; the first STORE_FAULTS_MAX stand in `fault`
	struct store_fault *fault;                 // owned by the report: store_report_free()
	uint32_t told;
	uint64_t change_set;                       // its number when applied; 0: nothing was to be changed
	bool applied;
	uint8_t hash[STORE_HASH_LEN];              // of the change set and all before it: note it elsewhere, e.g. in the log
};
void store_report_free(struct store_report *r);

// Begin staging. WHO: the person (user name); WHY: what it is for. One at a time per store. E_TIMEOUT when another holds the
// write lock too long.
MUST_USE result store_begin(struct store *s, const char *who, const char *why_changed, struct store_error *why);
// Stage one row; NUMBER (at most INT64_MAX) is told with its faults. Rows of one key may stand once: the second is a fault. A
// row that row_check() refuses is a fault of the change set, not an error here. After an error nothing can be committed.
MUST_USE result store_put(struct store *s, uint64_t number, const struct row *row, struct store_error *why);
// Tell of a row of KIND that was refused by row_set(): it counts as a fault, and none of KIND is deleted as an "other".
MUST_USE result store_refuse(struct store *s, uint64_t number, enum row_kind kind, const struct row_fault *fault);
MUST_USE result store_delete(struct store *s, uint64_t number, const struct row *key, struct store_error *why);
// Stage the deletion of every row of KIND that was not put in this change set (the file is the whole truth).
MUST_USE result store_delete_others(struct store *s, enum row_kind kind, struct store_error *why);

enum store_commit {
	STORE_ALL_OR_NOTHING, // any fault: nothing is applied
	STORE_SKIP_BAD,       // rows with faults are left out, and what depended on them
	STORE_DRY,            // validate and count, apply nothing (diff)
};
// Validate what is staged against what is there, apply, journal, end. Checked: the same key twice; a reference to a peer or
// group that is not there (also by deletion); a range within another owner's range unless it is one ported number with rn
// (LUF-I3); a route above its group's cost ceiling (LRF-I4). OK also when faults forbade it: see REPORT->applied.
MUST_USE result store_commit(struct store *s, enum store_commit how, struct store_report *report, struct store_error *why);
void store_rollback(struct store *s);
// Undo change set N as a new change set: refused with faults where a later one has changed the same rows.
MUST_USE result store_undo(struct store *s, uint64_t change_set, const char *who, struct store_report *report,
	struct store_error *why);

// Walk the chain of hashes from the first change set. E_FORGED: *BROKEN is the first that does not fit.
MUST_USE result store_verify(struct store *s, uint64_t *broken, struct store_error *why);
// The hash of CHANGE_SET, to be compared with one that was noted elsewhere: who cuts off the end of the journal, or makes a new
// chain, is found by nothing else. E_NOT_FOUND, E_FORGED.
MUST_USE result store_hash(struct store *s, uint64_t change_set, uint8_t hash[STORE_HASH_LEN], struct store_error *why);

#endif
