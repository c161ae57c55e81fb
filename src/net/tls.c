// SPDX-License-Identifier: Apache-2.0
// Making the SSL_CTX, and the callback by which OpenSSL asks who the far side is. OpenSSL's own
// verification is not used: it knows one set of anchors, we have one for each peer.
#include "net/tls.h"

#include "base/memory.h"

#include <openssl/err.h>
#include <openssl/pem.h>

// Forward secrecy and authenticated encryption only (RFC9325#4.2).
static const char CIPHERS_12[] =
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char CIPHERS_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char GROUPS[] = "X25519:P-256:P-384";
static const char SIGNATURES[] =
	"ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

struct tls {
	struct keyless *keyless;
	struct keyless_signer signer;
	BIO_METHOD *method;
	struct tls_trust *trust;
	const struct registry *registry; // of this turn
	SSL_CTX *context;    // NULL: no certificate that can be used
	uint32_t generation; // of the snapshot it was made from; 0 none
};

result tls_new(struct tls **out, const struct keyless_signer *signer, BIO_METHOD *method)
{
	*out = NULL;
	struct tls *t = memory_alloc(sizeof(*t));
	REQUIRE(t != NULL, E_NO_MEMORY);
	t->signer = *signer;
	t->method = method;
	result r = keyless_new(&t->keyless);
	if (is_ok(r))
		r = tls_trust_new(&t->trust, keyless_library(t->keyless));
	if (!is_ok(r)) {
		tls_free(t);
		return r;
	}
	*out = t;
	return OK;
}

void tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	tls_trust_free(t->trust);
	keyless_free(t->keyless);
	memory_free(t);
}

static int who_is_it(X509_STORE_CTX *c, void *arg)
{
	struct tls *t = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(c, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_claim *claim = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
	int error = X509_V_ERR_APPLICATION_VERIFICATION;
	if (claim == NULL)
		return 0;
	result r = tls_peer_prove(t->trust, t->registry, X509_STORE_CTX_get0_cert(c),
		X509_STORE_CTX_get0_untrusted(c), claim, &error);
	X509_STORE_CTX_set_error(c, error);
	return is_ok(r);
}

result tls_prove_again(struct tls *t, SSL *ssl, struct tls_claim *claim)
{
	int error;
	return tls_peer_prove(t->trust, t->registry, SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl), claim, &error);
}

static bool harden(struct tls *t, SSL_CTX *c)
{
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
				       SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(c, who_is_it, t);
	SSL_CTX_set_max_cert_list(c, TLS_CHAIN_OCTETS_MAX);
	return SSL_CTX_set_num_tickets(c, 0) == 1 && SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 && SSL_CTX_set_cipher_list(c, CIPHERS_12) == 1 &&
	       SSL_CTX_set_ciphersuites(c, CIPHERS_13) == 1 && SSL_CTX_set1_groups_list(c, GROUPS) == 1 &&
	       SSL_CTX_set1_sigalgs_list(c, SIGNATURES) == 1;
}

static X509 *next_certificate(struct tls *t, BIO *b)
{
	X509 *x = X509_new_ex(keyless_library(t->keyless), NULL);
	if (x != NULL && PEM_read_bio_X509(b, &x, NULL, NULL) != NULL)
		return x;
	X509_free(x);
	return NULL;
}

static bool use_leaf(struct tls *t, SSL_CTX *c, BIO *b)
{
	EVP_PKEY *key = NULL;
	X509 *leaf = next_certificate(t, b);
	bool good = leaf != NULL && SSL_CTX_use_certificate(c, leaf) == 1 &&
		    is_ok(keyless_key(t->keyless, leaf, &t->signer, &key)) && SSL_CTX_use_PrivateKey(c, key) == 1;
	EVP_PKEY_free(key);
	X509_free(leaf);
	return good;
}

static bool use_chain(struct tls *t, SSL_CTX *c, struct bytes pem)
{
	BIO *b = pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.at, (int)pem.len) : NULL;
	bool good = b != NULL && use_leaf(t, c, b);
	X509 *x = NULL;
	for (uint32_t i = 0; good && i < TLS_CHAIN_MAX && (x = next_certificate(t, b)) != NULL; i++) {
		good = SSL_CTX_add1_chain_cert(c, x) == 1;
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error(); // the end of the PEM text is an error to OpenSSL
	return good;
}

result tls_refresh(struct tls *t, const struct registry *r)
{
	const struct snapshot *s = registry_snapshot(r);
	t->registry = r;
	if (t->generation == s->generation)
		return t->context != NULL ? OK : FAIL(E_CONFIG);
	SSL_CTX *c = SSL_CTX_new_ex(keyless_library(t->keyless), NULL, TLS_method());
	bool good = c != NULL && harden(t, c) && use_chain(t, c, snapshot_blob(s, s->settings.certificate));
	if (!good) {
		SSL_CTX_free(c);
		c = NULL;
	}
	SSL_CTX_free(t->context); // live sessions hold their own reference
	t->context = c;
	t->generation = s->generation;
	return good ? OK : FAIL(E_CONFIG);
}

result tls_session_new(
	struct tls *t, struct tls_pipe *pipe, struct tls_claim *claim, const char *server_name, SSL **out)
{
	*out = NULL;
	REQUIRE(t->context != NULL, E_CONFIG);
	SSL *ssl = SSL_new(t->context);
	REQUIRE(ssl != NULL, E_NO_MEMORY);
	result r = pipe != NULL ? tls_pipe_attach(ssl, t->method, pipe) : OK;
	if (is_ok(r) && (SSL_set_app_data(ssl, claim) != 1))
		r = FAIL(E_NO_MEMORY);
	if (is_ok(r) && server_name != NULL && server_name[0] != '\0' &&
		SSL_set_tlsext_host_name(ssl, server_name) != 1)
		r = FAIL(E_CONFIG);
	if (!is_ok(r)) {
		SSL_free(ssl);
		return r;
	}
	if (claim->server)
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	*out = ssl;
	return OK;
}
