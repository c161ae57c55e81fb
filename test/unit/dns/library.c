// SPDX-License-Identifier: Apache-2.0
// What libunbound is told, and that it takes it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/memory.h"
#include "dns/library.h"

static const struct dns_settings settings = {.upstream_count = 2,
	.upstream = {{.family = 4, .port = 53, .ip = {192, 0, 2, 53}}, {.family = 6, .port = 5335, .ip = {[15] = 1}}},
	.policy_count = 3, .policy = {{DNSSEC_REQUIRED, "e164.arpa"}, {DNSSEC_OFF, "lab.example"}, {DNSSEC_OFF, ""}}};

static void text(void **state)
{
	char out[DNS_LIBRARY_TEXT_MAX];

	(void)state;
	assert_true(is_ok(dns_library_text(&settings, out, sizeof(out))));
	assert_non_null(strstr(out, "forward-addr: 192.0.2.53@53\n"));
	assert_non_null(strstr(out, "forward-addr: ::1@5335\n"));
	assert_non_null(strstr(out, "domain-insecure: \"lab.example.\"\n"));
	assert_non_null(strstr(out, "domain-insecure: \".\"\n"));
	assert_null(strstr(out, "e164.arpa"));
	assert_int_equal(dns_library_text(&settings, out, 100).error, E_TOO_LONG);
	struct dns_settings host = {.upstream_count = 0};
	assert_true(is_ok(dns_library_text(&host, out, sizeof(out))));
	assert_null(strstr(out, "forward-zone"));
}

// The longest settings that the configuration admits still fit.
static void longest(void **state)
{
	char out[DNS_LIBRARY_TEXT_MAX];
	struct dns_settings s = {.upstream_count = DNS_UPSTREAMS_MAX, .policy_count = DNS_POLICIES_MAX};

	(void)state;
	for (uint32_t i = 0; i < DNS_UPSTREAMS_MAX; i++)
		s.upstream[i] = (struct address){.family = 6, .port = 65535, .ip = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
	for (uint32_t i = 0; i < DNS_POLICIES_MAX; i++) {
		s.policy[i].dnssec = DNSSEC_OFF;
		memset(s.policy[i].suffix, 'a', DOMAIN_MAX - 1);
	}
	assert_true(is_ok(dns_library_text(&s, out, sizeof(out))));
}

static result make(const struct dns_settings *s, const char *anchors)
{
	struct ub_ctx *ctx;
	result r = dns_library_new(&ctx, s, bytes_of_string(anchors), NULL);

	if (is_ok(r))
		ub_ctx_delete(ctx);
	else
		assert_null(ctx);
	return r;
}

static void quiet(const char *line, size_t len, void *ctx)
{
	(void)line;
	(void)len;
	(void)ctx;
}

static void anchors(void **state)
{
	static const char *const good[] = {"", "\n\n", "; a comment\n",
		". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
		"  ; blank before\n.\t172800\tIN\tDS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\r\n\r\n",
		"b.example. IN DS 1 13 2 b8ce7efc53b88ff4a1bdf2e75628ee6a5aa9f576d02e5d10056598d5e38ccd6a"};
	static const char *const bad[] = {"b.example. IN DS 1 13 2 zz\n", "nonsense\n", ". IN DS\n"};
	static char line[6000];
	struct dns_settings s = settings;

	(void)state;
	s.policy_count = 2;
	log_set_sink(quiet, NULL);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(is_ok(make(&s, good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(is_ok(make(&s, bad[i])));
	memset(line, 'a', sizeof(line) - 1);
	assert_int_equal(make(&s, line).error, E_TOO_LONG);
	assert_true(is_ok(make(&settings, bad[0]))); // the root is off: no anchor is given
}

static void no_memory(void **state)
{
	(void)state;
	memory_fail_nth(1);
	assert_int_equal(make(&settings, "").error, E_NO_MEMORY);
	memory_fail_nth(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(longest),
		cmocka_unit_test(anchors),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
