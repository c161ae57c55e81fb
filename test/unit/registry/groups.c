// SPDX-License-Identifier: Apache-2.0
// Groups, routes, domains and SED records as a block: numbering that stays, ceilings, and blocks that somebody has broken.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "registry/groups_inside.h"

#include <stdio.h>

static struct row peer(const char *name)
{
	struct row r = {.kind = ROW_PEER};
	snprintf(r.u.peer.name, NAME_MAX_LEN, "%s", name);
	return r;
}

static struct row group(const char *name, uint32_t ceiling)
{
	struct row r = {.kind = ROW_GROUP, .u.group.cost_ceiling = ceiling};
	snprintf(r.u.group.name, NAME_MAX_LEN, "%s", name);
	return r;
}

static struct row route(const char *name, const char *to, uint16_t priority, uint32_t cost, const char *hours)
{
	struct row r = {.kind = ROW_ROUTE, .u.route = {.priority = priority, .weight = 5, .cost = cost}};
	snprintf(r.u.route.group, NAME_MAX_LEN, "%s", name);
	snprintf(r.u.route.peer, NAME_MAX_LEN, "%s", to);
	snprintf(r.u.route.hours, ROW_HOURS_MAX, "%s", hours);
	return r;
}

static struct row domain(const char *name, const char *to)
{
	struct row r = {.kind = ROW_DOMAIN};
	snprintf(r.u.domain.domain, DOMAIN_MAX, "%s", name);
	snprintf(r.u.domain.to, NAME_MAX_LEN, "%s", to);
	return r;
}

static struct row sed(const char *of, uint16_t port, uint16_t priority)
{
	struct row r = {.kind = ROW_SED, .u.sed = {.transport = TRANSPORT_TLS, .priority = priority,
		.address = {.family = 4, .ip = {192, 0, 2, 1}, .port = port}}};
	snprintf(r.u.sed.peer, NAME_MAX_LEN, "%s", of);
	return r;
}

static struct groups *block(struct groups_builder *b, size_t *size)
{
	assert_true(is_ok(groups_builder_size(b, size)));
	void *out = malloc(*size);
	assert_non_null(out);
	groups_builder_write(b, out);
	assert_true(is_ok(groups_check(out, *size, true)));
	return out;
}

static struct groups *world(struct group_names *names, size_t *size, uint32_t rows)
{
	const struct row row[] = {peer("b"), domain("z.example", "both"), group("both", 100), route("both", "c", 2, 50, ""),
		route("both", "b", 1, 100, "mon-fri 08:00-18:00"), route("both", "b", 3, 101, ""), sed("b", 5062, 2), sed("b", 5061, 1),
		domain("a.example", "b"), peer("c")};
	struct groups_builder *b;

	assert_true(is_ok(groups_builder_new(&b, names)));
	for (uint32_t i = 0; i < ARRAY_LEN(row) && i < rows; i++)
		assert_true(is_ok(groups_builder_add(b, &row[i])));
	struct groups *g = block(b, size);
	groups_builder_free(b);
	return g;
}

static uint32_t target(const struct groups *g, const char *name)
{
	for (uint32_t i = 0; i < groups_names(g); i++)
		if (strcmp(groups_name(g, i), name) == 0)
			return i;
	return TARGET_NONE;
}

static void what_was_put_in(void **state)
{
	struct group_names *names;
	const struct group_route *r;
	const struct group_sed *s;
	size_t size;

	(void)state;
	assert_true(is_ok(group_names_new(&names)));
	struct groups *g = world(names, &size, 99);
	uint32_t b = target(g, "b"), both = target(g, "both"), c = target(g, "c");
	assert_int_equal(groups_names(g), 3);
	assert_int_equal(groups_routes(g, both, &r), 2); // the dear one is left out (LRF-I4)
	assert_int_equal(r[0].peer, b);
	assert_int_equal(r[0].hours.from_min, 480);
	assert_int_equal(r[1].peer, c);
	assert_int_equal(groups_routes(g, b, &r), 1); // a peer is its own group
	assert_int_equal(r[0].peer, b);
	assert_true(row_hours_hold(&r[0].hours, 1800000000000ull));
	assert_int_equal(groups_seds(g, b, &s), 2);
	assert_int_equal(s[0].address.port, 5061);
	assert_int_equal(groups_seds(g, c, &s), 0);
	assert_int_equal(groups_domain(g, "a.example"), b);
	assert_int_equal(groups_domain(g, "z.example"), both);
	assert_int_equal(groups_domain(g, "b.example"), TARGET_NONE);
	assert_int_equal(groups_domain(g, ""), TARGET_NONE);
	assert_int_equal(groups_routes(g, 77, &r), 0);
	assert_string_equal(groups_name(g, 77), "");
	free(g);
	group_names_free(names);
}

// A range refers to a target by number: the numbers stay while names come and go.
static void numbers_stay(void **state)
{
	struct group_names *names;
	const struct group_route *r;
	uint32_t fresh;
	size_t size;

	(void)state;
	assert_true(is_ok(group_names_new(&names)));
	struct groups *before = world(names, &size, 99), *after = world(names, &size, 2); // "both" has lost its rows, "c" is gone
	for (uint32_t i = 0; i < groups_names(before); i++)
		assert_string_equal(groups_name(before, i), groups_name(after, i));
	assert_int_equal(groups_routes(after, target(after, "c"), &r), 0); // its number leads nowhere now
	assert_true(is_ok(group_names_put(names, "d", &fresh)));
	assert_int_equal(fresh, 3);
	assert_true(is_ok(group_names_put(names, "b", &fresh)));
	assert_int_equal(fresh, target(after, "b"));
	free(before);
	free(after);
	group_names_free(names);
}

static void broken_blocks(void **state)
{
	struct group_names *names;
	uint64_t seed = 3;
	size_t size;

	(void)state;
	assert_true(is_ok(group_names_new(&names)));
	struct groups *g = world(names, &size, 99);
	uint8_t *copy = malloc(size);
	assert_int_equal(groups_check(g, size - 1, false).error, E_CONFIG);
	for (uint32_t round = 0; round < 5000; round++) {
		memcpy(copy, g, size);
		for (uint32_t i = 0; i < 3; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			copy[(seed >> 33) % size] ^= (uint8_t)(1 + (seed >> 20) % 255);
		}
		const struct groups *x = (const void *)copy;
		const struct group_route *r;
		const struct group_sed *s;
		if (!is_ok(groups_check(copy, size, false)))
			continue;
		for (uint32_t t = 0; t < 5; t++) {
			uint32_t n = groups_routes(x, t, &r);
			for (uint32_t i = 0; i < n; i++)
				seed ^= r[i].peer;
			n = groups_seds(x, t, &s);
			for (uint32_t i = 0; i < n; i++)
				seed ^= s[i].address.port;
			assert_in_range(strlen(groups_name(x, t)), 0, NAME_MAX_LEN - 1);
		}
		seed ^= groups_domain(x, "a.example");
	}
	free(copy);
	free(g);
	group_names_free(names);
}

static void nth_allocation_fails(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < 40; n++) {
		struct group_names *names = NULL;
		struct groups_builder *b = NULL;
		struct row p = peer("b"), r = route("b", "b", 1, 1, "");
		memory_fail_nth(n);
		result made = group_names_new(&names);
		if (is_ok(made))
			made = groups_builder_new(&b, names);
		if (is_ok(made))
			made = groups_builder_add(b, &p);
		if (is_ok(made))
			made = groups_builder_add(b, &r);
		memory_fail_nth(0);
		groups_builder_free(b);
		group_names_free(names);
		if (is_ok(made)) {
			assert_in_range(n, 5, 39);
			return;
		}
		assert_int_equal(made.error, E_NO_MEMORY);
	}
	fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_put_in), cmocka_unit_test(numbers_stay),
		cmocka_unit_test(broken_blocks), cmocka_unit_test(nth_allocation_fails)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
