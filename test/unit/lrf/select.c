// SPDX-License-Identifier: Apache-2.0
// Which peer of a group: priority, cost, weight, hours, who is alive, who may have it (LRF-I4, LRF-A3, SF-I12).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"
#include "ldr_rig.h"
#include "lrf/select.h"

static const char *const rows[] = {"peer name=ssp-b", "peer name=clear", "peer name=softswitch", "peer name=unknown", "group name=cost",
	"route group=cost peer=ssp-b priority=5 weight=0 cost=9", "route group=cost peer=clear priority=5 weight=0 cost=8", "group name=share",
	"route group=share peer=ssp-b priority=1 weight=90 cost=1", "route group=share peer=clear priority=1 weight=10 cost=1", "group name=night",
	"route group=night peer=ssp-b priority=1 weight=0 cost=0 hours=mon-sun_22:00-06:00", "route group=night peer=clear priority=2 weight=0 cost=0",
	"group name=none", "route group=none peer=unknown priority=1 weight=0 cost=0", "group name=ceiling cost_ceiling=10",
	"route group=ceiling peer=ssp-b priority=1 weight=0 cost=11"};

struct world {
	struct play play;
	struct ldr_rig ldr;
	struct registry *registry;
	struct lrf_memory *memory;
	struct now now;
	peer_id b, clear;
};

static struct world *world(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_true(w != NULL && play_open(&w->play));
	assert_true(ldr_rig_open(&w->ldr, rows, ARRAY_LEN(rows)));
	assert_true(is_ok(registry_new(&w->registry, w->play.rig.conf.snapshot)));
	assert_true(is_ok(registry_attach(w->registry, &w->ldr.ldr)));
	assert_true(is_ok(lrf_memory_new(&w->memory)));
	w->now = (struct now){1000, FLOW_RIG_WALL_MS}; // 08:00 UTC
	w->b = flow_rig_peer(&w->play.rig, "ssp-b");
	w->clear = flow_rig_peer(&w->play.rig, "clear");
	return w;
}

static void done(struct world *w)
{
	lrf_memory_free(w->memory);
	registry_free(w->registry);
	ldr_rig_close(&w->ldr);
	play_close(&w->play);
	free(w);
}

static uint32_t target(const struct world *w, const char *name)
{
	for (uint32_t i = 0; i < groups_names(w->ldr.ldr.groups); i++)
		if (strcmp(groups_name(w->ldr.ldr.groups, i), name) == 0)
			return i;
	return TARGET_NONE;
}

static peer_id choose(struct world *w, const char *group, uint32_t seed, peer_id from)
{
	struct query q = {.from_peer = from, .from_zone = 0}; // no number: every peer takes it
	peer_id id[ROUTE_PEERS_MAX] = {PEER_NONE};

	uint8_t n = lrf_select(w->registry, w->memory, target(w, group), &q, seed, &w->now, id);
	assert_int_equal(n > 0, id[0] != PEER_NONE);
	return id[0];
}

static void cheaper_first(void **state)
{
	struct world *w = world();

	(void)state;
	assert_int_equal(choose(w, "cost", 1, PEER_NONE), w->clear);
	assert_int_equal(choose(w, "ceiling", 1, PEER_NONE), PEER_NONE); // LRF-I4
	assert_int_equal(choose(w, "none", 1, PEER_NONE), PEER_NONE);
	assert_int_equal(choose(w, "ssp-b", 1, PEER_NONE), w->b); // a peer stands for itself
	assert_int_equal(choose(w, "softswitch", 1, PEER_NONE), PEER_NONE); // back into its zone
	assert_int_equal(choose(w, "nobody", 1, PEER_NONE), PEER_NONE);
	done(w);
}

// LRF-I4: a call never goes back to whom it came from, whatever the group says.
static void never_back(void **state)
{
	struct world *w = world();

	(void)state;
	assert_int_equal(choose(w, "cost", 1, w->clear), w->b);
	assert_int_equal(choose(w, "clear", 1, w->clear), PEER_NONE);
	done(w);
}

static void shares_and_hours(void **state)
{
	struct world *w = world();
	uint32_t b = 0;

	(void)state;
	for (uint32_t seed = 0; seed < 2000; seed++)
		b += choose(w, "share", seed, PEER_NONE) == w->b;
	assert_in_range(b, 1700, 1900);
	assert_int_equal(choose(w, "night", 1, PEER_NONE), w->clear);
	w->now.wall_ms += 15 * 3600000ull; // 23:00
	assert_int_equal(choose(w, "night", 1, PEER_NONE), w->b);
	done(w);
}

// LRF-A3: a peer that does not answer comes after the others, and comes back.
static void the_dead_come_last(void **state)
{
	struct world *w = world();
	struct target t = {.peer = w->clear, .group = GROUP_NONE};
	struct sed sed;

	(void)state;
	assert_true(is_ok(lrf_route(w->registry, w->memory, &t, 0, &w->now, &sed)));
	for (uint8_t i = 0; i < sed.count; i++)
		lrf_hop_result(w->memory, &sed.hop[i], false, &w->now);
	assert_int_equal(choose(w, "cost", 1, PEER_NONE), w->b);
	assert_int_equal(choose(w, "clear", 1, PEER_NONE), w->clear); // the only one is tried in any case
	for (uint8_t i = 0; i < sed.count; i++)
		lrf_hop_result(w->memory, &sed.hop[i], true, &w->now);
	assert_int_equal(choose(w, "cost", 1, PEER_NONE), w->clear);
	done(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(cheaper_first), cmocka_unit_test(never_back),
		cmocka_unit_test(shares_and_hours), cmocka_unit_test(the_dead_come_last)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
