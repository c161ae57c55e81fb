// SPDX-License-Identifier: Apache-2.0
// The suites of the store on SQLite.
#include "rig.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static void folder_empty(void)
{
	static const char *const names[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/registry%s", folder, names[i]);
		unlink(path);
	}
}

void rig_fresh(char uri[512])
{
	folder_empty();
	snprintf(uri, 512, "sqlite:%s/registry", folder);
}

void rig_tamper(const char *uri, const char *statement)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(uri + strlen("sqlite:"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}


int main(void)
{
	int failed = 0;

	snprintf(folder, sizeof(folder), "/tmp/sallyport-store-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	failed += suite_change() + suite_rules() + suite_journal() + suite_text() + suite_hard() + suite_sqlite_faults();
	folder_empty();
	rmdir(folder);
	return failed == 0 ? 0 : 1;
}
