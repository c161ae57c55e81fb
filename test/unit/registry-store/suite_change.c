// SPDX-License-Identifier: Apache-2.0
// Change sets: put, change, delete, others, dry runs, skipping, reading them back.
#include "rig.h"

#include <stdio.h>

static void put_change_delete(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	assert_int_equal(rig_newest(g), 0);
	rig_world(g);
	assert_int_equal(g->r.change_set, 1);
	assert_int_equal(rig_newest(g), 1);
	assert_true(rig_has(g, ROW_PEER, "name=a organization=A~GmbH"));
	assert_true(rig_has(g, ROW_ROUTE, "group=g peer=a priority=1 weight=10 cost=50"));
	assert_int_equal(rig_count(g, ROW_PEER), 3);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=a organization=A~AG");
	rig_put(g, ROW_PEER, "name=b");
	rig_put(g, ROW_PEER, "name=d");
	rig_delete(g, ROW_PEER, "name=c");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	assert_int_equal(g->r.put, 1);
	assert_int_equal(g->r.changed, 1);
	assert_int_equal(g->r.unchanged, 1);
	assert_int_equal(g->r.deleted, 1);
	assert_int_equal(g->r.change_set, 2);
	assert_true(rig_has(g, ROW_PEER, "name=a organization=A~AG"));
	assert_false(rig_has(g, ROW_PEER, "name=c"));
	rig_close(g);
}

static void nothing_changes_nothing(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_begin(g);
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	assert_int_equal(g->r.change_set, 0);
	rig_change(g, ROW_PEER, "name=b", 0);
	assert_int_equal(g->r.unchanged, 1);
	assert_int_equal(rig_newest(g), 1);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=z");
	store_rollback(g->s);
	assert_false(rig_has(g, ROW_PEER, "name=z"));
	assert_int_equal(store_commit(g->s, STORE_DRY, &g->r, &g->why).error, E_POLICY); // nothing was begun
	rig_close(g);
}

static void dry_run(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=d");
	rig_put(g, ROW_PEER, "name=a organization=B");
	rig_put(g, ROW_PEER, "name=b");
	rig_put(g, ROW_RANGE, "prefix=+4930 owner=nobody to=a");
	rig_delete(g, ROW_PEER, "name=c");
	rig_commit(g, STORE_DRY, 1);
	assert_int_equal(g->r.put, 1);
	assert_int_equal(g->r.changed, 1);
	assert_int_equal(g->r.unchanged, 1);
	assert_int_equal(g->r.deleted, 1);
	assert_int_equal(g->r.fault[0].number, 4);
	assert_int_equal(rig_newest(g), 1);
	assert_true(rig_has(g, ROW_PEER, "name=c"));
	rig_close(g);
}

static void file_is_the_whole_truth(void **state)
{
	struct rig *g = rig_open();
	struct row_fault fault = {"prefix: \"030\" is national"};

	(void)state;
	rig_world(g);
	rig_begin(g);
	rig_put(g, ROW_RANGE, "prefix=+44 owner=b to=b");
	rig_ok(g, store_delete_others(g->s, ROW_RANGE, &g->why));
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	assert_int_equal(g->r.deleted, 1);
	assert_int_equal(rig_count(g, ROW_RANGE), 1);
	assert_true(rig_has(g, ROW_RANGE, "prefix=+44 owner=b to=b"));
	rig_begin(g); // a row that could not be read may be the one that stands
	rig_put(g, ROW_RANGE, "prefix=+45 owner=b to=b");
	rig_ok(g, store_delete_others(g->s, ROW_RANGE, &g->why));
	rig_ok(g, store_refuse(g->s, 7, ROW_RANGE, &fault));
	rig_commit(g, STORE_SKIP_BAD, 2);
	assert_int_equal(rig_count(g, ROW_RANGE), 2);
	rig_begin(g); // peers that are named elsewhere stay
	rig_put(g, ROW_PEER, "name=z");
	rig_ok(g, store_delete_others(g->s, ROW_PEER, &g->why));
	rig_commit(g, STORE_SKIP_BAD, 2);
	assert_int_equal(g->r.deleted, 1);
	assert_false(rig_has(g, ROW_PEER, "name=c"));
	assert_true(rig_has(g, ROW_PEER, "name=a organization=A~GmbH"));
	rig_close(g);
}

// What depends on a row that is left out is left out as well.
static void skip_bad(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=d");
	rig_put(g, ROW_PEER, "name=d organization=twice");
	rig_put(g, ROW_GROUP, "name=a"); // a peer
	rig_put(g, ROW_GROUP, "name=h");
	rig_put(g, ROW_ROUTE, "group=h peer=d");
	rig_put(g, ROW_ROUTE, "group=k peer=d");
	rig_put(g, ROW_RANGE, "prefix=+44 owner=d to=h");
	rig_put(g, ROW_RANGE, "prefix=+45 owner=d to=k");
	rig_commit(g, STORE_SKIP_BAD, 4);
	assert_int_equal(g->r.put, 4);
	assert_true(rig_has(g, ROW_PEER, "name=d"));
	assert_true(rig_has(g, ROW_RANGE, "prefix=+44 owner=d to=h"));
	assert_false(rig_has(g, ROW_GROUP, "name=a"));
	rig_begin(g); // a chain: the group is bad, so the route to it, so the range stays as it was
	rig_put(g, ROW_GROUP, "name=b");
	rig_put(g, ROW_GROUP, "name=m cost_ceiling=5");
	rig_put(g, ROW_ROUTE, "group=m peer=d cost=6");
	rig_put(g, ROW_RANGE, "prefix=+44 owner=d to=b");
	rig_commit(g, STORE_SKIP_BAD, 2);
	assert_true(rig_has(g, ROW_RANGE, "prefix=+44 owner=d to=b")); // the peer b, which stands
	assert_true(rig_has(g, ROW_GROUP, "name=m cost_ceiling=5"));
	rig_close(g);
}

struct order {
	char last[ROW_TEXT_MAX];
	uint32_t n;
	uint32_t stop_at;
};

static bool order_h(void *ctx, const struct row *row)
{
	struct order *o = ctx;
	char text[ROW_TEXT_MAX];

	row_get(row, 0, text);
	assert_true(strcmp(o->last, text) < 0);
	memcpy(o->last, text, sizeof(text));
	return ++o->n != o->stop_at;
}

static void reading_is_one_moment(void **state)
{
	struct rig *g = rig_open();
	struct store *other;
	struct order o = {.n = 0};
	uint64_t at;

	(void)state;
	rig_world(g);
	other = rig_second(g);
	rig_ok(g, store_read_begin(other, &at, &g->why));
	assert_int_equal(at, 1);
	rig_change(g, ROW_PEER, "name=d", 0);
	rig_ok(g, store_each(other, ROW_PEER, order_h, &o, &g->why));
	assert_int_equal(o.n, 3);
	assert_int_equal(store_begin(other, "x", "y", &g->why).error, E_POLICY); // it reads
	store_read_end(other);
	o = (struct order){.stop_at = 2};
	rig_ok(g, store_each(other, ROW_PEER, order_h, &o, &g->why));
	assert_int_equal(o.n, 2);
	assert_int_equal(rig_count(g, ROW_PEER), 4);
	store_close(other);
	rig_close(g);
}

static void people(void **state)
{
	struct rig *g = rig_open();
	char text[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[STORE_WHO_MAX] = '\0';
	assert_int_equal(store_begin(g->s, "", "y", &g->why).error, E_TOO_LONG);
	assert_int_equal(store_begin(g->s, text, "y", &g->why).error, E_TOO_LONG);
	assert_int_equal(store_begin(g->s, "a\nb", "y", &g->why).error, E_SYNTAX);
	assert_int_equal(store_begin(g->s, "a", "\xff", &g->why).error, E_SYNTAX);
	rig_begin(g);
	assert_int_equal(store_begin(g->s, "a", "twice", &g->why).error, E_POLICY);
	rig_close(g); // with a change under way
}

static void every_kind_round_trip(void **state)
{
	static const struct {
		enum row_kind kind;
		const char *columns;
	} rows[] = {
		{ROW_RANGE, "prefix=+4930 exact=1 owner=c to=g rn=+4989123"},
		{ROW_DOMAIN, "domain=a.example owner=a to=g"},
		{ROW_SED, "peer=a transport=tls address=[2001:db8::1]:5061 priority=3 weight=65535"},
		{ROW_SED, "peer=a transport=udp address=192.0.2.1:5060"},
		{ROW_ROUTE, "group=g peer=b hours=mon-fri~08:00-18:00 priority=1"},
	};
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rig_change(g, rows[i].kind, rows[i].columns, 0);
		assert_true(rig_has(g, rows[i].kind, rows[i].columns));
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rig_remove(g, rows[i].kind, rows[i].columns, 0);
		assert_false(rig_has(g, rows[i].kind, rows[i].columns));
		rig_remove(g, rows[i].kind, rows[i].columns, 1);
		rig_told(g, "not there");
	}
	rig_close(g);
}

int suite_change(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_change_delete),
		cmocka_unit_test(nothing_changes_nothing),
		cmocka_unit_test(dry_run),
		cmocka_unit_test(file_is_the_whole_truth),
		cmocka_unit_test(skip_bad),
		cmocka_unit_test(reading_is_one_moment),
		cmocka_unit_test(people),
		cmocka_unit_test(every_kind_round_trip),
	};
	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
