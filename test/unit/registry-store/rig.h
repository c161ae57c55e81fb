// SPDX-License-Identifier: Apache-2.0
// A fresh registry for each test, and changes to it in one line. The same tests run on every database: a program says which.
#ifndef TEST_REGISTRY_STORE_RIG_H
#define TEST_REGISTRY_STORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "registry/store/inside.h"

struct rig {
	char uri[512];
	struct store *s;
	struct store_report r; // of the last change
	struct store_error why;
	uint64_t number; // of the last row staged
};

// Where a new, empty registry can be made; the one before is gone. Defined by the program.
void rig_fresh(char uri[512]);
// Run STATEMENT past the store, as somebody with the right to write the database would. Defined by the program.
void rig_tamper(const char *uri, const char *statement);

struct rig *rig_open(void); // a new registry, open
struct store *rig_second(struct rig *g); // another handle on it
void rig_close(struct rig *g);

void rig_begin(struct rig *g);
// Stage a row: "column=value" parted by blanks, "~" in a value is a blank.
void rig_put(struct rig *g, enum row_kind kind, const char *columns);
void rig_delete(struct rig *g, enum row_kind kind, const char *columns);
struct row rig_row(enum row_kind kind, const char *columns);
// Commit, expect FAULTS faults, and that it was applied when there are none (or HOW skips or tries).
void rig_commit(struct rig *g, enum store_commit how, uint64_t faults);
// One row in a change set of its own.
void rig_change(struct rig *g, enum row_kind kind, const char *columns, uint64_t faults);
void rig_remove(struct rig *g, enum row_kind kind, const char *columns, uint64_t faults);
// Peers a, b, c; group g (ceiling 100) with routes to a and b; range +49 of a.
void rig_world(struct rig *g);
// Is there a row with this key and these columns?
bool rig_has(struct rig *g, enum row_kind kind, const char *columns);
uint64_t rig_count(struct rig *g, enum row_kind kind);
uint64_t rig_newest(struct rig *g);
void rig_ok(struct rig *g, result r);
// The first fault told holds TEXT.
void rig_told(struct rig *g, const char *text);

// The suites; each answers the number of failed tests.
int suite_change(void);
int suite_rules(void);
int suite_journal(void);
int suite_text(void);
int suite_hard(void);
int suite_sqlite_faults(void); // for SQLite only

#endif
