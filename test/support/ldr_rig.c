// SPDX-License-Identifier: Apache-2.0
// See ldr_rig.h.
#include "ldr_rig.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ldr_rig_row(const char *text, struct row *row)
{
	struct row_fault fault;
	size_t n = strcspn(text, " ");

	*row = (struct row){.kind = (uint8_t)row_kind_of(bytes_make(text, n))};
	for (text += n; *text == ' '; text += n) {
		text++;
		n = strcspn(text, " ");
		size_t eq = strcspn(text, "=");
		char value[ROW_TEXT_MAX];
		if (eq >= n || n - eq > sizeof(value))
			return false;
		for (size_t i = 0; i + eq + 1 < n; i++) // "_" is a space within a value
			value[i] = text[eq + 1 + i] == '_' ? ' ' : text[eq + 1 + i];
		if (!is_ok(row_set(row, bytes_make(text, eq), bytes_make(value, n - eq - 1), &fault)))
			return false;
	}
	return true;
}

static bool add(struct ranges_builder *b, struct groups_builder *g, struct group_names *names, const struct row *row)
{
	const struct row_range *r = &row->u.range;
	struct range range;

	if (row->kind != ROW_RANGE)
		return is_ok(groups_builder_add(g, row));
	range.key = range_key_of(r->prefix, r->exact != 0);
	range.rn = r->rn[0] != '\0' ? range_key_of(r->rn, false) : 0;
	return is_ok(group_names_put(names, r->to, &range.target)) && is_ok(ranges_builder_add(b, &range));
}

static bool build(struct ldr_rig *r, const char *const *rows, uint32_t count, struct ranges_builder *b, struct groups_builder *g,
	struct group_names *names)
{
	struct row row;
	size_t size;

	for (uint32_t i = 0; i < count; i++)
		if (!ldr_rig_row(rows[i], &row) || !add(b, g, names, &row)) {
			fprintf(stderr, "ldr_rig: refused: %s\n", rows[i]);
			return false;
		}
	if (!is_ok(ranges_builder_size(b, &size)) || (r->ranges = memory_alloc(size)) == NULL)
		return false;
	ranges_builder_write(b, r->ranges);
	if (!is_ok(groups_builder_size(g, &size)) || (r->groups = memory_alloc(size)) == NULL)
		return false;
	groups_builder_write(g, r->groups);
	r->ldr = (struct ldr){.epoch = 1, .ranges = r->ranges, .groups = r->groups};
	return is_ok(overlay_new(&r->ldr.overlay));
}

bool ldr_rig_open(struct ldr_rig *r, const char *const *rows, uint32_t count)
{
	struct group_names *names = NULL;
	struct groups_builder *g = NULL;
	struct ranges_builder *b = NULL;

	memset(r, 0, sizeof(*r));
	bool made = is_ok(group_names_new(&names)) && is_ok(groups_builder_new(&g, names)) && is_ok(ranges_builder_new(&b, 0)) &&
		    build(r, rows, count, b, g, names);
	ranges_builder_free(b);
	groups_builder_free(g);
	group_names_free(names);
	return made;
}

void ldr_rig_close(struct ldr_rig *r)
{
	overlay_free(r->ldr.overlay);
	memory_free(r->ranges);
	memory_free(r->groups);
	memset(r, 0, sizeof(*r));
}
