// SPDX-License-Identifier: Apache-2.0
// A registry on disk with two providers, for attacks on what is provisioned.
#ifndef TEST_THREAT_STORE_THREAT_H
#define TEST_THREAT_STORE_THREAT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "registry/store/inside.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct threat_store {
	char folder[64], path[96], uri[128];
	struct store *s;
	struct store_error why;
	struct row_fault fault; // the first one of the last change
};

static inline struct row threat_store_row(enum row_kind kind, const char *a, const char *b, const char *c, const char *d)
{
	const char *const value[] = {a, b, c, d};
	struct row row = {.kind = (uint8_t)kind};
	struct row_fault fault;

	for (uint32_t i = 0; i < ARRAY_LEN(value) && value[i] != NULL; i++)
		assert_true(is_ok(row_set_at(&row, i, bytes_of_string(value[i]), &fault)));
	return row;
}

// Put ROW in a change set of its own: was it applied?
static inline bool threat_store_change(struct threat_store *t, const struct row *row)
{
	struct store_report r;

	assert_true(is_ok(store_begin(t->s, "mallory", "because", &t->why)));
	assert_true(is_ok(store_put(t->s, 1, row, &t->why)));
	assert_true(is_ok(store_commit(t->s, STORE_ALL_OR_NOTHING, &r, &t->why)));
	bool applied = r.applied;
	if (r.told > 0)
		t->fault = r.fault[0].fault;
	store_report_free(&r);
	return applied;
}

// Peers a and b; a holds +49; group g costs at most 100.
static inline void threat_store_open(struct threat_store *t)
{
	*t = (struct threat_store){.folder = "/tmp/sallyport-threat-XXXXXX"};
	assert_non_null(mkdtemp(t->folder));
	snprintf(t->path, sizeof(t->path), "%s/registry", t->folder);
	snprintf(t->uri, sizeof(t->uri), "sqlite:%s", t->path);
	assert_true(is_ok(store_open(&t->s, t->uri, false, &t->why)));
	const struct row rows[] = {threat_store_row(ROW_PEER, "a", NULL, NULL, NULL), threat_store_row(ROW_PEER, "b", NULL, NULL, NULL),
		threat_store_row(ROW_GROUP, "g", "100", NULL, NULL), threat_store_row(ROW_RANGE, "+49", "0", "a", "a")};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(threat_store_change(t, &rows[i]));
}

// Write past the store, as somebody with the right to write the file would.
static inline void threat_store_tamper(const struct threat_store *t, const char *statement)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

// The four rows of the beginning stand, and the chain of the journal fits.
static inline bool threat_store_whole(struct threat_store *t)
{
	struct row range = threat_store_row(ROW_RANGE, "+49", "0", "a", "a"), peer = threat_store_row(ROW_PEER, "a", NULL, NULL, NULL), got;
	uint64_t broken;

	return is_ok(store_get(t->s, &peer, &got, &t->why)) && row_equal(&peer, &got) && is_ok(store_get(t->s, &range, &got, &t->why)) &&
	       row_equal(&range, &got) && is_ok(store_verify(t->s, &broken, &t->why));
}

static inline void threat_store_close(struct threat_store *t)
{
	static const char *const names[] = {"", "-wal", "-shm"};

	store_close(t->s);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s%s", t->path, names[i]);
		unlink(path);
	}
	rmdir(t->folder);
}

#endif
