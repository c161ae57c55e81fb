// SPDX-License-Identifier: Apache-2.0
// Out of memory: every allocation of a full call through a whole worker fails once. No crash, no leak; whatever was lost,
// nothing is left behind, and the next call works.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "flow_play.h"

// A call with a reliable provisional, a fork, a change of each kind and BYE, and a MESSAGE (see flow_play.c for the events).
static const uint8_t full_call[] = {
	0, 0, 2, 0, 1,            // INVITE core -> clear with 100rel
	1, 0, 2, 0, 0, 2,         // 183 reliable with a description
	4, 0, 4, 0x80, 1,         // PRACK of the caller
	1, 0, 4, 0x80, 0, 0,      // 200 for it
	1, 3, 1, 0x80, 1, 0,      // 180 of another branch
	1, 4, 4, 0, 0, 1,         // 200 with a description
	4, 0, 0, 0x80, 0,         // ACK
	4, 1, 2, 0, 1,            // re-INVITE of the caller
	1, 0, 4, 0, 0, 1,         // 200
	4, 0, 0, 0x80, 4,         // ACK
	4, 0, 3, 0, 1,            // UPDATE
	1, 0, 4, 0, 0, 1,
	0, 0, 2, 0x80, 0x40,      // MESSAGE
	1, 0, 4, 0x80, 0, 0,
	0, 2, 0, 0, 0,            // a second call, from the far side
	1, 0, 1, 0x80, 0, 0,
	1, 1, 4, 0, 0, 1,
	4, 0, 0, 0x80, 0,
	4, 1, 1, 0x80, 1,         // BYE
	7, 16,
};

static uint64_t run(struct play *p, uint64_t nth)
{
	assert_true(play_open(p));
	uint64_t before = memory_alloc_count();
	memory_fail_nth(nth);
	play_run(p, full_call, sizeof(full_call));
	uint64_t used = memory_alloc_count() - before;
	memory_fail_nth(0);
	uint64_t started = atomic_load(&flow_counters(p->rig.flow)->calls_started);
	play_run(p, full_call, sizeof(full_call));
	assert_true(atomic_load(&flow_counters(p->rig.flow)->calls_started) >= started + 2); // later calls work
	play_end(p);
	if (p->fault != NULL)
		print_message("allocation %lu: %s\n%s\n", (unsigned long)nth, p->fault, p->fault_text);
	assert_null(p->fault);
	play_close(p);
	return used;
}

static void each_allocation_fails_once(void **state)
{
	struct play *p = malloc(sizeof(*p));

	(void)state;
	assert_non_null(p);
	uint64_t all = run(p, 0);
	assert_true(all > 20);
	for (uint64_t n = 1; n <= all; n++)
		run(p, n);
	print_message("%lu allocations\n", (unsigned long)all);
	free(p);
}

// The same for opening a worker: an error, nothing leaks.
static void opening_fails_whole(void **state)
{
	struct play *p = malloc(sizeof(*p));
	uint32_t refused = 0;

	(void)state;
	assert_non_null(p);
	for (uint64_t n = 1; n < 400; n++) {
		memory_fail_nth(n);
		bool open = play_open(p);
		memory_fail_nth(0);
		if (open) {
			play_close(p);
			break;
		}
		refused++;
	}
	assert_true(refused > 10);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_fails_once),
		cmocka_unit_test(opening_fails_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
