// SPDX-License-Identifier: Apache-2.0
// Who may shake hands: the right certificate, and each way in which it can be wrong (RFC 5922, SF-I10, LRF-I1).
#include "world.h"

#include "base/memory.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void issue_and_refuse(struct world *w, const struct pki *by, const struct pki_leaf *leaf, enum net_counter why)
{
	uint64_t before = net_total(w->f.net, why);
	struct pki p = pki_issue(by, leaf);
	assert_false(world_gets_through(w, &p, TLS1_3_VERSION, NULL));
	fixture_await(&w->f, why, before + 1);
	assert_false(world_gets_through(w, &p, TLS1_2_VERSION, NULL));
	fixture_await(&w->f, why, before + 2);
	pki_free(&p);
}

static void right_ones_come_in(void **state)
{
	struct world w;
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	assert_true(world_gets_through(&w, &w.b, 0, NULL));
	assert_int_equal(w.f.seen.from.tls_peer, 0);
	assert_int_equal(w.f.seen.from.transport, TRANSPORT_TLS);
	assert_true(world_gets_through(&w, &w.c, 0, "127.0.0.9"));
	assert_int_equal(w.f.seen.from.tls_peer, 1);
	static const struct pki_leaf leaves[] = {
		{.names = "DNS:B.Example"},                           // any case
		{.names = "URI:sip:b.example"},                       // the URI form
		{.names = "DNS:x.example,DNS:b.example"},             // one of several
		{.names = "URI:sip:b.example,DNS:nobody.example"},
		{.names = "DNS:b.example", .key = PKI_RSA2048},
		{.names = "DNS:b.example", .key = PKI_P384},
	};
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		struct pki p = pki_issue(&w.b_ca, &leaves[i]);
		assert_true(world_gets_through(&w, &p, i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION, NULL));
		assert_int_equal(w.f.seen.from.tls_peer, 0);
		pki_free(&p);
	}
	struct pki d = pki_issue(&w.b_ca, &(struct pki_leaf){.names = "URI:sip:d.example"});
	assert_true(world_gets_through(&w, &d, 0, NULL));
	assert_int_equal(w.f.seen.from.tls_peer, 2);
	pki_free(&d);
	world_stop(&w);
}

static void wrong_ones_stay_out(void **state)
{
	struct world w;
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	static const struct {
		bool by_c; // else by b's authority
		struct pki_leaf leaf;
		enum net_counter why;
	} rows[] = {
		{false, {.names = "DNS:b.example", .from_days = -20, .to_days = -1}, NET_TLS_EXPIRED},
		{false, {.names = "DNS:b.example", .from_days = 2, .to_days = 20}, NET_TLS_NOT_YET_VALID},
		{false, {.names = "DNS:other.example"}, NET_TLS_NAME_OF_NOBODY},
		{true, {.names = "DNS:b.example"}, NET_TLS_UNKNOWN_AUTHORITY}, // c's authority speaks for b
		{false, {.names = "DNS:c.example"}, NET_TLS_UNKNOWN_AUTHORITY},
		{false, {.names = NULL, .common = "b.example"}, NET_TLS_NO_NAME}, // common name counts for nothing
		{false, {.names = "DNS:*.example"}, NET_TLS_NO_NAME},
		{false, {.names = "DNS:b.example.other"}, NET_TLS_NAME_OF_NOBODY},
		{false, {.names = "URI:sip:user@b.example"}, NET_TLS_NO_NAME}, // a user's certificate (RFC5922#7.1)
		{false, {.names = "URI:sip:x.example,DNS:b.example"}, NET_TLS_NAME_OF_NOBODY}, // URIs come first
		{false, {.names = "DNS:d.example"}, NET_TLS_NAME_OF_NOBODY}, // d is known by its URI only
		{false, {.names = "IP:127.0.0.1"}, NET_TLS_NO_NAME},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		issue_and_refuse(&w, rows[i].by_c ? &w.c_ca : &w.b_ca, &rows[i].leaf, rows[i].why);
	assert_false(world_gets_through(&w, &w.c, 0, NULL)); // right certificate, foreign address
	fixture_await(&w.f, NET_TLS_WRONG_ADDRESS, 1);
	assert_false(world_gets_through(&w, NULL, TLS1_3_VERSION, NULL));
	assert_false(world_gets_through(&w, NULL, TLS1_2_VERSION, NULL));
	fixture_await(&w.f, NET_TLS_NO_CERTIFICATE, 2);
	struct pki self = pki_authority("b.example");
	assert_false(world_gets_through(&w, &self, 0, NULL));
	pki_free(&self);
	assert_int_equal(fixture_seen(&w.f, &w.f.seen.received), 0);
	world_stop(&w);
}

// An authority of b's that is not an authority at all: a leaf that signs another leaf.
static void leaf_is_no_authority(void **state)
{
	struct world w;
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	struct pki forged = pki_issue(&w.c, &(struct pki_leaf){.names = "DNS:c.example"});
	uint64_t before = net_total(w.f.net, NET_TLS_UNKNOWN_AUTHORITY);
	assert_false(world_gets_through(&w, &forged, 0, "127.0.0.9"));
	fixture_await(&w.f, NET_TLS_UNKNOWN_AUTHORITY, before + 1);
	pki_free(&forged);
	world_stop(&w);
}

static void old_versions_and_ciphers(void **state)
{
	struct world w;
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	assert_false(world_gets_through(&w, &w.b, TLS1_1_VERSION, NULL));
	assert_false(world_gets_through(&w, &w.b, TLS1_VERSION, NULL));
	fixture_await(&w.f, NET_TLS_PROTOCOL, 2);
	int fd = fixture_connect(w.f.tls, NULL);
	fixture_write(fd, "OPTIONS sip:a.example SIP/2.0\r\n\r\n", 33);
	assert_true(fixture_ended(fd));
	close(fd);
	fixture_await(&w.f, NET_TLS_PROTOCOL, 3);
	world_stop(&w);
}

static void slow_and_silent_handshakes(void **state)
{
	struct world w;
	UNUSED(state);
	world_start(&w, (struct fixture_options){.handshake_us = 300 * MS});
	int silent = fixture_connect(w.f.tls, NULL), slow = fixture_connect(w.f.tls, NULL);
	for (int i = 0; i < 40; i++) { // an octet of a record now and then
		if (send(slow, i == 0 ? "\x16" : i < 3 ? "\x03" : "\x01", 1, MSG_NOSIGNAL) < 0)
			break;
		nanosleep(&(struct timespec){0, 20000000}, NULL);
	}
	assert_true(fixture_ended(silent));
	assert_true(fixture_ended(slow));
	fixture_await(&w.f, NET_TLS_TIMEOUT, 2);
	assert_int_equal(net_connections(w.f.net), 0);
	close(silent);
	close(slow);
	assert_true(world_gets_through(&w, &w.b, 0, NULL)); // the others were not disturbed
	world_stop(&w);
}

static void no_tickets_no_resumption(void **state)
{
	struct world w;
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	int fd = fixture_connect(w.f.tls, NULL);
	SSL *s = fixture_tls(fd, &w.b, TLS1_2_VERSION);
	assert_non_null(s);
	SSL_SESSION *session = SSL_get1_session(s);
	assert_false(SSL_SESSION_has_ticket(session));
	unsigned int id_len;
	SSL_SESSION_get_id(session, &id_len);
	assert_int_equal(id_len, 0);
	assert_int_equal(SSL_renegotiate(s) == 1 && SSL_do_handshake(s) == 1 &&
				 SSL_write(s, "M00009abc", 9) == 9 && net_total(w.f.net, NET_TLS_DONE) > 1,
		0);
	SSL_SESSION_free(session);
	SSL_free(s);
	close(fd);
	world_stop(&w);
}

// SF-A6: where every peer is known by addresses, nobody else gets as far as a handshake.
static void strangers_cost_no_handshake(void **state)
{
	struct pki ours = pki_authority("ours"), theirs = pki_authority("theirs");
	struct pki own = pki_issue_for(&ours, "a.example"), b = pki_issue_for(&theirs, "b.example");
	struct fixture_peer peer = {"b", "b.example", theirs.pem, "127.0.0.8/30"};
	struct world w = {0};
	UNUSED(state);
	fixture_start(&w.f, &(struct fixture_options){.own = &own, .peer = &peer, .peers = 1});
	assert_false(world_gets_through(&w, &b, 0, NULL));
	assert_int_equal(net_total(w.f.net, NET_STREAM_REFUSED_STRANGER), 1);
	assert_int_equal(net_total(w.f.net, NET_TLS_STARTED), 0);
	assert_true(world_gets_through(&w, &b, 0, "127.0.0.9"));
	fixture_stop(&w.f);
	pki_free(&b);
	pki_free(&own);
	pki_free(&ours);
	pki_free(&theirs);
}

// Two of our processes: A dials B over TLS and wants to see exactly its peer there.
static void we_dial(void **state)
{
	struct pki ca = pki_authority("both"), far_ca = pki_authority("far");
	struct pki own = pki_issue_for(&ca, "a.example"), far = pki_issue_for(&far_ca, "b.example");
	struct fixture_peer at_a[] = {{"b", "b.example", far_ca.pem, NULL}, {"x", "x.example", far_ca.pem, NULL},
		{"y", "b2.example", ca.pem, NULL}};
	struct fixture_peer at_b = {"a", "a.example", ca.pem, NULL};
	static struct fixture a, b;
	UNUSED(state);
	fixture_start(&a, &(struct fixture_options){.own = &own, .peer = at_a, .peers = 3});
	fixture_start(&b, &(struct fixture_options){.own = &far, .peer = &at_b, .peers = 1});
	a.silent = true;
	struct hop hop = {.transport = TRANSPORT_TLS, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.1", b.tls)};
	fixture_send(&a, 0, &hop, "one", 1);
	fixture_await_seen(&a, &a.seen.received, 1); // the echo came back
	assert_memory_equal(a.seen.last, "M00009one", 9);
	assert_int_equal(a.seen.from.tls_peer, 0);
	fixture_send(&a, 1, &hop, "two", 2);
	fixture_await_seen(&a, &a.seen.received, 2);
	assert_int_equal(fixture_seen(&a, &a.seen.dialled), 1); // reused by the other worker
	hop.peer = 1; // the same address, another peer: never over b's connection, and its certificate is refused
	fixture_send(&a, 0, &hop, "for x only", 3);
	fixture_await_seen(&a, &a.seen.undeliverable, 1);
	assert_int_equal(a.seen.cookie, 3);
	assert_int_equal(a.seen.why, E_AUTH);
	fixture_await(&a, NET_TLS_NAME_OF_OTHER, 1);
	hop.peer = 2;
	fixture_send(&a, 0, &hop, "for y only", 4);
	fixture_await_seen(&a, &a.seen.undeliverable, 2);
	assert_int_equal(fixture_seen(&b, &b.seen.received), 2); // b never saw what was for others
	fixture_stop(&a);
	fixture_stop(&b);
	pki_free(&own);
	pki_free(&far);
	pki_free(&ca);
	pki_free(&far_ca);
}

// SF-A6: over TLS too, a far side that never reads is closed when enough waits for it.
static void deaf_receiver(void **state)
{
	struct world w;
	static char out[FIXTURE_MESSAGE_MAX];
	UNUSED(state);
	world_start(&w, (struct fixture_options){.idle_us = 20 * SECOND});
	memset(out, 'x', sizeof(out));
	memcpy(out, "M60000", 6);
	int fd = fixture_connect(w.f.tls, NULL);
	struct timeval limit = {5, 0};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	SSL *s = fixture_tls(fd, &w.b, 0);
	assert_non_null(s);
	for (int i = 0; i < 500 && net_total(w.f.net, NET_STREAM_SLOW_READER) == 0; i++)
		if (SSL_write(s, out, sizeof(out)) <= 0)
			break;
	fixture_await(&w.f, NET_STREAM_SLOW_READER, 1);
	SSL_free(s);
	close(fd);
	world_stop(&w);
}

// Each allocation of a handshake and of the message after it fails once.
static void out_of_memory(void **state)
{
	struct world w;
	uint32_t lost = 0, came = 0;
	UNUSED(state);
	world_start(&w, (struct fixture_options){.handshake_us = SECOND});
	for (uint64_t nth = 1; nth <= 10; nth++) {
		memory_fail_nth(nth);
		if (world_gets_through(&w, &w.b, nth % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION, NULL))
			came++;
		else
			lost++;
		memory_fail_nth(0);
	}
	assert_true(lost >= 1);
	assert_true(came >= 1);
	assert_true(world_gets_through(&w, &w.b, 0, NULL));
	world_stop(&w);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); // the test's own clients write with plain write(2)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_ones_come_in),
		cmocka_unit_test(wrong_ones_stay_out),
		cmocka_unit_test(leaf_is_no_authority),
		cmocka_unit_test(old_versions_and_ciphers),
		cmocka_unit_test(slow_and_silent_handshakes),
		cmocka_unit_test(no_tickets_no_resumption),
		cmocka_unit_test(strangers_cost_no_handshake),
		cmocka_unit_test(we_dial),
		cmocka_unit_test(deaf_receiver),
		cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
