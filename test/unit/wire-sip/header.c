// SPDX-License-Identifier: Apache-2.0
// Descriptors and names: every row is found by each of its names, and strict treatment is the default.
#include "support.h"
#include "wire/sip/name.h"
#include "wire/sip/octet.h"

#include <ctype.h>

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

// The name at the front of a line, however much stands behind the line: 0 when it is none.
static uint32_t line_name(const char *name, size_t len, const char *behind, struct sip_line *l)
{
	uint8_t *line = malloc(len + strlen(behind)); // so that a read beyond its end is seen
	assert_non_null(line);
	memcpy(line, name, len);
	memcpy(line + len, behind, strlen(behind));
	uint32_t past = name_scan(line, (uint32_t)(len + strlen(behind)), 0, l);
	free(line);
	return past;
}

static void lines(void **state)
{
	static const char *const behind[] = {":", ": x\r\n", " \t: x\r\n",
		": x\r\nSubject: enough for three words\r\n"};
	UNUSED(state);
	for (unsigned i = 1; i < SIP_HDR_COUNT; i++) {
		const struct sip_hdr_desc *d = sip_hdr_desc((enum sip_hdr)i);
		for (size_t b = 0; b < ARRAY_LEN(behind); b++) {
			struct sip_line l;
			uint32_t past = line_name(d->name, d->name_len, behind[b], &l);
			assert_int_equal(past, d->name_len + 1u + (behind[b][0] == ' ' ? 2 : 0));
			assert_int_equal(l.id, i);
			assert_int_equal(l.name.from, 0);
			assert_int_equal(l.name.to, d->name_len);
		}
	}
}

// One octet of a known name changed: no other octet may pass for it but the same letter in the other case.
static void lines_changed(void **state)
{
	UNUSED(state);
	for (unsigned i = 1; i < SIP_HDR_COUNT; i++) {
		const struct sip_hdr_desc *d = sip_hdr_desc((enum sip_hdr)i);
		for (uint32_t at = 0; at < d->name_len; at++) {
			for (unsigned c = 0; c < 256; c++) {
				char name[sizeof(d->name)];
				struct sip_line l;
				memcpy(name, d->name, sizeof(name));
				name[at] = (char)c;
				uint32_t past = line_name(name, d->name_len, ": x\r\nSubject: three words\r\n", &l);
				if (tolower((int)c) == tolower(d->name[at]))
					assert_true(past == d->name_len + 1u && l.id == i);
				else if (octet_in((uint8_t)c, OCT_TOKEN))
					assert_true(past == d->name_len + 1u && l.id != i);
				else if (octet_in((uint8_t)c, OCT_WSP) && at > 0 && at + 1u == d->name_len)
					assert_int_equal(l.name.to, at); // another name, and a blank
				else if (c == ':' && at > 0)
					assert_int_equal(past, at + 1);
				else
					assert_int_equal(past, 0);
			}
		}
	}
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(lines),
		cmocka_unit_test(lines_changed), cmocka_unit_test(treatment), cmocka_unit_test(methods)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
