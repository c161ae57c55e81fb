// SPDX-License-Identifier: Apache-2.0
// What the files of the store share among themselves, and with the tests that switch off a gate.
#ifndef REGISTRY_STORE_INSIDE_H
#define REGISTRY_STORE_INSIDE_H

#include "registry/store/sql.h"

enum { STORE_BATCH = 500 }; // entries of the journal that are held in memory at once, 1 KiB each

enum store_state { STORE_IDLE, STORE_READING, STORE_STAGING };

// Checks that a test may switch off, to show that its attack succeeds without.
enum store_gate { STORE_GATE_OWNER, STORE_GATE_COST, STORE_GATE_REFERENCE, STORE_GATE_ROW, STORE_GATES };

struct store {
	const struct backend *backend;
	void *db;
	enum store_state state;
	bool read_only;
	uint64_t staging_session; // of the database that has the staging tables; 0: none
	bool gate_off[STORE_GATES];
	// the change set under way
	char who[STORE_WHO_MAX], why[STORE_WHY_MAX];
	bool undoing, stage_failed;
	bool others[ROW_KINDS], refused[ROW_KINDS]; // delete what was not put; a row was refused before it was staged
	uint64_t put[ROW_KINDS], deleted[ROW_KINDS]; // staged
	struct store_report report;
};

void store_gate_off(struct store *s, enum store_gate gate);

// Run the template for KIND with parameters; as backend->run.
MUST_USE result store_run(struct store *s, enum row_kind kind, const char *template, const char *arg, const struct bytes *param,
	uint32_t n, backend_row_h handler, void *ctx, uint64_t *affected, struct store_error *why);

// A text of a column as a number; 0 for NULL and for what is none.
uint64_t store_number(struct bytes text);
// N as decimal text in BUF, as a parameter.
struct bytes store_number_text(uint64_t n, char buf[24]);
// A row of KIND from its columns, from FROM to before TO. E_FORGED when a column holds what no setter takes.
MUST_USE result store_row_read(struct row *row, const struct bytes *column, uint32_t from, uint32_t to, struct store_error *why);
// The same from one text of the journal, parted by tabs.
MUST_USE result store_text_row(struct row *row, struct bytes text, uint32_t from, uint32_t to, struct store_error *why);
uint32_t store_column_count(enum row_kind kind);

// Note a fault of the staged row NUMBER. E_NO_MEMORY.
MUST_USE result store_report_fault(struct store_report *r, uint64_t number, const char *format, ...) PRINTF_LIKE(3, 4);
void store_report_sort(struct store_report *r);

// Mark what may not be applied, note why. AGAIN: more passes until nothing new is found (skip-bad).
MUST_USE result store_validate(struct store *s, bool again, struct store_error *why);
// Ranges within ranges of other owners (LUF-I3). PASS marks what was found in this round.
MUST_USE result store_overlap(struct store *s, uint32_t mark, uint64_t *found, struct store_error *why);

// Count what would be written.
MUST_USE result store_journal_count(struct store *s, struct store_error *why);
// The first STORE_BATCH entries of CHANGE_SET after ENTRY, in order.
typedef bool (*store_entry_h)(void *ctx, uint64_t entry, const struct store_change *change);
MUST_USE result store_journal_entries(struct store *s, uint64_t change_set, uint64_t entry, store_entry_h handler, void *ctx,
	struct store_error *why);
// Write entries and change set for what is staged and good, count it into the report. *CHANGE_SET 0: nothing changes.
MUST_USE result store_journal_write(struct store *s, uint64_t *change_set, struct store_error *why);

#endif
