// SPDX-License-Identifier: Apache-2.0
// Only the owner of a range may hold what lies within it, but for single ported numbers with a routing number (LUF-I3): else
// whoever may add rows takes the calls of others by a longer prefix.
//
// Small change sets ask for each row: is there a range around it, or one within it, of another owner? Large ones read all
// ranges once in order, with a stack of the ranges that are open; a prefix stands before everything that begins with it.
#include "registry/store/inside.h"

#include "base/memory.h"

enum {
	OPEN_MAX = 16,        // ranges around one another: a prefix has 1 to 15 digits
	FOUND_MAX = 1 << 20,  // faults of one pass; what is more is found in the next one
};

struct range {
	char prefix[NUMBER_MAX], owner[NAME_MAX_LEN];
	uint64_t seq, number; // of the staged row; seq 0: stands in the registry
	bool exact, ported, blamed;
};

struct scan {
	struct store *store;
	struct range open[OPEN_MAX];
	uint32_t depth;
	uint64_t *seq; // of staged rows to be marked
	uint32_t found, room;
	result r;
};

static void text_copy(char *out, size_t size, struct bytes text)
{
	size_t n = text.len < size ? text.len : size - 1;

	memcpy(out, text.at, n);
	out[n] = '\0';
}

static bool found_grow(struct scan *x)
{
	uint32_t room = x->room == 0 ? 64 : x->room * 2;
	uint64_t *seq = memory_array(room, sizeof(*seq));

	if (seq == NULL)
		return false;
	if (x->found > 0)
		memcpy(seq, x->seq, x->found * sizeof(*seq));
	memory_free(x->seq);
	x->seq = seq;
	x->room = room;
	return true;
}

static result blame(struct scan *x, const struct range *who, const struct range *other)
{
	REQUIRE(x->found < x->room || found_grow(x), E_NO_MEMORY);
	x->seq[x->found++] = who->seq;
	return store_report_fault(&x->store->report, who->number,
		"prefix: \"%s\" of %s overlaps %s of %s; let the owner have it, or port one number with rn",
		who->prefix, who->owner, other->prefix, other->owner);
}

// Is R within the range that is open at the top?
static bool within(const struct range *outer, const struct range *r)
{
	return strncmp(r->prefix, outer->prefix, strlen(outer->prefix)) == 0;
}

// Take R in its place; blame it, or else a staged range around it that has another owner.
static result scan_take(struct scan *x, const struct range *r)
{
	while (x->depth > 0 && !within(&x->open[x->depth - 1], r))
		x->depth--;
	for (uint32_t i = x->depth; i > 0 && !r->ported; i--) {
		struct range *outer = &x->open[i - 1];
		if (strcmp(outer->owner, r->owner) == 0 || outer->blamed)
			continue;
		if (r->seq > 0)
			return blame(x, r, outer);
		if (outer->seq > 0) {
			outer->blamed = true;
			TRY(blame(x, outer, r));
		}
	}
	if (!r->exact && x->depth < OPEN_MAX)
		x->open[x->depth++] = *r;
	return OK;
}

static struct range range_of(const struct bytes *column)
{
	struct range r = {.exact = store_number(column[1]) != 0, .seq = store_number(column[4]), .number = store_number(column[5])};

	text_copy(r.prefix, sizeof(r.prefix), column[0]);
	text_copy(r.owner, sizeof(r.owner), column[2]);
	r.ported = r.exact && column[3].len > 0;
	return r;
}

static bool scan_h(void *ctx, const struct bytes *column)
{
	struct scan *x = ctx;
	struct range r = range_of(column);

	x->r = scan_take(x, &r);
	return is_ok(x->r) && x->found < FOUND_MAX;
}

static result scan_all(struct scan *x, struct store_error *why)
{
	return store_run(x->store, ROW_RANGE, "SELECT prefix, exact, owner, rn, 0 AS seq, 0 AS number FROM @T t WHERE NOT EXISTS "
		"(SELECT 1 FROM @S s WHERE @e(st) AND s.bad = 0) UNION ALL "
		"SELECT prefix, exact, owner, rn, seq, number FROM @S WHERE op = 1 AND bad = 0 ORDER BY 1, 2", "", NULL, 0,
		scan_h, x, NULL, why);
}

// Answers: the staged row, then prefix and owner of the other.
static bool pair_h(void *ctx, const struct bytes *column)
{
	struct scan *x = ctx;
	struct range r = range_of(column), other = {.seq = 0};

	if (x->found > 0 && x->seq[x->found - 1] == r.seq)
		return true;
	text_copy(other.prefix, sizeof(other.prefix), column[6]);
	text_copy(other.owner, sizeof(other.owner), column[7]);
	x->r = blame(x, &r, &other);
	return is_ok(x->r) && x->found < FOUND_MAX;
}

#define LENGTHS                                                                                              \
	"(SELECT 2 AS n UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL "  \
	"SELECT 8 UNION ALL SELECT 9 UNION ALL SELECT 10 UNION ALL SELECT 11 UNION ALL SELECT 12 UNION ALL SELECT 13 UNION ALL "   \
	"SELECT 14 UNION ALL SELECT 15 UNION ALL SELECT 16)"
#define PAIR "SELECT s.prefix, s.exact, s.owner, s.rn, s.seq, s.number, o.prefix, o.owner FROM @S s CROSS JOIN "
#define AROUND                                                                                               \
	" o WHERE s.op = 1 AND s.bad = 0 AND (s.exact = 0 OR s.rn = '') AND (l.n < length(s.prefix) OR (s.exact = 1 AND "           \
	"l.n = length(s.prefix))) AND o.prefix = substr(s.prefix, 1, l.n) AND o.exact = 0 AND o.owner <> s.owner AND "
#define NOT_STAGED "NOT EXISTS (SELECT 1 FROM @S x WHERE @e(xo) AND x.bad = 0)"
#define WITHIN(what)                                                                                         \
	"(SELECT " what " FROM @T o WHERE o.prefix >= s.prefix AND o.prefix < s.prefix||':' AND (o.exact = 0 OR o.rn = '') AND "     \
	"o.owner <> s.owner AND " NOT_STAGED " ORDER BY o.prefix, o.exact LIMIT 1)"

// Around a staged row: what stands, what is staged. Within it: what stands, when the range is new or has another owner.
static const char *const pairs[] = {
	PAIR LENGTHS " l CROSS JOIN @T" AROUND NOT_STAGED " ORDER BY s.seq",
	PAIR LENGTHS " l CROSS JOIN @S" AROUND "o.op = 1 AND o.bad = 0 ORDER BY s.seq",
	"SELECT s.prefix, s.exact, s.owner, s.rn, s.seq, s.number, " WITHIN("o.prefix") ", " WITHIN("o.owner") " FROM @S s WHERE "
	"s.op = 1 AND s.bad = 0 AND s.exact = 0 AND NOT EXISTS (SELECT 1 FROM @T b WHERE @e(bs) AND b.owner = s.owner) AND "
	WITHIN("o.prefix") " IS NOT NULL ORDER BY s.seq", // not EXISTS: PostgreSQL would join all of the table
};

static result scan_mark(struct scan *x, uint32_t mark, struct store_error *why)
{
	char text[2][24];

	for (uint32_t i = 0; i < x->found; i++) {
		struct bytes param[] = {store_number_text(mark, text[0]), store_number_text(x->seq[i], text[1])};
		TRY(store_run(x->store, ROW_RANGE, "UPDATE @S SET bad = $1 WHERE seq = $2", "", param, 2, NULL, NULL, NULL, why));
	}
	return OK;
}

static result scan_run(struct scan *x, uint32_t mark, uint64_t *found, struct store_error *why)
{
	uint32_t marked = 0;

	if (x->store->put[ROW_RANGE] >= STORE_LARGE) {
		TRY(scan_all(x, why));
		TRY(x->r);
		*found += x->found;
		return scan_mark(x, mark, why);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(pairs); i++) {
		x->found = 0;
		TRY(store_run(x->store, ROW_RANGE, pairs[i], "", NULL, 0, pair_h, x, NULL, why));
		TRY(x->r);
		TRY(scan_mark(x, mark, why));
		marked += x->found;
	}
	*found += marked;
	return OK;
}

result store_overlap(struct store *s, uint32_t mark, uint64_t *found, struct store_error *why)
{
	struct scan x = {.store = s, .r = OK};
	result r = scan_run(&x, mark, found, why);

	memory_free(x.seq);
	return r;
}
