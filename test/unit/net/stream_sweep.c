// SPDX-License-Identifier: Apache-2.0
// What a reload and a block do to connections that are there.
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

// A reload: new trust counts at once, for the next handshake and for connections that the old one let in. Those of
// other peers go on, and all do when nothing of theirs has changed.
static void reload(void **state)
{
	struct world w;
	UNUSED(state);
	world_start(&w, (struct fixture_options){0});
	SSL *b = world_comes_in(&w, &w.b, NULL), *c = world_comes_in(&w, &w.c, "127.0.0.9");
	world_reload(&w, 2, NULL);
	assert_true(world_still_in(b));
	assert_true(world_still_in(c));
	w.peer[0].trust = w.c_ca.pem;
	world_reload(&w, 3, NULL);
	assert_true(world_was_closed(b));
	assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_CHANGED), 1);
	fixture_await_seen(&w.f, &w.f.seen.closed, 1);
	assert_true(world_still_in(c));
	assert_false(world_gets_through(&w, &w.b, 0, NULL));
	fixture_await(&w.f, NET_TLS_UNKNOWN_AUTHORITY, 1);
	w.f.busy = true; // calls or not: nobody proves himself by what no longer counts
	w.peer[1].address = "127.0.0.16/30";
	world_reload(&w, 4, NULL);
	assert_true(world_was_closed(c));
	assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_CHANGED), 2);
	world_leaves(b);
	world_leaves(c);
	world_stop(&w);
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
		world_start(&w, (struct fixture_options){0});
		SSL *idle = world_comes_in(&w, &w.b, NULL), *other = world_comes_in(&w, &w.c, "127.0.0.9");
		world_reload(&w, 2, ways[i]);
		assert_true(world_was_closed(idle));
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_BLOCKED), 1);
		world_reload(&w, 3, NULL);
		SSL *calling = world_comes_in(&w, &w.b, NULL);
		w.f.busy = true;
		world_reload(&w, 4, ways[i]);
		assert_true(world_still_in(calling)); // calls under way go on
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_BLOCKED), 1);
		w.f.busy = false;
		assert_true(world_was_closed(calling)); // the last has ended, and it is noticed without a further message
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_BLOCKED), 2);
		assert_int_equal(net_total(w.f.net, NET_STREAM_PEER_CHANGED), 0);
		assert_true(world_still_in(other));
		world_leaves(idle);
		world_leaves(calling);
		world_leaves(other);
		world_stop(&w);
	}
}

// Clear TCP: the address is the peer. When it is nobody's any more, or its peer is blocked, the connection goes; one that
// we dialled goes too.
static void clear_ones_of_a_changed_peer(void **state)
{
	static const struct fixture_peer before = {"b", NULL, NULL, "127.0.0.0/8"};
	static const struct fixture_peer moved = {"b", NULL, NULL, "127.0.0.64/30"};
	struct fixture f;
	struct registry *r, *old;
	uint16_t port;
	char back[64];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.peer = &before, .peers = 1, .idle_us = 20 * SECOND});
	int l = fixture_listen_on(&port), mine = fixture_connect(f.tcp, "127.0.0.2"), kept = fixture_connect(f.tcp, "127.0.0.65");
	struct hop hop = {.transport = TRANSPORT_TCP, .listener = FIXTURE_LISTENER,
		.peer = 0, .remote = fixture_address("127.0.0.1", port)};
	fixture_send(&f, 0, &hop, "one", 1);
	int c = fixture_accept_on(l);
	assert_true(fixture_read(c, back, 9));
	fixture_write(mine, "M00009abc", 9);
	assert_true(fixture_read(mine, back, 9));
	struct snapshot *next = fixture_snapshot(&(struct fixture_options){.peer = &moved, .peers = 1}, 2);
	next->listener[FIXTURE_LISTENER].strangers_answer = 0;
	snapshot_seal(next, next->size);
	assert_true(is_ok(registry_new(&r, next)));
	old = net_swap_registry(f.net, r);
	assert_true(fixture_ended(c));
	assert_true(fixture_ended(mine));
	assert_int_equal(net_total(f.net, NET_STREAM_PEER_CHANGED), 2);
	fixture_write(kept, "M00009abc", 9);
	assert_true(fixture_read(kept, back, 9));
	registry_free(old);
	free(f.snapshot);
	f.registry = r;
	f.snapshot = next;
	close(mine);
	close(kept);
	close(c);
	close(l);
	fixture_stop(&f);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); // the test's own clients write with plain write(2)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reload),
		cmocka_unit_test(blocked_and_removed),
		cmocka_unit_test(clear_ones_of_a_changed_peer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
