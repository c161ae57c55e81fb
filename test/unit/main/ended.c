// SPDX-License-Identifier: Apache-2.0
// Ended calls in their memfd, as one process leaves them and the next one finds them (SF-A7, BE-5).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "main/ended.h"

enum { SIZE = IPC_ADMIN_HEAD + offsetof(struct ipc_admin_record, stream) };

struct rig {
	int fd;
	struct ended now, next; // the process that is killed, and the one that is started again
	uint32_t place[ENDED_MAX], damaged;
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_int_equal(ended_create(&r->fd).error, E_OK);
	assert_int_equal(ended_map(&r->now, r->fd).error, E_OK);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	ended_unmap(&r->now);
	ended_unmap(&r->next);
	close(r->fd);
	free(r);
	return 0;
}

static uint32_t take(struct rig *r, uint16_t status)
{
	uint32_t place = ended_take(&r->now, 0);
	assert_int_not_equal(place, ENDED_NONE);
	struct ipc_admin *m = ended_message(&r->now, place);
	m->version = IPC_ADMIN_VERSION;
	m->type = IPC_ADMIN_RECORD;
	m->u.record.call.final_status = status;
	return place;
}

static uint32_t whole(struct rig *r, uint16_t status)
{
	uint32_t place = take(r, status);
	ended_whole(&r->now, place, SIZE);
	return place;
}

static uint16_t status_of(const struct rig *r, uint32_t i)
{
	return ended_message(&r->next, r->place[i])->u.record.call.final_status;
}

static uint32_t restart(struct rig *r)
{
	ended_unmap(&r->now);
	assert_int_equal(ended_map(&r->next, r->fd).error, E_OK);
	return ended_restore(&r->next, r->place, &r->damaged);
}

static void what_is_whole_comes_back_in_order(void **state)
{
	struct rig *r = *state;
	uint32_t first = whole(r, 201), second = whole(r, 202), third = whole(r, 203), fourth = whole(r, 204);
	take(r, 205); // killed while it was written
	assert_int_equal(ended_number(&r->now, third), 1);
	assert_int_equal(ended_number(&r->now, first), 2);
	assert_int_equal(ended_number(&r->now, first), 2); // it keeps its number
	assert_int_equal(ended_number(&r->now, fourth), 3);
	ended_free(&r->now, third); // acknowledged
	(void)second;               // not sent yet
	assert_int_equal(restart(r), 3);
	assert_int_equal(r->damaged, 0);
	assert_int_equal(status_of(r, 0), 201);
	assert_int_equal(status_of(r, 1), 204);
	assert_int_equal(status_of(r, 2), 202);
	assert_int_equal(ended_number(&r->next, r->place[0]), 2);
	assert_int_equal(ended_number(&r->next, r->place[2]), 4); // never a number that was given before
	assert_int_equal(ended_size(&r->next, r->place[0]), SIZE);
}

static void numbers_go_on_when_nothing_waits(void **state)
{
	struct rig *r = *state;
	for (uint32_t i = 1; i <= 5; i++) {
		uint32_t place = whole(r, 200);
		assert_int_equal(ended_number(&r->now, place), i);
		ended_free(&r->now, place);
	}
	assert_int_equal(restart(r), 0);
	uint32_t place = ended_take(&r->next, 0);
	assert_int_equal(ended_number(&r->next, place), 6); // an old acknowledgement on its way takes no new record away
}

static void numbers_wrap(void **state)
{
	struct rig *r = *state;
	atomic_store(&r->now.memory->last_number, UINT32_MAX - 1);
	assert_int_equal(ended_number(&r->now, whole(r, 201)), UINT32_MAX);
	assert_int_equal(ended_number(&r->now, whole(r, 202)), 1); // 0 stands for none
	assert_int_equal(restart(r), 2);
	assert_int_equal(status_of(r, 0), 201);
	assert_int_equal(status_of(r, 1), 202);
}

static void what_is_freed_is_wiped(void **state)
{
	struct rig *r = *state;
	static const uint8_t none[SIZE];
	uint32_t place = whole(r, 200);
	ended_free(&r->now, place);
	assert_memory_equal(ended_message(&r->now, place), none, SIZE);
	assert_int_equal(ended_take(&r->now, 0), place); // the lowest again: few pages are touched
}

static void damage_is_counted_and_given_back(void **state)
{
	struct rig *r = *state;
	uint32_t size = whole(r, 201), version = whole(r, 202), type = whole(r, 203);
	whole(r, 204);
	ended_whole(&r->now, size, ENDED_RECORD_OCTETS + 1);
	ended_message(&r->now, version)->version = 99;
	ended_message(&r->now, type)->type = IPC_ADMIN_END;
	assert_int_equal(restart(r), 1);
	assert_int_equal(r->damaged, 3);
	assert_int_equal(status_of(r, 0), 204);
	assert_int_equal(ended_take(&r->next, 0), size); // they are free again
}

static void record_of(struct rig *r, uint32_t place, uint8_t worker, uint32_t slot, uint32_t generation)
{
	struct ipc_admin_call *c = &ended_message(&r->now, place)->u.record.call;
	c->worker = worker;
	c->ref = (struct pool_ref){slot, generation};
}

static bool has(const struct ended_ref *calls, uint32_t n, uint32_t worker, uint32_t slot, uint32_t generation)
{
	return ended_has(calls, n, &(struct ended_ref){worker, {slot, generation}});
}

// A kept call that has ended must not come back, whichever records of earlier calls in the same slot wait beside its own,
// and in whatever order: those without a number have none. It would have a second record (BE-5).
static void every_call_that_ended_is_known(void **state)
{
	struct rig *r = *state;
	struct ended_ref calls[5];
	uint32_t newest = whole(r, 201), older = whole(r, 202), sent = whole(r, 203), other = whole(r, 204), elsewhere = whole(r, 205);
	record_of(r, newest, 1, 7, 42);
	record_of(r, older, 1, 7, 41);
	record_of(r, sent, 1, 7, 40);
	record_of(r, other, 1, 8, 1);
	record_of(r, elsewhere, 0, 7, 43);
	assert_int_equal(ended_number(&r->now, sent), 1);
	uint32_t n = restart(r);
	assert_int_equal(n, 5);
	ended_calls(&r->next, r->place, n, calls);
	for (uint32_t generation = 40; generation <= 42; generation++)
		assert_true(has(calls, n, 1, 7, generation));
	assert_true(has(calls, n, 1, 8, 1) && has(calls, n, 0, 7, 43));
	assert_false(has(calls, n, 1, 7, 43)); // alive: it came after them
	assert_false(has(calls, n, 0, 7, 42) || has(calls, n, 0, 8, 1));
	assert_false(has(NULL, 0, 1, 7, 42));
}

static void all_places_and_no_more(void **state)
{
	struct rig *r = *state;
	for (uint32_t i = 0; i < ENDED_MAX; i++)
		assert_int_not_equal(ended_take(&r->now, i), ENDED_NONE);
	assert_int_equal(ended_take(&r->now, 7), ENDED_NONE);
	ended_free(&r->now, 4711);
	assert_int_equal(ended_take(&r->now, 7), 4711);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *busy(void *arg)
{
	struct ended *e = arg;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t place = ended_take(e, 0);
		struct ipc_admin *m = ended_message(e, place);
		if (m->request != 0)
			return e; // somebody else has it too
		m->request = i + 1;
		ended_whole(e, place, SIZE);
		ended_free(e, place);
	}
	return NULL;
}

static void a_place_belongs_to_one_thread(void **state)
{
	struct rig *r = *state;
	pthread_t t[THREADS];
	for (uint32_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, busy, &r->now), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		void *shared;
		pthread_join(t[i], &shared);
		assert_null(shared);
	}
	for (uint32_t i = 0; i < ENDED_MAX / 64; i++)
		assert_true(atomic_load(&r->now.used[i]) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_whole_comes_back_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_go_on_when_nothing_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_freed_is_wiped, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_counted_and_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(every_call_that_ended_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(all_places_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(a_place_belongs_to_one_thread, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
