// SPDX-License-Identifier: Apache-2.0
// Folders made by root where a process without rights may write: a link put in the way is not handed over (BE-2).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guard/folder.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[64];
enum { OTHER = 12345 }; // who gets it

static const char *in(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static uid_t owner(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(in(name), &st), 0);
	return st.st_uid;
}

static void make(void **state)
{
	struct stat st;

	(void)state;
	assert_true(is_ok(folder_make(in("new"))));
	assert_int_equal(lstat(in("new"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(folder_make(in("new")).error, E_DUPLICATE);
	assert_int_equal(folder_make(in("new/")).error, E_DUPLICATE);
	assert_true(is_ok(folder_make(in("slash/"))));
	assert_int_equal(folder_make(in("no/such")).error, E_SYSTEM);
	assert_int_equal(symlink("elsewhere", in("dangling")), 0);
	assert_int_equal(folder_make(in("dangling")).error, E_DUPLICATE);
	assert_int_equal(folder_make(in("dangling/")).error, E_DUPLICATE); // nothing appears where the link leads
	assert_int_equal(access(in("elsewhere"), F_OK), -1);
	assert_int_equal(folder_make("/").error, E_POLICY);
	assert_int_equal(folder_make("").error, E_TOO_LONG);
	assert_int_equal(folder_make(in("new/..")).error, E_POLICY);
	assert_true(is_ok(folder_make_for(in("for"), "no-such-user")));
	assert_int_equal(owner("for"), geteuid() == 0 ? 65534 : geteuid());
	assert_int_equal(folder_make_for(in("for"), NULL).error, E_DUPLICATE);
}

static void give(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(is_ok(folder_make(in("gift"))));
	assert_true(is_ok(folder_give(in("gift"), OTHER, OTHER)));
	assert_int_equal(owner("gift"), OTHER);
	assert_int_equal(folder_give(in("gift"), 0, 0).error, E_POLICY); // not ours any more
	assert_int_equal(owner("gift"), OTHER);
	assert_int_equal(folder_give(in("nothing"), OTHER, OTHER).error, E_POLICY);
}

// The attack: between the making and the giving the folder becomes a link to one that only root has.
static void link_in_the_way(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(is_ok(folder_make(in("precious"))));
	char precious[256];
	snprintf(precious, sizeof(precious), "%s", in("precious"));
	assert_int_equal(symlink(precious, in("trap")), 0);
	assert_int_equal(folder_give(in("trap"), OTHER, OTHER).error, E_POLICY);
	assert_int_equal(folder_give(in("trap/"), OTHER, OTHER).error, E_POLICY);
	assert_int_equal(owner("precious"), 0);
	assert_int_equal(chown(in("trap"), OTHER, OTHER), 0); // without the gate it works
	assert_int_equal(owner("precious"), OTHER);
}

static int begin(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/sf-folder-XXXXXX");
	return mkdtemp(base) != NULL ? 0 : -1;
}

static int end(void **state)
{
	static const char *const made[] = {"for", "new", "slash", "dangling", "gift", "trap", "precious"};

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		if (rmdir(in(made[i])) != 0)
			unlink(in(made[i]));
	return rmdir(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(make), cmocka_unit_test(give), cmocka_unit_test(link_in_the_way)};

	return cmocka_run_group_tests(tests, begin, end);
}
