// SPDX-License-Identifier: Apache-2.0
// Verdicts, exit status and JSON; the rows of the probes themselves.
#include "unit.h"

static void exit_status(void **state)
{
	struct audit_result r[3] = {0};

	UNUSED(state);
	assert_int_equal(audit_report_exit(r, 3), AUDIT_HELD);
	r[1].verdict = AUDIT_V_SKIPPED;
	r[2].verdict = AUDIT_V_INCONCLUSIVE;
	assert_int_equal(audit_report_exit(r, 3), AUDIT_HELD);
	r[2].verdict = AUDIT_V_FAILED;
	assert_int_equal(audit_report_exit(r, 3), AUDIT_FAILED);
	r[0].verdict = r[1].verdict = r[2].verdict = AUDIT_V_SKIPPED;
	assert_int_equal(audit_report_exit(r, 3), AUDIT_FAILED);
	assert_int_equal(audit_report_exit(r, 0), AUDIT_FAILED);
}

static void failed_wins(void **state)
{
	struct audit_result r = {0};

	UNUSED(state);
	audit_find(&r, true, "one");
	audit_find(&r, true, "two");
	assert_string_equal(r.evidence, "one; two");
	audit_find(&r, false, "three");
	assert_int_equal(r.verdict, AUDIT_V_FAILED);
	assert_string_equal(r.evidence, "three");
	audit_find(&r, true, "four");
	audit_find(&r, false, "five");
	assert_string_equal(r.evidence, "three; five");
	audit_say(&r, AUDIT_V_INCONCLUSIVE, "x");
	audit_find(&r, true, "held is no news any more");
	assert_int_equal(r.verdict, AUDIT_V_INCONCLUSIVE);
	assert_string_equal(r.evidence, "x");
}

static void evidence_is_bounded(void **state)
{
	struct audit_result r = {0};

	UNUSED(state);
	for (int i = 0; i < 200; i++)
		audit_find(&r, false, "finding number %d", i);
	assert_true(strlen(r.evidence) < AUDIT_EVIDENCE_MAX);
	assert_int_equal(r.verdict, AUDIT_V_FAILED);
}

static void json_has_each_row(void **state)
{
	struct audit_settings s = {.name = "127.0.0.1:5060", .seed = 42};
	struct audit_result r[2] = {{.verdict = AUDIT_V_HELD, .evidence = "fine"},
		{.verdict = AUDIT_V_FAILED, .evidence = "\xff\xfe quoted from the network", .packets = 7, .ms = 1500}};
	json_t *j = audit_report_json(&s, audit_probes, r, 2);

	UNUSED(state);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "held")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "failed")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "seed")), 42);
	assert_true(json_is_false(json_object_get(j, "ok")));
	const json_t *rows = json_object_get(j, "probes"), *row = json_array_get(rows, 1);
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_string_value(json_object_get(row, "verdict")), "failed");
	assert_string_equal(json_string_value(json_object_get(row, "evidence")), "?? quoted from the network");
	assert_string_equal(json_string_value(json_object_get(row, "probe")), audit_probes[1].name);
	assert_int_equal(json_integer_value(json_object_get(row, "packets")), 7);
	assert_int_equal(json_integer_value(json_object_get(row, "ms")), 1500);
	json_decref(j);
}

static void only_selects(void **state)
{
	static const struct audit_probe p = {"SF-C3 LRF-C2", "topology", "", 0, NULL};
	struct audit_settings s = {0};

	UNUSED(state);
	static const struct { const char *only; bool selected; } rows[] = {
		{"", true}, {"SF-C3", true}, {"sf-c3", true}, {"LRF-C2", true}, {"topology", true}, {"SF-I1,topology", true},
		{"SF-I1,LRF-C2,SF-A3", true}, {"SF-C", false}, {"SF-C33", false}, {"topo", false}, {",", false},
		{"SF-C3 LRF-C2", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(s.only, sizeof(s.only), "%s", rows[i].only);
		if (audit_selected(&s, &p) != rows[i].selected)
			fail_msg("\"%s\"", rows[i].only);
	}
}

static void each_threat_has_a_probe(void **state)
{
	static const char *const threats[] = {"SF-A3", "SF-I1", "SF-I4", "SF-I5", "SF-I6", "SF-I7", "SF-I8", "SF-C3", "LRF-C2",
		"MF-C3", "MF-I1", "SF-A4", "SF-A6"};
	struct audit_settings s = {0};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(threats); i++) {
		uint32_t n = 0;
		(void)snprintf(s.only, sizeof(s.only), "%s", threats[i]);
		for (uint32_t k = 0; k < audit_probe_count; k++)
			n += audit_selected(&s, &audit_probes[k]);
		assert_true(n > 0);
	}
	for (uint32_t i = 0; i < audit_probe_count; i++) {
		assert_non_null(audit_probes[i].run);
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(audit_probes[i].name, audit_probes[k].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_status),
		cmocka_unit_test(failed_wins),
		cmocka_unit_test(evidence_is_bounded),
		cmocka_unit_test(json_has_each_row),
		cmocka_unit_test(only_selects),
		cmocka_unit_test(each_threat_has_a_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
