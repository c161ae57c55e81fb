// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 with mutual authentication always (RFC 5246, RFC 8446; SF-C1, SF-I10), as one handshake
// thread has it: its library context, its way to the signer, the peers' anchors, the SSL_CTX in force.
//
// No tickets, no session cache, no renegotiation, no compression: what is not there cannot be attacked.
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/keyless.h"
#include "net/tls_peer.h"
#include "net/tls_pipe.h"

enum {
	TLS_CHAIN_OCTETS_MAX = 32768, // [octets] of certificates that the far side may send
	TLS_CHAIN_MAX = 8,            // certificates of our own chain
};

struct tls; // of one handshake thread

// SIGNER is copied; METHOD (tls_pipe_method) outlives it; NULL: no session has a pipe. E_NO_MEMORY, E_SYSTEM.
MUST_USE result tls_new(struct tls **out, const struct keyless_signer *signer, BIO_METHOD *method);
// After the last SSL made from it.
void tls_free(struct tls *t);
// Use the certificate and the peers of R, at the beginning of each turn that shakes hands; cheap when nothing
// changed. R is used until the next call. E_CONFIG when the certificate cannot be used: no session is
// made then until the next snapshot.
MUST_USE result tls_refresh(struct tls *t, const struct registry *r);
// An SSL on PIPE (NULL: the caller gives it a BIO), ready for SSL_do_handshake. CLAIM stays valid until the handshake has ended; the outcome
// stands in it. SERVER_NAME: what we ask for as client (NULL: nothing). E_CONFIG, E_NO_MEMORY.
MUST_USE result tls_session_new(
	struct tls *t, struct tls_pipe *pipe, struct tls_claim *claim, const char *server_name, SSL **out);

// Who has shaken hands on SSL, by the registry of now: as when the handshake asked. E_AUTH.
MUST_USE result tls_prove_again(struct tls *t, SSL *ssl, struct tls_claim *claim);

#endif
