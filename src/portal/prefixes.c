// SPDX-License-Identifier: Apache-2.0
// Sets are small (64), so that a walk over all of them is the simplest that is fast enough.
#include "portal/prefixes.h"

#include <stdlib.h>

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void remove_within(struct prefixes *p, const char *digits)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < p->count; i++)
		if (!begins(p->list[i].digits, digits))
			p->list[kept++] = p->list[i];
	p->count = kept;
}

static result add_one(struct prefixes *p, const struct number_prefix *x)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (begins(x->digits, p->list[i].digits))
			return OK;
	remove_within(p, x->digits);
	REQUIRE(p->count < PEER_NUMBERS_MAX, E_TOO_MANY);
	p->list[p->count++] = *x;
	return OK;
}

result prefixes_add(struct prefixes *p, const struct number_prefix *list, uint32_t n)
{
	for (uint32_t i = 0; i < n && i < PEER_NUMBERS_MAX; i++)
		if (list[i].digits[0] != '\0')
			TRY(add_one(p, &list[i]));
	return OK;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct number_prefix *)a)->digits, ((const struct number_prefix *)b)->digits);
}

void prefixes_sort(struct prefixes *p)
{
	qsort(p->list, p->count, sizeof(p->list[0]), compare);
}
