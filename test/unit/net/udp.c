// SPDX-License-Identifier: Apache-2.0
// Datagrams: batches, sizes up to the limit and beyond, both families, bounds of the queue, bound to all addresses.
#include "fixture.h"

#include "base/memory.h"
#include "net/udp.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

struct one { // one socket in one loop
	struct loop loop;
	struct net_counters counters;
	struct holder holder;
	struct udp *udp;
	struct address at;
	uint32_t received, failed;
	uint64_t octets, cookie;
	struct origin from;
	bool in_order;
	uint32_t again, depth, deepest; // so often a failure is answered by sending again; how deep the calls went
};

static void receive_h(void *ctx, uint8_t *octets, uint32_t n, const struct origin *from, const struct now *now)
{
	struct one *o = ctx;
	uint32_t number;
	UNUSED(now);
	if (n >= sizeof(number)) {
		memcpy(&number, octets, sizeof(number));
		o->in_order = o->in_order && number == o->received;
	}
	octets[0] = (uint8_t)~octets[0]; // the buffer is ours during the call
	o->received++;
	o->octets += n;
	o->from = *from;
}

static void fail_h(void *ctx, listener_id listener, const struct address *to, uint64_t cookie)
{
	struct one *o = ctx;
	o->failed++;
	o->cookie = cookie;
	if (o->again == 0)
		return;
	o->again--;
	o->depth++;
	o->deepest = o->depth > o->deepest ? o->depth : o->deepest;
	struct hop hop = {.listener = listener, .remote = *to};
	for (int i = 0; i < 2; i++) // to the next target, which is no better
		IGNORE_RESULT(udp_send(o->udp, &hop, BYTES("again"), cookie + 1)); // the bound may be reached
	o->depth--;
}

static void set_up(struct one *o, const char *local)
{
	struct net_open_options opt = {.dscp = 46};
	struct udp_handlers h = {receive_h, fail_h, o};
	int fd;
	memset(o, 0, sizeof(*o));
	o->in_order = true;
	holder_thread_begin();
	assert_true(is_ok(loop_init(&o->loop, &o->counters, &o->holder)));
	assert_true(is_ok(udp_new(&o->udp, &o->loop, &h)));
	struct address a = fixture_address(local, 0);
	assert_true(is_ok(net_open_udp(&a, &opt, &fd)));
	o->at = net_local_address(fd);
	int tos = 0;
	socklen_t len = sizeof(tos);
	getsockopt(fd, a.family == 6 ? IPPROTO_IPV6 : IPPROTO_IP, a.family == 6 ? IPV6_TCLASS : IP_TOS, &tos, &len);
	assert_int_equal(tos, 46 << 2);
	assert_true(is_ok(udp_add(o->udp, fd, 3, 2)));
}

static void tear_down(struct one *o)
{
	udp_free(o->udp);
	loop_end(&o->loop);
	holder_thread_end();
}

static int client(const struct one *o, const struct address *to)
{
	struct sockaddr_storage ss;
	struct timeval limit = {5, 0};
	socklen_t n = address_to_sockaddr(to, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM, 0);
	UNUSED(o);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, n), 0);
	return fd;
}

static result send_to(struct one *o, listener_id listener, const struct address *to, struct bytes octets, uint64_t cookie)
{
	struct hop hop = {.listener = listener, .remote = *to};
	return udp_send(o->udp, &hop, octets, cookie);
}

static void a_batch(void **state)
{
	struct one o;
	uint8_t message[900] = {0};
	UNUSED(state);
	set_up(&o, "127.0.0.1");
	int fd = client(&o, &o.at);
	for (uint32_t i = 0; i < 200; i++) {
		memcpy(message, &i, sizeof(i));
		assert_int_equal(send(fd, message, sizeof(message), 0), sizeof(message));
	}
	loop_turn(&o.loop, SECOND);
	assert_int_equal(o.received, 200);
	assert_true(o.in_order);
	assert_int_equal(o.octets, 200 * sizeof(message));
	assert_int_equal(net_counter_get(&o.counters, NET_UDP_BATCHES), 4); // 64 + 64 + 64 + 8
	assert_int_equal(o.from.listener, 3);
	assert_int_equal(o.from.zone, 2);
	assert_true(address_equal(&o.from.local, &o.at));
	struct address me = net_local_address(fd);
	assert_true(address_equal(&o.from.remote, &me));
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t number;
		memcpy(message, &i, sizeof(i));
		assert_true(is_ok(send_to(&o, 3, &o.from.remote, bytes_make(message, sizeof(message)), i)));
		if (i % 50 != 49) // the client's buffer holds no 200
			continue;
		udp_flush(o.udp);
		for (uint32_t j = i - 49; j <= i; j++) {
			assert_int_equal(recv(fd, message, sizeof(message), 0), sizeof(message));
			memcpy(&number, message, sizeof(number));
			assert_int_equal(number, j);
		}
	}
	assert_int_equal(net_counter_get(&o.counters, NET_UDP_SENT), 200);
	close(fd);
	tear_down(&o);
}

static void sizes(void **state)
{
	struct one o;
	static uint8_t big[65528];
	UNUSED(state);
	set_up(&o, "127.0.0.1");
	int fd = client(&o, &o.at);
	assert_int_equal(send(fd, big, UDP_DATAGRAM_MAX, 0), UDP_DATAGRAM_MAX);
	assert_int_equal(send(fd, big, 0, 0), 0);
	assert_int_equal(send(fd, big, 1, 0), 1);
	loop_turn(&o.loop, SECOND);
	assert_int_equal(o.received, 2);
	assert_int_equal(o.octets, UDP_DATAGRAM_MAX + 1);
	assert_int_equal(net_counter_get(&o.counters, NET_UDP_EMPTY), 1);
	const struct address *to = &o.from.remote;
	assert_int_equal(send_to(&o, 3, to, bytes_make(big, 0), 0).error, E_TOO_LONG);
	assert_int_equal(send_to(&o, 3, to, bytes_make(big, UDP_DATAGRAM_MAX + 1), 0).error, E_TOO_LONG);
	assert_true(is_ok(send_to(&o, 3, to, bytes_make(big, UDP_DATAGRAM_MAX), 0)));
	assert_int_equal(send_to(&o, 4, to, bytes_make(big, 1), 0).error, E_NOT_FOUND);
	struct address v6 = fixture_address("::1", 9);
	assert_int_equal(send_to(&o, 3, &v6, bytes_make(big, 1), 0).error, E_NOT_FOUND);
	udp_flush(o.udp);
	assert_int_equal(recv(fd, big, sizeof(big), 0), UDP_DATAGRAM_MAX);
	close(fd);
	tear_down(&o);
}

// IPv6 carries 20 octets more than we take: such a datagram is dropped and counted, never cut.
static void six_and_truncation(void **state)
{
	struct one o;
	static uint8_t big[65528];
	UNUSED(state);
	set_up(&o, "::1");
	int fd = client(&o, &o.at);
	assert_int_equal(send(fd, big, UDP_DATAGRAM_MAX + 1, 0), UDP_DATAGRAM_MAX + 1);
	assert_int_equal(send(fd, big, UDP_DATAGRAM_MAX + 20, 0), UDP_DATAGRAM_MAX + 20);
	assert_int_equal(send(fd, big, UDP_DATAGRAM_MAX, 0), UDP_DATAGRAM_MAX);
	loop_turn(&o.loop, SECOND);
	assert_int_equal(o.received, 1);
	assert_int_equal(net_counter_get(&o.counters, NET_UDP_TRUNCATED), 2);
	assert_int_equal(o.from.remote.family, 6);
	assert_true(is_ok(send_to(&o, 3, &o.from.remote, bytes_make(big, 10), 0)));
	udp_flush(o.udp);
	assert_int_equal(recv(fd, big, sizeof(big), 0), 10);
	close(fd);
	tear_down(&o);
}

static void bound_to_all_addresses(void **state)
{
	struct one o;
	UNUSED(state);
	set_up(&o, "0.0.0.0");
	struct address to = fixture_address("127.0.0.77", o.at.port);
	int fd = client(&o, &to);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	loop_turn(&o.loop, SECOND);
	assert_true(address_equal(&o.from.local, &to));
	close(fd);
	tear_down(&o);
}

// The address that a datagram from O to a client of ours came from; HOP's remote address is set here.
static struct address source_of(struct one *o, struct hop *hop)
{
	struct address any = fixture_address(hop->remote.family == 6 ? "::1" : "127.0.0.1", 0), from = {0};
	struct net_open_options opt = {.exclusive = true};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char c;
	int fd;
	assert_true(is_ok(net_open_udp(&any, &opt, &fd)));
	hop->remote = net_local_address(fd);
	assert_true(is_ok(udp_send(o->udp, hop, BYTES("x"), 0)));
	udp_flush(o->udp);
	assert_int_equal(recvfrom(fd, &c, 1, 0, (struct sockaddr *)&ss, &len), 1);
	assert_true(is_ok(address_from_sockaddr((struct sockaddr *)&ss, len, &from)));
	close(fd);
	return from;
}

// An answer leaves from the address that was asked; what is no answer, from the one that the socket was told.
static void leaves_from_where_it_was_asked(void **state)
{
	struct one o;
	UNUSED(state);
	set_up(&o, "0.0.0.0");
	struct hop hop = {.listener = 3, .remote.family = 4};
	struct address from = source_of(&o, &hop), usual = fixture_address("127.0.0.1", o.at.port);
	assert_true(address_equal(&from, &usual)); // as the kernel chooses
	struct address told = fixture_address("127.0.0.5", o.at.port), asked = fixture_address("127.0.0.77", o.at.port);
	udp_source(o.udp, 3, &told);
	from = source_of(&o, &hop);
	assert_true(address_equal(&from, &told));
	hop.local = asked;
	from = source_of(&o, &hop);
	assert_true(address_equal(&from, &asked));
	hop.local = fixture_address("::1", 1); // of the other family: it means nothing
	from = source_of(&o, &hop);
	assert_true(address_equal(&from, &told));
	hop.local = fixture_address("192.0.2.1", 1); // not ours: refused, never sent from elsewhere
	assert_true(is_ok(udp_send(o.udp, &hop, BYTES("x"), 7)));
	udp_flush(o.udp);
	assert_int_equal(o.failed, 1);
	assert_int_equal(o.cookie, 7);
	tear_down(&o);
}

// A socket that is bound to one address has no choice.
static void one_address_no_choice(void **state)
{
	struct one o;
	UNUSED(state);
	set_up(&o, "127.0.0.1");
	struct hop hop = {.listener = 3, .remote.family = 4, .local = fixture_address("127.0.0.77", o.at.port)};
	udp_source(o.udp, 3, &hop.local);
	struct address from = source_of(&o, &hop);
	assert_true(address_equal(&from, &o.at));
	tear_down(&o);
}

static void six_from_where_it_was_asked(void **state)
{
	struct one o;
	UNUSED(state);
	set_up(&o, "::");
	struct hop hop = {.listener = 3, .remote.family = 6, .local = fixture_address("::1", o.at.port)};
	struct address from = source_of(&o, &hop);
	assert_true(address_equal(&from, &hop.local));
	hop.local = fixture_address("2001:db8::1", o.at.port); // not ours
	assert_true(is_ok(udp_send(o.udp, &hop, BYTES("x"), 7)));
	udp_flush(o.udp);
	assert_int_equal(o.failed, 1);
	tear_down(&o);
}

// Two of one listener and family: which one would answer?
static void a_second_of_a_kind(void **state)
{
	struct one o;
	struct net_open_options opt = {.exclusive = true};
	struct address a = fixture_address("127.0.0.2", 0);
	int fd;
	UNUSED(state);
	set_up(&o, "127.0.0.1");
	assert_true(is_ok(net_open_udp(&a, &opt, &fd)));
	assert_int_equal(udp_add(o.udp, fd, 3, 2).error, E_FULL);
	assert_true(is_ok(net_open_udp(&a, &opt, &fd)));
	assert_true(is_ok(udp_add(o.udp, fd, 4, 2)));
	tear_down(&o);
}

static void refused_ones_are_told(void **state)
{
	struct one o;
	UNUSED(state);
	set_up(&o, "127.0.0.1");
	struct address outside = fixture_address("192.0.2.1", 5060); // a loopback source cannot go there
	struct address inside = o.at;
	assert_true(is_ok(send_to(&o, 3, &outside, BYTES("lost"), 11)));
	assert_true(is_ok(send_to(&o, 3, &inside, BYTES("here"), 12)));
	udp_flush(o.udp);
	assert_int_equal(o.failed, 1);
	assert_int_equal(o.cookie, 11);
	assert_int_equal(net_counter_get(&o.counters, NET_UDP_SEND_ERROR), 1);
	loop_turn(&o.loop, SECOND);
	assert_int_equal(o.received, 1); // the one behind it went
	tear_down(&o);
}

// Who hears of a failure sends to the next target at once. When the kernel refuses everything and the queue is full, that
// must not go deeper with each: the stack is not as deep as the queue is long.
static void refused_ones_do_not_nest(void **state)
{
	struct one o;
	UNUSED(state);
	set_up(&o, "127.0.0.1");
	struct address outside = fixture_address("192.0.2.1", 5060);
	o.again = 3 * UDP_QUEUE;
	for (uint32_t i = 0; i < UDP_QUEUE; i++)
		assert_true(is_ok(send_to(&o, 3, &outside, BYTES("lost"), i)));
	assert_true(is_ok(send_to(&o, 3, &outside, BYTES("one more"), UDP_QUEUE))); // makes room
	assert_int_equal(o.failed, 0); // nobody is called within his own send
	udp_flush(o.udp);
	assert_int_equal(o.deepest, 1);
	assert_int_equal(o.again, 0);
	// Each is told once: what was taken was sent or refused, what was not taken was counted.
	uint64_t taken = UDP_QUEUE + 1 + 2 * 3 * UDP_QUEUE - net_counter_get(&o.counters, NET_UDP_QUEUE_FULL);
	assert_int_equal(o.failed, taken);
	assert_int_equal(net_counter_get(&o.counters, NET_UDP_SEND_ERROR), taken);
	struct address inside = o.at;
	assert_true(is_ok(send_to(&o, 3, &inside, BYTES("here"), 1)));
	udp_flush(o.udp);
	loop_turn(&o.loop, SECOND);
	assert_int_equal(o.received, 1);
	tear_down(&o);
}

static void out_of_memory(void **state)
{
	struct net *n = NULL;
	struct net_config config = {.workers = 2, .max_connections = 10, .max_connections_per_source = 2,
		.message_max = 1000, .handshake_us = SECOND, .frame_us = SECOND, .idle_us = SECOND};
	UNUSED(state);
	uint32_t failures = 0;
	for (uint64_t nth = 1; nth < 200; nth++) {
		memory_fail_nth(nth);
		result r = net_new(&n, &config);
		memory_fail_nth(0);
		if (is_ok(r))
			break;
		assert_int_equal(r.error, E_NO_MEMORY);
		assert_null(n);
		failures++;
	}
	assert_true(failures > 5);
	net_free(n);
	config.workers = 0;
	assert_int_equal(net_new(&n, &config).error, E_CONFIG);
	config.workers = NET_WORKERS_MAX + 1;
	assert_int_equal(net_new(&n, &config).error, E_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch),
		cmocka_unit_test(sizes),
		cmocka_unit_test(six_and_truncation),
		cmocka_unit_test(bound_to_all_addresses),
		cmocka_unit_test(leaves_from_where_it_was_asked),
		cmocka_unit_test(one_address_no_choice),
		cmocka_unit_test(six_from_where_it_was_asked),
		cmocka_unit_test(a_second_of_a_kind),
		cmocka_unit_test(refused_ones_are_told),
		cmocka_unit_test(refused_ones_do_not_nest),
		cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
