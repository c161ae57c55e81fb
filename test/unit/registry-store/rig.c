// SPDX-License-Identifier: Apache-2.0
// One line for each step of a test, and a sentence when it goes wrong.
#include "rig.h"

#include "base/memory.h"

#include <stdio.h>

void rig_ok(struct rig *g, result r)
{
	if (!is_ok(r))
		fail_msg("%s: %s", error_name(r.error), g->why.text);
}

struct store *rig_second(struct rig *g)
{
	struct store *s;

	rig_ok(g, store_open(&s, g->uri, false, &g->why));
	return s;
}

struct rig *rig_open(void)
{
	struct rig *g = memory_alloc(sizeof(*g));

	assert_non_null(g);
	rig_fresh(g->uri);
	g->s = rig_second(g);
	return g;
}

void rig_close(struct rig *g)
{
	store_report_free(&g->r);
	store_close(g->s);
	memory_free(g);
}

struct row rig_row(enum row_kind kind, const char *columns)
{
	struct row row = {.kind = (uint8_t)kind};
	struct row_fault fault;
	const char *p = columns;

	while (*p != '\0') {
		size_t name = strcspn(p, "="), value = strcspn(p + name, " ") - 1;
		char text[ROW_TEXT_MAX] = {0};
		memcpy(text, p + name + 1, value);
		for (char *c = strchr(text, '~'); c != NULL; c = strchr(c, '~'))
			*c = ' ';
		if (!is_ok(row_set(&row, bytes_make(p, name), bytes_of_string(text), &fault)))
			fail_msg("%s", fault.text);
		p += name + 1 + value;
		p += *p == ' ';
	}
	return row;
}

void rig_begin(struct rig *g)
{
	g->number = 0;
	rig_ok(g, store_begin(g->s, "sally", "test", &g->why));
}

void rig_put(struct rig *g, enum row_kind kind, const char *columns)
{
	struct row row = rig_row(kind, columns);

	rig_ok(g, store_put(g->s, ++g->number, &row, &g->why));
}

void rig_delete(struct rig *g, enum row_kind kind, const char *columns)
{
	struct row row = rig_row(kind, columns);

	rig_ok(g, store_delete(g->s, ++g->number, &row, &g->why));
}

void rig_commit(struct rig *g, enum store_commit how, uint64_t faults)
{
	store_report_free(&g->r);
	rig_ok(g, store_commit(g->s, how, &g->r, &g->why));
	if (g->r.faults != faults)
		fail_msg("%llu faults; the first: %s", (unsigned long long)g->r.faults, g->r.told > 0 ? g->r.fault[0].fault.text : "-");
	assert_int_equal(g->r.applied, how == STORE_SKIP_BAD || (how == STORE_ALL_OR_NOTHING && faults == 0));
}

void rig_change(struct rig *g, enum row_kind kind, const char *columns, uint64_t faults)
{
	rig_begin(g);
	rig_put(g, kind, columns);
	rig_commit(g, STORE_ALL_OR_NOTHING, faults);
}

void rig_remove(struct rig *g, enum row_kind kind, const char *columns, uint64_t faults)
{
	rig_begin(g);
	rig_delete(g, kind, columns);
	rig_commit(g, STORE_ALL_OR_NOTHING, faults);
}

void rig_world(struct rig *g)
{
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=a organization=A~GmbH");
	rig_put(g, ROW_PEER, "name=b");
	rig_put(g, ROW_PEER, "name=c");
	rig_put(g, ROW_GROUP, "name=g cost_ceiling=100");
	rig_put(g, ROW_ROUTE, "group=g peer=a priority=1 weight=10 cost=50");
	rig_put(g, ROW_ROUTE, "group=g peer=b priority=2 cost=100");
	rig_put(g, ROW_RANGE, "prefix=+49 owner=a to=a");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	assert_int_equal(g->r.put, 7);
}

bool rig_has(struct rig *g, enum row_kind kind, const char *columns)
{
	struct row want = rig_row(kind, columns), got;
	result r = store_get(g->s, &want, &got, &g->why);

	if (r.error != E_NOT_FOUND)
		rig_ok(g, r);
	return is_ok(r) && row_equal(&want, &got);
}

static bool count_h(void *ctx, const struct row *row)
{
	UNUSED(row);
	++*(uint64_t *)ctx;
	return true;
}

uint64_t rig_count(struct rig *g, enum row_kind kind)
{
	uint64_t n = 0;

	rig_ok(g, store_each(g->s, kind, count_h, &n, &g->why));
	return n;
}

uint64_t rig_newest(struct rig *g)
{
	uint64_t n;

	rig_ok(g, store_newest(g->s, &n, &g->why));
	return n;
}

void rig_told(struct rig *g, const char *text)
{
	assert_true(g->r.told > 0);
	if (strstr(g->r.fault[0].fault.text, text) == NULL)
		fail_msg("told \"%s\", not \"%s\"", g->r.fault[0].fault.text, text);
}
