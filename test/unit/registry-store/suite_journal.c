// SPDX-License-Identifier: Apache-2.0
// The journal: what it tells, how it shows tampering, what can be undone (LUF-I3).
#include "rig.h"

#include <stdio.h>

struct told {
	uint32_t n;
	struct store_change change[32];
};

static bool change_h(void *ctx, const struct store_change *c)
{
	struct told *t = ctx;

	assert_true(t->n < ARRAY_LEN(t->change));
	t->change[t->n++] = *c;
	return true;
}

static void feed(void **state)
{
	struct rig *g = rig_open();
	struct told t = {.n = 0};
	uint64_t last;
	struct row a = rig_row(ROW_PEER, "name=a organization=A~GmbH"), a2 = rig_row(ROW_PEER, "name=a organization=x");

	(void)state;
	rig_world(g);
	rig_change(g, ROW_PEER, "name=a organization=x", 0);
	rig_remove(g, ROW_RANGE, "prefix=+49", 0);
	rig_ok(g, store_changes(g->s, 0, 100, change_h, &t, &last, &g->why));
	assert_int_equal(last, 3);
	assert_int_equal(t.n, 9);
	assert_true(!t.change[0].has_before && t.change[0].has_after && row_equal(&t.change[0].after, &a));
	assert_string_equal(t.change[0].who, "sally");
	assert_string_equal(t.change[0].why, "test");
	assert_true(t.change[0].at_ms > 0);
	assert_true(row_equal(&t.change[7].before, &a) && row_equal(&t.change[7].after, &a2));
	assert_int_equal(t.change[7].change_set, 2);
	assert_true(t.change[8].has_before && !t.change[8].has_after);
	t.n = 0;
	rig_ok(g, store_changes(g->s, 0, 7, change_h, &t, &last, &g->why)); // the first alone fits
	assert_int_equal(last, 1);
	assert_int_equal(store_changes(g->s, 0, 6, change_h, &t, &last, &g->why).error, E_TOO_MANY);
	t.n = 0;
	rig_ok(g, store_changes(g->s, 3, 6, change_h, &t, &last, &g->why));
	assert_true(t.n == 0 && last == 3);
	rig_close(g);
}

// LUF-I3: whoever alters the past shows.
static void tampering(void **state)
{
	static const struct {
		const char *statement;
		uint64_t broken; // 0: not altered
	} attacks[] = {
		{"UPDATE journal SET after_text = after_text", 0},
		{"UPDATE journal SET after_text = 'evil' WHERE entry = (SELECT first_entry FROM change_set WHERE number = 2)", 2},
		{"UPDATE journal SET before_text = NULL WHERE before_text IS NOT NULL", 2},
		{"UPDATE change_set SET who = 'nobody' WHERE number = 1", 1},
		{"UPDATE change_set SET why = 'x' WHERE number = 3", 3},
		{"UPDATE change_set SET at_ms = at_ms + 1 WHERE number = 2", 2},
		{"DELETE FROM journal WHERE entry = (SELECT last_entry FROM change_set WHERE number = 1)", 1},
		{"DELETE FROM change_set WHERE number = 2", 2},
		{"INSERT INTO journal (entry, change_set, kind, key_text) VALUES (1000000, 9, 1, 'x')", 4},
		{"UPDATE change_set SET hash = (SELECT hash FROM change_set WHERE number = 1) WHERE number = 2", 2},
		{"UPDATE journal SET kind = 2 WHERE entry = (SELECT first_entry FROM change_set WHERE number = 1)", 1},
	};
	uint64_t broken;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct rig *g = rig_open();
		rig_world(g);
		rig_change(g, ROW_PEER, "name=a organization=x", 0);
		rig_change(g, ROW_PEER, "name=d", 0);
		rig_ok(g, store_verify(g->s, &broken, &g->why));
		rig_tamper(g->uri, attacks[i].statement);
		result r = store_verify(g->s, &broken, &g->why);
		assert_int_equal(r.error, attacks[i].broken == 0 ? E_OK : E_FORGED);
		assert_int_equal(broken, attacks[i].broken);
		rig_close(g);
	}
}

static void undo(void **state)
{
	struct rig *g = rig_open();
	uint64_t broken;

	(void)state;
	rig_world(g);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=a organization=x");
	rig_put(g, ROW_PEER, "name=d");
	rig_delete(g, ROW_PEER, "name=c");
	rig_put(g, ROW_RANGE, "prefix=+44 owner=d to=g");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	store_report_free(&g->r);
	rig_ok(g, store_undo(g->s, 2, "otto", &g->r, &g->why));
	assert_true(g->r.applied);
	assert_int_equal(g->r.change_set, 3);
	assert_true(rig_has(g, ROW_PEER, "name=a organization=A~GmbH"));
	assert_true(rig_has(g, ROW_PEER, "name=c"));
	assert_false(rig_has(g, ROW_PEER, "name=d"));
	assert_int_equal(rig_count(g, ROW_RANGE), 1);
	store_report_free(&g->r);
	rig_ok(g, store_undo(g->s, 3, "otto", &g->r, &g->why)); // and back
	uint8_t hash[STORE_HASH_LEN];
	rig_ok(g, store_hash(g->s, 4, hash, &g->why));
	assert_memory_equal(hash, g->r.hash, sizeof(hash)); // what the caller was given to keep
	assert_int_equal(store_hash(g->s, 5, hash, &g->why).error, E_NOT_FOUND);
	assert_int_equal(store_hash(g->s, 0, hash, &g->why).error, E_NOT_FOUND);
	assert_true(rig_has(g, ROW_RANGE, "prefix=+44 owner=d to=g"));
	assert_int_equal(store_undo(g->s, 99, "otto", &g->r, &g->why).error, E_NOT_FOUND);
	rig_ok(g, store_verify(g->s, &broken, &g->why));
	rig_close(g);
}

static void undo_refused(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_change(g, ROW_PEER, "name=a organization=x", 0);
	rig_change(g, ROW_PEER, "name=a organization=y", 0);
	store_report_free(&g->r);
	rig_ok(g, store_undo(g->s, 2, "otto", &g->r, &g->why)); // changed again since
	assert_false(g->r.applied);
	assert_int_equal(g->r.faults, 1);
	rig_told(g, "changed again later");
	assert_true(rig_has(g, ROW_PEER, "name=a organization=y"));
	rig_change(g, ROW_PEER, "name=d", 0);
	rig_change(g, ROW_RANGE, "prefix=+44 owner=d to=d", 0);
	store_report_free(&g->r);
	rig_ok(g, store_undo(g->s, 4, "otto", &g->r, &g->why)); // something refers to it now
	assert_false(g->r.applied);
	rig_told(g, "still used by a range");
	rig_close(g);
}

// Rows that somebody wrote past us do not become ours.
static void forged_rows(void **state)
{
	struct rig *g = rig_open();
	struct row row = rig_row(ROW_PEER, "name=a"), out;
	struct told t = {.n = 0};
	uint64_t last;

	(void)state;
	rig_world(g);
	rig_tamper(g->uri, "UPDATE peer SET organization = 'a' || '\n' || 'b' WHERE name = 'a'");
	assert_int_equal(store_get(g->s, &row, &out, &g->why).error, E_FORGED);
	assert_non_null(strstr(g->why.text, "not written by us"));
	rig_tamper(g->uri, "UPDATE journal SET key_text = '+0', kind = 4");
	assert_int_equal(store_changes(g->s, 0, 100, change_h, &t, &last, &g->why).error, E_FORGED);
	rig_tamper(g->uri, "UPDATE journal SET kind = 77");
	assert_int_equal(store_changes(g->s, 0, 100, change_h, &t, &last, &g->why).error, E_FORGED);
	rig_close(g);
}

int suite_journal(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feed),
		cmocka_unit_test(tampering),
		cmocka_unit_test(undo),
		cmocka_unit_test(undo_refused),
		cmocka_unit_test(forged_rows),
	};
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
