// SPDX-License-Identifier: Apache-2.0
// The walk over the rows: bounds of every number, words of every choice, unknown and missing keys, and that
// one load shows every error at its place.
#include "support.h"

#include "conf/option.h"

#include <stdlib.h>

// A file in which the option at PATH ("limits.calls", peers under "peers.") has the text VALUE.
static const char *with_value(const char *path, const char *value)
{
	static char text[4096];
	const char *rest = strncmp(path, "peers.", 6) == 0 ? path + 6 : path;
	const char *dot = strchr(rest, '.');
	char line[1024];

	if (dot == NULL)
		snprintf(line, sizeof(line), "%s: %s\n", rest, value);
	else if (strchr(dot + 1, '.') != NULL) // a section within a section
		snprintf(line, sizeof(line), "%.*s: {%.*s: {%s: %s}}\n", (int)(dot - rest), rest, (int)strcspn(dot + 1, "."), dot + 1,
			strchr(dot + 1, '.') + 1, value);
	else
		snprintf(line, sizeof(line), "%.*s: {%s: %s}\n", (int)(dot - rest), rest, dot + 1, value);
	if (rest == path)
		return test_base(line);
	snprintf(text, sizeof(text), "    %s", line);
	return test_with_peer(text);
}

static void expect(const char *path, const char *key, const char *value, bool good)
{
	struct conf_result r = test_load(with_value(path, value));
	char about[64];
	bool said = false;

	snprintf(about, sizeof(about), "%s: \"", key);
	for (uint32_t i = 0; i < r.message_count; i++)
		said |= strncmp(r.message[i].text, about, strlen(about)) == 0;
	if (said == good)
		print_message("%s: %s\n", path, value);
	assert_int_equal(said, !good);
	conf_result_free(&r);
}

static void expect_number(const char *path, const struct conf_option *o, int64_t value, bool good)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	expect(path, o->key, text, good);
}

static uint32_t numbers_seen, choices_seen, bools_seen;

static void check_option(const struct conf_option *o, const char *path)
{
	if (o->type == CONF_NUMBER) {
		numbers_seen++;
		expect_number(path, o, o->min, true);
		expect_number(path, o, o->max, true);
		expect_number(path, o, (int64_t)o->max + 1, false);
		expect_number(path, o, (int64_t)o->min - 1, false);
		expect(path, o->key, "4294967297", false);
		expect(path, o->key, "1e3", false);
		expect(path, o->key, "\"\"", false);
	}
	if (o->type == CONF_CHOICE) {
		choices_seen++;
		for (uint32_t i = 0; o->choices[i] != NULL; i++)
			expect(path, o->key, o->choices[i], true);
		expect(path, o->key, "sometimes", false);
	}
	if (o->type == CONF_BOOL) {
		bools_seen++;
		expect(path, o->key, "on", true);
		expect(path, o->key, "no", true);
		expect(path, o->key, "maybe", false);
	}
}

static void check_section(const struct conf_section *s, const char *path)
{
	for (uint32_t i = 0; i < s->count; i++) {
		const struct conf_option *o = &s->option[i];
		char below[128];
		snprintf(below, sizeof(below), "%s%s%s", path, path[0] != '\0' ? "." : "", o->key);
		if (o->type == CONF_MAP || strcmp(below, "peers") == 0)
			check_section(o->section, below);
		else
			check_option(o, below);
	}
}

static void bounds_h(void **state)
{
	(void)state;
	check_section(&conf_root_section, "");
	print_message("%u numbers, %u choices, %u yes/no\n", numbers_seen, choices_seen, bools_seen);
	assert_true(numbers_seen >= 19 && choices_seen >= 7 && bools_seen >= 4);
}

// Each row can be printed and used: no hole in the tables.
static void check_rows(const struct conf_section *s, uint32_t depth)
{
	assert_true(depth < 5);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct conf_option *o = &s->option[i];
		assert_non_null(o->key);
		assert_non_null(o->form);
		assert_non_null(o->manual);
		assert_int_equal(o->type == CONF_VALUE || o->type == CONF_LIST, o->set != NULL);
		assert_int_equal(o->type == CONF_MAP || o->type == CONF_MAPS, o->section != NULL);
		assert_int_equal(o->type == CONF_MAPS, o->item != NULL);
		assert_int_equal(o->type == CONF_CHOICE, o->choices != NULL);
		if (o->type == CONF_NUMBER)
			assert_true(o->size == 2 || o->size == 4);
		if (o->section != NULL)
			check_rows(o->section, depth + 1);
	}
}

static void rows_h(void **state)
{
	(void)state;
	check_rows(&conf_root_section, 0);
}

static void unknown_keys_h(void **state)
{
	char yaml[4096];

	(void)state;
	test_one_error(test_load(test_base("wrokers: 1\n")), 6, 1, "did you mean \"workers\"?");
	test_one_error(test_load(test_base("silence: {oneway: 20}\n")), 6, 11, "did you mean \"one_way\"?");
	test_one_error(test_load(test_base("colour: red\n")), 6, 1, "known here: domain, zones, listen");
	snprintf(yaml, sizeof(yaml), "%s", test_base("admin: {x: 1}\n"));
	test_one_error(test_load(yaml), 6, 9, "unknown key \"x\"; known here: socket");
}

static void missing_h(void **state)
{
	struct conf_result r = test_load("workers: 1\n");

	(void)state;
	assert_int_equal(r.errors, 2);
	assert_int_equal(test_message(&r, "domain is missing; add \"domain: ")->line, 1);
	assert_non_null(test_message(&r, "listen is missing"));
	conf_result_free(&r);
	test_one_error(
		test_load("domain: a.example\nlisten:\n  - {name: c, sip: [\"udp:127.0.0.1:5060\"]}\n"), 3, 5,
		"zone is missing");
}

static void shapes_h(void **state)
{
	(void)state;
	test_one_error(test_load(test_base("workers: [1]\n")), 6, 10, "a single value is expected");
	test_one_error(test_load(test_base("silence: 5\n")), 6, 10, "a mapping is expected");
	test_one_error(test_load(test_base("peers: {name: x}\n")), 6, 8, "a list is expected");
	test_one_error(test_load(test_base("zones: [a]\n")), 6, 9, "a mapping is expected");
	test_one_error(test_load(test_base("domain2: x\n")), 6, 1, "did you mean \"domain\"");
}

// Seven mistakes, seven messages, in order of place.
static void all_at_once_h(void **state)
{
	static const struct {
		uint32_t line, column;
		const char *what;
	} want[] = {
		{1, 9, "domain: \"-bad\" does not fit"},
		{3, 21, "zone: \"a b\""},
		{3, 32, "sip: \"sctp:127.0.0.1:1\""},
		{4, 10, "workers: \"900\""},
		{5, 1, "did you mean \"limits\""},
		{6, 1, "\"workers\" stands twice"},
		{7, 13, "quarantine: \"0\""},
	};
	struct conf_result r = test_load("domain: -bad\n"
					 "listen:\n"
					 "  - {name: a, zone: a b, sip: [\"sctp:127.0.0.1:1\"]}\n"
					 "workers: 900\n"
					 "limist: {calls: 1}\n"
					 "workers: 1\n"
					 "quarantine: 0\n");
	char text[600];

	(void)state;
	for (uint32_t i = 0; i < r.message_count; i++)
		print_message("%s\n", conf_message_text(&r, i, text, sizeof(text)));
	assert_int_equal(r.errors, ARRAY_LEN(want));
	assert_int_equal(r.message_count, ARRAY_LEN(want));
	for (uint32_t i = 0; i < r.message_count; i++) {
		assert_int_equal(r.message[i].line, want[i].line);
		assert_int_equal(r.message[i].column, want[i].column);
		assert_non_null(strstr(r.message[i].text, want[i].what));
	}
	conf_message_text(&r, 0, text, sizeof(text));
	assert_int_equal(strncmp(text, "test.yaml:1:9: error: ", 22), 0);
	conf_result_free(&r);
}

static void messages_are_bounded_h(void **state)
{
	char *yaml = malloc(200000);
	size_t used = (size_t)snprintf(yaml, 200000, "domain: x\npeers:\n");
	struct conf_result r;

	(void)state;
	for (int i = 0; i < CONF_MESSAGES_MAX; i++)
		used += (size_t)snprintf(yaml + used, 200000 - used, " - {nam: \"%d\"}\n", i);
	r = test_load(yaml);
	assert_int_equal(r.message_count, CONF_MESSAGES_MAX);
	assert_true(r.messages_lost > 0);
	assert_int_equal(r.messages_lost + r.message_count, r.errors + r.out_of_service + r.warnings);
	conf_result_free(&r);
	free(yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_h),
		cmocka_unit_test(rows_h),
		cmocka_unit_test(unknown_keys_h),
		cmocka_unit_test(missing_h),
		cmocka_unit_test(shapes_h),
		cmocka_unit_test(all_at_once_h),
		cmocka_unit_test(messages_are_bounded_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
