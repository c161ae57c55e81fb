// SPDX-License-Identifier: Apache-2.0
// Who may shake hands: the right certificate, and each way in which it can be wrong (RFC 5922, SF-I10, LRF-I1).
#include "fixture.h"

#include "base/memory.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct world { // two authorities, three peers: b under one, c under the other, d without trust of its own
	struct pki ours, b_ca, c_ca;
	struct pki own, b, c;
	struct fixture_peer peer[3];
	struct fixture f;
};

static void set_up(struct world *w, struct fixture_options o)
{
	memset(w, 0, sizeof(*w));
	w->ours = pki_authority("ours");
	w->b_ca = pki_authority("b authority");
	w->c_ca = pki_authority("c authority");
	w->own = pki_issue_for(&w->ours, "a.example");
	w->b = pki_issue_for(&w->b_ca, "b.example");
	w->c = pki_issue_for(&w->c_ca, "c.example");
	w->peer[0] = (struct fixture_peer){"b", "b.example", w->b_ca.pem, NULL};
	w->peer[1] = (struct fixture_peer){"c", "c.example", w->c_ca.pem, "127.0.0.8/30"};
	w->peer[2] = (struct fixture_peer){"d", "sip:d.example", w->b_ca.pem, NULL};
	o.own = &w->own;
	o.peer = w->peer;
	o.peers = 3;
	fixture_start(&w->f, &o);
}

static void tear_down(struct world *w)
{
	fixture_stop(&w->f);
	pki_free(&w->b);
	pki_free(&w->c);
	pki_free(&w->own);
	pki_free(&w->b_ca);
	pki_free(&w->c_ca);
	pki_free(&w->ours);
}

// Does a client with certificate P get its echo? From 127.0.0.1 or FROM.
static bool gets_through(struct world *w, const struct pki *p, int version, const char *from)
{
	char back[16] = {0};
	int fd = fixture_connect(w->f.tls, from);
	SSL *s = fixture_tls(fd, p, version);
	bool good = s != NULL && SSL_write(s, "M00009abc", 9) == 9 && SSL_read(s, back, 9) == 9 &&
		    memcmp(back, "M00009abc", 9) == 0;
	if (good)
		fixture_tls_end(s);
	else
		SSL_free(s);
	ERR_clear_error();
	close(fd);
	return good;
}

static void issue_and_refuse(struct world *w, const struct pki *by, const struct pki_leaf *leaf, enum net_counter why)
{
	uint64_t before = net_total(w->f.net, why);
	struct pki p = pki_issue(by, leaf);
	assert_false(gets_through(w, &p, TLS1_3_VERSION, NULL));
	fixture_await(&w->f, why, before + 1);
	assert_false(gets_through(w, &p, TLS1_2_VERSION, NULL));
	fixture_await(&w->f, why, before + 2);
	pki_free(&p);
}

static void right_ones_come_in(void **state)
{
	struct world w;
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
	assert_true(gets_through(&w, &w.b, 0, NULL));
	assert_int_equal(w.f.seen.from.tls_peer, 0);
	assert_int_equal(w.f.seen.from.transport, TRANSPORT_TLS);
	assert_true(gets_through(&w, &w.c, 0, "127.0.0.9"));
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
		assert_true(gets_through(&w, &p, i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION, NULL));
		assert_int_equal(w.f.seen.from.tls_peer, 0);
		pki_free(&p);
	}
	struct pki d = pki_issue(&w.b_ca, &(struct pki_leaf){.names = "URI:sip:d.example"});
	assert_true(gets_through(&w, &d, 0, NULL));
	assert_int_equal(w.f.seen.from.tls_peer, 2);
	pki_free(&d);
	tear_down(&w);
}

static void wrong_ones_stay_out(void **state)
{
	struct world w;
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
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
	assert_false(gets_through(&w, &w.c, 0, NULL)); // right certificate, foreign address
	fixture_await(&w.f, NET_TLS_WRONG_ADDRESS, 1);
	assert_false(gets_through(&w, NULL, TLS1_3_VERSION, NULL));
	assert_false(gets_through(&w, NULL, TLS1_2_VERSION, NULL));
	fixture_await(&w.f, NET_TLS_NO_CERTIFICATE, 2);
	struct pki self = pki_authority("b.example");
	assert_false(gets_through(&w, &self, 0, NULL));
	pki_free(&self);
	assert_int_equal(fixture_seen(&w.f, &w.f.seen.received), 0);
	tear_down(&w);
}

// An authority of b's that is not an authority at all: a leaf that signs another leaf.
static void leaf_is_no_authority(void **state)
{
	struct world w;
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
	struct pki forged = pki_issue(&w.c, &(struct pki_leaf){.names = "DNS:c.example"});
	uint64_t before = net_total(w.f.net, NET_TLS_UNKNOWN_AUTHORITY);
	assert_false(gets_through(&w, &forged, 0, "127.0.0.9"));
	fixture_await(&w.f, NET_TLS_UNKNOWN_AUTHORITY, before + 1);
	pki_free(&forged);
	tear_down(&w);
}

static void old_versions_and_ciphers(void **state)
{
	struct world w;
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
	assert_false(gets_through(&w, &w.b, TLS1_1_VERSION, NULL));
	assert_false(gets_through(&w, &w.b, TLS1_VERSION, NULL));
	fixture_await(&w.f, NET_TLS_PROTOCOL, 2);
	int fd = fixture_connect(w.f.tls, NULL);
	fixture_write(fd, "OPTIONS sip:a.example SIP/2.0\r\n\r\n", 33);
	assert_true(fixture_ended(fd));
	close(fd);
	fixture_await(&w.f, NET_TLS_PROTOCOL, 3);
	tear_down(&w);
}

static void slow_and_silent_handshakes(void **state)
{
	struct world w;
	UNUSED(state);
	set_up(&w, (struct fixture_options){.handshake_us = 300 * MS});
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
	assert_true(gets_through(&w, &w.b, 0, NULL)); // the others were not disturbed
	tear_down(&w);
}

static void no_tickets_no_resumption(void **state)
{
	struct world w;
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
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
	tear_down(&w);
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
	assert_false(gets_through(&w, &b, 0, NULL));
	assert_int_equal(net_total(w.f.net, NET_STREAM_REFUSED_STRANGER), 1);
	assert_int_equal(net_total(w.f.net, NET_TLS_STARTED), 0);
	assert_true(gets_through(&w, &b, 0, "127.0.0.9"));
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

// RFC5923: what b sends us comes over its own connection; when the one we dialled has gone, that one serves.
static void accepted_connection_is_reused(void **state)
{
	struct world w;
	char back[16];
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
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
	tear_down(&w);
}

// RFC5923: a new request goes over the connection on which its peer proved itself, though that came from a port of the
// peer's choice. Never over another peer's (RFC 5922), not even from the same host; never to another host of the peer.
static void accepted_connection_serves_both_ways(void **state)
{
	struct world w;
	char back[16];
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
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
	tear_down(&w);
}

// A certificate with the names of two peers proves the first of them; the second's messages do not go that way.
static void two_names_one_peer(void **state)
{
	struct world w;
	char back[16];
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
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
	tear_down(&w);
}

// Put W's peers, as they are now but for what CHANGE does to the snapshot, in force as generation N.
static void reload_with(struct world *w, uint32_t n, void (*change)(struct peer *first))
{
	struct fixture_options o = {.own = &w->own, .peer = w->peer, .peers = 3};
	struct snapshot *next = fixture_snapshot(&o, n);
	struct registry *r, *old;
	if (change != NULL) {
		change((struct peer *)(void *)((uint8_t *)next + next->peers.offset));
		snapshot_seal(next, next->size);
	}
	assert_true(is_ok(registry_new(&r, next)));
	old = net_swap_registry(w->f.net, r);
	assert_ptr_equal(old, w->f.registry);
	registry_free(old);
	free(w->f.snapshot);
	w->f.registry = r;
	w->f.snapshot = next;
}

// A client with certificate P that was let in and got an echo.
static SSL *comes_in(struct world *w, const struct pki *p, const char *from)
{
	char back[16];
	SSL *s = fixture_tls(fixture_connect(w->f.tls, from), p, 0);
	assert_non_null(s);
	assert_int_equal(SSL_write(s, "M00009abc", 9), 9); // in TLS 1.3 only an answer shows that we were let in
	assert_int_equal(SSL_read(s, back, 9), 9);
	return s;
}

static bool still_in(SSL *s)
{
	char back[16];
	return SSL_write(s, "M00009abc", 9) == 9 && SSL_read(s, back, 9) == 9;
}

static bool was_closed(SSL *s) // not by us
{
	char c;
	int n = SSL_read(s, &c, 1);
	bool closed = n <= 0 && SSL_get_error(s, n) == SSL_ERROR_ZERO_RETURN;
	ERR_clear_error();
	return closed;
}

static void leaves(SSL *s)
{
	int fd = SSL_get_fd(s);
	SSL_free(s);
	close(fd);
}

// A reload: new trust counts at once, for the next handshake and for connections that the old one let in. Those of
// other peers go on, and all do when nothing of theirs has changed.
static void reload(void **state)
{
	struct world w;
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
	SSL *b = comes_in(&w, &w.b, NULL), *c = comes_in(&w, &w.c, "127.0.0.9");
	reload_with(&w, 2, NULL);
	assert_true(still_in(b));
	assert_true(still_in(c));
	w.peer[0].trust = w.c_ca.pem;
	reload_with(&w, 3, NULL);
	assert_true(was_closed(b));
	assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_CHANGED), 1);
	fixture_await_seen(&w.f, &w.f.seen.closed, 1);
	assert_true(still_in(c));
	assert_false(gets_through(&w, &w.b, 0, NULL));
	fixture_await(&w.f, NET_TLS_UNKNOWN_AUTHORITY, 1);
	w.f.busy = true; // calls or not: nobody proves himself by what no longer counts
	w.peer[1].address = "127.0.0.16/30";
	reload_with(&w, 4, NULL);
	assert_true(was_closed(c));
	assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_CHANGED), 2);
	leaves(b);
	leaves(c);
	tear_down(&w);
}

static void block_first(struct peer *p)
{
	p->blocked = 1;
}

static void remove_first(struct peer *p)
{
	p->in_service = 0;
	p->removed = 1;
}

// Connections of a peer that was blocked or removed are closed, once no call needs them.
static void blocked_and_removed(void **state)
{
	void (*const ways[])(struct peer *) = {block_first, remove_first};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct world w;
		set_up(&w, (struct fixture_options){0});
		SSL *idle = comes_in(&w, &w.b, NULL), *other = comes_in(&w, &w.c, "127.0.0.9");
		reload_with(&w, 2, ways[i]);
		assert_true(was_closed(idle));
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_BLOCKED), 1);
		reload_with(&w, 3, NULL);
		SSL *calling = comes_in(&w, &w.b, NULL);
		w.f.busy = true;
		reload_with(&w, 4, ways[i]);
		assert_true(still_in(calling)); // calls under way go on
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_BLOCKED), 1);
		w.f.busy = false;
		assert_true(was_closed(calling)); // the last has ended, and it is noticed without a further message
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_BLOCKED), 2);
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_CHANGED), 0);
		assert_true(still_in(other));
		leaves(idle);
		leaves(calling);
		leaves(other);
		tear_down(&w);
	}
}

// What one turn sends to one connection is one record, and in order; what is closed in that turn still gets it.
static void a_turn_makes_one_record(void **state)
{
	struct world w;
	char back[64];
	UNUSED(state);
	set_up(&w, (struct fixture_options){0});
	SSL *s = comes_in(&w, &w.b, NULL);
	assert_int_equal(SSL_write(s, "M00009oneM00009twoM00008it\r\n\r\n", 30), 30); // one record: one turn; a ping behind
	assert_int_equal(SSL_read(s, back, sizeof(back)), 28);
	assert_memory_equal(back, "M00009oneM00009twoM00008it\r\n", 28);
	assert_int_equal(SSL_write(s, "M00009endno message", 19), 19); // an echo, and then garbage: closed
	assert_int_equal(SSL_read(s, back, sizeof(back)), 9);
	assert_memory_equal(back, "M00009end", 9);
	assert_true(was_closed(s));
	fixture_await(&w.f, NET_STREAM_BAD_FRAME, 1);
	leaves(s);
	tear_down(&w);
}

// SF-A6: over TLS too, a far side that never reads is closed when enough waits for it.
static void deaf_receiver(void **state)
{
	struct world w;
	static char out[FIXTURE_MESSAGE_MAX];
	UNUSED(state);
	set_up(&w, (struct fixture_options){.idle_us = 20 * SECOND});
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
	tear_down(&w);
}

// Each allocation of a handshake and of the message after it fails once.
static void out_of_memory(void **state)
{
	struct world w;
	uint32_t lost = 0, came = 0;
	UNUSED(state);
	set_up(&w, (struct fixture_options){.handshake_us = SECOND});
	for (uint64_t nth = 1; nth <= 10; nth++) {
		memory_fail_nth(nth);
		if (gets_through(&w, &w.b, nth % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION, NULL))
			came++;
		else
			lost++;
		memory_fail_nth(0);
	}
	assert_true(lost >= 1);
	assert_true(came >= 1);
	assert_true(gets_through(&w, &w.b, 0, NULL));
	tear_down(&w);
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
		cmocka_unit_test(accepted_connection_is_reused),
		cmocka_unit_test(accepted_connection_serves_both_ways),
		cmocka_unit_test(two_names_one_peer),
		cmocka_unit_test(reload),
		cmocka_unit_test(blocked_and_removed),
		cmocka_unit_test(a_turn_makes_one_record),
		cmocka_unit_test(deaf_receiver),
		cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
