// SPDX-License-Identifier: Apache-2.0
// Look-up of peers by a name, in one keyed table: names in certificates and domains in requests are chosen
// by strangers.
//
// A TLS name is the domain identity of RFC5922#7.1: "sip:host" and "host" are the same, a URI with a user
// part or another scheme is none, nothing is a wildcard.
#include "registry/name_index.h"
#include "base/memory.h"
#include "base/table.h"

#include <sodium.h>

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static struct bytes without_scheme(struct bytes name)
{
	if (name.len > 4 && bytes_equal_nocase(bytes_make(name.at, 4), BYTES("sip:")))
		return bytes_make(name.at + 4, name.len - 4);
	return name;
}

// Write the table's key for NAME; its length, 0 when NAME cannot be one.
static size_t key_make(uint8_t out[NAME_KEY_MAX], enum name_kind kind, zone_id zone, struct bytes name)
{
	if (kind == NAME_TLS)
		name = without_scheme(name);
	if (name.len == 0 || name.len >= DOMAIN_MAX)
		return 0;
	out[0] = (uint8_t)kind;
	out[1] = kind == NAME_TLS ? zone : 0;
	for (size_t i = 0; i < name.len; i++)
		out[2 + i] = kind == NAME_PEER ? name.at[i] : lower(name.at[i]);
	return name.len + 2;
}

static bool entry_match(const void *value, struct bytes key)
{
	const struct name_entry *e = value;
	uint8_t own[NAME_KEY_MAX];
	size_t len = key_make(own, (enum name_kind)e->key[0], e->key[1], bytes_of_string(e->name));

	return bytes_equal(bytes_make(own, len), key);
}

static result chain(struct name_entry *first, struct name_entry *e)
{
	while (first->next != NULL)
		first = first->next;
	first->next = e;
	return OK;
}

static result add(
	struct name_index *x, enum name_kind kind, peer_id id, const struct peer *p, const char *name)
{
	uint8_t key[NAME_KEY_MAX];
	size_t len = key_make(key, kind, p->zone, bytes_of_string(name));
	struct name_entry *e = &x->entry[x->count], *first;

	if (len == 0)
		return OK;
	x->count++;
	*e = (struct name_entry){.peer = id, .key = {key[0], key[1]}, .name = name};
	first = table_get(x->table, bytes_make(key, len));
	if (first == NULL)
		return table_put(x->table, bytes_make(key, len), e);
	if (first->peer == id) // "sip:host" and "host" of the same peer
		return OK;
	if (kind == NAME_DOMAIN)
		return chain(first, e);
	// A removed peer gives way to the configured one that took its certificate name.
	return kind == NAME_TLS && p->removed ? OK : FAIL(E_DUPLICATE);
}

static result add_peer(struct name_index *x, peer_id id, const struct peer *p)
{
	TRY(add(x, NAME_PEER, id, p, p->name));
	TRY(add(x, NAME_DOMAIN, id, p, p->reach_domain)); // "" of a free place on demand: none
	for (uint32_t i = 0; i < p->tls_name_count; i++)
		TRY(add(x, NAME_TLS, id, p, p->tls_name[i]));
	return OK;
}

// Configured peers first, so that they win over removed ones.
static result add_all(struct name_index *x, const struct snapshot *s)
{
	for (uint8_t removed = 0; removed <= 1; removed++) {
		for (uint32_t id = 0; id < s->peer_count; id++) {
			const struct peer *p = snapshot_peer(s, (peer_id)id);
			if (p != NULL && p->removed == removed)
				TRY(add_peer(x, (peer_id)id, p));
		}
	}
	return OK;
}

result name_index_build(struct name_index *x, const struct snapshot *s)
{
	uint8_t secret[TABLE_SECRET_LEN];
	uint32_t room = (uint32_t)s->peer_count * (2 + PEER_TLS_NAMES_MAX) + 1;

	*x = (struct name_index){0};
	randombytes_buf(secret, sizeof(secret));
	TRY(table_new(&x->table, secret, room, entry_match));
	x->entry = memory_array(room, sizeof(*x->entry));
	REQUIRE(x->entry != NULL, E_NO_MEMORY);
	return add_all(x, s);
}

void name_index_free(struct name_index *x)
{
	if (x->table != NULL)
		table_free(x->table);
	memory_free(x->entry);
	*x = (struct name_index){0};
}

const struct name_entry *name_index_find(
	const struct name_index *x, enum name_kind kind, zone_id zone, struct bytes name)
{
	uint8_t key[NAME_KEY_MAX];
	size_t len = key_make(key, kind, zone, name);

	return len == 0 ? NULL : table_get(x->table, bytes_make(key, len));
}
