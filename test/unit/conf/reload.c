// SPDX-License-Identifier: Apache-2.0
// Reload: numbers of peers stay, blocks stay, options of scope `start` do not change.
#include "support.h"

#define CORE(name, n)                                                                                        \
	"  - {name: " name ", zone: core, reach: {domain: " name ".example, targets: [\"udp:192.0.2." n      \
	"\"]}, "                                                                                             \
	"known_by: {addresses: [192.0.2." n "]}, numbers: {calls_from: any, calls_to: [\"+49\"]}, "          \
	"limits: {calls_per_second: 1, concurrent_calls: 1, messages_per_second: 9}}\n"

static peer_id id_of(const struct conf_result *r, const char *name)
{
	for (uint32_t id = 0; id < r->snapshot->peer_count; id++) {
		if (strcmp(snapshot_peer(r->snapshot, (peer_id)id)->name, name) == 0)
			return (peer_id)id;
	}
	return PEER_NONE;
}

static struct conf_result reload(struct conf_result *old, const char *yaml)
{
	struct conf_result r = test_load_at(yaml, TEST_WALL_MS, old->snapshot);

	assert_non_null(r.snapshot);
	assert_true(is_ok(snapshot_check(r.snapshot, r.size)));
	assert_int_equal(r.snapshot->generation, old->snapshot->generation + 1);
	conf_result_free(old);
	return r;
}

static void numbers_stay_h(void **state)
{
	struct conf_result r = test_load(test_base("peers:\n" CORE("a", "1") CORE("b", "2") CORE("c", "3")));

	(void)state;
	assert_int_equal(r.errors + r.out_of_service, 0);
	r = reload(&r, test_base("peers:\n" CORE("d", "4") CORE("c", "3") CORE("a", "1")));
	assert_int_equal(r.snapshot->peer_count, 4);
	assert_int_equal(id_of(&r, "a"), 0);
	assert_int_equal(id_of(&r, "b"), 1);
	assert_int_equal(id_of(&r, "c"), 2);
	assert_int_equal(id_of(&r, "d"), 3);
	assert_int_equal(test_peer(&r, "b")->removed, 1);
	assert_int_equal(test_peer(&r, "b")->in_service, 0);
	assert_int_equal(test_peer(&r, "b")->address_count, 1);
	assert_string_equal(test_peer(&r, "b")->why_out, "removed from the configuration");
	r = reload(&r, test_base("peers:\n" CORE("b", "2")));
	assert_int_equal(id_of(&r, "b"), 1);
	assert_int_equal(test_peer(&r, "b")->removed, 0);
	assert_int_equal(test_peer(&r, "b")->in_service, 1);
	assert_int_equal(test_peer(&r, "a")->removed, 1);
	conf_result_free(&r);
}

// A removed peer's range may go to another at once; the registry answers the configured one.
static void removed_gives_way_h(void **state)
{
	struct conf_result r = test_load(test_base("peers:\n" CORE("a", "1") CORE("b", "2")));
	struct registry *registry;
	struct address from;

	(void)state;
	r = reload(&r, test_base("peers:\n" CORE("z", "1") CORE("b", "2")));
	assert_true(is_ok(registry_new(&registry, r.snapshot)));
	assert_true(is_ok(address_parse_host(BYTES("192.0.2.1"), 5060, &from)));
	assert_int_equal(registry_peer_by_address(registry, 0, &from), id_of(&r, "z"));
	assert_int_equal(registry_peer_by_domain(registry, "a.example", 1), PEER_NONE);
	registry_free(registry);
	conf_result_free(&r);
}

static void block_stays_h(void **state)
{
	struct conf_result r = test_load(test_base("peers:\n" CORE("a", "1") CORE("b", "2")));

	(void)state;
	((struct peer *)snapshot_peer(r.snapshot, 1))->blocked = 1;
	snapshot_seal(r.snapshot, r.size);
	r = reload(&r, test_base("peers:\n" CORE("a", "1") CORE("b", "2")));
	assert_int_equal(test_peer(&r, "a")->blocked, 0);
	assert_int_equal(test_peer(&r, "b")->blocked, 1);
	conf_result_free(&r);
}

static void trust_is_carried_h(void **state)
{
	struct conf_result r =
		test_load(test_base("peers: [{name: t, zone: peering, reach: {domain: t.example}, "
				    "known_by: {trust: t.pem, addresses: [192.0.2.0/28]}}]\n"));

	(void)state;
	r = reload(&r, test_base("peers:\n" CORE("a", "1")));
	assert_int_equal(test_peer(&r, "t")->removed, 1);
	assert_int_equal(
		snapshot_blob(r.snapshot, test_peer(&r, "t")->trust).len, strlen(test_certificate()));
	conf_result_free(&r);
}

static void start_only_h(void **state)
{
	static const struct {
		const char *extra;
		uint32_t line, column;
		const char *what;
	} changes[] = {
		{"workers: 3\n", 6, 10, "workers cannot change at reload"},
		{"limits: {calls: 77}\n", 6, 17, "calls cannot change at reload"},
		{"admin: {socket: /tmp/x}\n", 6, 17, "socket cannot change at reload"},
		{"metrics: \"127.0.0.1:1\"\n", 6, 10, "metrics cannot change at reload"},
		{"zones: [{name: more}]\n", 6, 8, "zones cannot change at reload"},
	};
	struct conf_result r = test_load(test_base("")), again;
	char yaml[4096], *at;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		again = test_load_at(test_base(changes[i].extra), TEST_WALL_MS, r.snapshot);
		if (i == 4) // the numbers of listeners' zones move as well
			assert_non_null(test_message(&again, changes[i].what));
		if (i == 4)
			conf_result_free(&again);
		else
			test_one_error(again, changes[i].line, changes[i].column, changes[i].what);
	}
	snprintf(yaml, sizeof(yaml), "%s", test_base(""));
	at = strstr(yaml, "30099");
	memcpy(at, "30199", 5);
	test_one_error(test_load_at(yaml, TEST_WALL_MS, r.snapshot), 5, 5, "listen cannot change at reload");
	snprintf(yaml, sizeof(yaml), "%s", test_base(""));
	memcpy(strstr(yaml, "ssp-a.example"), "ssp-x.example", 13);
	again = test_load_at(yaml, TEST_WALL_MS, r.snapshot);
	test_one_error(again, 1, 9, "domain cannot change at reload");
	conf_result_free(&r);
}

static void reloadable_h(void **state)
{
	struct conf_result r = test_load(test_base(""));

	(void)state;
	r = reload(&r, test_base("quarantine: 60\nlimits: {connections_per_source: 3}\ntimeouts: {idle: 20}\n"
				 "silence: {one_way: 20}\nzones: []\n"));
	assert_int_equal(r.snapshot->settings.port_quarantine_s, 60);
	assert_int_equal(r.snapshot->settings.max_connections_per_source, 3);
	conf_result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stay_h),
		cmocka_unit_test(removed_gives_way_h),
		cmocka_unit_test(block_stays_h),
		cmocka_unit_test(trust_is_carried_h),
		cmocka_unit_test(start_only_h),
		cmocka_unit_test(reloadable_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
