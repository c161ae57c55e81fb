// SPDX-License-Identifier: Apache-2.0
// Sorted numbers are a tree: those that begin alike stand together.
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
	if (x->exact != y->exact)
		return (int)x->exact - (int)y->exact;
	return x->hole != y->hole ? (int)y->hole - (int)x->hole : strcmp(x->rn, y->rn);
}

void publish_numbers_sort(struct publish_numbers *n)
{
	if (n->count > 0)
		qsort(n->at, n->count, sizeof(*n->at), compare);
	n->ours = n->count;
}

static int compare_prefix(const void *key, const void *row)
{
	const struct publish_number *x = row;
	int by_digits = strcmp(key, x->digits);
	return by_digits != 0 ? by_digits : x->exact ? -1 : 0;
}

// Does a prefix of ours hold DIGITS?
static bool held(const struct publish_numbers *n, const char *digits)
{
	char prefix[NUMBER_MAX] = "+";
	for (size_t i = 1; digits[i] != '\0' && n->ours > 0; i++) {
		prefix[i] = digits[i];
		if (bsearch(prefix, n->at, n->ours, sizeof(*n->at), compare_prefix) != NULL)
			return true;
	}
	return false;
}

result publish_numbers_except(struct publish_numbers *n, const char *digits, bool exact)
{
	REQUIRE(digits_ok(digits), E_SYNTAX);
	if (!held(n, digits))
		return OK;
	TRY(publish_numbers_add(n, digits, exact, ""));
	n->at[n->count - 1].hole = true;
	return OK;
}

struct walk {
	publish_name_h handler;
	void *ctx;
	const struct publish_number *at;
};

struct node { // the rows FROM to TO begin with the same LEN digits
	uint32_t from, to;
	size_t len;
	const struct publish_number *own;   // for these digits; NULL none
	const struct publish_number *below; // for what is longer; NULL none
};

// ABOVE: the nearest prefix so far. Rows for exactly these digits stand first; of two for the same the first counts.
static struct node node_make(const struct walk *w, uint32_t from, uint32_t to, size_t len, const struct publish_number *above)
{
	const struct publish_number *prefix = NULL, *exact = NULL;
	struct node n = {.from = from, .to = to, .len = len, .below = above};
	for (; n.from < to && w->at[n.from].digits[len + 1] == '\0'; n.from++) {
		const struct publish_number *row = &w->at[n.from];
		if (row->exact)
			exact = exact != NULL ? exact : row;
		else
			prefix = prefix != NULL ? prefix : row;
	}
	if (prefix != NULL)
		n.below = prefix->hole ? NULL : prefix;
	n.own = exact == NULL ? n.below : exact->hole ? NULL : exact;
	return n;
}

// Rows from FROM on with the same digit behind the LEN first ones.
static uint32_t branch_end(const struct walk *w, const struct node *n, uint32_t from)
{
	uint32_t to = from;
	while (to < n->to && w->at[to].digits[n->len + 1] == w->at[from].digits[n->len + 1])
		to++;
	return to;
}

static bool tell(const struct walk *w, const char *digits, const struct publish_number *own, const struct publish_number *below)
{
	if (own != NULL && !w->handler(w->ctx, digits, false, own))
		return false;
	return below == NULL || strlen(digits) > PUBLISH_DIGITS_MAX || w->handler(w->ctx, digits, true, below);
}

// Is one of the branches of N nobody's or another's, so that no wildcard may stand above it?
static bool has_hole(const struct walk *w, const struct node *n)
{
	for (uint32_t from = n->from, to; from < n->to; from = to) {
		to = branch_end(w, n, from);
		if (node_make(w, from, to, n->len + 1, n->below).own == NULL)
			return true;
	}
	return false;
}

// Each digit behind DIGITS that has no branch of its own.
static bool tell_others(const struct walk *w, const struct node *n, const char *digits)
{
	char name[NUMBER_MAX] = {0};
	uint32_t at = n->from;
	memcpy(name, digits, n->len + 1);
	for (char digit = '0'; digit <= '9'; digit++) {
		name[n->len + 1] = digit;
		if (at < n->to && w->at[at].digits[n->len + 1] == digit)
			at = branch_end(w, n, at);
		else if (!tell(w, name, n->below, n->below))
			return false;
	}
	return true;
}

// As deep as a number is long.
static bool walk_node(const struct walk *w, const struct node *n)
{
	char digits[NUMBER_MAX] = {0};
	bool split = n->below != NULL && has_hole(w, n);
	if (n->len > 0) {
		memcpy(digits, w->at[n->to - 1].digits, n->len + 1);
		if (!tell(w, digits, n->own, split ? NULL : n->below) || (split && !tell_others(w, n, digits)))
			return false;
	}
	for (uint32_t from = n->from, to; from < n->to; from = to) {
		to = branch_end(w, n, from);
		struct node child = node_make(w, from, to, n->len + 1, n->below);
		if (!walk_node(w, &child))
			return false;
	}
	return true;
}

result publish_numbers_walk(struct publish_numbers *n, publish_name_h handler, void *ctx)
{
	publish_numbers_sort(n);
	struct walk w = {.handler = handler, .ctx = ctx, .at = n->at};
	struct node root = {.to = n->count};
	REQUIRE(walk_node(&w, &root), E_FULL);
	return OK;
}
