// SPDX-License-Identifier: Apache-2.0
// What SQLite says, as errors by name with a sentence that tells how to mend.
#ifndef REGISTRY_STORE_SQLITE_FAULT_H
#define REGISTRY_STORE_SQLITE_FAULT_H

#include "registry/store/backend.h"

struct sqlite3;

// The error for result code RC of DB (may be NULL), opened from PATH; RC may be extended. Never OK.
result sqlite_fault(struct sqlite3 *db, const char *path, int rc, struct store_error *why);

#endif
