// SPDX-License-Identifier: Apache-2.0
// What can befall a server.
#ifndef TEST_REGISTRY_STORE_POSTGRESQL_FAULTS_H
#define TEST_REGISTRY_STORE_POSTGRESQL_FAULTS_H

#include "pg_server.h"

int suite_postgresql_faults(struct pg_server *s);

#endif
