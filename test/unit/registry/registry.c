// SPDX-License-Identifier: Apache-2.0
// Look-ups against a naive model on random data, and the rules for who may take a call.
#include "support.h"

#include "base/memory.h"

#include <stdio.h>

enum { RANDOM_PEERS = 60, RANDOM_QUESTIONS = 20000 };

static struct registry *registry_of(struct test_block *b)
{
	struct registry *r = NULL;

	snapshot_seal(b->snapshot, b->size);
	assert_true(is_ok(snapshot_check(b->snapshot, b->size)));
	assert_true(is_ok(registry_new(&r, b->snapshot)));
	assert_ptr_equal(registry_snapshot(r), b->snapshot);
	return r;
}

// Few distinct octets, so that prefixes nest and meet.
static struct prefix random_prefix(void)
{
	struct prefix p = {.family = test_random() % 4 == 0 ? 6 : 4};
	uint32_t octets = p.family == 4 ? 4 : 16;

	p.bits = (uint8_t)(1 + test_random() % (octets * 8));
	for (uint32_t i = 0; i < octets; i++)
		p.ip[i] = (uint8_t)(test_random() % 3 == 0 ? 128 : 10 + test_random() % 2);
	for (uint32_t bit = p.bits; bit < octets * 8; bit++)
		p.ip[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
	return p;
}

static struct address random_address(void)
{
	struct prefix p = random_prefix();
	struct address a = {.family = p.family, .port = 5060};

	memcpy(a.ip, p.ip, sizeof(a.ip));
	return a;
}

static peer_id naive_by_address(const struct test_block *b, zone_id zone, const struct address *a)
{
	peer_id found = PEER_NONE;
	int best = -1;

	for (uint16_t i = 0; i < b->snapshot->peer_count; i++) {
		for (uint32_t k = 0; b->peer[i].zone == zone && k < b->peer[i].address_count; k++) {
			const struct prefix *p = &b->peer[i].address[k];
			if (prefix_contains(p, a) && p->bits > best) {
				best = p->bits;
				found = i;
			}
		}
	}
	return found;
}

static void addresses_random_h(void **state)
{
	struct test_block b = test_block_new(RANDOM_PEERS);
	struct registry *r;
	uint32_t hits = 0;

	(void)state;
	for (uint16_t i = 0; i < RANDOM_PEERS; i++) {
		for (uint32_t k = 0; k < PEER_PREFIXES_MAX; k++)
			test_add_address(&b.peer[i], random_prefix());
	}
	r = registry_of(&b);
	for (uint32_t i = 0; i < RANDOM_QUESTIONS; i++) {
		struct address a = random_address();
		zone_id zone = (zone_id)(test_random() % 4);
		peer_id want = naive_by_address(&b, zone, &a);
		assert_int_equal(registry_peer_by_address(r, zone, &a), want);
		hits += want != PEER_NONE;
	}
	print_message("%u of %u addresses found\n", hits, RANDOM_QUESTIONS);
	assert_true(hits > RANDOM_QUESTIONS / 10 && hits < RANDOM_QUESTIONS);
	registry_free(r);
	test_block_free(&b);
}

static void random_number(char out[NUMBER_MAX], uint32_t most)
{
	uint32_t n = 1 + test_random() % most;

	out[0] = '+';
	for (uint32_t i = 1; i <= n; i++)
		out[i] = (char)('1' + test_random() % 3);
	out[n + 1] = '\0';
}

static peer_id naive_by_number(const struct test_block *b, const char *number, zone_id from)
{
	peer_id found = PEER_NONE;
	int best = -1;

	for (uint16_t i = 0; i < b->snapshot->peer_count; i++) {
		const struct peer *p = &b->peer[i];
		if (!p->in_service || p->blocked || p->removed || from > 2 || (p->zone == from && from != 2))
			continue;
		for (uint32_t k = 0; k < p->calls_to_count; k++) {
			int len = (int)strlen(p->calls_to[k].digits);
			if (strncmp(number, p->calls_to[k].digits, (size_t)len) == 0 && len > best) {
				best = len;
				found = i;
			}
		}
	}
	return found;
}

static void numbers_random_h(void **state)
{
	struct test_block b = test_block_new(RANDOM_PEERS);
	struct registry *r;
	uint32_t hits = 0;

	(void)state;
	for (uint16_t i = 0; i < RANDOM_PEERS; i++) {
		char digits[NUMBER_MAX];
		for (uint32_t k = 0; k < 10; k++) {
			random_number(digits, 7);
			test_add_number(&b.peer[i], digits);
		}
		b.peer[i].in_service = test_random() % 5 != 0;
		b.peer[i].blocked = test_random() % 7 == 0;
		b.peer[i].removed = test_random() % 11 == 0;
	}
	r = registry_of(&b);
	for (uint32_t i = 0; i < RANDOM_QUESTIONS; i++) {
		char number[NUMBER_MAX];
		zone_id from = (zone_id)(test_random() % 4);
		peer_id want;
		random_number(number, 12);
		want = naive_by_number(&b, number, from);
		assert_int_equal(registry_peer_by_number(r, number, from), want);
		hits += want != PEER_NONE;
	}
	print_message("%u of %u numbers found\n", hits, RANDOM_QUESTIONS);
	assert_true(hits > RANDOM_QUESTIONS / 10 && hits < RANDOM_QUESTIONS);
	registry_free(r);
	test_block_free(&b);
}

static void default_route_h(void **state)
{
	struct test_block b = test_block_new(3);
	struct registry *r;

	(void)state;
	test_add_number(&b.peer[1], "");
	test_add_number(&b.peer[2], "+4989");
	r = registry_of(&b);
	assert_int_equal(registry_peer_by_number(r, "+498912", 0), 2);
	assert_int_equal(registry_peer_by_number(r, "+4930", 0), 1);
	assert_int_equal(registry_peer_by_number(r, "+4930", 1), PEER_NONE);
	assert_int_equal(registry_peer_by_number(r, "", 0), PEER_NONE);
	assert_int_equal(registry_peer_by_number(r, "4930", 0), PEER_NONE);
	assert_int_equal(registry_peer_by_number(r, "+4930", 200), PEER_NONE);
	registry_free(r);
	test_block_free(&b);
}

// SF-I12: never back into the zone a call came from, unless the zone is transit.
static void zones_h(void **state)
{
	struct test_block b = test_block_new(6);
	struct registry *r;

	(void)state;
	for (uint16_t i = 0; i < 6; i++)
		snprintf(b.peer[i].reach_domain, DOMAIN_MAX, "%s", i < 3 ? "one.example" : "two.example");
	b.peer[3].in_service = 0;
	b.peer[4].blocked = 1;
	r = registry_of(&b);
	assert_int_equal(registry_peer_by_domain(r, "one.example", 1), 0);
	assert_int_equal(registry_peer_by_domain(r, "ONE.Example", 0), 1);
	assert_int_equal(registry_peer_by_domain(r, "two.example", 0), 5);
	assert_int_equal(registry_peer_by_domain(r, "two.example", 2), 5);
	b.snapshot->zone[2].transit = 0;
	assert_int_equal(registry_peer_by_domain(r, "two.example", 2), PEER_NONE);
	assert_int_equal(registry_peer_by_domain(r, "three.example", 2), PEER_NONE);
	assert_int_equal(registry_peer_by_domain(r, "", 2), PEER_NONE);
	registry_free(r);
	test_block_free(&b);
}

// RFC5922#7.1: the domain identity of a certificate.
static void tls_names_h(void **state)
{
	struct test_block b = test_block_new(5);
	struct registry *r;

	(void)state;
	snprintf(b.peer[1].tls_name[0], DOMAIN_MAX, "sip:ssp-b.example");
	snprintf(b.peer[1].tls_name[1], DOMAIN_MAX, "ssp-b.example");
	b.peer[1].tls_name_count = 2;
	snprintf(b.peer[4].tls_name[0], DOMAIN_MAX, "other.example");
	b.peer[4].tls_name_count = 1;
	snprintf(b.peer[2].tls_name[0], DOMAIN_MAX, "other.example");
	b.peer[2].tls_name_count = 1;
	r = registry_of(&b);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("ssp-b.example")), 1);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("SSP-B.example")), 1);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("sip:ssp-b.EXAMPLE")), 1);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("other.example")), 4);
	assert_int_equal(registry_peer_by_tls_name(r, 2, BYTES("other.example")), 2);
	assert_int_equal(registry_peer_by_tls_name(r, 0, BYTES("other.example")), PEER_NONE);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("sip:user@ssp-b.example")), PEER_NONE);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("sips:ssp-b.example")), PEER_NONE);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("*.example")), PEER_NONE);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("ssp-b.example\0x")), PEER_NONE);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("")), PEER_NONE);
	registry_free(r);
	test_block_free(&b);
}

static void shared_tls_name_h(void **state)
{
	struct test_block b = test_block_new(5);
	struct registry *r;

	(void)state;
	for (uint32_t i = 1; i <= 4; i += 3) {
		snprintf(b.peer[i].tls_name[0], DOMAIN_MAX, "same.example");
		b.peer[i].tls_name_count = 1;
		test_add_address(&b.peer[i], test_prefix("192.0.2.0/24"));
	}
	snapshot_seal(b.snapshot, b.size);
	assert_int_equal(registry_new(&r, b.snapshot).error, E_DUPLICATE);
	assert_null(r);
	b.peer[1].removed = 1; // a removed peer gives way, by name and by address
	r = registry_of(&b);
	assert_int_equal(registry_peer_by_tls_name(r, 1, BYTES("same.example")), 4);
	assert_int_equal(registry_peer_by_address(r, 1, &(struct address){4, 0, 5060, {192, 0, 2, 9}}), 4);
	registry_free(r);
	test_block_free(&b);
}

static void names_h(void **state)
{
	struct test_block b = test_block_new(12);
	struct registry *r = registry_of(&b);

	(void)state;
	assert_int_equal(registry_peer_by_name(r, "p11"), 11);
	assert_int_equal(registry_peer_by_name(r, "p1"), 1);
	assert_int_equal(registry_peer_by_name(r, "P1"), PEER_NONE);
	assert_int_equal(registry_peer_by_name(r, "p12"), PEER_NONE);
	assert_int_equal(registry_peer_by_name(r, ""), PEER_NONE);
	registry_free(r);
	snprintf(b.peer[3].name, NAME_MAX_LEN, "p4");
	snapshot_seal(b.snapshot, b.size);
	assert_int_equal(registry_new(&r, b.snapshot).error, E_DUPLICATE);
	test_block_free(&b);
}

static void nth_allocation_fails_h(void **state)
{
	struct test_block b = test_block_new(6);
	uint64_t before = memory_alloc_count(), total;
	struct registry *r = registry_of(&b);

	(void)state;
	registry_free(r);
	total = memory_alloc_count() - before;
	assert_true(total >= 4);
	for (uint64_t n = 1; n <= total; n++) {
		memory_fail_nth(n);
		assert_int_equal(registry_new(&r, b.snapshot).error, E_NO_MEMORY);
		memory_fail_nth(0);
		assert_null(r);
	}
	test_block_free(&b);
}

static void look_ups_do_not_allocate_h(void **state)
{
	struct test_block b = test_block_new(6);
	struct registry *r = registry_of(&b);
	uint64_t before = memory_alloc_count();
	struct address a = random_address();

	(void)state;
	registry_peer_by_address(r, 1, &a);
	registry_peer_by_tls_name(r, 1, BYTES("x.example"));
	registry_peer_by_number(r, "+49", 0);
	registry_peer_by_domain(r, "x.example", 0);
	registry_peer_by_name(r, "p1");
	assert_int_equal(memory_alloc_count(), before);
	registry_free(r);
	test_block_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_random_h),
		cmocka_unit_test(numbers_random_h),
		cmocka_unit_test(default_route_h),
		cmocka_unit_test(zones_h),
		cmocka_unit_test(tls_names_h),
		cmocka_unit_test(shared_tls_name_h),
		cmocka_unit_test(names_h),
		cmocka_unit_test(nth_allocation_fails_h),
		cmocka_unit_test(look_ups_do_not_allocate_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
