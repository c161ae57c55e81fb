// SPDX-License-Identifier: Apache-2.0
// The memory BIO between an SSL and its connection: OpenSSL reads what the caller lays before it and
// writes to the end of the connection's outgoing octets. No copy on the way in, and nothing kept when idle.
#ifndef NET_TLS_PIPE_H
#define NET_TLS_PIPE_H

#include "net/octets.h"

#include <openssl/ssl.h>

struct tls_pipe {
	struct bytes in;    // not yet read; the caller keeps it alive until it is empty
	bool ended;         // the far side closed: after `in` comes the end
	bool overflow;      // more than `out_max` had to be written
	struct octets *out; // where ciphertext goes
	uint32_t out_max;   // [octets]
};

// The method; made once, freed with BIO_meth_free after the last SSL. NULL when memory is out.
BIO_METHOD *tls_pipe_method(void);
// Make a BIO on P and give it to SSL for both directions. P outlives it or is exchanged. E_NO_MEMORY.
MUST_USE result tls_pipe_attach(SSL *ssl, BIO_METHOD *method, struct tls_pipe *p);
// The SSL goes on with another pipe (it changes its owner).
void tls_pipe_exchange(SSL *ssl, struct tls_pipe *p);

#endif
