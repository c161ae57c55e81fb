// SPDX-License-Identifier: Apache-2.0
// Who is it? The peer that a certificate proves (RFC 5922, RFC 5923), or why it proves none.
//
// Trust is per peer: a certificate counts for a peer only if it bears one of that peer's provisioned names in
// subjectAltName, its chain ends in that peer's own anchors, and the connection comes from that peer's own
// addresses, where it has any (SF-I10, LRF-I1). No wildcard, no common name.
#ifndef NET_TLS_PEER_H
#define NET_TLS_PEER_H

#include "net/counters.h"
#include "registry/snapshot.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

enum {
	TLS_NAMES_MAX = 64,   // subjectAltName entries looked at; a border element has a handful
	TLS_DEPTH_MAX = 6,    // certificates between leaf and anchor
	TLS_ANCHORS_MAX = 32, // certificates in one peer's trust
};

struct tls_claim {              // what is to be proved, and the outcome
	zone_id zone;           // of the listener
	peer_id expected;       // we are the client: it must be this one; PEER_NONE: whoever proves to be a peer
	bool server;            // the far side is the server
	struct address remote;
	bool may_demand;        // we are the server: a domain that a peer on demand takes may be one soon (RFC6405)
	peer_id peer;           // out: proved, else PEER_NONE
	peer_id demand;         // out, with may_demand: it has proved to be `domain`, below that peer's; else PEER_NONE
	char domain[DOMAIN_MAX];
	enum net_counter why;   // out: the counter that names the refusal
	uint32_t generation;    // out: of the snapshot by which it was proved
	uint64_t print;         // out: tls_peer_print by that one
};

// A hash of all that makes a connection one of peer ID: name, zone, certificate names, trust and addresses. Equal in two
// snapshots when nothing of it has changed. 0 when there is no such peer.
uint64_t tls_peer_print(const struct snapshot *s, peer_id id);

struct tls_trust; // the peers' anchors, parsed when first needed; of one thread

// LIBRARY outlives it; NULL for OpenSSL's own. E_NO_MEMORY.
MUST_USE result tls_trust_new(struct tls_trust **out, OSSL_LIB_CTX *library);
void tls_trust_free(struct tls_trust *t);
// Does LEAF, with the other certificates sent along in CHAIN (may be NULL), prove a peer of R? OK with
// `peer`, or `demand`, set; E_AUTH with `why` set. *VERIFY_ERROR is the X509_V_ code for the alert.
MUST_USE result tls_peer_prove(struct tls_trust *t, const struct registry *r, X509 *leaf, STACK_OF(X509) *chain,
	struct tls_claim *claim, int *verify_error);

#endif
