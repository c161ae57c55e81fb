// SPDX-License-Identifier: Apache-2.0
// What a look-up and the choice of a next hop cost a worker when the registry or its cache knows the number: nanoseconds and heap calls.
#include "base/memory.h"
#include "flow_play.h"
#include "ldr_rig.h"
#include "lrf/select.h"
#include "luf/luf.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 2000000 };

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
	static const char *const rows[] = {"peer name=ssp-b", "group name=g", "route group=g peer=ssp-b priority=1 weight=1 cost=1",
		"range prefix=+4989 owner=ssp-b to=g", "range prefix=+498912 owner=ssp-b to=ssp-b"};
	static struct play p;
	struct ldr_rig ldr;
	struct registry *r;
	struct lrf_memory *memory;
	struct query q;
	struct target t;
	struct sed sed;
	peer_id id[ROUTE_PEERS_MAX];
	struct now now = {1000, FLOW_RIG_WALL_MS};
	if (!play_open(&p) || !ldr_rig_open(&ldr, rows, ARRAY_LEN(rows)) || !is_ok(registry_new(&r, p.rig.conf.snapshot)) ||
		!is_ok(registry_attach(r, &ldr.ldr)) || !is_ok(lrf_memory_new(&memory)))
		return 1;
	uint64_t allocated = memory_alloc_count(), found = 0;
	double at = seconds();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		char number[NUMBER_MAX];
		snprintf(number, sizeof(number), "+4989%u", 100000 + i % 800000);
		if (!is_ok(luf_query_make(&q, URI_KIND_SIP, bytes_of_string(number), (struct bytes){NULL, 0}, number, "")))
			return 1;
		q.from_peer = PEER_NONE;
		uint8_t peers = is_ok(luf_lookup(r, &q, &t)) ? lrf_select(r, memory, t.group, &q, i, &now, id) : 0;
		sed.count = 0;
		for (uint8_t k = 0; k < peers; k++)
			IGNORE_RESULT(lrf_route_also(r, memory, id[k], i, &now, &sed));
		found += sed.count;
	}
	double ns = (seconds() - at) / ROUNDS * 1e9;
	printf("look-up and route: %.0f ns, %.3f heap calls, %.1f next hops\n", ns, (double)(memory_alloc_count() - allocated) / ROUNDS,
		(double)found / ROUNDS);
	return 0;
}
