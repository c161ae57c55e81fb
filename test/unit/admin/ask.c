// SPDX-License-Identifier: Apache-2.0
// Questions to other processes: bounded, with deadlines; whatever comes back is checked first.
#include "unit.h"

#include "admin/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct rig {
	struct ask ask;
	int far;
	struct ipc_admin *m;
	uint32_t rows, ends;
	enum error error;
};

static void reply_h(void *ctx, const struct ask_reply *r)
{
	struct rig *g = ctx;
	g->rows += !r->end;
	g->ends += r->end;
	g->error = r->end ? r->error : g->error;
}

static int setup(void **state)
{
	struct rig *g = calloc(1, sizeof(*g));
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	g->ask = (struct ask){.signaller = pair[0], .directory = -1};
	g->far = pair[1];
	g->m = calloc(1, sizeof(*g->m));
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct rig *g = *state;
	close(g->ask.signaller);
	close(g->far);
	free(g->m);
	free(g);
	return 0;
}

static result question(struct rig *g, uint64_t now_us)
{
	memset(g->m, 0, IPC_ADMIN_HEAD);
	g->m->type = IPC_ADMIN_CALLS;
	return ask_admin(&g->ask, ASK_SIGNALLER, g->m, 1, now_us, reply_h, g);
}

static bool packet(struct rig *g, uint16_t type, uint32_t request, size_t body)
{
	g->m->version = IPC_ADMIN_VERSION;
	g->m->type = type;
	g->m->request = request;
	return ask_packet(&g->ask, ASK_SIGNALLER, g->m, IPC_ADMIN_HEAD + body);
}

static void rows_and_end(void **state)
{
	struct rig *g = *state;
	assert_ok(question(g, 0));
	uint32_t request = g->m->request;
	assert_true(packet(g, IPC_ADMIN_CALL, request, sizeof(g->m->u.call)));
	g->m->error = E_NOT_FOUND;
	assert_true(packet(g, IPC_ADMIN_END, request, 0));
	assert_int_equal(g->rows, 1);
	assert_int_equal(g->ends, 1);
	assert_int_equal(g->error, E_NOT_FOUND);
	assert_true(packet(g, IPC_ADMIN_END, request, 0)); // a second end
	assert_int_equal(g->ends, 1);
	assert_int_equal(g->ask.stale, 1);
}

static void deadlines(void **state)
{
	struct rig *g = *state;
	assert_ok(question(g, 1000));
	assert_int_equal(ask_deadline(&g->ask), 1000 + ASK_DEADLINE_MS * MS);
	ask_run(&g->ask, 1000 + ASK_DEADLINE_MS * MS - 1);
	assert_int_equal(g->ends, 0);
	ask_run(&g->ask, 1000 + ASK_DEADLINE_MS * MS);
	assert_int_equal(g->ends, 1);
	assert_int_equal(g->error, E_TIMEOUT);
	assert_int_equal(ask_deadline(&g->ask), NO_DEADLINE);
}

static void questions_are_bounded(void **state)
{
	struct rig *g = *state;
	for (int i = 0; i < ASK_MAX; i++)
		assert_ok(question(g, 0));
	assert_error(question(g, 0), E_FULL);
	ask_run(&g->ask, NO_DEADLINE);
	assert_int_equal(g->ends, ASK_MAX);
	assert_ok(question(g, 0));
}

static void a_far_end_that_does_not_read(void **state)
{
	struct rig *g = *state;
	static uint8_t octets[16384];
	while (send(g->ask.signaller, octets, sizeof(octets), MSG_DONTWAIT) > 0)
		continue;
	assert_error(question(g, 0), E_FULL);
	assert_int_equal(ask_deadline(&g->ask), NO_DEADLINE); // no slot is taken
	assert_error(ask_admin(&g->ask, ASK_DIRECTORY, g->m, 0, 0, reply_h, g), E_CLOSED);
}

static void answers_without_end_are_bounded(void **state)
{
	struct rig *g = *state;
	assert_ok(question(g, 0));
	uint32_t request = g->m->request;
	for (uint32_t i = 0; i <= ASK_ROWS_MAX; i++)
		packet(g, IPC_ADMIN_CALL, request, sizeof(g->m->u.call));
	assert_int_equal(g->rows, ASK_ROWS_MAX);
	assert_int_equal(g->ends, 1);
	assert_int_equal(g->error, E_TOO_MANY);
}

// Every type, one octet short and whole; every version.
static void malformed_packets(void **state)
{
	struct rig *g = *state;
	assert_ok(question(g, 0));
	uint32_t request = g->m->request;
	for (uint16_t type = 0; type < IPC_ADMIN_TYPES + 3; type++) {
		size_t least = ask_size_least(type);
		uint64_t before = g->ask.lost;
		if (least == SIZE_MAX) {
			assert_true(packet(g, type, request, 1000));
			assert_int_equal(g->ask.lost, before + 1);
		} else if (least > 0) {
			assert_true(packet(g, type, request, least - 1));
			assert_int_equal(g->ask.lost, before + 1);
		}
	}
	assert_int_equal(g->rows + g->ends, 0);
	g->m->type = IPC_ADMIN_END;
	g->m->version = IPC_ADMIN_VERSION + 1;
	assert_true(ask_packet(&g->ask, ASK_SIGNALLER, g->m, IPC_ADMIN_HEAD));
	assert_true(ask_packet(&g->ask, ASK_SIGNALLER, g->m, 0));
	assert_int_equal(g->ends, 0);
	assert_false(packet(g, IPC_ADMIN_RECORD, 7, sizeof(g->m->u.record))); // no answer: for others
}

static void the_directory_answers_only_its_own(void **state)
{
	struct rig *g = *state;
	assert_ok(question(g, 0));
	g->m->version = IPC_ADMIN_VERSION;
	g->m->type = IPC_ADMIN_END;
	assert_true(ask_packet(&g->ask, ASK_DIRECTORY, g->m, IPC_ADMIN_HEAD));
	assert_int_equal(g->ends, 0);
	assert_int_equal(g->ask.stale, 1);
}

static void numbers_wrap(void **state)
{
	struct rig *g = *state;
	g->ask.next = UINT32_MAX;
	assert_ok(question(g, 0));
	assert_int_equal(g->m->request, 1); // 0 marks a free slot
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(rows_and_end),
		WITH_RIG(deadlines),
		WITH_RIG(questions_are_bounded),
		WITH_RIG(a_far_end_that_does_not_read),
		WITH_RIG(answers_without_end_are_bounded),
		WITH_RIG(malformed_packets),
		WITH_RIG(the_directory_answers_only_its_own),
		WITH_RIG(numbers_wrap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
