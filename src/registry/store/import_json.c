// SPDX-License-Identifier: Apache-2.0
// JSON: objects are cut out of the stream by their braces, then read one by one; what stands between them is brackets, commas and space.
#include "registry/store/import_inside.h"

#include <jansson.h>
#include <string.h>

struct cut { // where in an object are we?
	uint32_t depth;
	bool quoted, escaped;
};

// Up to the next object. E_NOT_FOUND: there is none; E_SYNTAX: something else stands there, or the file ends within an array: with
// --replace, what half a file does not hold would be deleted.
static result seek(struct import *x)
{
	for (int c;;) {
		c = import_octet(x);
		if (c == EOF)
			return FAIL(x->arrays == 0 ? E_NOT_FOUND : E_SYNTAX);
		x->line += c == '\n';
		x->arrays += c == '[';
		x->arrays -= c == ']';
		if (c == '{')
			return OK;
		if (c == 0 || strchr(" \t\r\n,[]", c) == NULL)
			return FAIL(E_SYNTAX);
	}
}

static void step(struct cut *k, int c)
{
	if (k->escaped)
		k->escaped = false;
	else if (k->quoted)
		k->escaped = c == '\\', k->quoted = c != '"';
	else if (c == '"')
		k->quoted = true;
	else if (c == '{')
		k->depth++;
	else if (c == '}')
		k->depth--;
}

// The object whose "{" has been read, into x->text. E_TOO_LONG: longer, and passed over; E_SYNTAX: the file ends within it.
static result object_read(struct import *x)
{
	struct cut k = {.depth = 1};
	bool too_long = false;
	x->text[0] = '{';
	x->len = 1;
	while (k.depth > 0) {
		int c = import_octet(x);
		REQUIRE(c != EOF, E_SYNTAX);
		x->line += c == '\n';
		step(&k, c);
		if (x->len < IMPORT_LINE_MAX)
			x->text[x->len++] = (uint8_t)c;
		else
			too_long = true;
	}
	return too_long ? FAIL(E_TOO_LONG) : OK;
}

// The text of a member: strings, whole numbers and true or false.
static bool text_of(const json_t *v, char *number, size_t room, struct bytes *out)
{
	if (json_is_string(v)) {
		*out = bytes_make(json_string_value(v), json_string_length(v));
		return true;
	}
	if (!json_is_integer(v) && !json_is_boolean(v))
		return false;
	int n = snprintf(number, room, "%" JSON_INTEGER_FORMAT, json_is_integer(v) ? json_integer_value(v) : json_is_true(v) ? 1 : 0);
	*out = bytes_make(number, n > 0 ? (size_t)n : 0);
	return true;
}

static result members(struct import *x, uint64_t line, json_t *o, struct row *row, bool *good)
{
	const char *name;
	json_t *v;
	char number[32];
	struct bytes value;
	struct row_fault fault;
	json_object_foreach(o, name, v) {
		if (strcmp(name, "kind") == 0 || strcmp(name, "delete") == 0 || json_is_null(v))
			continue;
		*good = false;
		if (!text_of(v, number, sizeof(number), &value))
			return import_bad(x, line, (enum row_kind)row->kind, "%.40s: neither a text nor a whole number", name);
		if (!is_ok(row_set(row, bytes_of_string(name), value, &fault)))
			return x->sink->bad(x->sink->ctx, line, (enum row_kind)row->kind, &fault);
		*good = true;
	}
	return OK;
}

// Absent, null, false and "no"; true and "yes". False: something else, and which of the two was meant is not for us to say.
static bool removal(const json_t *v, bool *remove)
{
	const char *text = json_is_string(v) ? json_string_value(v) : "";
	*remove = json_is_true(v) || strcmp(text, "yes") == 0;
	return *remove || v == NULL || json_is_null(v) || json_is_false(v) || strcmp(text, "no") == 0;
}

static result use(struct import *x, uint64_t line, json_t *o)
{
	const json_t *kind = json_object_get(o, "kind");
	struct row row = {.kind = (uint8_t)x->kind};
	struct row_fault fault;
	bool good = true, remove;
	if (json_is_string(kind))
		row.kind = (uint8_t)row_kind_of(bytes_make(json_string_value(kind), json_string_length(kind)));
	if (row.kind == ROW_KINDS || row.kind == 0)
		return import_bad(x, line, ROW_KINDS, "kind: none of peer, group, route, range, domain, sed");
	if (!removal(json_object_get(o, "delete"), &remove))
		return import_bad(x, line, (enum row_kind)row.kind, "delete: neither true nor false, nor \"yes\" or \"no\"");
	TRY(members(x, line, o, &row, &good));
	if (!good)
		return OK;
	if (!remove && !is_ok(row_check(&row, &fault)))
		return x->sink->bad(x->sink->ctx, line, (enum row_kind)row.kind, &fault);
	return x->sink->row(x->sink->ctx, line, &row, remove);
}

static result object_use(struct import *x, uint64_t line)
{
	json_error_t e;
	json_t *o = json_loadb((const char *)x->text, x->len, JSON_REJECT_DUPLICATES, &e); // refuses NUL and what is no UTF-8
	if (o == NULL)
		return import_bad(x, line, x->kind, "no JSON: %.100s", e.text);
	result r = use(x, line, o);
	json_decref(o);
	return r;
}

result import_json(struct import *x)
{
	x->line = 1;
	for (;;) {
		result r = seek(x);
		uint64_t line = x->line;
		if (r.error == E_NOT_FOUND)
			return OK;
		if (is_ok(r))
			r = object_read(x);
		if (r.error == E_SYNTAX) {
			import_whole(x, "line %llu: not an array of objects, nor one object after the other, or it ends within one",
				(unsigned long long)x->line);
			return r;
		}
		if (r.error == E_TOO_LONG)
			TRY(import_bad(x, line, x->kind, "longer than %d octets; a row has 1 KiB at the most", IMPORT_LINE_MAX));
		else
			TRY(object_use(x, line));
	}
}
