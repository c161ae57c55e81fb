// SPDX-License-Identifier: Apache-2.0
// What can befall a file: each fault has its name, a sentence that tells how to mend, and leaves the last good state.
#include "rig.h"

#include <sqlite3.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path_of(const struct rig *g)
{
	return g->uri + strlen("sqlite:");
}

static void opens_as(const char *uri, bool read_only, enum error want, const char *told)
{
	struct store_error why;
	struct store *s = NULL;
	result r = store_open(&s, uri, read_only, &why);

	store_close(s);
	assert_int_equal(r.error, want);
	if (want != E_OK && strstr(why.text, told) == NULL)
		fail_msg("told \"%s\", not \"%s\"", why.text, told);
}

static void pragma(struct rig *g, const char *sql)
{
	rig_ok(g, g->s->backend->run(g->s->db, sql, NULL, 0, NULL, NULL, NULL, &g->why));
}

static void made_for_us_alone(void **state)
{
	struct rig *g = rig_open();
	char wal[600];
	struct stat st;

	(void)state;
	rig_world(g);
	assert_int_equal(stat(path_of(g), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(wal, sizeof(wal), "%s-wal", path_of(g));
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	opens_as(g->uri, false, E_OK, "");
	opens_as(g->uri, true, E_OK, "");
	rig_close(g);
}

static void no_such_place(void **state)
{
	char uri[512];

	(void)state;
	rig_fresh(uri);
	opens_as(uri, true, E_NOT_FOUND, "import");
	opens_as("sqlite:/nowhere/at/all", false, E_NOT_FOUND, "make its folder");
	opens_as("sqlite:/tmp", false, E_NOT_FOUND, "is no file");
	opens_as("sqlite::memory:", false, E_UNSUPPORTED, "no path");
	opens_as("sqlite:file:/tmp/x?mode=memory", false, E_UNSUPPORTED, "no path");
	opens_as("sqlite:", false, E_UNSUPPORTED, "no path");
	opens_as("mysql://x", false, E_UNSUPPORTED, "no such kind");
}

static void not_a_registry(void **state)
{
	char uri[512];
	const char *path = uri + strlen("sqlite:");

	(void)state;
	rig_fresh(uri);
	rig_tamper(uri, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
	opens_as(uri, false, E_CONFIG, "no registry");
	rig_tamper(uri, "INSERT INTO mine VALUES (2)"); // and it is as it was
	rig_fresh(uri);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fprintf(f, "this is a letter\n");
	fclose(f);
	opens_as(uri, false, E_CONFIG, "is no registry but another kind of file");
	rig_fresh(uri);
	f = fopen(path, "w"); // empty: somebody made the file for us
	assert_non_null(f);
	fclose(f);
	opens_as(uri, true, E_CONFIG, "open it for writing once");
	opens_as(uri, false, E_OK, "");
}

static void schema_is_newer(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	rig_tamper(g->uri, "PRAGMA user_version = 99");
	opens_as(g->uri, false, E_CONFIG, "schema 99");
	opens_as(g->uri, true, E_CONFIG, "schema 99");
	rig_tamper(g->uri, "PRAGMA user_version = 1");
	assert_int_equal(rig_count(g, ROW_PEER), 3);
	rig_close(g);
}

static void gone(void **state)
{
	struct rig *g = rig_open();
	char away[600];
	uint64_t n;

	(void)state;
	rig_world(g);
	snprintf(away, sizeof(away), "%s.away", path_of(g));
	assert_int_equal(rename(path_of(g), away), 0);
	assert_int_equal(store_newest(g->s, &n, &g->why).error, E_NOT_FOUND);
	assert_non_null(strstr(g->why.text, "moved, removed or replaced"));
	assert_int_equal(store_begin(g->s, "x", "y", &g->why).error, E_NOT_FOUND);
	assert_int_equal(rename(away, path_of(g)), 0);
	rig_change(g, ROW_PEER, "name=d", 0);
	rig_begin(g);
	rig_put(g, ROW_PEER, "name=e");
	assert_int_equal(rename(path_of(g), away), 0); // between staging and commit
	store_report_free(&g->r);
	assert_int_equal(store_commit(g->s, STORE_ALL_OR_NOTHING, &g->r, &g->why).error, E_NOT_FOUND);
	assert_int_equal(rename(away, path_of(g)), 0);
	assert_int_equal(rig_count(g, ROW_PEER), 4);
	rig_close(g);
}

static void full(void **state)
{
	struct rig *g = rig_open();
	char columns[256];

	(void)state;
	rig_world(g);
	pragma(g, "PRAGMA max_page_count = 1"); // as many as there are
	rig_begin(g);
	for (int i = 0; i < 2000; i++) {
		snprintf(columns, sizeof(columns), "name=n%d organization=%080d", i, i);
		rig_put(g, ROW_PEER, columns);
	}
	store_report_free(&g->r);
	assert_int_equal(store_commit(g->s, STORE_ALL_OR_NOTHING, &g->r, &g->why).error, E_FULL);
	assert_non_null(strstr(g->why.text, "make room"));
	assert_int_equal(rig_count(g, ROW_PEER), 3);
	assert_int_equal(rig_newest(g), 1);
	pragma(g, "PRAGMA max_page_count = 1000000");
	rig_change(g, ROW_PEER, "name=d", 0);
	rig_close(g);
}

// Another user than the owner of the file: reads, and is told why he cannot write.
static void read_only(void **state)
{
	struct rig *g = rig_open();
	struct store *s;
	int status;

	(void)state;
	rig_world(g);
	rig_ok(g, store_open(&s, g->uri, true, &g->why));
	assert_int_equal(store_begin(s, "x", "y", &g->why).error, E_POLICY);
	assert_non_null(strstr(g->why.text, "opened for reading"));
	store_close(s);
	if (geteuid() == 0) {
		char folder[600];
		snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path_of(g), '/') - path_of(g)), path_of(g));
		assert_int_equal(chmod(path_of(g), 0644), 0);
		assert_int_equal(chmod(folder, 0755), 0);
		if (fork() == 0) {
			struct store_error why = {""};
			bool good = setgid(65534) == 0 && setuid(65534) == 0;
			result r = good ? store_open(&s, g->uri, false, &why) : OK;
			if (is_ok(r))
				r = store_begin(s, "x", "y", &why);
			_exit((r.error == E_SYSTEM && strstr(why.text, "may only be read") != NULL) || r.error == E_NOT_FOUND ? 0 : 1);
		}
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	rig_change(g, ROW_PEER, "name=d", 0);
	rig_close(g);
}

static void damaged(void **state)
{
	struct rig *g = rig_open();
	char rubbish[4096];
	uint64_t broken;

	(void)state;
	rig_world(g);
	pragma(g, "PRAGMA wal_checkpoint(TRUNCATE)");
	store_close(g->s);
	memset(rubbish, 0x5a, sizeof(rubbish));
	int fd = open(path_of(g), O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (off_t page = 1; page < 30; page++)
		assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), page * 4096), sizeof(rubbish));
	close(fd);
	g->s = rig_second(g);
	assert_int_equal(store_verify(g->s, &broken, &g->why).error, E_SYSTEM);
	assert_non_null(strstr(g->why.text, "is damaged"));
	rig_close(g);
}

// A schema that was made to work for somebody else: triggers do not run, functions and views are not trusted.
static void hostile_schema(void **state)
{
	struct rig *g = rig_open();

	(void)state;
	rig_world(g);
	store_close(g->s);
	rig_tamper(g->uri, "CREATE TRIGGER evil AFTER INSERT ON peer BEGIN UPDATE \"range\" SET \"to\" = 'evil'; END");
	rig_tamper(g->uri, "CREATE TRIGGER evil2 AFTER INSERT ON change_set BEGIN SELECT load_extension('/tmp/evil.so'); END");
	rig_tamper(g->uri, "CREATE TABLE stage_peer (x)");
	g->s = rig_second(g);
	rig_change(g, ROW_PEER, "name=d", 0);
	assert_true(rig_has(g, ROW_RANGE, "prefix=+49 owner=a to=a"));
	rig_close(g);
}

static void migrated(void **state)
{
	char uri[512];
	struct rig *g;

	(void)state;
	g = rig_open(); // version 0 to STORE_SCHEMA, once; the second finds it done
	memcpy(uri, g->uri, sizeof(uri));
	rig_world(g);
	opens_as(uri, false, E_OK, "");
	assert_int_equal(rig_count(g, ROW_PEER), 3);
	rig_close(g);
}


int suite_sqlite_faults(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_for_us_alone),
		cmocka_unit_test(no_such_place),
		cmocka_unit_test(not_a_registry),
		cmocka_unit_test(schema_is_newer),
		cmocka_unit_test(gone),
		cmocka_unit_test(full),
		cmocka_unit_test(read_only),
		cmocka_unit_test(damaged),
		cmocka_unit_test(hostile_schema),
		cmocka_unit_test(migrated),
	};
	return cmocka_run_group_tests_name("SQLite", tests, NULL, NULL);
}
