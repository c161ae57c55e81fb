// SPDX-License-Identifier: Apache-2.0
// The YAML layer: what is refused before any option is looked at, and where it stands.
#include "support.h"

#include "conf/tree.h"

#include <stdlib.h>

static void refused(const char *yaml, uint32_t line, uint32_t column, const char *what)
{
	test_one_error(test_load(yaml), line, column, what);
}

static void aliases_anchors_tags_h(void **state)
{
	(void)state;
	refused("domain: &a x.example\n", 1, 9, "anchors");
	refused("domain: x.example\nlisten: *a\n", 2, 9, "aliases");
	refused("domain: x.example\nlisten: &l [a]\n", 2, 9, "anchors");
	refused("domain: x.example\ntls: &l {a: b}\n", 2, 6, "anchors");
	refused("domain: !!str x.example\n", 1, 9, "tags");
	refused("--- \ndomain: x.example\n---\ndomain: y.example\n", 3, 1, "second document");
}

static void doubled_keys_h(void **state)
{
	char yaml[4096];

	(void)state;
	snprintf(yaml, sizeof(yaml), "%s", test_base("workers: 1\nworkers: 2\n"));
	refused(yaml, 7, 1, "\"workers\" stands twice");
	snprintf(yaml, sizeof(yaml), "%s", test_base("silence: {one_way: 20, both_ways: 30, one_way: 40}\n"));
	refused(yaml, 6, 39, "\"one_way\" stands twice");
}

static void shape_h(void **state)
{
	(void)state;
	refused("", 1, 1, "no mapping");
	refused("just words\n", 1, 1, "no mapping");
	refused("[a, b]\n", 1, 1, "no mapping");
	refused("domain: x\n? [a]\n: b\n", 2, 3, "a key must be a word");
	refused("domain: [a\n", 2, 1, "not YAML");
	refused("domain: x\n\tlisten: y\n", 2, 1, "not YAML");
	refused("domain: \"a\\nb\"\n", 1, 9, "control characters");
	refused("domain: \"a\\0b\"\n", 1, 9, "control characters");
	refused("domain: x\nlisten: \xff\xfe\n", 2, 9, "not YAML");
}

static char *repeat(const char *head, const char *unit, size_t n)
{
	size_t len = strlen(unit), at = strlen(head);
	char *text = malloc(at + len * n + 2);

	assert_non_null(text);
	memcpy(text, head, at);
	for (size_t i = 0; i < n; i++, at += len)
		memcpy(text + at, unit, len);
	text[at] = '\n';
	text[at + 1] = '\0';
	return text;
}

static void depth_h(void **state)
{
	char *deep = repeat("domain: ", "[", 20000), *flow = repeat("domain: ", "{a: ", 20000);
	char *scalar = repeat("domain: ", "a", TREE_SCALAR_MAX + 1);

	(void)state;
	refused(deep, 1, 16, "nested too deep");
	refused(flow, 1, 9 + 4 * 7, "nested too deep");
	refused(scalar, 1, 9, "value is too long");
	free(deep);
	free(flow);
	free(scalar);
}

static void depth_bound_itself_h(void **state)
{
	struct conf_messages m = {0};
	struct conf_tree t;

	(void)state;
	assert_true(is_ok(conf_tree_parse(&t, BYTES("a: [[[[[[[x]]]]]]]"), &m)));
	conf_tree_free(&t);
	assert_int_equal(conf_tree_parse(&t, BYTES("a: [[[[[[[[x]]]]]]]]"), &m).error, E_CONFIG);
	conf_tree_free(&t);
	assert_int_equal(m.tally[CONF_ERROR], 1);
	free(m.list);
}

static void huge_h(void **state)
{
	size_t size = CONF_FILE_MAX + 1;
	char *text = malloc(size);
	struct conf_result r;

	(void)state;
	assert_non_null(text);
	memset(text, '#', size);
	memcpy(text, "domain: x\n", 10);
	assert_int_equal(
		conf_load("f", bytes_make(text, size), &test_hooks, TEST_WALL_MS, NULL, &r).error, E_CONFIG);
	test_one_error(r, 0, 0, "larger than 4 MiB");
	assert_int_equal(
		conf_load("f", bytes_make(text, size - 1), &test_hooks, TEST_WALL_MS, NULL, &r).error,
		E_CONFIG);
	assert_null(test_message(&r, "larger than 4 MiB"));
	conf_result_free(&r);
	free(text);
}

static void many_h(void **state)
{
	char *nodes = repeat("a: [", "1,", TREE_NODES_MAX + 1);
	char keys[2048] = "";
	size_t used = 0;

	(void)state;
	refused(nodes, 1, 5 + 2 * (TREE_NODES_MAX - 3), "too many values");
	free(nodes);
	for (int i = 0; i <= TREE_KEYS_MAX; i++)
		used += (size_t)snprintf(keys + used, sizeof(keys) - used, "k%d: 1\n", i);
	refused(keys, TREE_KEYS_MAX + 1, 6, "too many keys");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aliases_anchors_tags_h),
		cmocka_unit_test(doubled_keys_h),
		cmocka_unit_test(shape_h),
		cmocka_unit_test(depth_h),
		cmocka_unit_test(depth_bound_itself_h),
		cmocka_unit_test(huge_h),
		cmocka_unit_test(many_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
