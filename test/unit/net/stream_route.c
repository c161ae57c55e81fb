// SPDX-License-Identifier: Apache-2.0
// Which connection a message takes: reuse of those that peers opened (RFC 5923), never of another peer's (RFC 5922); and what
// a turn makes of several messages.
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

// RFC5923: what b sends us comes over its own connection; when the one we dialled has gone, that one serves.
static void accepted_connection_is_reused(void **state)
{
	struct world w;
	char back[16];
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	int fd = fixture_connect(w.f.tls, NULL);
	SSL *s = fixture_tls(fd, &w.b, 0);
	assert_non_null(s);
	assert_int_equal(SSL_write(s, "M00009abc", 9), 9);
	assert_int_equal(SSL_read(s, back, 9), 9);
	struct hop hop = {.transport = TRANSPORT_TLS, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.1", 1)};
	hop.conn = (struct conn_ref){w.f.seen.from.conn.id + 1, 1, 1}; // broken long ago
	fixture_send(&w.f, 0, &hop, "via", 5);
	assert_int_equal(SSL_read(s, back, 9), 9);
	assert_memory_equal(back, "M00009via", 9);
	hop.peer = 1; // but never what is meant for another peer
	fixture_send(&w.f, 0, &hop, "not", 6);
	fixture_await_seen(&w.f, &w.f.seen.undeliverable, 1);
	assert_int_equal(w.f.seen.cookie, 6);
	fixture_tls_end(s);
	close(fd);
	world_stop(&w);
}

// RFC5923: a new request goes over the connection on which its peer proved itself, though that came from a port of the
// peer's choice. Never over another peer's (RFC 5922), not even from the same host; never to another host of the peer.
static void accepted_connection_serves_both_ways(void **state)
{
	struct world w;
	char back[16];
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	int fd = fixture_connect(w.f.tls, "127.0.0.9"), other = fixture_connect(w.f.tls, "127.0.0.9");
	SSL *s = fixture_tls(fd, &w.b, 0), *o = fixture_tls(other, &w.c, 0);
	assert_non_null(s);
	assert_non_null(o);
	fixture_await(&w.f, NET_STREAM_OPENED, 2);
	struct hop hop = {.transport = TRANSPORT_TLS, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.9", 5061)};
	for (uint32_t worker = 0; worker < 2; worker++) { // whoever owns it
		fixture_send(&w.f, worker, &hop, "new", 5);
		assert_int_equal(SSL_read(s, back, 9), 9);
		assert_memory_equal(back, "M00009new", 9);
	}
	hop.peer = 1;
	fixture_send(&w.f, 0, &hop, "for", 6);
	assert_int_equal(SSL_read(o, back, 9), 9);
	assert_int_equal(fixture_seen(&w.f, &w.f.seen.dialled), 0);
	assert_int_equal(net_total(w.f.net, NET_STREAM_REUSED), 3);
	w.f.refuse_dial = true;
	hop.peer = 2; // same host, same authority as b, but nothing here proved to be d
	fixture_send(&w.f, 0, &hop, "for d", 7);
	fixture_await_seen(&w.f, &w.f.seen.undeliverable, 1);
	assert_int_equal(w.f.seen.cookie, 7);
	hop.peer = 0;
	hop.remote = fixture_address("127.0.0.10", 5061); // another of b's hosts
	fixture_send(&w.f, 0, &hop, "there", 8);
	fixture_await_seen(&w.f, &w.f.seen.undeliverable, 2);
	assert_int_equal(w.f.seen.cookie, 8);
	hop.remote = fixture_address("127.0.0.9", 5060);
	hop.transport = TRANSPORT_TCP; // another transport
	fixture_send(&w.f, 0, &hop, "clear", 9);
	fixture_await_seen(&w.f, &w.f.seen.undeliverable, 3);
	hop.transport = TRANSPORT_TLS;
	hop.listener = 0; // another listener
	fixture_send(&w.f, 0, &hop, "core", 10);
	fixture_await_seen(&w.f, &w.f.seen.undeliverable, 4);
	assert_int_equal(fixture_seen(&w.f, &w.f.seen.dialled), 4);
	assert_int_equal(SSL_pending(s) + SSL_pending(o), 0);
	assert_int_equal(net_total(w.f.net, NET_STREAM_SENT), 3);
	fixture_tls_end(s);
	fixture_tls_end(o);
	close(fd);
	close(other);
	world_stop(&w);
}

// A certificate with the names of two peers proves the first of them; the second's messages do not go that way.
static void two_names_one_peer(void **state)
{
	struct world w;
	char back[16];
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	struct pki both = pki_issue(&w.b_ca, &(struct pki_leaf){.names = "URI:sip:b.example,URI:sip:d.example"});
	int fd = fixture_connect(w.f.tls, NULL);
	SSL *s = fixture_tls(fd, &both, 0);
	assert_non_null(s);
	assert_int_equal(SSL_write(s, "M00009abc", 9), 9);
	assert_int_equal(SSL_read(s, back, 9), 9);
	assert_int_equal(w.f.seen.from.tls_peer, 0);
	w.f.refuse_dial = true;
	struct hop hop = {.transport = TRANSPORT_TLS, .listener = FIXTURE_LISTENER,
		.peer = 2, .remote = fixture_address("127.0.0.1", 5061)};
	fixture_send(&w.f, 0, &hop, "for d", 7);
	fixture_await_seen(&w.f, &w.f.seen.undeliverable, 1);
	assert_int_equal(net_total(w.f.net, NET_STREAM_REUSED), 0);
	fixture_tls_end(s);
	close(fd);
	pki_free(&both);
	world_stop(&w);
}

// What one turn sends to one connection is one record, and in order; what is closed in that turn still gets it.
static void a_turn_makes_one_record(void **state)
{
	struct world w;
	char back[64];
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	SSL *s = world_comes_in(&w, &w.b, NULL);
	assert_int_equal(SSL_write(s, "M00009oneM00009twoM00008it\r\n\r\n", 30), 30); // one record: one turn; a ping behind
	assert_int_equal(SSL_read(s, back, sizeof(back)), 28);
	assert_memory_equal(back, "M00009oneM00009twoM00008it\r\n", 28);
	assert_int_equal(SSL_write(s, "M00009endno message", 19), 19); // an echo, and then garbage: closed
	assert_int_equal(SSL_read(s, back, sizeof(back)), 9);
	assert_memory_equal(back, "M00009end", 9);
	assert_true(world_was_closed(s));
	fixture_await(&w.f, NET_STREAM_BAD_FRAME, 1);
	world_leaves(s);
	world_stop(&w);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); // the test's own clients write with plain write(2)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_connection_is_reused),
		cmocka_unit_test(accepted_connection_serves_both_ways),
		cmocka_unit_test(two_names_one_peer),
		cmocka_unit_test(a_turn_makes_one_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
