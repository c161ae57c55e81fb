// SPDX-License-Identifier: Apache-2.0
// Harvesting of numbers (LUF-C1): a querier that asks for numbers nobody has, or for one after the other, is slowed down.
//
// One record for each querier, no clock. Whoever is throttled gets one answer a second; for the rest he is told what is told of numbers
// that nobody has, so that he learns nothing, not even this.
#ifndef LUF_HARVEST_H
#define LUF_HARVEST_H

#include "base/clock.h"
#include "terms/route.h"

enum {
	HARVEST_WINDOW = 64,      // look-ups that are looked at together
	HARVEST_MISSES = 32,      // of them for nobody's number: wrong and ported ones are a few in a hundred
	HARVEST_RUN = 16,         // numbers next to each other, in a row; people do not dial so
	HARVEST_STEP = 8,         // how far apart neighbours are at the most
	HARVEST_LANES = 3,        // rows of neighbours at one time; more would find rows in what people dial within one switchboard
	HARVEST_FIRST_S = 60,     // how long he is throttled; twice as long each time that he goes on
	HARVEST_LONGEST_S = 3600,
	HARVEST_TRICKLE_US = 1000000, // between two answers meanwhile [us]
};

struct harvest_lane { // one row of neighbours
	uint64_t last;      // number asked for last, as a value
	uint8_t digits;     // of it; 0: none yet
	uint8_t run;        // neighbours in a row
};

struct luf_harvest { // zero at first
	uint64_t misses;    // one bit a look-up, the last lowest
	uint64_t until_us;  // throttled until then; 0 not
	uint64_t next_us;   // and answered again then
	uint32_t length_s;  // of the last throttling
	uint8_t seen;       // look-ups in the window
	uint8_t next;       // lane that gives way to a number that is nobody's neighbour
	struct harvest_lane lane[HARVEST_LANES];
};

// May NUMBER be looked up now? False: answer as for a number that nobody has.
bool luf_harvest_admits(struct luf_harvest *h, const struct now *now);
// It was, with this outcome. EVERY: neighbours count whether they were found or not (for look-ups that are no calls).
void luf_harvest_note(struct luf_harvest *h, const char *number, bool found, bool every, const struct now *now);

#endif
