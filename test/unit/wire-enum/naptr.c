// SPDX-License-Identifier: Apache-2.0
// NAPTR to the letter: reading, order, services, and what RFC6116#5.2 has seen go wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/enum/naptr.h"

#include <stdio.h>

// Order, preference, flags, services, regexp and a replacement of one label at most, as record data.
static size_t make(uint8_t *to, unsigned order, unsigned preference, const char *flags, const char *services, const char *regexp,
	const char *replacement)
{
	const char *const text[] = {flags, services, regexp};
	size_t n = 0;

	to[n++] = (uint8_t)(order >> 8);
	to[n++] = (uint8_t)order;
	to[n++] = (uint8_t)(preference >> 8);
	to[n++] = (uint8_t)preference;
	for (size_t i = 0; i < 3; i++) {
		to[n++] = (uint8_t)strlen(text[i]);
		memcpy(to + n, text[i], strlen(text[i]));
		n += strlen(text[i]);
	}
	if (replacement[0] != '\0') {
		to[n++] = (uint8_t)strlen(replacement);
		memcpy(to + n, replacement, strlen(replacement));
		n += strlen(replacement);
	}
	to[n++] = 0;
	return n;
}

static void add(struct dns_answer *a, unsigned order, unsigned preference, const char *flags, const char *services,
	const char *regexp, const char *replacement)
{
	size_t n = make(a->octets + a->used, order, preference, flags, services, regexp, replacement);

	a->record[a->count].at = (uint16_t)a->used;
	a->record[a->count++].len = (uint16_t)n;
	a->used += (uint32_t)n;
}

static void reading(void **state)
{
	uint8_t data[600];
	struct naptr n;
	size_t len = make(data, 100, 65535, "u", "E2U+sip", "!^.*$!sip:a@b!", "");

	(void)state;
	assert_true(is_ok(naptr_read(bytes_make(data, len), &n)));
	assert_int_equal(n.order, 100);
	assert_int_equal(n.preference, 65535);
	assert_true(bytes_equal(n.services, BYTES("E2U+sip")));
	assert_string_equal(n.replacement, "");
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(naptr_read(bytes_make(data, cut), &n).error, E_SYNTAX);
	data[len] = 0;
	assert_int_equal(naptr_read(bytes_make(data, len + 1), &n).error, E_SYNTAX); // something behind
}

static void what_to_do(void **state)
{
	static const struct {
		const char *flags, *services, *regexp, *replacement;
		enum naptr_use use;
	} row[] = {
		{"u", "E2U+sip", "!x!y!", "", NAPTR_SIP},
		{"U", "e2u+SIP", "!x!y!", "", NAPTR_SIP},
		{"u", "E2U+email:mailto+sip", "!x!y!", "", NAPTR_SIP}, // several services: the first that we use
		{"u", "E2U+pstn:tel", "!x!y!", "", NAPTR_PSTN_TEL},
		{"u", "E2U+pstn:sip+pstn:tel", "!x!y!", "", NAPTR_PSTN_SIP},
		{"u", "E2U+pstn", "!x!y!", "", NAPTR_IGNORE},
		{"u", "E2U+sipx", "!x!y!", "", NAPTR_IGNORE},
		{"u", "sip+E2U", "!x!y!", "", NAPTR_IGNORE}, // RFC 2916's order of long ago
		{"u", "E2U", "!x!y!", "", NAPTR_IGNORE},
		{"u", "E2U+", "!x!y!", "", NAPTR_IGNORE},
		{"u", "", "!x!y!", "", NAPTR_IGNORE},
		{"u", "E2U+sip", "", "", NAPTR_IGNORE},        // terminal without a rule
		{"u", "E2U+sip", "!x!y!", "z", NAPTR_IGNORE},  // both
		{"u", "E2U+sip", "", "z", NAPTR_IGNORE},
		{"s", "SIP+D2U", "", "z", NAPTR_IGNORE},       // RFC 3263's, in the wrong tree
		{"uu", "E2U+sip", "!x!y!", "", NAPTR_IGNORE},
		{"p", "E2U+sip", "!x!y!", "", NAPTR_IGNORE},
		{"", "", "", "z", NAPTR_NON_TERMINAL},
		{"", "E2U+sip", "", "z", NAPTR_NON_TERMINAL},
		{"", "", "!x!y!", "z", NAPTR_IGNORE},
		{"", "", "", "", NAPTR_IGNORE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint8_t data[200];
		struct naptr n;
		const char *why = NULL;
		size_t len = make(data, 1, 1, row[i].flags, row[i].services, row[i].regexp, row[i].replacement);
		assert_true(is_ok(naptr_read(bytes_make(data, len), &n)));
		if (naptr_use(&n, &why) != row[i].use)
			fail_msg("row %zu", i);
		if (row[i].use == NAPTR_IGNORE)
			assert_non_null(why);
	}
}

static void order(void **state)
{
	static struct dns_answer a;
	static struct naptr out[DNS_RECORDS_MAX];
	uint32_t bad;

	(void)state;
	add(&a, 20, 1, "u", "E2U+sip", "e", "");
	add(&a, 10, 20, "u", "E2U+sip", "c", "");
	add(&a, 10, 10, "u", "E2U+sip", "a", "");
	add(&a, 10, 10, "u", "E2U+sip", "b", ""); // equals stay as they came
	add(&a, 10, 65535, "u", "E2U+sip", "d", "");
	a.record[a.count].at = (uint16_t)a.used; // a record of no octets
	a.record[a.count++].len = 0;
	assert_int_equal(naptr_sort(&a, out, &bad), 5);
	assert_int_equal(bad, 1);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(out[i].regexp.at[0], "abcde"[i]);
	a.record[0].at = 60000; // a place outside is no record
	assert_int_equal(naptr_sort(&a, out, &bad), 4);
	a.count = 60000;
	assert_in_range(naptr_sort(&a, out, &bad), 0, DNS_RECORDS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reading), cmocka_unit_test(what_to_do), cmocka_unit_test(order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
