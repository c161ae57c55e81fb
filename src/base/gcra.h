// SPDX-License-Identifier: Apache-2.0
// GCRA rate limiter (the virtual scheduling form, ITU-T I.371) in one atomic word: shared by workers, no lock.
#ifndef BASE_GCRA_H
#define BASE_GCRA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gcra {
	_Atomic uint64_t arrival_us; // theoretical arrival time of the next conforming event
};

struct gcra_rate {
	uint64_t interval_us; // 1 / rate [us]; 0 = unlimited
	uint64_t burst_us;    // tolerance [us]: (burst - 1) * interval
};

// PER_SECOND events, BURST at once (>= 1). 0 per second admits nothing.
struct gcra_rate gcra_rate_make(uint32_t per_second, uint32_t burst);
// May an event pass at NOW_US? If so, it is accounted.
bool gcra_admit(struct gcra *g, struct gcra_rate rate, uint64_t now_us);
// Would it pass? Nothing is accounted.
bool gcra_would_admit(const struct gcra *g, struct gcra_rate rate, uint64_t now_us);

#endif
