// SPDX-License-Identifier: Apache-2.0
// Channels between processes: size, version, descriptors, a slow receiver, the end of the other side.
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

static void set_up(int fd[2])
{
	assert_true(is_ok(channel_pair(fd)));
}

static void tear_down(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static enum error get(int fd, struct note *n, int *fds, uint32_t *count)
{
	return channel_get(fd, &KIND, n, fds, count).error;
}

static void whole_messages_come(void **state)
{
	struct note n = {.version = 3}, got;
	int fd[2], fds[CHANNEL_FDS_MAX];
	uint32_t count;
	UNUSED(state);
	set_up(fd);
	for (n.number = 1; n.number <= 40; n.number++)
		assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), NULL, 0)));
	for (uint32_t i = 1; i <= 40; i++) {
		assert_int_equal(get(fd[0], &got, fds, &count), E_OK);
		assert_int_equal(got.number, i);
		assert_int_equal(count, 0);
	}
	assert_int_equal(get(fd[0], &got, fds, &count), E_AGAIN);
	tear_down(fd);
}

static void others_are_dropped(void **state)
{
	struct note n = {.version = 2}, got;
	uint8_t longer[sizeof(n) + 1] = {3};
	int fd[2], fds[CHANNEL_FDS_MAX];
	uint32_t count;
	UNUSED(state);
	set_up(fd);
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), NULL, 0))); // another version
	n.version = 3;
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n) - 1, NULL, 0)));
	assert_true(is_ok(channel_put(fd[1], longer, sizeof(longer), NULL, 0)));
	n.number = 7;
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), NULL, 0)));
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(get(fd[0], &got, fds, &count), E_SYNTAX);
	assert_int_equal(get(fd[0], &got, fds, &count), E_OK);
	assert_int_equal(got.number, 7);
	tear_down(fd);
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
	struct note n = {.version = 3}, got;
	int fd[2], sent[CHANNEL_FDS_MAX + 1], fds[CHANNEL_FDS_MAX];
	struct stat a, b;
	uint32_t count;
	UNUSED(state);
	set_up(fd);
	for (uint32_t i = 0; i <= CHANNEL_FDS_MAX; i++)
		sent[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int before = open_descriptors();
	assert_int_equal(channel_put(fd[1], &n, sizeof(n), sent, CHANNEL_FDS_MAX + 1).error, E_TOO_MANY);
	n.version = 9; // dropped, with its descriptor
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), sent, 1)));
	assert_int_equal(get(fd[0], &got, fds, &count), E_SYNTAX);
	assert_int_equal(count, 0);
	assert_int_equal(open_descriptors(), before);
	n.version = 3;
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), sent, CHANNEL_FDS_MAX)));
	assert_int_equal(get(fd[0], &got, fds, &count), E_OK);
	assert_int_equal(count, CHANNEL_FDS_MAX);
	assert_int_equal(open_descriptors(), before + CHANNEL_FDS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(fstat(fds[i], &a), 0);
		assert_int_equal(fstat(sent[i], &b), 0);
		assert_int_equal(a.st_rdev, b.st_rdev);
		assert_int_not_equal(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
		close(fds[i]);
	}
	for (uint32_t i = 0; i <= CHANNEL_FDS_MAX; i++)
		close(sent[i]);
	tear_down(fd);
}

// What the kernel does not take stays the sender's; what it took comes in order.
static void a_slow_receiver_is_bounded(void **state)
{
	struct note n = {.version = 3}, got;
	int fd[2], fds[CHANNEL_FDS_MAX];
	uint32_t sent = 0, taken = 0, count;
	result r;
	UNUSED(state);
	set_up(fd);
	do {
		n.number = sent + 1;
		r = channel_put(fd[1], &n, sizeof(n), NULL, 0);
		sent += is_ok(r);
	} while (is_ok(r) && sent < 100000);
	assert_int_equal(r.error, E_AGAIN);
	assert_true(sent > 40);
	while (get(fd[0], &got, fds, &count) == E_OK)
		assert_int_equal(got.number, ++taken);
	assert_int_equal(taken, sent);
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), NULL, 0)));
	tear_down(fd);
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

static void the_end_is_told(void **state)
{
	struct note n = {.version = 3}, got;
	int fd[2], fds[CHANNEL_FDS_MAX];
	uint32_t count;
	UNUSED(state);
	set_up(fd);
	assert_true(is_ok(channel_put(fd[1], &n, sizeof(n), NULL, 0)));
	close(fd[1]);
	assert_int_equal(get(fd[0], &got, fds, &count), E_OK); // it was sent before
	assert_int_equal(get(fd[0], &got, fds, &count), E_CLOSED);
	assert_int_equal(channel_put(fd[0], &n, sizeof(n), NULL, 0).error, E_CLOSED);
	close(fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_messages_come),
		cmocka_unit_test(others_are_dropped),
		cmocka_unit_test(descriptors_travel_and_none_leaks),
		cmocka_unit_test(a_slow_receiver_is_bounded),
		cmocka_unit_test(without_a_loop_only_whole_ones),
		cmocka_unit_test(the_end_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
