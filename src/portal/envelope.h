// SPDX-License-Identifier: Apache-2.0
// The signed envelope of a peering profile: made through the signer, opened by who trusts the signer's authority (R15, R16).
//
//   {"payload": P, "protected": H, "signature": G}   each base64url without padding, as in RFC 7515
//   H is {"alg": "ecdsa-sha256" | "rsa-sha256", "typ": "sallyport-profile-v1", "x5c": [leaf, issuers...]}
//   G is over "sallyport-profile-v1", 0x00, SHA-256(P "." H)
//
// The context in front makes a signature worthless for TLS and for any JWS, and theirs worthless here; hence names of
// algorithms that no JOSE library takes. Who opens one trusts nothing of it before the chain and the signature are verified.
#ifndef PORTAL_ENVELOPE_H
#define PORTAL_ENVELOPE_H

#include "net/keyless.h"
#include "portal/profile.h"

enum {
	ENVELOPE_OCTETS_MAX = 256 * 1024, // [octets] PROFILE_OCTETS_MAX in base64 and a chain
	ENVELOPE_CHAIN_MAX = 4,           // certificates sent along; a leaf and at most three issuers
	ENVELOPE_ANCHORS_MAX = 32,
	ENVELOPE_SKEW_S = 300,            // [s] that the clocks of two providers may differ
	ENVELOPE_WHY_MAX = 256,
};

struct envelope_fault {
	char text[ENVELOPE_WHY_MAX]; // what is wrong and how to mend it
};

// Sign PROFILE by the key of CHAIN's first certificate (PEM), which SIGN reaches. *OUT is NUL-terminated text; free with
// free(). E_CONFIG: CHAIN holds no certificate with an EC or RSA key; E_TOO_LONG; E_NO_MEMORY; what SIGN returns.
MUST_USE result envelope_seal(const json_t *profile, struct bytes chain, tls_sign_h sign, void *ctx, char **out);
// The same without a signature, marked so, for people to look at; envelope_open refuses it. NULL: out of memory.
char *envelope_unsigned(const json_t *profile);
// Verify TEXT at WALL_MS: form, chain to ANCHORS (PEM), signature, the profile's domain in subjectAltName of the signer, its
// dates. *OUT belongs to the caller (json_decref). E_SYNTAX, E_TOO_LONG; E_AUTH: who signed it is not proved, or it was
// changed; E_STALE: not valid now; E_CONFIG: no anchors; E_NO_MEMORY. FAULT tells people.
MUST_USE result envelope_open(struct bytes text, struct bytes anchors, uint64_t wall_ms, json_t **out,
	struct envelope_fault *fault);

// Parts that both directions share.
// Octets to be signed for PAYLOAD and PROTECTED, both as they stand in the envelope.
MUST_USE result envelope_digest(const char *payload, const char *protected_header, uint8_t out[PROFILE_SIGN_OCTETS]);
// base64url without padding; free with memory_free. NULL: out of memory.
char *envelope_encode(struct bytes octets);
// Octets of TEXT on the heap (memory_free), a NUL behind them. E_SYNTAX, E_NO_MEMORY.
MUST_USE result envelope_decode(const char *text, uint8_t **out, size_t *len);
// "ecdsa-sha256", "rsa-sha256", NULL for other keys; *SCHEME what the signer calls it.
const char *envelope_algorithm(const EVP_PKEY *key, uint16_t *scheme);

#endif
