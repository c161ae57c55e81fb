// SPDX-License-Identifier: Apache-2.0
// Number ranges: keys, the longest one that holds a number compared with a plain search, and blocks that somebody has broken.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "registry/ranges_inside.h"

#include <stdio.h>

static void keys_of_numbers(void **state)
{
	static const char *const bad[] = {"", "+", "49", "+4a", "+1234567890123456", "+49 30", "0049", "+-1"};
	char text[NUMBER_MAX];
	range_key key = range_key_of("+4930", false);

	(void)state;
	assert_true(key != 0);
	range_key_text(key, text);
	assert_string_equal(text, "+4930");
	assert_int_equal(range_key_digits(key), 4);
	range_key_text(range_key_of("+123456789012345", true), text);
	assert_string_equal(text, "+123456789012345");
	assert_int_equal(range_key_digits(range_key_of("+123456789012345", true)), 15);
	range_key_text(0, text);
	assert_string_equal(text, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(range_key_of(bad[i], false) == 0);
	assert_true(range_key_holds(key, range_key_of("+49301", false)));
	assert_true(range_key_holds(key, key));
	assert_false(range_key_holds(key, range_key_of("+493", false)));
	assert_false(range_key_holds(key, range_key_of("+4931", false)));
	assert_true(range_key_holds(range_key_of("+4930", true), key));
	assert_false(range_key_holds(range_key_of("+4930", true), range_key_of("+49301", false)));
	assert_true(range_key_of("+4930", false) < range_key_of("+4930", true));
	assert_true(range_key_of("+4930", true) < range_key_of("+49300", false));
}

static struct ranges *block(struct ranges_builder *b, size_t *size)
{
	assert_true(is_ok(ranges_builder_size(b, size)));
	void *out = malloc(*size);
	assert_non_null(out);
	ranges_builder_write(b, out);
	assert_true(is_ok(ranges_check(out, *size, true)));
	ranges_builder_free(b);
	return out;
}

static uint64_t seed = 7;
static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) % n);
}

static void random_number(char out[NUMBER_MAX], uint32_t least, uint32_t most)
{
	uint32_t digits = least + random_below(most - least + 1);
	out[0] = '+';
	for (uint32_t i = 1; i <= digits; i++)
		out[i] = (char)('1' + random_below(3)); // few digits: many that nest
	out[digits + 1] = '\0';
}

enum { MANY = 20000, ASKED = 20000 };
static struct range all[MANY];

static range_key longest(range_key number)
{
	range_key best = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		bool longer = best == 0 || range_key_digits(all[i].key) > range_key_digits(best) ||
			      (range_key_digits(all[i].key) == range_key_digits(best) && range_key_exact(all[i].key));
		if (range_key_holds(all[i].key, number) && longer)
			best = all[i].key;
	}
	return best;
}

static void as_a_plain_search(void **state)
{
	struct ranges_builder *b;
	char text[NUMBER_MAX];
	size_t size;
	struct range r;

	(void)state;
	assert_true(is_ok(ranges_builder_new(&b, 0)));
	for (uint32_t i = 0; i < MANY; i++) {
		random_number(text, 1, 12);
		all[i] = (struct range){range_key_of(text, random_below(4) == 0), i, 0};
		assert_true(is_ok(ranges_builder_add(b, &all[i])));
	}
	struct ranges *x = block(b, &size);
	for (uint32_t i = 0; i < ASKED / 10; i++) {
		random_number(text, 1, 15);
		range_key number = range_key_of(text, false), best = longest(number);
		uint32_t at = ranges_find(x, number);
		assert_int_equal(at == RANGES_NONE, best == 0);
		if (best == 0)
			continue;
		assert_true(ranges_at(x, at, &r) && r.key == best);
		assert_true(all[r.target].key == best);
		for (; (at = ranges_outer(x, at, number)) != RANGES_NONE;) // ever shorter, each holds it
			assert_true(ranges_at(x, at, &r) && range_key_holds(r.key, number) &&
				    (range_key_digits(r.key) < range_key_digits(best) || range_key_exact(best)));
	}
	free(x);
}

static void small_ones(void **state)
{
	struct ranges_builder *b;
	size_t size;
	struct range r, put = {range_key_of("+49", false), 1, range_key_of("+4999", false)};

	(void)state;
	assert_true(is_ok(ranges_builder_new(&b, 0)));
	struct ranges *x = block(b, &size); // empty
	assert_int_equal(ranges_count(x), 0);
	assert_int_equal(ranges_find(x, range_key_of("+49", false)), RANGES_NONE);
	assert_false(ranges_at(x, 0, &r));
	free(x);
	assert_true(is_ok(ranges_builder_new(&b, 0)));
	assert_true(is_ok(ranges_builder_add(b, &put)));
	put.target = 2; // the last of two counts
	assert_true(is_ok(ranges_builder_add(b, &put)));
	assert_int_equal(ranges_builder_add(b, &(struct range){0, 1, 0}).error, E_SYNTAX);
	x = block(b, &size);
	assert_int_equal(ranges_count(x), 1);
	assert_true(ranges_at(x, ranges_find(x, range_key_of("+4989", false)), &r));
	assert_int_equal(r.target, 2);
	assert_true(r.rn == put.rn);
	assert_int_equal(ranges_find(x, range_key_of("+4", false)), RANGES_NONE);
	assert_int_equal(ranges_find(x, 0), RANGES_NONE);
	assert_int_equal(ranges_find(x, range_key_of("+9", false)), RANGES_NONE);
	free(x);
}

// A block from a file that somebody wrote to: refused, and when it is not looked at, still no way out of it.
static void broken_blocks(void **state)
{
	struct ranges_builder *b;
	char text[NUMBER_MAX];
	size_t size;

	(void)state;
	assert_true(is_ok(ranges_builder_new(&b, 0)));
	for (uint32_t i = 0; i < 300; i++) {
		random_number(text, 1, 8);
		assert_true(is_ok(ranges_builder_add(b, &(struct range){range_key_of(text, false), i, 0})));
	}
	struct ranges *x = block(b, &size);
	assert_int_equal(ranges_check(x, size - 1, true).error, E_CONFIG);
	assert_int_equal(ranges_check(x, 10, false).error, E_CONFIG);
	uint8_t *copy = malloc(size);
	for (uint32_t round = 0; round < 3000; round++) {
		memcpy(copy, x, size);
		uint32_t span = round < 1000 ? (uint32_t)sizeof(struct ranges) : (uint32_t)(x->bucket_at + 4096);
		for (uint32_t i = 0; i < 4; i++)
			copy[random_below(span)] ^= (uint8_t)(1 + random_below(255));
		assert_int_equal(ranges_check(copy, size, true).error, E_CONFIG);
		if (!is_ok(ranges_check(copy, size, false)))
			continue;
		random_number(text, 1, 12);
		uint32_t steps = 0;
		for (uint32_t at = ranges_find((struct ranges *)(void *)copy, range_key_of(text, false)); at != RANGES_NONE && steps < 100;
			steps++)
			at = ranges_outer((struct ranges *)(void *)copy, at, range_key_of(text, false));
	}
	free(copy);
	free(x);
}

static void nth_allocation_fails(void **state)
{
	struct range r = {range_key_of("+2", false), 0, 0}, earlier = {range_key_of("+1", false), 0, 0};

	(void)state;
	for (uint32_t n = 1; n <= 3; n++) {
		struct ranges_builder *b = NULL;
		size_t size;
		memory_fail_nth(n);
		result made = ranges_builder_new(&b, 0);
		if (is_ok(made)) {
			assert_true(is_ok(ranges_builder_add(b, &r)) && is_ok(ranges_builder_add(b, &earlier)));
			made = ranges_builder_size(b, &size);
		}
		memory_fail_nth(0);
		assert_int_equal(made.error, E_NO_MEMORY);
		ranges_builder_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(keys_of_numbers), cmocka_unit_test(as_a_plain_search),
		cmocka_unit_test(small_ones), cmocka_unit_test(broken_blocks), cmocka_unit_test(nth_allocation_fails)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
