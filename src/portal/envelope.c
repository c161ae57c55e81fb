// SPDX-License-Identifier: Apache-2.0
// Making an envelope, and the parts that both directions share.
#include "portal/envelope.h"

#include "base/memory.h"

#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

char *envelope_encode(struct bytes octets)
{
	size_t room = sodium_base64_ENCODED_LEN(octets.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *out = memory_alloc(room);
	return out == NULL ? NULL : sodium_bin2base64(out, room, octets.at, octets.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

result envelope_decode(const char *text, uint8_t **out, size_t *len)
{
	size_t n = strlen(text), room = n / 4 * 3 + 4;
	*out = memory_alloc(room);
	REQUIRE(*out != NULL, E_NO_MEMORY);
	if (sodium_base642bin(*out, room - 1, text, n, NULL, len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0)
		return OK;
	memory_free(*out);
	*out = NULL;
	return FAIL(E_SYNTAX);
}

result envelope_digest(const char *payload, const char *protected_header, uint8_t out[PROFILE_SIGN_OCTETS])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	memcpy(out, PROFILE_CONTEXT, PROFILE_CONTEXT_LEN);
	bool good = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(ctx, payload, strlen(payload)) == 1 && EVP_DigestUpdate(ctx, ".", 1) == 1 &&
		    EVP_DigestUpdate(ctx, protected_header, strlen(protected_header)) == 1 &&
		    EVP_DigestFinal_ex(ctx, out + PROFILE_CONTEXT_LEN, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return good ? OK : FAIL(E_NO_MEMORY);
}

const char *envelope_algorithm(const EVP_PKEY *key, uint16_t *scheme)
{
	int type = key != NULL ? EVP_PKEY_get_base_id(key) : 0;
	*scheme = type == EVP_PKEY_EC ? TLS_SCHEME_ECDSA_SHA256 : TLS_SCHEME_RSA_PKCS1_SHA256;
	return type == EVP_PKEY_EC ? "ecdsa-sha256" : type == EVP_PKEY_RSA ? "rsa-sha256" : NULL;
}

// One certificate for x5c: standard base64 of its DER (RFC7515#4.1.6).
static json_t *certificate_text(X509 *x)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	size_t room = n > 0 ? sodium_base64_ENCODED_LEN((size_t)n, sodium_base64_VARIANT_ORIGINAL) : 0;
	char *text = room > 0 ? memory_alloc(room) : NULL;
	json_t *o = text == NULL ? NULL
				 : json_string(sodium_bin2base64(text, room, der, (size_t)n, sodium_base64_VARIANT_ORIGINAL));
	memory_free(text);
	OPENSSL_free(der);
	return o;
}

// The header for CHAIN; E_CONFIG when its first certificate is none that can sign.
static result header_of(struct bytes chain, uint16_t *scheme, json_t **out)
{
	BIO *bio = chain.len > 0 && chain.len <= INT32_MAX ? BIO_new_mem_buf(chain.at, (int)chain.len) : NULL;
	json_t *list = json_array();
	const char *algorithm = NULL;
	bool whole = true;
	for (uint32_t i = 0; bio != NULL && i < ENVELOPE_CHAIN_MAX; i++) {
		X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (x == NULL)
			break;
		if (i == 0)
			algorithm = envelope_algorithm(X509_get0_pubkey(x), scheme);
		whole = json_array_append_new(list, certificate_text(x)) == 0 && whole;
		X509_free(x);
	}
	BIO_free(bio);
	if (algorithm == NULL || !whole) {
		json_decref(list);
		return FAIL(whole ? E_CONFIG : E_NO_MEMORY);
	}
	*out = json_pack("{s:s, s:s, s:o}", "alg", algorithm, "typ", PROFILE_CONTEXT, "x5c", list);
	return *out != NULL ? OK : FAIL(E_NO_MEMORY);
}

static result sign_it(const char *payload, const char *header, uint16_t scheme, tls_sign_h sign, void *ctx, char **signature)
{
	struct tls_sign_request *q = memory_alloc(sizeof(*q));
	struct tls_sign_answer a = {0};
	REQUIRE(q != NULL, E_NO_MEMORY);
	*q = (struct tls_sign_request){.version = IPC_SIGNER_VERSION, .type = IPC_SIGNER_PROFILE_SIGN, .scheme = scheme,
		.len = PROFILE_SIGN_OCTETS};
	result r = envelope_digest(payload, header, q->octets);
	if (is_ok(r))
		r = sign(ctx, q, &a);
	memory_free(q);
	TRY(r);
	REQUIRE(a.len > 0 && a.len <= sizeof(a.signature), E_AUTH);
	*signature = envelope_encode(bytes_make(a.signature, a.len));
	return *signature != NULL ? OK : FAIL(E_NO_MEMORY);
}

static char *encode_json(const json_t *o)
{
	char *text = profile_text(o), *out = text != NULL ? envelope_encode(bytes_of_string(text)) : NULL;
	free(text);
	return out;
}

static result put_together(const char *payload, const char *header, const char *signature, char **out)
{
	json_t *o = json_pack("{s:s, s:s, s:s}", "payload", payload, "protected", header, "signature", signature);
	*out = o != NULL ? json_dumps(o, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
	json_decref(o);
	REQUIRE(*out != NULL, E_NO_MEMORY);
	if (strlen(*out) <= ENVELOPE_OCTETS_MAX)
		return OK;
	free(*out);
	*out = NULL;
	return FAIL(E_TOO_LONG);
}

result envelope_seal(const json_t *profile, struct bytes chain, tls_sign_h sign, void *ctx, char **out)
{
	uint16_t scheme = 0;
	char *signature = NULL;
	*out = NULL;
	json_t *h;
	TRY(header_of(chain, &scheme, &h));
	char *payload = encode_json(profile), *header = encode_json(h);
	json_decref(h);
	result r = payload != NULL && header != NULL ? sign_it(payload, header, scheme, sign, ctx, &signature) : FAIL(E_NO_MEMORY);
	if (is_ok(r))
		r = put_together(payload, header, signature, out);
	memory_free(payload);
	memory_free(header);
	memory_free(signature);
	return r;
}

char *envelope_unsigned(const json_t *profile)
{
	json_t *o = json_pack("{s:O, s:b}", "profile", profile, "signed", 0);
	char *text = o != NULL ? json_dumps(o, JSON_SORT_KEYS | JSON_INDENT(1)) : NULL;
	json_decref(o);
	return text;
}
