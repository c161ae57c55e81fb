// SPDX-License-Identifier: Apache-2.0
// A key that is elsewhere: signatures by way of a signer on another thread, its deadline, its refusals, late and
// malformed answers, and that the private half cannot be had.
#include "fixture.h"

#include "net/channel.h"
#include "net/keyless.h"
#include "net/sign_client.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum mood { MOOD_GOOD, MOOD_REFUSE, MOOD_SILENT, MOOD_LATE, MOOD_OTHER_VERSION, MOOD_SHORT, MOOD_LONG_LENGTH, MOOD_GONE };

struct signer { // the signer process, as a thread
	const struct pki *key;
	int fd;
	enum mood mood;
	uint32_t asked;
	uint16_t scheme;
	pthread_t thread;
	uint32_t last_request;
};

static void answer(struct signer *s, struct tls_sign_request *q)
{
	struct tls_sign_answer a;
	size_t n = sizeof(a);
	assert_true(is_ok(pki_sign((void *)(uintptr_t)s->key, q, &a)));
	if (s->mood == MOOD_REFUSE) {
		a.refused = TLS_SIGN_BAD_FORM;
		a.len = 0;
	}
	if (s->mood == MOOD_OTHER_VERSION)
		a.version++;
	if (s->mood == MOOD_SHORT)
		n--;
	if (s->mood == MOOD_LONG_LENGTH)
		a.len = TLS_SIGNATURE_MAX + 1;
	if (s->mood == MOOD_LATE) { // first an answer to something that was given up
		a.request--;
		assert_int_equal(send(s->fd, &a, n, MSG_NOSIGNAL), (ssize_t)n);
		a.request++;
	}
	assert_int_equal(send(s->fd, &a, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void *signer_main(void *arg)
{
	struct signer *s = arg;
	static struct tls_sign_request q;
	for (;;) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};
		if (poll(&p, 1, 5000) <= 0)
			return NULL;
		ssize_t n = recv(s->fd, &q, sizeof(q), 0);
		if (n != (ssize_t)sizeof(q) || s->mood == MOOD_GONE) {
			close(s->fd);
			return NULL;
		}
		s->asked++;
		s->scheme = q.scheme;
		if (s->mood != MOOD_SILENT)
			answer(s, &q);
	}
}

struct pair {
	struct signer signer;
	struct sign_client client;
	struct net_counters counters;
	int fd;
};

static void set_up(struct pair *p, const struct pki *key, enum mood mood)
{
	int fd[2];
	memset(p, 0, sizeof(*p));
	assert_true(is_ok(channel_pair(fd)));
	p->fd = fd[0];
	p->signer = (struct signer){.key = key, .fd = fd[1], .mood = mood};
	sign_client_init(&p->client, fd[0], 200 * MS, &p->counters);
	assert_int_equal(pthread_create(&p->signer.thread, NULL, signer_main, &p->signer), 0);
}

static void tear_down(struct pair *p)
{
	close(p->fd);
	assert_int_equal(pthread_join(p->signer.thread, NULL), 0);
}

// Sign as libssl does, through the provider, and check with the certificate's public half.
static bool signs(const struct pki *p, const struct keyless_signer *s, const char *hash, bool pss)
{
	static const uint8_t text[] = "to be signed";
	uint8_t signature[TLS_SIGNATURE_MAX];
	size_t n = 0;
	struct keyless *k;
	EVP_PKEY *key;
	EVP_PKEY_CTX *c = NULL;
	assert_true(is_ok(keyless_new(&k)));
	assert_true(is_ok(keyless_key(k, p->certificate, s, &key)));
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	bool good = EVP_DigestSignInit_ex(m, &c, hash, keyless_library(k), NULL, key, NULL) == 1;
	if (pss)
		good = good && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) > 0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) > 0;
	good = good && EVP_DigestSign(m, NULL, &n, text, sizeof(text)) == 1 && n <= sizeof(signature) &&
	       EVP_DigestSign(m, signature, &n, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(m);
	m = EVP_MD_CTX_new();
	if (good) {
		good = EVP_DigestVerifyInit_ex(m, &c, hash, NULL, NULL, X509_get0_pubkey(p->certificate), NULL) == 1;
		if (pss)
			EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING);
		good = good && EVP_DigestVerify(m, signature, n, text, sizeof(text)) == 1;
	}
	EVP_MD_CTX_free(m);
	EVP_PKEY_free(key);
	keyless_free(k);
	return good;
}

static void every_scheme(void **state)
{
	static const struct {
		enum pki_key key;
		const char *hash;
		bool pss;
		uint16_t scheme;
	} rows[] = {
		{PKI_P256, "SHA256", false, TLS_SCHEME_ECDSA_SHA256},
		{PKI_P384, "SHA384", false, TLS_SCHEME_ECDSA_SHA384},
		{PKI_RSA2048, "SHA256", true, TLS_SCHEME_RSA_PSS_SHA256},
		{PKI_RSA2048, "SHA384", true, TLS_SCHEME_RSA_PSS_SHA384},
		{PKI_RSA2048, "SHA512", true, TLS_SCHEME_RSA_PSS_SHA512},
		{PKI_RSA2048, "SHA256", false, TLS_SCHEME_RSA_PKCS1_SHA256},
	};
	struct pki ca = pki_authority("ca");
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pki p = pki_issue(&ca, &(struct pki_leaf){.names = "DNS:a.example", .key = rows[i].key});
		struct pair pair;
		set_up(&pair, &p, MOOD_GOOD);
		struct keyless_signer s = {sign_client_sign, &pair.client};
		assert_true(signs(&p, &s, rows[i].hash, rows[i].pss));
		tear_down(&pair);
		assert_int_equal(pair.signer.asked, 1);
		assert_int_equal(pair.signer.scheme, rows[i].scheme);
		pki_free(&p);
	}
	pki_free(&ca);
}

static void moods(void **state)
{
	static const struct {
		enum mood mood;
		bool works;
		enum net_counter counted;
	} rows[] = {
		{MOOD_REFUSE, false, NET_SIGN_REFUSED}, {MOOD_SILENT, false, NET_SIGN_TIMEOUT},
		{MOOD_LATE, true, NET_SIGN_LATE}, {MOOD_OTHER_VERSION, false, NET_SIGN_ERROR},
		{MOOD_SHORT, false, NET_SIGN_ERROR}, {MOOD_LONG_LENGTH, false, NET_SIGN_ERROR},
		{MOOD_GONE, false, NET_SIGN_ERROR},
	};
	struct pki ca = pki_authority("ca"), p = pki_issue_for(&ca, "a.example");
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pair pair;
		set_up(&pair, &p, rows[i].mood);
		struct keyless_signer s = {sign_client_sign, &pair.client};
		assert_int_equal(signs(&p, &s, "SHA256", false), rows[i].works);
		assert_int_equal(net_counter_get(&pair.counters, rows[i].counted), 1);
		tear_down(&pair);
	}
	pki_free(&p);
	pki_free(&ca);
}

static void private_half_cannot_be_had(void **state)
{
	struct pki ca = pki_authority("ca"), p = pki_issue_for(&ca, "a.example");
	struct keyless_signer s = {pki_sign, &p};
	struct keyless *k;
	EVP_PKEY *key;
	OSSL_PARAM *params = NULL;
	UNUSED(state);
	assert_true(is_ok(keyless_new(&k)));
	assert_true(is_ok(keyless_key(k, p.certificate, &s, &key)));
	assert_int_not_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 1);
	assert_int_equal(EVP_PKEY_eq(key, X509_get0_pubkey(p.certificate)), 1);
	BIGNUM *d = NULL;
	assert_int_not_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
	EVP_PKEY_free(key);
	keyless_free(k);
	pki_free(&p);
	pki_free(&ca);
}

static void bad_hashes_and_lengths(void **state)
{
	struct pki ca = pki_authority("ca"), p = pki_issue_for(&ca, "a.example");
	struct keyless_signer s = {pki_sign, &p};
	struct sign_client c;
	struct net_counters counters = {0};
	static struct tls_sign_request q;
	struct tls_sign_answer a;
	UNUSED(state);
	assert_false(signs(&p, &s, "SHA1", false));
	sign_client_init(&c, -1, MS, &counters);
	q.len = TLS_SIGN_OCTETS_MAX + 1;
	assert_int_equal(sign_client_sign(&c, &q, &a).error, E_TOO_LONG);
	q.len = 0;
	assert_int_equal(sign_client_sign(&c, &q, &a).error, E_TOO_LONG);
	pki_free(&p);
	pki_free(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scheme),
		cmocka_unit_test(moods),
		cmocka_unit_test(private_half_cannot_be_had),
		cmocka_unit_test(bad_hashes_and_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
