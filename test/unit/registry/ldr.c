// SPDX-License-Identifier: Apache-2.0
// Block and changes together, compared with a plain list; one writes while others read.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "registry/ldr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static uint64_t seed = 11;
static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) % n);
}

static void number(char out[NUMBER_MAX], uint32_t most)
{
	uint32_t digits = 1 + below(most);
	out[0] = '+';
	for (uint32_t i = 1; i <= digits; i++)
		out[i] = (char)('1' + below(2));
	out[digits + 1] = '\0';
}

enum { RANGES = 400, CHANGES = 3000 };
static struct range_change list[RANGES + CHANGES];
static uint32_t listed;

static struct range *of_list(range_key key)
{
	for (uint32_t i = listed; i-- > 0;)
		if (list[i].range.key == key)
			return list[i].gone ? NULL : &list[i].range;
	return NULL;
}

static const struct range *plain(range_key n)
{
	uint32_t digits = range_key_digits(n);
	const struct range *r = of_list(n | 1);
	for (uint32_t d = digits; r == NULL && d >= 1; d--)
		r = of_list(range_key_prefix(n, d));
	return r;
}

static void as_a_plain_list(void **state)
{
	struct ranges_builder *b;
	struct ldr l = {.epoch = 1};
	struct ldr_found f;
	char text[NUMBER_MAX];
	size_t size;

	(void)state;
	assert_true(is_ok(ranges_builder_new(&b, 0)));
	for (; listed < RANGES; listed++) {
		number(text, 9);
		list[listed] = (struct range_change){{range_key_of(text, below(3) == 0), listed, 0}, false};
		assert_true(is_ok(ranges_builder_add(b, &list[listed].range)));
	}
	assert_true(is_ok(ranges_builder_size(b, &size)));
	void *block = malloc(size);
	ranges_builder_write(b, block);
	ranges_builder_free(b);
	l.ranges = block;
	assert_true(is_ok(overlay_new(&l.overlay)));
	for (; listed < RANGES + CHANGES; listed++) {
		number(text, 9);
		list[listed] = (struct range_change){{range_key_of(text, below(3) == 0), listed, 0}, below(2) == 0};
		assert_true(is_ok(overlay_put(l.overlay, &list[listed])));
		if (listed % 10 != 0)
			continue;
		listed++;
		for (uint32_t i = 0; i < 20; i++) {
			number(text, 12);
			const struct range *r = plain(range_key_of(text, false));
			assert_int_equal(ldr_find(&l, text, &f), r != NULL);
			if (r != NULL)
				assert_int_equal(f.target, r->target);
		}
		listed--;
	}
	assert_int_equal(overlay_count(l.overlay), CHANGES);
	assert_false(ldr_find(&l, "no number", &f));
	overlay_free(l.overlay);
	free(block);
}

static void the_changes_are_bounded(void **state)
{
	struct overlay *o;
	struct range_change c = {{range_key_of("+49", false), 1, 0}, false};

	(void)state;
	assert_true(is_ok(overlay_new(&o)));
	assert_int_equal(overlay_put(o, &(struct range_change){{0, 0, 0}, false}).error, E_SYNTAX);
	for (uint32_t i = 0; i < OVERLAY_MAX; i++) {
		c.range.key = range_key_of("+490000000", false) + ((range_key)(i % 1000 + 1) << 28);
		assert_true(is_ok(overlay_put(o, &c)));
	}
	assert_int_equal(overlay_put(o, &c).error, E_FULL);
	overlay_free(o);
	for (uint32_t n = 1; n <= 3; n++) {
		memory_fail_nth(n);
		assert_int_equal(overlay_new(&o).error, E_NO_MEMORY);
	}
	memory_fail_nth(0);
}

// ---- one writes, two read

static struct ldr shared;
static _Atomic bool over;

static void *reader(void *arg)
{
	struct ldr_found f;
	uint64_t *seen = arg;
	while (!atomic_load(&over))
		if (ldr_find(&shared, "+4989111", &f)) { // every change has one of these forms, never a mixture
			if (f.target != (uint32_t)(f.rn >> 4) || f.digits != 4 + (f.target & 1))
				abort();
			++*seen;
		}
	return NULL;
}

static void readers_see_whole_changes(void **state)
{
	struct ranges_builder *b;
	uint64_t seen[2] = {0, 0};
	pthread_t thread[2];
	size_t size;

	(void)state;
	assert_true(is_ok(ranges_builder_new(&b, 0)));
	assert_true(is_ok(ranges_builder_size(b, &size)));
	void *block = malloc(size);
	ranges_builder_write(b, block);
	ranges_builder_free(b);
	shared.ranges = block;
	assert_true(is_ok(overlay_new(&shared.overlay)));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, &seen[i]), 0);
	for (uint32_t i = 0; i < 60000; i++) {
		struct range_change c = {{range_key_of(i & 1 ? "+49891" : "+4989", false), i, (range_key)i << 4}, (i & 3) == 3};
		assert_true(is_ok(overlay_put(shared.overlay, &c)));
	}
	atomic_store(&over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	overlay_free(shared.overlay);
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_a_plain_list), cmocka_unit_test(the_changes_are_bounded),
		cmocka_unit_test(readers_see_whole_changes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
