// SPDX-License-Identifier: Apache-2.0
// The signer is no oracle: only TLS handshake signatures, only schemes of its key, at a bounded rate (BE-2).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "guard/signer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static struct now now = {1000 * SECOND, 0};
static struct tls_sign_request q;
static struct tls_sign_answer a;
static EVP_PKEY *key;
static struct signer *s;

static int make(void **state)
{
	char pem[4096];
	BIO *bio = BIO_new(BIO_s_mem());

	(void)state;
	key = EVP_EC_gen("P-256");
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	int n = BIO_read(bio, pem, sizeof(pem));
	BIO_free(bio);
	return is_ok(signer_new(&s, bytes_make(pem, (size_t)n))) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	signer_free(s);
	EVP_PKEY_free(key);
	return 0;
}

static void tls13(const char *label, uint32_t hash)
{
	memset(&q, 0, sizeof(q));
	q = (struct tls_sign_request){.version = IPC_SIGNER_VERSION, .type = IPC_SIGNER_TLS_SIGN, .request = 77,
		.scheme = TLS_SCHEME_ECDSA_SHA256, .len = 64 + 33 + 1 + hash};
	memset(q.octets, 0x20, 64);
	memcpy(q.octets + 64, label, 33);
	memset(q.octets + 98, 0xab, hash);
}

static unsigned ask(void)
{
	now.mono_us += SECOND;
	signer_answer(s, &q, sizeof(q), &now, &a);
	if (a.refused != TLS_SIGN_OK)
		assert_int_equal(a.len, 0);
	return a.refused;
}

static bool verifies(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, a.signature, a.len, q.octets, q.len) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

static const char server[] = "TLS 1.3, server CertificateVerify", client[] = "TLS 1.3, client CertificateVerify";

static void signs_handshakes(void **state)
{
	static const uint32_t hashes[] = {32, 48, 64};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(hashes); i++) {
		tls13(i == 1 ? client : server, hashes[i]);
		assert_int_equal(ask(), TLS_SIGN_OK);
		assert_int_equal(a.request, 77);
		assert_true(verifies());
	}
	memset(&q.octets, 0, sizeof(q.octets)); // TLS 1.2 server: randoms, curve, point
	q.octets[64] = 3;
	q.octets[67] = 65;
	q.len = 64 + 4 + 65;
	assert_int_equal(ask(), TLS_SIGN_OK);
	memset(&q.octets, 0, sizeof(q.octets)); // TLS 1.2 client: ClientHello and one more
	q.octets[0] = 1;
	q.octets[3] = 10;
	q.octets[14] = 2;
	q.octets[17] = 4;
	q.len = 22;
	assert_int_equal(ask(), TLS_SIGN_OK);
}

// The attack: a taken-over signaller wants a PASSporT, a certificate or any octets signed.
static void refuses_the_rest(void **state)
{
	static const char passport[] = "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0In0.eyJpYXQiOjF9";

	(void)state;
	tls13(server, 32);
	memset(q.octets, 0, sizeof(q.octets));
	memcpy(q.octets, passport, sizeof(passport));
	q.len = sizeof(passport) - 1;
	assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
	static const uint32_t lengths[] = {0, 1, 31, 33, 47, 63, 65, TLS_SIGN_OCTETS_MAX - 98, TLS_SIGN_OCTETS_MAX,
		0xffffffffu - 98};
	for (uint32_t i = 0; i < ARRAY_LEN(lengths); i++) {
		tls13(server, 32);
		q.len = 98 + lengths[i];
		assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
	}
	for (uint32_t at = 0; at < 98; at++) { // each octet of the frame counts
		tls13(server, 32);
		q.octets[at] ^= 1;
		assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
	}
	tls13("TLS 1.4, server CertificateVerify", 32);
	assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
}

static void profile(void)
{
	tls13(server, 32);
	q.type = IPC_SIGNER_PROFILE_SIGN;
	q.len = PROFILE_SIGN_OCTETS;
	memset(q.octets, 0xab, sizeof(q.octets));
	memcpy(q.octets, PROFILE_CONTEXT, PROFILE_CONTEXT_LEN);
}

// The attack: a type is used to have the other one's form signed, or the context is bent.
static void profiles_apart_from_handshakes(void **state)
{
	(void)state;
	profile();
	assert_int_equal(ask(), TLS_SIGN_OK);
	assert_true(verifies());
	assert_false(signer_form_is_tls(q.scheme, q.octets, q.len));
	q.type = IPC_SIGNER_TLS_SIGN;
	assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
	tls13(server, 32);
	q.type = IPC_SIGNER_PROFILE_SIGN;
	assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
	for (uint32_t at = 0; at < PROFILE_CONTEXT_LEN; at++) {
		profile();
		q.octets[at] ^= 1;
		assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
	}
	for (uint32_t len = 0; len < 200; len++) {
		profile();
		q.len = len;
		assert_int_equal(ask(), len == PROFILE_SIGN_OCTETS ? TLS_SIGN_OK : TLS_SIGN_BAD_FORM);
	}
	profile();
	q.scheme = TLS_SCHEME_ECDSA_SHA384;
	assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
	profile();
	q.scheme = TLS_SCHEME_RSA_PKCS1_SHA256;
	assert_int_equal(ask(), TLS_SIGN_BAD_SCHEME);
	profile();
	q.type = IPC_SIGNER_TLS_ANSWER;
	assert_int_equal(ask(), TLS_SIGN_BAD_FORM);
}

// A flood of profiles is held back and takes nothing from the handshakes.
static void profiles_have_a_budget_of_their_own(void **state)
{
	uint32_t granted = 0;

	(void)state;
	now.mono_us += 3600 * SECOND;
	profile();
	for (uint32_t i = 0; i < 4 * SIGNER_PROFILES_BURST; i++) {
		signer_answer(s, &q, sizeof(q), &now, &a);
		granted += a.refused == TLS_SIGN_OK;
	}
	assert_in_range(granted, SIGNER_PROFILES_BURST - 1, SIGNER_PROFILES_BURST + 1);
	tls13(server, 32);
	signer_answer(s, &q, sizeof(q), &now, &a);
	assert_int_equal(a.refused, TLS_SIGN_OK);
}

static void other_schemes_and_keys(void **state)
{
	(void)state;
	tls13(server, 32);
	q.scheme = TLS_SCHEME_RSA_PSS_SHA256;
	assert_int_equal(ask(), TLS_SIGN_BAD_SCHEME);
	q.scheme = 0x0201; // RSA with SHA-1
	assert_int_not_equal(ask(), TLS_SIGN_OK);
	q.scheme = TLS_SCHEME_ECDSA_SHA256;
	q.key = 1;
	assert_int_equal(ask(), TLS_SIGN_NO_KEY);
	q.key = 0;
	q.version++;
	assert_int_not_equal(ask(), TLS_SIGN_OK);
	q.version--;
	signer_answer(s, &q, sizeof(q) - 1, &now, &a);
	assert_int_not_equal(a.refused, TLS_SIGN_OK);
}

static void rate(void **state)
{
	uint32_t granted = 0;

	(void)state;
	tls13(server, 32);
	now.mono_us += 3600 * SECOND;
	for (uint32_t i = 0; i < SIGNER_BURST + 50; i++) {
		signer_answer(s, &q, sizeof(q), &now, &a);
		granted += a.refused == TLS_SIGN_OK;
		if (a.refused != TLS_SIGN_OK)
			assert_int_equal(a.refused, TLS_SIGN_RATE);
	}
	assert_in_range(granted, SIGNER_BURST - 1, SIGNER_BURST + 1);
}

// What was granted, refused and held back is counted apart.
static void tally(void **state)
{
	uint64_t n[IPC_TALLY_COUNT] = {0};

	(void)state;
	now.mono_us += 3600 * SECOND;
	tls13(server, 32);
	for (uint32_t i = 0; i < SIGNER_BURST + 50; i++) {
		signer_answer(s, &q, sizeof(q), &now, &a);
		signer_tally(n, &a);
	}
	assert_in_range(n[IPC_TALLY_SIGNED], SIGNER_BURST - 1, SIGNER_BURST + 1);
	assert_int_equal(n[IPC_TALLY_SIGNED] + n[IPC_TALLY_LIMITED], SIGNER_BURST + 50);
	assert_int_equal(n[IPC_TALLY_REFUSED], 0);
	q.octets[0] ^= 1;
	signer_answer(s, &q, sizeof(q), &now, &a);
	signer_tally(n, &a);
	signer_answer(s, &q, sizeof(q) - 1, &now, &a);
	signer_tally(n, &a);
	assert_int_equal(n[IPC_TALLY_REFUSED], 2);
}

static void bad_keys(void **state)
{
	struct signer *none = NULL;

	(void)state;
	assert_int_equal(signer_new(&none, BYTES("no key")).error, E_CONFIG);
	assert_int_equal(signer_new(&none, BYTES("")).error, E_CONFIG);
	assert_int_equal(signer_fits(s, BYTES("no certificate")).error, E_CONFIG);
}

// A signaller that was taken over forges no profile: its channels take handshakes alone.
static void each_channel_takes_its_own(void **state)
{
	(void)state;
	assert_true(signer_takes(false, IPC_SIGNER_TLS_SIGN) && signer_takes(true, IPC_SIGNER_TLS_SIGN));
	assert_true(signer_takes(true, IPC_SIGNER_PROFILE_SIGN));
	assert_false(signer_takes(false, IPC_SIGNER_PROFILE_SIGN));
	assert_false(signer_takes(true, 0) || signer_takes(true, IPC_SIGNER_TLS_ANSWER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(signs_handshakes), cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(profiles_apart_from_handshakes),
		cmocka_unit_test(profiles_have_a_budget_of_their_own), cmocka_unit_test(other_schemes_and_keys), cmocka_unit_test(rate), cmocka_unit_test(tally), cmocka_unit_test(bad_keys),
		cmocka_unit_test(each_channel_takes_its_own)};

	return cmocka_run_group_tests(tests, make, end);
}
