// SPDX-License-Identifier: Apache-2.0
// Shares of a bounded table; the rule stands in share.h.
#include "base/share.h"

#include "base/memory.h"

result share_new(struct share *s, uint32_t max, uint32_t owners_max)
{
	*s = (struct share){.max = max, .owners_max = owners_max};
	s->of = memory_array(owners_max, sizeof(*s->of));
	REQUIRE(s->of != NULL, E_NO_MEMORY);
	return OK;
}

void share_free(struct share *s)
{
	memory_free(s->of);
	*s = (struct share){0};
}

bool share_left(const struct share *s, uint32_t owner, uint32_t owners)
{
	uint32_t kept = s->max / SHARE_KEPT;
	uint32_t each = owners > 0 ? kept / owners : kept;

	if (owner >= s->owners_max)
		return s->used < s->max;
	if (each == 0)
		each = 1; // more owners than kept places: one for each, for those who come first
	if (s->of[owner] < each)
		return s->used < s->max;
	uint64_t others = owners > 1 ? (uint64_t)(owners - 1) * each : 0;
	return s->used + (others < kept ? others : kept) < s->max;
}

void share_take(struct share *s, uint32_t owner)
{
	s->used++;
	if (owner < s->owners_max)
		s->of[owner]++;
}

void share_give(struct share *s, uint32_t owner)
{
	if (s->used > 0)
		s->used--;
	if (owner < s->owners_max && s->of[owner] > 0)
		s->of[owner]--;
}
