// SPDX-License-Identifier: Apache-2.0
// Names of targets: asked for several at a time and again, kept when DNS fails, forgotten when nobody names them.
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

static struct locate_want want(const char *domain)
{
	struct locate_want w = {.transport = TRANSPORT_TLS};

	snprintf(w.domain, sizeof(w.domain), "%s", domain);
	return w;
}

static struct names *make(uint32_t count, uint64_t now_us)
{
	struct conf_name *list = memory_array(count + 1, sizeof(*list));
	struct names *n;
	char domain[32];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(domain, sizeof(domain), "h%u.example", i);
		list[i].want = want(domain);
	}
	list[count].address.family = 4; // a target with an address: not asked for
	assert_true(is_ok(names_new(&n)));
	assert_true(is_ok(names_keep(n, list, count + 1, now_us)));
	memory_free(list);
	return n;
}

static struct way way(const char *text)
{
	struct way w = {.transport = TRANSPORT_TLS};

	assert_true(is_ok(address_parse_host(bytes_of_string(text), 0, &w.address)));
	return w;
}

static result put_found(struct names *n, const char *domain, const struct names_found *f, uint64_t now_us)
{
	struct locate_want w = want(domain);

	return names_put(n, &w, f, now_us, NULL);
}

static void put(struct names *n, const char *domain, const char *text, uint64_t now_us)
{
	struct names_found f = {.count = text != NULL, .ttl_s = 1};

	if (text != NULL)
		f.way[0] = way(text);
	assert_true(is_ok(put_found(n, domain, &f, now_us)));
}

static const char *ask(struct names *n, uint32_t *request, uint64_t now_us)
{
	const struct locate_want *w = names_ask(n, request, now_us);

	return w != NULL ? w->domain : NULL;
}

static bool answered(struct names *n, uint32_t request, const char *domain)
{
	const struct locate_want *w = names_answered(n, request);

	return w != NULL && strcmp(w->domain, domain) == 0;
}

static uint32_t count_of(struct names *n, const char *domain, struct way *out, uint32_t room)
{
	struct locate_want w = want(domain);
	uint32_t count;

	names_get(n, &w, out, room, &count);
	return count;
}

static void several_at_a_time(void **state)
{
	struct names *n = make(NAMES_UNDER_WAY_MAX + 1, 0);
	uint32_t q[NAMES_UNDER_WAY_MAX], more;

	(void)state;
	for (uint32_t i = 0; i < NAMES_UNDER_WAY_MAX; i++)
		assert_non_null(ask(n, &q[i], 0));
	assert_null(ask(n, &more, 0));
	assert_int_equal(names_deadline(n), NAMES_ANSWER_MS * MS);
	assert_false(answered(n, q[15] + 1, "h15.example")); // of nobody's question
	assert_false(answered(n, 0, "h16.example"));
	assert_true(answered(n, q[3], "h3.example")); // in any order
	assert_false(answered(n, q[3], "h3.example"));
	assert_int_equal(names_deadline(n), 0);
	assert_string_equal(ask(n, &more, 0), "h16.example");
	assert_null(ask(n, &q[3], NAMES_ANSWER_MS * MS - 1));
	put(n, "h3.example", "192.0.2.1", NAMES_ANSWER_MS * MS);
	assert_string_equal(ask(n, &more, NAMES_ANSWER_MS * MS), "h0.example"); // the answers were lost
	assert_false(answered(n, q[1], "h1.example"));
	names_unasked(n); // the resolver died
	assert_false(answered(n, more, "h0.example"));
	names_free(n);
}

static void first_answers(void **state)
{
	struct names *n = make(2, 0);
	struct names_found f = {.verdict = DNS_BOGUS};
	struct locate_want w = want("h1.example");
	bool news;

	(void)state;
	assert_true(names_lacking(n));
	put(n, "h0.example", "192.0.2.1", 0);
	assert_true(names_lacking(n));
	assert_true(is_ok(names_put(n, &w, &f, 0, &news)));
	assert_true(news);
	assert_false(names_lacking(n)); // without success is an answer too
	assert_true(is_ok(names_put(n, &w, &f, 0, &news)));
	assert_false(news);
	f.stale = 1;
	assert_true(is_ok(names_put(n, &w, &f, 0, &news)));
	assert_true(news);
	names_free(n);
}

static void as_long_as_records_live(void **state)
{
	static const struct {
		uint32_t ttl_s;
		uint64_t again_ms;
	} tries[] = {{0, NAMES_REFRESH_MS}, {1, NAMES_REFRESH_MS}, {60, 60000}, {86400, NAMES_REFRESH_MAX_MS}};

	(void)state;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct names *n = make(1, 0);
		struct names_found f = {.count = 1, .way = {way("192.0.2.1")}, .ttl_s = tries[i].ttl_s};
		assert_true(is_ok(put_found(n, "h0.example", &f, 0)));
		assert_true(names_changed(n, 0));
		assert_int_equal(names_deadline(n), tries[i].again_ms * MS);
		names_free(n);
	}
}

// Questions differ in more than the domain.
static void wants_are_told_apart(void **state)
{
	struct names *n = make(1, 0);
	struct locate_want other = want("h0.example");

	(void)state;
	assert_true(names_knows(n, &other));
	other.port = 5070;
	assert_false(names_knows(n, &other));
	other = want("h0.example");
	other.transport_fixed = 1;
	assert_false(names_knows(n, &other));
	other = want("h0.example");
	other.families = 2;
	assert_false(names_knows(n, &other));
	names_free(n);
}

static void again_and_sooner_when_unresolved(void **state)
{
	struct names *n = make(1, 0);
	uint32_t q;

	(void)state;
	assert_non_null(ask(n, &q, 0));
	assert_true(answered(n, q, "h0.example"));
	put(n, "h0.example", NULL, 0);
	assert_int_equal(names_deadline(n), NAMES_RETRY_MS * MS);
	assert_null(ask(n, &q, NAMES_RETRY_MS * MS - 1));
	assert_non_null(ask(n, &q, NAMES_RETRY_MS * MS));
	assert_true(answered(n, q, "h0.example"));
	put(n, "h0.example", "192.0.2.1", 5 * SECOND);
	assert_true(names_changed(n, 5 * SECOND));
	assert_int_equal(names_deadline(n), 5 * SECOND + NAMES_REFRESH_MS * MS);
	names_free(n);
}

static void changes_are_told_once(void **state)
{
	struct names *n = make(1, 0);
	struct names_found a = {.count = 2, .way = {way("192.0.2.1"), way("2001:db8::1")}}, turned = {.count = 2, .way = {a.way[1], a.way[0]}};
	struct way got[WAYS_MAX];

	(void)state;
	assert_true(is_ok(put_found(n, "h0.example", &a, 0)));
	assert_true(names_changed(n, 0));
	assert_false(names_changed(n, 0));
	assert_true(is_ok(put_found(n, "h0.example", &turned, 0))); // servers turn the order: no change
	assert_false(names_changed(n, 0));
	assert_int_equal(count_of(n, "h0.example", got, WAYS_MAX), 2);
	assert_true(address_equal(&got[0].address, &a.way[0].address));
	put(n, "h0.example", NULL, 0); // DNS fails: the last addresses stay
	assert_false(names_changed(n, 0));
	assert_int_equal(count_of(n, "h0.example", got, WAYS_MAX), 2);
	put(n, "h0.example", "192.0.2.9", 0);
	assert_true(names_changed(n, NAMES_CHANGE_MS * MS));
	assert_int_equal(count_of(n, "h0.example", got, 0), 0);
	assert_int_equal(count_of(n, "other.example", got, WAYS_MAX), 0);
	names_free(n);
}

static uint64_t ask_in_vain(struct names *n, uint64_t at)
{
	uint32_t q;
	const char *host = ask(n, &q, at);

	assert_non_null(host);
	assert_true(answered(n, q, host));
	put(n, host, NULL, at);
	assert_null(ask(n, &q, names_deadline(n) - 1));
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
	assert_non_null(ask(n, &q, at));
	assert_true(answered(n, q, "h0.example"));
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
	assert_string_equal(ask(n, &q, 10 * SECOND), "h2.example"); // due last, asked first
	assert_true(answered(n, q, "h2.example"));
	put(n, "h2.example", "192.0.2.1", 10 * SECOND);
	assert_string_equal(ask(n, &q, 10 * SECOND), "h0.example");
	names_unasked(n);
	put(n, "h2.example", "192.0.2.1", (NAMES_BACKOFF_MAX_MS - 7000) * MS); // always due, as one of too many: not for ever
	assert_string_equal(ask(n, &q, (NAMES_BACKOFF_MAX_MS + 3001) * MS), "h1.example");
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
		const char *host = at >= free_at ? ask(n, &q, at) : NULL;
		if (host != NULL && strcmp(host, "h2.example") == 0) {
			assert_true(answered(n, q, host));
			assert_true(at - asked_at <= (NAMES_REFRESH_MS + LOOKUP_MS + 100) * MS);
			asked_at = at;
			put(n, host, at >= MOVES_MS * MS ? "192.0.2.2" : "192.0.2.1", at);
		} else if (host != NULL) {
			assert_true(answered(n, q, host));
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
	assert_non_null(ask(n, &q, 0));
	assert_true(names_changed(n, 0)); // h1 is under way, h2 is due
	put(n, "h1.example", "192.0.2.1", 0);
	assert_non_null(ask(n, &q, 0));
	assert_false(names_changed(n, 0)); // so soon after another one
	assert_int_equal(names_deadline(n), NAMES_CHANGE_MS * MS);
	assert_false(names_changed(n, NAMES_CHANGE_MS * MS - 1));
	assert_true(names_changed(n, NAMES_CHANGE_MS * MS));
	assert_int_equal(names_deadline(n), NAMES_REFRESH_MS * MS);
	names_free(n);
}

static void a_change_outlives_a_reload(void **state)
{
	struct conf_name keep = {.want = want("h0.example")};
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
	struct locate_want h0 = want("h0.example"), h1 = want("h1.example");

	assert_true(names_knows(n, &h0) && !names_knows(n, &h1));
	put(n, "h0.example", "192.0.2.1", 0);
	assert_null(ask(n, &q, SECOND));
	names_hurry(n, SECOND);
	assert_string_equal(ask(n, &q, SECOND), "h0.example");
	names_free(n);
}

static void only_those_configured(void **state)
{
	struct conf_name keep = {.want = want("h150.example")};
	struct names *n = make(200, 0); // more than one growth
	struct way got[1];
	uint32_t q;

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		char host[32];
		snprintf(host, sizeof(host), "h%u.example", i);
		put(n, host, "192.0.2.1", 0);
	}
	assert_non_null(ask(n, &q, 3600 * SECOND));
	assert_true(is_ok(names_keep(n, &keep, 1, 0)));
	assert_false(answered(n, q, "h0.example"));
	assert_int_equal(count_of(n, "h150.example", got, 1), 1);
	assert_int_equal(count_of(n, "h0.example", got, 1), 0);
	assert_true(is_ok(names_keep(n, NULL, 0, 0)));
	assert_true(names_changed(n, 0));
	assert_int_equal(names_deadline(n), NO_DEADLINE);
	assert_null(ask(n, &q, 3600 * SECOND));
	names_free(n);
}

static void no_memory(void **state)
{
	struct names *n;
	struct names_found a = {.count = 1, .way = {way("192.0.2.1")}};
	struct locate_want endless;

	(void)state;
	memory_fail_nth(1);
	assert_int_equal(names_new(&n).error, E_NO_MEMORY);
	assert_true(is_ok(names_new(&n)));
	memory_fail_nth(1);
	assert_int_equal(put_found(n, "x.example", &a, 0).error, E_NO_MEMORY);
	memory_fail_nth(0);
	assert_true(is_ok(put_found(n, "x.example", &a, 0)));
	memset(&endless, 'x', sizeof(endless));
	assert_int_equal(names_put(n, &endless, &a, 0, NULL).error, E_TOO_LONG);
	names_free(n);
	names_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_at_a_time),
		cmocka_unit_test(first_answers),
		cmocka_unit_test(as_long_as_records_live),
		cmocka_unit_test(wants_are_told_apart),
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
