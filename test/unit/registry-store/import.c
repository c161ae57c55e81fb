// SPDX-License-Identifier: Apache-2.0
// Files of rows: what is taken, and each fault with its line (CSV by RFC 4180, JSON, encodings, lengths).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "registry/store/import.h"

struct seen {
	uint32_t rows, removed, bad;
	uint64_t bad_line;
	char first[ROW_TEXT_MAX], fault[ROW_REASON_MAX];
};

static result row_h(void *ctx, uint64_t line, const struct row *row, bool remove)
{
	struct seen *s = ctx;
	(void)line;
	if (s->rows == 0)
		row_get(row, 0, s->first);
	s->rows++;
	s->removed += remove;
	return OK;
}

static result bad_h(void *ctx, uint64_t line, enum row_kind kind, const struct row_fault *fault)
{
	struct seen *s = ctx;
	(void)kind;
	if (s->bad++ == 0) {
		s->bad_line = line;
		snprintf(s->fault, sizeof(s->fault), "%s", fault->text);
	}
	return OK;
}

static result read_file(const char *octets, size_t n, enum row_kind kind, struct seen *s, struct row_fault *fault)
{
	const struct import_sink sink = {s, row_h, bad_h, NULL};
	FILE *f = fmemopen((void *)(uintptr_t)octets, n, "r");
	memset(s, 0, sizeof(*s));
	assert_non_null(f);
	result r = import_read(f, IMPORT_DETECT, kind, &sink, fault);
	fclose(f);
	return r;
}

static void good(const char *text, uint32_t rows, const char *first)
{
	struct seen s;
	struct row_fault fault;
	if (!is_ok(read_file(text, strlen(text), ROW_KINDS, &s, &fault)) || s.bad > 0 || s.rows != rows)
		fail_msg("%s: %u rows, %u bad: %s %s", text, s.rows, s.bad, s.fault, fault.text);
	assert_string_equal(s.first, first);
}

static void what_is_taken(void **state)
{
	(void)state;
	good("kind,name\npeer,b\n", 1, "b");
	good("kind,name\r\npeer,b\r\n\r\npeer,c", 2, "b"); // CRLF, an empty line, no end
	good("\xef\xbb\xbfkind,name\npeer,b\n", 1, "b"); // a byte order mark
	good("name,organization,kind\nb,\"a \"\"b\"\", c\",peer\n", 1, "b");
	good("kind,prefix,owner,to,rn,delete\nrange,+49,b,b,,no\nrange,+49301,b,b,+4999,yes\n", 2, "+49");
	good("{\"kind\":\"peer\",\"name\":\"b\"}\n{\"kind\":\"peer\",\"name\":\"c\"}\n", 2, "b");
	good(" [ {\"kind\":\"range\",\"prefix\":\"+49\",\n\"exact\":1,\"owner\":\"b\",\"to\":\"b\",\"rn\":null},\n{\"kind\":\"peer\",\"name\":\"x\"} ]", 2,
		"+49");
	good("[]", 0, "");
	good("{\"kind\":\"peer\",\"name\":\"b\",\"organization\":\"a } \\\" { b\"}", 1, "b"); // braces within a text
	good("{\"kind\":\"range\",\"prefix\":\"+49\",\"delete\":true}", 1, "+49"); // a deletion needs the key alone
}

static void bad_rows(void **state)
{
	static const struct {
		const char *text;
		size_t len; // 0: to its end
		uint32_t rows;
		uint64_t line;
		const char *says;
	} row[] = {
		{"kind,name\npeer,b\npeer,\"b\npeer,c\n", 0, 2, 3, "quotes"},
		{"kind,name\npeer,b\"c\n", 0, 0, 2, "quotes"},
		{"kind,name\npeer,\"b\"c\n", 0, 0, 2, "quotes"},
		{"kind,name\npeer,b,c\npeer,d\n", 0, 1, 2, "3 cells"},
		{"kind,name\npeer\n", 0, 0, 2, "1 cells"},
		{"kind,name\nfoo,b\n", 0, 0, 2, "kind"},
		{"kind,name,prefix\npeer,b,+49\n", 0, 0, 2, "no such column"},
		{"kind,prefix,owner\nrange,+49,b\n", 0, 0, 2, "to"},
		{"kind,prefix,owner,to,delete\nrange,+49,b,b,maybe\n", 0, 0, 2, "delete"},
		{"kind,name\npeer,a\0b\n", 19, 0, 2, "UTF-8"},
		{"kind,name,organization\npeer,b,\xff\xfe\n", 0, 0, 2, "UTF-8"},
		{"kind,prefix,owner,to\nrange,0049,b,b\nrange,+49x,b,b\nrange,+1234567890123456,b,b\nrange,'; DROP TABLE range,b,b\n", 0, 0, 2, "+"},
		{"{\"kind\":\"peer\"}", 0, 0, 1, "name"},
		{"{\"kind\":\"peer\",\"name\":{\"a\":1}}", 0, 0, 1, "neither"},
		{"{\"kind\":\"peer\",\"name\":1.5}", 0, 0, 1, "neither"},
		{"{\"kind\":\"peer\",\"name\":\"a\",\"name\":\"b\"}", 0, 0, 1, "JSON"},
		{"{\"kind\":\"peer\",\"nam\":\"a\"}", 0, 0, 1, "nam"},
		{"{\"kind\":\"peer\",\"name\":\"b\",\"delete\":1}{\"kind\":\"peer\",\"name\":\"c\",\"delete\":\"no\"}", 0, 1, 1, "delete: neither"},
		{"{\"kind\":\"peer\",\"name\":\"b\",\"delete\":\"true\"}", 0, 0, 1, "delete: neither"},
		{"{\"kind\":\"peer\",\n\"name\":\"\\u0000\"}", 0, 0, 1, "JSON"},
		{"{\"kind\":\"peer\",\"name\":\"b\"}\n{]}\n", 0, 1, 2, "JSON"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct seen s;
		struct row_fault fault;
		result r = read_file(row[i].text, row[i].len > 0 ? row[i].len : strlen(row[i].text), ROW_KINDS, &s, &fault);
		if (!is_ok(r) || s.bad == 0 || s.rows != row[i].rows || s.bad_line != row[i].line || strstr(s.fault, row[i].says) == NULL)
			fail_msg("row %zu: %u rows, %u bad, line %u: %s %s", i, s.rows, s.bad, (unsigned)s.bad_line, s.fault, fault.text);
	}
}

static void bad_files(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *says;
	} row[] = {{"\xff\xfek\0i\0", 6, "UTF-16"}, {"\xfe\xff\0k", 4, "UTF-16"}, {"k\0i\0", 4, "UTF-16"}, {"\xef\xbb\xbf", 3, "nothing"},
		{"name,organization\nb,x\n", 22, "kind"}, {"kind,kind\n", 10, "twice"}, {"kind,nam\n", 9, "nam"}, {"kind,\"name\n", 11, "columns"},
		{"{\"kind\":\"peer\"", 14, "ends within"}, {"[1]", 3, "array of objects"}, {"[{\"kind\":\"peer\",\"name\":\"b\"} x]", 32, "array of objects"},
		// Half a file is none, where that can be seen: with --replace the other half would be deleted.
		{"[{\"kind\":\"peer\",\"name\":\"b\"},\n", 29, "ends within"}, {"[\n", 2, "ends within"},
		{"{\"kind\":\"peer\",\"name\":\"b\"}]", 28, "array of objects"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct seen s;
		struct row_fault fault;
		result r = read_file(row[i].text, row[i].len, ROW_KINDS, &s, &fault);
		if (r.error != E_SYNTAX || strstr(fault.text, row[i].says) == NULL)
			fail_msg("row %zu: %s: %s", i, error_name(r.error), fault.text);
	}
}

// A line, or an object, of more than the bound is passed over without being kept, and what follows it is read.
static void long_lines(void **state)
{
	enum { LONG = 40 * 1024 * 1024 };
	char *text = malloc(LONG + 200);
	struct seen s;
	struct row_fault fault;

	(void)state;
	memset(text, 'x', LONG + 100);
	memcpy(text, "kind,name\n", 10);
	memcpy(text + LONG, "\npeer,b\n", 9);
	assert_true(is_ok(read_file(text, LONG + 8, ROW_KINDS, &s, &fault)));
	assert_int_equal(s.rows, 1);
	assert_int_equal(s.bad_line, 2);
	assert_non_null(strstr(s.fault, "longer"));
	memset(text, ' ', LONG);
	memcpy(text, "{\"kind\":", 8);
	memcpy(text + LONG, "}{\"kind\":\"peer\",\"name\":\"b\"}", 27);
	assert_true(is_ok(read_file(text, LONG + 27, ROW_KINDS, &s, &fault)));
	assert_int_equal(s.rows, 1);
	assert_int_equal(s.bad, 1);
	free(text);
}

// What is written is read again as the same row.
static void there_and_back(void **state)
{
	char *text = NULL;
	size_t len = 0;
	struct seen s;
	struct row_fault fault;
	struct row row = {.kind = ROW_PEER};

	(void)state;
	assert_true(is_ok(row_set(&row, BYTES("name"), BYTES("b"), &fault)));
	assert_true(is_ok(row_set(&row, BYTES("organization"), BYTES("a, \"b\"; {c} \\ \xc3\xbc"), &fault)));
	for (int csv = 0; csv < 2; csv++) {
		FILE *f = open_memstream(&text, &len);
		assert_true(csv ? export_csv_header(f, ROW_PEER) && export_csv(f, &row) : export_json(f, &row));
		fclose(f);
		assert_true(is_ok(read_file(text, len, ROW_KINDS, &s, &fault)));
		assert_int_equal(s.rows, 1);
		assert_string_equal(s.first, "b");
		free(text);
	}
	assert_true(is_ok(read_file("prefix,owner,to\n+49,b,b\n", 25, ROW_RANGE, &s, &fault))); // the kind from outside
	assert_int_equal(s.rows, 1);
}

// A terminal does what it is told by some octets: none of a file's reach it.
static void faults_are_plain_text(void **state)
{
	static const char *const files[] = {"{\"kind\": \"peer\", \"name\": \033[2J}", "{\"kind\": \"peer\", \"\\u001b[2J\": 1.5}",
		"{\"kind\": \"peer\", \"\302\2332J\": 1.5}", "kind,\033[2J,\033[2J\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct seen s = {0};
		struct row_fault fault = {""};
		IGNORE_RESULT(read_file(files[i], strlen(files[i]), ROW_KINDS, &s, &fault));
		const char *text = fault.text[0] != '\0' ? fault.text : s.fault;
		assert_true(text[0] != '\0');
		for (const char *c = text; *c != '\0'; c++)
			assert_in_range((uint8_t)*c, 0x20, 0x7e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_taken), cmocka_unit_test(bad_rows), cmocka_unit_test(bad_files),
		cmocka_unit_test(long_lines), cmocka_unit_test(there_and_back), cmocka_unit_test(faults_are_plain_text)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
