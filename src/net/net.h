// SPDX-License-Identifier: Apache-2.0
// The network layer of a process: worker threads, each with its own loop, UDP sockets and connections, and a
// few handshake threads for TLS.
//
// Descriptors are handed in; nothing here opens a socket (see net/open.h, for the monitor). The layer above
// gets whole messages with their origin, and sends to a hop. A handler runs on its worker's thread and may
// call anything here for its own worker.
#ifndef NET_NET_H
#define NET_NET_H

#include "net/counters.h"
#include "net/holder.h"
#include "net/keyless.h"
#include "net/loop.h"
#include "terms/transport.h"

enum {
	NET_WORKERS_MAX = 64,
	NET_HANDSHAKERS_MAX = 8,
};
#define NET_PING_US (95 * SECOND) // RFC5626#4.4.1: 95 to 120 s between pings
#define NET_PONG_US (10 * SECOND) // RFC5626#4.4.1: no pong after so long, and the flow has failed

struct net;
struct net_worker;

struct net_handlers { // of one worker; CTX is handed to each
	// A whole message: N octets, valid and changeable during the call.
	void (*receive)(void *ctx, uint8_t *octets, uint32_t n, const struct origin *from, const struct now *now);
	// How long is the message at the front of a stream's N octets? As sip_frame: OK with *LENGTH (1..MAX, may
	// exceed N); E_AGAIN: not yet known; anything else closes the connection. The first SEEN of them were
	// asked about before. No memory is taken before the length is known to be within MAX, beyond
	// STREAM_HEAD_MAX (SF-A6).
	result (*frame)(const uint8_t *octets, uint32_t n, uint32_t seen, uint32_t max, uint32_t *length);
	// What net_send took could not be delivered: the transaction's transport error (RFC3261#17.1.4).
	void (*undeliverable)(void *ctx, const struct hop *hop, uint64_t cookie, enum error why);
	// A connection that was open is gone. May be NULL.
	void (*closed)(void *ctx, const struct conn_ref *conn, peer_id peer);
	// Ask for a TCP descriptor that is connecting to hop->remote from hop->listener; the answer comes by
	// net_dialled with the same CONN.
	void (*dial)(void *ctx, const struct conn_ref *conn, const struct hop *hop);
	void *ctx;
	// Has PEER calls under way? Then it keeps its connections though it was blocked. NULL: nobody has.
	bool (*busy)(void *ctx, peer_id peer);
};

struct net_config {
	uint32_t workers;                    // 1..NET_WORKERS_MAX
	uint32_t handshake_threads;          // 0 (no TLS)..NET_HANDSHAKERS_MAX
	const struct keyless_signer *signer; // one for each handshake thread
	uint32_t max_connections;            // in all, handshakes included
	uint32_t max_connections_per_source;
	uint32_t message_max;                // [octets] longest stream message
	uint64_t handshake_us;               // [us] to connect and shake hands
	uint64_t frame_us;                   // [us] from the first octet of a message to its last
	uint64_t idle_us;                    // [us] without an octet either way
	uint64_t ping_us;                    // [us] silence after which a dialled connection gets a ping; 0: NET_PING_US
	uint64_t pong_us;                    // [us] for its answer, of a far side that has answered one; 0: NET_PONG_US
	// Somebody has proved to be DOMAIN, which peer OF takes on demand (RFC6405): let it be a peer. Called on a handshake thread; the
	// outcome is seen in a registry within the handshake's time, or he is refused. NULL: nobody comes on demand.
	void (*demand)(void *ctx, peer_id of, const char *domain);
	void *demand_ctx;
};

struct net_limits { // what may change while it runs; as in net_config
	uint32_t connections_per_source;
	uint64_t handshake_us, frame_us, idle_us;
};

// Make it, with all threads still to be started. E_CONFIG, E_NO_MEMORY, E_SYSTEM.
MUST_USE result net_new(struct net **out, const struct net_config *c);
// Tests (a process ends with its net): after net_stop, or never started; close everything.
void net_free(struct net *n);
// Put other limits in force, none of them 0. Connections that are open follow too; none is ended because its source has
// too many. Not on a worker; what is counted is counted in COUNTERS, those of the calling thread.
void net_set_limits(struct net *n, const struct net_limits *l, struct net_counters *counters);
// Start all threads. E_SYSTEM.
MUST_USE result net_start(struct net *n);
// End all threads and wait for them.
void net_stop(struct net *n);

struct net_worker *net_worker(struct net *n, uint32_t index); // NULL beyond the last
struct loop *net_worker_loop(struct net_worker *w);
// The worker whose loop hands out mail: CTX of a mail_h on a worker.
struct net_worker *net_worker_of(void *mail_ctx);
// Its counters: to count in from its own thread, to read from any.
struct net_counters *net_worker_counters(struct net_worker *w);
// The sum over all threads.
uint64_t net_total(const struct net *n, enum net_counter k);

// Before net_start, or on the worker's thread.
void net_worker_handle(struct net_worker *w, const struct net_handlers *h, const struct loop_protocol *p);
// Tests: CTX of its handlers.
void *net_worker_above(struct net_worker *w);
// Take over a bound UDP or listening TCP descriptor (closed on failure). TRANSPORT tells which, and whether
// what is accepted speaks TLS. E_FULL, E_NO_MEMORY, E_UNSUPPORTED.
MUST_USE result net_worker_add(
	struct net_worker *w, int fd, enum transport transport, listener_id listener, zone_id zone);
// What leaves by UDP from a socket of LISTENER that is bound to all addresses, and is no answer, leaves from FROM.
void net_worker_source(struct net_worker *w, listener_id listener, const struct address *from);

// Put a registry in force for all threads; the former one (NULL at first) is returned when nobody uses it
// any more. Blocks for a grace period; not on a worker. Connections of peers that are no longer who they were are
// closed, each by its worker (net/stream_sweep.c).
struct registry *net_swap_registry(struct net *n, struct registry *next);
// The registry in force, for the current turn of the calling worker's handler.
struct registry *net_registry(struct net_worker *w);

// Send OCTETS to HOP; they are copied. UDP: they leave at the end of the turn. Streams: on hop->conn if alive; else on
// the connection that was dialled to hop->remote, or one that came from its host, on which hop->peer was authenticated
// (RFC 5923); if hop->conn has broken on any such; else on a new one. What cannot
// be delivered later comes back by `undeliverable` with COOKIE; an error here means it does not.
// E_NOT_FOUND, E_TOO_LONG, E_FULL, E_NO_MEMORY, E_CLOSED, E_UNSUPPORTED.
MUST_USE result net_send(struct net_worker *w, const struct hop *hop, struct bytes octets, uint64_t cookie);
// The answer to `dial`, on the worker's thread: FD connected or connecting and non-blocking, or -1.
void net_dialled(struct net_worker *w, const struct conn_ref *conn, int fd);
// Close a connection (a verdict of CLOSE), whichever worker owns it. E_FULL, E_NO_MEMORY when that worker cannot be
// told.
MUST_USE result net_close(struct net_worker *w, const struct conn_ref *conn);
// Connections of all workers, handshakes included.
uint32_t net_connections(struct net *n);

#endif
