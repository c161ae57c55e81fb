// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL says, as errors by name with a sentence that tells how to mend.
#ifndef REGISTRY_STORE_POSTGRESQL_FAULT_H
#define REGISTRY_STORE_POSTGRESQL_FAULT_H

#include "registry/store/backend.h"

// The error for SQLSTATE (NULL: none came, the connection is at fault), with what the server SAID. Never OK.
result postgresql_fault(const char *sqlstate, const char *said, struct store_error *why);

#endif
