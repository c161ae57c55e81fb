// SPDX-License-Identifier: Apache-2.0
// What the name servers are told: who may do what. That Knot takes these files is shown in test/interop.
#include "unit.h"

#include "publish/knot.h"

#include <string.h>

static struct conf_publish published(const char *secondary)
{
	struct conf_publish p = {.zone = "9.4.e164.example", .apex = "e164.example", .ttl_s = 300, .nameserver_count = 2,
		.nameserver = {"ns1.example", "ns2.example"}, .secondary_count = 1};
	assert_ok(address_parse(BYTES("192.0.2.1:53"), &p.primary));
	assert_ok(address_parse(bytes_of_string(secondary), &p.secondary[0]));
	return p;
}

static const struct tsig_key key = {.name = "p.example", .secret = "c2VjcmV0LW9uZQ=="};
static const struct tsig_key copy = {.name = "c.example", .algorithm = TSIG_HMAC_SHA512, .secret = "c2VjcmV0LXR3bw=="};

static char *text_of(void (*print)(FILE *to, const struct conf_publish *p), const struct conf_publish *p)
{
	static char text[8192];
	FILE *f = fmemopen(text, sizeof(text), "w");
	assert_non_null(f);
	print(f, p);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void print_zone(FILE *to, const struct conf_publish *p)
{
	publish_knot_zone(to, p, "ssp-a.example");
}

static void print_primary(FILE *to, const struct conf_publish *p)
{
	publish_knot_primary(to, p, &key, &copy);
}

static void print_alone(FILE *to, const struct conf_publish *p)
{
	publish_knot_primary(to, p, &key, NULL);
}

static void print_secondary(FILE *to, const struct conf_publish *p)
{
	publish_knot_secondary(to, p, &copy, 0);
}

static void zone(void **state)
{
	struct conf_publish p = published("192.0.2.2:53");
	(void)state;
	assert_string_equal(text_of(print_zone, &p), "$ORIGIN 9.4.e164.example.\n$TTL 300\n"
		"@ SOA ns1.example. hostmaster.ssp-a.example. 1 3600 600 604800 60\n@ NS ns1.example.\n@ NS ns2.example.\n");
}

static void primary(void **state)
{
	struct conf_publish p = published("192.0.2.2:53");
	const char *text = text_of(print_primary, &p);
	(void)state;
	assert_non_null(strstr(text, "    action: [transfer, update]\n    update-type: [NAPTR]\n    update-owner: zone\n    update-owner-match: sub\n"));
	assert_non_null(strstr(text, "    address: \"192.0.2.2\"\n    key: \"c.example.\"\n    action: transfer\n"));
	assert_non_null(strstr(text, "acl: [publish, copy1]"));
	assert_non_null(strstr(text, "notify: [secondary1]"));
	assert_non_null(strstr(text, "dnssec-signing: on"));
	assert_non_null(strstr(text, "nsec3: on\n    nsec3-iterations: 0\n"));
	assert_non_null(strstr(text, "module: mod-rrl/default"));
	assert_non_null(strstr(text, "algorithm: hmac-sha512\n    secret: \"c2VjcmV0LXR3bw==\""));
	text = text_of(print_alone, &p);
	assert_null(strstr(text, "notify"));
	assert_null(strstr(text, "c.example"));
}

// A secondary learns no key by which it could change the zone, and takes nothing that is not validly signed.
static void secondary(void **state)
{
	struct conf_publish p = published("[2001:db8::2]:5300");
	const char *text = text_of(print_secondary, &p);
	(void)state;
	assert_null(strstr(text, key.secret));
	assert_null(strstr(text, "update"));
	assert_non_null(strstr(text, "dnssec-validation: on"));
	assert_non_null(strstr(text, "listen: \"2001:db8::2@5300\""));
	assert_non_null(strstr(text, "address: \"192.0.2.1@53\"\n    via: \"2001:db8::2\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zone),
		cmocka_unit_test(primary),
		cmocka_unit_test(secondary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
