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
	assert_true(names_changed(n, 5 * SECOND));
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
	assert_true(names_changed(n, NAMES_CHANGE_MS * MS));
	names_get(n, "h0.example", got, 0, &count);
	assert_int_equal(count, 0);
	names_get(n, "other.example", got, CONF_RESOLVED_MAX, &count);
	assert_int_equal(count, 0);
	names_free(n);
}

static uint64_t ask_in_vain(struct names *n, uint64_t at)
{
	uint32_t q;
	const char *host = names_ask(n, &q, at);

	assert_non_null(host);
	assert_true(names_answered(n, q, host));
	put(n, host, NULL, at);
	assert_null(names_ask(n, &q, names_deadline(n) - 1));
	return names_deadline(n) - at;
}

static void ever_less_often_when_it_goes_on_failing(void **state)
{
	static const uint64_t gaps_s[] = {2, 4, 8, 16, 32, 60, 60};
	struct names *n = make(1, 0);
	uint64_t at = 0;
	uint32_t q;

	(void)state;
	for (size_t i = 0; i < sizeof(gaps_s) / sizeof(gaps_s[0]); i++) {
		assert_int_equal(ask_in_vain(n, at), gaps_s[i] * SECOND);
		at += gaps_s[i] * SECOND;
	}
	assert_non_null(names_ask(n, &q, at));
	assert_true(names_answered(n, q, "h0.example"));
	put(n, "h0.example", "192.0.2.1", at);
	at += NAMES_REFRESH_MS * MS;
	assert_true(names_changed(n, at));
	assert_int_equal(ask_in_vain(n, at), NAMES_RETRY_MS * MS); // it had recovered: from the beginning
	names_free(n);
}

static void those_that_fail_let_others_go_first(void **state)
{
	struct names *n = make(3, 0);
	uint32_t q;

	(void)state;
	put(n, "h0.example", NULL, 0);
	put(n, "h1.example", NULL, 0);
	put(n, "h2.example", "192.0.2.1", 0);
	assert_string_equal(names_ask(n, &q, 10 * SECOND), "h2.example"); // due last, asked first
	assert_true(names_answered(n, q, "h2.example"));
	put(n, "h2.example", "192.0.2.1", 10 * SECOND);
	assert_string_equal(names_ask(n, &q, 10 * SECOND), "h0.example");
	names_unasked(n);
	put(n, "h2.example", "192.0.2.1", (NAMES_BACKOFF_MAX_MS - 7000) * MS); // always due, as one of too many: not for ever
	assert_string_equal(names_ask(n, &q, (NAMES_BACKOFF_MAX_MS + 3001) * MS), "h1.example");
	names_free(n);
}

// The attack: lookups of two names that never resolve last 2 s and longer, so that one of them is always due. The addresses
// of the third, which moves, are in force within its refresh and one such lookup (LRF-A2, LRF-A3).
static void slow_failures_hide_no_change(void **state)
{
	enum { LOOKUP_MS = 5000, MOVES_MS = 300000, END_MS = 600000 };
	struct names *n = make(3, 0);
	uint64_t free_at = 0, asked_at = 0, told_at = 0;
	uint32_t q;

	(void)state;
	put(n, "h2.example", "192.0.2.1", 0);
	assert_true(names_changed(n, 0));
	for (uint64_t at = 0; at < END_MS * MS && told_at == 0; at += 100 * MS) {
		const char *host = at >= free_at ? names_ask(n, &q, at) : NULL;
		if (host != NULL && strcmp(host, "h2.example") == 0) {
			assert_true(names_answered(n, q, host));
			assert_true(at - asked_at <= (NAMES_REFRESH_MS + LOOKUP_MS + 100) * MS);
			asked_at = at;
			put(n, host, at >= MOVES_MS * MS ? "192.0.2.2" : "192.0.2.1", at);
		} else if (host != NULL) {
			assert_true(names_answered(n, q, host));
			free_at = at + LOOKUP_MS * MS;
			put(n, host, NULL, free_at);
		}
		if (names_changed(n, at))
			told_at = at;
	}
	assert_true(told_at >= MOVES_MS * MS && told_at <= (MOVES_MS + NAMES_REFRESH_MS + LOOKUP_MS + 100) * MS);
	names_free(n);
}

static void changes_are_told_while_questions_are_due(void **state)
{
	struct names *n = make(3, 0);
	uint32_t q;

	(void)state;
	put(n, "h0.example", "192.0.2.1", 0);
	assert_non_null(names_ask(n, &q, 0));
	assert_true(names_changed(n, 0)); // h1 is under way, h2 is due
	put(n, "h1.example", "192.0.2.1", 0);
	assert_false(names_changed(n, 0)); // so soon after another one
	assert_int_equal(names_deadline(n), NAMES_CHANGE_MS * MS);
	assert_false(names_changed(n, NAMES_CHANGE_MS * MS - 1));
	assert_true(names_changed(n, NAMES_CHANGE_MS * MS));
	assert_int_equal(names_deadline(n), NAMES_ANSWER_MS * MS);
	names_free(n);
}

static void a_change_outlives_a_reload(void **state)
{
	struct conf_name keep = {.host = "h0.example"};
	struct names *n = make(1, 0);

	(void)state;
	put(n, "h0.example", "192.0.2.1", 0); // it came after the name was looked up in the table
	assert_true(is_ok(names_keep(n, &keep, 1, 0)));
	assert_true(names_changed(n, 0));
	names_free(n);
}

static void all_are_due_when_asked_to_hurry(void **state)
{
	struct names *n = make(1, 0);
	uint32_t q;

	(void)state;
	assert_true(names_knows(n, "h0.example") && !names_knows(n, "h1.example"));
	put(n, "h0.example", "192.0.2.1", 0);
	assert_null(names_ask(n, &q, SECOND));
	names_hurry(n, SECOND);
	assert_string_equal(names_ask(n, &q, SECOND), "h0.example");
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
	assert_true(names_changed(n, 0));
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(again_and_sooner_when_unresolved),
		cmocka_unit_test(changes_are_told_once),
		cmocka_unit_test(ever_less_often_when_it_goes_on_failing),
		cmocka_unit_test(those_that_fail_let_others_go_first),
		cmocka_unit_test(slow_failures_hide_no_change),
		cmocka_unit_test(changes_are_told_while_questions_are_due),
		cmocka_unit_test(a_change_outlives_a_reload),
		cmocka_unit_test(all_are_due_when_asked_to_hurry),
		cmocka_unit_test(only_those_configured),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
