// SPDX-License-Identifier: Apache-2.0
// One parameter out of a list.
#include "support.h"

static void get(void **state)
{
	const char *text = "a=1; B = \"x;a=2\" ;c;d=;cid=<a;b>";
	bool found;
	struct span v;
	UNUSED(state);
	assert_true(is_ok(sip_param_get(TEXT(text), BYTES("A"), &found, &v)));
	assert_true(found);
	span_is(text, v, "1");
	assert_true(is_ok(sip_param_get(TEXT(text), BYTES("b"), &found, &v)));
	span_is(text, v, "\"x;a=2\"");
	assert_true(is_ok(sip_param_get(TEXT(text), BYTES("c"), &found, &v)));
	assert_true(found && span_empty(v));
	assert_true(is_ok(sip_param_get(TEXT(text), BYTES("cid"), &found, &v)));
	span_is(text, v, "<a;b>");
	assert_true(is_ok(sip_param_get(TEXT(text), BYTES("e"), &found, &v)));
	assert_false(found);
	assert_int_equal(sip_param_get(TEXT("a;b;a"), BYTES("a"), &found, &v).error, E_DUPLICATE);
	assert_int_equal(sip_param_get((const uint8_t *)"a", 1, (struct span){0, 2}, BYTES("a"), &found, &v).error, E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(get)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
