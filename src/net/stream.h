// SPDX-License-Identifier: Apache-2.0
// Stream connections (TCP, TLS) of one worker: table, life, input, output, and the way to a hop.
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/gcra.h"
#include "base/pool.h"
#include "net/open.h"
#include "net/worker.h"

#include <event2/event_struct.h>

enum {
	STREAM_LISTENERS_MAX = 32,   // listening sockets of one worker
	STREAM_READ = 65536,         // [octets] read at once, into memory that all connections share
	STREAM_READ_ROUNDS = 4,      // reads one connection may have in a turn
	STREAM_HEAD_MAX = 16384,     // [octets] held for a message whose length is not known yet (SF-A6)
	STREAM_OUT_MAX = 262144,     // [octets] waiting for a slow reader before it is closed (SF-A6)
	STREAM_WAITING_MAX = 128,    // messages waiting for a connection to open
	STREAM_WAITING_OCTETS = 262144, // and their octets
	STREAM_ACCEPT_ROUNDS = 16,   // connections accepted in one turn of one listener
	STREAM_TRIES_MAX = 3,        // hand-overs between workers before a message is given up
	STREAM_CACHE = 64,           // ways to peers that a worker remembers
	STREAM_PINGS_PER_SECOND = 1, // RFC5626#4.4.1 asks for one in 95 s; more get no answer
	STREAM_PINGS_BURST = 5,
};
static const uint64_t STREAM_SWEEP_US = SECOND; // between looks at a blocked peer's calls, until the last has ended
static const uint64_t STREAM_ACCEPT_PAUSE_US = 100 * MS; // when descriptors have run out

enum conn_state { CONN_DIALLING = 1, CONN_CONNECTING, CONN_SHAKING, CONN_OPEN, CONN_DEAD };

struct parcel { // a message on its way to a connection of another worker, or waiting for one to open
	struct mail mail;
	struct parcel *next;
	struct hop hop;
	struct conn_ref to;      // where it goes now; generation 0: not decided
	uint64_t cookie;
	uint8_t sender;          // worker that hears of its failure
	uint8_t tries;
	bool any;                // hop.conn is gone: any connection of the peer will do
	uint32_t len;
	uint8_t octets[];
};

struct stream_input { // a message that has begun
	uint8_t *at;
	uint32_t len, size;
	uint32_t need;     // its length; 0 not known yet
	bool cr;           // between messages: a CR came, its LF must follow
	bool crlf;         // between messages: one CRLF came, another makes a ping
};

struct conn {
	struct streams *owner;
	struct origin origin;
	peer_id peer;      // that it leads to: dialled for, or proved; PEER_NONE on accepted clear TCP
	uint8_t state;     // enum conn_state
	bool dialled, watched, writing, dirty, capped;
	bool pongs;        // the far side has answered a ping: from now on it must
	int fd;
	uint32_t entry;    // in the directory
	uint64_t print;    // tls_peer_print of its peer when it was let in or dialled
	struct event readable, writable;
	SSL *ssl;
	struct tls_pipe pipe;
	struct octets out;   // to be written to the socket
	struct octets plain; // TLS: what this turn sends, to be encrypted at its end as one
	struct stream_input in;
	struct parcel *waiting, **waiting_end;
	uint32_t waiting_count, waiting_octets;
	struct timer timer;
	struct gcra pings;
	uint64_t opened_us, active_us, begun_us; // begun_us 0: no message is under way
	uint64_t pinged_us; // 0: no ping of ours waits for its pong
	struct conn *next_dirty;
};

struct stream_listener {
	struct streams *owner;
	int fd;
	enum transport transport;
	struct origin origin;
	struct event *acceptable;
	struct timer pause;
};

struct stream_way { // a remembered answer of the directory
	uint64_t version;
	struct directory_entry entry;
};

struct streams {
	struct net_worker *worker;
	struct pool *conns;
	struct conn *dirty; // to be flushed or freed at the end of the turn
	uint32_t listeners;
	struct stream_listener listener[STREAM_LISTENERS_MAX];
	struct stream_way way[STREAM_CACHE];
	struct gcra_rate ping_rate;
	uint32_t swept_generation; // of the snapshot that all connections were last held against
	bool sweep_again;          // some stay only until their peer's last call has ended
	uint64_t swept_us;
	struct timer sweep;
	uint32_t zones_generation; // of the snapshot that `zone_open` was read from; 0 none
	bool zone_open[ZONES_MAX]; // has a peer that proves itself by certificate alone, from any address
	uint8_t cipher[STREAM_READ]; // octets as they came
	uint8_t plain[STREAM_READ];  // decrypted
};

// stream.c: the table and the lives.
MUST_USE result streams_new(struct streams **out, struct net_worker *w);
void streams_free(struct streams *s);
// Deadlines have changed: those that are earlier now count at once.
void streams_rearm(struct streams *s);
MUST_USE result streams_listen(
	struct streams *s, int fd, enum transport transport, listener_id listener, zone_id zone);
// A connection with its reference, not open yet. E_FULL, E_NO_MEMORY.
MUST_USE result conn_new(struct streams *s, const struct origin *origin, struct conn **out);
struct conn *conn_find(struct streams *s, const struct conn_ref *ref); // NULL: gone, or another worker's
// It is connected (and TLS is done): read, write what waited. The far side is PEER.
void conn_open(struct conn *c);
// End it: WHY is counted, waiting messages come back with ERROR. It is freed at the end of the turn.
void conn_close(struct conn *c, enum net_counter why, enum error error);
// Its deadline may have come nearer.
void conn_arm(struct conn *c);
// Something to do for it at the end of the turn.
void conn_mark(struct conn *c);
bool conn_watch(struct conn *c); // its events, on c->fd; false when memory is out
struct net_counters *conn_counters(struct conn *c); // of its worker

// stream_accept.c, stream_dial.c: how connections come to be.
// Event of a listener (ARG): accept what waits, a bounded number of connections.
void stream_on_acceptable(evutil_socket_t fd, short what, void *arg);
// The connect() of a dialled C has ended: open it, begin its handshake, or close it.
void stream_on_connected(struct conn *c);
// Take over what a finished handshake carries, and be found by who looks for the peer.
void conn_adopt(struct conn *c, struct handshake *h);
// After that: open it unless it was closed meanwhile, and read what came behind the handshake.
void conn_begin(struct conn *c, const struct handshake *h);
// A connection to HOP whose descriptor the monitor is to be asked for; messages may wait at it already. E_TOO_MANY, E_FULL:
// the caps; E_NOT_FOUND, E_CLOSED: no such listener or peer; E_UNSUPPORTED, E_NO_MEMORY.
MUST_USE result stream_dial(struct streams *s, const struct hop *hop, struct conn **out);
// The monitor's answer for REF: a connecting descriptor (taken over), or -1.
void stream_dialled(struct streams *s, const struct conn_ref *ref, int fd);

// stream_input.c
// Event of a connection (ARG): read a bounded number of times.
void stream_on_readable(evutil_socket_t fd, short what, void *arg);
// N OCTETS in the clear came: cut messages out of them, answer pings. May close C.
void stream_take(struct conn *c, uint8_t *octets, uint32_t n);
// CIPHER came over TLS: its clear text to stream_take(). May close C.
void stream_decrypt(struct conn *c, struct bytes cipher);
void stream_input_free(struct stream_input *in); // with the message that is half there

// stream_output.c
// Queue OCTETS on an open connection. E_FULL closes it (counted), E_CLOSED.
MUST_USE result conn_write(struct conn *c, struct bytes octets);
// Write to the socket what it takes now; the rest goes when it can be written. Closes on errors.
void conn_flush(struct conn *c);
void conn_encrypt(struct conn *c); // what waits in the clear; closes when it cannot
// Event of a connection (ARG): it is connected, or takes more.
void stream_on_writable(evutil_socket_t fd, short what, void *arg);

// stream_sweep.c: at the end of each turn, close what the configuration in force no longer permits.
void streams_sweep(struct streams *s);

// stream_route.c
// Send OCTETS to HOP over the connection that it names, one that leads to it, or a new one. What fails later comes back with
// COOKIE. E_TOO_LONG, E_NO_MEMORY; errors of conn_write().
MUST_USE result streams_send(struct streams *s, const struct hop *hop, struct bytes octets, uint64_t cookie);
void stream_give_back(struct streams *s, struct parcel *p, enum error why); // undeliverable; P is freed

#endif
