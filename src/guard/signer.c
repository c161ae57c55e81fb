// SPDX-License-Identifier: Apache-2.0
// Form first, then scheme, then rate, then the key.
#include "guard/signer.h"

#include "base/memory.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum {
	TLS13_PAD = 64, TLS13_LABEL = 33, // "TLS 1.3, server CertificateVerify" (RFC8446#4.4.3)
	TLS12_RANDOMS = 64, POINT_MAX = 133,
};

struct signer {
	EVP_PKEY *key;
	struct gcra budget, profiles;
};

struct scheme {
	uint16_t code;
	int key_type;
	const EVP_MD *(*digest)(void);
	bool pss;
};

static const struct scheme schemes[] = {
	{TLS_SCHEME_RSA_PKCS1_SHA256, EVP_PKEY_RSA, EVP_sha256, false},
	{TLS_SCHEME_RSA_PKCS1_SHA384, EVP_PKEY_RSA, EVP_sha384, false},
	{TLS_SCHEME_RSA_PKCS1_SHA512, EVP_PKEY_RSA, EVP_sha512, false},
	{TLS_SCHEME_ECDSA_SHA256, EVP_PKEY_EC, EVP_sha256, false},
	{TLS_SCHEME_ECDSA_SHA384, EVP_PKEY_EC, EVP_sha384, false},
	{TLS_SCHEME_ECDSA_SHA512, EVP_PKEY_EC, EVP_sha512, false},
	{TLS_SCHEME_RSA_PSS_SHA256, EVP_PKEY_RSA, EVP_sha256, true},
	{TLS_SCHEME_RSA_PSS_SHA384, EVP_PKEY_RSA, EVP_sha384, true},
	{TLS_SCHEME_RSA_PSS_SHA512, EVP_PKEY_RSA, EVP_sha512, true},
};

static BIO *bio_of(struct bytes b)
{
	return b.len <= INT32_MAX ? BIO_new_mem_buf(b.at, (int)b.len) : NULL;
}

result signer_new(struct signer **out, struct bytes pem)
{
	struct signer *s = memory_alloc(sizeof(*s));
	REQUIRE(s != NULL, E_NO_MEMORY);
	BIO *bio = bio_of(pem);
	s->key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	int type = s->key != NULL ? EVP_PKEY_get_base_id(s->key) : 0;
	if (type != EVP_PKEY_EC && type != EVP_PKEY_RSA) {
		signer_free(s);
		return FAIL(E_CONFIG);
	}
	*out = s;
	return OK;
}

void signer_free(struct signer *s)
{
	if (s == NULL)
		return;
	EVP_PKEY_free(s->key);
	memory_free(s);
}

result signer_fits(const struct signer *s, struct bytes chain)
{
	BIO *bio = bio_of(chain);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool fits = cert != NULL && X509_check_private_key(cert, s->key) == 1;
	X509_free(cert);
	BIO_free(bio);
	return fits ? OK : FAIL(E_CONFIG);
}

static bool is_tls13(const uint8_t *o, uint32_t n)
{
	static const char server[] = "TLS 1.3, server CertificateVerify";
	static const char client[] = "TLS 1.3, client CertificateVerify";
	uint32_t hash = n - TLS13_PAD - TLS13_LABEL - 1;
	if (n < TLS13_PAD + TLS13_LABEL + 1 || (hash != 32 && hash != 48 && hash != 64))
		return false;
	for (uint32_t i = 0; i < TLS13_PAD; i++)
		if (o[i] != 0x20)
			return false;
	return (memcmp(o + TLS13_PAD, server, TLS13_LABEL) == 0 || memcmp(o + TLS13_PAD, client, TLS13_LABEL) == 0) &&
	       o[TLS13_PAD + TLS13_LABEL] == 0;
}

// Client random, server random, named curve, point (RFC8422#5.4).
static bool is_tls12_server(const uint8_t *o, uint32_t n)
{
	const uint32_t head = TLS12_RANDOMS + 4;
	return n > head && o[TLS12_RANDOMS] == 3 && n - head <= POINT_MAX && o[TLS12_RANDOMS + 3] == n - head;
}

// A whole number of handshake messages, the first a ClientHello (RFC5246#7.4.8).
static bool is_tls12_client(const uint8_t *o, uint32_t n)
{
	uint32_t at = 0;
	if (n < 4 || o[0] != 1)
		return false;
	while (at + 4 <= n) {
		uint32_t len = (uint32_t)o[at + 1] << 16 | (uint32_t)o[at + 2] << 8 | o[at + 3];
		if (len > n - at - 4)
			return false;
		at += 4 + len;
	}
	return at == n;
}

static const struct scheme *scheme_find(uint16_t code)
{
	for (uint32_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (schemes[i].code == code)
			return &schemes[i];
	return NULL;
}

bool signer_form_is_tls(uint16_t scheme, const uint8_t *octets, uint32_t n)
{
	if (n == 0 || n > TLS_SIGN_OCTETS_MAX || scheme_find(scheme) == NULL)
		return false;
	return is_tls13(octets, n) || is_tls12_server(octets, n) || is_tls12_client(octets, n);
}

// Fixed length and a first octet that no TLS form has: what is signed for one can never be taken for the other.
bool signer_form_is_profile(uint16_t scheme, const uint8_t *octets, uint32_t n)
{
	return (scheme == TLS_SCHEME_ECDSA_SHA256 || scheme == TLS_SCHEME_RSA_PKCS1_SHA256) && n == PROFILE_SIGN_OCTETS &&
	       memcmp(octets, PROFILE_CONTEXT, PROFILE_CONTEXT_LEN) == 0;
}

static bool form_fits(const struct tls_sign_request *q)
{
	if (q->type == IPC_SIGNER_PROFILE_SIGN)
		return signer_form_is_profile(q->scheme, q->octets, q->len);
	return q->type == IPC_SIGNER_TLS_SIGN && signer_form_is_tls(q->scheme, q->octets, q->len);
}

static bool within_budget(struct signer *s, const struct tls_sign_request *q, const struct now *now)
{
	if (q->type == IPC_SIGNER_PROFILE_SIGN)
		return gcra_admit(&s->profiles, gcra_rate_make(SIGNER_PROFILES_PER_SECOND, SIGNER_PROFILES_BURST), now->mono_us);
	return gcra_admit(&s->budget, gcra_rate_make(SIGNER_PER_SECOND, SIGNER_BURST), now->mono_us);
}

static bool sign(EVP_PKEY *key, const struct scheme *sc, const struct tls_sign_request *q, struct tls_sign_answer *a)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *params = NULL;
	size_t len = sizeof(a->signature);
	bool good = ctx != NULL && EVP_DigestSignInit(ctx, &params, sc->digest(), NULL, key) == 1;
	if (good && sc->pss)
		good = EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_DIGEST) == 1;
	good = good && EVP_DigestSign(ctx, a->signature, &len, q->octets, q->len) == 1;
	EVP_MD_CTX_free(ctx);
	a->len = good ? (uint16_t)len : 0;
	return good;
}

static enum tls_sign_refusal decide(struct signer *s, const struct tls_sign_request *q, const struct now *now,
	struct tls_sign_answer *a)
{
	const struct scheme *sc = scheme_find(q->scheme);
	if (q->key != 0)
		return TLS_SIGN_NO_KEY;
	if (q->len > TLS_SIGN_OCTETS_MAX || !form_fits(q))
		return TLS_SIGN_BAD_FORM;
	if (sc == NULL || sc->key_type != EVP_PKEY_get_base_id(s->key))
		return TLS_SIGN_BAD_SCHEME;
	if (!within_budget(s, q, now))
		return TLS_SIGN_RATE;
	return sign(s->key, sc, q, a) ? TLS_SIGN_OK : TLS_SIGN_FAILED;
}

void signer_answer(struct signer *s, const struct tls_sign_request *q, size_t len, const struct now *now,
	struct tls_sign_answer *a)
{
	*a = (struct tls_sign_answer){.version = IPC_SIGNER_VERSION, .type = IPC_SIGNER_TLS_ANSWER, .refused = TLS_SIGN_BAD_FORM};
	if (len != sizeof(*q) || q->version != IPC_SIGNER_VERSION)
		return;
	a->request = q->request;
	a->refused = (uint16_t)decide(s, q, now, a);
}

bool signer_takes(bool portal, uint16_t type)
{
	return type == IPC_SIGNER_TLS_SIGN || (portal && type == IPC_SIGNER_PROFILE_SIGN);
}

void signer_tally(uint64_t *tally, const struct tls_sign_answer *a)
{
	tally[a->refused == TLS_SIGN_OK ? IPC_TALLY_SIGNED : a->refused == TLS_SIGN_RATE ? IPC_TALLY_LIMITED : IPC_TALLY_REFUSED]++;
}
