// SPDX-License-Identifier: Apache-2.0
// The store in PostgreSQL: for those who have several border elements, or already keep such a server. Its tables stand in the
// schema `sallyport`, and nothing else is searched. One writer at a time by a lock on the table of change sets, which readers
// do not notice. Staged rows go by COPY into temporary tables.
#include "registry/store/backend.h"

#include "base/memory.h"
#include "registry/store/store_postgresql_schema.h"
#include "registry/store/store_postgresql_wire.h"

#include <libpq-fe.h>
#include <stdio.h>

enum { COPY_MAX = 256 * 1024, COPY_ROW_MAX = 2 * ROW_COLUMNS_MAX * ROW_TEXT_MAX };

_Static_assert(COPY_ROW_MAX < COPY_MAX, "a row fits");

static result postgresql_run(void *db, const char *sql, const struct bytes *param, uint32_t n, backend_row_h handler, void *ctx,
	uint64_t *affected, struct store_error *why)
{
	return wire_run(db, sql, param, n, handler, ctx, affected, why);
}

static void copy_forget(struct postgresql *p)
{
	memset(p->copy_len, 0, sizeof(p->copy_len));
}

static void postgresql_rollback(void *db)
{
	struct postgresql *p = db;
	struct store_error why;

	copy_forget(p);
	if (p->in_transaction && !p->broken)
		IGNORE_RESULT(wire_script(p, "ROLLBACK", &why)); // a connection that fails here is rolled back by the server
	p->in_transaction = false;
	p->wait_ms = STORE_BUSY_MS;
}

// SHARE ROW EXCLUSIVE excludes itself and all other writing of that table, not reading.
static result postgresql_begin(void *db, enum backend_begin how, struct store_error *why)
{
	static const char *const begin[] = {
		[BEGIN_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 600000",
		[BEGIN_WRITE] = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 600000; "
				"SET LOCAL work_mem = '64MB'; SET LOCAL maintenance_work_mem = '256MB'; "
				"LOCK TABLE change_set IN SHARE ROW EXCLUSIVE MODE", // waits for lock_timeout
	};
	_Static_assert(STORE_BULK_MS == 600000, "the texts above");
	struct postgresql *p = db;
	uint64_t session = p->session;

	result r = wire_script(p, begin[how], why);
	p->in_transaction = true;
	p->wait_ms = STORE_BULK_MS;
	if (is_ok(r) && how == BEGIN_WRITE && p->session != session) { // the staging tables went with the connection
		store_error_set(why, "the connection to PostgreSQL was lost and made again; try again");
		r = FAIL(E_TIMEOUT);
	}
	if (!is_ok(r))
		postgresql_rollback(p);
	return r;
}

static result postgresql_commit(void *db, struct store_error *why)
{
	struct postgresql *p = db;

	TRY(wire_script(p, "COMMIT", why));
	p->in_transaction = false;
	p->wait_ms = STORE_BUSY_MS;
	return OK;
}

// --- staging

static result copy_flush(struct postgresql *p, enum row_kind kind, struct store_error *why)
{
	char sql[SQL_MAX];
	uint32_t keys;
	const char *const *column = row_columns(kind, &keys);
	size_t len = p->copy_len[kind];

	if (len == 0)
		return OK;
	int n = snprintf(sql, sizeof(sql), "COPY stage_%s (number, op", row_kind_name(kind));
	for (uint32_t i = 0; column[i] != NULL; i++)
		n += snprintf(sql + n, sizeof(sql) - (size_t)n, ", \"%s\"", column[i]);
	snprintf(sql + n, sizeof(sql) - (size_t)n, ") FROM STDIN"); // names of columns: far below SQL_MAX
	p->copy_len[kind] = 0;
	return wire_copy(p, sql, p->copy[kind], len, why);
}

// The text format of COPY: columns end with a tab, rows with a line end, and a backslash takes what it means from them.
static size_t copy_escape(char *out, struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.at[i];
		char code = c == '\\' ? '\\' : c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : '\0';
		if (code != '\0')
			out[n++] = '\\';
		out[n++] = code != '\0' ? code : c;
	}
	return n;
}

static result postgresql_stage(void *db, enum row_kind kind, uint64_t number, uint32_t op, const struct bytes *column, uint32_t n,
	struct store_error *why)
{
	struct postgresql *p = db;
	uint32_t keys, i = 0;
	const char *const *columns = row_columns(kind, &keys);

	if (p->copy[kind] == NULL)
		p->copy[kind] = memory_alloc(COPY_MAX);
	if (p->copy[kind] == NULL) {
		store_error_set(why, "no memory left to stage rows");
		return FAIL(E_NO_MEMORY);
	}
	if (p->copy_len[kind] + COPY_ROW_MAX > COPY_MAX)
		TRY(copy_flush(p, kind, why));
	char *out = p->copy[kind] + p->copy_len[kind];
	size_t len = (size_t)snprintf(out, 64, "%llu\t%u", (unsigned long long)number, op);
	for (; columns[i] != NULL; i++) { // what a deletion does not name is empty
		out[len++] = '\t';
		len += copy_escape(out + len, i < n ? column[i] : row_column_is_number(kind, i) ? BYTES("0") : BYTES(""));
	}
	out[len++] = '\n';
	p->copy_len[kind] += len;
	return OK;
}

static result postgresql_stage_end(void *db, struct store_error *why)
{
	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++)
		TRY(copy_flush(db, k, why));
	return wire_script(db, "ANALYZE stage_peer, stage_group, stage_route, stage_range, stage_domain, stage_sed", why);
}

static result postgresql_stage_clear(void *db, struct store_error *why)
{
	return wire_script(db, "DROP INDEX IF EXISTS stage_peer_key, stage_group_key, stage_route_key, stage_range_key, "
		"stage_domain_key, stage_sed_key", why); // rows go with the commit
}

// --- opening

static bool number_h(void *ctx, const struct bytes *column)
{
	int64_t n = 0;

	for (size_t i = 0; column[0].at != NULL && i < column[0].len && n < INT32_MAX; i++)
		n = n * 10 + (column[0].at[i] - '0');
	*(int64_t *)ctx = n;
	return true;
}

static result number_ask(struct postgresql *p, const char *sql, int64_t *n, struct store_error *why)
{
	*n = 0;
	return wire_run(p, sql, NULL, 0, number_h, n, NULL, why);
}

// The version of the schema; 0: there is none yet.
static result version_ask(struct postgresql *p, int64_t *version, struct store_error *why)
{
	int64_t there, ours;

	*version = 0;
	TRY(number_ask(p, "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'sallyport'", &there, why));
	TRY(number_ask(p, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'sallyport' AND tablename = 'schema_version'",
		&ours, why));
	if (there > 0 && ours == 0) {
		store_error_set(why, "the database has a schema sallyport that is no registry; choose another database");
		return FAIL(E_CONFIG);
	}
	if (ours > 0)
		TRY(number_ask(p, "SELECT max(version) FROM sallyport.schema_version", version, why));
	if (*version > STORE_SCHEMA) {
		store_error_set(why, "the registry has schema %lld, this program knows %d; start the newer program", (long long)*version,
			STORE_SCHEMA);
		return FAIL(E_CONFIG);
	}
	return OK;
}

static result migrate_steps(struct postgresql *p, struct store_error *why)
{
	char sql[128];
	int64_t version;

	TRY(wire_script(p, "SELECT pg_catalog.pg_advisory_xact_lock(1396788313)", why)); // there is no table to lock yet: "SALY"
	TRY(version_ask(p, &version, why));                                              // another one may have been faster
	for (int64_t v = version; v < STORE_SCHEMA; v++)
		TRY(wire_script(p, postgresql_schema_step[v], why));
	snprintf(sql, sizeof(sql), "UPDATE schema_version SET version = %d", STORE_SCHEMA);
	return wire_script(p, sql, why);
}

static result migrate(struct postgresql *p, struct store_error *why)
{
	TRY(wire_script(p, "BEGIN", why));
	p->in_transaction = true;
	result r = migrate_steps(p, why);
	if (is_ok(r))
		r = postgresql_commit(p, why);
	if (!is_ok(r))
		postgresql_rollback(p);
	return r;
}

static result open_uri(struct postgresql *p, const char *uri, struct store_error *why)
{
	size_t n = strlen(uri) + 1;
	int64_t version;
	PQconninfoOption *options = PQconninfoParse(uri, NULL);

	if (options == NULL) { // libpq would repeat the URI, password and all
		store_error_set(why, "the URI of PostgreSQL is wrong; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
		return FAIL(E_UNSUPPORTED);
	}
	PQconninfoFree(options);
	p->uri = memory_alloc(n);
	if (p->uri == NULL) {
		store_error_set(why, "no memory left to open the registry");
		return FAIL(E_NO_MEMORY);
	}
	memcpy(p->uri, uri, n);
	TRY(wire_connect(p, why));
	TRY(version_ask(p, &version, why));
	if (version == STORE_SCHEMA)
		return OK;
	if (p->read_only) {
		store_error_set(why, "the registry is empty or has an older schema; open it for writing once");
		return FAIL(E_CONFIG);
	}
	return migrate(p, why);
}

static void postgresql_close(void *db)
{
	struct postgresql *p = db;

	PQfinish(p->c);
	for (uint32_t k = 0; k < ROW_KINDS; k++)
		memory_free(p->copy[k]);
	if (p->uri != NULL)
		memory_wipe(p->uri, strlen(p->uri)); // holds a password
	memory_free(p->uri);
	memory_free(p);
}

static result postgresql_open(void **db, const char *uri, bool read_only, struct store_error *why)
{
	struct postgresql *p = memory_alloc(sizeof(*p));

	*db = NULL;
	if (p == NULL) {
		store_error_set(why, "no memory left to open the registry");
		return FAIL(E_NO_MEMORY);
	}
	p->read_only = read_only;
	result r = open_uri(p, uri, why);
	if (is_ok(r))
		*db = p;
	else
		postgresql_close(p);
	return r;
}

// A connection that was lost is made again here, where no transaction is under way.
static uint64_t postgresql_session(void *db)
{
	struct postgresql *p = db;
	struct store_error why;

	IGNORE_RESULT(wire_ready(p, &why)); // what follows fails for the same reason, and tells
	return p->session;
}

const struct backend store_postgresql = {
	.scheme = "postgresql://",
	.sequence = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
	.text = "TEXT COLLATE \"C\"",
	.stage_tail = " ON COMMIT DELETE ROWS",
	.after_bulk = "ANALYZE @T, journal, change_set", // else small change sets are planned for the table as it was
	.open = postgresql_open,
	.close = postgresql_close,
	.session = postgresql_session,
	.begin = postgresql_begin,
	.commit = postgresql_commit,
	.rollback = postgresql_rollback,
	.run = postgresql_run,
	.stage = postgresql_stage,
	.stage_end = postgresql_stage_end,
	.stage_clear = postgresql_stage_clear,
};
