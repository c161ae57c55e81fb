// SPDX-License-Identifier: Apache-2.0
// Results: classes, names, TRY and REQUIRE.
#include "unit.h"

#include <string.h>

static const enum error ALL[] = {E_OK, E_FORGED, E_STRANGER, E_STALE, E_REPLAY, E_AUTH, E_IGNORE, E_SYNTAX,
	E_TOO_LONG, E_TOO_MANY, E_MISSING, E_DUPLICATE, E_UNSUPPORTED, E_POLICY, E_NOT_FOUND, E_FRAMING,
	E_CLOSED, E_FULL, E_NO_MEMORY, E_TIMEOUT, E_AGAIN, E_CONFIG, E_SYSTEM, E_IMPOSSIBLE};

static void names_are_distinct(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(ALL); i++) {
		assert_string_not_equal(error_name(ALL[i]), "unknown error");
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(error_name(ALL[i]), error_name(ALL[j]));
	}
	assert_string_equal(error_name((enum error)0x7ff), "unknown error");
}

static void classes_follow_errors(void **state)
{
	UNUSED(state);
	assert_int_equal(result_class(OK), ERR_CLASS_NONE);
	assert_int_equal(result_class(FAIL(E_FORGED)), ERR_CLASS_DROP);
	assert_int_equal(result_class(FAIL(E_NOT_FOUND)), ERR_CLASS_REPLY);
	assert_int_equal(result_class(FAIL(E_FRAMING)), ERR_CLASS_CLOSE);
	assert_int_equal(result_class(FAIL(E_AGAIN)), ERR_CLASS_RESOURCE);
	assert_int_equal(result_class(FAIL(E_CONFIG)), ERR_CLASS_CONFIG);
	assert_int_equal(result_class(FAIL(E_IMPOSSIBLE)), ERR_CLASS_STOP);
}

static result guarded(bool cond, result inner, int *reached)
{
	REQUIRE(cond, E_POLICY);
	(*reached)++;
	TRY(inner);
	(*reached)++;
	return OK;
}

static void failures_leave_at_once(void **state)
{
	UNUSED(state);
	int reached = 0;
	assert_error(guarded(false, OK, &reached), E_POLICY);
	assert_int_equal(reached, 0);
	assert_error(guarded(true, FAIL(E_STALE), &reached), E_STALE);
	assert_int_equal(reached, 1);
	assert_true(is_ok(guarded(true, OK, &reached)));
	assert_int_equal(reached, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_distinct),
		cmocka_unit_test(classes_follow_errors),
		cmocka_unit_test(failures_leave_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
