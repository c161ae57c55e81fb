// SPDX-License-Identifier: Apache-2.0
// Opening an envelope: form, chain, signature, name, dates, in this order; the profile is parsed after the signature only.
#include "base/memory.h"
#include "net/tls_names.h"
#include "portal/envelope.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CERTIFICATE_MAX = 16 * 1024 }; // [octets] of DER; one with a dozen names has 2 KiB

struct opened { // of one envelope, freed together
	json_t *outer, *header;
	X509 *leaf;
	STACK_OF(X509) *chain; // the issuers
	const char *payload, *protected_header, *signature;
};

static result fail(struct envelope_fault *f, enum error e, const char *format, ...) PRINTF_LIKE(3, 4);
static result fail(struct envelope_fault *f, enum error e, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(f->text, sizeof(f->text), format, list);
	va_end(list);
	return FAIL(e);
}

static json_t *parse(struct bytes text)
{
	return json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static result decode_json(const char *text, json_t **out)
{
	uint8_t *octets;
	size_t len;
	TRY(envelope_decode(text, &octets, &len));
	*out = parse(bytes_make(octets, len));
	memory_free(octets);
	return json_is_object(*out) ? OK : FAIL(E_SYNTAX);
}

static result read_form(struct opened *o, struct bytes text, struct envelope_fault *f)
{
	if (text.len > ENVELOPE_OCTETS_MAX)
		return fail(f, E_TOO_LONG, "longer than %d octets; it is no peering profile", (int)ENVELOPE_OCTETS_MAX);
	o->outer = parse(text);
	if (json_is_false(json_object_get(o->outer, "signed")))
		return fail(f, E_AUTH, "it is not signed; ask the partner for `sallyport profile` with a key that can be read");
	o->payload = text_of(o->outer, "payload");
	o->protected_header = text_of(o->outer, "protected");
	o->signature = text_of(o->outer, "signature");
	if (o->payload == NULL || o->protected_header == NULL || o->signature == NULL || json_object_size(o->outer) != 3)
		return fail(f, E_SYNTAX, "it is no signed peering profile; expected are payload, protected and signature");
	result r = decode_json(o->protected_header, &o->header);
	const char *type = text_of(o->header, "typ");
	if (!is_ok(r) || type == NULL || strcmp(type, PROFILE_CONTEXT) != 0)
		return fail(f, r.error == E_NO_MEMORY ? E_NO_MEMORY : E_SYNTAX, "its header is not of type %s", PROFILE_CONTEXT);
	return OK;
}

static X509 *certificate_of(const json_t *x)
{
	const char *text = json_string_value(x);
	uint8_t *der = text != NULL ? memory_alloc(CERTIFICATE_MAX) : NULL;
	size_t len = 0;
	X509 *out = NULL;
	if (der != NULL &&
		sodium_base642bin(der, CERTIFICATE_MAX, text, strlen(text), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
		const uint8_t *at = der;
		out = d2i_X509(NULL, &at, (long)len);
		if (out != NULL && at != der + len) { // octets behind the certificate
			X509_free(out);
			out = NULL;
		}
	}
	memory_free(der);
	return out;
}

static result read_chain(struct opened *o, struct envelope_fault *f)
{
	const json_t *list = json_object_get(o->header, "x5c");
	size_t n = json_array_size(list);
	if (n == 0 || n > ENVELOPE_CHAIN_MAX)
		return fail(f, E_SYNTAX, "its chain holds %zu certificates, not 1 to %d", n, (int)ENVELOPE_CHAIN_MAX);
	o->chain = sk_X509_new_null();
	REQUIRE(o->chain != NULL, E_NO_MEMORY);
	for (size_t i = 0; i < n; i++) {
		X509 *x = certificate_of(json_array_get(list, i));
		if (x == NULL)
			return fail(f, E_SYNTAX, "certificate %zu of its chain cannot be read", i + 1);
		if (i == 0)
			o->leaf = x;
		else if (sk_X509_push(o->chain, x) == 0) {
			X509_free(x);
			return FAIL(E_NO_MEMORY);
		}
	}
	return OK;
}

static X509_STORE *store_of(struct bytes anchors)
{
	BIO *bio = anchors.len > 0 && anchors.len <= INT32_MAX ? BIO_new_mem_buf(anchors.at, (int)anchors.len) : NULL;
	X509_STORE *store = bio != NULL ? X509_STORE_new() : NULL;
	uint32_t n = 0;
	for (; store != NULL && n < ENVELOPE_ANCHORS_MAX; n++) {
		X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		bool added = x != NULL && X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
		if (!added)
			break;
	}
	BIO_free(bio);
	if (n > 0)
		return store;
	X509_STORE_free(store);
	return NULL;
}

// As for connections (src/net/tls_peer.c): 112 bits, an anchor need not be a root, made for TLS servers.
static result verify_chain(struct opened *o, struct bytes anchors, uint64_t wall_ms, struct envelope_fault *f)
{
	X509_STORE *store = store_of(anchors);
	if (store == NULL)
		return fail(f, E_CONFIG, "the file of --trust holds no certificate in PEM; give the partner's authority");
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	int error = X509_V_ERR_OUT_OF_MEM;
	if (c != NULL && X509_STORE_CTX_init(c, store, o->leaf, o->chain) == 1) {
		X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(c);
		X509_VERIFY_PARAM_set_auth_level(p, 2);
		X509_VERIFY_PARAM_set_depth(p, ENVELOPE_CHAIN_MAX);
		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_time(p, (time_t)(wall_ms / 1000));
		X509_STORE_CTX_set_purpose(c, X509_PURPOSE_SSL_SERVER);
		bool good = X509_verify_cert(c) == 1;
		error = X509_STORE_CTX_get_error(c);
		if (!good && error == X509_V_OK)
			error = X509_V_ERR_UNSPECIFIED;
	}
	X509_STORE_CTX_free(c);
	X509_STORE_free(store);
	return error == X509_V_OK ? OK : fail(f, E_AUTH, "who signed it does not end in the authorities of --trust: %s",
		X509_verify_cert_error_string(error));
}

static result verify_signature(const struct opened *o, struct envelope_fault *f)
{
	uint8_t signed_octets[PROFILE_SIGN_OCTETS], *signature;
	size_t len;
	uint16_t scheme;
	EVP_PKEY *key = X509_get0_pubkey(o->leaf); // the leaf's
	const char *algorithm = envelope_algorithm(key, &scheme), *said = text_of(o->header, "alg");
	if (algorithm == NULL || said == NULL || strcmp(algorithm, said) != 0) // the key decides, never the header
		return fail(f, E_AUTH, "its algorithm does not fit the signer's key");
	TRY(envelope_digest(o->payload, o->protected_header, signed_octets));
	result r = envelope_decode(o->signature, &signature, &len);
	if (!is_ok(r))
		return fail(f, r.error, "its signature is not base64url");
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c != NULL && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(c, signature, len, signed_octets, sizeof(signed_octets)) == 1;
	EVP_MD_CTX_free(c);
	memory_free(signature);
	return good ? OK : fail(f, E_AUTH, "the signature is wrong; it was changed on the way, fetch it again");
}

// The signer may speak for the domain that its certificate names, and for no other (RFC5922#7.1).
static result check_domain(const struct opened *o, const json_t *profile, struct envelope_fault *f)
{
	struct tls_names names;
	const char *domain = text_of(profile, "domain");
	if (domain == NULL || domain[0] == '\0' || strlen(domain) >= DOMAIN_MAX)
		return fail(f, E_SYNTAX, "the profile names no domain");
	tls_names_read(o->leaf, &names);
	for (uint32_t i = 0; i < names.count; i++)
		if (bytes_equal_nocase(bytes_make(names.name[i].text + 4, names.name[i].len), bytes_of_string(domain)))
			return OK;
	return fail(f, E_AUTH, "the certificate of the signer is not one of %.64s", domain);
}

static result check_dates(const json_t *profile, uint64_t wall_ms, struct envelope_fault *f)
{
	const json_t *v = json_object_get(profile, "validity");
	json_int_t from = json_integer_value(json_object_get(v, "from_s")), until = json_integer_value(json_object_get(v, "until_s"));
	json_int_t now_s = (json_int_t)(wall_ms / 1000);
	if (from <= 0 || until <= from || until - from > PROFILE_LIFE_S)
		return fail(f, E_SYNTAX, "the profile's dates are missing or hold for more than %d days", PROFILE_LIFE_S / 86400);
	if (now_s >= until)
		return fail(f, E_STALE, "the profile is out of date; fetch a new one");
	if (from > now_s + ENVELOPE_SKEW_S)
		return fail(f, E_STALE, "the profile begins in the future; are both clocks right?");
	return OK;
}

static result read_profile(const struct opened *o, uint64_t wall_ms, json_t **out, struct envelope_fault *f)
{
	result r = decode_json(o->payload, out);
	if (r.error == E_NO_MEMORY)
		return r;
	if (!is_ok(r) || json_integer_value(json_object_get(*out, "format")) != PROFILE_FORMAT)
		return fail(f, E_SYNTAX, "the profile is not of format %d; do both sides run the same release?", (int)PROFILE_FORMAT);
	TRY(check_domain(o, *out, f));
	return check_dates(*out, wall_ms, f);
}

static result open_all(struct opened *o, struct bytes text, struct bytes anchors, uint64_t wall_ms, json_t **out,
	struct envelope_fault *f)
{
	TRY(read_form(o, text, f));
	TRY(read_chain(o, f));
	TRY(verify_chain(o, anchors, wall_ms, f));
	TRY(verify_signature(o, f));
	return read_profile(o, wall_ms, out, f);
}

result envelope_open(struct bytes text, struct bytes anchors, uint64_t wall_ms, json_t **out, struct envelope_fault *fault)
{
	struct opened o = {0};
	json_t *profile = NULL;
	snprintf(fault->text, sizeof(fault->text), "memory ran out");
	result r = open_all(&o, text, anchors, wall_ms, &profile, fault);
	*out = is_ok(r) ? profile : NULL;
	if (!is_ok(r))
		json_decref(profile);
	json_decref(o.outer);
	json_decref(o.header);
	X509_free(o.leaf);
	sk_X509_pop_free(o.chain, X509_free);
	return r;
}
