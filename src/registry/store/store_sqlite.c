// SPDX-License-Identifier: Apache-2.0
// The store in a file of SQLite: write-ahead log, one writer, readers that hold up nobody. The file is the operator's, yet it
// is not believed: no triggers, no views, no functions of the schema run (trusted_schema off, defensive on), no extensions are
// loaded, and values are bound, never written into statements (LUF-I1).
#include "registry/store/backend.h"

#include "base/memory.h"
#include "registry/store/store_sqlite_fault.h"
#include "registry/store/store_sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	LENGTH_MAX = 1 << 20, // octets of a text or statement: rows have 2 KiB
	WAL_PAUSE_MS = 20,    // [ms] between two attempts at a file that others have open
};

struct sqlite {
	sqlite3 *db;
	sqlite3_stmt *stage[ROW_KINDS][STAGE_DELETE + 1];
	dev_t device; // of the file as opened
	ino_t inode;
	char path[PATH_MAX];
};

static result fault(struct sqlite *q, int rc, struct store_error *why)
{
	return sqlite_fault(q->db, q->path, rc, why);
}

static result script(struct sqlite *q, const char *sql, struct store_error *why)
{
	int rc = sqlite3_exec(q->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? OK : fault(q, rc, why);
}

// A file that was taken away or replaced goes on to exist for us alone: what we write there is lost.
static result still_there(const struct sqlite *q, struct store_error *why)
{
	struct stat st;

	if (stat(q->path, &st) == 0 && st.st_dev == q->device && st.st_ino == q->inode)
		return OK;
	store_error_set(why, "registry %s was moved, removed or replaced while open; put it back and start again", q->path);
	return FAIL(E_NOT_FOUND);
}

// --- statements

static struct bytes column_bytes(sqlite3_stmt *st, int i)
{
	const unsigned char *text = sqlite3_column_text(st, i);

	return bytes_make(text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(st, i));
}

static result statement_run(struct sqlite *q, sqlite3_stmt *st, backend_row_h handler, void *ctx, struct store_error *why)
{
	struct bytes column[SQL_COLUMNS_MAX];
	int n = sqlite3_column_count(st), rc;

	REQUIRE(n <= SQL_COLUMNS_MAX, E_IMPOSSIBLE);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		for (int i = 0; i < n; i++)
			column[i] = column_bytes(st, i);
		if (handler != NULL && !handler(ctx, column))
			return OK;
	}
	return rc == SQLITE_DONE ? OK : fault(q, rc, why);
}

static result statement_bind(struct sqlite *q, sqlite3_stmt *st, int first, const struct bytes *param, uint32_t n, struct store_error *why)
{
	int rc = SQLITE_OK;

	for (uint32_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_text64(st, first + (int)i, (const char *)param[i].at, param[i].len, SQLITE_STATIC, SQLITE_UTF8);
	return rc == SQLITE_OK ? OK : fault(q, rc, why);
}

static result sqlite_run(void *db, const char *sql, const struct bytes *param, uint32_t n, backend_row_h handler, void *ctx,
	uint64_t *affected, struct store_error *why)
{
	struct sqlite *q = db;
	sqlite3_stmt *st = NULL;

	if (sqlite3_get_autocommit(q->db))
		TRY(still_there(q, why));
	int rc = sqlite3_prepare_v2(q->db, sql, -1, &st, NULL);
	if (rc != SQLITE_OK)
		return fault(q, rc, why);
	result r = statement_bind(q, st, 1, param, n, why);
	if (is_ok(r))
		r = statement_run(q, st, handler, ctx, why);
	if (affected != NULL)
		*affected = (uint64_t)sqlite3_changes64(q->db);
	sqlite3_finalize(st); // its error was told by the step
	return r;
}

static result sqlite_begin(void *db, enum backend_begin how, struct store_error *why)
{
	struct sqlite *q = db;

	TRY(still_there(q, why));
	return script(q, how == BEGIN_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", why);
}

static result sqlite_commit(void *db, struct store_error *why)
{
	struct sqlite *q = db;

	TRY(still_there(q, why));
	return script(q, "COMMIT", why);
}

static void stage_finalize(struct sqlite *q)
{
	for (uint32_t k = 0; k < ROW_KINDS; k++) {
		for (uint32_t op = 0; op <= STAGE_DELETE; op++) {
			sqlite3_finalize(q->stage[k][op]);
			q->stage[k][op] = NULL;
		}
	}
}

static void sqlite_rollback(void *db)
{
	struct sqlite *q = db;

	stage_finalize(q);
	if (!sqlite3_get_autocommit(q->db))
		sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
}

// --- staging

static result stage_prepare(struct sqlite *q, enum row_kind kind, uint32_t op, uint32_t n, struct store_error *why)
{
	char sql[SQL_MAX];
	uint32_t keys;
	const char *const *column = row_columns(kind, &keys);
	int len = snprintf(sql, sizeof(sql), "INSERT INTO temp.stage_%s (number, op", row_kind_name(kind));

	for (uint32_t i = 0; i < n; i++)
		len += snprintf(sql + len, sizeof(sql) - (size_t)len, ", \"%s\"", column[i]);
	len += snprintf(sql + len, sizeof(sql) - (size_t)len, ") VALUES (?, ?");
	for (uint32_t i = 0; i < n; i++)
		len += snprintf(sql + len, sizeof(sql) - (size_t)len, ", ?");
	snprintf(sql + len, sizeof(sql) - (size_t)len, ")"); // names of columns: far below SQL_MAX
	int rc = sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->stage[kind][op], NULL);
	return rc == SQLITE_OK ? OK : fault(q, rc, why);
}

static result sqlite_stage(void *db, enum row_kind kind, uint64_t number, uint32_t op, const struct bytes *column, uint32_t n,
	struct store_error *why)
{
	struct sqlite *q = db;

	if (q->stage[kind][op] == NULL)
		TRY(stage_prepare(q, kind, op, n, why));
	sqlite3_stmt *st = q->stage[kind][op];
	sqlite3_bind_int64(st, 1, (int64_t)number);
	sqlite3_bind_int64(st, 2, op);
	TRY(statement_bind(q, st, 3, column, n, why));
	int rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		return fault(q, rc, why);
	sqlite3_reset(st);
	return OK;
}

static result sqlite_stage_end(void *db, struct store_error *why)
{
	UNUSED(why);
	stage_finalize(db);
	return OK;
}

static result sqlite_stage_clear(void *db, struct store_error *why)
{
	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
		char sql[128];
		snprintf(sql, sizeof(sql), "DROP INDEX IF EXISTS temp.stage_%s_key; DELETE FROM temp.stage_%s", row_kind_name(k),
			row_kind_name(k));
		TRY(script(db, sql, why));
	}
	return OK;
}

// --- opening

static bool number_h(void *ctx, const struct bytes *column)
{
	int64_t n = 0;

	for (size_t i = 0; i < column[0].len; i++) // application_id may be negative: then it is none of ours
		n = column[0].at[i] == '-' ? INT32_MIN : n * 10 + (column[0].at[i] - '0');
	*(int64_t *)ctx = n;
	return true;
}

static result number_ask(struct sqlite *q, const char *sql, int64_t *n, struct store_error *why)
{
	*n = 0;
	return sqlite_run(q, sql, NULL, 0, number_h, n, NULL, why);
}

struct state {
	int64_t id, version, objects;
};

static result state_ask(struct sqlite *q, struct state *st, struct store_error *why)
{
	TRY(number_ask(q, "PRAGMA application_id", &st->id, why));
	TRY(number_ask(q, "PRAGMA user_version", &st->version, why));
	return number_ask(q, "SELECT count(*) FROM sqlite_schema", &st->objects, why);
}

// Is it ours, or empty? *OLD: it must be migrated.
static result state_check(const struct sqlite *q, const struct state *st, bool *old, struct store_error *why)
{
	bool empty = st->id == 0 && st->version == 0 && st->objects == 0;

	if (!empty && st->id != SQLITE_SCHEMA_ID) {
		store_error_set(why, "%s is a database, but no registry; check the path", q->path);
		return FAIL(E_CONFIG);
	}
	if (st->version > STORE_SCHEMA) {
		store_error_set(why, "registry %s has schema %lld, this program knows %d; start the newer program", q->path,
			(long long)st->version, STORE_SCHEMA);
		return FAIL(E_CONFIG);
	}
	*old = st->version < STORE_SCHEMA;
	return OK;
}

static result migrate(struct sqlite *q, struct store_error *why)
{
	char sql[128];
	struct state st;
	bool old;

	TRY(script(q, "BEGIN IMMEDIATE", why));
	TRY(state_ask(q, &st, why)); // again: another process may have been faster
	TRY(state_check(q, &st, &old, why));
	for (int64_t v = st.version; v < STORE_SCHEMA; v++)
		TRY(script(q, sqlite_schema_step[v], why));
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", SQLITE_SCHEMA_ID, STORE_SCHEMA);
	return script(q, sql, why);
}

// synchronous=FULL: a change set that was reported as applied is there after a power cut; there are few of them.
// temp_store=FILE: staging takes disk, not memory. cache_size: 64 MiB, so that large change sets spill seldom.
#define SETTINGS                                                                                             \
	"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = FILE; PRAGMA cache_size = -65536; "             \
	"PRAGMA temp.cache_size = -65536; PRAGMA journal_size_limit = 67108864; PRAGMA synchronous = FULL; "

static result configure(struct sqlite *q, struct store_error *why)
{
	static const struct {
		int option, value;
	} set[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0}};

	for (size_t i = 0; i < ARRAY_LEN(set); i++) {
		int rc = sqlite3_db_config(q->db, set[i].option, set[i].value, NULL);
		if (rc != SQLITE_OK)
			return fault(q, rc, why);
	}
	sqlite3_limit(q->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	sqlite3_limit(q->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(q->db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_busy_timeout(q->db, STORE_BUSY_MS);
	return script(q, SETTINGS, why);
}

// The change to WAL needs the file alone, and SQLite does not wait for that itself: others that open it now are met again.
static result log_ahead(struct sqlite *q, struct store_error *why)
{
	static const struct timespec pause = {0, WAL_PAUSE_MS * 1000000l};
	result r = script(q, "PRAGMA journal_mode = WAL", why);
	for (uint32_t i = 0; r.error == E_TIMEOUT && i < STORE_BUSY_MS / WAL_PAUSE_MS; i++) {
		nanosleep(&pause, NULL);
		r = script(q, "PRAGMA journal_mode = WAL", why);
	}
	return r;
}

// As of one moment: a registry that another process makes meanwhile is seen whole or not at all.
static result state_at_once(struct sqlite *q, struct state *st, struct store_error *why)
{
	TRY(script(q, "BEGIN", why));
	result r = state_ask(q, st, why);
	if (!is_ok(r)) {
		sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL); // what failed before is told
		return r;
	}
	return script(q, "COMMIT", why);
}

static result prepare(struct sqlite *q, bool read_only, struct store_error *why)
{
	struct state st;
	bool old;

	TRY(configure(q, why));
	TRY(state_at_once(q, &st, why));
	TRY(state_check(q, &st, &old, why));
	if (read_only && old) {
		store_error_set(why, "registry %s is empty or has an older schema; open it for writing once", q->path);
		return FAIL(E_CONFIG);
	}
	if (!read_only)
		TRY(log_ahead(q, why));
	return old ? migrate(q, why) : OK;
}

static result file_make(struct sqlite *q, bool read_only, struct store_error *why)
{
	struct stat st;
	const char *mend = "check path, folder and rights";

	if (!read_only) {
		int fd = open(q->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); // the log inherits the mode
		if (fd >= 0)
			close(fd);
		else if (errno == ENOSPC || errno == EDQUOT)
			return sqlite_fault(NULL, q->path, SQLITE_FULL, why);
		else if (errno == ENOENT)
			mend = "make its folder first, for the user that Sallyport runs as";
	} else if (stat(q->path, &st) != 0 && errno == ENOENT) {
		mend = "`sallyport import` makes it";
	}
	if (stat(q->path, &st) != 0 || !S_ISREG(st.st_mode)) {
		store_error_set(why, "registry %s is not there, or is no file; %s", q->path, mend);
		return FAIL(E_NOT_FOUND);
	}
	q->device = st.st_dev;
	q->inode = st.st_ino;
	return OK;
}

static void sqlite_close(void *db)
{
	struct sqlite *q = db;

	stage_finalize(q);
	sqlite3_close(q->db);
	memory_free(q);
}

static result open_path(struct sqlite *q, const char *path, bool read_only, struct store_error *why)
{
	int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	bool special = path[0] == '\0' || path[0] == ':' || strncmp(path, "file:", 5) == 0; // words of SQLite, no paths
	if (special || strlen(path) >= sizeof(q->path)) {
		store_error_set(why, "sqlite:%.80s is no path; write sqlite: and the path of a file", path);
		return FAIL(E_UNSUPPORTED);
	}
	snprintf(q->path, sizeof(q->path), "%s", path);
	TRY(file_make(q, read_only, why));
	int rc = sqlite3_open_v2(q->path, &q->db, flags, NULL);
	return rc == SQLITE_OK ? prepare(q, read_only, why) : fault(q, rc, why);
}

static result sqlite_open(void **db, const char *uri, bool read_only, struct store_error *why)
{
	struct sqlite *q = memory_alloc(sizeof(*q));

	*db = NULL;
	if (q == NULL) {
		store_error_set(why, "no memory left to open the registry");
		return FAIL(E_NO_MEMORY);
	}
	result r = open_path(q, uri + strlen(store_sqlite.scheme), read_only, why);
	if (is_ok(r))
		*db = q;
	else
		sqlite_close(q);
	return r;
}

static uint64_t sqlite_session(void *db)
{
	UNUSED(db);
	return 1; // a file has no connection to lose
}

const struct backend store_sqlite = {
	.scheme = "sqlite:",
	.sequence = "INTEGER PRIMARY KEY",
	.text = "TEXT",
	.stage_tail = "",
	.stage_sorts = true,
	.open = sqlite_open,
	.close = sqlite_close,
	.session = sqlite_session,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.run = sqlite_run,
	.stage = sqlite_stage,
	.stage_end = sqlite_stage_end,
	.stage_clear = sqlite_stage_clear,
};
