// SPDX-License-Identifier: Apache-2.0
// What a database must be able to do for the store, as a small table of operations; two fill it in: SQLite and PostgreSQL.
// Everything above (staging, validation, journal, hashes) is shared SQL that both understand, with parameters $1, $2, ... in
// the order of their first appearance. No value ever becomes SQL text (LUF-I1): only names of kinds and columns do, which are
// static.
#ifndef REGISTRY_STORE_BACKEND_H
#define REGISTRY_STORE_BACKEND_H

#include "registry/store/store.h"

enum {
	SQL_MAX = 4096,        // octets of one statement
	SQL_COLUMNS_MAX = 16,  // of an answer
	STAGE_PUT = 1,         // column `op` of a staging table
	STAGE_DELETE = 2,
	STORE_LARGE = 20000,   // rows of one kind from which a scan of everything is cheaper than a question for each
	STORE_BULK_MS = 600000, // a statement of a change set of 10 M rows may take so long; others STORE_BUSY_MS
};

enum backend_begin { BEGIN_READ, BEGIN_WRITE };

// One row of an answer: texts, .at NULL for NULL, valid during the call. False ends the answer early. A handler runs no
// other statement on the same database.
typedef bool (*backend_row_h)(void *ctx, const struct bytes *column);

struct backend {
	const char *scheme;      // how its URIs begin
	const char *sequence;    // type of a column that counts by itself, in the order of insertion
	const char *text;        // type of text, compared by octets
	const char *stage_tail;  // after CREATE TEMP TABLE (...)
	bool stage_sorts;        // sort large staging tables, whose rows would be read here and there
	const char *after_bulk;  // template to run on a table after a large change of it; NULL: none
	// Open, check that it is a registry, make or migrate it unless READ_ONLY. On error *DB is NULL.
	result (*open)(void **db, const char *uri, bool read_only, struct store_error *why);
	void (*close)(void *db);
	uint64_t (*session)(void *db); // 1, 2, ...: another one after the connection was lost and made again
	result (*begin)(void *db, enum backend_begin how, struct store_error *why);
	result (*commit)(void *db, struct store_error *why);
	void (*rollback)(void *db);
	// Run one statement with N text parameters. HANDLER may be NULL; AFFECTED (may be NULL): rows written.
	result (*run)(void *db, const char *sql, const struct bytes *param, uint32_t n, backend_row_h handler, void *ctx,
		uint64_t *affected, struct store_error *why);
	// Add a row to the staging table of KIND: N texts, the first columns of the kind.
	result (*stage)(void *db, enum row_kind kind, uint64_t number, uint32_t op, const struct bytes *column, uint32_t n,
		struct store_error *why);
	// All staged rows are in their tables after this.
	result (*stage_end)(void *db, struct store_error *why);
	// Empty the staging tables and drop their indices, before a commit: a rollback does so by itself.
	result (*stage_clear)(void *db, struct store_error *why);
};

extern const struct backend store_sqlite, store_postgresql;

void store_error_set(struct store_error *why, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
