// SPDX-License-Identifier: Apache-2.0
// Sealed tokens: the identifiers that we give to strangers (Via branch, From/To tags, Call-ID).
//
// One 128-bit block under AES-128 with a rotating key: worker, slot, generation, leg, kind, peer and 40
// check bits. Whoever forges one fails before any look-up (SF-I1, SF-I5 to SF-I8); whoever reads one learns
// nothing (SF-C3). Written in lower-case base32, because tokens compare without case (RFC3261#7.3.1):
// one octet for the key, 26 for the block.
#ifndef SF_TOKEN_H
#define SF_TOKEN_H

#include "base/pool.h"
#include "base/result.h"
#include "base/span.h"
#include "terms/transport.h"

enum {
	SF_TOKEN_LEN = 27,      // octets of text
	SF_TOKEN_KEYS_MAX = 32, // keys alive at once; one octet of the alphabet names the key
	SF_TOKEN_KEY_LEN = 16,
	SF_TOKEN_SLOT_MAX = 1 << 24,
	SF_TOKEN_RETIRE = 2,    // keys that are next to be replaced: nothing that bears them may go on
};

enum sf_token_kind { SF_TOKEN_BRANCH = 1, SF_TOKEN_TAG, SF_TOKEN_CALL_ID, SF_TOKEN_CONTACT };

struct sf_token {
	uint8_t kind;        // enum sf_token_kind
	uint8_t worker;      // owner
	uint8_t leg;         // 0 caller's, 1..15 called branches; meaning is the owner's
	peer_id peer;        // the token is good only from this peer
	struct pool_ref ref; // slot < SF_TOKEN_SLOT_MAX
};

struct sf_token_key { // as the monitor keeps them over a restart of the signaller
	uint8_t live;
	uint8_t key[SF_TOKEN_KEY_LEN];
};

struct sf_token_keys; // opaque: key schedules of all live keys. One for each worker: it is not shared by
		      // threads

// KEY[SF_TOKEN_KEYS_MAX]; CURRENT seals, all live ones open. E_NO_MEMORY, E_CONFIG when CURRENT is not live.
MUST_USE result sf_token_keys_new(
	struct sf_token_keys **out, const struct sf_token_key *key, uint8_t current);
// KEY takes the place of key INDEX; what the former one sealed opens no more. Not for the key that seals. E_NO_MEMORY,
// E_CONFIG: nothing has changed.
MUST_USE result sf_token_keys_put(struct sf_token_keys *k, uint8_t index, const uint8_t key[SF_TOKEN_KEY_LEN]);
// Seal with key INDEX, which was put before. E_NO_MEMORY, E_CONFIG: nothing has changed.
MUST_USE result sf_token_keys_use(struct sf_token_keys *k, uint8_t index);
// Which key sealed TEXT? SF_TOKEN_KEYS_MAX: it is no token.
uint8_t sf_token_key_of(struct bytes text);
void sf_token_keys_free(struct sf_token_keys *k); // wipes; tests: a process ends with its keys
// Write T (slot < SF_TOKEN_SLOT_MAX, leg <= 15) as SF_TOKEN_LEN octets to OUT (no NUL).
void sf_token_seal(struct sf_token_keys *k, const struct sf_token *t, char out[SF_TOKEN_LEN]);
// E_FORGED unless TEXT is a token sealed by a live key and of KIND. Capital letters are read like small ones.
MUST_USE result sf_token_open(
	struct sf_token_keys *k, struct bytes text, enum sf_token_kind kind, struct sf_token *out);

#endif
