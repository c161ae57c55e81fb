// SPDX-License-Identifier: Apache-2.0
// Via, addresses, and the grammar of every other header field by its descriptor: one good and bad value each at least.
#include "support.h"

static void via(void **state)
{
	const char *text = "SIP / 2.0 / TLS h.example : 5061 ;branch=z9hG4bKx; received=192.0.2.1 ;rport=5062;maddr=a.b";
	struct sip_via v;
	UNUSED(state);
	assert_true(is_ok(sip_via_parse(TEXT(text), &v)));
	assert_int_equal(v.transport, 2);
	assert_true(v.has_port && v.port == 5061 && v.has_rport);
	span_is(text, v.host, "h.example");
	span_is(text, v.branch, "z9hG4bKx");
	span_is(text, v.received, "192.0.2.1");
	span_is(text, v.maddr, "a.b");
	assert_true(is_ok(sip_via_parse(TEXT("SIP/2.0/SCTP h"), &v)));
	assert_int_equal(v.transport, 255);
}

static void addr(void **state)
{
	const char *text = "\"A \\\"B\" <sip:a;x@h;lr?q=r> ; tag = t1 ;x";
	struct sip_addr a;
	UNUSED(state);
	assert_true(is_ok(sip_addr_parse(TEXT(text), &a)));
	assert_true(a.angle);
	span_is(text, a.display, "\"A \\\"B\"");
	span_is(text, a.uri.user, "a;x");
	span_is(text, a.tag, "t1");
	const char *plain = "sip:a@h;tag=t2";
	assert_true(is_ok(sip_addr_parse(TEXT(plain), &a)));
	assert_false(a.angle);
	assert_true(span_empty(a.uri.params));
	span_is(plain, a.tag, "t2");
	const char *words = "The Operator <sip:o@h>";
	assert_true(is_ok(sip_addr_parse(TEXT(words), &a)));
	span_is(words, a.display, "The Operator");
}

struct row {
	enum sip_hdr id;
	const char *value;
	bool good;
};

static const struct row rows[] = {
	{SIP_HDR_VIA, "SIP/2.0/UDP h;ttl=255", true}, {SIP_HDR_VIA, "SIP/2.0/UDP h;ttl=256", false},
	{SIP_HDR_VIA, "SIP/2.0/UDP h;branch", false}, {SIP_HDR_VIA, "SIP/2.0/UDP h;branch=a;branch=b", false},
	{SIP_HDR_VIA, "SIP/2.0/UDP h;received=x_y", false}, {SIP_HDR_VIA, "SIP/2.0/UDP h;rport=65536", false},
	{SIP_HDR_VIA, "SIP/2.0 h", false}, {SIP_HDR_VIA, "HTTP/2.0/UDP h", false}, {SIP_HDR_VIA, "SIP/2.0/UDPh", false},
	{SIP_HDR_VIA, "SIP/2.0/UDP h:65536", false}, {SIP_HDR_VIA, "SIP/2.0/UDP h:", false},
	{SIP_HDR_FROM, "*", false}, {SIP_HDR_FROM, "<sip:a@b", false}, {SIP_HDR_FROM, "a b sip:a@b", false},
	{SIP_HDR_FROM, "\"a\" sip:a@b", false}, {SIP_HDR_FROM, "\"a <sip:a@b>", false}, {SIP_HDR_FROM, "<sip:a@b>;tag", false},
	{SIP_HDR_FROM, "<sip:a@b>;tag=\"x\"", false}, {SIP_HDR_FROM, "<sip:a@b>;tag=x;tag=y", false},
	{SIP_HDR_FROM, "<sip:a@b> x", false}, {SIP_HDR_FROM, "<sip:a@b><sip:c@d>", false}, {SIP_HDR_FROM, "sip:a?b=c", false},
	{SIP_HDR_CONTACT, "*", true}, {SIP_HDR_CONTACT, "<sip:a@b>;expires=60;+sip.instance=\"<urn:uuid:1>\"", true},
	{SIP_HDR_ROUTE, "<sip:a;lr>", true}, {SIP_HDR_ROUTE, "sip:a;lr", false}, {SIP_HDR_ROUTE, "*", false},
	{SIP_HDR_P_ASSERTED_IDENTITY, "\"A\" <sip:a@b>", true}, {SIP_HDR_P_ASSERTED_IDENTITY, "tel:+1", true},
	{SIP_HDR_P_ASSERTED_IDENTITY, "<sip:a@b>;x=y", false}, {SIP_HDR_P_ASSERTED_IDENTITY, "*", false},
	{SIP_HDR_CALL_ID, "a@b", true}, {SIP_HDR_CALL_ID, "a@b@c", false}, {SIP_HDR_CALL_ID, "a b", false},
	{SIP_HDR_ALLOW, "INVITE", true}, {SIP_HDR_ALLOW, "IN VITE", false}, {SIP_HDR_REQUIRE, "100rel", true},
	{SIP_HDR_ACCEPT, "application/sdp;q=0.5", true}, {SIP_HDR_ACCEPT, "*/*", true}, {SIP_HDR_ACCEPT, "text", false},
	{SIP_HDR_CONTENT_TYPE, "multipart/mixed;boundary=\"a b\"", true}, {SIP_HDR_CONTENT_TYPE, "a/b;c;c", false},
	{SIP_HDR_EXPIRES, "4294967295", true}, {SIP_HDR_EXPIRES, "4294967296", false}, {SIP_HDR_EXPIRES, "-1", false},
	{SIP_HDR_SESSION_EXPIRES, "90;refresher=uac", true}, {SIP_HDR_SESSION_EXPIRES, "a", false},
	{SIP_HDR_RETRY_AFTER, "5 (x);duration=1", true}, {SIP_HDR_RACK, "1 2 INVITE", true}, {SIP_HDR_RACK, "1 2", false},
	{SIP_HDR_DATE, "Sat, 13 Nov 2010 23:29:00 GMT", true}, {SIP_HDR_DATE, "Sat, 13 Nov 2010 23:29:00 UTC", false},
	{SIP_HDR_DATE, "Sat, 32 Nov 2010 23:29:00 GMT", false}, {SIP_HDR_DATE, "Sat, 13 nov 2010 23:29:00 GMT", false},
	{SIP_HDR_DATE, "Sat, 13 Nov 2010 24:29:00 GMT", false}, {SIP_HDR_DATE, "Sat, 13 Nov 10 23:29:00 GMT", false},
	{SIP_HDR_REPLACES, "a@b;to-tag=1;from-tag=2;early-only", true}, {SIP_HDR_REPLACES, ";to-tag=1", false},
	{SIP_HDR_CALL_INFO, "<http://a/b>;purpose=icon", true}, {SIP_HDR_CALL_INFO, "http://a", false},
	{SIP_HDR_IDENTITY, "aa.bb.cc;info=<https://c.example/a;b>;alg=ES256;ppt=\"shaken\"", true},
	{SIP_HDR_IDENTITY, "aa..cc;info=<https://c.example/a>", true}, {SIP_HDR_IDENTITY, "aa.bb.cc;alg=ES256", false},
	{SIP_HDR_IDENTITY, "aa.bb.cc;info=<https://a>;info=<https://b>", false}, {SIP_HDR_IDENTITY, ";info=<https://a>", false},
	{SIP_HDR_USER_AGENT, "Bench-SSP/1.0 (a (b)) x", true}, {SIP_HDR_USER_AGENT, "a/", false}, {SIP_HDR_SERVER, "(a", false},
	{SIP_HDR_WARNING, "307 isi.edu \"Session parameter\"", true}, {SIP_HDR_WARNING, "1812 overture \"x\"", false},
	{SIP_HDR_WARNING, "307 [::1]:5060 \"x\"", true}, {SIP_HDR_WARNING, "307 isi.edu x", false},
	{SIP_HDR_AUTHORIZATION, "Digest username=\"a,b\", realm=\"c\", nc=00000001", true},
	{SIP_HDR_AUTHORIZATION, "Digest realm=\"a\", realm=\"b\"", false}, {SIP_HDR_AUTHORIZATION, "Digest", false},
	{SIP_HDR_AUTHENTICATION_INFO, "nextnonce=\"a\"", true}, {SIP_HDR_AUTHENTICATION_INFO, "a", false},
	{SIP_HDR_P_CHARGING_VECTOR, "icid-value=\"a b\";icid-generated-at=[::1]", true}, {SIP_HDR_P_CHARGING_VECTOR, "x", false},
	{SIP_HDR_USER_TO_USER, "56a390;encoding=hex", true}, {SIP_HDR_USER_TO_USER, ";a", false},
	{SIP_HDR_MIME_VERSION, "1.0", true}, {SIP_HDR_MIME_VERSION, "1.", false}, {SIP_HDR_CONTENT_ID, "<a@b>", true},
	{SIP_HDR_CONTENT_ID, "<a>", false}, {SIP_HDR_TIMESTAMP, "54.21 .5", true}, {SIP_HDR_TIMESTAMP, "a", false},
	{SIP_HDR_REASON, "Q.850;cause=16;text=\"x\"", true}, {SIP_HDR_REASON, "Q.850;cause=16;cause=17", false},
	{SIP_HDR_HISTORY_INFO, "<sip:a@b?Reason=SIP%3Bcause%3D302>;index=1.1", true}, {SIP_HDR_PRIVACY, "id;header", true},
	{SIP_HDR_SESSION_ID, "ab30317f1a784dc48ff824d0d3715d86;remote=47755a9de7794ba387653f2099600ef2", true},
	{SIP_HDR_P_ACCESS_NETWORK_INFO, "3GPP-UTRAN-TDD; utran-cell-id-3gpp=234151D0FCE11", true},
	{SIP_HDR_ACCEPT_CONTACT, "*;audio;require", true}, {SIP_HDR_RESOURCE_PRIORITY, "ets.0", true},
	{SIP_HDR_SUBSCRIPTION_STATE, "active;expires=60", true}, {SIP_HDR_EVENT, "presence.winfo;id=1", true},
	{SIP_HDR_DIVERSION, "<sip:a@b>;reason=unconditional;counter=1", true},
};

static void grammar(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sip_hdr_desc *d = sip_hdr_desc(rows[i].id);
		if (is_ok(d->check(TEXT(rows[i].value))) != rows[i].good)
			fail_msg("%s: %s", d->name, rows[i].value);
	}
}

// Cut anywhere, or beyond the buffer, a value is refused or taken, never over-read (run with the sanitizers).
static void cut(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sip_hdr_desc *d = sip_hdr_desc(rows[i].id);
		for (uint32_t n = 0; n <= strlen(rows[i].value); n++) {
			uint8_t *exact = malloc(n + 1);
			memcpy(exact, rows[i].value, n);
			result r = d->check(exact, n, (struct span){0, n});
			UNUSED(r);
			assert_false(is_ok(d->check(exact, n, (struct span){0, n + 1})));
			free(exact);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(via), cmocka_unit_test(addr), cmocka_unit_test(grammar),
		cmocka_unit_test(cut)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
