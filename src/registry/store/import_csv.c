// SPDX-License-Identifier: Apache-2.0
// CSV: a line is a row. A quoted cell does not reach beyond its line, because no column may hold a line end.
#include "registry/store/import_inside.h"

#include <string.h>

enum { CELL_NONE = -1, CELL_KIND = -2, CELL_REMOVE = -3 };

struct header {
	uint32_t cells;
	int kind, remove; // which cell; -1 none
	char name[IMPORT_CELLS_MAX][32];
	int8_t column[ROW_KINDS][IMPORT_CELLS_MAX]; // of each kind, CELL_NONE: not one of its own
};

// The next line into x->text, without its end. E_NOT_FOUND: there is none; E_TOO_LONG: longer, and passed over.
static result line_read(struct import *x)
{
	int c = import_octet(x);
	bool too_long = false;
	x->len = 0;
	if (c == EOF)
		return FAIL(E_NOT_FOUND);
	x->line++;
	for (; c != EOF && c != '\n'; c = import_octet(x)) {
		if (x->len < IMPORT_LINE_MAX)
			x->text[x->len++] = (uint8_t)c;
		else
			too_long = true;
	}
	if (x->len > 0 && x->text[x->len - 1] == '\r')
		x->len--;
	return too_long ? FAIL(E_TOO_LONG) : OK;
}

// One cell from *AT on, unquoted in its place. E_SYNTAX: quotes that do not match.
static result cell_read(struct import *x, size_t *at, struct bytes *out, bool *last)
{
	size_t from = *at, to = from;
	uint8_t *t = x->text;
	if (from < x->len && t[from] == '"') {
		size_t i = from + 1;
		for (to = from;; i++) {
			REQUIRE(i < x->len, E_SYNTAX);
			if (t[i] == '"' && (i + 1 >= x->len || t[i + 1] != '"'))
				break;
			i += t[i] == '"';
			t[to++] = t[i];
		}
		i++;
		REQUIRE(i == x->len || t[i] == ',', E_SYNTAX);
		*out = bytes_make(t + from, to - from);
		*last = i == x->len;
		*at = i + 1;
		return OK;
	}
	for (; to < x->len && t[to] != ','; to++)
		REQUIRE(t[to] != '"', E_SYNTAX);
	*out = bytes_make(t + from, to - from);
	*last = to == x->len;
	*at = to + 1;
	return OK;
}

static result cells_read(struct import *x, struct bytes cell[IMPORT_CELLS_MAX], uint32_t *count)
{
	size_t at = 0;
	bool last = false;
	for (*count = 0; !last; ++*count) {
		REQUIRE(*count < IMPORT_CELLS_MAX, E_TOO_MANY);
		TRY(cell_read(x, &at, &cell[*count], &last));
	}
	return OK;
}

// ---- the header line

static int column_of(enum row_kind kind, struct bytes name)
{
	uint32_t keys;
	const char *const *columns = row_columns(kind, &keys);
	for (int8_t i = 0; columns[i] != NULL; i++)
		if (bytes_equal(bytes_of_string(columns[i]), name))
			return i;
	return CELL_NONE;
}

static bool known_somewhere(enum row_kind only, struct bytes name)
{
	for (unsigned k = ROW_PEER; k < ROW_KINDS; k++)
		if ((only == ROW_KINDS || only == (enum row_kind)k) && column_of((enum row_kind)k, name) != CELL_NONE)
			return true;
	return false;
}

static void columns_text(enum row_kind kind, char *out, size_t room)
{
	uint32_t keys;
	const char *const *c = row_columns(kind, &keys);
	size_t n = 0;
	out[0] = '\0';
	for (; *c != NULL && n < room; c++)
		n += (size_t)snprintf(out + n, room - n, "%s%s", n > 0 ? ", " : "", *c);
}

static result header_cell(struct import *x, struct header *h, uint32_t i, struct bytes name)
{
	char columns[96];
	for (unsigned k = ROW_PEER; k < ROW_KINDS; k++)
		h->column[k][i] = (int8_t)column_of((enum row_kind)k, name);
	snprintf(h->name[i], sizeof(h->name[i]), "%.*s", (int)(name.len < 31 ? name.len : 31), (const char *)name.at);
	for (uint32_t b = 0; b < i; b++)
		if (strcmp(h->name[b], h->name[i]) == 0) {
			import_whole(x, "column \"%s\" stands twice in the first line", h->name[i]);
			return FAIL(E_SYNTAX);
		}
	if (bytes_equal(name, BYTES("kind")))
		h->kind = (int)i;
	else if (bytes_equal(name, BYTES("delete")))
		h->remove = (int)i;
	else if (!known_somewhere(x->kind, name)) {
		columns_text(x->kind == ROW_KINDS ? ROW_RANGE : x->kind, columns, sizeof(columns));
		import_whole(x, "the first line names a column \"%.40s\" that is none; of %s there are: %s", row_text_ok(name) ? h->name[i] : "?",
			x->kind == ROW_KINDS ? "range" : row_kind_name(x->kind), columns);
		return FAIL(E_SYNTAX);
	}
	return OK;
}

static result header_read(struct import *x, struct header *h)
{
	struct bytes cell[IMPORT_CELLS_MAX];
	result r = line_read(x);
	if (is_ok(r))
		r = cells_read(x, cell, &h->cells);
	if (!is_ok(r)) {
		import_whole(x, "the first line does not name the columns (%s); write them, e.g. kind,prefix,owner,to", error_name(r.error));
		return FAIL(E_SYNTAX);
	}
	h->kind = h->remove = -1;
	for (uint32_t i = 0; i < h->cells; i++)
		TRY(header_cell(x, h, i, cell[i]));
	if (h->kind >= 0 || x->kind != ROW_KINDS)
		return OK;
	import_whole(x, "the first line has no column \"kind\"; add it, or say --kind range");
	return FAIL(E_SYNTAX);
}

// ---- rows

// What a kind needs and the file has not is told once, by row_check, for each row: it names the column.
static result set_cells(struct import *x, const struct header *h, struct bytes *cell, struct row *row, bool *good)
{
	struct row_fault fault;
	for (uint32_t i = 0; i < h->cells; i++) {
		int8_t column = h->column[row->kind][i];
		if ((int)i == h->kind || (int)i == h->remove || cell[i].len == 0)
			continue;
		if (column == CELL_NONE) {
			*good = false;
			return import_bad(x, x->line, (enum row_kind)row->kind, "%s: a %s has no such column; leave it empty", h->name[i],
				row_kind_name((enum row_kind)row->kind));
		}
		if (!is_ok(row_set_at(row, (uint32_t)column, cell[i], &fault))) {
			*good = false;
			return x->sink->bad(x->sink->ctx, x->line, (enum row_kind)row->kind, &fault);
		}
	}
	return OK;
}

static result row_of_cells(struct import *x, const struct header *h, struct bytes *cell)
{
	struct row row = {.kind = (uint8_t)(h->kind >= 0 ? row_kind_of(cell[h->kind]) : x->kind)};
	struct row_fault fault;
	bool good = true, gone = h->remove >= 0 && bytes_equal(cell[h->remove], BYTES("yes"));
	if (row.kind == ROW_KINDS || row.kind == 0)
		return import_bad(x, x->line, ROW_KINDS, "kind: none of peer, group, route, range, domain, sed");
	if (h->remove >= 0 && !gone && cell[h->remove].len > 0 && !bytes_equal(cell[h->remove], BYTES("no")))
		return import_bad(x, x->line, (enum row_kind)row.kind, "delete: neither yes nor no");
	TRY(set_cells(x, h, cell, &row, &good));
	if (!good)
		return OK;
	if (!gone && !is_ok(row_check(&row, &fault)))
		return x->sink->bad(x->sink->ctx, x->line, (enum row_kind)row.kind, &fault);
	return x->sink->row(x->sink->ctx, x->line, &row, gone);
}

static result line_use(struct import *x, const struct header *h)
{
	struct bytes cell[IMPORT_CELLS_MAX];
	uint32_t count = 0;
	if (x->len == 0)
		return OK;
	if (memchr(x->text, 0, x->len) != NULL || !row_text_ok(bytes_make(x->text, x->len)))
		return import_bad(x, x->line, x->kind, "no text of UTF-8, or a control character; write UTF-8");
	result r = cells_read(x, cell, &count);
	if (r.error == E_SYNTAX)
		return import_bad(x, x->line, x->kind, "quotes that do not match; a quote within quotes is written twice (RFC4180#2)");
	if (!is_ok(r) || count != h->cells)
		return import_bad(x, x->line, x->kind, "%u cells where the first line has %u", count, h->cells);
	return row_of_cells(x, h, cell);
}

result import_csv(struct import *x)
{
	struct header h;
	TRY(header_read(x, &h));
	for (;;) {
		result r = line_read(x);
		if (r.error == E_NOT_FOUND)
			return OK;
		if (is_ok(r))
			TRY(line_use(x, &h));
		else
			TRY(import_bad(x, x->line, x->kind, "longer than %d octets; a row has 1 KiB at the most", IMPORT_LINE_MAX));
	}
}
