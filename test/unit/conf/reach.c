// SPDX-License-Identifier: Apache-2.0
// Next hops: where a peer may be, what names may resolve to, and what no two peers may share.
#include "support.h"

#include <stdlib.h>

#define REST                                                                                                 \
	"    numbers: {calls_from: [\"+4930\"], calls_to: [\"+4930\"]}\n"                                    \
	"    limits: {calls_per_second: 5, concurrent_calls: 50, messages_per_second: 100}\n"                \
	"    media: {addresses: [192.0.2.16/28]}\n"                                                          \
	"    waivers: [{control: identity, reason: \"not in this release\", until: 2027-01-01}]\n"

// A peering peer with these targets, known by 192.0.2.0/28 and 10.0.0.0/30.
static const char *with_targets(const char *targets)
{
	char fields[2048];

	snprintf(fields, sizeof(fields),
		"    reach: {domain: b.example, transport: tls, targets: [%s]}\n"
		"    known_by: {trust: ca.pem, addresses: [192.0.2.0/28, 10.0.0.0/30, 127.0.0.0/8]}\n" REST,
		targets);
	return test_with_peer(fields);
}

static void refused(const char *target, const char *what)
{
	test_one_error(test_load(with_targets(target)), 9, 58, what);
}

static void bad_targets_h(void **state)
{
	static const char *const bad[] = {"\"tls:192.0.2.1:0\"", "\"tls:192.0.2.300\"",
		"\"sctp:192.0.2.1:5060\"", "\"tls:\"", "\"tls:-a.example\"", "\"b.example:99999\"",
		"\"b.example:\"", "\"a..example\"", "\"[::1\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i], "does not fit");
	refused("\"tcp:192.0.2.1:5060\"", "tcp is below the peer's transport tls (LRF-I3)");
	refused("\"198.51.100.1\"", "outside the peer's known_by.addresses (LRF-I1)");
	refused("\"172.16.0.1\"", "special address");
	refused("\"169.254.0.1\"", "special address");
	refused("\"0.0.0.0\"", "no unicast address");
	refused("\"224.0.0.5\"", "no unicast address");
	refused("\"127.0.0.1:5061\"", "our own socket");
}

// Both mistakes of one target are said.
static void no_socket_h(void **state)
{
	struct conf_result r = test_load(with_targets("\"[::1]\""));

	(void)state;
	assert_int_equal(r.errors, 2);
	assert_non_null(test_message(&r, "has no IPv6 tls socket"));
	assert_non_null(test_message(&r, "special address"));
	conf_result_free(&r);
}

static void good_targets_h(void **state)
{
	struct conf_result r =
		test_load(with_targets("192.0.2.1, \"tls:192.0.2.2:6000\", 10.0.0.1, \"b.example:7000\""));
	const struct peer *p = test_peer(&r, "ssp-b");

	(void)state;
	assert_int_equal(r.errors + r.out_of_service, 0);
	assert_int_equal(p->target_count, 4);
	assert_int_equal(p->target[0].address.port, 5061);
	assert_int_equal(p->target[1].address.port, 6000);
	assert_int_equal(p->target[2].address.ip[0], 10);
	assert_int_equal(p->target[3].address.port, 7000);
	assert_int_equal(p->target[3].transport, TRANSPORT_TLS);
	assert_int_equal(r.private.name_count, 4); // all of a peer that has one by name, in order
	assert_string_equal(r.private.name[0].want.domain, "");
	assert_true(address_equal(&r.private.name[1].address, &p->target[1].address));
	assert_string_equal(r.private.name[3].want.domain, "b.example");
	assert_int_equal(r.private.name[3].want.port, 7000);
	assert_int_equal(r.private.name[3].want.transport, TRANSPORT_TLS);
	conf_result_free(&r);
}

// A name may only lead to where the peer is: DNS cannot send us inwards (LRF-I1, BE-7).
static void names_lead_to_the_peer_h(void **state)
{
	struct conf_result r = test_load(with_targets("inside.example"));

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_non_null(test_message(&r, "resolves to 10.9.9.9:5061, which is not used"));
	assert_int_equal(test_peer(&r, "ssp-b")->target_count, 0);
	conf_result_free(&r);
}

static void unresolved_h(void **state)
{
	struct conf_result r;
	const char *yaml = test_with_peer("    reach: {domain: b.example}\n"
					  "    known_by: {trust: ca.pem, addresses: [192.0.2.0/28]}\n" REST);
	result got = conf_load("x", bytes_of_string(yaml), &test_hooks_unresolved, TEST_WALL_MS, NULL, &r);
	const struct conf_message *m = test_message(&r, "is not resolved yet");

	(void)state;
	assert_true(is_ok(got));
	assert_non_null(m);
	assert_int_equal(m->severity, CONF_WARNING);
	assert_int_equal(m->line, 9);
	assert_int_equal(m->column, 21);
	assert_int_equal(test_peer(&r, "ssp-b")->target_count, 0);
	assert_int_equal(test_peer(&r, "ssp-b")->reach_transport, TRANSPORT_TLS);
	assert_int_equal(r.private.name_count, 1);
	assert_int_equal(conf_check_status(&r), 0);
	conf_result_free(&r);
}

struct answers { // of a resolver whose mind changes
	const char *text[3];
	uint32_t count;
	uint8_t transport; // 0: the one that is asked for
};

static result answer_h(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count)
{
	const struct answers *a = ctx;

	UNUSED(room);
	assert_string_equal(want->domain, "b.example");
	for (*count = 0; *count < a->count; (*count)++) {
		out[*count].transport = a->transport != 0 ? a->transport : want->transport;
		TRY(address_parse_host(bytes_of_string(a->text[*count]), want->port, &out[*count].address));
	}
	return a->count > 0 ? OK : FAIL(E_NOT_FOUND);
}

static const char *targets_text(const struct peer *p)
{
	static char text[512];
	char one[ADDRESS_TEXT_MAX];

	text[0] = '\0';
	for (uint32_t i = 0; i < p->target_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 0 ? " " : "",
			address_text(&p->target[i].address, one));
	return text;
}

// A name that leads elsewhere later: only its own targets change, at their place, and only within the peer's ranges
// (LRF-I1, LRF-I2). The attack is an answer of 10.9.9.9 or of our own socket: with no range to hold it, it would pass.
static void names_are_resolved_again_h(void **state)
{
	static const struct {
		struct answers answers;
		const char *targets;
	} tries[] = {
		{{{"192.0.2.1"}, 1, 0}, "10.0.0.1:5061 192.0.2.1:7000 192.0.2.2:5061"},
		{{{"192.0.2.9"}, 1, 0}, "10.0.0.1:5061 192.0.2.9:7000 192.0.2.2:5061"},
		{{{"192.0.2.9", "192.0.2.8"}, 2, 0}, "10.0.0.1:5061 192.0.2.9:7000 192.0.2.8:7000 192.0.2.2:5061"},
		{{{"10.9.9.9", "192.0.2.8"}, 2, 0}, "10.0.0.1:5061 192.0.2.8:7000 192.0.2.2:5061"},
		{{{"0.0.0.0", "224.0.0.1", "198.51.100.1"}, 3, 0}, "10.0.0.1:5061 192.0.2.2:5061"},
		{{{NULL}, 0, 0}, "10.0.0.1:5061 192.0.2.2:5061"},
	};
	struct conf_result r = test_load(with_targets("10.0.0.1, \"b.example:7000\", 192.0.2.2"));
	struct snapshot *copy = malloc(r.size);

	(void)state;
	assert_int_equal(r.private.name_count, 3);
	assert_string_equal(targets_text(test_peer(&r, "ssp-b")), tries[0].targets);
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		memcpy(copy, r.snapshot, r.size);
		bool changed = conf_retarget(&r, copy, answer_h, (void *)(uintptr_t)&tries[i].answers);
		assert_int_equal(changed, i > 0);
		assert_string_equal(targets_text(snapshot_peer(copy, 0)), tries[i].targets);
		snapshot_seal(copy, r.size);
		assert_true(is_ok(snapshot_check(copy, r.size)));
	}
	free(copy);
	conf_result_free(&r);
}

// The attack: DNS names a transport below the floor, or one that no socket of ours has (LRF-I3). Asked for in clear, it would pass.
static void transports_of_dns_h(void **state)
{
	static const struct answers clear = {{"192.0.2.9"}, 1, TRANSPORT_TCP}, other = {{"192.0.2.9"}, 1, TRANSPORT_DTLS};
	static const struct answers good = {{"192.0.2.9", "192.0.2.8"}, 2, TRANSPORT_TLS};
	struct conf_result r = test_load(with_targets("\"b.example\", 192.0.2.2"));

	(void)state;
	conf_retarget(&r, r.snapshot, answer_h, (void *)(uintptr_t)&clear);
	assert_string_equal(targets_text(test_peer(&r, "ssp-b")), "192.0.2.2:5061");
	conf_retarget(&r, r.snapshot, answer_h, (void *)(uintptr_t)&other);
	assert_string_equal(targets_text(test_peer(&r, "ssp-b")), "192.0.2.2:5061");
	conf_retarget(&r, r.snapshot, answer_h, (void *)(uintptr_t)&good);
	assert_string_equal(targets_text(test_peer(&r, "ssp-b")), "192.0.2.9:5061 192.0.2.8:5061 192.0.2.2:5061");
	assert_int_equal(r.private.name[0].want.transports, 1u << TRANSPORT_TLS);
	assert_int_equal(r.private.name[0].want.families, 1);
	assert_int_equal(r.private.name[0].want.transport, TRANSPORT_TLS);
	assert_int_equal(r.private.name[0].want.transport_fixed, 0);
	conf_result_free(&r);
}

static void own_socket_by_name_h(void **state)
{
	static const struct answers own = {{"127.0.0.1"}, 1, 0};
	struct conf_result r = test_load(with_targets("\"b.example:5061\", 192.0.2.2"));

	(void)state;
	conf_retarget(&r, r.snapshot, answer_h, (void *)(uintptr_t)&own);
	assert_string_equal(targets_text(test_peer(&r, "ssp-b")), "192.0.2.2:5061"); // though 127.0.0.0/8 is the peer's
	conf_result_free(&r);
}

static void zones_h(void **state)
{
	(void)state;
	test_one_error(test_load(test_with_peer("    reach: {targets: [\"udp:192.0.2.1\"], transport: udp}\n"
						"    known_by: {addresses: [192.0.2.0/28]}\n" REST)),
		9, 23, "has no IPv4 udp socket");
	test_one_error(
		test_load(test_with_peer("    known_by: {trust: ca.pem, addresses: [192.0.2.0/28]}\n" REST)),
		7, 5, "nothing says where the peer is reached");
	test_one_error(test_load(test_base("peers: [{name: a, zone: nowhere, reach: {domain: b.example}, "
					   "known_by: {addresses: [192.0.2.0/28]}}]\n")),
		6, 25, "zone \"nowhere\" has no listener");
	test_one_error(
		test_load(
			"domain: x.example\nlisten: [{name: a, zone: core, sip: [\"udp:127.0.0.1:5060\"]}]\n"
			"peers: [{name: a, zone: core, reach: {targets: [\"udp:192.0.2.1\"]}, "
			"known_by: {addresses: [192.0.2.0/28]}}]\n"),
		3, 25, "carries media");
}

static void addresses_h(void **state)
{
	static const char *const bad[] = {
		"192.0.2.1/28", "192.0.2.0/33", "name.example", "2001:db8::1/32", "10.0.0"};
	char fields[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(fields, sizeof(fields),
			"    reach: {domain: b.example}\n    known_by: {trust: ca.pem, addresses: "
			"[192.0.2.0/28, \"%s\"]}\n" REST,
			bad[i]);
		test_one_error(test_load(test_with_peer(fields)), 10, 57, "does not fit");
	}
	test_one_error(test_load(test_with_peer(
			       "    reach: {domain: b.example}\n    known_by: {trust: ca.pem, addresses: "
			       "[192.0.2.0/28, 0.0.0.0/0]}\n" REST)),
		10, 57, "names everybody");
	test_one_error(test_load(test_with_peer(
			       "    reach: {domain: b.example}\n    known_by: {trust: ca.pem, addresses: "
			       "[192.0.2.0/28, 224.0.0.0/8]}\n" REST)),
		10, 57, "is multicast");
}

static void tls_names_h(void **state)
{
	static const char *const bad[] = {
		"*.b.example", "192.0.2.1", "sips:b.example", "sip:u@b.example", "b..example"};
	char fields[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(fields, sizeof(fields),
			"    reach: {domain: b.example}\n    known_by: {trust: ca.pem, addresses: "
			"[192.0.2.0/28], tls_names: [b.example, \"%s\"]}\n" REST,
			bad[i]);
		test_one_error(test_load(test_with_peer(fields)), 10, 81, "does not fit");
	}
}

#define TWO(first, second)                                                                                   \
	"peers:\n"                                                                                           \
	"  - {name: a, zone: peering, reach: {domain: a.example}, " first                                    \
	", limits: {calls_per_second: 1}}\n"                                                                 \
	"  - {name: b, zone: peering, reach: {domain: b.example}, " second "}\n"

static void unique_h(void **state)
{
	(void)state;
	test_one_error(test_load(test_base(TWO("known_by: {trust: a.pem, tls_names: [same.example]}",
			       "known_by: {trust: b.pem, tls_names: [b.example, \"sip:SAME.example\"]}"))),
		8, 94, "\"same.example\" is also peer a's");
	test_one_error(test_load(test_base(
			       "peers:\n  - {name: a, zone: core, reach: {targets: [\"udp:192.0.2.1\"]}, "
			       "known_by: {addresses: [192.0.2.0/28]}}\n"
			       "  - {name: b, zone: core, reach: {targets: [\"udp:192.0.2.2\"]}, "
			       "known_by: {addresses: [192.0.2.3, 192.0.2.0/28]}}\n")),
		8, 86, "a range is also peer a's");
	test_one_error(test_load(test_base(
			       "peers:\n  - {name: a, zone: core, reach: {targets: [\"udp:192.0.2.1\"]}, "
			       "known_by: {addresses: [192.0.2.0/28]}}\n"
			       "  - {name: a, zone: core, reach: {targets: [\"udp:192.0.3.2\"]}, "
			       "known_by: {addresses: [192.0.3.0/28]}}\n")),
		8, 12, "peer \"a\" stands twice");
}

// Certificates tell peers apart that share a range, and zones may overlap.
static void may_share_h(void **state)
{
	struct conf_result r = test_load(test_base(TWO("known_by: {trust: a.pem, addresses: [192.0.2.0/28]}",
		"known_by: {trust: b.pem, addresses: [192.0.2.0/28]}")));

	(void)state;
	assert_int_equal(r.errors, 0);
	conf_result_free(&r);
	r = test_load(test_base("peers:\n  - {name: a, zone: core, reach: {targets: [\"udp:192.0.2.1\"]}, "
				"known_by: {addresses: [192.0.2.0/28]}}\n"
				"  - {name: b, zone: peering, reach: {domain: b.example}, "
				"known_by: {trust: b.pem, addresses: [192.0.2.0/28]}}\n"));
	assert_int_equal(r.errors, 0);
	conf_result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_targets_h),
		cmocka_unit_test(no_socket_h),
		cmocka_unit_test(good_targets_h),
		cmocka_unit_test(names_lead_to_the_peer_h),
		cmocka_unit_test(unresolved_h),
		cmocka_unit_test(names_are_resolved_again_h),
		cmocka_unit_test(transports_of_dns_h),
		cmocka_unit_test(own_socket_by_name_h),
		cmocka_unit_test(zones_h),
		cmocka_unit_test(addresses_h),
		cmocka_unit_test(tls_names_h),
		cmocka_unit_test(unique_h),
		cmocka_unit_test(may_share_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
