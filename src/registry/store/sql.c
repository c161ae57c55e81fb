// SPDX-License-Identifier: Apache-2.0
// Expansion of SQL templates. All that goes in is static text: kinds and columns of registry/row.c. Values never come here;
// they are parameters (LUF-I1).
#include "registry/store/sql.h"

#include <stdio.h>

static void add(struct sql *s, const char *text)
{
	size_t n = strlen(text);

	if (n >= sizeof(s->text) - s->len) {
		s->overflow = true;
		return;
	}
	memcpy(s->text + s->len, text, n + 1);
	s->len += n;
}

// a."column", or "column" without alias: several are words of SQL.
static void add_column(struct sql *s, char alias, const char *column)
{
	const char prefix[3] = {alias, '.', '\0'};

	if (alias != '-')
		add(s, prefix);
	add(s, "\"");
	add(s, column);
	add(s, "\"");
}

struct columns {
	enum row_kind kind;
	const char *const *name;
	uint32_t keys, count;
};

static struct columns columns_of(enum row_kind kind)
{
	struct columns c = {.kind = kind};

	c.name = row_columns(kind, &c.keys);
	while (c.name[c.count] != NULL)
		c.count++;
	return c;
}

static void add_list(struct sql *s, const struct columns *c, char alias, uint32_t to)
{
	for (uint32_t i = 0; i < to; i++) {
		add(s, i == 0 ? "" : ", ");
		add_column(s, alias, c->name[i]);
	}
}

// Columns joined by tabs, which no value holds.
static void add_joined(struct sql *s, const struct columns *c, char alias, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		bool number = row_column_is_number(c->kind, i);
		add(s, i == from ? "" : "||'\t'||");
		add(s, number ? "CAST(" : "");
		add_column(s, alias, c->name[i]);
		add(s, number ? " AS TEXT)" : "");
	}
}

static void add_pairs(struct sql *s, const struct columns *c, const char *aliases, bool keys)
{
	add(s, "(");
	for (uint32_t i = keys ? 0 : c->keys; i < (keys ? c->keys : c->count); i++) {
		add(s, i == (keys ? 0 : c->keys) ? "" : keys ? " AND " : " OR ");
		add_column(s, aliases[0], c->name[i]);
		add(s, keys ? " = " : " <> ");
		add_column(s, aliases[1], c->name[i]);
	}
	add(s, ")");
}

static void add_excluded(struct sql *s, const struct columns *c)
{
	for (uint32_t i = c->keys; i < c->count; i++) {
		add(s, i == c->keys ? "" : ", ");
		add_column(s, '-', c->name[i]);
		add(s, " = excluded.");
		add_column(s, '-', c->name[i]);
	}
}

static void add_types(struct sql *s, const struct columns *c, const char *text)
{
	for (uint32_t i = 0; i < c->count; i++) {
		bool number = row_column_is_number(c->kind, i);
		add(s, i == 0 ? "" : ", ");
		add_column(s, '-', c->name[i]);
		add(s, " ");
		add(s, number ? "INTEGER" : text);
		add(s, number ? " NOT NULL DEFAULT 0" : " NOT NULL DEFAULT ''");
	}
}

// What stands for @MARK with its ALIASES; false: no such mark.
static bool add_mark(struct sql *s, const struct columns *c, char mark, const char *aliases, const char *arg)
{
	char number[8];

	switch (mark) {
	case 'T':
		add_column(s, '-', row_kind_name(c->kind));
		return true;
	case 'S':
		add(s, "stage_");
		add(s, row_kind_name(c->kind));
		return true;
	case 'i':
		snprintf(number, sizeof(number), "%d", (int)c->kind);
		add(s, number);
		return true;
	case 'k':
		add_list(s, c, aliases[0], c->keys);
		return true;
	case 'c':
		add_list(s, c, aliases[0], c->count);
		return true;
	case 'x':
		add_joined(s, c, aliases[0], 0, c->keys);
		return true;
	case 'y':
		add_joined(s, c, aliases[0], c->keys, c->count);
		return true;
	case 'e':
	case 'd':
		add_pairs(s, c, aliases, mark == 'e');
		return true;
	case 'u':
		add_excluded(s, c);
		return true;
	case 't':
		add_types(s, c, arg);
		return true;
	case '1':
		add(s, arg);
		return true;
	default:
		return false;
	}
}

result sql_make(struct sql *out, enum row_kind kind, const char *template, const char *arg)
{
	struct columns c = columns_of(kind);
	char one[2] = {0};

	out->len = 0;
	out->overflow = false;
	out->text[0] = '\0';
	for (const char *p = template; *p != '\0'; p++) {
		const char *aliases = "--";
		char mark = *p;
		if (mark != '@') {
			one[0] = mark;
			add(out, one);
			continue;
		}
		mark = *++p;
		if (p[1] == '(' && strchr("kcxyed", mark) != NULL) {
			aliases = p + 2;
			p = strchr(aliases, ')');
			REQUIRE(p != NULL, E_IMPOSSIBLE);
		}
		REQUIRE(add_mark(out, &c, mark, aliases, arg), E_IMPOSSIBLE);
	}
	return out->overflow ? FAIL(E_IMPOSSIBLE) : OK;
}
