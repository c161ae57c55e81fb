// SPDX-License-Identifier: Apache-2.0
// SIP over UDP for one worker: datagrams in and out in batches.
//
// Up to 64 datagrams come with one system call, each in its own slot of 65 508 octets: the largest UDP
// payload and one more. The kernel backs a slot with memory only as far as it was ever written, so
// the usual cost is one page a slot, and the bound is 4 MiB a worker. What is sent is queued and leaves with
// one system call at the end of the turn.
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/loop.h"
#include "terms/transport.h"

enum {
	UDP_DATAGRAM_MAX = 65507, // [octets] payload over IPv4; IPv6 could carry 20 more, nobody may
	UDP_BATCH = 64,           // datagrams a system call
	UDP_ROUNDS = 4,           // batches a socket may have in one turn before others have theirs
	UDP_SOCKETS_MAX = 32,     // of one worker
	UDP_QUEUE = 512,          // datagrams waiting to be sent by one socket
	UDP_QUEUE_OCTETS = 1024 * 1024, // their octets: 0.1 s of 10 MB/s; more waits for nothing but its timer
};

struct udp;        // one worker's sockets
struct udp_socket; // one of them

// A datagram: N octets at OCTETS, valid and changeable during the call.
typedef void (*udp_receive_h)(
	void *ctx, uint8_t *octets, uint32_t n, const struct origin *from, const struct now *now);
// A datagram to TO could not be sent; COOKIE is the sender's.
typedef void (*udp_fail_h)(void *ctx, listener_id listener, const struct address *to, uint64_t cookie);

struct udp_handlers {
	udp_receive_h receive;
	udp_fail_h fail; // may be NULL
	void *ctx;
};

// Make the buffers of one worker; L outlives it. E_NO_MEMORY, E_FULL.
MUST_USE result udp_new(struct udp **out, struct loop *l, const struct udp_handlers *h);
// Close all sockets.
void udp_free(struct udp *u);
// Take over the bound, non-blocking descriptor FD (closed on failure too). E_FULL: too many, or a second one of the
// same listener and family. E_NO_MEMORY.
MUST_USE result udp_add(struct udp *u, int fd, listener_id listener, zone_id zone);
// Where the socket of LISTENER of FROM's family is bound to all addresses: what has no address to leave from leaves
// from FROM, which is one of this host's. Else it means nothing.
void udp_source(struct udp *u, listener_id listener, const struct address *from);
// Queue OCTETS to HOP's remote address from the socket of its listener and family, and from hop->local where that
// socket is bound to all addresses. They are copied. E_NOT_FOUND: no such socket; E_TOO_LONG: beyond UDP_DATAGRAM_MAX or
// empty; E_FULL: the queue is at its bound (counted).
MUST_USE result udp_send(struct udp *u, const struct hop *hop, struct bytes octets, uint64_t cookie);
// Send what is queued now, and tell what could not be sent; also runs at the end of each turn.
void udp_flush(struct udp *u);

#endif
