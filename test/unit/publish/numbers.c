// SPDX-License-Identifier: Apache-2.0
// The names of a set of numbers, and that a server which follows RFC4592#3.3.1 answers with them what the look-up function would.
#include "unit.h"

#include "base/memory.h"
#include "publish/numbers.h"

#include <stdio.h>

enum { NAMES_MAX = 20000, RUNS = 4000, ROWS_MAX = 6, DIGITS = 3, LONGEST = 5 };

struct names {
	struct {
		char digits[NUMBER_MAX];
		bool wildcard;
		char rn[NUMBER_MAX];
	} at[NAMES_MAX];
	uint32_t count;
};

static bool keep_h(void *ctx, const char *digits, bool wildcard, const struct publish_number *by)
{
	struct names *n = ctx;
	assert_true(n->count < NAMES_MAX);
	assert_false(by->hole);
	snprintf(n->at[n->count].digits, NUMBER_MAX, "%s", digits);
	snprintf(n->at[n->count].rn, NUMBER_MAX, "%s", by->rn);
	n->at[n->count++].wildcard = wildcard;
	return true;
}

static void walk(struct publish_numbers *numbers, struct names *out)
{
	out->count = 0;
	assert_ok(publish_numbers_walk(numbers, keep_h, out));
	for (uint32_t i = 0; i < out->count; i++)
		for (uint32_t k = 0; k < i; k++)
			assert_false(out->at[i].wildcard == out->at[k].wildcard && strcmp(out->at[i].digits, out->at[k].digits) == 0);
}

static bool has(const struct names *n, const char *digits, bool wildcard)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (n->at[i].wildcard == wildcard && strcmp(n->at[i].digits, digits) == 0)
			return true;
	return false;
}

static void names_of_a_prefix_and_a_number(void **state)
{
	static struct names n;
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+4930", false, ""));
	walk(&numbers, &n);
	assert_int_equal(n.count, 2);
	assert_true(has(&n, "+4930", false) && has(&n, "+4930", true));
	// Without the names on the way "+49301" would be denied as soon as "+493012" exists.
	assert_ok(publish_numbers_add(&numbers, "+493012", true, "+49199"));
	walk(&numbers, &n);
	assert_int_equal(n.count, 6);
	assert_true(has(&n, "+49301", false) && has(&n, "+49301", true) && has(&n, "+493012", true));
	publish_numbers_free(&numbers);
}

static void whole_numbers_have_nothing_below(void **state)
{
	static struct names n;
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+493012345678901", false, ""));
	assert_ok(publish_numbers_add(&numbers, "+4940123", true, ""));
	walk(&numbers, &n);
	assert_int_equal(n.count, 2);
	assert_true(has(&n, "+493012345678901", false) && has(&n, "+4940123", false));
	publish_numbers_free(&numbers);
}

static void unlawful_numbers(void **state)
{
	static const char *const bad[] = {"", "+", "4930", "+49 30", "+4930*", "+1234567890123456", "+\xc2\xb2"};
	struct publish_numbers numbers = {0};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_error(publish_numbers_add(&numbers, bad[i], false, ""), E_SYNTAX);
		assert_error(publish_numbers_except(&numbers, bad[i], false), E_SYNTAX);
		if (bad[i][0] != '\0')
			assert_error(publish_numbers_add(&numbers, "+49", false, bad[i]), E_SYNTAX);
	}
	publish_numbers_free(&numbers);
}

static void bounds(void **state)
{
	struct publish_numbers numbers = {0};
	char digits[NUMBER_MAX];
	(void)state;
	for (uint32_t i = 0; i < PUBLISH_NUMBERS_MAX; i++) {
		snprintf(digits, sizeof(digits), "+49%u", i);
		assert_ok(publish_numbers_add(&numbers, digits, true, ""));
	}
	assert_error(publish_numbers_add(&numbers, "+4930", true, ""), E_TOO_MANY);
	publish_numbers_free(&numbers);
	for (uint64_t n = 1; n <= 2; n++) { // the first room, and the second
		result r = OK;
		memory_fail_nth(n);
		for (uint32_t i = 0; is_ok(r) && i < 1000; i++)
			r = publish_numbers_add(&numbers, "+4930", true, "");
		memory_fail_nth(0);
		assert_error(r, E_NO_MEMORY);
		publish_numbers_free(&numbers);
	}
}

static bool stop_h(void *ctx, const char *digits, bool wildcard, const struct publish_number *by)
{
	(void)ctx, (void)digits, (void)wildcard, (void)by;
	return false;
}

static void handler_ends_it(void **state)
{
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+4930", false, ""));
	assert_error(publish_numbers_walk(&numbers, stop_h, NULL), E_FULL);
	publish_numbers_free(&numbers);
}

// Does the name, or one below it, hold records?
static bool exists(const struct names *n, const char *digits, size_t len)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (strncmp(n->at[i].digits, digits, len) == 0)
			return true;
	return false;
}

// What a name server answers: the routing number of the record, NULL none.
static const char *server(const struct names *n, const char *digits)
{
	size_t len = strlen(digits);
	for (bool wildcard = false;; wildcard = true) {
		for (uint32_t i = 0; i < n->count; i++)
			if (n->at[i].wildcard == wildcard && strlen(n->at[i].digits) == len && strncmp(n->at[i].digits, digits, len) == 0)
				return n->at[i].rn;
		if (wildcard || exists(n, digits, len))
			return NULL;
		while (len > 1 && !exists(n, digits, len))
			len--;
	}
}

// What the look-up function answers: this number alone, else the longest prefix.
static const char *look_up(const struct publish_numbers *n, const char *digits)
{
	const struct publish_number *best = NULL;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct publish_number *row = &n->at[i];
		size_t len = strlen(row->digits);
		bool exact = row->exact && strcmp(row->digits, digits) == 0;
		if (!exact && (row->exact || strncmp(row->digits, digits, len) != 0))
			continue;
		if (best == NULL || exact > best->exact || (exact == best->exact && len > strlen(best->digits)))
			best = row; // the sorted list has holes first
	}
	return best == NULL || best->hole ? NULL : best->rn;
}

static void compare_all(const struct publish_numbers *numbers, const struct names *n)
{
	for (uint32_t len = 1, all = DIGITS; len <= LONGEST; len++, all *= DIGITS)
		for (uint32_t v = 0; v < all; v++) {
			char digits[NUMBER_MAX] = "+";
			uint32_t rest = v;
			for (uint32_t i = 1; i <= len; i++, rest /= DIGITS)
				digits[i] = (char)('0' + rest % DIGITS);
			const char *told = server(n, digits), *meant = look_up(numbers, digits);
			if ((told == NULL) != (meant == NULL) || (told != NULL && strcmp(told, meant) != 0))
				fail_msg("%s: zone %s, look-up %s", digits, told ? told : "none", meant ? meant : "none");
		}
}

static void random_row(char out[NUMBER_MAX], uint64_t *seed)
{
	uint32_t len = 1 + (uint32_t)(unit_random(seed) % (LONGEST - 1));
	memset(out, 0, NUMBER_MAX);
	out[0] = '+';
	for (uint32_t i = 1; i <= len; i++)
		out[i] = (char)('0' + unit_random(seed) % DIGITS);
}

// Whatever the rows: a server with these names answers each number as the look-up function does.
static void the_same_as_the_look_up(void **state)
{
	static struct names n;
	uint64_t seed = 42;
	(void)state;
	for (uint32_t run = 0; run < RUNS; run++) {
		struct publish_numbers numbers = {0};
		char digits[NUMBER_MAX], rn[NUMBER_MAX];
		for (uint64_t i = unit_random(&seed) % ROWS_MAX + 1; i > 0; i--) {
			random_row(digits, &seed);
			snprintf(rn, sizeof(rn), "+%u", (unsigned)(unit_random(&seed) % 1000 + 1));
			assert_ok(publish_numbers_add(&numbers, digits, unit_random(&seed) % 3 == 0, rn));
		}
		publish_numbers_sort(&numbers);
		for (uint64_t i = unit_random(&seed) % 4; i > 0; i--) {
			random_row(digits, &seed);
			assert_ok(publish_numbers_except(&numbers, digits, unit_random(&seed) % 2 == 0));
		}
		walk(&numbers, &n);
		compare_all(&numbers, &n);
		publish_numbers_free(&numbers);
	}
}

// Another's numbers outside our prefixes cost nothing, whatever their count.
static void holes_elsewhere_are_forgotten(void **state)
{
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+4930", false, ""));
	assert_ok(publish_numbers_add(&numbers, "+4940", true, ""));
	publish_numbers_sort(&numbers);
	assert_ok(publish_numbers_except(&numbers, "+49", false));
	assert_ok(publish_numbers_except(&numbers, "+49401", true));
	assert_int_equal(numbers.count, 2);
	assert_ok(publish_numbers_except(&numbers, "+493012", true));
	assert_int_equal(numbers.count, 3);
	publish_numbers_free(&numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_a_prefix_and_a_number),
		cmocka_unit_test(whole_numbers_have_nothing_below),
		cmocka_unit_test(unlawful_numbers),
		cmocka_unit_test(bounds),
		cmocka_unit_test(handler_ends_it),
		cmocka_unit_test(the_same_as_the_look_up),
		cmocka_unit_test(holes_elsewhere_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
