// SPDX-License-Identifier: Apache-2.0
// Change sets: stage, validate, journal, apply, all in one transaction of one writer, or nothing of it (LUF-I3, LRF-I4). Rows
// are staged in tables of the database, so that ten million of them need no memory here, and checks are questions over
// whole sets.
#include "registry/store/inside.h"

#include "base/memory.h"

#include <stdio.h>

static result staging_table(struct store *s, enum row_kind kind, struct store_error *why)
{
	struct sql head, columns, table;

	TRY(sql_make(&head, kind, "CREATE TEMP TABLE @S (seq @1, number BIGINT NOT NULL, op INTEGER NOT NULL, "
		"bad BIGINT NOT NULL DEFAULT 0, ", s->backend->sequence));
	TRY(sql_make(&columns, kind, "@t", s->backend->text));
	int n = snprintf(table.text, sizeof(table.text), "%s%s)%s", head.text, columns.text, s->backend->stage_tail);
	REQUIRE(n > 0 && (size_t)n < sizeof(table.text), E_IMPOSSIBLE);
	return s->backend->run(s->db, table.text, NULL, 0, NULL, NULL, NULL, why);
}

// Once for each session with the database, before a transaction, so that no rollback takes them away.
static result staging_make(struct store *s, struct store_error *why)
{
	uint64_t session = s->backend->session(s->db);

	if (s->staging_session == session)
		return OK;
	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++)
		TRY(staging_table(s, k, why));
	s->staging_session = session;
	return OK;
}

static void change_forget(struct store *s)
{
	store_report_free(&s->report);
	memset(s->others, 0, sizeof(s->others));
	memset(s->refused, 0, sizeof(s->refused));
	memset(s->put, 0, sizeof(s->put));
	memset(s->deleted, 0, sizeof(s->deleted));
	s->undoing = s->stage_failed = false;
	s->state = STORE_IDLE;
}

static result people_check(const char *who, const char *reason, struct store_error *why)
{
	if (who[0] == '\0' || strnlen(who, STORE_WHO_MAX) == STORE_WHO_MAX || strnlen(reason, STORE_WHY_MAX) == STORE_WHY_MAX) {
		store_error_set(why, "a change needs a user of 1 to %d octets and a reason of at most %d; shorten them",
			STORE_WHO_MAX - 1, STORE_WHY_MAX - 1);
		return FAIL(E_TOO_LONG);
	}
	if (!row_text_ok(bytes_of_string(who)) || !row_text_ok(bytes_of_string(reason))) {
		store_error_set(why, "user or reason hold octets that are no text; write UTF-8 without control characters");
		return FAIL(E_SYNTAX);
	}
	return OK;
}

result store_begin(struct store *s, const char *who, const char *why_changed, struct store_error *why)
{
	REQUIRE(s->state == STORE_IDLE, E_POLICY);
	TRY(people_check(who, why_changed, why));
	if (s->read_only) {
		store_error_set(why, "the registry was opened for reading; open it for writing to change it");
		return FAIL(E_POLICY);
	}
	TRY(staging_make(s, why));
	TRY(s->backend->begin(s->db, BEGIN_WRITE, why));
	change_forget(s);
	s->state = STORE_STAGING;
	snprintf(s->who, sizeof(s->who), "%s", who);
	snprintf(s->why, sizeof(s->why), "%s", why_changed);
	return OK;
}

void store_rollback(struct store *s)
{
	if (s->state != STORE_STAGING)
		return;
	s->backend->rollback(s->db);
	change_forget(s);
}

static result stage(struct store *s, uint64_t number, const struct row *row, uint32_t op, uint32_t columns, struct store_error *why)
{
	char text[ROW_COLUMNS_MAX][ROW_TEXT_MAX];
	struct bytes column[ROW_COLUMNS_MAX];

	for (uint32_t i = 0; i < columns; i++) {
		row_get(row, i, text[i]);
		column[i] = bytes_of_string(text[i]);
	}
	result r = s->backend->stage(s->db, (enum row_kind)row->kind, number, op, column, columns, why);
	if (!is_ok(r)) {
		s->stage_failed = true; // a change set that lacks a row is never applied
		return r;
	}
	(op == STAGE_PUT ? s->put : s->deleted)[row->kind]++;
	return OK;
}

result store_refuse(struct store *s, uint64_t number, enum row_kind kind, const struct row_fault *fault)
{
	REQUIRE(s->state == STORE_STAGING && kind < ROW_KINDS, E_POLICY);
	s->refused[kind] = true;
	return store_report_fault(&s->report, number, "%s", fault->text);
}

result store_put(struct store *s, uint64_t number, const struct row *row, struct store_error *why)
{
	struct row_fault fault;

	REQUIRE(s->state == STORE_STAGING && number <= INT64_MAX, E_POLICY);
	if (!s->gate_off[STORE_GATE_ROW] && !is_ok(row_check(row, &fault)))
		return store_refuse(s, number, row->kind < ROW_KINDS ? (enum row_kind)row->kind : ROW_PEER, &fault);
	return stage(s, number, row, STAGE_PUT, store_column_count((enum row_kind)row->kind), why);
}

result store_delete(struct store *s, uint64_t number, const struct row *key, struct store_error *why)
{
	uint32_t keys;

	REQUIRE(s->state == STORE_STAGING && number <= INT64_MAX, E_POLICY);
	row_columns((enum row_kind)key->kind, &keys);
	REQUIRE(keys > 0, E_UNSUPPORTED);
	return stage(s, number, key, STAGE_DELETE, keys, why);
}

result store_delete_others(struct store *s, enum row_kind kind, struct store_error *why)
{
	UNUSED(why);
	REQUIRE(s->state == STORE_STAGING && kind >= ROW_PEER && kind < ROW_KINDS, E_POLICY);
	s->others[kind] = true;
	return OK;
}

// Stage the deletion of what was not put. A row that was refused before it was staged may be one of those that stand: then
// nothing is deleted by not being named.
static result others_stage(struct store *s, enum row_kind kind, struct store_error *why)
{
	uint64_t n = 0;

	if (!s->others[kind])
		return OK;
	if (s->refused[kind])
		return store_report_fault(&s->report, 0, "%s: rows were refused, so none is deleted for not being named; correct them first",
			row_kind_name(kind));
	TRY(store_run(s, kind, "INSERT INTO @S (number, op, @k(-)) SELECT 0, 2, @k(t) FROM @T t WHERE NOT EXISTS "
		"(SELECT 1 FROM @S s WHERE @e(st)) ORDER BY @k(t)", "", NULL, 0, NULL, NULL, &n, why));
	s->deleted[kind] += n;
	return OK;
}

// A large set that came in no order is sorted once, so that all that follows reads and writes from front to back. Of rows of one
// key the first stays the first.
static result stage_sort(struct store *s, enum row_kind kind, struct store_error *why)
{
	static const char *const steps[] = {
		"CREATE TEMP TABLE sort_rows AS SELECT number, op, @c(s) FROM @S s ORDER BY @k(s), seq",
		"DELETE FROM @S",
		"INSERT INTO @S (number, op, @c(-)) SELECT number, op, @c(s) FROM sort_rows s ORDER BY rowid",
		"DROP TABLE sort_rows",
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		TRY(store_run(s, kind, steps[i], "", NULL, 0, NULL, NULL, NULL, why));
	return OK;
}

static result stage_finish(struct store *s, struct store_error *why)
{
	TRY(s->backend->stage_end(s->db, why));
	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
		if (s->backend->stage_sorts && s->put[k] + s->deleted[k] >= STORE_LARGE)
			TRY(stage_sort(s, k, why));
		if (s->put[k] + s->deleted[k] > 0)
			TRY(store_run(s, k, "CREATE INDEX @S_key ON @S (@k(-))", "", NULL, 0, NULL, NULL, NULL, why));
		TRY(others_stage(s, k, why));
	}
	return OK;
}

static result apply(struct store *s, enum row_kind kind, struct store_error *why)
{
	if (s->put[kind] > 0)
		TRY(store_run(s, kind, "INSERT INTO @T (@c(-)) SELECT @c(s) FROM @S s WHERE s.op = 1 AND s.bad = 0 ORDER BY @k(s) "
			"ON CONFLICT (@k(-)) DO UPDATE SET @u", "", NULL, 0, NULL, NULL, NULL, why));
	if (s->deleted[kind] > 0)
		TRY(store_run(s, kind, "DELETE FROM @T WHERE (@k(-)) IN (SELECT @k(s) FROM @S s WHERE s.op = 2 AND s.bad = 0)", "", NULL, 0,
			NULL, NULL, NULL, why));
	if (s->backend->after_bulk != NULL && s->put[kind] + s->deleted[kind] >= STORE_LARGE)
		return store_run(s, kind, s->backend->after_bulk, "", NULL, 0, NULL, NULL, NULL, why);
	return OK;
}

static result commit_steps(struct store *s, enum store_commit how, struct store_error *why)
{
	struct store_report *r = &s->report;
	uint64_t change_set = 0;

	if (s->stage_failed) {
		store_error_set(why, "a row could not be staged, so nothing is applied; begin again");
		return FAIL(E_POLICY);
	}
	TRY(stage_finish(s, why));
	TRY(store_validate(s, how == STORE_SKIP_BAD, why));
	bool refused = r->faults > 0 && how == STORE_ALL_OR_NOTHING;
	if (how == STORE_DRY || refused)
		return store_journal_count(s, why);
	TRY(store_journal_write(s, &change_set, why));
	for (enum row_kind k = ROW_PEER; k < ROW_KINDS && change_set > 0; k++)
		TRY(apply(s, k, why));
	TRY(s->backend->stage_clear(s->db, why));
	TRY(s->backend->commit(s->db, why));
	s->state = STORE_IDLE;
	r->change_set = change_set;
	r->applied = true;
	return OK;
}

result store_commit(struct store *s, enum store_commit how, struct store_report *report, struct store_error *why)
{
	*report = (struct store_report){0};
	REQUIRE(s->state == STORE_STAGING, E_POLICY);
	result r = commit_steps(s, how, why);
	if (is_ok(r)) {
		store_report_sort(&s->report);
		*report = s->report;
		s->report = (struct store_report){0};
	}
	store_rollback(s); // does nothing after a commit
	change_forget(s);
	return r;
}

// --- undo

struct undo_entry {
	uint64_t entry;
	struct row row;
	bool put;
};

struct undo {
	struct undo_entry *batch;
	uint32_t count;
};

static bool undo_h(void *ctx, uint64_t entry, const struct store_change *c)
{
	struct undo *u = ctx;

	u->batch[u->count++] = (struct undo_entry){entry, c->has_before ? c->before : c->after, c->has_before};
	return u->count < STORE_BATCH;
}

static result undo_stage(struct store *s, uint64_t change_set, struct undo *u, struct store_error *why)
{
	uint64_t after = 0;

	do {
		u->count = 0;
		TRY(store_journal_entries(s, change_set, after, undo_h, u, why));
		for (uint32_t i = 0; i < u->count; i++) {
			const struct undo_entry *e = &u->batch[i];
			after = e->entry;
			TRY(e->put ? store_put(s, e->entry, &e->row, why) : store_delete(s, e->entry, &e->row, why));
		}
	} while (u->count == STORE_BATCH);
	if (after == 0) {
		store_error_set(why, "there is no change set %llu to undo", (unsigned long long)change_set);
		return FAIL(E_NOT_FOUND);
	}
	return OK;
}

result store_undo(struct store *s, uint64_t change_set, const char *who, struct store_report *report, struct store_error *why)
{
	struct undo u = {.batch = memory_array(STORE_BATCH, sizeof(*u.batch))};
	char reason[STORE_WHY_MAX];

	*report = (struct store_report){0};
	if (u.batch == NULL) {
		store_error_set(why, "no memory left to undo");
		return FAIL(E_NO_MEMORY);
	}
	snprintf(reason, sizeof(reason), "undo of change set %llu", (unsigned long long)change_set);
	result r = store_begin(s, who, reason, why);
	if (is_ok(r)) {
		s->undoing = true;
		r = undo_stage(s, change_set, &u, why);
		if (is_ok(r))
			r = store_commit(s, STORE_ALL_OR_NOTHING, report, why);
		store_rollback(s);
	}
	memory_free(u.batch);
	return r;
}
