// SPDX-License-Identifier: Apache-2.0
// Nobody's network is attacked by mistake.
#include "unit.h"

static result allowed(const char *text, const char *own, const char *name)
{
	struct address a = unit_address(text);

	return audit_target_allowed(&a, own, name);
}

static void own_networks_are_allowed(void **state)
{
	static const char *const list[] = {"127.0.0.1:5060", "127.255.255.254:5060", "10.0.0.1:5060", "172.16.0.1:5060",
		"172.31.255.254:5060", "192.168.0.1:5060", "[::1]:5060", "[fd00::1]:5060", "[fc00::1]:5060"};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		assert_ok(allowed(list[i], "", list[i]));
}

static void others_are_refused(void **state)
{
	static const char *const list[] = {"8.8.8.8:5060", "126.255.255.255:5060", "128.0.0.1:5060", "172.15.255.255:5060",
		"172.32.0.1:5060", "192.167.255.255:5060", "192.169.0.1:5060", "11.0.0.1:5060", "[2001:4860::1]:5060",
		"[fe80::1]:5060", "[::ffff:8.8.8.8]:5060", "0.0.0.0:5060", "255.255.255.255:5060", "224.0.0.1:5060",
		"[ff02::1]:5060"};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		assert_error(allowed(list[i], "", list[i]), E_POLICY);
}

static void confirmation_names_the_target(void **state)
{
	UNUSED(state);
	assert_ok(allowed("8.8.8.8:5060", "8.8.8.8:5060", "8.8.8.8:5060"));
	assert_error(allowed("8.8.8.8:5060", "8.8.4.4:5060", "8.8.8.8:5060"), E_POLICY);
	assert_error(allowed("8.8.8.8:5060", "", ""), E_POLICY);
	// Groups and broadcast are nobody's, whatever is confirmed.
	assert_error(allowed("224.0.0.1:5060", "224.0.0.1:5060", "224.0.0.1:5060"), E_POLICY);
	assert_error(allowed("255.255.255.255:5060", "x", "x"), E_POLICY);
}

static int main_of(const char *const *args, int n)
{
	char *argv[12] = {(char[]){"audit"}};

	for (int i = 0; i < n; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i];
	return audit_main(n + 1, argv);
}

static void the_command_refuses_before_it_sends(void **state)
{
	static const char *const public[] = {"198.51.100.7:5060"};
	static const char *const half[] = {"127.0.0.1:9", "--called-target", "198.51.100.7:5060"};
	static const char *const stream[] = {"127.0.0.1:9", "--stream", "198.51.100.7:5060"};
	static const char *const unknown[] = {"127.0.0.1:9", "--nonsense"};

	UNUSED(state);
	assert_int_equal(main_of(public, 1), AUDIT_USAGE);
	assert_int_equal(main_of(half, 3), AUDIT_USAGE);
	assert_int_equal(main_of(stream, 3), AUDIT_USAGE);
	assert_int_equal(main_of(unknown, 2), AUDIT_USAGE);
	assert_int_equal(main_of(NULL, 0), AUDIT_USAGE);
}

static void nothing_tried_is_no_success(void **state)
{
	static const char *const alone[] = {"127.0.0.1:9", "--only", "SF-I1"}; // needs peers: skipped

	UNUSED(state);
	assert_int_equal(main_of(alone, 3), AUDIT_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_networks_are_allowed),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(confirmation_names_the_target),
		cmocka_unit_test(the_command_refuses_before_it_sends),
		cmocka_unit_test(nothing_tried_is_no_success),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
