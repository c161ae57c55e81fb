// SPDX-License-Identifier: Apache-2.0
// Which names a published ENUM zone holds for a set of numbers and prefixes.
//
// A prefix becomes a wildcard and its own name. A wildcard alone is not enough: it ends at every name that exists below it
// (RFC4592#2.2.2, closest encloser), so one exact number below "+4930" would take "+49301..." out of the prefix. Each name on
// the way to a number or narrower prefix therefore holds the records of the nearest prefix, and a wildcard of its own.
// Where numbers within a prefix are another's, the wildcard above them gives way to one for each other digit, so that
// nobody is sent to us for them.
#ifndef PUBLISH_NUMBERS_H
#define PUBLISH_NUMBERS_H

#include "terms/route.h"

enum {
	PUBLISH_NUMBERS_MAX = 100000, // rows of one zone; 15 names each at the most
	PUBLISH_DIGITS_MAX = 15,      // E.164
};

struct publish_number {
	char digits[NUMBER_MAX]; // "+" and 1..15 digits
	bool exact;              // this number alone; else everything that begins so
	bool hole;               // another's, within a prefix of ours
	char rn[NUMBER_MAX];     // routing number of a ported one (RFC 4694); "" none
};

struct publish_numbers {
	struct publish_number *at; // heap
	uint32_t count, room;
	uint32_t ours; // the first of them, sorted by publish_numbers_sort()
};

// One more. E_SYNTAX: not "+" and 1..15 digits; E_TOO_MANY, E_NO_MEMORY.
MUST_USE result publish_numbers_add(struct publish_numbers *n, const char *digits, bool exact, const char *rn);
// Those that were added are ours; what follows are holes.
void publish_numbers_sort(struct publish_numbers *n);
// DIGITS are another's: kept when a prefix of ours holds them, as a hole. Errors as above.
MUST_USE result publish_numbers_except(struct publish_numbers *n, const char *digits, bool exact);
void publish_numbers_free(struct publish_numbers *n);

// A name of the zone: DIGITS below the apex, or the wildcard below it. False ends the walk.
typedef bool (*publish_name_h)(void *ctx, const char *digits, bool wildcard, const struct publish_number *by);
// Every name for N, each once, in the order of digits. Sorts N; a hole goes
// before a row for the same numbers. E_FULL: the handler ended it.
MUST_USE result publish_numbers_walk(struct publish_numbers *n, publish_name_h handler, void *ctx);

#endif
