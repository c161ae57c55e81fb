// SPDX-License-Identifier: Apache-2.0
// The order in which next hops are tried for one call: by priority, within one by weight (RFC 2782), the dead ones last.
#ifndef LRF_ORDER_H
#define LRF_ORDER_H

#include "terms/route.h"

struct lrf_choice {
	uint16_t priority; // lower first
	uint16_t weight;   // share among equals. All 0: they stay as they stand (RFC8305#4 has put them so); all equal: they take turns
	bool dead;         // did not answer lately: after all others, in the same order
	uint8_t index;     // the caller's
};

// Put the N choices (at most ROUTE_TARGETS_MAX) of C in order. SEED: another number for each call.
void lrf_order(struct lrf_choice *c, uint32_t n, uint32_t seed);

#endif
