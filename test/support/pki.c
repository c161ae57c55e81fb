// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made with OpenSSL's own functions.
#include "pki.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEED(x)                                                                                              \
	do {                                                                                                 \
		if (!(x)) {                                                                                  \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                              \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

static EVP_PKEY *make_key(enum pki_key kind)
{
	EVP_PKEY *k = kind == PKI_RSA2048 ? EVP_RSA_gen(2048) : EVP_EC_gen(kind == PKI_P384 ? "P-384" : "P-256");
	NEED(k != NULL);
	return k;
}

static char *to_pem(X509 *x)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *at = NULL;
	NEED(b != NULL && PEM_write_bio_X509(b, x) == 1);
	long n = BIO_get_mem_data(b, &at);
	char *pem = calloc(1, (size_t)n + 1);
	NEED(pem != NULL);
	memcpy(pem, at, (size_t)n);
	BIO_free(b);
	return pem;
}

char *pki_key_pem(const struct pki *p)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *at = NULL;
	NEED(b != NULL && PEM_write_bio_PrivateKey(b, p->key, NULL, NULL, 0, NULL, NULL) == 1);
	long n = BIO_get_mem_data(b, &at);
	char *pem = calloc(1, (size_t)n + 1);
	NEED(pem != NULL);
	memcpy(pem, at, (size_t)n);
	BIO_free(b);
	return pem;
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX c;
	X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	NEED(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static X509 *blank(EVP_PKEY *key, const char *common, int from_days, int to_days)
{
	static long serial = 1;
	X509 *x = X509_new();
	NEED(x != NULL && X509_set_version(x, 2) == 1 && X509_set_pubkey(x, key) == 1);
	NEED(ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial) == 1);
	NEED(X509_time_adj_ex(X509_getm_notBefore(x), from_days, 0, NULL) != NULL);
	NEED(X509_time_adj_ex(X509_getm_notAfter(x), to_days, 0, NULL) != NULL);
	NEED(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
		     (const unsigned char *)common, -1, -1, 0) == 1);
	return x;
}

struct pki pki_authority(const char *name)
{
	struct pki p = {.key = make_key(PKI_P256)};
	p.certificate = blank(p.key, name, -400, 400);
	NEED(X509_set_issuer_name(p.certificate, X509_get_subject_name(p.certificate)) == 1);
	add_extension(p.certificate, p.certificate, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(p.certificate, p.certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
	add_extension(p.certificate, p.certificate, NID_subject_key_identifier, "hash");
	NEED(X509_sign(p.certificate, p.key, EVP_sha256()) > 0);
	p.pem = to_pem(p.certificate);
	return p;
}

struct pki pki_issue(const struct pki *by, const struct pki_leaf *leaf)
{
	bool usual = leaf->from_days == 0 && leaf->to_days == 0;
	struct pki p = {.key = make_key(leaf->key)};
	p.certificate = blank(p.key, leaf->common != NULL ? leaf->common : "leaf", usual ? -1 : leaf->from_days,
		usual ? 30 : leaf->to_days);
	NEED(X509_set_issuer_name(p.certificate, X509_get_subject_name(by->certificate)) == 1);
	add_extension(p.certificate, by->certificate, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(p.certificate, by->certificate, NID_key_usage, "critical,digitalSignature");
	add_extension(p.certificate, by->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
	add_extension(p.certificate, by->certificate, NID_subject_key_identifier, "hash");
	add_extension(p.certificate, by->certificate, NID_authority_key_identifier, "keyid");
	if (leaf->names != NULL)
		add_extension(p.certificate, by->certificate, NID_subject_alt_name, leaf->names);
	NEED(X509_sign(p.certificate, by->key, EVP_sha256()) > 0);
	p.pem = to_pem(p.certificate);
	return p;
}

struct pki pki_issue_for(const struct pki *by, const char *name)
{
	char names[300];
	int n = snprintf(names, sizeof(names), "DNS:%s", name);
	NEED(n > 0 && n < (int)sizeof(names));
	return pki_issue(by, &(struct pki_leaf){.names = names});
}

void pki_free(struct pki *p)
{
	X509_free(p->certificate);
	EVP_PKEY_free(p->key);
	free(p->pem);
	*p = (struct pki){0};
}

static const EVP_MD *hash_of(uint16_t scheme)
{
	switch (scheme) {
	case TLS_SCHEME_RSA_PKCS1_SHA256:
	case TLS_SCHEME_ECDSA_SHA256:
	case TLS_SCHEME_RSA_PSS_SHA256:
		return EVP_sha256();
	case TLS_SCHEME_RSA_PKCS1_SHA384:
	case TLS_SCHEME_ECDSA_SHA384:
	case TLS_SCHEME_RSA_PSS_SHA384:
		return EVP_sha384();
	default:
		return EVP_sha512();
	}
}

result pki_sign(void *ctx, struct tls_sign_request *request, struct tls_sign_answer *answer)
{
	const struct pki *p = ctx;
	size_t n = sizeof(answer->signature);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *k = NULL;
	bool pss = request->scheme >= TLS_SCHEME_RSA_PSS_SHA256 && request->scheme <= TLS_SCHEME_RSA_PSS_SHA512;
	memset(answer, 0, sizeof(*answer));
	NEED(c != NULL && EVP_DigestSignInit(c, &k, hash_of(request->scheme), NULL, p->key) == 1);
	if (pss)
		NEED(EVP_PKEY_CTX_set_rsa_padding(k, RSA_PKCS1_PSS_PADDING) > 0 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(k, RSA_PSS_SALTLEN_DIGEST) > 0);
	int good = EVP_DigestSign(c, answer->signature, &n, request->octets, request->len);
	EVP_MD_CTX_free(c);
	REQUIRE(good == 1, E_AUTH);
	answer->version = IPC_SIGNER_VERSION;
	answer->type = IPC_SIGNER_TLS_ANSWER;
	answer->request = request->request;
	answer->len = (uint16_t)n;
	return OK;
}
