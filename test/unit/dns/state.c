// SPDX-License-Identifier: Apache-2.0
// State files of trust anchors: what is read, and each file that is not believed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dns/state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "; autotrust trust anchor file\n;;id: b.example. 1\n;;query_failed: 0\n"
#define KEY "aTYOVoHGmWKeOMDDSJYBamzbCtLM0DvxR8g+MwmwZQC70VlPJQNK5cABCxNDUbmxPKqecJO1Lk0XlWbFrInP7g=="
#define LINE(flags, state) "b.example.\t300\tIN\tDNSKEY\t" flags " 3 13 " KEY " ;{id = 39405 (ksk), size = 256b} ;;state=" state " [ X ] ;;count=0\n"
#define DS "b.example. IN DS 4711 13 2 b8ce7efc53b88ff4a1bdf2e75628ee6a5aa9f576d02e5d10056598d5e38ccd6a\n"

static char path[] = "/tmp/sallyport-state-XXXXXX";
static int folder;
static struct dns_state s; // large

static void put(const char *text)
{
	assert_true(is_ok(dns_state_write(folder, "b", bytes_of_string(text))));
}

static void read_back(void)
{
	dns_state_read(&s, folder, "b", "b.example");
}

static void kept_and_seeded(void **state)
{
	char text[DNS_STATE_TEXT_MAX];

	(void)state;
	put(HEAD LINE("257", "2") LINE("385", "4") LINE("257", "1"));
	read_back();
	assert_null(s.fault);
	assert_true(s.kept);
	assert_int_equal(s.count, 3);
	assert_int_equal(s.trusted, 1);
	assert_string_equal(dns_state_text(&s, text), "39405 VALID, 39533 REVOKED, 39405 ADDPEND");
	put(DS);
	read_back();
	assert_null(s.fault);
	assert_false(s.kept);
	assert_int_equal(s.trusted, 1);
	put("; autotrust trust anchor file\n;;REVOKED\n" LINE("385", "4"));
	read_back();
	assert_null(s.fault);
	assert_true(s.all_revoked);
	assert_int_equal(s.trusted, 0);
	dns_state_read(&s, folder, "none", "b.example");
	assert_true(s.absent);
	assert_null(s.fault);
}

// The attack: whoever can put a key into a file would be believed by the library (LUF-I2).
static void files_that_are_not_believed(void **state)
{
	static const char *const bad[] = {"\n", "b.example. IN DS 4711 13 2 b8", HEAD "b.example. IN DNSKEY 257 3 13\n", HEAD LINE("257", "9"), HEAD LINE("257", "1"),
		HEAD DS, HEAD, LINE("257", "2"), "c.example. IN DS 4711 13 2 b8ce7efc53b88ff4a1bdf2e75628ee6a5aa9f576d02e5d10056598d5e38ccd6a\n", "nonsense\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put(bad[i]);
		read_back();
		if (s.fault == NULL)
			fail_msg("believed: %s", bad[i]);
	}
	put(DS);
	assert_int_equal(fchmodat(folder, "b", 0602, 0), 0);
	read_back();
	assert_string_equal(s.fault, "others may write it");
	put(DS);
	assert_int_equal(linkat(folder, "b", folder, "second", 0), 0);
	read_back();
	assert_string_equal(s.fault, "has a second name");
	assert_int_equal(unlinkat(folder, "b", 0), 0);
	assert_int_equal(symlinkat("second", folder, "b"), 0);
	read_back();
	assert_string_equal(s.fault, "a symbolic link");
	assert_int_equal(unlinkat(folder, "b", 0), 0);
	assert_int_equal(mkfifoat(folder, "b", 0600), 0);
	read_back();
	assert_string_equal(s.fault, "no regular file");
	put(DS);
	if (geteuid() == 0 && fchownat(folder, "b", 12345, 12345, 0) == 0) {
		read_back();
		assert_string_equal(s.fault, "belongs to another user");
	}
	assert_int_equal(unlinkat(folder, "second", 0), 0);
}

static void bounds(void **state)
{
	static char text[DNS_STATE_MAX + 2];

	(void)state;
	for (int i = 0; i <= DNS_STATE_KEYS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", DS);
	put(text);
	read_back();
	assert_string_equal(s.fault, "has too many keys");
	memset(text, '\n', sizeof(text) - 1);
	put(text);
	read_back();
	assert_string_equal(s.fault, "too long");
}

// The print is of what a record says.
static void prints(void **state)
{
	struct dns_record a, b;

	(void)state;
	assert_true(is_ok(dns_record_read(&a, DS)));
	assert_true(is_ok(dns_record_read(&b, "B.EXAMPLE. 60 DS 4711 13 2 B8CE7EFC53B88FF4A1BDF2E75628EE6A5AA9F576D02E5D10056598D5E38CCD6A ; words")));
	assert_true(a.print == b.print && a.print != 0);
	assert_string_equal(b.owner, "b.example");
	assert_true(is_ok(dns_record_read(&b, "b.example. DS 4712 13 2 B8CE7EFC53B88FF4A1BDF2E75628EE6A5AA9F576D02E5D10056598D5E38CCD6A")));
	assert_true(a.print != b.print);
	assert_true(is_ok(dns_record_read(&b, "b.example. DNSKEY 256 3 13 " KEY)));
	assert_true(b.key && !b.secure_entry);
	assert_int_equal(dns_record_read(&b, "b.example. A 192.0.2.1").error, E_SYNTAX);
	assert_int_equal(dns_record_read(&b, "").error, E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_and_seeded),
		cmocka_unit_test(files_that_are_not_believed),
		cmocka_unit_test(bounds),
		cmocka_unit_test(prints),
	};

	if (mkdtemp(path) == NULL || (folder = open(path, O_RDONLY | O_DIRECTORY)) < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlinkat(folder, "b", 0);
	close(folder);
	rmdir(path);
	return failed;
}
