// SPDX-License-Identifier: Apache-2.0
// A small network process for tests: one listener on 127.0.0.1, peers with certificates, and a layer above
// that echoes every message to where it came from.
//
// A stream message is "M", five digits of its whole length, and octets up to that length.
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net.h"
#include "net/open.h"
#include "registry/snapshot.h"
#include "support/pki.h"

#include <openssl/ssl.h>
#include <pthread.h>

enum { FIXTURE_MESSAGE_MAX = 60000, FIXTURE_ZONE = 1, FIXTURE_LISTENER = 1 };

struct fixture_peer {
	const char *name, *tls_name; // tls_name NULL: none
	const char *trust;           // PEM
	const char *address;         // prefix; NULL: none
};

struct fixture_event { // what the layer above was told last
	pthread_mutex_t lock;
	uint32_t received, undeliverable, closed, dialled;
	struct origin from;
	uint64_t cookie;
	enum error why;
	uint32_t last_len;
	uint8_t last[FIXTURE_MESSAGE_MAX];
};

struct fixture {
	struct net *net;
	struct registry *registry;
	struct snapshot *snapshot;
	struct fixture_event seen;
	struct keyless_signer signer;
	uint16_t udp, tcp, tls; // ports
	bool silent;            // do not echo
	bool refuse_dial;
	_Atomic bool busy;      // every peer has calls under way
};

struct fixture_options {
	uint32_t workers, per_source, total;   // 0: 2, 100, 1000
	uint64_t handshake_us, frame_us, idle_us; // 0: 2 s, 1 s, 5 s
	uint64_t ping_us, pong_us;             // 0: the usual
	const struct pki *own;                 // our certificate; NULL: no TLS
	const char *own_pem;                   // other PEM than own's; NULL: own's
	const struct fixture_peer *peer;
	uint32_t peers;
	uint32_t generation;                   // 0: 1
};

extern _Atomic uint64_t fixture_framed; // octets that the framer had to look at, of all connections

void fixture_start(struct fixture *f, const struct fixture_options *o);
void fixture_stop(struct fixture *f);
// A snapshot of O's peers and certificate with generation N; free with free().
struct snapshot *fixture_snapshot(const struct fixture_options *o, uint32_t n);
// Send on worker 0's own thread.
// Close a connection, asked for on WORKER's own thread.
void fixture_close(struct fixture *f, uint32_t worker, const struct conn_ref *conn);
void fixture_send(struct fixture *f, uint32_t worker, const struct hop *hop, const char *text, uint64_t cookie);
// Wait until counter K is at least N, at most 5 s.
void fixture_await(struct fixture *f, enum net_counter k, uint64_t n);
uint32_t fixture_seen(struct fixture *f, const uint32_t *what); // read under the lock
// Wait until *WHAT of f->seen is at least N, at most 5 s.
void fixture_await_seen(struct fixture *f, const uint32_t *what, uint32_t n);

struct address fixture_address(const char *text, uint16_t port);
int fixture_connect(uint16_t port, const char *from); // a blocking TCP client with a receive limit of 5 s
int fixture_listen_on(uint16_t *port); // on 127.0.0.1
int fixture_accept_on(int fd);         // within 2 s, with a receive limit of 5 s
void fixture_write(int fd, const void *at, size_t n);
// Read exactly N octets; false at the end of the stream or on a timeout.
bool fixture_read(int fd, void *to, size_t n);
bool fixture_ended(int fd); // the far side has closed
// "M00012abcdef"; TEXT's length is arbitrary. OUT holds FIXTURE_MESSAGE_MAX; returns the length.
uint32_t fixture_message(char *out, const char *text);

// A TLS client for FD (blocking): OWN is its certificate, NULL for none. Returns the SSL after the handshake, or
// NULL when it failed. In TLS 1.3 a refusal by the server shows only at the first read.
SSL *fixture_tls(int fd, const struct pki *own, int version);
void fixture_tls_end(SSL *s);

#endif
