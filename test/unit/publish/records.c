// SPDX-License-Identifier: Apache-2.0
// NAPTR records as an ENUM client reads them, and that no text of the configuration becomes another pattern (LUF-I1).
#include "unit.h"

#include "publish/records.h"
#include "wire/enum/naptr.h"

#include <stdio.h>

static const struct publish_zone zone = {.zone = "9.4.e164.example", .apex = "e164.example", .uri = "sip:\\1@ssp-a.example", .ttl_s = 300};

static void regexp(void **state)
{
	static const char *const bad[] = {"", "sip:\\1@a!b", "sip:\\2@a", "sip:\\", "sip:\\\\1@a", "sip:\\1@a\n", "sip:\\1 @a", "sip:\"\\1\"@a",
		"sip:\\1@\xc3\xa4"};
	char out[PUBLISH_STRING_MAX + 1], longest[300];
	(void)state;
	assert_ok(publish_regexp_make("sip:\\1@ssp-a.example", out));
	assert_string_equal(out, "!^(.*)$!sip:\\1@ssp-a.example!");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_error(publish_regexp_make(bad[i], out), E_SYNTAX);
	memset(longest, 'a', sizeof(longest));
	longest[246] = '\0'; // and nine of the pattern
	assert_ok(publish_regexp_make(longest, out));
	assert_int_equal(strlen(out), PUBLISH_STRING_MAX);
	longest[246] = 'a';
	longest[247] = '\0';
	assert_error(publish_regexp_make(longest, out), E_TOO_LONG);
}

static struct publish_wanted make(struct publish_numbers *numbers)
{
	struct publish_wanted w;
	assert_ok(publish_records_make(&zone, numbers, &w));
	return w;
}

static char *text_of(const struct publish_wanted *w)
{
	char *text = ldns_rr_list2str(w->records);
	assert_non_null(text);
	return text;
}

static void of_a_prefix(void **state)
{
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+4930", false, ""));
	struct publish_wanted w = make(&numbers);
	char *text = text_of(&w);
	assert_string_equal(text,
		"0.3.9.4.e164.example.\t300\tIN\tNAPTR\t100 10 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@ssp-a.example!\" .\n"
		"*.0.3.9.4.e164.example.\t300\tIN\tNAPTR\t100 10 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@ssp-a.example!\" .\n");
	LDNS_FREE(text);
	ldns_rr_list_deep_free(w.records);
	publish_numbers_free(&numbers);
}

// RFC 4769: who routes by it finds the routing number, everybody else the URI first.
static void of_a_ported_number(void **state)
{
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+49301234", true, "+4919900"));
	struct publish_wanted w = make(&numbers);
	char *text = text_of(&w);
	assert_int_equal(ldns_rr_list_rr_count(w.records), 2);
	assert_non_null(strstr(text, "100 10 \"u\" \"E2U+sip\" "));
	assert_non_null(strstr(text, "100 20 \"u\" \"E2U+pstn:tel\" \"!^(.*)$!tel:\\\\1;npdi;rn=+4919900!\" ."));
	assert_null(strstr(text, "*."));
	LDNS_FREE(text);
	ldns_rr_list_deep_free(w.records);
	publish_numbers_free(&numbers);
}

// The octets of each record are read by our own client, which is as strict as any.
static void read_by_a_client(void **state)
{
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+49301234", true, "+4919900"));
	struct publish_wanted w = make(&numbers);
	for (size_t i = 0; i < ldns_rr_list_rr_count(w.records); i++) {
		uint8_t octets[1024];
		size_t len = 0;
		const ldns_rr *rr = ldns_rr_list_rr(w.records, i);
		for (size_t k = 0; k < ldns_rr_rd_count(rr); k++) {
			memcpy(octets + len, ldns_rdf_data(ldns_rr_rdf(rr, k)), ldns_rdf_size(ldns_rr_rdf(rr, k)));
			len += ldns_rdf_size(ldns_rr_rdf(rr, k));
		}
		struct naptr n;
		const char *why = NULL;
		assert_ok(naptr_read(bytes_make(octets, len), &n));
		assert_int_equal(naptr_use(&n, &why), n.preference == 10 ? NAPTR_SIP : NAPTR_PSTN_TEL);
	}
	ldns_rr_list_deep_free(w.records);
	publish_numbers_free(&numbers);
}

static void outside_and_apex(void **state)
{
	struct publish_numbers numbers = {0};
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+4330", false, ""));
	assert_ok(publish_numbers_add(&numbers, "+4431", true, ""));
	assert_ok(publish_numbers_add(&numbers, "+49", false, ""));
	struct publish_wanted w = make(&numbers);
	char *text = text_of(&w);
	assert_int_equal(w.outside, 2);
	assert_int_equal(ldns_rr_list_rr_count(w.records), 1);
	assert_int_equal(strncmp(text, "*.9.4.e164.example.", 19), 0); // the zone's own name stays free
	LDNS_FREE(text);
	ldns_rr_list_deep_free(w.records);
	publish_numbers_free(&numbers);
}

static void refused(void **state)
{
	struct publish_numbers numbers = {0};
	struct publish_zone other = zone;
	struct publish_wanted w;
	char apex[DOMAIN_MAX];
	(void)state;
	assert_ok(publish_numbers_add(&numbers, "+4930", false, ""));
	other.uri = "sip:\\1@a!b";
	assert_error(publish_records_make(&other, &numbers, &w), E_SYNTAX);
	assert_null(w.records);
	memset(apex, 'a', 250);
	for (int i = 50; i < 250; i += 50)
		apex[i] = '.';
	apex[250] = '\0';
	other = zone;
	other.apex = other.zone = apex;
	assert_error(publish_records_make(&other, &numbers, &w), E_TOO_LONG);
	assert_null(w.records);
	publish_numbers_free(&numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regexp),
		cmocka_unit_test(of_a_prefix),
		cmocka_unit_test(of_a_ported_number),
		cmocka_unit_test(read_by_a_client),
		cmocka_unit_test(outside_and_apex),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
