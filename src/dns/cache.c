// SPDX-License-Identifier: Apache-2.0
// A keyed table (names come from strangers) over a list in the order of use.
#include "dns/cache.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"

#include <string.h>
#include <sys/random.h>

enum { KEY_MAX = 2 + DOMAIN_MAX };

struct entry {
	struct entry *newer, *older;
	uint64_t until_us;  // fresh before it
	uint64_t failed_us; // when servers failed last; 0: not since it was kept
	struct dns_answer answer; // cut behind the octets that it uses
};

struct dns_cache {
	struct table *table;
	uint32_t count, max;
	struct entry *newest, *oldest;
	uint8_t secret[TABLE_SECRET_LEN];
};

struct key {
	uint8_t octet[KEY_MAX];
	size_t len;
};

static struct key key_of(const struct dns_question *q)
{
	struct key k = {.octet = {(uint8_t)(q->type >> 8), (uint8_t)q->type}};
	size_t n = strnlen(q->name, DOMAIN_MAX);
	memcpy(k.octet + 2, q->name, n);
	k.len = 2 + n;
	return k;
}

static bool match(const void *value, struct bytes key)
{
	struct key k = key_of(&((const struct entry *)value)->answer.question);
	return bytes_equal(bytes_make(k.octet, k.len), key);
}

static result start(struct dns_cache *c)
{
	return table_new(&c->table, c->secret, c->max, match);
}

result dns_cache_new(struct dns_cache **out, uint32_t max)
{
	struct dns_cache *c = memory_alloc(sizeof(*c));
	*out = NULL;
	REQUIRE(c != NULL, E_NO_MEMORY);
	c->max = max;
	result r = getrandom(c->secret, sizeof(c->secret), 0) == (ssize_t)sizeof(c->secret) ? start(c) : FAIL(E_SYSTEM);
	if (!is_ok(r)) {
		memory_free(c);
		return r;
	}
	*out = c;
	return OK;
}

static void unlink_entry(struct dns_cache *c, struct entry *e)
{
	*(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
}

static void link_newest(struct dns_cache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void drop(struct dns_cache *c, struct entry *e)
{
	struct key k = key_of(&e->answer.question);
	table_remove(c->table, bytes_make(k.octet, k.len));
	unlink_entry(c, e);
	memory_free(e);
	c->count--;
}

void dns_cache_clear(struct dns_cache *c)
{
	while (c->oldest != NULL)
		drop(c, c->oldest);
}

void dns_cache_free(struct dns_cache *c)
{
	if (c == NULL)
		return;
	dns_cache_clear(c);
	table_free(c->table);
	memory_free(c);
}

uint32_t dns_cache_count(const struct dns_cache *c)
{
	return c->count;
}

static struct entry *find(const struct dns_cache *c, const struct dns_question *q)
{
	struct key k = key_of(q);
	return table_get(c->table, bytes_make(k.octet, k.len));
}

static size_t head_and(uint32_t used)
{
	return offsetof(struct dns_answer, octets) + used;
}

enum dns_cache_state dns_cache_get(struct dns_cache *c, const struct dns_question *q, uint32_t stale_s, uint64_t now_us,
	struct dns_answer *out)
{
	struct entry *e = find(c, q);
	if (e == NULL)
		return DNS_CACHE_NONE;
	bool fresh = now_us < e->until_us;
	if (!fresh && now_us - e->until_us >= stale_s * SECOND)
		return DNS_CACHE_NONE;
	memcpy(out, &e->answer, head_and(e->answer.used));
	out->stale = !fresh;
	out->ttl_s = fresh ? (uint32_t)((e->until_us - now_us + SECOND - 1) / SECOND) : DNS_STALE_TTL_S;
	unlink_entry(c, e);
	link_newest(c, e);
	return fresh ? DNS_CACHE_FRESH : DNS_CACHE_STALE;
}

void dns_cache_put(struct dns_cache *c, const struct dns_answer *a, uint64_t now_us)
{
	struct key k = key_of(&a->question);
	struct entry *before = find(c, &a->question);
	if (a->outcome > DNS_NXDOMAIN || a->verdict == DNS_BOGUS || a->stale || a->used > DNS_OCTETS_MAX)
		return;
	struct entry *e = memory_alloc(offsetof(struct entry, answer) + head_and(a->used));
	if (e == NULL)
		return;
	if (before != NULL)
		drop(c, before);
	while (c->count >= c->max)
		drop(c, c->oldest);
	memcpy(&e->answer, a, head_and(a->used));
	e->until_us = now_us + a->ttl_s * SECOND;
	if (!is_ok(table_put(c->table, bytes_make(k.octet, k.len), e))) {
		memory_free(e);
		return;
	}
	link_newest(c, e);
	c->count++;
}

void dns_cache_failed(struct dns_cache *c, const struct dns_question *q, uint64_t now_us)
{
	struct entry *e = find(c, q);
	if (e != NULL)
		e->failed_us = now_us;
}

bool dns_cache_rests(const struct dns_cache *c, const struct dns_question *q, uint64_t now_us)
{
	const struct entry *e = find(c, q);
	return e != NULL && e->failed_us != 0 && now_us - e->failed_us < DNS_STALE_REST_S * SECOND;
}
