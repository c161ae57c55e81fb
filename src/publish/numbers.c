// SPDX-License-Identifier: Apache-2.0
// Sorted numbers are a tree walked in order: what one shares with the one before it was told already.
#include "publish/numbers.h"

#include "base/memory.h"

#include <stdlib.h>

enum { ROOM_FIRST = 256 };

static bool digits_ok(const char *text)
{
	size_t n = strlen(text);
	return text[0] == '+' && n >= 2 && n <= PUBLISH_DIGITS_MAX + 1 && strspn(text + 1, "0123456789") == n - 1;
}

static result grow(struct publish_numbers *n)
{
	uint32_t room = n->room == 0 ? ROOM_FIRST : n->room * 2;
	struct publish_number *at;
	if (n->count < n->room)
		return OK;
	at = memory_array(room, sizeof(*at));
	REQUIRE(at != NULL, E_NO_MEMORY);
	if (n->count > 0)
		memcpy(at, n->at, n->count * sizeof(*at));
	memory_free(n->at);
	n->at = at;
	n->room = room;
	return OK;
}

result publish_numbers_add(struct publish_numbers *n, const char *digits, bool exact, const char *rn)
{
	struct publish_number *to;
	REQUIRE(digits_ok(digits) && (rn[0] == '\0' || digits_ok(rn)), E_SYNTAX);
	REQUIRE(n->count < PUBLISH_NUMBERS_MAX, E_TOO_MANY);
	TRY(grow(n));
	to = &n->at[n->count++];
	memcpy(to->digits, digits, strlen(digits) + 1);
	memcpy(to->rn, rn, strlen(rn) + 1);
	to->exact = exact;
	return OK;
}

void publish_numbers_free(struct publish_numbers *n)
{
	memory_free(n->at);
	*n = (struct publish_numbers){0};
}

static int compare(const void *a, const void *b)
{
	const struct publish_number *x = a, *y = b;
	int by_digits = strcmp(x->digits, y->digits);
	if (by_digits != 0)
		return by_digits;
	return x->exact != y->exact ? (int)x->exact - (int)y->exact : strcmp(x->rn, y->rn);
}

struct walk {
	publish_name_h handler;
	void *ctx;
	const struct publish_number *prefix[PUBLISH_DIGITS_MAX + 1]; // that holds the first i digits of where we are; NULL none
};

// The name of the first LEN digits of DIGITS and the wildcard below it. EXACT: the row for this number alone, NULL none.
static bool tell(const struct walk *w, const char *digits, size_t len, const struct publish_number *exact)
{
	const struct publish_number *prefix = w->prefix[len], *own = exact != NULL ? exact : prefix;
	char name[NUMBER_MAX] = {0};
	memcpy(name, digits, len + 1); // the plus
	if (own != NULL && !w->handler(w->ctx, name, false, own))
		return false;
	return prefix == NULL || len >= PUBLISH_DIGITS_MAX || w->handler(w->ctx, name, true, prefix);
}

static size_t shared(const char *a, const char *b)
{
	size_t n = 1; // the plus
	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n - 1;
}

// One group of rows for the same digits: a prefix, an exact number, or both.
static bool step(struct walk *w, const struct publish_number *group, uint32_t rows, size_t known)
{
	const struct publish_number *prefix = NULL, *exact = NULL;
	size_t len = strlen(group->digits) - 1;
	for (uint32_t i = rows; i-- > 0;) {
		if (group[i].exact)
			exact = &group[i];
		else
			prefix = &group[i];
	}
	for (size_t i = known + 1; i <= len; i++)
		w->prefix[i] = w->prefix[i - 1];
	for (size_t i = known + 1; i < len; i++)
		if (!tell(w, group->digits, i, NULL))
			return false;
	if (prefix != NULL)
		w->prefix[len] = prefix;
	return tell(w, group->digits, len, exact);
}

result publish_numbers_walk(struct publish_numbers *n, publish_name_h handler, void *ctx)
{
	struct walk w = {.handler = handler, .ctx = ctx};
	const char *before = "+";
	if (n->count > 0)
		qsort(n->at, n->count, sizeof(*n->at), compare);
	for (uint32_t i = 0, rows; i < n->count; i += rows) {
		const struct publish_number *group = &n->at[i];
		for (rows = 1; i + rows < n->count && strcmp(group[rows].digits, group->digits) == 0;)
			rows++;
		REQUIRE(step(&w, group, rows, shared(before, group->digits)), E_FULL);
		before = group->digits;
	}
	return OK;
}
