// SPDX-License-Identifier: Apache-2.0
// The check of a snapshot: whole ones pass, everything else is refused, and no bit can make a reader crash.
#include "support.h"

#include "base/memory.h"

#include <stdio.h>

static void whole_h(void **state)
{
	struct test_block b = test_block_new(5);

	(void)state;
	assert_true(is_ok(snapshot_check(b.snapshot, b.size)));
	assert_string_equal(snapshot_peer(b.snapshot, 4)->name, "p4");
	assert_null(snapshot_peer(b.snapshot, 5));
	assert_null(snapshot_peer(b.snapshot, PEER_NONE));
	assert_int_equal(snapshot_blob(b.snapshot, b.peer[0].trust).len, sizeof(TEST_TRUST));
	assert_int_equal(snapshot_blob(b.snapshot, (struct blob){(uint32_t)b.size, 1}).len, 0);
	assert_int_equal(snapshot_blob(b.snapshot, (struct blob){UINT32_MAX, UINT32_MAX}).len, 0);
	assert_int_equal(snapshot_blob(b.snapshot, (struct blob){(uint32_t)b.size - 1, 1}).len, 1);
	test_block_free(&b);
}

static void empty_h(void **state)
{
	struct test_block b = test_block_new(0);

	(void)state;
	assert_true(is_ok(snapshot_check(b.snapshot, b.size)));
	assert_null(snapshot_peer(b.snapshot, 0));
	test_block_free(&b);
}

static void sizes_h(void **state)
{
	struct test_block b = test_block_new(2);

	(void)state;
	assert_int_equal(snapshot_check(NULL, b.size).error, E_CONFIG);
	assert_int_equal(snapshot_check(b.snapshot, 0).error, E_CONFIG);
	assert_int_equal(snapshot_check(b.snapshot, sizeof(struct snapshot) - 1).error, E_CONFIG);
	assert_int_equal(snapshot_check(b.snapshot, b.size - 1).error, E_CONFIG);
	assert_int_equal(snapshot_check((const uint8_t *)b.snapshot + 1, b.size - 1).error, E_CONFIG);
	test_block_free(&b);
}

static void checksum_h(void **state)
{
	struct test_block b = test_block_new(2);

	(void)state;
	b.peer[1].calls_per_second ^= 1;
	assert_int_equal(snapshot_check(b.snapshot, b.size).error, E_CONFIG);
	snapshot_seal(b.snapshot, b.size);
	assert_true(is_ok(snapshot_check(b.snapshot, b.size)));
	b.snapshot->version++;
	assert_int_equal(snapshot_check(b.snapshot, b.size).error, E_CONFIG);
	test_block_free(&b);
}

// Sealed again after each damage, so that the bound itself must refuse it.
#define REFUSED(change)                                                                                      \
	do {                                                                                                 \
		struct test_block b = test_block_new(2);                                                     \
		struct peer *p = &b.peer[1];                                                                 \
		struct snapshot *s = b.snapshot;                                                             \
		(void)p;                                                                                     \
		change;                                                                                      \
		snapshot_seal(s, b.size);                                                                    \
		if (is_ok(snapshot_check(s, b.size)))                                                        \
			fail_msg("accepted: %s", #change);                                                   \
		test_block_free(&b);                                                                         \
	} while (0)

static void head_bounds_h(void **state)
{
	(void)state;
	REFUSED(s->zone_count = ZONES_MAX + 1);
	REFUSED(s->zone_count = 1);
	REFUSED(s->listener_count = LISTENERS_MAX + 1);
	REFUSED(s->peer_count = 3);
	REFUSED(s->peer_count = PEERS_MAX + 1);
	REFUSED(s->peers.offset += 1);
	REFUSED(s->peers.offset = 0);
	REFUSED(s->peers.offset = UINT32_MAX & ~15u);
	REFUSED(s->peers.len += 1);
	REFUSED(s->settings.certificate = ((struct blob){(uint32_t)sizeof(*s), UINT32_MAX}));
	REFUSED(s->settings.metrics.family = 5);
	REFUSED(memset(s->settings.domain, 'a', sizeof(s->settings.domain)));
	REFUSED(s->settings.records_when_full_drop = 2);
	REFUSED(s->settings.dns.upstream_count = DNS_UPSTREAMS_MAX + 1);
	REFUSED(s->settings.dns.upstream[7].family = 5);
	REFUSED(s->settings.dns.policy_count = DNS_POLICIES_MAX + 1);
	REFUSED(s->settings.dns.policy[0].dnssec = DNSSEC_OFF + 1);
	REFUSED(memset(s->settings.dns.policy[31].suffix, 'a', DOMAIN_MAX));
	REFUSED(s->settings.dns.only_count = DNS_ONLY_MAX + 1);
	REFUSED(memset(s->settings.dns.only[31], 'a', DOMAIN_MAX));
	REFUSED(s->settings.dns.trust_anchors = ((struct blob){(uint32_t)sizeof(*s), UINT32_MAX}));
	REFUSED(memset(s->zone[1].name, 'a', NAME_MAX_LEN));
	REFUSED(s->zone[1].transit = 2);
	REFUSED(s->listener[0].zone = 3);
	REFUSED(s->listener[0].sip_count = LISTENER_SIP_MAX + 1);
	REFUSED(s->listener[0].sip[0].transport = TRANSPORT_COUNT);
	REFUSED(s->listener[0].sip[0].address.family = 0);
	REFUSED(s->listener[0].media_first = 2);
	REFUSED(s->listener[0].dscp_sip = 64);
	REFUSED(memset(s->listener[0].interface, 'a', 16));
}

static void peer_bounds_h(void **state)
{
	(void)state;
	REFUSED(p->zone = 3);
	REFUSED(p->name[0] = '\0');
	REFUSED(memset(p->name, 'a', sizeof(p->name)));
	REFUSED(memset(p->why_out, 'a', sizeof(p->why_out)));
	REFUSED(p->in_service = 2);
	REFUSED(p->removed = 2);
	REFUSED(p->reach_transport = TRANSPORT_COUNT);
	REFUSED(p->target_count = PEER_TARGETS_MAX + 1);
	REFUSED(p->target_count = 1);
	REFUSED(p->target_policy = 2);
	REFUSED(p->tls_name_count = PEER_TLS_NAMES_MAX + 1);
	REFUSED(memset(p->tls_name[7], 'a', DOMAIN_MAX));
	REFUSED(p->trust.len = UINT32_MAX);
	REFUSED(p->trust.offset = 4);
	REFUSED(p->address_count = PEER_PREFIXES_MAX + 1);
	REFUSED(p->address_count = 1);
	REFUSED((p->address_count = 1, p->address[0] = (struct prefix){.family = 4, .bits = 33}));
	REFUSED((p->address_count = 1, p->address[0] = (struct prefix){.family = 6, .bits = 129}));
	REFUSED((p->address_count = 1,
		p->address[0] = (struct prefix){.family = 4, .bits = 8, .ip = {10, 1}}));
	REFUSED(p->media_address_count = 1);
	REFUSED(p->calls_from_count = PEER_NUMBERS_MAX + 1);
	REFUSED((p->calls_to_count = 1, memcpy(p->calls_to[0].digits, "49", 2)));
	REFUSED((p->calls_to_count = 1, memcpy(p->calls_to[0].digits, "+4a", 3)));
	REFUSED((p->calls_to_count = 1, memset(p->calls_to[0].digits, '+', NUMBER_MAX)));
	REFUSED(p->calls_to_count = 2);
	REFUSED(p->srtp = SRTP_REQUIRED + 1);
	REFUSED(p->keying = 2);
	REFUSED(p->codec_count = PEER_CODECS_MAX + 1);
	REFUSED(p->suite_count = MEDIA_SUITES_MAX + 1);
	REFUSED(p->suite_count = 1);
	REFUSED((p->suite_count = 1, p->suite[0] = SUITE_COUNT));
	REFUSED(p->reroute_count = PEER_REROUTE_MAX + 1);
	REFUSED(p->shadow[3] = 2);
	REFUSED(p->waiver[3].set = 2);
	REFUSED(memset(p->waiver[3].reason, 'a', 128));
}

static void ask(const struct snapshot *s)
{
	struct registry *r;
	struct address a = test_address("192.0.2.5");

	if (!is_ok(registry_new(&r, s)))
		return;
	registry_peer_by_address(r, 1, &a);
	registry_peer_by_tls_name(r, 1, BYTES("b.example"));
	registry_peer_by_number(r, "+4989123", 0);
	registry_peer_by_domain(r, "b.example", 0);
	registry_peer_by_name(r, "p1");
	registry_free(r);
}

static void fill_peers(struct test_block *b)
{
	for (uint16_t i = 0; i < b->snapshot->peer_count; i++) {
		struct peer *p = &b->peer[i];
		char text[64];
		test_add_address(p, test_prefix("192.0.2.0/24"));
		test_add_address(p, test_prefix("2001:db8::/32"));
		test_add_number(p, "+49");
		test_add_number(p, "+4989");
		snprintf(p->reach_domain, sizeof(p->reach_domain), "b.example");
		snprintf(text, sizeof(text), "n%u.example", i);
		memcpy(p->tls_name[0], text, sizeof(text));
		p->tls_name_count = 1;
	}
}

// 10 000 single bits, each refused by the checksum; sealed again, refused by a bound or harmless to readers.
static void bit_flips_h(void **state)
{
	struct test_block b = test_block_new(2);
	uint8_t *block = (uint8_t *)b.snapshot;
	uint32_t harmless = 0;

	(void)state;
	fill_peers(&b);
	snapshot_seal(b.snapshot, b.size);
	for (uint32_t i = 0; i < 10000; i++) {
		// Two of three flips go where counts and offsets stand: the head, and the heads of peers.
		size_t at = test_random() % (i % 3 == 0          ? b.size
						    : i % 3 == 1 ? sizeof(struct snapshot)
								 : 256);
		uint8_t bit = (uint8_t)(1u << (test_random() % 8));
		at += i % 3 == 2 ? b.snapshot->peers.offset : 0;
		block[at] ^= bit;
		assert_int_equal(snapshot_check(block, b.size).error, E_CONFIG);
		snapshot_seal(b.snapshot, b.size);
		if (is_ok(snapshot_check(block, b.size))) {
			harmless++;
			ask(b.snapshot);
		}
		block[at] ^= bit;
		snapshot_seal(b.snapshot, b.size);
	}
	print_message("10000 flips refused by the checksum; sealed again, %u pass the bounds\n", harmless);
	assert_true(is_ok(snapshot_check(block, b.size)));
	test_block_free(&b);
}

static void control_names_h(void **state)
{
	(void)state;
	for (int i = 0; i < CONTROL_COUNT; i++)
		assert_non_null(control_name((enum control)i));
	assert_string_equal(control_name(CONTROL_SRTP), "srtp");
	assert_string_equal(control_name(CONTROL_CORE_IN_BODY), "core-in-body");
	assert_string_equal(control_name(CONTROL_COUNT), "unknown");
}

static void numbers_h(void **state)
{
	const struct number_prefix list[] = {{"+4930"}, {"+4989"}}, any[] = {{""}};

	(void)state;
	assert_true(numbers_contain(list, 2, "+4930"));
	assert_true(numbers_contain(list, 2, "+498912345"));
	assert_false(numbers_contain(list, 2, "+493"));
	assert_false(numbers_contain(list, 2, "4930"));
	assert_false(numbers_contain(list, 2, ""));
	assert_false(numbers_contain(list, 0, "+4930"));
	assert_true(numbers_contain(any, 1, "+1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_h),
		cmocka_unit_test(empty_h),
		cmocka_unit_test(sizes_h),
		cmocka_unit_test(checksum_h),
		cmocka_unit_test(head_bounds_h),
		cmocka_unit_test(peer_bounds_h),
		cmocka_unit_test(bit_flips_h),
		cmocka_unit_test(control_names_h),
		cmocka_unit_test(numbers_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
