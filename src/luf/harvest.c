// SPDX-License-Identifier: Apache-2.0
// Two signs: the share of numbers that nobody has, and numbers one after the other.
#include "luf/harvest.h"

bool luf_harvest_admits(struct luf_harvest *h, const struct now *now)
{
	if (h->until_us == 0)
		return true;
	if (h->until_us <= now->mono_us) {
		*h = (struct luf_harvest){.length_s = h->length_s}; // a new beginning; what comes again is throttled for longer
		return true;
	}
	if (h->next_us > now->mono_us)
		return false;
	h->next_us = now->mono_us + HARVEST_TRICKLE_US;
	return true;
}

static uint64_t value_of(const char *number, uint8_t *digits)
{
	uint64_t v = 0;
	for (*digits = 0; number[*digits + 1] >= '0' && number[*digits + 1] <= '9' && *digits < 15; ++*digits)
		v = v * 10 + (uint64_t)(number[*digits + 1] - '0');
	return v;
}

static void throttle(struct luf_harvest *h, const struct now *now)
{
	h->length_s = h->length_s == 0 ? HARVEST_FIRST_S : h->length_s < HARVEST_LONGEST_S / 2 ? 2 * h->length_s : HARVEST_LONGEST_S;
	h->until_us = now->mono_us + (uint64_t)h->length_s * SECOND;
	h->next_us = now->mono_us + HARVEST_TRICKLE_US;
}

void luf_harvest_note(struct luf_harvest *h, const char *number, bool found, bool every, const struct now *now)
{
	uint8_t digits;
	uint64_t v = number[0] == '+' ? value_of(number, &digits) : 0;
	uint64_t apart = v > h->last ? v - h->last : h->last - v;
	if (number[0] != '+')
		return;
	if (!found || every) {
		h->run = digits == h->digits && apart > 0 && apart <= HARVEST_STEP ? (uint8_t)(h->run + (h->run < HARVEST_RUN)) : 0;
		h->last = v;
		h->digits = digits;
	}
	h->misses = h->misses << 1 | !found;
	h->seen = (uint8_t)(h->seen + (h->seen < HARVEST_WINDOW));
	bool many = h->seen == HARVEST_WINDOW && __builtin_popcountll(h->misses) >= HARVEST_MISSES;
	if (h->until_us == 0 && (many || h->run >= HARVEST_RUN))
		throttle(h, now);
}
