// SPDX-License-Identifier: Apache-2.0
// Rows: what each column takes and refuses, keys, comparison, hours.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "registry/row.h"

#include <stdio.h>

static struct row_fault fault;

static enum error set(struct row *row, const char *column, const char *value)
{
	return row_set(row, bytes_of_string(column), bytes_of_string(value), &fault).error;
}

static void get(const struct row *row, const char *column, char *out)
{
	uint32_t keys;
	const char *const *columns = row_columns((enum row_kind)row->kind, &keys);

	for (uint32_t i = 0; columns[i] != NULL; i++) {
		if (strcmp(columns[i], column) == 0)
			row_get(row, i, out);
	}
}

static void takes(enum row_kind kind, const char *column, const char *value, const char *want)
{
	struct row row = {.kind = (uint8_t)kind};
	char text[ROW_TEXT_MAX] = "?";

	if (set(&row, column, value) != E_OK)
		fail_msg("%s", fault.text);
	get(&row, column, text);
	assert_string_equal(text, want);
}

// Refused with a sentence that names the column, and the row is as it was.
static void refuses(enum row_kind kind, const char *column, const char *value, enum error want)
{
	struct row row = {.kind = (uint8_t)kind}, before = row;

	fault.text[0] = '\0';
	assert_int_equal(set(&row, column, value), want);
	assert_memory_equal(fault.text, column, strlen(column));
	assert_non_null(strchr(fault.text, ';'));
	assert_memory_equal(&row, &before, sizeof(row));
}

// LUF-I1: numbers in one spelling only.
static void numbers(void **state)
{
	static const char *const bad[] = {"030", "00493012", "4930", "+", "+49 30", "+49-30", "+4930x", "+0301", "++49", "+49\t",
		"'; DROP TABLE peer;--", "+1234567890123456", "\xef\xbc\x8b\x34\x39"};
	char long_one[200];

	(void)state;
	takes(ROW_RANGE, "prefix", "+4930", "+4930");
	takes(ROW_RANGE, "prefix", "+1", "+1");
	takes(ROW_RANGE, "rn", "+123456789012345", "+123456789012345");
	takes(ROW_RANGE, "rn", "", "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refuses(ROW_RANGE, "prefix", bad[i], E_SYNTAX);
	refuses(ROW_RANGE, "prefix", "", E_SYNTAX);
	memset(long_one, '1', sizeof(long_one));
	long_one[0] = '+';
	long_one[sizeof(long_one) - 1] = '\0';
	refuses(ROW_RANGE, "prefix", long_one, E_TOO_LONG);
	struct row row = {.kind = ROW_RANGE};
	assert_int_equal(set(&row, "prefix", "030"), E_SYNTAX);
	assert_string_equal(fault.text, "prefix: \"030\" is national; write it with \"+\" and country code, 030 of Germany as +4930");
}

static void names_and_domains(void **state)
{
	static const char *const bad_names[] = {"", "ISP", "isp b", "isp\"", "isp'", "a/b", "%s", "\xc3\xa4", "a\\b"};
	static const char *const bad_domains[] = {"", ".", "a..b", "a.example.", "-a.example", "a-.example", "A.example", "a_b.example",
		"192.0.2.1", "a.example;DROP", "b\xc3\xbc.example", "*.example"};
	char label[70] = {0}, name[ROW_TEXT_MAX] = {0};

	(void)state;
	takes(ROW_PEER, "name", "isp-b.1_2", "isp-b.1_2");
	for (size_t i = 0; i < ARRAY_LEN(bad_names); i++)
		refuses(ROW_PEER, "name", bad_names[i], E_SYNTAX);
	takes(ROW_DOMAIN, "domain", "xn--bcher-kva.example", "xn--bcher-kva.example");
	takes(ROW_DOMAIN, "domain", "1und1.de", "1und1.de");
	for (size_t i = 0; i < ARRAY_LEN(bad_domains); i++)
		refuses(ROW_DOMAIN, "domain", bad_domains[i], E_SYNTAX);
	memset(label, 'a', 63);
	takes(ROW_DOMAIN, "domain", label, label);
	takes(ROW_PEER, "name", label, label);
	label[63] = 'a';
	refuses(ROW_DOMAIN, "domain", label, E_SYNTAX);
	refuses(ROW_PEER, "name", label, E_TOO_LONG);
	label[31] = '\0';
	for (int i = 0; i < 8; i++) // 8 * 32 - 1: more than 253
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%s", i == 0 ? "" : ".", label);
	refuses(ROW_DOMAIN, "domain", name, E_SYNTAX);
	name[253] = '\0';
	takes(ROW_DOMAIN, "domain", name, name);
}

static void organizations(void **state)
{
	static const char *const good[] = {"", "M\xc3\xbcller & S\xc3\xb6hne", "Robert'); DROP TABLE peer;--", "100 % \\N \\. \"x\"",
		"\xf0\x9f\x93\x9e"};
	static const char *const bad[] = {"a\tb", "a\nb", "\x7f", "\xc2\x85", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xff", "\xc3", "\x80", "a\xe2\x80\xaez", "\xef\xbb\xbf", "\xef\xbf\xbf", "\xe2\x80\xa8", "\xf8\x88\x80\x80\x80"};
	struct row row = {.kind = ROW_PEER};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		takes(ROW_PEER, "organization", good[i], good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refuses(ROW_PEER, "organization", bad[i], E_SYNTAX);
	assert_int_equal(row_set(&row, BYTES("organization"), BYTES("a\0b"), &fault).error, E_SYNTAX);
}

static void decimals_and_addresses(void **state)
{
	static const char *const bad[] = {"192.0.2.1", "sip.example:5060", "192.0.2.1:0", "0.0.0.0:5060", "224.0.0.1:5060", "2001:db8::1:5060",
		"192.0.2.1:65536", " 192.0.2.1:5060"};

	(void)state;
	takes(ROW_ROUTE, "priority", "65535", "65535");
	takes(ROW_ROUTE, "priority", "", "0");
	refuses(ROW_ROUTE, "priority", "65536", E_SYNTAX);
	refuses(ROW_ROUTE, "priority", "010", E_SYNTAX);
	refuses(ROW_ROUTE, "weight", "-1", E_SYNTAX);
	takes(ROW_ROUTE, "cost", "1000000", "1000000");
	refuses(ROW_ROUTE, "cost", "1000001", E_SYNTAX);
	refuses(ROW_ROUTE, "cost", "99999999999999999999", E_SYNTAX);
	takes(ROW_RANGE, "exact", "yes", "1");
	takes(ROW_RANGE, "exact", "0", "0");
	refuses(ROW_RANGE, "exact", "2", E_SYNTAX);
	takes(ROW_SED, "transport", "dtls", "dtls");
	refuses(ROW_SED, "transport", "sctp", E_SYNTAX);
	takes(ROW_SED, "address", "[2001:DB8::1]:5061", "[2001:db8::1]:5061");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refuses(ROW_SED, "address", bad[i], E_SYNTAX);
}

static void whole_rows(void **state)
{
	struct row a = {.kind = ROW_RANGE}, b, none = {0};
	uint32_t keys;

	(void)state;
	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
		assert_int_equal(row_kind_of(bytes_of_string(row_kind_name(k))), k);
		assert_non_null(row_columns(k, &keys)[keys - 1]);
		assert_true(keys > 0);
	}
	assert_int_equal(row_kind_of(BYTES("peers")), ROW_KINDS);
	assert_int_equal(row_check(&none, &fault).error, E_MISSING);
	assert_int_equal(set(&none, "name", "x"), E_UNSUPPORTED);
	assert_int_equal(set(&a, "colour", "red"), E_UNSUPPORTED);
	assert_int_equal(row_check(&a, &fault).error, E_MISSING);
	assert_int_equal(set(&a, "prefix", "+49"), E_OK);
	assert_int_equal(set(&a, "owner", "isp-b"), E_OK);
	assert_int_equal(set(&a, "to", "isp-b"), E_OK);
	assert_int_equal(row_check(&a, &fault).error, E_OK);
	b = a;
	assert_true(row_equal(&a, &b) && row_same_key(&a, &b));
	assert_int_equal(set(&b, "to", "isp-c"), E_OK);
	assert_true(!row_equal(&a, &b) && row_same_key(&a, &b));
	assert_int_equal(set(&b, "exact", "1"), E_OK);
	assert_false(row_same_key(&a, &b));
	memset(b.u.range.owner, 'a', sizeof(b.u.range.owner)); // filled in by hand, without an end
	assert_int_equal(row_check(&b, &fault).error, E_SYNTAX);
	b = a;
	memcpy(b.u.range.to, "a\tb", 4);
	assert_int_equal(row_check(&b, &fault).error, E_SYNTAX);
}

static bool open_at(const char *hours, uint32_t day, uint32_t hour, uint32_t minute)
{
	struct row_hours h;

	assert_true(is_ok(row_hours_parse(bytes_of_string(hours), &h)));
	uint64_t monday_min = 4u * 1440; // 1970-01-05
	return row_hours_hold(&h, (monday_min + day * 1440ull + hour * 60 + minute) * 60000);
}

static void hours(void **state)
{
	static const char *const bad[] = {" ", "mon-", "mon-mon", "mon,mon", "mon-fri,tue", "mon  08:00-18:00", "08:00-08:00", "8:00-18:00",
		"24:00-08:00", "08:60-09:00", "08:00-24:01", "Mon", "mon 08:00-18:00 ", "08:00", "mon-fri,", "mo"};
	struct row_hours h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(row_hours_parse(bytes_of_string(bad[i]), &h).error, E_SYNTAX);
		refuses(ROW_ROUTE, "hours", bad[i], E_SYNTAX);
	}
	takes(ROW_ROUTE, "hours", "mon-fri 08:00-18:00", "mon-fri 08:00-18:00");
	assert_true(open_at("", 6, 23, 59));
	assert_true(open_at("mon-fri 08:00-18:00", 0, 8, 0));
	assert_true(open_at("mon-fri 08:00-18:00", 4, 17, 59));
	assert_false(open_at("mon-fri 08:00-18:00", 4, 18, 0));
	assert_false(open_at("mon-fri 08:00-18:00", 5, 9, 0));
	assert_true(open_at("sat,sun", 6, 0, 0));
	assert_false(open_at("sat,sun", 0, 0, 0));
	assert_true(open_at("fri-mon", 0, 12, 0));
	assert_false(open_at("fri-mon", 1, 12, 0));
	assert_true(open_at("22:00-24:00", 2, 23, 59));
	assert_true(open_at("fri 22:00-06:00", 5, 5, 59)); // Saturday morning belongs to Friday night
	assert_false(open_at("fri 22:00-06:00", 4, 5, 0));
	assert_false(open_at("fri 22:00-06:00", 5, 22, 0));
	assert_true(open_at("sun 22:00-06:00", 0, 3, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(names_and_domains),
		cmocka_unit_test(organizations),
		cmocka_unit_test(decimals_and_addresses),
		cmocka_unit_test(whole_rows),
		cmocka_unit_test(hours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
