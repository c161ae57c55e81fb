// SPDX-License-Identifier: Apache-2.0
// The store: opening, reading, and what all of its files use. Rows that come out of the database go through the same setters as
// rows from a file (LUF-I1): what somebody wrote past us is found when it is read.
#include "registry/store/inside.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

void store_error_set(struct store_error *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
}

void store_gate_off(struct store *s, enum store_gate gate)
{
	s->gate_off[gate] = true;
}

uint64_t store_number(struct bytes text)
{
	uint64_t n = 0;

	for (size_t i = 0; text.at != NULL && i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(text.at[i] - '0'), &n))
			return 0;
	}
	return n;
}

struct bytes store_number_text(uint64_t n, char buf[24])
{
	return bytes_make(buf, (size_t)snprintf(buf, 24, "%llu", (unsigned long long)n));
}

uint32_t store_column_count(enum row_kind kind)
{
	uint32_t keys, n = 0;
	const char *const *columns = row_columns(kind, &keys);

	while (columns[n] != NULL)
		n++;
	return n;
}

result store_row_read(struct row *row, const struct bytes *column, uint32_t from, uint32_t to, struct store_error *why)
{
	struct row_fault fault;

	for (uint32_t i = from; i < to; i++) {
		if (!is_ok(row_set_at(row, i, column[i - from], &fault))) {
			store_error_set(why, "the database holds a %s that was not written by us: %s; correct it there",
				row_kind_name((enum row_kind)row->kind), fault.text);
			return FAIL(E_FORGED);
		}
	}
	return OK;
}

result store_run(struct store *s, enum row_kind kind, const char *template, const char *arg, const struct bytes *param, uint32_t n,
	backend_row_h handler, void *ctx, uint64_t *affected, struct store_error *why)
{
	struct sql sql;

	TRY(sql_make(&sql, kind, template, arg));
	return s->backend->run(s->db, sql.text, param, n, handler, ctx, affected, why);
}

result store_open(struct store **out, const char *uri, bool read_only, struct store_error *why)
{
	static const struct backend *const backends[] = {&store_sqlite, &store_postgresql};
	const struct backend *b = NULL;

	*out = NULL;
	why->text[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
		if (bytes_begin(bytes_of_string(uri), bytes_of_string(backends[i]->scheme)))
			b = backends[i];
	}
	if (b == NULL) {
		store_error_set(why, "no such kind of database; write sqlite:PATH or postgresql://...");
		return FAIL(E_UNSUPPORTED);
	}
	struct store *s = memory_alloc(sizeof(*s));
	if (s == NULL) {
		store_error_set(why, "no memory left to open the registry");
		return FAIL(E_NO_MEMORY);
	}
	s->backend = b;
	s->read_only = read_only;
	result r = b->open(&s->db, uri, read_only, why);
	if (!is_ok(r)) {
		memory_free(s);
		return r;
	}
	*out = s;
	return OK;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_rollback(s);
	store_read_end(s);
	s->backend->close(s->db);
	memory_free(s);
}

static bool number_h(void *ctx, const struct bytes *column)
{
	*(uint64_t *)ctx = store_number(column[0]);
	return true;
}

result store_newest(struct store *s, uint64_t *change_set, struct store_error *why)
{
	*change_set = 0;
	return s->backend->run(s->db, "SELECT max(number) FROM change_set", NULL, 0, number_h, change_set, NULL, why);
}

result store_read_begin(struct store *s, uint64_t *change_set, struct store_error *why)
{
	uint64_t newest;

	REQUIRE(s->state == STORE_IDLE, E_POLICY);
	TRY(s->backend->begin(s->db, BEGIN_READ, why));
	s->state = STORE_READING;
	result r = store_newest(s, &newest, why);
	if (!is_ok(r)) {
		store_read_end(s);
		return r;
	}
	if (change_set != NULL)
		*change_set = newest;
	return OK;
}

void store_read_end(struct store *s)
{
	if (s->state != STORE_READING)
		return;
	s->backend->rollback(s->db); // nothing was written
	s->state = STORE_IDLE;
}

struct reading {
	enum row_kind kind;
	uint32_t count;
	store_row_h handler;
	void *ctx;
	struct store_error *why;
	result r;
};

static bool row_h(void *ctx, const struct bytes *column)
{
	struct reading *e = ctx;
	struct row row = {.kind = (uint8_t)e->kind};

	e->r = store_row_read(&row, column, 0, e->count, e->why);
	return is_ok(e->r) && e->handler(e->ctx, &row);
}

result store_each(struct store *s, enum row_kind kind, store_row_h handler, void *ctx, struct store_error *why)
{
	struct reading e = {kind, store_column_count(kind), handler, ctx, why, OK};

	bool alone = s->state == STORE_IDLE;
	REQUIRE(e.count > 0, E_UNSUPPORTED);
	if (alone)
		TRY(store_read_begin(s, NULL, why)); // a transaction may take its time
	result r = store_run(s, kind, "SELECT @c(-) FROM @T ORDER BY @k(-)", "", NULL, 0, row_h, &e, NULL, why);
	if (alone)
		store_read_end(s);
	return is_ok(r) ? e.r : r;
}

struct got {
	struct row row;
	bool found;
};

static bool got_h(void *ctx, const struct row *row)
{
	*(struct got *)ctx = (struct got){*row, true};
	return false;
}

result store_get(struct store *s, const struct row *key, struct row *out, struct store_error *why)
{
	static const char *const templates[] = {"SELECT @c(-) FROM @T WHERE @k(-) = $1", "SELECT @c(-) FROM @T WHERE (@k(-)) = ($1, $2)",
		"SELECT @c(-) FROM @T WHERE (@k(-)) = ($1, $2, $3)"};
	enum row_kind kind = (enum row_kind)key->kind;
	struct got got = {.found = false};
	struct reading e = {kind, store_column_count(kind), got_h, &got, why, OK};
	char text[ARRAY_LEN(templates)][ROW_TEXT_MAX];
	struct bytes param[ARRAY_LEN(templates)];
	uint32_t keys;

	row_columns(kind, &keys);
	REQUIRE(keys > 0 && keys <= ARRAY_LEN(templates), E_UNSUPPORTED);
	for (uint32_t i = 0; i < keys; i++) {
		row_get(key, i, text[i]);
		param[i] = bytes_of_string(text[i]);
	}
	TRY(store_run(s, kind, templates[keys - 1], "", param, keys, row_h, &e, NULL, why));
	TRY(e.r);
	if (!got.found) {
		store_error_set(why, "the registry has no such %s", row_kind_name(kind));
		return FAIL(E_NOT_FOUND);
	}
	*out = got.row;
	return OK;
}
