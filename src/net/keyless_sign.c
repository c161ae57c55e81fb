// SPDX-License-Identifier: Apache-2.0
// Signatures of the keyless provider: the one-shot digest_sign that libssl calls for ServerKeyExchange and
// CertificateVerify. Anything that is not one of the TLS schemes is refused here already.
#include "net/keyless_provider.h"

#include "base/memory.h"
#include "base/span.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

struct signing {
	const struct keyless_data *key;
	uint32_t hash; // 256, 384, 512; 0: none that TLS 1.2 or 1.3 uses
	bool pss;
};

static void *new_signing(void *provider, const char *properties)
{
	UNUSED(provider);
	UNUSED(properties);
	return memory_alloc(sizeof(struct signing));
}

static void free_signing(void *ctx)
{
	memory_free(ctx);
}

static uint32_t hash_bits(const char *name)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} known[] = {{"SHA256", 256}, {"SHA2-256", 256}, {"SHA384", 384}, {"SHA2-384", 384}, {"SHA512", 512},
		{"SHA2-512", 512}};
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(known); i++)
		if (bytes_equal_nocase(bytes_of_string(name), bytes_of_string(known[i].name)))
			return known[i].bits;
	return 0;
}

static int set_pad_mode(struct signing *s, const OSSL_PARAM *p)
{
	int mode = 0;
	if (p->data_type == OSSL_PARAM_UTF8_STRING && p->data != NULL)
		mode = strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0 ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
	else if (OSSL_PARAM_get_int(p, &mode) != 1)
		return 0;
	s->pss = mode == RSA_PKCS1_PSS_PADDING;
	return mode == RSA_PKCS1_PSS_PADDING || mode == RSA_PKCS1_PADDING;
}

static int set_params(void *ctx, const OSSL_PARAM params[])
{
	if (params == NULL)
		return 1;
	const OSSL_PARAM *pad = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	return pad == NULL || set_pad_mode(ctx, pad);
}

static const OSSL_PARAM *settable(void *ctx, void *provider)
{
	static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0), OSSL_PARAM_END};
	UNUSED(ctx);
	UNUSED(provider);
	return known;
}

static int begin(void *ctx, const char *hash, void *key, const OSSL_PARAM params[])
{
	struct signing *s = ctx;
	if (key != NULL)
		s->key = key;
	s->hash = hash_bits(hash);
	return s->key != NULL && s->hash != 0 && set_params(ctx, params);
}

// The code point (RFC8446#4.2.3): the families count their hashes upwards in the same order.
static uint16_t scheme_of(const struct signing *s)
{
	uint16_t step = s->hash == 256 ? 0 : s->hash == 384 ? 1 : 2;
	if (strcmp(s->key->type, "EC") == 0)
		return (uint16_t)(TLS_SCHEME_ECDSA_SHA256 + step * 0x100);
	if (s->pss)
		return (uint16_t)(TLS_SCHEME_RSA_PSS_SHA256 + step);
	return (uint16_t)(TLS_SCHEME_RSA_PKCS1_SHA256 + step * 0x100);
}

static int ask(const struct signing *s, struct tls_sign_answer *answer, const uint8_t *octets, size_t n)
{
	struct tls_sign_request *request = memory_alloc(sizeof(*request));
	if (request == NULL)
		return 0;
	request->scheme = scheme_of(s);
	request->len = (uint32_t)n;
	memcpy(request->octets, octets, n);
	result r = s->key->signer->sign(s->key->signer->ctx, request, answer);
	memory_free(request);
	return is_ok(r) && answer->len > 0 && answer->len <= TLS_SIGNATURE_MAX;
}

static int digest_sign(
	void *ctx, unsigned char *out, size_t *len, size_t size, const unsigned char *octets, size_t n)
{
	const struct signing *s = ctx;
	if (s->key == NULL || s->key->signer == NULL || s->hash == 0 || n == 0 || n > TLS_SIGN_OCTETS_MAX)
		return 0;
	int longest = EVP_PKEY_get_size(s->key->public_half);
	if (longest <= 0)
		return 0;
	*len = (size_t)longest;
	if (out == NULL)
		return 1;
	struct tls_sign_answer answer;
	if (!ask(s, &answer, octets, n) || answer.len > size)
		return 0;
	memcpy(out, answer.signature, answer.len);
	*len = answer.len;
	return 1;
}

#define FN(f) ((void (*)(void))(f))

const OSSL_DISPATCH keyless_signatures[] = {
	{OSSL_FUNC_SIGNATURE_NEWCTX, FN(new_signing)},
	{OSSL_FUNC_SIGNATURE_FREECTX, FN(free_signing)},
	{OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, FN(begin)},
	{OSSL_FUNC_SIGNATURE_DIGEST_SIGN, FN(digest_sign)},
	{OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, FN(set_params)},
	{OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, FN(settable)},
	{0, NULL},
};
