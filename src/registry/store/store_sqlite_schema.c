// SPDX-License-Identifier: Apache-2.0
// Schema of SQLite. A step that was released is never edited; a change of tables is a new step, and STORE_SCHEMA one more.
// STRICT: a column holds what it says. WITHOUT ROWID: rows lie in the order of their keys, which is how they are read. The
// indices answer who still uses a peer or group; most ranges go to their owner, so that the index of targets is small. The
// journal is filled in order only, and found by the number of its entry.
#include "registry/store/store_sqlite_schema.h"

const char *const sqlite_schema_step[STORE_SCHEMA] = {
	"CREATE TABLE peer (name TEXT NOT NULL PRIMARY KEY, organization TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE \"group\" (name TEXT NOT NULL PRIMARY KEY, cost_ceiling INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE route (\"group\" TEXT NOT NULL, peer TEXT NOT NULL, hours TEXT NOT NULL, priority INTEGER NOT NULL, "
	"weight INTEGER NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (\"group\", peer, hours)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE range (prefix TEXT NOT NULL, exact INTEGER NOT NULL, owner TEXT NOT NULL, \"to\" TEXT NOT NULL, "
	"rn TEXT NOT NULL, PRIMARY KEY (prefix, exact)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX range_owner ON range (owner);"
	"CREATE INDEX range_to ON range (\"to\") WHERE \"to\" <> owner;"
	"CREATE TABLE domain (domain TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, \"to\" TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX domain_owner ON domain (owner);"
	"CREATE INDEX domain_to ON domain (\"to\") WHERE \"to\" <> owner;"
	"CREATE TABLE sed (peer TEXT NOT NULL, transport TEXT NOT NULL, address TEXT NOT NULL, priority INTEGER NOT NULL, "
	"weight INTEGER NOT NULL, PRIMARY KEY (peer, transport, address)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE journal (entry INTEGER PRIMARY KEY, change_set INTEGER NOT NULL, kind INTEGER NOT NULL, "
	"key_text TEXT NOT NULL, before_text TEXT, after_text TEXT) STRICT;"
	"CREATE TABLE change_set (number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, "
	"entries INTEGER NOT NULL, first_entry INTEGER NOT NULL, last_entry INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;",
};
