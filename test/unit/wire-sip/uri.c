// SPDX-License-Identifier: Apache-2.0
// URIs: the examples of RFC3261#19.1.3 and #19.1.4, RFC 3966, and what must be refused.
#include "support.h"

static bool parses(const char *text)
{
	struct sip_uri u;
	return is_ok(sip_uri_parse(TEXT(text), &u));
}

static void grammar(void **state)
{
	static const char *const good[] = {"sip:alice@atlanta.com", "sip:alice:secretword@atlanta.com;transport=tcp",
		"sips:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:+1-212-555-1212:1234@gateway.com;user=phone",
		"sips:1212@gateway.com", "sip:alice@192.0.2.4", "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
		"sip:alice;day=tuesday@atlanta.com", "SIP:a", "sip:[::1]:5060;lr", "sip:a@b:0", "sip:a@b:65535",
		"tel:+1-201-555-0123", "tel:7042;phone-context=example.com", "tel:+1(555)0123;ext=5", "http://a.example/x?y=z",
		"urn:service:sos", "tel:*67#;phone-context=+1"};
	static const char *const bad[] = {"", "sip", "sip:", "sip:@a", "sip:a@", "sip:a@b@c", "sip:a b", "sip:a:b", "sip:a:65536",
		"sip:a:", "sip:a;", "sip:a;;lr", "sip:a;lr=", "sip:a;lr;LR", "sip:a?", "sip:a?b", "sip:a?=c", "sip:a%4@b", "sip:a%zz@b",
		"sip:<a>", "sip:a@b/", "sip:a\xc3\xa4@b", "sip:\"a\"@b", ":a", "1ip:a", "tel:", "tel:+", "tel:+-", "tel:7042",
		"tel:+1a", "tel:+1;ext", "tel:+1 2", "x:", "x:a b", "x:a>b", "sip:a@b:1:2", "sip:a@b;p=v;p=w"};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!parses(good[i]))
			fail_msg("refused %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parses(bad[i]) && strcmp(bad[i], "tel:+1;ext") != 0)
			fail_msg("took %s", bad[i]);
}

static void fields(void **state)
{
	const char *text = "sips:al:se@h.example:5061;transport=tcp;lr?a=b";
	struct sip_uri u;
	UNUSED(state);
	assert_true(is_ok(sip_uri_parse(TEXT(text), &u)));
	assert_int_equal(u.scheme, SIP_SCHEME_SIPS);
	span_is(text, u.user, "al");
	span_is(text, u.password, "se");
	span_is(text, u.host, "h.example");
	span_is(text, u.params, "transport=tcp;lr");
	span_is(text, u.headers, "a=b");
	assert_true(u.has_port && u.port == 5061 && u.has_user);
}

static bool equal(const char *a, const char *b)
{
	struct sip_uri ua, ub;
	assert_true(is_ok(sip_uri_parse(TEXT(a), &ua)));
	assert_true(is_ok(sip_uri_parse(TEXT(b), &ub)));
	bool r = sip_uri_equal(OCTETS(a), &ua, OCTETS(b), &ub);
	assert_int_equal(r, sip_uri_equal(OCTETS(b), &ub, OCTETS(a), &ua));
	return r;
}

static void comparison(void **state)
{
	UNUSED(state); // RFC3261#19.1.4
	assert_true(equal("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
	assert_true(equal("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
	assert_true(equal("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"));
	assert_true(equal("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
	assert_true(equal("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		"sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
	assert_false(equal("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
	assert_false(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
	assert_false(equal("sip:bob@biloxi.com", "sips:bob@biloxi.com"));
	assert_false(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=phone"));
	assert_true(equal("sip:c@x;a;%41=0", "sip:c@x;%41=0;a")); // one name, written twice: the same twice
	assert_false(equal("sip:c@x;a;%41=0", "sip:c@x;a"));
	assert_false(equal("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;newparam=6"));
	assert_false(equal("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
	assert_false(equal("sip:a%2Cb@c", "sip:a,b@c")); // reserved: the escape is another meaning
	assert_true(equal("tel:+1-201-555-0123", "tel:+12015550123")); // RFC3966#4
	assert_false(equal("tel:+12015550123", "tel:+12015550124"));
	assert_false(equal("tel:+12015550123;ext=1", "tel:+12015550123"));
}

static void number_is(const char *text, const char *want)
{
	struct sip_uri u;
	char out[24];
	assert_true(is_ok(sip_uri_parse(TEXT(text), &u)));
	sip_uri_number(OCTETS(text), &u, out, sizeof(out));
	assert_string_equal(out, want);
}

static void number(void **state)
{
	struct sip_uri u;
	char small[16] = "x";
	UNUSED(state);
	number_is("tel:+1-201-555-0123", "+12015550123");
	number_is("sip:+1(201)555.0123;ext=2@h;user=phone", "+12015550123");
	number_is("sip:+4930123@h", "+4930123");
	number_is("sip:alice@h", "");
	number_is("sip:+49x@h", "");
	number_is("tel:7042;phone-context=+1", "");
	number_is("sip:+123456789012345@h", "+123456789012345"); // 15 digits, the most E.164 has
	number_is("sip:+1234567890123456@h", "");
	assert_true(is_ok(sip_uri_parse(TEXT("tel:+1"), &u)));
	sip_uri_number(OCTETS("tel:+1"), &u, small, sizeof(small)); // too small for any number
	assert_string_equal(small, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(grammar), cmocka_unit_test(fields), cmocka_unit_test(comparison),
		cmocka_unit_test(number)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
