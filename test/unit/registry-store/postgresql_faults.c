// SPDX-License-Identifier: Apache-2.0
// What can befall a server and its connections: each fault has its name, a sentence that tells how to mend, and leaves the last good
// state. A connection that was lost is made again by the next question.
#include "rig.h"

#include "postgresql_faults.h"
#include "registry/store/store_postgresql_fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct pg_server *server;

static void opens_as(const char *uri, bool read_only, enum error want, const char *told)
{
	struct store_error why = {""};
	struct store *s = NULL;
	result r = store_open(&s, uri, read_only, &why);

	store_close(s);
	if (r.error != want || strstr(why.text, told) == NULL)
		fail_msg("%s, told \"%s\", not \"%s\"", error_name(r.error), why.text, told);
	assert_null(strstr(why.text, "secret")); // the password
}

static void no_such_place(void **state)
{
	char uri[512];

	(void)state;
	pg_server_uri(server, "nothere", uri);
	opens_as(uri, false, E_NOT_FOUND, "\"nothere\" does not exist");
	opens_as("postgresql://sally:secret@127.0.0.1:1/x", false, E_NOT_FOUND, "cannot be reached");
	opens_as("postgresql://sally:secret@[::1", false, E_UNSUPPORTED, "the URI of PostgreSQL is wrong");
	opens_as("postgresql://sally:secret%zz@x/y", false, E_UNSUPPORTED, "the URI of PostgreSQL is wrong");
	snprintf(uri, sizeof(uri), "postgresql://sally:wrong@127.0.0.1:%u/postgres", server->port);
	opens_as(uri, false, E_NOT_FOUND, "password authentication failed");
}

static void not_a_registry(void **state)
{
	char uri[512];

	(void)state;
	rig_fresh(uri);
	opens_as(uri, true, E_CONFIG, "open it for writing once");
	rig_tamper(uri, "CREATE SCHEMA sallyport");
	opens_as(uri, false, E_CONFIG, "no registry");
	assert_true(pg_server_run(server, "postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'"));
	pg_server_uri(server, "latin", uri);
	opens_as(uri, false, E_CONFIG, "not encoded in UTF-8");
}

static void schema_is_newer(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	opens_as(g->uri, true, E_OK, "");
	rig_tamper(g->uri, "UPDATE schema_version SET version = 99");
	opens_as(g->uri, false, E_CONFIG, "schema 99");
	rig_tamper(g->uri, "DROP TABLE sed, journal");
	assert_int_equal(store_begin(g->s, "x", "y", &g->why).error, E_OK);
	rig_put(g, ROW_PEER, "name=d");
	assert_int_equal(store_commit(g->s, STORE_ALL_OR_NOTHING, &g->r, &g->why).error, E_CONFIG);
	assert_non_null(strstr(g->why.text, "lacks a table"));
	rig_close(g);
}

#define OTHERS_END "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sallyport'"

static void connection_lost(void **state)
{
	struct rig *g = rig_open();
	uint64_t n;

	(void)state;
	rig_world(g);
	assert_true(pg_server_run(server, "postgres", OTHERS_END));
	assert_int_equal(store_newest(g->s, &n, &g->why).error, E_NOT_FOUND);
	assert_int_equal(rig_newest(g), 1); // made again
	rig_change(g, ROW_PEER, "name=d", 0);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=e");
	assert_true(pg_server_run(server, "postgres", OTHERS_END));
	store_report_free(&g->r);
	assert_int_equal(store_commit(g->s, STORE_ALL_OR_NOTHING, &g->r, &g->why).error, E_NOT_FOUND);
	assert_true(!g->r.applied && rig_newest(g) == 2);
	rig_change(g, ROW_PEER, "name=e", 0);
	assert_true(pg_server_run(server, "postgres", OTHERS_END));
	assert_int_equal(store_begin(g->s, "x", "y", &g->why).error, E_NOT_FOUND);
	rig_change(g, ROW_PEER, "name=f", 0); // the second try finds everything in order
	rig_close(g);
}

static bool pid_h(void *ctx, const struct bytes *column)
{
	*(uint64_t *)ctx = store_number(column[0]);
	return true;
}

// The process that serves us stands still: an error after seconds, not a border element that waits.
static void server_hangs(void **state)
{
	struct rig *g = rig_open();
	uint64_t pid = 0, n;

	(void)state;
	rig_world(g);
	rig_ok(g, g->s->backend->run(g->s->db, "SELECT pg_backend_pid()", NULL, 0, pid_h, &pid, NULL, &g->why));
	assert_true(pid > 1);
	assert_int_equal(kill((pid_t)pid, SIGSTOP), 0);
	result r = store_newest(g->s, &n, &g->why);
	assert_int_equal(kill((pid_t)pid, SIGCONT), 0);
	assert_int_equal(r.error, E_TIMEOUT);
	assert_non_null(strstr(g->why.text, "does not answer"));
	assert_int_equal(rig_newest(g), 1);
	rig_close(g);
}

static void read_only(void **state)
{
	struct rig *g = rig_open();
	char statement[128];

	(void)state;
	rig_world(g);
	store_close(g->s);
	snprintf(statement, sizeof(statement), "ALTER DATABASE %s SET default_transaction_read_only = on", strrchr(g->uri, '/') + 1);
	rig_tamper(g->uri, statement);
	g->s = rig_second(g);
	assert_int_equal(store_begin(g->s, "x", "y", &g->why).error, E_SYSTEM);
	assert_non_null(strstr(g->why.text, "may only be read"));
	assert_int_equal(rig_count(g, ROW_PEER), 3);
	rig_close(g);
}

static void without_rights(void **state)
{
	struct rig *g = rig_open();
	char uri[512];

	(void)state;
	rig_world(g);
	rig_tamper(g->uri, "CREATE ROLE guest LOGIN PASSWORD 'secret'");
	snprintf(uri, sizeof(uri), "postgresql://guest:secret@127.0.0.1:%u%s", server->port, strrchr(g->uri, '/'));
	opens_as(uri, false, E_SYSTEM, "may not be used so by this user");
	rig_tamper(g->uri, "GRANT USAGE ON SCHEMA sallyport TO guest; GRANT SELECT ON ALL TABLES IN SCHEMA sallyport TO guest");
	opens_as(uri, true, E_OK, "");
	rig_close(g);
}

static void others_by_name(void **state)
{
	static const struct {
		const char *state;
		enum error error;
		const char *told;
	} faults[] = {
		{"53100", E_FULL, "make room"},
		{"53200", E_NO_MEMORY, "memory"},
		{"53300", E_FULL, "max_connections"},
		{"57014", E_TIMEOUT, "took too long"},
		{"57P03", E_NOT_FOUND, "stopped or started"},
		{"XX001", E_SYSTEM, "damaged"},
		{"22P02", E_SYSTEM, "look at its log"},
		{NULL, E_NOT_FOUND, "cannot be reached"},
	};
	struct store_error why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		assert_int_equal(postgresql_fault(faults[i].state, "a\tb\nc", &why).error, faults[i].error);
		assert_non_null(strstr(why.text, faults[i].told));
		assert_null(strpbrk(why.text, "\t\n"));
	}
}

int suite_postgresql_faults(struct pg_server *s)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_such_place),
		cmocka_unit_test(not_a_registry),
		cmocka_unit_test(schema_is_newer),
		cmocka_unit_test(connection_lost),
		cmocka_unit_test(server_hangs),
		cmocka_unit_test(read_only),
		cmocka_unit_test(without_rights),
		cmocka_unit_test(others_by_name),
	};
	server = s;
	return cmocka_run_group_tests_name("PostgreSQL", tests, NULL, NULL);
}
