// SPDX-License-Identifier: Apache-2.0
// Descriptors and names: every row is found by each of its names, and strict treatment is the default.
#include "support.h"

static void names(void **state)
{
	UNUSED(state);
	for (unsigned i = 1; i < SIP_HDR_COUNT; i++) {
		const struct sip_hdr_desc *d = sip_hdr_desc((enum sip_hdr)i);
		char text[32];
		assert_int_equal(d->id, i);
		assert_int_equal(strlen(d->name), d->name_len);
		assert_int_equal(sip_hdr_of(sip_hdr_name(d->id)), i);
		snprintf(text, sizeof(text), "%s", d->name);
		for (char *p = text; *p != '\0'; p++)
			*p = (char)(*p ^ (*p >= 'a' && *p <= 'z' ? 0x20 : 0));
		assert_int_equal(sip_hdr_of(bytes_of_string(text)), i); // upper case
		text[d->name_len - 1] = '!';
		assert_int_equal(sip_hdr_of(bytes_of_string(text)), SIP_HDR_OTHER);
		if (d->compact != 0) {
			assert_int_equal(sip_hdr_of(bytes_make(&d->compact, 1)), i);
			char upper = (char)(d->compact - 0x20);
			assert_int_equal(sip_hdr_of(bytes_make(&upper, 1)), i);
		}
		if (i > 1)
			assert_true(strcasecmp(sip_hdr_desc((enum sip_hdr)(i - 1))->name, d->name) != 0);
		assert_true(strncmp(d->bad, "Bad ", 4) == 0 && strcmp(d->bad + 4, d->name) == 0);
	}
	assert_int_equal(sip_hdr_of(BYTES("")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_of(BYTES("z")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_of(BYTES("X-Secret")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_desc(SIP_HDR_COUNT)->id, SIP_HDR_OTHER);
}

static void treatment(void **state)
{
	static const enum sip_hdr own[] = {SIP_HDR_VIA, SIP_HDR_CONTACT, SIP_HDR_CALL_ID, SIP_HDR_CSEQ, SIP_HDR_ROUTE,
		SIP_HDR_RECORD_ROUTE, SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_MAX_FORWARDS, SIP_HDR_CONTENT_LENGTH};
	static const enum sip_hdr strip[] = {SIP_HDR_OTHER, SIP_HDR_USER_AGENT, SIP_HDR_SERVER, SIP_HDR_WARNING,
		SIP_HDR_PATH, SIP_HDR_SERVICE_ROUTE, SIP_HDR_ORGANIZATION, SIP_HDR_AUTHORIZATION, SIP_HDR_P_PREFERRED_IDENTITY};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		assert_int_equal(sip_hdr_desc(own[i])->to_peering, SIP_TREAT_OWN);
	for (size_t i = 0; i < ARRAY_LEN(strip); i++)
		assert_int_equal(sip_hdr_desc(strip[i])->to_peering, SIP_TREAT_STRIP);
	assert_int_equal(sip_hdr_desc(SIP_HDR_P_ASSERTED_IDENTITY)->to_peering, SIP_TREAT_TRUST);
	assert_int_equal(sip_hdr_desc(SIP_HDR_P_CHARGING_VECTOR)->to_peering, SIP_TREAT_TRUST);
}

static void methods(void **state)
{
	UNUSED(state);
	for (unsigned i = 1; i < SIP_METHOD_COUNT; i++)
		assert_int_equal(sip_method_of(sip_method_name((enum sip_method)i)), i);
	assert_int_equal(sip_method_of(BYTES("invite")), SIP_UNKNOWN_METHOD);
	assert_int_equal(sip_method_of(BYTES("INVITES")), SIP_UNKNOWN_METHOD);
	assert_int_equal(sip_method_of(BYTES("")), SIP_UNKNOWN_METHOD);
	assert_true(bytes_equal(sip_status_phrase(486), BYTES("Busy Here")));
	assert_true(bytes_equal(sip_status_phrase(499), BYTES("Bad Request")));
	assert_true(bytes_equal(sip_status_phrase(700), BYTES("Unknown")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(treatment), cmocka_unit_test(methods)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
