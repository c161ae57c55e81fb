// SPDX-License-Identifier: Apache-2.0
// Streams: messages in pieces and together, keep-alives, garbage, slow and silent senders, deaf receivers,
// caps, connections that we make, reuse of them, and what cannot be delivered.
#include "fixture.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void nap_ms(uint32_t ms)
{
	nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static void octet_by_octet(void **state)
{
	struct fixture f;
	char back[64];
	static const char two[] = "M00012abcdefM00009xyz";
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	int fd = fixture_connect(f.tcp, NULL);
	for (size_t i = 0; i + 1 < sizeof(two); i++) {
		fixture_write(fd, two + i, 1);
		if (i % 4 == 0)
			nap_ms(1);
	}
	assert_true(fixture_read(fd, back, sizeof(two) - 1));
	assert_memory_equal(back, two, sizeof(two) - 1);
	assert_int_equal(fixture_seen(&f, &f.seen.received), 2);
	close(fd);
	fixture_stop(&f);
}

// Every split of two messages in two pieces gives the same two messages.
static void every_split(void **state)
{
	struct fixture f;
	char back[64];
	static const char two[] = "\r\nM00012abcdef\r\nM00009xyz";
	uint32_t n = sizeof(two) - 1;
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	for (uint32_t at = 1; at < n; at++) {
		int fd = fixture_connect(f.tcp, NULL);
		fixture_write(fd, two, at);
		nap_ms(2);
		fixture_write(fd, two + at, n - at);
		assert_true(fixture_read(fd, back, 21));
		assert_memory_equal(back, "M00012abcdefM00009xyz", 21);
		close(fd);
	}
	assert_int_equal(fixture_seen(&f, &f.seen.received), 2 * (n - 1));
	fixture_stop(&f);
}

static void many_together(void **state)
{
	struct fixture f;
	char out[12 * 500 + 1], back[12 * 500];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(snprintf(out + (size_t)12 * i, 13, "M00012%06u", i), 12);
	int fd = fixture_connect(f.tcp, NULL);
	fixture_write(fd, out, sizeof(back));
	assert_true(fixture_read(fd, back, sizeof(back)));
	assert_memory_equal(back, out, sizeof(back));
	close(fd);
	fixture_stop(&f);
}

static void longest_message(void **state)
{
	struct fixture f;
	static char out[FIXTURE_MESSAGE_MAX], back[FIXTURE_MESSAGE_MAX];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	memset(out, 'x', sizeof(out));
	memcpy(out, "M60000", 6);
	int fd = fixture_connect(f.tcp, NULL);
	fixture_write(fd, out, 100);
	nap_ms(10);
	fixture_write(fd, out + 100, sizeof(out) - 100);
	assert_true(fixture_read(fd, back, sizeof(back)));
	assert_memory_equal(back, out, sizeof(out));
	fixture_write(fd, "M60001", 6); // limit + 1
	assert_true(fixture_ended(fd));
	fixture_await(&f, NET_STREAM_BAD_FRAME, 1);
	close(fd);
	fixture_stop(&f);
}

static void keepalives(void **state)
{
	struct fixture f;
	char back[64];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	int fd = fixture_connect(f.tcp, NULL);
	fixture_write(fd, "\r\n\r\n", 4); // ping
	assert_true(fixture_read(fd, back, 2));
	assert_memory_equal(back, "\r\n", 2);
	fixture_write(fd, "\r\n", 2); // pong of theirs, or a stray line: nothing
	fixture_write(fd, "M00007x", 7);
	assert_true(fixture_read(fd, back, 7));
	assert_memory_equal(back, "M00007x", 7);
	for (int i = 0; i < 50; i++)
		fixture_write(fd, "\r\n\r\n", 4);
	fixture_await(&f, NET_STREAM_PING, 51);
	assert_true(net_total(f.net, NET_STREAM_PING_FLOOD) >= 40); // answers are bounded
	fixture_write(fd, "\rM", 2); // a CR alone is no keep-alive
	assert_true(fixture_ended(fd));
	fixture_await(&f, NET_STREAM_BAD_FRAME, 1);
	close(fd);
	fixture_stop(&f);
}

static void garbage(void **state)
{
	struct fixture f;
	static const char *const junk[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "M-0001", "M00000",
		"M00005", "\n", "\x00\x00"};
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
		int fd = fixture_connect(f.tcp, NULL);
		fixture_write(fd, junk[i], strlen(junk[i]) > 0 ? strlen(junk[i]) : 2);
		assert_true(fixture_ended(fd));
		close(fd);
	}
	fixture_await(&f, NET_STREAM_BAD_FRAME, ARRAY_LEN(junk));
	assert_int_equal(fixture_seen(&f, &f.seen.received), 0);
	fixture_stop(&f);
}

// SF-A6: a header without end is held up to a bound, not for ever.
static void header_without_end(void **state)
{
	struct fixture f;
	char junk[1024];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.frame_us = 20 * SECOND});
	memset(junk, '?', sizeof(junk));
	int fd = fixture_connect(f.tcp, NULL);
	fixture_write(fd, "M", 1);
	for (int i = 0; i < 64; i++)
		if (send(fd, junk, sizeof(junk), MSG_NOSIGNAL) < 0)
			break;
	assert_true(fixture_ended(fd));
	fixture_await(&f, NET_STREAM_TOO_LONG, 1);
	close(fd);
	fixture_stop(&f);
}

// SF-A6: a header in pieces is looked at once, not once more with every piece.
static void header_in_pieces(void **state)
{
	enum { PIECE = 10, PIECES = 1500 };
	struct fixture f;
	char junk[PIECE];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.frame_us = 20 * SECOND});
	memset(junk, '?', sizeof(junk));
	int fd = fixture_connect(f.tcp, NULL);
	fixture_write(fd, "M", 1);
	uint64_t before = fixture_framed;
	for (int i = 0; i < PIECES; i++) {
		fixture_write(fd, junk, sizeof(junk));
		if (i % 10 == 0)
			nap_ms(1); // so that they come apart
	}
	for (int i = 0; i < 2000 && fixture_framed - before < PIECE * PIECES; i++)
		nap_ms(1);
	assert_in_range(fixture_framed - before, PIECE * PIECES, PIECE * PIECES + 1); // the first octet may be among them
	close(fd);
	fixture_stop(&f);
}

// SF-A6: a message that was begun must end in time, however steadily its octets drip.
static void slow_sender(void **state)
{
	struct fixture f;
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.frame_us = 200 * MS});
	int fd = fixture_connect(f.tcp, NULL);
	fixture_write(fd, "M00100", 6);
	for (int i = 0; i < 40; i++) {
		nap_ms(20);
		if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
			break;
	}
	assert_true(fixture_ended(fd));
	fixture_await(&f, NET_STREAM_FRAME_TIMEOUT, 1);
	fixture_await_seen(&f, &f.seen.closed, 1);
	close(fd);
	fixture_stop(&f);
}

static void silent_connection(void **state)
{
	struct fixture f;
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.idle_us = 200 * MS});
	int fd = fixture_connect(f.tcp, NULL);
	assert_true(fixture_ended(fd));
	fixture_await(&f, NET_STREAM_IDLE_TIMEOUT, 1);
	close(fd);
	fixture_stop(&f);
}

// After a reload: earlier deadlines count for connections that are open, and a smaller share for those to come.
static void limits_change(void **state)
{
	struct fixture f;
	static struct net_counters counters;
	struct net_limits l = {2, SECOND, 20 * SECOND, 20 * SECOND};
	int fd[3];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.frame_us = 20 * SECOND, .idle_us = 20 * SECOND, .per_source = 10});
	for (int i = 0; i < 3; i++)
		fd[i] = fixture_connect(f.tcp, NULL);
	fixture_await(&f, NET_STREAM_OPENED, 3);
	net_set_limits(f.net, &l, &counters);
	int more = fixture_connect(f.tcp, NULL);
	assert_true(fixture_ended(more));
	close(more);
	fixture_await(&f, NET_STREAM_REFUSED_SOURCE, 1);
	assert_int_equal(net_total(f.net, NET_STREAM_CLOSED), 0); // those that are there stay
	l.idle_us = 300 * MS;
	net_set_limits(f.net, &l, &counters);
	for (int i = 0; i < 3; i++) {
		assert_true(fixture_ended(fd[i])); // a fixture's client waits for 5 s, not for 20
		close(fd[i]);
	}
	fixture_stop(&f);
}

static void caps_hold(void **state)
{
	struct fixture f;
	int fd[6];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.per_source = 3, .total = 5});
	for (int i = 0; i < 3; i++)
		fd[i] = fixture_connect(f.tcp, "127.0.0.2");
	fixture_await(&f, NET_STREAM_OPENED, 3);
	int more = fixture_connect(f.tcp, "127.0.0.2");
	assert_true(fixture_ended(more));
	assert_int_equal(net_total(f.net, NET_STREAM_REFUSED_SOURCE), 1);
	close(more);
	fd[3] = fixture_connect(f.tcp, "127.0.0.3"); // another source still may
	fd[4] = fixture_connect(f.tcp, "127.0.0.4");
	fixture_await(&f, NET_STREAM_OPENED, 5);
	more = fixture_connect(f.tcp, "127.0.0.5");
	assert_true(fixture_ended(more));
	assert_int_equal(net_total(f.net, NET_STREAM_REFUSED_TOTAL), 1);
	close(more);
	for (int i = 0; i < 5; i++)
		close(fd[i]);
	fixture_await(&f, NET_STREAM_CLOSED, 5);
	more = fixture_connect(f.tcp, "127.0.0.2"); // places came back
	fixture_await(&f, NET_STREAM_OPENED, 6);
	close(more);
	fixture_stop(&f);
}

// SF-A6: a far side that sends and never reads is closed, not buffered for ever.
static void deaf_receiver(void **state)
{
	struct fixture f;
	static char out[FIXTURE_MESSAGE_MAX];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.idle_us = 20 * SECOND});
	memset(out, 'x', sizeof(out));
	memcpy(out, "M60000", 6);
	int fd = fixture_connect(f.tcp, NULL);
	struct timeval limit = {5, 0};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	for (int i = 0; i < 2000 && net_total(f.net, NET_STREAM_SLOW_READER) == 0; i++)
		if (send(fd, out, sizeof(out), MSG_NOSIGNAL) < 0)
			break;
	fixture_await(&f, NET_STREAM_SLOW_READER, 1);
	close(fd);
	fixture_stop(&f);
}

static const struct fixture_peer PEER = {"b", NULL, NULL, "127.0.0.0/8"};

// One connection for all workers: dialled once, reused by everybody, reopened when it broke.
static void dial_and_reuse(void **state)
{
	struct fixture f;
	uint16_t port;
	char back[64];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.peer = &PEER, .peers = 1});
	int l = fixture_listen_on(&port);
	struct hop hop = {.transport = TRANSPORT_TCP, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.1", port)};
	fixture_send(&f, 0, &hop, "one", 1);
	int c = fixture_accept_on(l);
	assert_true(fixture_read(c, back, 9));
	assert_memory_equal(back, "M00009one", 9);
	fixture_send(&f, 1, &hop, "two", 2); // the other worker
	assert_true(fixture_read(c, back, 9));
	assert_memory_equal(back, "M00009two", 9);
	fixture_write(c, "M00009abc", 9); // a reply is echoed on the same connection
	assert_true(fixture_read(c, back, 9));
	assert_int_equal(fixture_seen(&f, &f.seen.dialled), 1);
	assert_int_equal(f.seen.from.zone, FIXTURE_ZONE); // of the listener that it was dialled for
	hop.conn = f.seen.from.conn;
	fixture_close(&f, 1 - hop.conn.worker, &hop.conn); // asked for by a worker that does not own it
	assert_true(fixture_ended(c));
	fixture_await_seen(&f, &f.seen.closed, 1);
	assert_int_equal(net_total(f.net, NET_STREAM_REFUSED), 1);
	close(c);
	fixture_send(&f, 1, &hop, "six", 3); // named connection is gone: a new one
	c = fixture_accept_on(l);
	assert_true(fixture_read(c, back, 9));
	assert_memory_equal(back, "M00009six", 9);
	assert_int_equal(fixture_seen(&f, &f.seen.dialled), 2);
	assert_int_equal(fixture_seen(&f, &f.seen.undeliverable), 0);
	close(c);
	close(l);
	fixture_stop(&f);
}

// A connection that we dialled is kept open by pings; one that came in is not.
static void dialled_ones_are_kept_open(void **state)
{
	struct fixture f;
	uint16_t port;
	char back[64];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){
				  .peer = &PEER, .peers = 1, .ping_us = 100 * MS, .idle_us = 250 * MS});
	int l = fixture_listen_on(&port), in = fixture_connect(f.tcp, NULL);
	struct hop hop = {.transport = TRANSPORT_TCP, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.1", port)};
	fixture_send(&f, 0, &hop, "one", 1);
	int c = fixture_accept_on(l);
	assert_true(fixture_read(c, back, 9 + 16));
	assert_memory_equal(back, "M00009one\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", 25);
	assert_true(net_total(f.net, NET_STREAM_PING_SENT) >= 4);
	assert_true(fixture_ended(in));
	assert_int_equal(net_total(f.net, NET_STREAM_IDLE_TIMEOUT), 1);
	assert_int_equal(fixture_seen(&f, &f.seen.closed), 1);
	close(in);
	close(c);
	close(l);
	fixture_stop(&f);
}

// RFC5626#4.4.1: who has answered a ping must answer the next, or say anything else, within the time of a pong.
static void a_missing_pong_is_noticed(void **state)
{
	struct fixture f;
	uint16_t port;
	char back[64];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.peer = &PEER, .peers = 1, .ping_us = 100 * MS, .pong_us = 800 * MS});
	int l = fixture_listen_on(&port);
	struct hop hop = {.transport = TRANSPORT_TCP, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.1", port)};
	f.silent = true;
	fixture_send(&f, 0, &hop, "one", 1);
	int c = fixture_accept_on(l);
	assert_true(fixture_read(c, back, 9 + 8)); // two pings, none answered: not every peer knows the custom
	assert_int_equal(net_total(f.net, NET_STREAM_PONG_TIMEOUT), 0);
	fixture_write(c, "\r\n", 2); // the second is
	assert_true(fixture_read(c, back, 4));
	fixture_write(c, "\r\n", 2);
	assert_true(fixture_read(c, back, 4));
	fixture_await(&f, NET_STREAM_PONG, 2);
	assert_int_equal(net_total(f.net, NET_STREAM_PING), 0); // two pongs make no ping
	fixture_write(c, "M00009abc", 9); // a message shows life too
	assert_true(fixture_read(c, back, 4));
	fixture_write(c, "\r\nM00009abc", 11); // a pong and a message in one
	fixture_await(&f, NET_STREAM_PONG, 3);
	fixture_await(&f, NET_STREAM_RECEIVED, 2);
	assert_int_equal(net_total(f.net, NET_STREAM_PONG_TIMEOUT), 0);
	assert_true(fixture_read(c, back, 4)); // and to this one nothing is said
	assert_true(fixture_ended(c));
	fixture_await_seen(&f, &f.seen.closed, 1);
	assert_int_equal(net_total(f.net, NET_STREAM_PONG_TIMEOUT), 1);
	close(c);
	fixture_send(&f, 1, &hop, "two", 2); // the next message opens a new one
	c = fixture_accept_on(l);
	assert_true(fixture_read(c, back, 9));
	close(c);
	close(l);
	fixture_stop(&f);
}

static void undeliverable(void **state)
{
	struct fixture f;
	uint16_t port;
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.peer = &PEER, .peers = 1});
	int l = fixture_listen_on(&port);
	close(l); // nobody listens there now
	struct hop hop = {.transport = TRANSPORT_TCP, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.1", port)};
	fixture_send(&f, 0, &hop, "one", 7);
	fixture_await_seen(&f, &f.seen.undeliverable, 1);
	assert_int_equal(f.seen.cookie, 7);
	assert_int_equal(f.seen.why, E_CLOSED);
	f.refuse_dial = true;
	fixture_send(&f, 1, &hop, "two", 8);
	fixture_await_seen(&f, &f.seen.undeliverable, 2);
	assert_int_equal(f.seen.cookie, 8);
	hop.peer = PEER_NONE; // nobody dials a stranger
	fixture_send(&f, 1, &hop, "three", 9);
	fixture_await_seen(&f, &f.seen.undeliverable, 3);
	hop.peer = 0;
	hop.transport = TRANSPORT_TLS; // no handshake threads here
	fixture_send(&f, 1, &hop, "four", 10);
	fixture_await_seen(&f, &f.seen.undeliverable, 4);
	hop.transport = TRANSPORT_DTLS;
	fixture_send(&f, 1, &hop, "five", 11);
	fixture_await_seen(&f, &f.seen.undeliverable, 5);
	assert_int_equal(net_connections(f.net), 0);
	fixture_stop(&f);
}

// Each allocation on the way of a message fails once: the connection may die, nothing else may.
static void out_of_memory(void **state)
{
	struct fixture f;
	char back[64];
	uint32_t lost = 0, came = 0;
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.frame_us = 300 * MS, .idle_us = SECOND});
	for (uint64_t nth = 1; nth <= 12; nth++) {
		int fd = fixture_connect(f.tcp, NULL);
		memory_fail_nth(nth);
		fixture_write(fd, "M00009a", 7);
		nap_ms(10);
		if (send(fd, "bc", 2, MSG_NOSIGNAL) == 2 && fixture_read(fd, back, 9))
			came++;
		else
			lost++;
		memory_fail_nth(0);
		close(fd);
	}
	assert_true(lost >= 1);
	assert_true(came >= 1);
	for (uint32_t i = 0; i < 1000 && net_connections(f.net) > 0; i++)
		nap_ms(2);
	assert_int_equal(net_connections(f.net), 0);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octet_by_octet),
		cmocka_unit_test(every_split),
		cmocka_unit_test(many_together),
		cmocka_unit_test(longest_message),
		cmocka_unit_test(keepalives),
		cmocka_unit_test(garbage),
		cmocka_unit_test(header_without_end),
		cmocka_unit_test(header_in_pieces),
		cmocka_unit_test(slow_sender),
		cmocka_unit_test(silent_connection),
		cmocka_unit_test(limits_change),
		cmocka_unit_test(caps_hold),
		cmocka_unit_test(deaf_receiver),
		cmocka_unit_test(dial_and_reuse),
		cmocka_unit_test(dialled_ones_are_kept_open),
		cmocka_unit_test(a_missing_pong_is_noticed),
		cmocka_unit_test(undeliverable),
		cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
