// SPDX-License-Identifier: Apache-2.0
// The journal: what every change set changed, before and after, and a chain of hashes over it (LUF-I3). The hash of a change set
// covers the hash before it, number, time, person, reason and all entries as they stand in the database, so that whoever
// alters the past breaks the chain there. Whoever can write the whole database can also make a new chain: the newest hash
// is given to the caller to be noted elsewhere.
#include "registry/store/inside.h"

#include "base/clock.h"

#include <sodium.h>
#include <stdio.h>

enum { ENTRY_MAX = 4 * ROW_TEXT_MAX };

struct change_set {
	uint64_t number, at_ms, first, last, entries;
	char who[STORE_WHO_MAX], why[STORE_WHY_MAX];
	char hash[2 * STORE_HASH_LEN + 1];
	bool found;
};

// --- hashes

struct chain {
	crypto_generichash_state state;
	uint64_t entries, made, changed, deleted;
	bool damaged; // an entry is longer than any of ours
};

static void put_number(uint8_t *out, uint64_t n)
{
	for (int i = 7; i >= 0; i--, n >>= 8)
		out[i] = (uint8_t)n;
}

// Length before octets, so that no two lists of texts look alike; NULL has a length that no text has.
static size_t put_text(uint8_t *out, struct bytes text)
{
	put_number(out, text.at == NULL ? UINT64_MAX : text.len);
	if (text.at != NULL && text.len > 0)
		memcpy(out + 8, text.at, text.len);
	return 8 + (text.at == NULL ? 0 : text.len);
}

static void chain_begin(struct chain *c, const char *hash_before, const struct change_set *set)
{
	uint8_t head[2 * STORE_HASH_LEN + STORE_WHO_MAX + STORE_WHY_MAX + 64];
	size_t n = put_text(head, bytes_of_string(hash_before));

	*c = (struct chain){.damaged = false};
	put_number(head + n, set->number);
	put_number(head + n + 8, set->at_ms);
	n += 16;
	n += put_text(head + n, bytes_of_string(set->who));
	n += put_text(head + n, bytes_of_string(set->why));
	crypto_generichash_init(&c->state, NULL, 0, STORE_HASH_LEN);
	crypto_generichash_update(&c->state, head, n);
}

// Columns: kind, key, before, after.
static bool chain_h(void *ctx, const struct bytes *column)
{
	uint8_t entry[ENTRY_MAX];
	struct chain *c = ctx;
	size_t n = 0;

	if (column[0].len + column[1].len + column[2].len + column[3].len + 4 * 8 > sizeof(entry)) {
		c->damaged = true;
		return false;
	}
	for (int i = 0; i < 4; i++)
		n += put_text(entry + n, column[i]);
	crypto_generichash_update(&c->state, entry, n);
	c->entries++;
	c->made += column[2].at == NULL;
	c->deleted += column[3].at == NULL;
	c->changed += column[2].at != NULL && column[3].at != NULL;
	return true;
}

static void chain_end(struct chain *c, uint8_t hash[STORE_HASH_LEN], char hex[2 * STORE_HASH_LEN + 1])
{
	uint8_t count[8];

	put_number(count, c->entries);
	crypto_generichash_update(&c->state, count, sizeof(count));
	crypto_generichash_final(&c->state, hash, STORE_HASH_LEN);
	sodium_bin2hex(hex, 2 * STORE_HASH_LEN + 1, hash, STORE_HASH_LEN);
}

static result chain_run(struct store *s, struct chain *c, const struct change_set *set, struct store_error *why)
{
	char text[2][24];
	struct bytes param[] = {store_number_text(set->first, text[0]), store_number_text(set->last, text[1])};

	return s->backend->run(s->db, "SELECT kind, key_text, before_text, after_text FROM journal WHERE entry >= $1 AND entry <= $2 "
		"ORDER BY entry", param, 2, chain_h, c, NULL, why);
}

// --- change sets

static void text_take(char *out, size_t size, struct bytes text)
{
	size_t n = text.at == NULL ? 0 : text.len < size ? text.len : size - 1;

	if (n > 0)
		memcpy(out, text.at, n);
	out[n] = '\0';
}

static bool set_h(void *ctx, const struct bytes *column)
{
	struct change_set *c = ctx;

	c->found = true;
	c->number = store_number(column[0]);
	c->at_ms = store_number(column[1]);
	c->first = store_number(column[2]);
	c->last = store_number(column[3]);
	c->entries = store_number(column[4]);
	text_take(c->hash, sizeof(c->hash), column[5]);
	text_take(c->who, sizeof(c->who), column[6]);
	text_take(c->why, sizeof(c->why), column[7]);
	return false;
}

#define SET_COLUMNS "SELECT number, at_ms, first_entry, last_entry, entries, hash, who, why FROM change_set "

// The first change set after NUMBER; .found tells.
static result set_after(struct store *s, uint64_t number, struct change_set *out, struct store_error *why)
{
	char text[24];
	struct bytes param = store_number_text(number, text);

	*out = (struct change_set){.found = false};
	return s->backend->run(s->db, SET_COLUMNS "WHERE number > $1 ORDER BY number LIMIT 1", &param, 1, set_h, out, NULL, why);
}

static result set_newest(struct store *s, struct change_set *out, struct store_error *why)
{
	*out = (struct change_set){.found = false};
	return s->backend->run(s->db, SET_COLUMNS "ORDER BY number DESC LIMIT 1", NULL, 0, set_h, out, NULL, why);
}

static bool number_h(void *ctx, const struct bytes *column)
{
	uint64_t *out = ctx;

	out[0] = store_number(column[0]);
	return true;
}

static result entry_newest(struct store *s, uint64_t *entry, struct store_error *why)
{
	*entry = 0;
	return s->backend->run(s->db, "SELECT max(entry) FROM journal", NULL, 0, number_h, entry, NULL, why);
}

// --- writing

#define PUT_FROM                                                                                             \
	"FROM @S s LEFT JOIN @T t ON @e(ts) WHERE s.op = 1 AND s.bad = 0 AND (t.\"@1\" IS NULL OR @d(st))"
#define DELETE_FROM "FROM @S s CROSS JOIN @T t WHERE @e(st) AND s.op = 2 AND s.bad = 0"
#define INTO "INSERT INTO journal (change_set, kind, key_text, before_text, after_text) SELECT CAST($1 AS BIGINT), @i, "

// The first key column: NULL in the joined row when there is no such row.
static const char *first_key(enum row_kind kind)
{
	uint32_t keys;

	return row_columns(kind, &keys)[0];
}

// Puts from peers to what refers to them, deletions the other way round.
static result entries_write(struct store *s, uint64_t change_set, struct store_error *why)
{
	char text[24];
	struct bytes param = store_number_text(change_set, text);

	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
		if (s->put[k] > 0)
			TRY(store_run(s, k, INTO "@x(s), CASE WHEN t.\"@1\" IS NULL THEN NULL ELSE @y(t) END, @y(s) " PUT_FROM
				" ORDER BY @k(s)", first_key(k), &param, 1, NULL, NULL, NULL, why));
	}
	for (enum row_kind k = ROW_KINDS - 1; k >= ROW_PEER; k--) {
		if (s->deleted[k] > 0)
			TRY(store_run(s, k, INTO "@x(t), @y(t), NULL " DELETE_FROM " ORDER BY @k(s)", "", &param, 1, NULL, NULL, NULL, why));
	}
	return OK;
}

static result set_write(struct store *s, const struct change_set *c, struct store_error *why)
{
	char text[5][24];
	struct bytes param[] = {store_number_text(c->number, text[0]), store_number_text(c->at_ms, text[1]), bytes_of_string(c->who),
		bytes_of_string(c->why), store_number_text(c->entries, text[2]), store_number_text(c->first, text[3]),
		store_number_text(c->last, text[4]), bytes_of_string(c->hash)};

	return s->backend->run(s->db, "INSERT INTO change_set (number, at_ms, who, why, entries, first_entry, last_entry, hash) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", param, ARRAY_LEN(param), NULL, NULL, NULL, why);
}

static result good_count(struct store *s, struct store_report *r, struct store_error *why)
{
	uint64_t good;

	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
		if (s->put[k] == 0)
			continue;
		TRY(store_run(s, k, "SELECT count(*) FROM @S WHERE op = 1 AND bad = 0", "", NULL, 0, number_h, &good, NULL, why));
		r->unchanged += good;
	}
	r->unchanged -= r->put + r->changed;
	return OK;
}

result store_journal_write(struct store *s, uint64_t *change_set, struct store_error *why)
{
	struct change_set before, c = {.at_ms = clock_now().wall_ms};
	struct store_report *r = &s->report;
	struct chain chain;

	*change_set = 0;
	TRY(set_newest(s, &before, why));
	c.number = before.number + 1;
	TRY(entry_newest(s, &c.first, why));
	c.first++;
	TRY(entries_write(s, c.number, why));
	TRY(entry_newest(s, &c.last, why));
	memcpy(c.who, s->who, sizeof(c.who));
	memcpy(c.why, s->why, sizeof(c.why));
	chain_begin(&chain, before.hash, &c);
	TRY(chain_run(s, &chain, &c, why));
	c.entries = chain.entries;
	r->put = chain.made;
	r->changed = chain.changed;
	r->deleted = chain.deleted;
	TRY(good_count(s, r, why));
	if (c.entries == 0)
		return OK;
	chain_end(&chain, r->hash, c.hash);
	TRY(set_write(s, &c, why));
	*change_set = c.number;
	return OK;
}

static bool counts_h(void *ctx, const struct bytes *column)
{
	uint64_t *out = ctx;

	out[0] = store_number(column[0]);
	out[1] = store_number(column[1]);
	return true;
}

result store_journal_count(struct store *s, struct store_error *why)
{
	struct store_report *r = &s->report;

	for (enum row_kind k = ROW_PEER; k < ROW_KINDS; k++) {
		uint64_t n[2] = {0, 0};
		if (s->put[k] > 0)
			TRY(store_run(s, k, "SELECT count(*), count(t.\"@1\") " PUT_FROM, first_key(k), NULL, 0, counts_h, n, NULL, why));
		r->put += n[0] - n[1];
		r->changed += n[1];
		n[0] = 0;
		if (s->deleted[k] > 0)
			TRY(store_run(s, k, "SELECT count(*), 0 " DELETE_FROM, "", NULL, 0, counts_h, n, NULL, why));
		r->deleted += n[0];
	}
	return good_count(s, r, why);
}

// --- reading

struct entries {
	struct change_set set;
	store_entry_h handler;
	void *ctx;
	struct store_error *why;
	result r;
};

result store_text_row(struct row *row, struct bytes text, uint32_t from, uint32_t to, struct store_error *why)
{
	struct bytes column[ROW_COLUMNS_MAX];

	for (uint32_t i = from; i < to; i++) {
		const uint8_t *tab = text.len == 0 ? NULL : memchr(text.at, '\t', text.len);
		size_t n = tab == NULL || i + 1 == to ? text.len : (size_t)(tab - text.at);
		column[i - from] = bytes_make(text.at, n);
		n += tab != NULL && i + 1 < to;
		text = bytes_make(text.at + n, text.len - n);
	}
	return store_row_read(row, column, from, to, why);
}

// Columns: entry, kind, key, before, after.
static result change_read(struct store_change *c, const struct bytes *column, struct store_error *why)
{
	uint64_t kind = store_number(column[1]);
	uint32_t keys, count = store_column_count((enum row_kind)kind);

	c->has_before = column[3].at != NULL;
	c->has_after = column[4].at != NULL;
	if (count == 0) {
		store_error_set(why, "the journal holds an entry of no known kind; restore the registry from a copy");
		return FAIL(E_FORGED);
	}
	row_columns((enum row_kind)kind, &keys);
	c->before = c->after = (struct row){.kind = (uint8_t)kind};
	struct row *row[] = {&c->before, &c->after};
	for (uint32_t i = 0; i < 2; i++) {
		if (!(i == 0 ? c->has_before : c->has_after))
			continue;
		TRY(store_text_row(row[i], column[2], 0, keys, why));
		TRY(store_text_row(row[i], column[3 + i], keys, count, why));
	}
	return OK;
}

static bool entry_h(void *ctx, const struct bytes *column)
{
	struct entries *e = ctx;
	struct store_change c = {.change_set = e->set.number, .at_ms = e->set.at_ms};

	memcpy(c.who, e->set.who, sizeof(c.who));
	memcpy(c.why, e->set.why, sizeof(c.why));
	e->r = change_read(&c, column, e->why);
	return is_ok(e->r) && e->handler(e->ctx, store_number(column[0]), &c);
}

// At most MOST entries of e->set after AFTER.
static result entries_run(struct store *s, struct entries *e, uint64_t after, uint64_t most, struct store_error *why)
{
	char text[3][24];
	uint64_t first = after >= e->set.first ? after + 1 : e->set.first;
	struct bytes param[] = {store_number_text(first, text[0]), store_number_text(e->set.last, text[1]), store_number_text(most, text[2])};

	TRY(s->backend->run(s->db, "SELECT entry, kind, key_text, before_text, after_text FROM journal WHERE entry >= $1 AND entry <= $2 "
		"ORDER BY entry LIMIT $3", param, 3, entry_h, e, NULL, why));
	return e->r;
}

result store_journal_entries(struct store *s, uint64_t change_set, uint64_t entry, store_entry_h handler, void *ctx,
	struct store_error *why)
{
	struct entries e = {.handler = handler, .ctx = ctx, .why = why, .r = OK};

	REQUIRE(change_set > 0, E_NOT_FOUND);
	TRY(set_after(s, change_set - 1, &e.set, why));
	return e.set.found && e.set.number == change_set ? entries_run(s, &e, entry, STORE_BATCH, why) : OK;
}

struct feed {
	store_change_h handler;
	void *ctx;
	bool ended;
};

static bool feed_h(void *ctx, uint64_t entry, const struct store_change *change)
{
	struct feed *f = ctx;

	UNUSED(entry);
	f->ended = !f->handler(f->ctx, change);
	return !f->ended;
}

result store_changes(struct store *s, uint64_t since, uint32_t most, store_change_h handler, void *ctx, uint64_t *last,
	struct store_error *why)
{
	struct feed f = {handler, ctx, false};
	uint64_t told = 0;

	*last = since;
	while (!f.ended) {
		struct entries e = {.handler = feed_h, .ctx = &f, .why = why, .r = OK};
		TRY(set_after(s, *last, &e.set, why));
		if (!e.set.found || (told > 0 && told + e.set.entries > most))
			break;
		if (e.set.entries > most) {
			store_error_set(why, "change set %llu has %llu entries; read everything instead",
				(unsigned long long)e.set.number, (unsigned long long)e.set.entries);
			return FAIL(E_TOO_MANY);
		}
		TRY(entries_run(s, &e, 0, e.set.entries, why));
		told += e.set.entries;
		*last = e.set.number;
	}
	return OK;
}

// --- verification

result store_hash(struct store *s, uint64_t change_set, uint8_t hash[STORE_HASH_LEN], struct store_error *why)
{
	struct change_set c = {.found = false};
	size_t n = 0;

	if (change_set > 0)
		TRY(set_after(s, change_set - 1, &c, why));
	if (!c.found || c.number != change_set) {
		store_error_set(why, "the journal has no change set %llu", (unsigned long long)change_set);
		return FAIL(E_NOT_FOUND);
	}
	if (sodium_hex2bin(hash, STORE_HASH_LEN, c.hash, strlen(c.hash), NULL, &n, NULL) != 0 || n != STORE_HASH_LEN) {
		store_error_set(why, "the hash of change set %llu is none; compare with a copy", (unsigned long long)change_set);
		return FAIL(E_FORGED);
	}
	return OK;
}

static result set_verify(struct store *s, const char *hash_before, uint64_t entry_before, const struct change_set *c, bool *fits,
	struct store_error *why)
{
	uint8_t hash[STORE_HASH_LEN];
	char hex[2 * STORE_HASH_LEN + 1];
	struct chain chain;

	chain_begin(&chain, hash_before, c);
	TRY(chain_run(s, &chain, c, why));
	chain_end(&chain, hash, hex);
	*fits = !chain.damaged && chain.entries == c->entries && c->first > entry_before && strcmp(hex, c->hash) == 0;
	return OK;
}

static result chain_verify(struct store *s, uint64_t *broken, struct store_error *why)
{
	struct change_set before = {.number = 0}, c;
	uint64_t entries = 0, sum = 0;
	bool fits = true;

	*broken = 0;
	for (;;) {
		TRY(set_after(s, before.number, &c, why));
		if (!c.found)
			break;
		TRY(set_verify(s, before.hash, before.last, &c, &fits, why));
		*broken = before.number + 1;
		if (!fits || c.number != before.number + 1)
			return FAIL(E_FORGED);
		sum += c.entries;
		before = c;
	}
	TRY(s->backend->run(s->db, "SELECT count(*) FROM journal", NULL, 0, number_h, &entries, NULL, why));
	*broken = before.number + 1; // entries that belong to no change set
	REQUIRE(entries == sum, E_FORGED);
	*broken = 0;
	return OK;
}

result store_verify(struct store *s, uint64_t *broken, struct store_error *why)
{
	TRY(store_read_begin(s, NULL, why));
	result r = chain_verify(s, broken, why);
	store_read_end(s);
	if (r.error == E_FORGED && *broken > 0)
		store_error_set(why, "the journal was altered at change set %llu; compare with a copy and restore what was changed",
			(unsigned long long)*broken);
	return r;
}
