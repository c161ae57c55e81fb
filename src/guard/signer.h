// SPDX-License-Identifier: Apache-2.0
// The signer: holds the TLS private key, parses nothing from the network, and is no oracle (BE-2).
//
// It signs only octets that have the form of a TLS handshake signature or of a peering profile's, by schemes that fit its key, at a bounded rate.
#ifndef GUARD_SIGNER_H
#define GUARD_SIGNER_H

#include "base/clock.h"
#include "base/gcra.h"
#include "terms/ipc_control.h"
#include "terms/ipc_signer.h"

#include "base/result.h"
#include "base/span.h"

enum {
	SIGNER_PER_SECOND = 2000, // full handshakes that a 2-core machine can do, twice over; more is abuse
	SIGNER_BURST = 500,
	SIGNER_PROFILES_PER_SECOND = 10, // one each peer, now and then; a budget of their own, so that handshakes go on
	SIGNER_PROFILES_BURST = 50,
};

struct signer; // one key

// The key out of the PEM text (unencrypted PKCS #8, EC or RSA). E_CONFIG when it is none. PEM is not kept.
MUST_USE result signer_new(struct signer **out, struct bytes pem);
void signer_free(struct signer *s); // wipes
// Does the key belong to the first certificate of CHAIN (PEM)? E_CONFIG.
MUST_USE result signer_fits(const struct signer *s, struct bytes chain);
// May a request of TYPE come over the channel of the PORTAL, or of a handshake thread? The signaller has no business with profiles: one that
// was taken over forges none.
bool signer_takes(bool portal, uint16_t type);
// Answer one request of LEN octets. Never fails: what is not granted is answered with a refusal.
void signer_answer(struct signer *s, const struct tls_sign_request *q, size_t len, const struct now *now,
	struct tls_sign_answer *a);
// Count an answer in TALLY[IPC_TALLY_COUNT].
void signer_tally(uint64_t *tally, const struct tls_sign_answer *a);
// Is OCTETS (N) what TLS hands to a signature under SCHEME? Exposed for tests.
bool signer_form_is_tls(uint16_t scheme, const uint8_t *octets, uint32_t n);
// Is OCTETS (N) what a peering profile hands to a signature under SCHEME? Exposed for tests.
bool signer_form_is_profile(uint16_t scheme, const uint8_t *octets, uint32_t n);

#endif
