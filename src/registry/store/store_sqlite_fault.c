// SPDX-License-Identifier: Apache-2.0
// Faults of SQLite by name. In all of them the transaction is rolled back and what was committed stands.
#include "registry/store/store_sqlite_fault.h"

#include <errno.h>
#include <sqlite3.h>

struct fault {
	int code; // primary or extended
	enum error error;
	const char *text;
};

static const struct fault faults[] = {
	{SQLITE_READONLY_DBMOVED, E_NOT_FOUND, "was moved or removed while open; put it back and start again"},
	{SQLITE_BUSY, E_TIMEOUT, "is locked by another change; wait for it to end, or end it, and try again"},
	{SQLITE_LOCKED, E_TIMEOUT, "is locked by another change; wait for it to end, or end it, and try again"},
	{SQLITE_FULL, E_FULL, "does not fit on its disk; make room and try again"},
	{SQLITE_READONLY, E_SYSTEM, "may only be read; give this user the right to write the file and its folder"},
	{SQLITE_CANTOPEN, E_NOT_FOUND, "cannot be opened; check path, folder and rights"},
	{SQLITE_NOTADB, E_CONFIG, "is no registry but another kind of file; check the path"},
	{SQLITE_CORRUPT, E_SYSTEM, "is damaged; restore it from a copy, or let `sqlite3 FILE .recover` save what is left"},
	{SQLITE_NOMEM, E_NO_MEMORY, "needs more memory than there is; free some and try again"},
	{SQLITE_PERM, E_SYSTEM, "may not be used by this user; correct its rights"},
	{SQLITE_INTERRUPT, E_TIMEOUT, "was interrupted; try again"},
};

result sqlite_fault(struct sqlite3 *db, const char *path, int rc, struct store_error *why)
{
	int os = db == NULL ? 0 : sqlite3_system_errno(db);

	if ((rc & 0xff) == SQLITE_IOERR && (os == ENOSPC || os == EDQUOT))
		rc = SQLITE_FULL;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		if (faults[i].code == rc || faults[i].code == (rc & 0xff)) {
			store_error_set(why, "registry %s %s", path, faults[i].text);
			return FAIL(faults[i].error);
		}
	}
	store_error_set(why, "registry %s: SQLite says \"%s\" (%d); check disk and file, restore from a copy if need be", path,
		db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db), rc);
	return FAIL(E_SYSTEM);
}
