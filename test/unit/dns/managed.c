// SPDX-License-Identifier: Apache-2.0
// Which zones are followed, from what they begin, and what serves when they cannot be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/memory.h"
#include "dns/managed.h"

#include <sys/stat.h>
#include <unistd.h>

#define DIGEST " 13 2 b8ce7efc53b88ff4a1bdf2e75628ee6a5aa9f576d02e5d10056598d5e38ccd6a\n"
#define B "b.example. IN DS 1" DIGEST
#define C "C.example. IN DS 2" DIGEST

static char base[] = "/tmp/sallyport-managed-XXXXXX", folder[64], log_text[8192];
static const struct dns_settings all = {.policy_count = 0};

static void keep_log(const char *line, size_t len, void *ctx)
{
	(void)ctx;
	snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "%.*s", (int)len, line);
}

static struct dns_managed *prepared(const struct dns_settings *s, const char *anchors)
{
	struct dns_managed *m;

	log_text[0] = '\0';
	assert_true(is_ok(dns_managed_new(&m, folder, 0, bytes_of_string(anchors))));
	dns_managed_prepare(m, s);
	return m;
}

static int fresh(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 && mkdir(folder, 0700) == 0 ? 0 : 1;
}

static void zones_and_their_files(void **state)
{
	char path[DNS_MANAGED_PATH_MAX], before[DNS_MANAGED_PATH_MAX];
	struct dns_settings off = {.policy_count = 1, .policy = {{DNSSEC_OFF, "c.example"}}};
	struct dns_managed *m = prepared(&all, "; words\n" B C "\n. IN DS 3" DIGEST);

	(void)state;
	assert_int_equal(m->count, 3);
	assert_int_equal(dns_managed_how_of(m, "b.example"), DNS_FOLLOWED);
	assert_int_equal(dns_managed_how_of(m, "c.example"), DNS_FOLLOWED);
	assert_int_equal(dns_managed_how_of(m, ""), DNS_FOLLOWED);
	assert_int_equal(dns_managed_how_of(m, "d.example"), DNS_CONFIGURED);
	assert_int_equal(dns_managed_how_of(NULL, ""), DNS_CONFIGURED);
	assert_int_equal(access(dns_managed_path(m, 0, before), F_OK), 0);
	assert_non_null(strstr(dns_managed_path(m, 2, path), "/@."));
	dns_managed_look(m);
	assert_non_null(strstr(log_text, "1 VALID"));
	log_text[0] = '\0';
	dns_managed_look(m);
	assert_string_equal(log_text, ""); // nothing has changed
	dns_managed_free(m);
	m = prepared(&off, "b.example. IN DS 9" DIGEST C); // other records: another file; and a zone that is off
	assert_int_equal(m->count, 1);
	assert_string_not_equal(dns_managed_path(m, 0, path), before);
	dns_managed_clean(m);
	assert_int_equal(access(before, F_OK), -1);
	assert_int_equal(access(path, F_OK), 0);
	dns_managed_free(m);
}

static void what_cannot_be_followed(void **state)
{
	char path[DNS_MANAGED_PATH_MAX], why[DNS_MANAGED_WHY_MAX];
	struct dns_managed *m = prepared(&all, "b.example. IN DNSKEY 256 3 13 aTYOVoHGmWKeOMDDSJYBamzbCtLM0DvxR8g+MwmwZQC70VlPJQNK5cABCxNDUbmxPKqecJO1Lk0XlWbFrInP7g==\n" C);

	(void)state;
	assert_int_equal(dns_managed_how_of(m, "b.example"), DNS_CONFIGURED);
	assert_non_null(strstr(log_text, "dns.anchor-not-followed"));
	dns_managed_path(m, 1, path);
	dns_managed_free(m);
	assert_int_equal(chmod(path, 0622), 0);
	m = prepared(&all, C);
	assert_int_equal(dns_managed_how_of(m, "c.example"), DNS_CONFIGURED);
	assert_non_null(strstr(log_text, "dns.anchor-state-refused"));
	dns_managed_free(m);
	assert_int_equal(chmod(path, 0600), 0);
	m = prepared(&all, C);
	assert_int_equal(dns_managed_how_of(m, "c.example"), DNS_FOLLOWED);
	dns_managed_give_up(m);
	assert_int_equal(dns_managed_how_of(m, "c.example"), DNS_CONFIGURED);
	dns_managed_free(m);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_false(dns_managed_folder_ok(folder, geteuid(), "x", why));
	assert_non_null(strstr(why, "chmod it to 0700"));
	m = prepared(&all, C);
	assert_int_equal(dns_managed_how_of(m, "c.example"), DNS_CONFIGURED);
	assert_non_null(strstr(log_text, "dns.anchor-folder-refused"));
	dns_managed_free(m);
	assert_false(dns_managed_folder_ok(folder, geteuid() + 1, "x", why));
	assert_non_null(strstr(why, "chown"));
	assert_false(dns_managed_folder_ok("/no/such/folder", geteuid(), "x", why));
	assert_true(dns_managed_folder_ok("/tmp/no-such-folder", geteuid(), "x", why));
}

// With no room left, keys that were learnt serve on.
static void no_room(void **state)
{
	char path[DNS_MANAGED_PATH_MAX], blocked[128];
	struct dns_managed *m = prepared(&all, C);

	(void)state;
	dns_managed_path(m, 0, path);
	dns_managed_free(m);
	snprintf(blocked, sizeof(blocked), "%s/try.key.new", folder);
	assert_int_equal(mkdir(blocked, 0700), 0); // what stands there cannot be replaced by a file
	m = prepared(&all, B C);
	assert_true(m->unwritable);
	assert_int_equal(dns_managed_how_of(m, "c.example"), DNS_LEARNT);
	assert_int_equal(dns_managed_how_of(m, "b.example"), DNS_CONFIGURED);
	assert_non_null(strstr(log_text, "dns.anchor-state-unwritable"));
	dns_managed_free(m);
}

static void bounds(void **state)
{
	static char text[DNS_MANAGED_ZONES_MAX * 160 + 160];
	char longest[300];
	struct dns_managed *m;

	(void)state;
	for (int i = 0; i <= DNS_MANAGED_ZONES_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "z%d.example. IN DS 1" DIGEST, i);
	m = prepared(&all, text);
	assert_int_equal(m->count, DNS_MANAGED_ZONES_MAX);
	assert_non_null(strstr(log_text, "more zones than are followed"));
	dns_managed_free(m);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(dns_managed_new(&m, longest, 0, bytes_of_string("")).error, E_TOO_LONG);
	for (int i = 1; i <= 2; i++) {
		memory_fail_nth((uint64_t)i);
		assert_int_equal(dns_managed_new(&m, folder, 0, bytes_of_string("")).error, E_NO_MEMORY);
		memory_fail_nth(0);
		assert_null(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(zones_and_their_files, fresh),
		cmocka_unit_test_setup(what_cannot_be_followed, fresh),
		cmocka_unit_test_setup(no_room, fresh),
		cmocka_unit_test_setup(bounds, fresh),
	};

	if (mkdtemp(base) == NULL)
		return 1;
	snprintf(folder, sizeof(folder), "%s/a", base);
	log_set_sink(keep_log, NULL);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	fresh(NULL);
	rmdir(folder);
	rmdir(base);
	return failed;
}
