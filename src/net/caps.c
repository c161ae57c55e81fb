// SPDX-License-Identifier: Apache-2.0
// A keyed table of sources that have connections (a stranger fills it), under one lock. An entry lives as
// long as its source has a connection, so there are never more entries than connections.
#include "net/caps.h"

#include "base/memory.h"
#include "base/pool.h"
#include "base/table.h"

#include <pthread.h>
#include <sodium.h>

enum { SOURCE_KEY = 17 }; // family and 16 octets

struct source {
	uint8_t key[SOURCE_KEY];
	uint32_t count;
	struct pool_ref ref;
};

struct caps {
	pthread_mutex_t lock;
	struct pool *sources;
	struct table *by_key;
	uint32_t count, total, per_source;
};

static void make_key(const struct address *a, uint8_t key[SOURCE_KEY])
{
	memset(key, 0, SOURCE_KEY);
	key[0] = a->family;
	memcpy(key + 1, a->ip, a->family == 6 ? 8 : 4);
}

static bool same_source(const void *value, struct bytes key)
{
	const struct source *s = value;
	return key.len == SOURCE_KEY && memcmp(s->key, key.at, SOURCE_KEY) == 0;
}

static result fill(struct caps *c, uint32_t total)
{
	uint8_t secret[TABLE_SECRET_LEN];
	randombytes_buf(secret, sizeof(secret));
	TRY(pool_new(&c->sources, sizeof(struct source), total));
	TRY(table_new(&c->by_key, secret, total, same_source));
	REQUIRE(pthread_mutex_init(&c->lock, NULL) == 0, E_NO_MEMORY);
	return OK;
}

result caps_new(struct caps **out, uint32_t total, uint32_t per_source)
{
	*out = NULL;
	REQUIRE(total > 0 && per_source > 0, E_CONFIG);
	struct caps *c = memory_alloc(sizeof(*c));
	REQUIRE(c != NULL, E_NO_MEMORY);
	c->total = total;
	c->per_source = per_source;
	result r = fill(c, total);
	if (!is_ok(r)) {
		table_free(c->by_key);
		pool_free(c->sources);
		memory_free(c);
		return r;
	}
	*out = c;
	return OK;
}

void caps_free(struct caps *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	table_free(c->by_key);
	pool_free(c->sources);
	memory_free(c);
}

static result take_new(struct caps *c, const uint8_t key[SOURCE_KEY])
{
	void *object;
	struct pool_ref ref;
	TRY(pool_get(c->sources, &object, &ref));
	struct source *s = object;
	memcpy(s->key, key, SOURCE_KEY);
	s->ref = ref;
	s->count = 1;
	result r = table_put(c->by_key, bytes_make(s->key, SOURCE_KEY), s);
	if (!is_ok(r))
		pool_put(c->sources, ref);
	return r;
}

static result take(struct caps *c, const struct address *source)
{
	uint8_t key[SOURCE_KEY];
	make_key(source, key);
	REQUIRE(c->count < c->total, E_FULL);
	struct source *s = table_get(c->by_key, bytes_make(key, SOURCE_KEY));
	if (s == NULL) {
		TRY(take_new(c, key));
	} else {
		REQUIRE(s->count < c->per_source, E_TOO_MANY);
		s->count++;
	}
	c->count++;
	return OK;
}

result caps_take(struct caps *c, const struct address *source)
{
	pthread_mutex_lock(&c->lock);
	result r = take(c, source);
	pthread_mutex_unlock(&c->lock);
	return r;
}

void caps_give(struct caps *c, const struct address *source)
{
	uint8_t key[SOURCE_KEY];
	make_key(source, key);
	pthread_mutex_lock(&c->lock);
	struct source *s = table_get(c->by_key, bytes_make(key, SOURCE_KEY));
	if (s != NULL) {
		c->count--;
		if (--s->count == 0) {
			table_remove(c->by_key, bytes_make(key, SOURCE_KEY));
			pool_put(c->sources, s->ref);
		}
	}
	pthread_mutex_unlock(&c->lock);
}

void caps_set_per_source(struct caps *c, uint32_t per_source)
{
	pthread_mutex_lock(&c->lock);
	c->per_source = per_source;
	pthread_mutex_unlock(&c->lock);
}

uint32_t caps_count(struct caps *c)
{
	pthread_mutex_lock(&c->lock);
	uint32_t n = c->count;
	pthread_mutex_unlock(&c->lock);
	return n;
}
