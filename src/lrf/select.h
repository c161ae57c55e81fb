// SPDX-License-Identifier: Apache-2.0
// Which peers of a SED group may take this call, and in which order? Priority, then cost, then weight, among those that are open and may have it.
#ifndef LRF_SELECT_H
#define LRF_SELECT_H

#include "lrf/lrf.h"
#include "registry/ldr.h"

// Choose peers for TARGET, a group of the registry's database, and Q: the best ROUTE_PEERS_MAX in the order to be tried. Left out:
// routes outside their hours, peers that are not configured, out of service, in the asker's own zone (SF-I12) or the asker himself
// (LRF-I4), and those that do not take the number. A peer of whom no next hop has answered lately comes after the others (LRF-A3).
// SEED: another number for each call. Returns how many, 0 when none is left.
uint8_t lrf_select(const struct registry *r, const struct lrf_memory *m, uint32_t target, const struct query *q, uint32_t seed,
	const struct now *now, peer_id out[ROUTE_PEERS_MAX]);

#endif
