// SPDX-License-Identifier: Apache-2.0
// The suites of the store on PostgreSQL, and what only a server can do to us.
#include "rig.h"

#include "postgresql_faults.h"

#include <stdio.h>
#include <stdlib.h>

static struct pg_server server;
static uint32_t databases;

void rig_fresh(char uri[512])
{
	char name[32], statement[128];

	snprintf(name, sizeof(name), "t%u", ++databases);
	snprintf(statement, sizeof(statement), "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", name);
	assert_true(pg_server_run(&server, "postgres", statement));
	pg_server_uri(&server, name, uri);
}

void rig_tamper(const char *uri, const char *statement)
{
	assert_true(pg_server_run(&server, strrchr(uri, '/') + 1, statement));
}

int main(void)
{
	int failed = 0;

	if (!pg_server_present()) {
		printf("SKIP: no PostgreSQL 15 on this machine\n");
		return 77;
	}
	if (!pg_server_start(&server)) {
		printf("PostgreSQL does not start\n");
		pg_server_stop(&server);
		return 1;
	}
	failed += suite_change() + suite_rules() + suite_journal() + suite_text() + suite_hard() + suite_postgresql_faults(&server);
	pg_server_stop(&server);
	return failed == 0 ? 0 : 1;
}
