// SPDX-License-Identifier: Apache-2.0
// Peers on demand (RFC 6405): what may be written, places that are nobody's, and whose they stay over reloads (LRF-I1, LRF-I2).
#include "support.h"

#include <string.h>

#define ON "    on_demand: {below: fed.example, slots: 2}\n"
#define REACH "    reach: {transport: tls}\n"
#define KNOWN "    known_by: {trust: fed.pem, addresses: [192.0.2.0/28]}\n"
#define OTHER "  - name: own\n    zone: peering\n    reach: {domain: b.fed.example, transport: tls, targets: [\"tls:192.0.2.3:5061\"]}\n" \
	"    known_by: {trust: own.pem, addresses: [192.0.2.3/32]}\n    numbers: {calls_from: [], calls_to: []}\n" \
	"    limits: {calls_per_second: 5, concurrent_calls: 5, messages_per_second: 50}\n" \
	"    media: {srtp: required, addresses: [192.0.2.0/24]}\n    waivers: [{control: identity, reason: \"none yet\", until: 2027-06-30}]\n"

static struct conf_result load(const char *anchors, const char *demand, const char *reach, const char *known, const char *more,
	const struct snapshot *previous)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		"domain: a.fed.example\ntls: {certificate: a.pem, key: a.key}\ndns: {upstreams: [\"127.0.0.1@53\"], trust_anchors: %s}\n"
		"listen:\n  - {name: core, zone: core, sip: [\"udp:10.0.0.1:5060\"]}\n"
		"  - {name: edge, zone: peering, sip: [\"tls:198.51.100.1:5061\"], media: \"198.51.100.1:30000-30009\"}\n"
		"peers:\n  - name: fed\n    zone: peering\n%s%s%s"
		"    numbers: {calls_from: [\"+49\"], calls_to: [\"+49\"]}\n"
		"    limits: {calls_per_second: 5, concurrent_calls: 5, messages_per_second: 50}\n"
		"    media: {srtp: required, addresses: [192.0.2.0/24]}\n    headers: strict\n"
		"    waivers: [{control: identity, reason: \"none yet\", until: 2027-06-30}]\n%s",
		anchors, demand, reach, known, more);
	return test_load_at(text, TEST_WALL_MS, previous);
}

static struct conf_result whole(const char *more, const struct snapshot *previous)
{
	return load("anchors", ON, REACH, KNOWN, more, previous);
}

static void refused(struct conf_result r, const char *what)
{
	if (r.errors == 0 || test_message(&r, what) == NULL)
		fail_msg("not refused with \"%s\"", what);
	conf_result_free(&r);
}

static void places_are_nobodys(void **state)
{
	struct conf_result r = whole("", NULL);
	struct registry *g;

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.out_of_service, 0);
	assert_int_equal(r.snapshot->peer_count, 2);
	assert_true(peer_is_free(test_peer(&r, "fed~1")) && peer_is_free(test_peer(&r, "fed~2")));
	assert_null(test_peer(&r, "fed"));
	assert_true(is_ok(registry_new(&g, r.snapshot)));
	const struct asker core = {PEER_NONE, 0, false}, same = {PEER_NONE, 1, false}, told = {PEER_NONE, 0, true};
	assert_int_equal(registry_peer_by_number(g, "+4989", 0), PEER_NONE); // a number alone leads to no federation
	assert_false(registry_serves(g, 0, &core));
	assert_int_equal(registry_demand_by(g, "b.fed.example", &core), 0);
	assert_int_equal(registry_demand_in(g, 1, "b.fed.example"), 0);
	assert_int_equal(registry_demand_in(g, 0, "b.fed.example"), PEER_NONE);
	assert_int_equal(registry_demand_by(g, "b.fed.example", &same), PEER_NONE); // SF-I12
	assert_int_equal(registry_demand_by(g, "b.fed.example", &told), PEER_NONE); // who only asks makes no peer
	assert_int_equal(registry_demand_by(g, "a.fed.example", &core), PEER_NONE); // ourselves
	assert_int_equal(registry_demand_by(g, "fed.example", &core), PEER_NONE);
	assert_int_equal(registry_demand_by(g, "bfed.example", &core), PEER_NONE);
	registry_free(g);
	conf_result_free(&r);
}

static void what_may_not_be_written(void **state)
{
	(void)state;
	refused(load("anchors", "    on_demand: {slots: 3}\n", REACH, KNOWN, "", NULL), "add below");
	refused(load("anchors", ON, "    reach: {domain: b.fed.example, transport: tls}\n", KNOWN, "", NULL), "reach.domain is told by each domain");
	refused(load("anchors", ON, "    reach: {transport: tls, targets: [\"tls:192.0.2.1:5061\"]}\n", KNOWN, "", NULL), "reach.targets is told");
	refused(load("anchors", ON, REACH, "    known_by: {trust: fed.pem, tls_names: [b.fed.example], addresses: [192.0.2.0/28]}\n", "", NULL),
		"known_by.tls_names is told");
	refused(load("anchors", ON, "    reach: {transport: udp}\n", KNOWN, "", NULL), "write transport: tls");
	refused(load("anchors", ON, REACH, "    known_by: {addresses: [192.0.2.0/28]}\n", "", NULL), "add known_by.trust");
	refused(load("none", ON, REACH, KNOWN, "", NULL), "needs signed DNS");
	refused(load("anchors", ON "    portal: {lookup: yes}\n", REACH, KNOWN, "", NULL), "by agreement alone");
}

static void take(struct conf_result *r, peer_id id, const char *domain, const char *address)
{
	struct peer *p = (struct peer *)(uintptr_t)snapshot_peer(r->snapshot, id);

	conf_slot_take(p, domain);
	p->target_count = 1;
	p->target[0].transport = TRANSPORT_TLS;
	assert_true(is_ok(address_parse(bytes_of_string(address), &p->target[0].address)));
}

static void kept_over_a_reload(void **state)
{
	struct conf_result r = whole("", NULL), next;

	(void)state;
	take(&r, 1, "b.fed.example", "192.0.2.4:5061");
	next = whole("", r.snapshot);
	assert_string_equal(test_peer(&next, "fed~2")->reach_domain, "b.fed.example");
	assert_string_equal(test_peer(&next, "fed~2")->tls_name[0], "b.fed.example");
	assert_int_equal(test_peer(&next, "fed~2")->target_count, 1);
	assert_string_equal(conf_slot_name_of(&next, 1)->want.domain, "b.fed.example"); // asked for again
	assert_string_equal(conf_slot_name_of(&next, 0)->want.domain, "");
	assert_true(peer_is_free(test_peer(&next, "fed~1")));
	conf_result_free(&next);
	take(&r, 1, "b.fed.example", "198.51.100.77:5061"); // no longer within the ranges
	next = whole("", r.snapshot);
	assert_int_equal(test_peer(&next, "fed~2")->target_count, 0);
	conf_result_free(&next);
	conf_result_free(&r);
}

// The number that its calls carry is never another domain's.
static void gone_over_a_reload(void **state)
{
	struct conf_result r = whole("", NULL), next, last;
	struct registry *g;

	(void)state;
	take(&r, 1, "b.fed.example", "192.0.2.4:5061");
	next = whole(OTHER, r.snapshot); // it has a row of its own now
	assert_int_equal(next.errors, 0);
	assert_int_equal(test_peer(&next, "fed~2")->removed, 1);
	assert_true(is_ok(registry_new(&g, next.snapshot))); // one name, two peers: the removed one gives way
	assert_int_equal(registry_peer_by_tls_name(g, 1, BYTES("b.fed.example")), 2);
	registry_free(g);
	last = whole("", next.snapshot); // and that one is taken out again
	assert_int_equal(test_peer(&last, "fed~2")->removed, 1);
	assert_false(peer_is_free(test_peer(&last, "fed~2")));
	conf_result_free(&last);
	conf_result_free(&next);
	next = load("anchors", "    on_demand: {below: other.example, slots: 2}\n", REACH, KNOWN, "", r.snapshot);
	assert_int_equal(test_peer(&next, "fed~2")->removed, 1);
	assert_int_equal(test_peer(&next, "fed~1")->removed, 0);
	conf_result_free(&next);
	conf_result_free(&r);
}

static void only_signed_ways_within_the_ranges(void **state)
{
	struct conf_result r = whole("", NULL);
	struct locate_want want = conf_slot_name_of(&r, 0)->want;
	struct way w = {.transport = TRANSPORT_TLS, .origin = HOP_DNS_SECURE};

	(void)state;
	assert_true(is_ok(address_parse(bytes_of_string("192.0.2.4:5061"), &w.address)));
	assert_int_equal(conf_slot_ways(r.snapshot, 0, &want, &w, 1), 1);
	w.origin = HOP_DNS_INSECURE;
	assert_int_equal(conf_slot_ways(r.snapshot, 0, &want, &w, 1), 0);
	w.origin = HOP_DNS_SECURE;
	w.transport = TRANSPORT_UDP;
	assert_int_equal(conf_slot_ways(r.snapshot, 0, &want, &w, 1), 0);
	w.transport = TRANSPORT_TLS;
	assert_true(is_ok(address_parse(bytes_of_string("203.0.113.4:5061"), &w.address)));
	assert_int_equal(conf_slot_ways(r.snapshot, 0, &want, &w, 1), 0);
	conf_result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_nobodys),
		cmocka_unit_test(what_may_not_be_written),
		cmocka_unit_test(kept_over_a_reload),
		cmocka_unit_test(gone_over_a_reload),
		cmocka_unit_test(only_signed_ways_within_the_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
