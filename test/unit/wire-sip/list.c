// SPDX-License-Identifier: Apache-2.0
// Lines with one name and the values in them.
#include "support.h"

#define REQUEST "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"      \
	"Call-ID: 1@h\r\nCSeq: 1 OPTIONS\r\n"

static struct sip_msg parse(const char *text)
{
	struct sip_msg m;
	struct sip_fault fault;
	result r = sip_msg_parse(&m, OCTETS(text), &fault);
	if (!is_ok(r))
		fail_msg("%s", fault.phrase);
	return m;
}

static void values(void **state)
{
	const char *text = REQUEST "Contact: \"a,b\" <sip:a,b@c> , <sip:d@e>\r\nSupported: timer,100rel\r\nm: <sip:f@g>\r\n"
				   "k: replaces\r\nSupported:\r\nContent-Length: 0\r\n\r\n";
	static const char *const want[] = {"\"a,b\" <sip:a,b@c>", "<sip:d@e>", "<sip:f@g>"};
	struct sip_msg m = parse(text);
	struct sip_list it = sip_list_begin(&m, SIP_HDR_CONTACT);
	struct span v;
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_true(sip_list_next(&it, &v));
		span_is(text, v, want[i]);
	}
	assert_false(sip_list_next(&it, &v));
	assert_true(sip_list_has(&m, SIP_HDR_SUPPORTED, BYTES("TIMER")));
	assert_true(sip_list_has(&m, SIP_HDR_SUPPORTED, BYTES("replaces")));
	assert_false(sip_list_has(&m, SIP_HDR_SUPPORTED, BYTES("time")));
	assert_false(sip_list_has(&m, SIP_HDR_REQUIRE, BYTES("timer")));
	const struct sip_line *l = sip_first(&m, SIP_HDR_CONTACT);
	assert_non_null(l);
	assert_non_null(sip_next(&m, l));
	assert_null(sip_next(&m, sip_next(&m, l)));
	assert_null(sip_first(&m, SIP_HDR_COUNT));
}

static enum error check(const char *text)
{
	struct sip_msg m = parse(text);
	struct sip_fault fault;
	return sip_msg_check_all(&m, &fault).error;
}

static void empty_elements(void **state)
{
	UNUSED(state);
	assert_int_equal(check(REQUEST "Supported: a\r\n\r\n"), E_OK);
	assert_int_equal(check(REQUEST "Supported:\r\n\r\n"), E_OK);
	assert_int_equal(check(REQUEST "Supported: a,\r\n\r\n"), E_SYNTAX);
	assert_int_equal(check(REQUEST "Supported: ,a\r\n\r\n"), E_SYNTAX);
	assert_int_equal(check(REQUEST "Supported: a,,b\r\n\r\n"), E_SYNTAX);
	assert_int_equal(check(REQUEST "Require:\r\n\r\n"), E_SYNTAX);
	assert_int_equal(check(REQUEST "Contact: *\r\n\r\n"), E_OK);
	assert_int_equal(check(REQUEST "Contact: *, <sip:a>\r\n\r\n"), E_SYNTAX);
	assert_int_equal(check(REQUEST "Route: sip:a\r\n\r\n"), E_SYNTAX);
}

static void many(void **state)
{
	UNUSED(state);
	for (uint32_t n = SIP_LIST_MAX; n <= SIP_LIST_MAX + 1; n++) {
		char text[1024] = REQUEST "Supported: a";
		for (uint32_t i = 1; i < n; i++)
			memcpy(text + strlen(text), ",b", 3);
		memcpy(text + strlen(text), "\r\n\r\n", 5);
		assert_int_equal(check(text), n <= SIP_LIST_MAX ? E_OK : E_TOO_MANY);
	}
}

static void many_routes(void **state)
{
	static const char *const names[] = {"Route", "Record-Route"};
	UNUSED(state);
	for (uint32_t n = SIP_ROUTE_MAX; n <= SIP_ROUTE_MAX + 1; n++) {
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			char text[1024] = REQUEST;
			size_t len = strlen(text);
			for (uint32_t k = 0; k < n; k++) // half of them in lines of their own
				len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s<sip:a>%s", k % 2 ? "" : names[i],
					k % 2 ? "," : ": ", k % 2 || k + 1 == n ? "\r\n" : "");
			snprintf(text + len, sizeof(text) - len, "\r\n");
			assert_int_equal(check(text), n <= SIP_ROUTE_MAX ? E_OK : E_TOO_MANY);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(empty_elements), cmocka_unit_test(many),
		cmocka_unit_test(many_routes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
