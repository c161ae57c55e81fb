// SPDX-License-Identifier: Apache-2.0
// Key management of the keyless provider. A key wraps the public half, which the default provider knows how
// to handle, and the way to the signer. The private half is never exported, because there is none: without
// that refusal the default provider would take the public half and try to sign with it.
#include "net/keyless_provider.h"

#include "base/memory.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

static void *new_key(void *provider, const char *type)
{
	const struct keyless_provider *p = provider;
	struct keyless_data *k = memory_alloc(sizeof(*k));
	if (k != NULL) {
		k->inner = p->inner;
		k->type = type;
	}
	return k;
}

static void *new_ec(void *provider)
{
	return new_key(provider, "EC");
}

static void *new_rsa(void *provider)
{
	return new_key(provider, "RSA");
}

static void free_key(void *key)
{
	struct keyless_data *k = key;
	if (k == NULL)
		return;
	EVP_PKEY_free(k->public_half);
	memory_free(k);
}

static int has(const void *key, int selection)
{
	const struct keyless_data *k = key;
	if (k == NULL || k->public_half == NULL)
		return 0;
	return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || k->signer != NULL;
}

static int match(const void *a, const void *b, int selection)
{
	const struct keyless_data *x = a, *y = b;
	UNUSED(selection);
	return has(x, 0) && has(y, 0) && EVP_PKEY_eq(x->public_half, y->public_half) == 1;
}

static int import(void *key, int selection, const OSSL_PARAM params[])
{
	struct keyless_data *k = key;
	UNUSED(selection);
	uint64_t at = 0;
	const OSSL_PARAM *signer = OSSL_PARAM_locate_const(params, KEYLESS_PARAM_SIGNER);
	if (signer != NULL && OSSL_PARAM_get_uint64(signer, &at) != 1)
		return 0;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(k->inner, k->type, NULL);
	int good = c != NULL && EVP_PKEY_fromdata_init(c) == 1 &&
		   EVP_PKEY_fromdata(c, &k->public_half, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) == 1;
	EVP_PKEY_CTX_free(c);
	k->signer = (const struct keyless_signer *)(uintptr_t)at;
	return good;
}

static int export(void *key, int selection, OSSL_CALLBACK *take, void *arg)
{
	const struct keyless_data *k = key;
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || !has(k, 0))
		return 0;
	return EVP_PKEY_export(k->public_half, EVP_PKEY_PUBLIC_KEY, take, arg);
}

static const OSSL_PARAM *ec_types(int selection)
{
	static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_uint64(KEYLESS_PARAM_SIGNER, NULL), OSSL_PARAM_END};
	return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? types : NULL;
}

static const OSSL_PARAM *rsa_types(int selection)
{
	static const OSSL_PARAM types[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0), OSSL_PARAM_uint64(KEYLESS_PARAM_SIGNER, NULL),
		OSSL_PARAM_END};
	return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? types : NULL;
}

static int get_params(void *key, OSSL_PARAM params[])
{
	const struct keyless_data *k = key;
	return has(k, 0) && EVP_PKEY_get_params(k->public_half, params) == 1;
}

static const OSSL_PARAM *gettable(void *provider)
{
	static const OSSL_PARAM known[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL), OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0), OSSL_PARAM_END};
	UNUSED(provider);
	return known;
}

static const char *ec_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

static const char *rsa_operation(int operation)
{
	UNUSED(operation);
	return "RSA";
}

#define FN(f) ((void (*)(void))(f))

#define KEYS(type)                                                                                           \
	{                                                                                                    \
		{OSSL_FUNC_KEYMGMT_NEW, FN(new_##type)}, {OSSL_FUNC_KEYMGMT_FREE, FN(free_key)},             \
			{OSSL_FUNC_KEYMGMT_HAS, FN(has)}, {OSSL_FUNC_KEYMGMT_MATCH, FN(match)},              \
			{OSSL_FUNC_KEYMGMT_IMPORT, FN(import)},                                              \
			{OSSL_FUNC_KEYMGMT_IMPORT_TYPES, FN(type##_types)},                                  \
			{OSSL_FUNC_KEYMGMT_EXPORT, FN(export)},                                              \
			{OSSL_FUNC_KEYMGMT_EXPORT_TYPES, FN(type##_types)},                                  \
			{OSSL_FUNC_KEYMGMT_GET_PARAMS, FN(get_params)},                                      \
			{OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, FN(gettable)},                                   \
			{OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, FN(type##_operation)},                      \
		{                                                                                            \
			0, NULL                                                                              \
		}                                                                                            \
	}

const OSSL_DISPATCH keyless_ec_keys[] = KEYS(ec);
const OSSL_DISPATCH keyless_rsa_keys[] = KEYS(rsa);
