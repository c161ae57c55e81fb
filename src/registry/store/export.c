// SPDX-License-Identifier: Apache-2.0
// Rows as text that import_read takes again: every column of the kind, in its order.
#include "registry/store/import.h"

#include <jansson.h>
#include <string.h>

bool export_json(FILE *to, const struct row *row)
{
	uint32_t keys;
	char text[ROW_TEXT_MAX];
	const char *const *columns = row_columns((enum row_kind)row->kind, &keys);
	json_t *o = json_pack("{s:s}", "kind", row_kind_name((enum row_kind)row->kind));
	for (uint32_t i = 0; o != NULL && columns[i] != NULL; i++) {
		row_get(row, i, text);
		if (text[0] == '\0')
			continue;
		json_object_set_new(o, columns[i], json_string(text));
	}
	bool good = o != NULL && json_dumpf(o, to, JSON_COMPACT) == 0 && putc('\n', to) != EOF;
	json_decref(o);
	return good;
}

// Quoted where RFC4180#2 wants it.
static bool cell(FILE *to, const char *text, bool first)
{
	bool quote = strpbrk(text, ",\"") != NULL;
	if (!first)
		putc(',', to);
	if (quote)
		putc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putc('"', to);
		putc(*text, to);
	}
	return !quote || putc('"', to) != EOF;
}

bool export_csv_header(FILE *to, enum row_kind kind)
{
	uint32_t keys;
	const char *const *columns = row_columns(kind, &keys);
	bool good = cell(to, "kind", true);
	for (uint32_t i = 0; columns[i] != NULL; i++)
		good = cell(to, columns[i], false) && good;
	return putc('\n', to) != EOF && good;
}

bool export_csv(FILE *to, const struct row *row)
{
	uint32_t keys;
	char text[ROW_TEXT_MAX];
	const char *const *columns = row_columns((enum row_kind)row->kind, &keys);
	bool good = cell(to, row_kind_name((enum row_kind)row->kind), true);
	for (uint32_t i = 0; columns[i] != NULL; i++) {
		row_get(row, i, text);
		good = cell(to, text, false) && good;
	}
	return putc('\n', to) != EOF && good;
}
