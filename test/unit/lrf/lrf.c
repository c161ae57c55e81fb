// SPDX-License-Identifier: Apache-2.0
// Routes: the peer's provisioned targets and nothing else, dead ones last, never below the floor (LRF-I2, LRF-I3, LRF-A3).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "flow_play.h"
#include "lrf/lrf.h"

struct world {
	struct play play;
	struct lrf_memory *memory;
	struct target b;
};

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_true(play_open(&w->play));
	assert_true(is_ok(lrf_memory_new(&w->memory)));
	w->b.peer = flow_rig_peer(&w->play.rig, "ssp-b");
	return w;
}

static void world_free(struct world *w)
{
	lrf_memory_free(w->memory);
	play_close(&w->play);
	free(w);
}

static struct sed route(struct world *w, uint32_t seed)
{
	struct sed sed;

	assert_true(is_ok(lrf_route(w->play.rig.registry, w->memory, &w->b, seed, &w->play.now, &sed)));
	return sed;
}

static void provisioned_targets_in_order(void **state)
{
	struct world *w = world_new();
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	for (uint32_t seed = 0; seed < 4; seed++) { // failover does not turn with the seed
		struct sed sed = route(w, seed);
		assert_int_equal(sed.count, 2);
		assert_string_equal(address_text(&sed.hop[0].remote, text), "192.0.2.1:5061");
		assert_string_equal(address_text(&sed.hop[1].remote, text), "192.0.2.2:5061");
		for (int i = 0; i < 2; i++) {
			assert_int_equal(sed.hop[i].transport, TRANSPORT_TLS);
			assert_int_equal(sed.hop[i].peer, w->b.peer);
			assert_int_equal(sed.hop[i].listener, 1);
		}
	}
	struct sed sed;
	struct target nobody = {.peer = PEER_NONE};
	assert_int_equal(
		lrf_route(w->play.rig.registry, w->memory, &nobody, 0, &w->play.now, &sed).error, E_NOT_FOUND);
	world_free(w);
}

static void dead_ones_go_last_and_come_back(void **state)
{
	struct world *w = world_new();
	struct sed sed = route(w, 0);
	struct hop first = sed.hop[0], second = sed.hop[1];

	(void)state;
	lrf_hop_result(w->memory, &first, false, &w->play.now);
	sed = route(w, 0);
	assert_true(address_equal(&sed.hop[0].remote, &second.remote));
	assert_int_equal(sed.count, 2); // last, not away
	lrf_hop_result(w->memory, &second, false, &w->play.now);
	sed = route(w, 0);
	assert_int_equal(sed.count, 2); // all dead: all are tried
	assert_true(address_equal(&sed.hop[0].remote, &first.remote));
	lrf_hop_result(w->memory, &first, true, &w->play.now);
	assert_false(lrf_hop_dead(w->memory, &first, &w->play.now));
	assert_true(lrf_hop_dead(w->memory, &second, &w->play.now));
	w->play.now.mono_us += LRF_DEAD_US - 1;
	assert_true(lrf_hop_dead(w->memory, &second, &w->play.now));
	w->play.now.mono_us += 1;
	assert_false(lrf_hop_dead(w->memory, &second, &w->play.now));
	world_free(w);
}

// The memory is bounded: the oldest gives way.
static void limit_and_one_more(void **state)
{
	struct world *w = world_new();
	struct hop hop = {.transport = TRANSPORT_UDP, .remote = {.family = 4, .port = 5060}};

	(void)state;
	for (uint32_t i = 0; i <= LRF_DEAD_MAX; i++) {
		hop.remote.ip[2] = (uint8_t)(i >> 8);
		hop.remote.ip[3] = (uint8_t)i;
		w->play.now.mono_us++;
		lrf_hop_result(w->memory, &hop, false, &w->play.now);
		assert_true(lrf_hop_dead(w->memory, &hop, &w->play.now));
	}
	hop.remote.ip[2] = hop.remote.ip[3] = 0;
	assert_false(lrf_hop_dead(w->memory, &hop, &w->play.now));
	world_free(w);
}

// LRF-I3: a target in clear of a peer whose floor is TLS is no way, wherever it came from.
static void never_below_the_floor(void **state)
{
	struct world *w = world_new();
	struct snapshot *s = w->play.rig.conf.snapshot;
	struct peer *b = (struct peer *)snapshot_peer(s, w->b.peer);

	(void)state;
	b->target[0].transport = TRANSPORT_UDP;
	b->target[1].transport = TRANSPORT_TCP;
	struct sed sed;
	assert_int_equal(lrf_route(w->play.rig.registry, w->memory, &w->b, 0, &w->play.now, &sed).error, E_NOT_FOUND);
	b->target[1].transport = TRANSPORT_TLS;
	sed = route(w, 0);
	assert_int_equal(sed.count, 1);
	assert_true(address_equal(&sed.hop[0].remote, &b->target[1].address));
	world_free(w);
}

static void no_memory(void **state)
{
	struct lrf_memory *m = NULL;

	(void)state;
	memory_fail_nth(1);
	result r = lrf_memory_new(&m);
	memory_fail_nth(0);
	assert_int_equal(r.error, E_NO_MEMORY);
	lrf_memory_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(provisioned_targets_in_order),
		cmocka_unit_test(dead_ones_go_last_and_come_back), cmocka_unit_test(limit_and_one_more),
		cmocka_unit_test(never_below_the_floor), cmocka_unit_test(no_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
