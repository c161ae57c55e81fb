// SPDX-License-Identifier: Apache-2.0
// The tables of the registry in PostgreSQL, as an ordered table of steps from one version of the schema to the next.
#ifndef REGISTRY_STORE_POSTGRESQL_SCHEMA_H
#define REGISTRY_STORE_POSTGRESQL_SCHEMA_H

#include "registry/store/store.h"

extern const char *const postgresql_schema_step[STORE_SCHEMA]; // step I leads from version I to I + 1

#endif
