// SPDX-License-Identifier: Apache-2.0
// Location Routing Function (RFC 6404 section 2.2): by which session establishment data is that peer reached?
//
// Here: the peer's provisioned targets, in the order that its policy and the memory of dead targets give. A target
// never lies outside what was provisioned or resolved for the peer (LRF-I2), nor below its transport floor (LRF-I3).
#ifndef LRF_LRF_H
#define LRF_LRF_H

#include "base/clock.h"
#include "registry/snapshot.h"

enum {
	LRF_DEAD_MAX = 1024,          // dead targets remembered by one worker; the oldest gives way
	LRF_DEAD_US = 30 * 1000 * 1000, // how long a target that did not answer is tried last [us]
};

struct lrf_memory; // of one worker

MUST_USE result lrf_memory_new(struct lrf_memory **out);
void lrf_memory_free(struct lrf_memory *m);
// Forget everything: after a reload an old target may be nobody's.
void lrf_memory_clear(struct lrf_memory *m);
// HOP answered, or did not. One call's failure only moves the target to the end for a while (LRF-A3).
void lrf_hop_result(struct lrf_memory *m, const struct hop *hop, bool alive, const struct now *now);
bool lrf_hop_dead(const struct lrf_memory *m, const struct hop *hop, const struct now *now);

// The I-th remembered dead target, for probing. False beyond the last.
bool lrf_hop_dead_at(const struct lrf_memory *m, uint32_t i, struct hop *out);

// Ordered next hops for TARGET's peer. SEED varies the order of balanced targets. E_NOT_FOUND when the peer has none that
// its zone's listeners can reach.
MUST_USE result lrf_route(const struct registry *r, const struct lrf_memory *m, const struct target *target, uint32_t seed,
	const struct now *now, struct sed *out);
// The same for one more peer, behind the hops that OUT has already, as far as there is room (LRF-A3).
MUST_USE result lrf_route_also(const struct registry *r, const struct lrf_memory *m, peer_id peer, uint32_t seed, const struct now *now,
	struct sed *out);

#endif
