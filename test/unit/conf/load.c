// SPDX-License-Identifier: Apache-2.0
// Whole files: the example, all errors at once, memory that runs out.
#include "support.h"

#include "base/memory.h"

#include <stdlib.h>

static char *file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static void example_loads_h(void **state)
{
	char *text = file_text(SOURCE_ROOT "/doc/example.yaml");
	struct conf_result r = test_load(text);
	const struct peer *b, *core;

	(void)state;
	for (uint32_t i = 0; i < r.message_count; i++) {
		char out[600];
		print_message("%s\n", conf_message_text(&r, i, out, sizeof(out)));
	}
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.out_of_service, 0);
	assert_int_equal(conf_check_status(&r), 0);
	assert_true(is_ok(snapshot_check(r.snapshot, r.size)));
	assert_int_equal(r.snapshot->generation, 1);
	assert_string_equal(r.snapshot->settings.domain, "ssp-a.example");
	assert_int_equal(r.snapshot->peer_count, 2);
	b = test_peer(&r, "ssp-b");
	core = test_peer(&r, "softswitch");
	assert_int_equal(b->in_service, 1);
	assert_int_equal(b->srtp, SRTP_REQUIRED);
	assert_int_equal(b->target_count, 1);
	assert_int_equal(b->reroute_count, 3);
	assert_int_equal(b->reroute_on_timeout, 1);
	assert_true(snapshot_blob(r.snapshot, b->trust).len > 100);
	assert_int_equal(core->srtp, SRTP_OFF);
	assert_int_equal(core->reach_transport, TRANSPORT_TCP);
	assert_int_equal(core->target_count, 2);
	assert_int_equal(core->trusted_identity, 1);
	assert_string_equal(r.private.key_path, "tls/sbe.key");
	assert_int_equal(r.private.name_count, 1);
	conf_result_free(&r);
	free(text);
}

// Each allocation of a load fails once: an error, never a crash, never a leak.
static void nth_allocation_fails_h(void **state)
{
	char *text = file_text(SOURCE_ROOT "/doc/example.yaml");
	uint64_t before = memory_alloc_count(), total;
	struct conf_result r = test_load(text);

	(void)state;
	conf_result_free(&r);
	total = memory_alloc_count() - before;
	assert_true(total > 5);
	for (uint64_t n = 1; n <= total; n++) {
		result got;
		memory_fail_nth(n);
		got = conf_load("x", bytes_of_string(text), &test_hooks, TEST_WALL_MS, NULL, &r);
		memory_fail_nth(0);
		assert_int_equal(got.error, E_NO_MEMORY);
		assert_null(r.snapshot);
		conf_result_free(&r);
	}
	free(text);
}

static void reference_is_current_h(void **state)
{
	static const struct {
		const char *path;
		enum conf_manual form;
	} manuals[] = {{SOURCE_ROOT "/doc/options/options.md", CONF_MANUAL_MARKDOWN},
		{SOURCE_ROOT "/doc/options/sallyport.yaml.5.scd", CONF_MANUAL_SCDOC}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(manuals); i++) {
		char *now = NULL, *kept = file_text(manuals[i].path);
		size_t len = 0;
		FILE *f = open_memstream(&now, &len);
		conf_options_print(f, manuals[i].form);
		fclose(f);
		assert_string_equal(kept, now);
		free(kept);
		free(now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_loads_h),
		cmocka_unit_test(nth_allocation_fails_h),
		cmocka_unit_test(reference_is_current_h),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
