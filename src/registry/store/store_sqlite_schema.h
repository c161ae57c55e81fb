// SPDX-License-Identifier: Apache-2.0
// The tables of the registry in SQLite, as an ordered table of steps from one version of the schema to the next.
#ifndef REGISTRY_STORE_SQLITE_SCHEMA_H
#define REGISTRY_STORE_SQLITE_SCHEMA_H

#include "registry/store/store.h"

enum { SQLITE_SCHEMA_ID = 0x53414c59 }; // application_id: "SALY"

extern const char *const sqlite_schema_step[STORE_SCHEMA]; // step I leads from version I to I + 1

#endif
