// SPDX-License-Identifier: Apache-2.0
// The built-in provider and the library context that holds it beside the default one.
#include "net/keyless.h"

#include "base/memory.h"
#include "net/keyless_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>

struct keyless {
	OSSL_LIB_CTX *library;
	OSSL_PROVIDER *standard, *ours;
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM keys[] = {
		{"EC:id-ecPublicKey:1.2.840.10045.2.1", KEYLESS_PROPERTY, keyless_ec_keys, "key elsewhere"},
		{"RSA:rsaEncryption:1.2.840.113549.1.1.1", KEYLESS_PROPERTY, keyless_rsa_keys, "key elsewhere"},
		{NULL, NULL, NULL, NULL}};
	static const OSSL_ALGORITHM signatures[] = {
		{"ECDSA", KEYLESS_PROPERTY, keyless_signatures, "key elsewhere"},
		{"RSA:rsaEncryption:1.2.840.113549.1.1.1", KEYLESS_PROPERTY, keyless_signatures, "key elsewhere"},
		{NULL, NULL, NULL, NULL}};
	UNUSED(provider);
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return keys;
	return operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static void teardown(void *provider)
{
	struct keyless_provider *p = provider;
	OSSL_LIB_CTX_free(p->inner);
	memory_free(p);
}

#define FN(f) ((void (*)(void))(f))

static int provider_init(
	const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, FN(query)},
		{OSSL_FUNC_PROVIDER_TEARDOWN, FN(teardown)}, {0, NULL}};
	UNUSED(core);
	UNUSED(in);
	struct keyless_provider *p = memory_alloc(sizeof(*p));
	if (p == NULL)
		return 0;
	p->inner = OSSL_LIB_CTX_new();
	if (p->inner == NULL) {
		memory_free(p);
		return 0;
	}
	*provider = p;
	*out = functions;
	return 1;
}

// The default provider first: generic fetches must find it before ours.
static bool load(struct keyless *k)
{
	k->library = OSSL_LIB_CTX_new();
	if (k->library == NULL)
		return false;
	k->standard = OSSL_PROVIDER_load(k->library, "default");
	if (k->standard == NULL || OSSL_PROVIDER_add_builtin(k->library, KEYLESS_PROVIDER, provider_init) != 1)
		return false;
	k->ours = OSSL_PROVIDER_load(k->library, KEYLESS_PROVIDER);
	return k->ours != NULL && EVP_set_default_properties(k->library, "?provider=default") == 1;
}

result keyless_new(struct keyless **out)
{
	*out = NULL;
	struct keyless *k = memory_alloc(sizeof(*k));
	REQUIRE(k != NULL, E_NO_MEMORY);
	if (!load(k)) {
		keyless_free(k);
		return FAIL(E_SYSTEM);
	}
	*out = k;
	return OK;
}

void keyless_free(struct keyless *k)
{
	if (k == NULL)
		return;
	if (k->ours != NULL)
		OSSL_PROVIDER_unload(k->ours);
	if (k->standard != NULL)
		OSSL_PROVIDER_unload(k->standard);
	OSSL_LIB_CTX_free(k->library);
	memory_free(k);
}

OSSL_LIB_CTX *keyless_library(const struct keyless *k)
{
	return k->library;
}

static OSSL_PARAM *with_signer(const EVP_PKEY *public_half, const struct keyless_signer *signer)
{
	uint64_t at = (uint64_t)(uintptr_t)signer;
	OSSL_PARAM *half = NULL;
	if (EVP_PKEY_todata(public_half, EVP_PKEY_PUBLIC_KEY, &half) != 1)
		return NULL;
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *extra = NULL, *all = NULL;
	if (b != NULL && OSSL_PARAM_BLD_push_uint64(b, KEYLESS_PARAM_SIGNER, at) == 1)
		extra = OSSL_PARAM_BLD_to_param(b);
	if (extra != NULL)
		all = OSSL_PARAM_merge(half, extra);
	// merge copies the entries, not what they point to: copy that too before both sources go
	OSSL_PARAM *own = all != NULL ? OSSL_PARAM_dup(all) : NULL;
	OSSL_PARAM_free(all);
	OSSL_PARAM_free(extra);
	OSSL_PARAM_BLD_free(b);
	OSSL_PARAM_free(half);
	return own;
}

result keyless_key(struct keyless *k, X509 *certificate, const struct keyless_signer *signer, EVP_PKEY **out)
{
	*out = NULL;
	EVP_PKEY *half = X509_get0_pubkey(certificate);
	REQUIRE(half != NULL, E_UNSUPPORTED);
	const char *type = EVP_PKEY_is_a(half, "EC") ? "EC" : EVP_PKEY_is_a(half, "RSA") ? "RSA" : NULL;
	REQUIRE(type != NULL, E_UNSUPPORTED);
	OSSL_PARAM *params = with_signer(half, signer);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(k->library, type, KEYLESS_PROPERTY);
	bool good = params != NULL && c != NULL && EVP_PKEY_fromdata_init(c) == 1 &&
		    EVP_PKEY_fromdata(c, out, EVP_PKEY_KEYPAIR, params) == 1;
	EVP_PKEY_CTX_free(c);
	OSSL_PARAM_free(params);
	REQUIRE(good, E_NO_MEMORY);
	return OK;
}
