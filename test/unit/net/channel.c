// SPDX-License-Identifier: Apache-2.0
// Channels between processes: size, version, descriptors, bounds, the end of the other side.
#include "fixture.h"

#include "net/channel.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct note {
	uint16_t version, type;
	uint32_t number;
	uint8_t filling[1000];
};

static const struct channel_kind KIND = {sizeof(struct note), 3};

struct seen {
	uint32_t count, last, fds, ended;
	bool take;
	int fd;
};

struct end_of_it { // one loop with a channel, and the bare descriptor of the other side
	struct loop loop;
	struct net_counters counters;
	struct holder holder;
	struct channel *channel;
	struct seen seen;
	int other;
};

static void receive_h(void *ctx, const void *message, int *fds, uint32_t count)
{
	struct seen *s = ctx;
	const struct note *n = message;
	s->count++;
	s->last = n->number;
	s->fds += count;
	if (s->take && count > 0) {
		s->fd = fds[0];
		fds[0] = -1;
	}
}

static void ended_h(void *ctx)
{
	((struct seen *)ctx)->ended++;
}

static void set_up(struct end_of_it *e)
{
	int fd[2];
	memset(e, 0, sizeof(*e));
	assert_true(is_ok(channel_pair(fd)));
	assert_true(is_ok(loop_init(&e->loop, &e->counters, &e->holder)));
	holder_thread_begin();
	struct channel_handlers h = {receive_h, ended_h, &e->seen};
	assert_true(is_ok(channel_new(&e->channel, &e->loop, fd[0], &KIND, &h)));
	e->other = fd[1];
}

static void tear_down(struct end_of_it *e)
{
	channel_free(e->channel);
	loop_end(&e->loop);
	holder_thread_end();
	if (e->other >= 0)
		close(e->other);
}

static void whole_messages_come(void **state)
{
	struct end_of_it e;
	struct note n = {.version = 3};
	UNUSED(state);
	set_up(&e);
	for (n.number = 1; n.number <= 40; n.number++)
		assert_true(is_ok(channel_put(e.other, &n, sizeof(n), NULL, 0)));
	loop_turn(&e.loop, SECOND);
	assert_int_equal(e.seen.count, 40);
	assert_int_equal(e.seen.last, 40);
	tear_down(&e);
}

static void others_are_dropped(void **state)
{
	struct end_of_it e;
	struct note n = {.version = 2};
	uint8_t longer[sizeof(n) + 1] = {3};
	UNUSED(state);
	set_up(&e);
	assert_true(is_ok(channel_put(e.other, &n, sizeof(n), NULL, 0))); // another version
	n.version = 3;
	assert_true(is_ok(channel_put(e.other, &n, sizeof(n) - 1, NULL, 0)));
	assert_true(is_ok(channel_put(e.other, longer, sizeof(longer), NULL, 0)));
	assert_true(is_ok(channel_put(e.other, &n, sizeof(n), NULL, 0)));
	loop_turn(&e.loop, SECOND);
	assert_int_equal(e.seen.count, 1);
	assert_int_equal(net_counter_get(&e.counters, NET_CHANNEL_BAD), 3);
	tear_down(&e);
}

static int open_descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void descriptors_travel_and_none_leaks(void **state)
{
	struct end_of_it e;
	struct note n = {.version = 3};
	UNUSED(state);
	set_up(&e);
	int fds[CHANNEL_FDS_MAX + 1];
	for (uint32_t i = 0; i <= CHANNEL_FDS_MAX; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int before = open_descriptors();
	assert_true(is_ok(channel_put(e.other, &n, sizeof(n), fds, CHANNEL_FDS_MAX)));
	assert_int_equal(channel_put(e.other, &n, sizeof(n), fds, CHANNEL_FDS_MAX + 1).error, E_TOO_MANY);
	n.version = 9; // dropped, with its descriptor
	assert_true(is_ok(channel_put(e.other, &n, sizeof(n), fds, 1)));
	loop_turn(&e.loop, SECOND);
	assert_int_equal(e.seen.fds, CHANNEL_FDS_MAX);
	assert_int_equal(open_descriptors(), before);
	e.seen.take = true;
	n.version = 3;
	assert_true(is_ok(channel_put(e.other, &n, sizeof(n), fds, 1)));
	loop_turn(&e.loop, SECOND);
	struct stat a, b;
	assert_int_equal(fstat(e.seen.fd, &a), 0);
	assert_int_equal(fstat(fds[0], &b), 0);
	assert_int_equal(a.st_rdev, b.st_rdev);
	assert_int_not_equal(fcntl(e.seen.fd, F_GETFD) & FD_CLOEXEC, 0);
	close(e.seen.fd);
	for (uint32_t i = 0; i <= CHANNEL_FDS_MAX; i++)
		close(fds[i]);
	tear_down(&e);
}

static void a_slow_receiver_is_bounded(void **state)
{
	struct end_of_it e;
	struct note n = {.version = 3}, got;
	uint32_t sent = 0, taken = 0, count;
	int fds[CHANNEL_FDS_MAX];
	UNUSED(state);
	set_up(&e);
	result r;
	do {
		n.number = ++sent;
		r = channel_send(e.channel, &n, NULL, 0);
	} while (is_ok(r) && sent < 100000);
	assert_int_equal(r.error, E_FULL);
	sent--;
	assert_int_equal(channel_waiting(e.channel), CHANNEL_QUEUE_MAX);
	assert_int_equal(net_counter_get(&e.counters, NET_CHANNEL_FULL), 1);
	for (uint32_t turn = 0; taken < sent && turn < 10000; turn++) {
		while (is_ok(channel_get(e.other, &KIND, &got, fds, &count)))
			assert_int_equal(got.number, ++taken); // in order
		loop_turn(&e.loop, MS);
	}
	assert_int_equal(taken, sent);
	assert_int_equal(channel_waiting(e.channel), 0);
	tear_down(&e);
}

// As the signaller hears media: what is longer than a message must not pass as one that was cut.
static void without_a_loop_only_whole_ones(void **state)
{
	struct note n = {.version = 3, .number = 7}, got;
	struct {
		struct note note;
		uint8_t more[4];
	} longer = {.note = n};
	uint32_t count;
	int fd[2], fds[CHANNEL_FDS_MAX];
	UNUSED(state);
	assert_true(is_ok(channel_pair(fd)));
	assert_true(is_ok(channel_put(fd[1], &longer, sizeof(longer), NULL, 0)));
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n) - 1, NULL, 0)));
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), NULL, 0)));
	assert_int_equal(channel_get(fd[0], &KIND, &got, fds, &count).error, E_SYNTAX);
	assert_int_equal(channel_get(fd[0], &KIND, &got, fds, &count).error, E_SYNTAX);
	assert_true(is_ok(channel_get(fd[0], &KIND, &got, fds, &count)));
	assert_int_equal(got.number, 7);
	assert_int_equal(channel_get(fd[0], &KIND, &got, fds, &count).error, E_AGAIN);
	close(fd[1]);
	assert_int_equal(channel_get(fd[0], &KIND, &got, fds, &count).error, E_CLOSED);
	close(fd[0]);
}

static void the_end_is_told_once(void **state)
{
	struct end_of_it e;
	struct note n = {.version = 3};
	UNUSED(state);
	set_up(&e);
	assert_true(is_ok(channel_put(e.other, &n, sizeof(n), NULL, 0)));
	close(e.other);
	e.other = -1;
	loop_turn(&e.loop, SECOND);
	loop_turn(&e.loop, MS);
	assert_int_equal(e.seen.count, 1);
	assert_int_equal(e.seen.ended, 1);
	assert_int_equal(channel_send(e.channel, &n, NULL, 0).error, E_CLOSED);
	tear_down(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_messages_come),
		cmocka_unit_test(others_are_dropped),
		cmocka_unit_test(descriptors_travel_and_none_leaks),
		cmocka_unit_test(a_slow_receiver_is_bounded),
		cmocka_unit_test(without_a_loop_only_whole_ones),
		cmocka_unit_test(the_end_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
