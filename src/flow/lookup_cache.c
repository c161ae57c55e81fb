// SPDX-License-Identifier: Apache-2.0
// Answers of the directory, kept by (who asks, what for, number) for as long as they may live: views differ by querier (LUF-C2).
#include "base/memory.h"
#include "flow/lookup_inside.h"

#include <sodium.h>

struct lookup_key lookup_key_make(peer_id peer, bool tell, const char *number)
{
	struct lookup_key k = {.peer = peer, .tell = tell};
	memcpy(k.number, number, strnlen(number, NUMBER_MAX - 1));
	return k;
}

void lookup_key_domain(const uint8_t secret[16], const char *domain, char out[NUMBER_MAX])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	_Static_assert(crypto_generichash_KEYBYTES_MIN == 16 && sodium_base64_ENCODED_LEN(sizeof(hash), sodium_base64_VARIANT_URLSAFE_NO_PADDING) + 1 <= NUMBER_MAX,
		"a key holds it");
	memset(out, 0, NUMBER_MAX);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)domain, strnlen(domain, DOMAIN_MAX), secret, 16);
	out[0] = '@';
	sodium_bin2base64(out + 1, NUMBER_MAX - 1, hash, sizeof(hash), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool match(const void *value, struct bytes key)
{
	const struct lookup_entry *e = value;
	return key.len == sizeof(e->key) && memcmp(&e->key, key.at, key.len) == 0;
}

result lookup_cache_new(struct flow_lookups *l, const uint8_t secret[16])
{
	l->entry = memory_array(LOOKUP_CACHE_MAX, sizeof(*l->entry));
	REQUIRE(l->entry != NULL, E_NO_MEMORY);
	return table_new(&l->table, secret, LOOKUP_CACHE_MAX, match);
}

void lookup_cache_free(struct flow_lookups *l)
{
	table_free(l->table);
	memory_free(l->entry);
}

void flow_lookups_clear(struct flow_lookups *l)
{
	for (uint32_t i = 0; i < l->used; i++)
		table_remove(l->table, bytes_make(&l->entry[i].key, sizeof(l->entry[i].key)));
	l->used = l->next = 0;
}

static struct lookup_entry *find(const struct flow_lookups *l, const struct lookup_key *k)
{
	return table_get(l->table, bytes_make(k, sizeof(*k)));
}

const struct lookup_kept *lookup_cached(const struct flow_lookups *l, const struct lookup_key *k, const struct now *now)
{
	const struct lookup_entry *e = find(l, k);
	return e != NULL && e->until_us > now->mono_us ? &e->kept : NULL;
}

// A place: a new one, or that of the answer that was learnt longest ago.
static struct lookup_entry *place(struct flow_lookups *l)
{
	struct lookup_entry *e = &l->entry[l->next];
	l->next = (l->next + 1) % LOOKUP_CACHE_MAX;
	if (l->used < LOOKUP_CACHE_MAX)
		l->used++;
	else
		table_remove(l->table, bytes_make(&e->key, sizeof(e->key)));
	return e;
}

static uint64_t life_us(const struct lookup_answer *a)
{
	uint32_t s = a->outcome == LOOKUP_LATER ? LOOKUP_LATER_S : a->ttl_s;
	s = s < LOOKUP_TTL_LEAST_S ? LOOKUP_TTL_LEAST_S : s > DNS_TTL_MAX_S ? DNS_TTL_MAX_S : s;
	return s * SECOND;
}

void lookup_learn(struct flow_lookups *l, const struct lookup_key *k, const struct lookup_answer *a, const struct now *now)
{
	struct lookup_entry *e = find(l, k);
	if (e == NULL) {
		e = place(l);
		e->key = *k;
		if (!is_ok(table_put(l->table, bytes_make(&e->key, sizeof(e->key)), e))) {
			*e = (struct lookup_entry){.until_us = 0}; // the place stays; whoever asked is told to come again
			return;
		}
	}
	e->until_us = now->mono_us + life_us(a);
	e->kept = (struct lookup_kept){.outcome = a->outcome, .verdict = a->verdict, .npdi = a->npdi, .source = a->source, .peer = a->peer};
	memcpy(e->kept.rn, a->rn, strnlen(a->rn, NUMBER_MAX - 1));
}
