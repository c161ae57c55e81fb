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

// How many neighbours are in a row with NUMBER. The same number again is none, and ends no row; rows are followed side by side, so
// that whoever mixes two is seen.
static uint8_t neighbour(struct luf_harvest *h, const char *number)
{
	uint8_t digits;
	uint64_t v = value_of(number, &digits);
	for (uint8_t i = 0; i < HARVEST_LANES; i++) {
		struct harvest_lane *l = &h->lane[i];
		uint64_t apart = v > l->last ? v - l->last : l->last - v;
		if (digits != l->digits || apart > HARVEST_STEP)
			continue;
		if (apart > 0 && l->run < HARVEST_RUN)
			l->run++;
		l->last = v;
		return l->run;
	}
	h->lane[h->next] = (struct harvest_lane){.last = v, .digits = digits};
	h->next = (uint8_t)((h->next + 1) % HARVEST_LANES);
	return 0;
}

void luf_harvest_note(struct luf_harvest *h, const char *number, bool found, bool every, const struct now *now)
{
	if (number[0] != '+')
		return;
	uint8_t run = !found || every ? neighbour(h, number) : 0;
	h->misses = h->misses << 1 | !found;
	h->seen = (uint8_t)(h->seen + (h->seen < HARVEST_WINDOW));
	bool many = h->seen == HARVEST_WINDOW && __builtin_popcountll(h->misses) >= HARVEST_MISSES;
	if (h->until_us == 0 && (many || run >= HARVEST_RUN))
		throttle(h, now);
}
