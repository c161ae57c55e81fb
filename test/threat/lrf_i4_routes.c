// SPDX-License-Identifier: Apache-2.0
// LRF-I4, tampered routes cost or swallow calls: a route above what its group may cost, a ceiling lowered under routes that
// stand, routes to nobody, and a group that takes the name of a peer to catch his calls.
#include "store_threat.h"

struct attack {
	enum row_kind kind;
	const char *a, *b, *c;
	uint32_t cost;
};

static bool run(struct threat_store *t, const struct attack *a)
{
	struct row row = threat_store_row(a->kind, a->a, a->b, a->c, NULL);

	if (a->kind == ROW_ROUTE)
		row.u.route.cost = a->cost;
	return threat_store_change(t, &row);
}

static void attacks_run(enum store_gate off, const struct attack *attack, size_t n, const struct attack *before)
{
	for (size_t i = 0; i < n; i++) {
		for (int gate = 0; gate < 2; gate++) {
			struct threat_store t;
			threat_store_open(&t);
			assert_true(run(&t, before));
			if (gate == 0)
				store_gate_off(t.s, off);
			assert_int_equal(run(&t, &attack[i]), gate == 0);
			assert_true(threat_store_whole(&t));
			threat_store_close(&t);
		}
	}
}

static void cost(void **state)
{
	static const struct attack cheap = {ROW_ROUTE, "g", "a", "", 100};
	static const struct attack attacks[] = {{ROW_ROUTE, "g", "b", "", 101}, {ROW_ROUTE, "g", "a", "", ROW_COST_MAX},
		{ROW_ROUTE, "g", "b", "22:00-06:00", 5000}, {ROW_GROUP, "g", "99", NULL, 0}};

	(void)state;
	attacks_run(STORE_GATE_COST, attacks, ARRAY_LEN(attacks), &cheap);
}

static void nowhere(void **state)
{
	static const struct attack before = {ROW_GROUP, "h", "0", NULL, 0};
	static const struct attack attacks[] = {{ROW_ROUTE, "g", "hole", "", 0}, {ROW_ROUTE, "hole", "a", "", 0},
		{ROW_GROUP, "b", "0", NULL, 0}};

	(void)state;
	attacks_run(STORE_GATE_REFERENCE, attacks, ARRAY_LEN(attacks), &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cost),
		cmocka_unit_test(nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
