// SPDX-License-Identifier: Apache-2.0
// The section `portal` and the rights of peers: deny by default, and each way of asking for what cannot be.
#include "support.h"

#include <string.h>

#define SECTION "portal: {listen: [\"192.0.2.1:8443\", \"[2001:db8::1]:8443\"], zone: peering, connections: 9}\n"
#define TLS "tls: {certificate: a.pem, key: a.key}\n"
#define PROVED "    known_by: {tls_names: [far.example], trust: far.pem, addresses: [192.0.2.0/28]}\n"

static struct conf_result with(const char *top, const char *known, const char *rights)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		"domain: ssp-a.example\n%s"
		"listen:\n  - {name: core, zone: core, sip: [\"udp:10.0.0.1:5060\"]}\n"
		"  - {name: edge, zone: peering, sip: [\"tls:198.51.100.1:5061\"], media: \"198.51.100.1:30000-30009\"}\n"
		"  - {name: third, zone: third, sip: [\"tls:198.51.100.3:5061\"]}\n"
		"peers:\n  - name: far\n    zone: peering\n    reach: {domain: far.example, transport: tls, targets: [\"tls:192.0.2.1:5061\"]}\n%s"
		"    numbers: {calls_from: [\"+4920\"], calls_to: [\"+4920\"]}\n"
		"    limits: {calls_per_second: 5, concurrent_calls: 5, messages_per_second: 50}\n"
		"    media: {srtp: required, addresses: [192.0.2.0/24]}\n    headers: strict\n%s"
		"    waivers: [{control: identity, reason: \"none yet\", until: 2027-06-30}]\n",
		top, known, rights);
	return test_load(text);
}

static void refused(const char *top, const char *known, const char *rights, const char *what)
{
	struct conf_result r = with(top, known, rights);

	if (r.errors == 0 || test_message(&r, what) == NULL)
		fail_msg("not refused with \"%s\"", what);
	conf_result_free(&r);
}

static void whole(void **state)
{
	struct conf_result r = with(TLS SECTION, PROVED, "    portal: {lookup: yes, lookups_per_second: 7}\n");
	const struct portal_settings *p;

	(void)state;
	assert_int_equal(r.errors, 0);
	p = &r.snapshot->settings.portal;
	assert_int_equal(p->address_count, 2);
	assert_int_equal(p->address[1].family, 6);
	assert_int_equal(p->address[0].port, 8443);
	assert_int_equal(p->zone, 1);
	assert_int_equal(p->connections, 9);
	assert_int_equal(p->connections_per_source, 8);
	assert_int_equal(p->request_timeout_s, 5);
	assert_int_equal(test_peer(&r, "far")->portal.lookup, 1);
	assert_int_equal(test_peer(&r, "far")->portal.profile, 0);
	assert_int_equal(test_peer(&r, "far")->portal.lookups_per_second, 7);
	conf_result_free(&r);
}

static void nothing_by_default(void **state)
{
	struct conf_result r = with(TLS, PROVED, "");

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.snapshot->settings.portal.address_count, 0);
	assert_int_equal(test_peer(&r, "far")->portal.lookup + test_peer(&r, "far")->portal.profile, 0);
	conf_result_free(&r);
}

static void what_cannot_be(void **state)
{
	static const char rights[] = "    portal: {lookup: yes}\n";

	(void)state;
	refused(TLS "portal: {listen: \"192.0.2.1:8443\", zone: core}\n", PROVED, "", "core zone");
	refused(TLS "portal: {listen: \"192.0.2.1:8443\", zone: elsewhere}\n", PROVED, "", "has no listener");
	refused(TLS "portal: {zone: peering}\n", PROVED, "", "listen");
	refused(TLS "portal: {listen: \"192.0.2.1\", zone: peering}\n", PROVED, "", "listen");
	refused(TLS "portal: {listen: [\"192.0.2.1:8443\", \"192.0.2.1:8443\"], zone: peering}\n", PROVED, "", "stands twice");
	refused(TLS "portal: {listen: \"198.51.100.1:5061\", zone: peering}\n", PROVED, "", "take another port");
	refused(SECTION, PROVED, "", "without a certificate");
	refused(TLS "portal: {listen: \"192.0.2.1:8443\", zone: third}\n", PROVED, rights, "this peer is of another");
	refused(TLS SECTION, "    known_by: {addresses: [192.0.2.0/28]}\n", rights, "cannot prove");
}

static void rights_without_a_portal_are_told(void **state)
{
	struct conf_result r = with(TLS, PROVED, "    portal: {profile: yes}\n");

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_non_null(test_message(&r, "nobody serves this peer"));
	conf_result_free(&r);
}

static void sockets_stay_at_reload(void **state)
{
	struct conf_result first = with(TLS SECTION, PROVED, ""), next;

	(void)state;
	next = test_load_at("domain: ssp-a.example\n" TLS "portal: {listen: \"192.0.2.1:8444\", zone: peering}\n"
			    "listen:\n  - {name: core, zone: core, sip: [\"udp:10.0.0.1:5060\"]}\n"
			    "  - {name: edge, zone: peering, sip: [\"tls:198.51.100.1:5061\"], media: \"198.51.100.1:30000-30009\"}\n",
		TEST_WALL_MS, first.snapshot);
	assert_non_null(test_message(&next, "listen cannot change at reload"));
	conf_result_free(&next);
	conf_result_free(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(whole), cmocka_unit_test(nothing_by_default), cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(rights_without_a_portal_are_told), cmocka_unit_test(sockets_stay_at_reload)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
