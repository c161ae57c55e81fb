// SPDX-License-Identifier: Apache-2.0
// Aligned columns. Every cell is cleaned first: a Call-ID must not drive the administrator's terminal (BE-5).
#include "main/cli.h"

#include "admin/text.h"
#include "base/memory.h"

#include <string.h>

enum { CELL_MAX = 160, COLUMNS_MAX = 8 };

void cli_table_begin(struct cli_table *t, const char *const *title, uint32_t columns)
{
	*t = (struct cli_table){.title = title, .columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX};
}

static bool grow(struct cli_table *t)
{
	if (t->rows < t->room)
		return true;
	uint32_t room = t->room == 0 ? 64 : t->room * 2;
	char *(*cell)[COLUMNS_MAX] = memory_array(room, sizeof(*cell));
	if (cell == NULL)
		return false;
	if (t->rows > 0)
		memcpy(cell, t->cell, t->rows * sizeof(*cell));
	memory_free(t->cell);
	t->cell = cell;
	t->room = room;
	return true;
}

void cli_table_row(struct cli_table *t, const char *const *cell)
{
	if (t->failed || !grow(t)) {
		t->failed = true;
		return;
	}
	for (uint32_t i = 0; i < t->columns; i++) {
		t->cell[t->rows][i] = memory_alloc(CELL_MAX);
		if (t->cell[t->rows][i] == NULL)
			t->failed = true;
		else
			text_terminal(cell[i] != NULL ? cell[i] : "", t->cell[t->rows][i], CELL_MAX);
	}
	t->rows++;
}

// Characters, not octets: continuation octets of UTF-8 take no column.
static uint32_t width(const char *text)
{
	uint32_t n = 0;
	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void print_row(const struct cli_table *t, const char *const *cell, const uint32_t *widths, FILE *to)
{
	for (uint32_t i = 0; i < t->columns; i++) {
		fputs(cell[i], to);
		for (uint32_t n = width(cell[i]); i + 1 < t->columns && n < widths[i] + 2; n++)
			fputc(' ', to);
	}
	fputc('\n', to);
}

bool cli_table_end(struct cli_table *t, FILE *to)
{
	uint32_t widths[COLUMNS_MAX];
	for (uint32_t i = 0; i < t->columns; i++)
		widths[i] = width(t->title[i]);
	for (uint32_t r = 0; !t->failed && r < t->rows; r++)
		for (uint32_t i = 0; i < t->columns; i++)
			widths[i] = width(t->cell[r][i]) > widths[i] ? width(t->cell[r][i]) : widths[i];
	if (!t->failed)
		print_row(t, t->title, widths, to);
	for (uint32_t r = 0; !t->failed && r < t->rows; r++)
		print_row(t, (const char *const *)t->cell[r], widths, to);
	for (uint32_t r = 0; r < t->rows; r++)
		for (uint32_t i = 0; i < t->columns; i++)
			memory_free(t->cell[r][i]);
	memory_free(t->cell);
	t->cell = NULL;
	return !t->failed;
}

const char *cli_member(const json_t *o, const char *key, char buf[32])
{
	const json_t *v = json_object_get(o, key);
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		snprintf(buf, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		snprintf(buf, 32, "%s", json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "");
	return buf;
}
