// SPDX-License-Identifier: Apache-2.0
// Asking the signer process for a TLS signature, over the sequenced-packet socket of one handshake thread.
#ifndef NET_SIGN_CLIENT_H
#define NET_SIGN_CLIENT_H

#include "net/counters.h"
#include "net/keyless.h"

enum { SIGN_TIMEOUT_US = 1000000 }; // [us] RSA-4096 takes 10 ms; a handshake thread waits no longer than this

struct sign_client {
	int fd; // the caller's
	uint32_t request;
	uint64_t timeout_us;
	struct net_counters *counters;
};

// A client on FD for one thread.
void sign_client_init(struct sign_client *c, int fd, uint64_t timeout_us, struct net_counters *counters);
// The tls_sign_h of a client: CTX is the struct sign_client. E_TIMEOUT when no answer to this very request
// came in time, E_AUTH when refused, E_CLOSED when the signer is gone.
MUST_USE result sign_client_sign(void *ctx, struct tls_sign_request *request, struct tls_sign_answer *answer);

#endif
