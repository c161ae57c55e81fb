// SPDX-License-Identifier: Apache-2.0
// Which transaction does a message belong to, and may this sender speak in it?
//
// A request is known by a 128-bit keyed hash of top Via branch, sent-by and method (RFC3261#17.2.3; ACK and
// CANCEL look for their INVITE), so nobody can make entries collide. It counts only from the peer and flow
// that the first one came from (SF-I1). When another peer uses the same branch, that peer's transactions are
// keyed apart, so that nobody can occupy a branch of somebody else. A branch without the magic cookie (RFC
// 2543) is refused: such matching would have to compare what strangers can choose. A response is known by the
// sealed token in our branch, and counts only from where the request went (SF-I5 to SF-I8).
#include "sf/transaction_internal.h"

#include <sodium.h>

enum {
	PART_MAX = 96, // [octets] longer parts of a key are hashed first
	PARTS_MAX = 5, // parts of a key
	MIX_MAX = PARTS_MAX * (PART_MAX + 1),
};
_Static_assert(SF_TX_KEY_LEN == crypto_shorthash_siphashx24_BYTES, "keyed hash of 128 bits");
_Static_assert(TABLE_SECRET_LEN == crypto_shorthash_siphashx24_KEYBYTES, "its secret");

struct mix { // parts of a key, each behind its length
	uint32_t len;
	uint8_t at[MIX_MAX];
};

static void hash(const struct sf_tx_table *t, struct bytes b, uint8_t out[SF_TX_KEY_LEN])
{
	(void)crypto_shorthash_siphashx24(out, b.at, b.len, t->secret); // always 0
}

static void mix_add(struct mix *x, const struct sf_tx_table *t, struct bytes part)
{
	uint8_t digest[SF_TX_KEY_LEN];
	uint8_t mark = (uint8_t)part.len;

	if (part.len > PART_MAX) {
		hash(t, part, digest);
		part = bytes_make(digest, sizeof(digest));
		mark = 0xff; // told from a literal part of the same octets
	}
	if (x->len + 1 + part.len > sizeof(x->at))
		return; // PARTS_MAX excludes it
	x->at[x->len++] = mark;
	memcpy(x->at + x->len, part.at, part.len);
	x->len += (uint32_t)part.len;
}

static void mix_end(const struct mix *x, const struct sf_tx_table *t, uint8_t out[SF_TX_KEY_LEN])
{
	hash(t, bytes_make(x->at, x->len), out);
}

// PEER is PEER_NONE, but for transactions whose branch another peer used before.
static void request_key(const struct sf_tx_table *t, const struct sip_msg *m, enum sip_method method, peer_id peer,
	uint8_t out[SF_TX_KEY_LEN])
{
	uint8_t small[5] = {(uint8_t)method, (uint8_t)(m->via.port >> 8), (uint8_t)m->via.port,
		(uint8_t)(peer >> 8), (uint8_t)peer};
	struct mix x;

	x.len = 0;
	mix_add(&x, t, sip_bytes(m, m->via.branch));
	mix_add(&x, t, sip_bytes(m, m->via.host));
	mix_add(&x, t, bytes_make(small, sizeof(small)));
	if (method == SIP_UNKNOWN_METHOD)
		mix_add(&x, t, sip_bytes(m, m->method_name));
	mix_end(&x, t, out);
}

// With the peer in it: what one peer sends never gets another's request refused (SF-A5).
static void merge_key(
	const struct sf_tx_table *t, const struct sip_msg *m, peer_id peer, uint8_t out[SF_TX_KEY_LEN])
{
	uint8_t small[7] = {(uint8_t)m->method, (uint8_t)(m->cseq >> 24), (uint8_t)(m->cseq >> 16),
		(uint8_t)(m->cseq >> 8), (uint8_t)m->cseq, (uint8_t)(peer >> 8), (uint8_t)peer};
	struct mix x;

	x.len = 0;
	mix_add(&x, t, sip_bytes(m, m->call_id));
	mix_add(&x, t, sip_bytes(m, m->from_tag));
	mix_add(&x, t, bytes_make(small, sizeof(small)));
	if (m->method == SIP_UNKNOWN_METHOD)
		mix_add(&x, t, sip_bytes(m, m->method_name));
	mix_end(&x, t, out);
}

static struct bytes key_bytes(const uint8_t key[SF_TX_KEY_LEN])
{
	return bytes_make(key, SF_TX_KEY_LEN);
}

bool sf_tx_match_key(const void *value, struct bytes key)
{
	return bytes_equal(key_bytes(((const struct sf_tx *)value)->key), key);
}

bool sf_tx_match_merge(const void *value, struct bytes key)
{
	return bytes_equal(key_bytes(((const struct sf_tx *)value)->merge), key);
}

static bool has_cookie(const struct sip_msg *m)
{
	struct bytes branch = sip_bytes(m, m->branch);
	struct bytes cookie = BYTES("z9hG4bK");

	return branch.len > cookie.len && bytes_begin(branch, cookie);
}

// ---- requests
// ---------------------------------------------------------------------------------------------------

// Only requests outside dialogs can be merged (RFC3261#8.2.2.2).
static bool may_merge(const struct sip_msg *m)
{
	return span_empty(m->to_tag) && m->method != SIP_ACK && m->method != SIP_CANCEL;
}

result sf_tx_link(struct sf_tx *tx, const struct sip_msg *m)
{
	struct sf_tx_table *t = tx->table;

	request_key(t, m, m->method, PEER_NONE, tx->key);
	result r = table_put(t->by_key, key_bytes(tx->key), tx);
	if (r.error == E_DUPLICATE) {
		request_key(t, m, m->method, tx->hop.peer, tx->key);
		r = table_put(t->by_key, key_bytes(tx->key), tx);
	}
	TRY(r);
	tx->keyed = true;
	if (!may_merge(m))
		return OK;
	merge_key(t, m, tx->hop.peer, tx->merge);
	r = table_put(t->by_merge, key_bytes(tx->merge), tx);
	tx->merged = is_ok(r);
	return r.error == E_DUPLICATE ? OK : r; // the user answers 482 to it
}

void sf_tx_unlink(struct sf_tx *tx)
{
	if (tx->keyed)
		(void)table_remove(tx->table->by_key, key_bytes(tx->key));
	if (tx->merged)
		(void)table_remove(tx->table->by_merge, key_bytes(tx->merge));
	tx->keyed = tx->merged = false;
}

// A connection whose certificate names the peer, else the host that TX knows.
static bool same_party(const struct sf_tx *tx, const struct origin *o)
{
	if (transport_is_secure(o->transport) && o->tls_peer != PEER_NONE)
		return o->tls_peer == tx->hop.peer;
	return address_same_host(&tx->hop.remote, &o->remote);
}

// May the sender of a request speak in TX?
static bool same_flow(const struct sf_tx *tx, const struct origin *o, peer_id peer)
{
	return tx->hop.peer == peer && tx->zone == o->zone && tx->hop.transport == o->transport &&
	       same_party(tx, o);
}

// The transaction of METHOD with M's branch and sent-by on this flow. *OTHER: one that this sender may not
// speak in.
static struct sf_tx *lookup(const struct sf_tx_table *t, const struct sip_msg *m, enum sip_method method, const struct origin *o, peer_id peer, struct sf_tx **other)
{
	uint8_t key[SF_TX_KEY_LEN];

	request_key(t, m, method, PEER_NONE, key);
	struct sf_tx *tx = table_get(t->by_key, key_bytes(key));
	if (tx == NULL || same_flow(tx, o, peer))
		return tx;
	*other = tx;
	request_key(t, m, method, peer, key);
	tx = table_get(t->by_key, key_bytes(key));
	return tx != NULL && same_flow(tx, o, peer) ? tx : NULL;
}

static enum sf_tx_match match_ack(struct sf_tx *tx, const struct sf_tx *other, const struct now *now)
{
	struct sf_tx_input in = {.now = now};

	if (tx == NULL)
		return other != NULL ? SF_TX_FOREIGN : SF_TX_ACK_2XX;
	if (tx->state == SF_TX_ACCEPTED) // RFC6026#7.1: never absorbed here
		return SF_TX_ACK_2XX;
	sf_tx_fire(tx, SF_TX_EV_ACK, &in);
	return SF_TX_ABSORBED;
}

static enum sf_tx_match match_new(
	const struct sf_tx_table *t, const struct sip_msg *m, const struct sf_tx *other, peer_id peer)
{
	uint8_t key[SF_TX_KEY_LEN];

	if (other != NULL && other->hop.peer == peer)
		return SF_TX_FOREIGN;
	if (!may_merge(m))
		return SF_TX_NEW;
	merge_key(t, m, peer, key);
	return table_get(t->by_merge, key_bytes(key)) != NULL ? SF_TX_MERGED : SF_TX_NEW;
}

enum sf_tx_match sf_tx_match_request(struct sf_tx_table *t, const struct sip_msg *m,
	const struct origin *origin, peer_id peer, const struct now *now, struct sf_tx **tx)
{
	struct sf_tx_input in = {.now = now};
	struct sf_tx *other = NULL;

	*tx = NULL;
	t->now_us = now->mono_us;
	if (!has_cookie(m))
		return SF_TX_OLD_BRANCH;
	if (m->method == SIP_ACK) {
		*tx = lookup(t, m, SIP_INVITE, origin, peer, &other);
		return match_ack(*tx, other, now);
	}
	*tx = lookup(t, m, m->method, origin, peer, &other);
	if (*tx != NULL) {
		sf_tx_fire(*tx, SF_TX_EV_REQUEST, &in);
		return SF_TX_ABSORBED;
	}
	if (m->method != SIP_CANCEL)
		return match_new(t, m, other, peer);
	*tx = lookup(t, m, SIP_INVITE, origin, peer, &other);
	if (*tx != NULL)
		return SF_TX_CANCEL;
	return other != NULL ? SF_TX_FOREIGN : SF_TX_CANCEL_NONE;
}

// ---- responses
// --------------------------------------------------------------------------------------------------

result sf_tx_find_response(struct sf_tx_table *t, const struct sip_msg *m, struct sf_tx **out)
{
	struct bytes branch = sip_bytes(m, m->branch);
	struct sf_token token;

	*out = NULL;
	REQUIRE(branch.len == SF_BRANCH_LEN && has_cookie(m), E_FORGED);
	branch = bytes_make(branch.at + SF_BRANCH_LEN - SF_TOKEN_LEN, SF_TOKEN_LEN);
	TRY(sf_token_open(t->keys, branch, SF_TOKEN_BRANCH, &token));
	REQUIRE(token.worker == t->worker, E_FORGED);
	struct sf_tx *tx = pool_find(t->pool, token.ref);
	REQUIRE(tx != NULL, E_STALE);
	REQUIRE(tx->kind == SF_TX_INVITE_CLIENT || tx->kind == SF_TX_CLIENT, E_STALE);
	if (m->cseq_method == SIP_CANCEL && tx->kind == SF_TX_INVITE_CLIENT)
		tx = pool_find(t->pool, tx->cancel); // it bears the branch of its INVITE
	REQUIRE(tx != NULL && tx->state != SF_TX_RESERVED && tx->state != SF_TX_TERMINATED, E_STALE);
	*out = tx;
	return OK;
}

// A response with a second Via is not for a user agent (RFC3261#8.1.3.3).
static bool one_via(const struct sip_msg *m)
{
	struct sip_list it = sip_list_begin(m, SIP_HDR_VIA);
	struct span value;

	return sip_list_next(&it, &value) && !sip_list_next(&it, &value);
}

static bool same_connection(const struct conn_ref *a, const struct conn_ref *b)
{
	return a->generation != 0 && a->generation == b->generation && a->id == b->id &&
	       a->worker == b->worker;
}

result sf_tx_check_response(const struct sf_tx *tx, const struct sip_msg *m, const struct origin *origin,
	peer_id peer, bool loose)
{
	const struct hop *h = &tx->hop;

	REQUIRE(m->cseq_method == (enum sip_method)tx->method && one_via(m), E_FORGED);
	REQUIRE(h->peer == peer && h->transport == origin->transport, E_FORGED);
	if (sf_tx_reliable(tx) && same_connection(&h->conn, &origin->conn))
		return OK;
	REQUIRE(h->listener == origin->listener, E_FORGED); // and so the same zone
	if (sf_tx_reliable(tx))
		REQUIRE(same_party(tx, origin), E_FORGED);
	else
		REQUIRE(loose || address_equal(&h->remote, &origin->remote), E_FORGED);
	return OK;
}
