// SPDX-License-Identifier: Apache-2.0
// The block answers, unless a change has overtaken it: one of a longer range, or of the very range that was found.
#include "registry/ldr.h"

static void take(const struct range *r, struct ldr_found *out)
{
	*out = (struct ldr_found){r->target, range_key_digits(r->key), r->rn};
}

// In the block, over what changes say of the ranges that are met.
static bool find_below(const struct ldr *l, range_key number, bool changes, struct range *out)
{
	struct range_change c;
	uint32_t steps = 0;
	for (uint32_t i = ranges_find(l->ranges, number); ranges_at(l->ranges, i, out) && steps <= 2 * RANGES_DIGITS_MAX + 2; steps++) {
		if (!changes || !overlay_get(l->overlay, out->key, &c))
			return true;
		if (!c.gone) {
			*out = c.range;
			return true;
		}
		i = ranges_outer(l->ranges, i, number);
	}
	return false;
}

// Among the changes alone, longer than DIGITS (or as long, and one number where EXACT is false).
static bool find_changed(const struct overlay *o, range_key number, uint32_t digits, bool exact, struct range *out)
{
	uint32_t all = range_key_digits(number);
	struct range_change c;
	for (uint32_t n = all; n >= 1 && n >= digits; n--) {
		if (n == all && overlay_has(o, n, true) && !(n == digits && exact) && overlay_get(o, number | 1, &c) && !c.gone) {
			*out = c.range;
			return true;
		}
		if (n > digits && overlay_has(o, n, false) && overlay_get(o, range_key_prefix(number, n), &c) && !c.gone) {
			*out = c.range;
			return true;
		}
	}
	return false;
}

bool ldr_find(const struct ldr *l, const char *number, struct ldr_found *out)
{
	range_key key = range_key_of(number, false);
	bool changes = l->overlay != NULL && overlay_count(l->overlay) > 0;
	struct range r = {.key = 0}, longer;
	if (key == 0)
		return false;
	bool found = find_below(l, key, changes, &r);
	if (!found)
		r.key = 0;
	if (changes && find_changed(l->overlay, key, range_key_digits(r.key), range_key_exact(r.key), &longer)) {
		r = longer;
		found = true;
	}
	if (found)
		take(&r, out);
	return found;
}
