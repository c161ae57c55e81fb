// SPDX-License-Identifier: Apache-2.0
// Certificates for tests: authorities, leaves with the names and dates asked for, and a signer that holds the
// key, all made on the spot with OpenSSL. Everything aborts the test on failure.
#ifndef SUPPORT_PKI_H
#define SUPPORT_PKI_H

#include "terms/ipc_signer.h"
#include "base/result.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct pki {
	EVP_PKEY *key;
	X509 *certificate;
	char *pem; // certificate as PEM, NUL-terminated
};

enum pki_key { PKI_P256, PKI_P384, PKI_RSA2048 };

struct pki_leaf {
	const char *names;      // subjectAltName, "DNS:a.example,URI:sip:a.example"; NULL for none
	const char *common;     // common name; NULL: "leaf"
	int from_days, to_days; // validity relative to today; both 0: -1..30
	enum pki_key key;
};

// A self-signed authority. Free with pki_free.
struct pki pki_authority(const char *name);
// A certificate for clients and servers, signed by BY.
struct pki pki_issue(const struct pki *by, const struct pki_leaf *leaf);
// The usual leaf: DNS name NAME, P-256, valid now.
struct pki pki_issue_for(const struct pki *by, const char *name);
void pki_free(struct pki *p);
// The private key as PEM; free with free().
char *pki_key_pem(const struct pki *p);

// A signer in the same process, shaped as src/net wants it (tls_sign_h): CTX is the struct pki.
MUST_USE result pki_sign(void *ctx, struct tls_sign_request *request, struct tls_sign_answer *answer);

#endif
