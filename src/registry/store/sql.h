// SPDX-License-Identifier: Apache-2.0
// Statements for a kind of row from one template, so that a check is written once for all kinds and both databases.
#ifndef REGISTRY_STORE_SQL_H
#define REGISTRY_STORE_SQL_H

#include "registry/store/backend.h"

struct sql {
	char text[SQL_MAX];
	size_t len;
	bool overflow;
};

// Fill OUT from TEMPLATE for KIND. ARG stands for @1 (static, a name of a column, table or type). E_IMPOSSIBLE when it does
// not fit. With a, b aliases of one letter ("-": none):
//   @T table   @S staging table   @i number of the kind
//   @k(a) key columns   @c(a) all columns   @x(a) key as one text   @y(a) the others as one text
//   @e(ab) keys are equal   @d(ab) another column differs   @u columns = excluded.columns   @t columns with types
MUST_USE result sql_make(struct sql *out, enum row_kind kind, const char *template, const char *arg);

#endif
