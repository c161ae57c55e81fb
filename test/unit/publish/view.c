// SPDX-License-Identifier: Apache-2.0
// What may be told to whom (LUF-C2, LRF-C1), and that configurations which would tell more are refused.
#include "../conf/support.h"

#include "base/result.h"
#include "publish/publish.h"

#include <string.h>

#define SECTION                                                                                                   \
	"publish:\n  zone: 9.4.e164.example\n  apex: e164.example\n  primary: 192.0.2.1@53\n"                      \
	"  key: {name: p.example, secret_file: p.key}\n  nameservers: [ns1.example]\n"
#define URI "  uri: 'sip:\\1@ssp-a.example'\n"
#define PEERS                                                                                                        \
	"peers:\n"                                                                                                   \
	"  - {name: pbx, zone: core, reach: {targets: [\"udp:sip.inside.example:5070\"], transport: udp, "           \
	"domain: inside.example}, known_by: {addresses: [10.0.0.0/8]}, numbers: {calls_from: [any], calls_to: [\"+4930\", "    \
	"\"+4940\"]}, limits: {calls_per_second: 5, concurrent_calls: 50, messages_per_second: 100}}\n"              \
	"  - {name: b, zone: peering, reach: {targets: [\"tls:192.0.2.9:5061\"], transport: tls, domain: b.example}, " \
	"known_by: {addresses: [192.0.2.0/28], trust: ca.pem, tls_names: [b.example]}, numbers: {calls_from: [\"+4989\"], "  \
	"calls_to: [\"+49301\", \"+4989\"]}, media: {addresses: [192.0.2.16/28], srtp: required}, "                  \
	"limits: {calls_per_second: 5, concurrent_calls: 50, messages_per_second: 100}, "                            \
	"waivers: [{control: identity, reason: laboratory, until: 2027-01-01}], lookup: {view: domain, listed: yes}}\n"

static struct conf_result load(const char *section)
{
	static char text[16384];
	snprintf(text, sizeof(text), "%s%s", PEERS, section);
	return test_load(test_base(text));
}

static struct publish_numbers gather(const struct conf_result *r)
{
	const struct conf_publish *p = &r->private.publish;
	struct publish_numbers n = {0};
	assert_non_null(r->snapshot);
	assert_int_equal(r->out_of_service, 0);
	assert_int_equal(publish_numbers_of(p, r->snapshot, PUBLISH_OURS, &n).error, E_OK);
	publish_numbers_sort(&n);
	assert_int_equal(publish_numbers_of(p, r->snapshot, PUBLISH_HOLES, &n).error, E_OK);
	return n;
}

static bool has(const struct publish_numbers *n, const char *digits, bool hole)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (strcmp(n->at[i].digits, digits) == 0 && n->at[i].hole == hole)
			return true;
	return false;
}

static void core_alone(void **state)
{
	struct conf_result r = load(SECTION URI);
	(void)state;
	assert_int_equal(r.errors, 0);
	struct publish_numbers n = gather(&r);
	assert_int_equal(n.count, 3);
	assert_true(has(&n, "+4930", false) && has(&n, "+4940", false) && has(&n, "+49301", true));
	publish_numbers_free(&n);
	conf_result_free(&r);
}

static void what_may_be_told(void **state)
{
	struct conf_result r = load(SECTION URI "  for: b\n  to: [pbx, b]\n");
	(void)state;
	struct publish_numbers n = gather(&r); // b is not told its own
	assert_true(has(&n, "+4930", false) && has(&n, "+49301", true) && !has(&n, "+4989", false));
	publish_numbers_free(&n);
	conf_result_free(&r);
	r = load(SECTION URI "  to: [b]\n");
	n = gather(&r);
	assert_true(has(&n, "+49301", false) && has(&n, "+4989", false) && !has(&n, "+4930", false));
	publish_numbers_free(&n);
	((struct peer *)(uintptr_t)test_peer(&r, "b"))->lookup_listed = 0;
	n = gather(&r);
	assert_int_equal(n.count, 0);
	publish_numbers_free(&n);
	conf_result_free(&r);
}

static void blocked_is_not_told(void **state)
{
	struct conf_result r = load(SECTION URI);
	(void)state;
	((struct peer *)(uintptr_t)test_peer(&r, "pbx"))->blocked = 1;
	struct publish_numbers n = gather(&r);
	assert_int_equal(n.count, 0);
	publish_numbers_free(&n);
	conf_result_free(&r);
}

static void ranges_of_the_registry(void **state)
{
	struct conf_result r = load(SECTION URI);
	const struct conf_publish *p = &r.private.publish;
	struct publish_numbers n = {0};
	struct row_range ours = {.prefix = "+4940", .owner = "pbx", .to = "pbx", .rn = "+4919900"};
	struct row_range elsewhere = {.prefix = "+4960", .owner = "pbx", .to = "pbx"};
	struct row_range ported = {.prefix = "+49401", .exact = 1, .owner = "b", .to = "b"};
	struct row_range group = {.prefix = "+49402", .owner = "pbx", .to = "some-group"};
	const struct row_range *all[] = {&ours, &ported, &group, &elsewhere};
	(void)state;
	for (enum publish_pass pass = PUBLISH_OURS; pass <= PUBLISH_HOLES; pass++) {
		for (size_t i = 0; i < ARRAY_LEN(all); i++)
			assert_int_equal(publish_numbers_add_range(p, r.snapshot, pass, all[i], &n).error, E_OK);
		if (pass == PUBLISH_OURS)
			publish_numbers_sort(&n);
	}
	assert_int_equal(n.count, 3);
	assert_true(has(&n, "+4940", false) && has(&n, "+49401", true) && has(&n, "+49402", true));
	assert_false(has(&n, "+4960", false)); // he lists the numbers that he takes
	assert_string_equal(n.at[0].rn, "+4919900");
	publish_numbers_free(&n);
	conf_result_free(&r);
}

static void refused(const char *section, const char *what)
{
	struct conf_result r = load(section);
	if (test_message(&r, what) == NULL || r.errors == 0)
		fail_msg("\"%s\" is not said of:\n%s", what, section);
	conf_result_free(&r);
}

// Nothing that a record tells leads into the core (LRF-C1), nor is it another pattern (LUF-I1).
static void uris(void **state)
{
	static const char *const bad[] = {"sip:\\1@10.0.0.1", "sip:\\1@[2001:db8::1]", "tel:\\1", "sip:1@a.example", "sip:\\1@", "sip:\\1@a!b",
		"sip:\\1@a.example:999999", "sip:\\1@a.example;x=!", "sip:\\1@a.example;x=\\1", "sip:\\2@a.example", "sip:\\1@a.example/x"};
	static const char *const good[] = {"sips:\\1@ssp-a.example", "sip:\\1@ssp-a.example:5061;user=phone"};
	char section[2048];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(section, sizeof(section), SECTION "  uri: '%s'\n", bad[i]);
		refused(section, "does not fit");
	}
	refused(SECTION "  uri: 'sip:\\1@inside.example'\n", "LRF-C1");
	refused(SECTION "  uri: 'sip:\\1@sip.inside.example'\n", "LRF-C1");
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(section, sizeof(section), SECTION "  uri: '%s'\n", good[i]);
		struct conf_result r = load(section);
		assert_int_equal(r.errors, 0);
		assert_string_equal(r.private.publish.uri, good[i]);
		conf_result_free(&r);
	}
}

static void sections(void **state)
{
	(void)state;
	refused("publish: {zone: a.example}\n", "is missing");
	refused(SECTION URI "  to: [nobody]\n", "no peer \"nobody\"");
	refused(SECTION URI "  for: nobody\n", "no peer \"nobody\"");
	refused(SECTION URI "  for: pbx\n", "may look up nothing");
	refused(SECTION URI "  secondaries: [192.0.2.2@53]\n", "key of their own");
	refused(SECTION URI "  secondaries: [192.0.2.2]\n", "does not fit");
	refused(SECTION URI "  secondaries: [\"0.0.0.0@53\"]\n", "does not fit");
	refused(SECTION URI "  secondaries: [192.0.2.2@65536]\n", "does not fit");
	refused(SECTION URI "  transfer_key: {name: p.example, secret_file: q.key}\n", "the same as key");
	refused(SECTION URI "  transfer_key: {name: q.example, secret_file: p.key}\n", "the same as key");
	refused("publish:\n  zone: 9.4.e164.example\n  apex: other.example\n  primary: 127.0.0.1@53\n"
		"  key: {name: p.example, secret_file: p.key}\n  nameservers: [ns1.9.4.e164.example]\n" URI, "is not below apex");
	refused("publish:\n  zone: 9.4.e164.example\n  apex: e164.example\n  primary: 127.0.0.1@53\n"
		"  key: {name: p.example, secret_file: p.key}\n  nameservers: [ns1.9.4.e164.example]\n" URI, "inside the zone");
	refused("publish:\n  zone: 9.4.e164.example\n  apex: e164.example\n  primary: 127.0.0.1@53\n"
		"  key: {name: p.example, secret_file: p.key}\n  transfer_key: {name: q.example, secret_file: q.key}\n"
		"  nameservers: [ns1.example]\n  secondaries: [192.0.2.2@53]\n" URI, "no secondary reaches a loopback address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(core_alone),
		cmocka_unit_test(what_may_be_told),
		cmocka_unit_test(blocked_is_not_told),
		cmocka_unit_test(ranges_of_the_registry),
		cmocka_unit_test(uris),
		cmocka_unit_test(sections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
