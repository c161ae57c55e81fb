// SPDX-License-Identifier: Apache-2.0
// LUF-I3, a range is hijacked by provisioning: a longer prefix within another's range, a wider one around it, a single number
// without proof of porting, a change of the owner; and the traces wiped out of the journal afterwards.
#include "store_threat.h"

static const struct {
	const char *prefix, *exact;
} within[] = {{"+4930", "0"}, {"+4930123456", "1"}, {"+4", "0"}, {"+49", "1"}};

static void hijack(bool gate)
{
	for (size_t i = 0; i < ARRAY_LEN(within); i++) {
		struct threat_store t;
		threat_store_open(&t);
		if (!gate)
			store_gate_off(t.s, STORE_GATE_OWNER);
		struct row row = threat_store_row(ROW_RANGE, within[i].prefix, within[i].exact, "b", "b");
		assert_int_equal(threat_store_change(&t, &row), !gate);
		assert_true(!gate || strstr(t.fault.text, "overlaps +49 of a") != NULL);
		threat_store_close(&t);
	}
}

static void owner_off(void **state)
{
	(void)state;
	hijack(false);
}

static void owner_on(void **state)
{
	(void)state;
	hijack(true);
}

// The same within one large change set, where ranges are checked by one scan.
static void hidden_in_bulk(void **state)
{
	enum { HAY = STORE_LARGE + 10 };
	struct threat_store t;
	struct store_report r;

	(void)state;
	threat_store_open(&t);
	assert_true(is_ok(store_begin(t.s, "mallory", "yearly delivery", &t.why)));
	for (uint32_t i = 0; i < HAY; i++) {
		struct row row = threat_store_row(ROW_RANGE, "+44", "0", "b", "b");
		snprintf(row.u.range.prefix, sizeof(row.u.range.prefix), i == HAY / 2 ? "+4930" : "+44%06u", i);
		assert_true(is_ok(store_put(t.s, i, &row, &t.why)));
	}
	assert_true(is_ok(store_commit(t.s, STORE_ALL_OR_NOTHING, &r, &t.why)));
	assert_true(!r.applied && r.faults == 1 && r.fault[0].number == HAY / 2);
	store_report_free(&r);
	assert_true(threat_store_whole(&t));
	threat_store_close(&t);
}

// Whoever rewrites who did it, or takes an entry away, breaks the chain; a change that is found is undone.
static void traces(void **state)
{
	static const char *const wipes[] = {"UPDATE change_set SET who = 'sally' WHERE number = 4", "DELETE FROM journal WHERE entry = 4",
		"UPDATE journal SET after_text = 'b' || char(9) || 'b' || char(9) WHERE entry = 4"};
	uint64_t broken;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wipes); i++) {
		struct threat_store t;
		threat_store_open(&t);
		assert_true(threat_store_whole(&t)); // the chain as it was written fits
		threat_store_tamper(&t, wipes[i]);
		assert_int_equal(store_verify(t.s, &broken, &t.why).error, E_FORGED);
		assert_int_equal(broken, 4);
		threat_store_close(&t);
	}
}

static void undone(void **state)
{
	struct row row = threat_store_row(ROW_RANGE, "+49", "0", "b", "b");
	struct threat_store t;
	struct store_report r;

	(void)state;
	threat_store_open(&t);
	assert_true(threat_store_change(&t, &row)); // by somebody who may
	assert_false(threat_store_whole(&t));
	assert_true(is_ok(store_undo(t.s, 5, "sally", &r, &t.why)) && r.applied);
	store_report_free(&r);
	assert_true(threat_store_whole(&t));
	threat_store_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_off),
		cmocka_unit_test(owner_on),
		cmocka_unit_test(hidden_in_bulk),
		cmocka_unit_test(traces),
		cmocka_unit_test(undone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
