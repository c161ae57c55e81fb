// SPDX-License-Identifier: Apache-2.0
// Inside of the keyless provider: its keys and its two tables of functions.
#ifndef NET_KEYLESS_PROVIDER_H
#define NET_KEYLESS_PROVIDER_H

#include "net/keyless.h"

#include <openssl/core.h>

#define KEYLESS_PROVIDER "sallyport"
#define KEYLESS_PROPERTY "provider=sallyport"
#define KEYLESS_PARAM_SIGNER "sallyport-signer" // address of a struct keyless_signer, as an unsigned integer

struct keyless_provider {
	OSSL_LIB_CTX *inner; // public halves live here, in the default provider
};

struct keyless_data { // a key as the provider sees it
	OSSL_LIB_CTX *inner;
	const char *type; // "EC" or "RSA"
	EVP_PKEY *public_half;
	const struct keyless_signer *signer; // NULL: nothing but a public key
};

// Key management of "EC" and "RSA" (provider-keymgmt(7)).
extern const OSSL_DISPATCH keyless_ec_keys[];
extern const OSSL_DISPATCH keyless_rsa_keys[];
// Signatures of both (provider-signature(7)).
extern const OSSL_DISPATCH keyless_signatures[];

#endif
