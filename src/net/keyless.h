// SPDX-License-Identifier: Apache-2.0
// TLS with a private key that is elsewhere (BE-2): an OpenSSL provider whose only signature operation asks a
// function. The signaller's process never holds the key; only the signer does.
//
// Keys are EC (P-256, P-384) and RSA. What is asked for is the octets to be signed with a TLS signature
// scheme, so that the signer can see that it signs a TLS handshake and nothing else.
#ifndef NET_KEYLESS_H
#define NET_KEYLESS_H

#include "base/result.h"
#include "terms/ipc_signer.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

// Sign. REQUEST has `scheme`, `len` and `octets`; the function fills in the rest of it before it goes out.
// OK with ANSWER checked and `refused` 0; E_AUTH when refused, E_TIMEOUT, E_CLOSED. May block up to its deadline.
typedef result (*tls_sign_h)(void *ctx, struct tls_sign_request *request, struct tls_sign_answer *answer);

struct keyless_signer {
	tls_sign_h sign;
	void *ctx;
};

struct keyless; // an OpenSSL library context with the default provider and ours

// Load both providers into a library context of its own. E_SYSTEM.
MUST_USE result keyless_new(struct keyless **out);
// After the last object made in it.
void keyless_free(struct keyless *k);
// The library context, to make an SSL_CTX in.
OSSL_LIB_CTX *keyless_library(const struct keyless *k);
// The private key that belongs to CERTIFICATE and is reached through SIGNER, which outlives it.
// E_UNSUPPORTED when it is neither EC nor RSA; E_NO_MEMORY.
MUST_USE result keyless_key(
	struct keyless *k, X509 *certificate, const struct keyless_signer *signer, EVP_PKEY **out);

#endif
