// SPDX-License-Identifier: Apache-2.0
// Options: bounds, the file, and which of the two wins.
#include "unit.h"

#include "base/memory.h"

#include <unistd.h>

static result read_args(const char *const *args, int n, struct audit_settings *s)
{
	char *argv[16] = {(char[]){"audit"}};

	for (int i = 0; i < n; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i];
	return audit_options_read(n + 1, argv, s);
}

static void defaults_follow_the_target(void **state)
{
	static const char *const args[] = {"127.0.0.1"};
	struct audit_settings s;

	UNUSED(state);
	assert_ok(read_args(args, 1, &s));
	assert_int_equal(s.target.port, 5060);
	assert_true(address_equal(&s.target, &s.called_target));
	assert_string_equal(s.domain, "127.0.0.1");
	assert_string_equal(s.name, "127.0.0.1");
	assert_int_equal(s.seed, 1);
	assert_int_equal(s.stream.family, 0);
	assert_false(s.json);
}

static void bounds_hold(void **state)
{
	static const struct { const char *name, *value; bool good; } rows[] = {
		{"rate", "1", true}, {"rate", "1000", true}, {"rate", "1001", false}, {"rate", "0", false},
		{"rate", "-1", false}, {"rate", "1e3", false}, {"rate", "", false}, {"rate", " 1", false},
		{"packets", "5000", true}, {"packets", "5001", false}, {"seconds", "300", true}, {"seconds", "301", false},
		{"connections", "2", true}, {"connections", "1", false}, {"connections", "1024", true},
		{"connections", "1025", false}, {"deadline", "300", true}, {"deadline", "301", false},
		{"seed", "18446744073709551615", true}, {"seed", "18446744073709551616", false},
		{"caller", "127.0.0.1:0", true}, {"caller", "udp:127.0.0.1:5070", true}, {"caller", "host.example", false},
		{"caller", "127.0.0.1:65536", false}, {"stream", "tls:[::1]:5061", true}, {"from", "+4930", true},
		{"from", "a@b", false}, {"from", "a b", false}, {"from", "a\r\nX: y", false}, {"from", "", false},
		{"json", "yes", true}, {"json", "maybe", false}, {"nothing", "1", false},
	};
	struct audit_settings s = {0};
	const char *why = NULL;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = is_ok(audit_option_set(&s, rows[i].name, rows[i].value, &why));
		if (good != rows[i].good)
			fail_msg("%s %s", rows[i].name, rows[i].value);
		assert_int_equal(good, why == NULL);
	}
}

static void text_fits_its_room(void **state)
{
	struct audit_settings s = {0};
	char text[AUDIT_TEXT_MAX + 1];
	const char *why = NULL;

	UNUSED(state);
	memset(text, 'a', sizeof(text));
	text[AUDIT_TEXT_MAX - 1] = '\0';
	assert_ok(audit_option_set(&s, "domain", text, &why));
	text[AUDIT_TEXT_MAX - 1] = 'a';
	text[AUDIT_TEXT_MAX] = '\0';
	assert_error(audit_option_set(&s, "domain", text, &why), E_CONFIG);
}

static void file_of(const char *text, char path[64])
{
	(void)snprintf(path, 64, "/tmp/sallyport-unit-audit-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void the_command_line_wins(void **state)
{
	char path[64];
	const char *args[] = {"--seed", "9", "--config", path, "127.0.0.3:5060"};
	struct audit_settings s;

	UNUSED(state);
	file_of("target: 127.0.0.2:5060\nseed: 7\nrate: 11\nfrom: \"+1\"\n", path);
	assert_ok(read_args(args, 5, &s));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(s.seed, 9);
	assert_int_equal(s.rate, 11);
	assert_string_equal(s.from, "+1");
	assert_string_equal(s.name, "127.0.0.3:5060");
	assert_int_equal(s.target.ip[3], 3);
}

static void broken_files_are_refused(void **state)
{
	static const char *const texts[] = {"target: [1, 2]\n", "nonsense: 1\n", "target: host\n", "- a\n", "target: 'a\n", ""};
	char path[64];
	const char *args[] = {"--config", path};
	struct audit_settings s;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		file_of(texts[i], path);
		assert_error(read_args(args, 2, &s), E_CONFIG);
		assert_int_equal(unlink(path), 0);
	}
	assert_error(read_args(args, 2, &s), E_CONFIG); // it is gone
	assert_error(read_args(args, 1, &s), E_CONFIG); // no value follows
}

static void memory_may_fail(void **state)
{
	char path[64];
	const char *args[] = {"--config", path};
	struct audit_settings s;

	UNUSED(state);
	file_of("target: 127.0.0.2:5060\n", path);
	for (uint64_t n = 1; n < 32; n++) {
		uint64_t before = memory_alloc_count();
		memory_fail_nth(n);
		result r = read_args(args, 2, &s);
		bool reached = memory_alloc_count() - before >= n;
		memory_fail_nth(0);
		assert_int_equal(is_ok(r), !reached);
		if (!reached)
			break;
	}
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_follow_the_target),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(text_fits_its_room),
		cmocka_unit_test(the_command_line_wins),
		cmocka_unit_test(broken_files_are_refused),
		cmocka_unit_test(memory_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
