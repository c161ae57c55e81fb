// SPDX-License-Identifier: Apache-2.0
// A token bucket of one word for one owner: the virtual scheduling form of GCRA with a cost per event.
// (base/gcra.h is the shared, atomic one; a stream has one owner and saves the locked instruction.)
#ifndef MF_BUDGET_H
#define MF_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct mf_budget {
	uint64_t arrival_ns; // theoretical arrival of the next conforming event
};

// May an event of COST_NS pass at NOW_NS with tolerance BURST_NS? If so, it is accounted.
static inline bool mf_budget_take(struct mf_budget *b, uint64_t cost_ns, uint64_t burst_ns, uint64_t now_ns)
{
	uint64_t at = b->arrival_ns > now_ns ? b->arrival_ns : now_ns;

	if (at - now_ns > burst_ns)
		return false;
	b->arrival_ns = at + cost_ns;
	return true;
}

#endif
