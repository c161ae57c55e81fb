// SPDX-License-Identifier: Apache-2.0
// What must hold of the whole: keys once, references, names of one meaning, ownership of ranges (LUF-I3), cost ceilings (LRF-I4).
// Ranges are checked against a naive model, by questions and by the scan for large change sets.
#include "rig.h"

#include <stdio.h>

static void twice(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=d");
	rig_put(g, ROW_PEER, "name=e");
	rig_put(g, ROW_PEER, "name=d");
	rig_delete(g, ROW_PEER, "name=e");
	rig_commit(g, STORE_ALL_OR_NOTHING, 2);
	assert_int_equal(g->r.fault[0].number, 3);
	assert_int_equal(g->r.fault[1].number, 4);
	rig_told(g, "stands twice");
	assert_int_equal(rig_newest(g), 1);
	rig_close(g);
}

static void references(void **state)
{
	static const struct {
		enum row_kind kind;
		const char *columns, *told;
	} dangling[] = {
		{ROW_ROUTE, "group=x peer=a", "no group"},
		{ROW_ROUTE, "group=a peer=a", "no group"}, // a peer stands for a group only where it is gone to
		{ROW_ROUTE, "group=g peer=x", "no peer"},
		{ROW_RANGE, "prefix=+44 owner=x to=a", "owner: \"x\" is no peer"},
		{ROW_RANGE, "prefix=+44 owner=g to=a", "no peer"},
		{ROW_RANGE, "prefix=+44 owner=a to=x", "neither a peer nor a group"},
		{ROW_DOMAIN, "domain=x.example owner=x to=a", "no peer"},
		{ROW_DOMAIN, "domain=x.example owner=a to=x", "neither"},
		{ROW_SED, "peer=x transport=tls address=192.0.2.1:5061", "no peer"},
		{ROW_PEER, "name=g", "a group already"},
		{ROW_GROUP, "name=a", "a peer already"},
	};
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	for (size_t i = 0; i < ARRAY_LEN(dangling); i++) {
		rig_change(g, dangling[i].kind, dangling[i].columns, 1);
		rig_told(g, dangling[i].told);
	}
	rig_begin(g); // all at once, in any order
	rig_put(g, ROW_RANGE, "prefix=+44 owner=n to=m");
	rig_put(g, ROW_ROUTE, "group=m peer=n");
	rig_put(g, ROW_GROUP, "name=m");
	rig_put(g, ROW_PEER, "name=n");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	rig_close(g);
}

static void references_by_deletion(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_remove(g, ROW_PEER, "name=a", 1);
	rig_told(g, "still used by a route");
	rig_remove(g, ROW_GROUP, "name=g", 1);
	rig_change(g, ROW_DOMAIN, "domain=x.example owner=c to=g", 0);
	rig_remove(g, ROW_PEER, "name=c", 1);
	rig_told(g, "domain");
	rig_begin(g);
	rig_delete(g, ROW_PEER, "name=c");
	rig_put(g, ROW_DOMAIN, "domain=x.example owner=b to=g");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	rig_begin(g); // what is put refers to what goes
	rig_delete(g, ROW_PEER, "name=b");
	rig_put(g, ROW_RANGE, "prefix=+46 owner=b to=a");
	rig_delete(g, ROW_ROUTE, "group=g peer=b");
	rig_delete(g, ROW_DOMAIN, "domain=x.example");
	rig_commit(g, STORE_SKIP_BAD, 1);
	assert_int_equal(g->r.fault[0].number, 2);
	assert_false(rig_has(g, ROW_PEER, "name=b"));
	rig_begin(g);
	rig_delete(g, ROW_ROUTE, "group=g peer=a");
	rig_delete(g, ROW_GROUP, "name=g");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	rig_close(g);
}

static void cost_ceiling(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_change(g, ROW_ROUTE, "group=g peer=c cost=101", 1);
	rig_told(g, "101 is above the ceiling");
	rig_change(g, ROW_ROUTE, "group=g peer=a cost=101", 1);
	rig_change(g, ROW_GROUP, "name=g cost_ceiling=99", 1);
	rig_told(g, "below the cost of a route");
	rig_change(g, ROW_GROUP, "name=g cost_ceiling=0", 0);
	rig_change(g, ROW_ROUTE, "group=g peer=c cost=1000000", 0);
	rig_begin(g);
	rig_put(g, ROW_GROUP, "name=g cost_ceiling=50");
	rig_put(g, ROW_ROUTE, "group=g peer=a cost=50");
	rig_put(g, ROW_ROUTE, "group=g peer=b cost=1");
	rig_delete(g, ROW_ROUTE, "group=g peer=c");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	rig_close(g);
}

static void ownership(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_change(g, ROW_RANGE, "prefix=+4930 owner=b to=b", 1);
	rig_told(g, "overlaps +49 of a");
	rig_change(g, ROW_RANGE, "prefix=+4930 exact=1 owner=b to=b", 1);
	rig_change(g, ROW_RANGE, "prefix=+4930 owner=b to=b rn=+4989", 1); // a range is not one number
	rig_change(g, ROW_RANGE, "prefix=+4930 exact=1 owner=b to=b rn=+4989", 0);
	rig_change(g, ROW_RANGE, "prefix=+4930 owner=a to=g", 0);
	rig_change(g, ROW_RANGE, "prefix=+493012 owner=a to=b", 0);
	rig_change(g, ROW_RANGE, "prefix=+4 owner=b to=b", 1); // around the range of another
	rig_told(g, "overlaps +49 of a");
	rig_change(g, ROW_RANGE, "prefix=+4 owner=a to=b", 0);
	rig_change(g, ROW_RANGE, "prefix=+49 owner=b to=b", 1); // from within
	rig_begin(g); // all of it is sold
	rig_put(g, ROW_RANGE, "prefix=+4 owner=b to=b");
	rig_put(g, ROW_RANGE, "prefix=+49 owner=b to=b");
	rig_put(g, ROW_RANGE, "prefix=+4930 owner=b to=b");
	rig_put(g, ROW_RANGE, "prefix=+493012 owner=b to=b");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	rig_begin(g); // two that are new together
	rig_put(g, ROW_RANGE, "prefix=+1 owner=a to=a");
	rig_put(g, ROW_RANGE, "prefix=+1212 owner=b to=b");
	rig_commit(g, STORE_SKIP_BAD, 1);
	assert_int_equal(g->r.fault[0].number, 2);
	rig_change(g, ROW_RANGE, "prefix=+1212 exact=1 owner=a to=a rn=+1", 0);
	rig_remove(g, ROW_RANGE, "prefix=+1", 0);
	rig_close(g);
}

// --- against a model

enum { MODEL_MAX = 64, ROUNDS = 40 };

static uint32_t draw(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*seed >> 33) % n;
}

struct model {
	struct row row[MODEL_MAX];
	uint32_t n;
};

static bool model_overlap(const struct row_range *in, const struct row_range *out)
{
	bool ported = in->exact == 1 && in->rn[0] != '\0';
	bool around = out->exact == 0 && strncmp(in->prefix, out->prefix, strlen(out->prefix)) == 0;

	return around && !ported && strcmp(in->owner, out->owner) != 0;
}

static bool model_whole(const struct model *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		for (uint32_t k = 0; k < m->n; k++) {
			if (i != k && model_overlap(&m->row[i].u.range, &m->row[k].u.range))
				return false;
		}
	}
	return true;
}

static void model_put(struct model *m, const struct row *row)
{
	uint32_t i = 0;

	while (i < m->n && !row_same_key(&m->row[i], row))
		i++;
	m->row[i] = *row;
	m->n += i == m->n;
}

static struct row model_draw(uint64_t *seed)
{
	char text[128], digits[5] = {0};

	for (uint32_t i = 0, n = 1 + draw(seed, 4); i < n; i++)
		digits[i] = (char)('1' + draw(seed, 2));
	bool exact = draw(seed, 3) == 0;
	snprintf(text, sizeof(text), "prefix=+%s exact=%d owner=%c to=a rn=%s", digits, exact, 'a' + (int)draw(seed, 8) / 7,
		draw(seed, 2) == 0 ? "" : "+49");
	return rig_row(ROW_RANGE, text);
}

static bool model_h(void *ctx, const struct row *row)
{
	model_put(ctx, row);
	return true;
}

// Change sets of a few rows are taken when and only when the model says that the whole is in order; what skip-bad leaves
// is always in order. LARGE makes every change set one that is scanned.
static void model_run(bool large)
{
	struct rig *g = rig_open();
	uint64_t seed = large ? 11 : 7;
	uint32_t taken = 0;

	rig_world(g);
	rig_remove(g, ROW_RANGE, "prefix=+49", 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct model before = {.n = 0}, after, rows = {.n = 0};
		rig_ok(g, store_each(g->s, ROW_RANGE, model_h, &before, &g->why));
		after = before;
		for (uint32_t i = 0, n = 1 + draw(&seed, 4); i < n; i++) {
			struct row row = model_draw(&seed);
			model_put(&rows, &row);
			model_put(&after, &row);
		}
		rig_begin(g);
		for (uint32_t i = 0; i < rows.n; i++)
			rig_ok(g, store_put(g->s, i, &rows.row[i], &g->why));
		if (large)
			g->s->put[ROW_RANGE] += STORE_LARGE;
		enum store_commit how = draw(&seed, 2) == 0 ? STORE_SKIP_BAD : STORE_ALL_OR_NOTHING;
		store_report_free(&g->r);
		rig_ok(g, store_commit(g->s, how, &g->r, &g->why));
		assert_int_equal(g->r.faults == 0, model_whole(&after));
		taken += g->r.faults == 0;
		after.n = 0;
		rig_ok(g, store_each(g->s, ROW_RANGE, model_h, &after, &g->why));
		assert_true(model_whole(&after));
		if (how == STORE_ALL_OR_NOTHING && g->r.faults > 0)
			assert_int_equal(after.n, before.n);
	}
	assert_in_range(taken, 5, ROUNDS - 5);
	rig_close(g);
}

static void model_small(void **state)
{
	(void)state;
	model_run(false);
}

static void model_large(void **state)
{
	(void)state;
	model_run(true);
}

int suite_rules(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice),
		cmocka_unit_test(references),
		cmocka_unit_test(references_by_deletion),
		cmocka_unit_test(cost_ceiling),
		cmocka_unit_test(ownership),
		cmocka_unit_test(model_small),
		cmocka_unit_test(model_large),
	};
	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
