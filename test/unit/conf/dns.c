// SPDX-License-Identifier: Apache-2.0
// The section `dns`: what is taken, and each way of asking in clear where it must not be, or of requiring what cannot be.
#include "support.h"

#include <string.h>

static struct conf_result load(const char *section)
{
	char text[2048];

	snprintf(text, sizeof(text), "dns: {%s}\n", section);
	return test_load(test_base(text));
}

static void refused(const char *section, const char *what)
{
	struct conf_result r = load(section);

	if (r.errors == 0 || test_message(&r, what) == NULL)
		fail_msg("\"%s\" is not refused with \"%s\"", section, what);
	conf_result_free(&r);
}

static void whole_section(void **state)
{
	struct conf_result r = load("upstreams: [127.0.0.1, \"127.0.0.2@5335\", \"::1@53\"], tls: yes, forward_tls: [\"192.0.2.53@853#dns.example\", \"192.0.2.54#dns2.example\"], "
				    "trust_anchors: anchors, policy: [{suffix: E164.arpa, dnssec: required}, {suffix: ., dnssec: off}], only: [e164.arpa, b.example], stale: 60");
	const struct dns_settings *d;

	(void)state;
	assert_int_equal(r.errors, 0);
	d = &r.snapshot->settings.dns;
	assert_int_equal(d->upstream_count, 3);
	assert_int_equal(d->upstream[0].port, 53);
	assert_int_equal(d->upstream[1].port, 5335);
	assert_int_equal(d->upstream[2].family, 6);
	assert_int_equal(d->tls, 1);
	assert_int_equal(d->stale_s, 60);
	assert_int_equal(d->policy_count, 2);
	assert_string_equal(d->policy[0].suffix, "e164.arpa");
	assert_int_equal(d->policy[0].dnssec, DNSSEC_REQUIRED);
	assert_string_equal(d->policy[1].suffix, "");
	assert_int_equal(d->policy[1].dnssec, DNSSEC_OFF);
	assert_int_equal(d->only_count, 2);
	assert_string_equal(d->only[1], "b.example");
	assert_int_equal(r.private.forward_tls_count, 2);
	assert_int_equal(r.private.forward_tls[1].address.port, 853);
	assert_string_equal(r.private.forward_tls[1].name, "dns2.example");
	assert_non_null(strstr((const char *)snapshot_blob(r.snapshot, d->trust_anchors).at, "IN DS 20326"));
	conf_result_free(&r);
}

static void absent(void **state)
{
	struct conf_result r = test_load(test_base("")), with = load("stale: 0");

	(void)state;
	assert_int_equal(r.snapshot->settings.dns.upstream_count, 0);
	assert_int_equal(r.snapshot->settings.dns.stale_s, 86400);
	assert_int_equal(r.snapshot->settings.dns.trust_anchors.len, 0);
	assert_null(test_message(&r, "root.key"));
	assert_non_null(test_message(&with, "no DNS answer is validated")); // said to those who care for DNS
	assert_false(snapshot_same_dns(r.snapshot, with.snapshot));
	assert_true(snapshot_same_dns(r.snapshot, r.snapshot));
	conf_result_free(&r);
	conf_result_free(&with);
}

// The attack: an operator believes that questions are encrypted, and the library sends them in clear (LUF-C3).
static void clear_where_it_must_not_be(void **state)
{
	(void)state;
	refused("tls: yes", "dns-forwarder");
	refused("tls: yes, upstreams: [192.0.2.53]", "dns-forwarder");
	refused("tls: yes, upstreams: [127.0.0.1, 192.0.2.53]", "192.0.2.53:53 would be asked in clear");
	refused("upstreams: [\"192.0.2.53@853#dns.example\"]", "dns.forward_tls");
	refused("upstreams: [\"192.0.2.53@853\"]", "does not have");
	struct conf_result r = load("upstreams: [192.0.2.53]");
	assert_int_equal(r.errors, 0); // in clear as it is asked for
	conf_result_free(&r);
}

static void required_without_anchors(void **state)
{
	struct conf_result changed;

	(void)state;
	refused("policy: [{suffix: e164.arpa, dnssec: required}]", "there is no trust anchor");
	refused("trust_anchors: none, policy: [{suffix: e164.arpa, dnssec: required}]", "there is no trust anchor");
	refused("trust_anchors: missing", "cannot be read");
	refused("trust_anchors: garbage", "line 1 of garbage is no DS or DNSKEY");
	refused("trust_anchors: anchors-multi", "line 1 of anchors-multi");
	changed = load("trust_anchors: none");
	assert_null(test_message(&changed, "no DNS answer is validated")); // written down, so wanted
	conf_result_free(&changed);
}

static void managed_anchors(void **state)
{
	struct conf_result r = load("trust_anchors: anchors, managed_anchors: /var/lib/sallyport/anchors"), next;
	char text[512];

	(void)state;
	assert_int_equal(r.errors, 0);
	assert_string_equal(r.snapshot->settings.dns.managed_anchors, "/var/lib/sallyport/anchors");
	refused("trust_anchors: none, managed_anchors: /x", "no trust anchor to begin with");
	refused("managed_anchors: \"\"", "managed_anchors");
	snprintf(text, sizeof(text), "%s", "dns: {trust_anchors: anchors, managed_anchors: /elsewhere}\n");
	next = test_load_at(test_base(text), TEST_WALL_MS, r.snapshot); // the sandbox is entered once
	assert_non_null(test_message(&next, "managed_anchors cannot change at reload"));
	conf_result_free(&next);
	conf_result_free(&r);
}

static void bad_values(void **state)
{
	static const char *const bad[] = {"upstreams: [dns.example]", "upstreams: [\"127.0.0.1@0\"]", "upstreams: [\"127.0.0.1@65536\"]",
		"upstreams: [\"127.0.0.1@+53\"]", "upstreams: [\"127.0.0.1@5x\"]", "upstreams: [0.0.0.0]", "upstreams: [224.0.0.1]", "forward_tls: [192.0.2.53]",
		"forward_tls: [\"192.0.2.53#-a\"]", "only: [\"_x.example\"]", "only: [.]", "policy: [{suffix: a..b, dnssec: off}]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i], "does not fit");
	refused("policy: [{suffix: a.example}]", "dnssec");
	refused("policy: [{suffix: a.example, dnssec: on}]", "dnssec");
	refused("policy: [{suffix: a.example, dnssec: off}, {suffix: A.example, dnssec: off}]", "stands twice");
	refused("stale: 604801", "stale");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_section),
		cmocka_unit_test(absent),
		cmocka_unit_test(clear_where_it_must_not_be),
		cmocka_unit_test(required_without_anchors),
		cmocka_unit_test(managed_anchors),
		cmocka_unit_test(bad_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
