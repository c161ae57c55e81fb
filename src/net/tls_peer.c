// SPDX-License-Identifier: Apache-2.0
// Names first, then the chain against the one peer that has the name. The cheap look-up comes before the
// costly verification, and one peer's authority can never speak for another peer.
#include "net/tls_peer.h"

#include "base/memory.h"
#include "base/table.h"
#include "net/tls_names.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct tls_trust {
	OSSL_LIB_CTX *library;
	uint32_t generation; // of the snapshot the stores were parsed from
	X509_STORE *store[PEERS_MAX];
};

result tls_trust_new(struct tls_trust **out, OSSL_LIB_CTX *library)
{
	*out = memory_alloc(sizeof(**out));
	REQUIRE(*out != NULL, E_NO_MEMORY);
	(*out)->library = library;
	return OK;
}

static void forget(struct tls_trust *t)
{
	for (uint32_t i = 0; i < PEERS_MAX; i++) {
		X509_STORE_free(t->store[i]);
		t->store[i] = NULL;
	}
}

void tls_trust_free(struct tls_trust *t)
{
	if (t == NULL)
		return;
	forget(t);
	memory_free(t);
}

uint64_t tls_peer_print(const struct snapshot *s, peer_id id)
{
	static const uint8_t key[TABLE_SECRET_LEN] = "peer's identity"; // told apart, not hidden
	const struct peer *p = snapshot_peer(s, id);
	if (p == NULL || p->tls_name_count > PEER_TLS_NAMES_MAX || p->address_count > PEER_PREFIXES_MAX)
		return 0;
	uint64_t part[] = {
		keyed_hash(key, bytes_make(p->name, sizeof(p->name))),
		keyed_hash(key, bytes_make(p->tls_name, p->tls_name_count * sizeof(p->tls_name[0]))),
		keyed_hash(key, bytes_make(p->address, p->address_count * sizeof(p->address[0]))),
		keyed_hash(key, snapshot_blob(s, p->trust)),
		p->zone,
	};
	return keyed_hash(key, bytes_make(part, sizeof(part)));
}

static X509_STORE *parse(struct tls_trust *t, struct bytes pem)
{
	BIO *b = pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.at, (int)pem.len) : NULL;
	X509_STORE *store = b != NULL ? X509_STORE_new() : NULL;
	uint32_t n = 0;
	for (; store != NULL && n < TLS_ANCHORS_MAX; n++) {
		X509 *c = X509_new_ex(t->library, NULL);
		if (c == NULL || PEM_read_bio_X509(b, &c, NULL, NULL) == NULL || X509_STORE_add_cert(store, c) != 1) {
			X509_free(c);
			break;
		}
		X509_free(c);
	}
	BIO_free(b);
	if (n > 0)
		return store;
	X509_STORE_free(store);
	return NULL;
}

static X509_STORE *anchors(struct tls_trust *t, const struct registry *r, peer_id id)
{
	const struct snapshot *s = registry_snapshot(r);
	const struct peer *p = snapshot_peer(s, id);
	if (p == NULL || id >= PEERS_MAX)
		return NULL;
	if (t->generation != s->generation) {
		forget(t);
		t->generation = s->generation;
	}
	if (t->store[id] == NULL)
		t->store[id] = parse(t, snapshot_blob(s, p->trust));
	return t->store[id];
}

static enum net_counter reason(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return NET_TLS_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return NET_TLS_NOT_YET_VALID;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return NET_TLS_UNKNOWN_AUTHORITY;
	default:
		return NET_TLS_BAD_CHAIN;
	}
}

// Chain, dates, key usage and strength of LEAF against the anchors of one peer; an X509_V_ code.
static int verify(struct tls_trust *t, X509_STORE *store, X509 *leaf, STACK_OF(X509) *chain, bool server)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new_ex(t->library, NULL);
	int error = X509_V_ERR_OUT_OF_MEM;
	if (c != NULL && X509_STORE_CTX_init(c, store, leaf, chain) == 1) {
		X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(c);
		X509_VERIFY_PARAM_set_depth(p, TLS_DEPTH_MAX);
		X509_VERIFY_PARAM_set_auth_level(p, 2);                            // 112 bits: no SHA-1, no RSA-1024
		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);         // an anchor need not be a root
		X509_STORE_CTX_set_purpose(c, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
		int good = X509_verify_cert(c);
		error = X509_STORE_CTX_get_error(c);
		if (good != 1 && error == X509_V_OK)
			error = X509_V_ERR_UNSPECIFIED;
	}
	X509_STORE_CTX_free(c);
	return error;
}

static result refuse(struct tls_claim *claim, enum net_counter why, int error, int *verify_error)
{
	claim->why = why;
	*verify_error = error;
	return FAIL(E_AUTH);
}

static bool address_fits(const struct peer *p, const struct address *a)
{
	return p->address_count == 0 || prefixes_contain(p->address, p->address_count, a);
}

// By the anchors and the addresses of ID; the name is the caller's to hold against it.
static result prove_chain(struct tls_trust *t, const struct registry *r, X509 *leaf, STACK_OF(X509) *chain,
	peer_id id, struct tls_claim *claim, int *verify_error)
{
	const struct peer *p = snapshot_peer(registry_snapshot(r), id);
	X509_STORE *store = anchors(t, r, id);
	if (p == NULL || store == NULL)
		return refuse(claim, NET_TLS_NO_TRUST, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, verify_error);
	int error = verify(t, store, leaf, chain, claim->server);
	if (error != X509_V_OK)
		return refuse(claim, reason(error), error, verify_error);
	if (!address_fits(p, &claim->remote))
		return refuse(claim, NET_TLS_WRONG_ADDRESS, X509_V_ERR_APPLICATION_VERIFICATION, verify_error);
	*verify_error = X509_V_OK;
	return OK;
}

static result prove_one(struct tls_trust *t, const struct registry *r, X509 *leaf, STACK_OF(X509) *chain,
	peer_id id, struct tls_claim *claim, int *verify_error)
{
	TRY(prove_chain(t, r, leaf, chain, id, claim, verify_error));
	claim->peer = id;
	claim->generation = registry_snapshot(r)->generation;
	claim->print = tls_peer_print(registry_snapshot(r), id);
	return OK;
}

// We are the client: the name must be one of the expected peer's, whatever else the certificate says.
static result prove_expected(struct tls_trust *t, const struct registry *r, X509 *leaf, STACK_OF(X509) *chain,
	const struct tls_names *names, struct tls_claim *claim, int *verify_error)
{
	const struct peer *p = snapshot_peer(registry_snapshot(r), claim->expected);
	bool other = false;
	for (uint32_t i = 0; p != NULL && i < names->count; i++) {
		if (tls_name_is_of(&names->name[i], p))
			return prove_one(t, r, leaf, chain, claim->expected, claim, verify_error);
		other = other || tls_name_owner(&names->name[i], r, claim->zone) != PEER_NONE;
	}
	enum net_counter why = other ? NET_TLS_NAME_OF_OTHER : NET_TLS_NAME_OF_NOBODY;
	return refuse(claim, why, X509_V_ERR_HOSTNAME_MISMATCH, verify_error);
}

// A name that is nobody's, and that a peer on demand takes.
static result prove_demand(struct tls_trust *t, const struct registry *r, X509 *leaf, STACK_OF(X509) *chain,
	const struct tls_name *name, struct tls_claim *claim, int *verify_error)
{
	const char *domain = tls_name_host(name);
	peer_id of = claim->may_demand ? registry_demand_in(r, claim->zone, domain) : PEER_NONE;
	REQUIRE(of != PEER_NONE, E_NOT_FOUND);
	TRY(prove_chain(t, r, leaf, chain, of, claim, verify_error));
	claim->demand = of;
	memcpy(claim->domain, domain, strlen(domain) + 1);
	return OK;
}

// We are the server: the first name that belongs to a peer whose anchors and addresses agree.
static result prove_any(struct tls_trust *t, const struct registry *r, X509 *leaf, STACK_OF(X509) *chain,
	const struct tls_names *names, struct tls_claim *claim, int *verify_error)
{
	enum net_counter why = NET_TLS_NAME_OF_NOBODY;
	int error = X509_V_ERR_HOSTNAME_MISMATCH;
	for (uint32_t i = 0; i < names->count; i++) {
		peer_id id = tls_name_owner(&names->name[i], r, claim->zone);
		if (id == PEER_NONE && is_ok(prove_demand(t, r, leaf, chain, &names->name[i], claim, &error)))
			return OK;
		if (id == PEER_NONE)
			continue;
		if (is_ok(prove_one(t, r, leaf, chain, id, claim, &error)))
			return OK;
		why = claim->why;
	}
	return refuse(claim, why, error, verify_error);
}

result tls_peer_prove(struct tls_trust *t, const struct registry *r, X509 *leaf, STACK_OF(X509) *chain,
	struct tls_claim *claim, int *verify_error)
{
	struct tls_names names;
	claim->peer = claim->demand = PEER_NONE;
	if (leaf == NULL || r == NULL)
		return refuse(claim, NET_TLS_NO_CERTIFICATE, X509_V_ERR_UNSPECIFIED, verify_error);
	tls_names_read(leaf, &names);
	if (names.count == 0)
		return refuse(claim, NET_TLS_NO_NAME, X509_V_ERR_HOSTNAME_MISMATCH, verify_error);
	if (claim->expected != PEER_NONE)
		return prove_expected(t, r, leaf, chain, &names, claim, verify_error);
	return prove_any(t, r, leaf, chain, &names, claim, verify_error);
}
