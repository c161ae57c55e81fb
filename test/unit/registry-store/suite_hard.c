// SPDX-License-Identifier: Apache-2.0
// Hard times: writers at once, a writer that dies, no memory, a lock that is held, a hundred thousand rows. The last good state
// is always there.
#include "rig.h"

#include "base/memory.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 2, CHANGES = 20, BULK = 100000, BULK_STEP = 70001 }; // the step has no factor in common with BULK

// A child's whole life: CHANGES change sets of its own rows. The status tells how many failed.
static void writer(const char *uri, uint32_t me)
{
	struct store_error why;
	struct store *s;
	int failed = 0;

	result opened = store_open(&s, uri, false, &why);
	if (!is_ok(opened)) {
		fprintf(stderr, "writer %u cannot open: %s: %s\n", me, error_name(opened.error), why.text);
		_exit(100);
	}
	for (uint32_t i = 0; i < CHANGES; i++) {
		struct store_report r = {0};
		struct row row = {.kind = ROW_PEER};
		snprintf(row.u.peer.name, sizeof(row.u.peer.name), "w%u-%u", me, i);
		failed += !is_ok(store_begin(s, "writer", "race", &why)) || !is_ok(store_put(s, 1, &row, &why)) ||
			  !is_ok(store_commit(s, STORE_ALL_OR_NOTHING, &r, &why)) || !r.applied;
		store_report_free(&r);
	}
	store_close(s);
	_exit(failed);
}

static void two_writers(void **state)
{
	struct rig *g = rig_open();
	uint64_t broken;
	int status;

	(void)state;
	for (uint32_t i = 0; i < WRITERS; i++) {
		if (fork() == 0)
			writer(g->uri, i);
	}
	for (uint32_t i = 0; i < WRITERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(rig_count(g, ROW_PEER), WRITERS * CHANGES);
	assert_int_equal(rig_newest(g), WRITERS * CHANGES);
	rig_ok(g, store_verify(g->s, &broken, &g->why));
	rig_close(g);
}

// Four processes find no registry and make it, at the same time: it is made once, and each can use it.
static void made_by_many(void **state)
{
	struct rig g = {.s = NULL};
	int status;

	(void)state;
	rig_fresh(g.uri);
	for (uint32_t i = 0; i < 4; i++) {
		if (fork() == 0)
			writer(g.uri, i);
	}
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	g.s = rig_second(&g);
	assert_int_equal(rig_count(&g, ROW_PEER), 4 * CHANGES);
	store_close(g.s);
}

// Killed with a change set half staged: nothing of it stays, and nothing of it is in the way.
static void writer_dies(void **state)
{
	struct rig *g = rig_open();
	int ready[2], status;
	char octet;

	(void)state;
	rig_world(g);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct rig child = {.r = {0}};
		memcpy(child.uri, g->uri, sizeof(child.uri));
		child.s = rig_second(&child);
		rig_begin(&child);
		rig_put(&child, ROW_PEER, "name=z");
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &octet, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(ready[0]);
	close(ready[1]);
	rig_change(g, ROW_PEER, "name=y", 0);
	assert_false(rig_has(g, ROW_PEER, "name=z"));
	rig_close(g);
}

static void lock_is_held(void **state)
{
	struct rig *g = rig_open();
	struct store *other;

	(void)state;
	rig_world(g);
	other = rig_second(g);
	rig_begin(g);
	assert_int_equal(store_begin(other, "x", "y", &g->why).error, E_TIMEOUT);
	assert_non_null(strstr(g->why.text, "locked by another change"));
	store_rollback(g->s);
	rig_ok(g, store_begin(other, "x", "y", &g->why));
	store_close(other);
	assert_int_equal(rig_count(g, ROW_PEER), 3);
	rig_close(g);
}

// One round of all that takes memory; ends early with the error of the allocation that failed.
static result round_run(const char *uri, struct store_error *why)
{
	struct row good = rig_row(ROW_PEER, "name=q"), bad = rig_row(ROW_RANGE, "prefix=+4930 owner=b to=b");
	struct store_report r = {0};
	struct store *s;
	result e = store_open(&s, uri, false, why);

	if (!is_ok(e))
		return e;
	e = store_begin(s, "x", "y", why);
	if (is_ok(e))
		e = store_put(s, 1, &good, why);
	if (is_ok(e))
		e = store_put(s, 2, &bad, why);
	if (is_ok(e))
		e = store_commit(s, STORE_ALL_OR_NOTHING, &r, why);
	if (is_ok(e) && (r.applied || r.faults != 1))
		e = FAIL(E_IMPOSSIBLE);
	store_report_free(&r);
	if (is_ok(e))
		e = store_undo(s, 2, "x", &r, why);
	store_report_free(&r);
	store_close(s);
	return e;
}

static void no_memory(void **state)
{
	struct rig *g = rig_open();
	uint64_t n = 1;

	(void)state;
	rig_world(g);
	rig_change(g, ROW_PEER, "name=p", 0);
	for (;; n++) {
		memory_fail_nth(n);
		result r = round_run(g->uri, &g->why);
		memory_fail_nth(0);
		if (is_ok(r))
			break;
		if (r.error != E_NO_MEMORY)
			fail_msg("allocation %llu: %s, %s", (unsigned long long)n, error_name(r.error), g->why.text);
		assert_int_equal(rig_newest(g), 2);
	}
	assert_true(n > 4);
	assert_false(rig_has(g, ROW_PEER, "name=p")); // the last round undid it
	rig_close(g);
}

static struct row bulk_row(uint32_t i, const char *to)
{
	struct row row = {.kind = ROW_RANGE};

	snprintf(row.u.range.prefix, sizeof(row.u.range.prefix), "+49%06u", (unsigned)((uint64_t)i * BULK_STEP % BULK));
	snprintf(row.u.range.owner, sizeof(row.u.range.owner), "a");
	snprintf(row.u.range.to, sizeof(row.u.range.to), "%s", to);
	return row;
}

static void bulk_put(struct rig *g, const char *to)
{
	rig_begin(g);
	for (uint32_t i = 0; i < BULK; i++) {
		struct row row = bulk_row(i, to);
		rig_ok(g, store_put(g->s, ++g->number, &row, &g->why));
	}
}

// Out of order, with faults among them, skipped, changed, undone.
static void bulk(void **state)
{
	struct rig *g = rig_open();
	uint64_t broken;

	(void)state;
	rig_world(g);
	bulk_put(g, "a");
	rig_put(g, ROW_RANGE, "prefix=+49000001 owner=a to=b"); // twice
	rig_put(g, ROW_RANGE, "prefix=+490000015 owner=b to=b"); // hijack
	rig_put(g, ROW_RANGE, "prefix=+490000016 owner=a to=nowhere");
	rig_put(g, ROW_RANGE, "prefix=+4 owner=b to=b"); // around all
	rig_commit(g, STORE_DRY, 4);
	assert_int_equal(g->r.fault[3].number, BULK + 4);
	bulk_put(g, "a");
	rig_put(g, ROW_RANGE, "prefix=+49000001 owner=a to=b");
	rig_put(g, ROW_RANGE, "prefix=+490000015 owner=b to=b");
	rig_put(g, ROW_RANGE, "prefix=+490000016 owner=a to=nowhere");
	rig_commit(g, STORE_SKIP_BAD, 3);
	assert_int_equal(g->r.fault[0].number, BULK + 1);
	assert_int_equal(g->r.put, BULK);
	assert_int_equal(rig_count(g, ROW_RANGE), BULK + 1);
	bulk_put(g, "g");
	rig_commit(g, STORE_ALL_OR_NOTHING, 0);
	assert_int_equal(g->r.changed, BULK);
	store_report_free(&g->r);
	rig_ok(g, store_undo(g->s, 3, "otto", &g->r, &g->why));
	assert_int_equal(g->r.changed, BULK);
	assert_true(rig_has(g, ROW_RANGE, "prefix=+49000001 owner=a to=a"));
	rig_ok(g, store_verify(g->s, &broken, &g->why));
	rig_close(g);
}

int suite_hard(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_writers),
		cmocka_unit_test(made_by_many),
		cmocka_unit_test(writer_dies),
		cmocka_unit_test(lock_is_held),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(bulk),
	};
	return cmocka_run_group_tests_name("hard times", tests, NULL, NULL);
}
