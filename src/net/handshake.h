// SPDX-License-Identifier: Apache-2.0
// TLS handshakes on threads of their own: a flood of them never touches calls (SF-A6).
//
// A handshake travels: a worker makes it with an accepted or connected descriptor and posts it to a
// handshake thread; that one drives it to its end, waiting for the signer where it must, and posts it back to
// the connection's worker, finished or failed.
#ifndef NET_HANDSHAKE_H
#define NET_HANDSHAKE_H

#include "net/loop.h"
#include "net/octets.h"
#include "net/tls.h"

#include <event2/event_struct.h>
#include <pthread.h>

enum {
	HANDSHAKES_MAX = 512,          // live on one thread: 25 MB
	HANDSHAKE_READ = 16384,        // [octets] read at once; one TLS record
	HANDSHAKE_OUT_MAX = 65536,     // [octets] that may wait for the far side
	HANDSHAKE_IN_MAX = 131072,     // [octets] that a far side may send before it has proved anything
	HANDSHAKE_LOOK_MS = 20,        // a look-up in a table: whether somebody on demand is a peer by now
};

struct net;
struct handshaker;

struct handshake {
	struct mail mail;
	struct handshaker *thread;
	struct loop *home;       // loop of the worker that gets the outcome
	mail_h done;             // that takes it there
	struct conn_ref conn;    // client: the connection that waits for it
	struct origin origin;    // tls_peer is filled in by the handshake
	struct tls_claim claim;
	char server_name[DOMAIN_MAX];
	int fd;
	bool failed;
	SSL *ssl;
	struct tls_pipe pipe;
	struct octets out;      // ciphertext not yet written
	struct octets leftover; // ciphertext read beyond the handshake
	uint32_t received;      // [octets]
	uint64_t deadline_us;
	struct timer timer;
	struct event readable, writable;
	bool watched;
	bool capped;            // its place in the caps is ours to give back
	struct handshake *next, *prev; // live on the same thread
};

struct handshaker {
	struct loop loop; // first: mail finds the thread by it
	struct net_counters counters;
	struct net *net;
	struct keyless_signer signer;
	struct tls *tls;
	uint32_t live;
	struct handshake *first; // live ones
	uint8_t scratch[HANDSHAKE_READ];
	pthread_t thread;
	bool running;
};

// Make the thread's state. E_NO_MEMORY, E_SYSTEM.
MUST_USE result handshaker_init(
	struct handshaker *h, struct net *n, const struct keyless_signer *signer, BIO_METHOD *method);
void handshaker_end(struct handshaker *h);
// Any worker: let thread T do H; `home` and `done` are set. E_FULL: H stays with the caller.
MUST_USE result handshake_start(struct handshaker *t, struct handshake *h, struct net_counters *counters);
// Close and free; a place in the caps is given back.
void handshake_free(struct handshake *h, struct net *n);

#endif
