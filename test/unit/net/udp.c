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
	UNUSED(listener);
	UNUSED(to);
	o->failed++;
	o->cookie = cookie;
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
		assert_true(is_ok(udp_send(o.udp, 3, &o.from.remote, bytes_make(message, sizeof(message)), i)));
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
	assert_int_equal(udp_send(o.udp, 3, to, bytes_make(big, 0), 0).error, E_TOO_LONG);
	assert_int_equal(udp_send(o.udp, 3, to, bytes_make(big, UDP_DATAGRAM_MAX + 1), 0).error, E_TOO_LONG);
	assert_true(is_ok(udp_send(o.udp, 3, to, bytes_make(big, UDP_DATAGRAM_MAX), 0)));
	assert_int_equal(udp_send(o.udp, 4, to, bytes_make(big, 1), 0).error, E_NOT_FOUND);
	struct address v6 = fixture_address("::1", 9);
	assert_int_equal(udp_send(o.udp, 3, &v6, bytes_make(big, 1), 0).error, E_NOT_FOUND);
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
	assert_true(is_ok(udp_send(o.udp, 3, &o.from.remote, bytes_make(big, 10), 0)));
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

static void refused_ones_are_told(void **state)
{
	struct one o;
	UNUSED(state);
	set_up(&o, "127.0.0.1");
	struct address outside = fixture_address("192.0.2.1", 5060); // a loopback source cannot go there
	struct address inside = o.at;
	assert_true(is_ok(udp_send(o.udp, 3, &outside, BYTES("lost"), 11)));
	assert_true(is_ok(udp_send(o.udp, 3, &inside, BYTES("here"), 12)));
	udp_flush(o.udp);
	assert_int_equal(o.failed, 1);
	assert_int_equal(o.cookie, 11);
	assert_int_equal(net_counter_get(&o.counters, NET_UDP_SEND_ERROR), 1);
	loop_turn(&o.loop, SECOND);
	assert_int_equal(o.received, 1); // the one behind it went
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
		cmocka_unit_test(refused_ones_are_told),
		cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
