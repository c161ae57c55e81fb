// SPDX-License-Identifier: Apache-2.0
// Names of targets: asked for one at a time and again, kept when DNS fails, forgotten when nobody names them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "main/names.h"

static struct names *make(uint32_t count, uint64_t now_us)
{
	struct conf_name *list = memory_array(count + 1, sizeof(*list));
	struct names *n;

	for (uint32_t i = 0; i < count; i++)
		snprintf(list[i].host, sizeof(list[i].host), "h%u.example", i);
	list[count].address.family = 4; // a target with an address: not asked for
	assert_true(is_ok(names_new(&n)));
	assert_true(is_ok(names_keep(n, list, count + 1, now_us)));
	memory_free(list);
	return n;
}

static struct address address(const char *text)
{
	struct address a;

	assert_true(is_ok(address_parse_host(bytes_of_string(text), 0, &a)));
	return a;
}

static void put(struct names *n, const char *host, const char *text, uint64_t now_us)
{
	struct address a = text != NULL ? address(text) : (struct address){.family = 0};

	assert_true(is_ok(names_put(n, host, &a, text != NULL, now_us)));
}

static void one_at_a_time(void **state)
{
	struct names *n = make(2, 0);
	uint32_t first = 0, second = 0;

	(void)state;
	assert_string_equal(names_ask(n, &first, 0), "h0.example");
	assert_null(names_ask(n, &second, 0));
	assert_false(names_answered(n, first + 1, "h0.example"));
	assert_false(names_answered(n, first, "h1.example")); // of nobody's question
	assert_true(names_answered(n, first, "h0.example"));
	assert_false(names_answered(n, first, "h0.example"));
	assert_string_equal(names_ask(n, &second, 0), "h1.example");
	assert_int_equal(names_deadline(n), NAMES_ANSWER_MS * MS);
	assert_string_equal(names_ask(n, &first, NAMES_ANSWER_MS * MS), "h0.example"); // the answer was lost
	assert_false(names_answered(n, second, "h1.example"));
	names_unasked(n); // the resolver died
	assert_string_equal(names_ask(n, &second, NAMES_ANSWER_MS * MS), "h1.example");
	assert_false(names_answered(n, first, "h0.example"));
	names_free(n);
}

static void again_and_sooner_when_unresolved(void **state)
{
	struct names *n = make(1, 0);
	uint32_t q;

	(void)state;
	assert_non_null(names_ask(n, &q, 0));
	assert_true(names_answered(n, q, "h0.example"));
	put(n, "h0.example", NULL, 0);
	assert_int_equal(names_deadline(n), NAMES_RETRY_MS * MS);
	assert_null(names_ask(n, &q, NAMES_RETRY_MS * MS - 1));
	assert_non_null(names_ask(n, &q, NAMES_RETRY_MS * MS));
	assert_true(names_answered(n, q, "h0.example"));
	put(n, "h0.example", "192.0.2.1", 5 * SECOND);
	assert_int_equal(names_deadline(n), 5 * SECOND + NAMES_REFRESH_MS * MS);
	names_free(n);
}

static void changes_are_told_once(void **state)
{
	struct names *n = make(1, 0);
	struct address a[2] = {address("192.0.2.1"), address("2001:db8::1")}, turned[2] = {a[1], a[0]}, got[CONF_RESOLVED_MAX];
	uint32_t count;

	(void)state;
	assert_true(is_ok(names_put(n, "h0.example", a, 2, 0)));
	assert_true(names_changed(n, 0));
	assert_false(names_changed(n, 0));
	assert_true(is_ok(names_put(n, "h0.example", turned, 2, 0))); // servers turn the order: no change
	assert_false(names_changed(n, 0));
	names_get(n, "h0.example", got, CONF_RESOLVED_MAX, &count);
	assert_int_equal(count, 2);
	assert_true(address_equal(&got[0], &a[0]));
	put(n, "h0.example", NULL, 0); // DNS fails: the last addresses stay
	assert_false(names_changed(n, 0));
	names_get(n, "h0.example", got, CONF_RESOLVED_MAX, &count);
	assert_int_equal(count, 2);
	put(n, "h0.example", "192.0.2.9", 0);
	assert_true(names_changed(n, 0));
	names_get(n, "h0.example", got, 0, &count);
	assert_int_equal(count, 0);
	names_get(n, "other.example", got, CONF_RESOLVED_MAX, &count);
	assert_int_equal(count, 0);
	names_free(n);
}

static void only_those_configured(void **state)
{
	struct conf_name keep = {.host = "h150.example"};
	struct names *n = make(200, 0); // more than one growth
	struct address got[1];
	uint32_t count, q;

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		char host[32];
		snprintf(host, sizeof(host), "h%u.example", i);
		put(n, host, "192.0.2.1", 0);
	}
	assert_non_null(names_ask(n, &q, 3600 * SECOND));
	assert_true(is_ok(names_keep(n, &keep, 1, 0)));
	assert_false(names_answered(n, q, "h0.example"));
	names_get(n, "h150.example", got, 1, &count);
	assert_int_equal(count, 1);
	names_get(n, "h0.example", got, 1, &count);
	assert_int_equal(count, 0);
	assert_true(is_ok(names_keep(n, NULL, 0, 0)));
	assert_int_equal(names_deadline(n), NO_DEADLINE);
	assert_null(names_ask(n, &q, 3600 * SECOND));
	names_free(n);
}

static void no_memory(void **state)
{
	struct names *n;
	struct address a = address("192.0.2.1");
	char long_name[DOMAIN_MAX + 8];

	(void)state;
	memory_fail_nth(1);
	assert_int_equal(names_new(&n).error, E_NO_MEMORY);
	assert_true(is_ok(names_new(&n)));
	memory_fail_nth(1);
	assert_int_equal(names_put(n, "x.example", &a, 1, 0).error, E_NO_MEMORY);
	memory_fail_nth(0);
	assert_true(is_ok(names_put(n, "x.example", &a, 1, 0)));
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(names_put(n, long_name, &a, 1, 0).error, E_TOO_LONG);
	names_free(n);
	names_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_at_a_time), cmocka_unit_test(again_and_sooner_when_unresolved),
		cmocka_unit_test(changes_are_told_once), cmocka_unit_test(only_those_configured), cmocka_unit_test(no_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
