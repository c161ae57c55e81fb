// SPDX-License-Identifier: Apache-2.0
// The portal's HTTPS: connections, certificates, requests; what is answered stands in portal/service.h.
//
// TLS with a certificate from both sides, proved as for calls: by name, that peer's own anchors, that peer's own addresses (R15,
// R16). HTTP and its limits are libevent's. Nothing is kept of who has proved nothing but the connection itself, and of those
// there are so many as the settings say, each with a deadline; who cannot be a peer by his address is closed before any
// cryptography (LUF-A1).
#ifndef PORTAL_SERVER_H
#define PORTAL_SERVER_H

#include "net/keyless.h"
#include "portal/service.h"

#include <event2/event.h>

enum {
	PORTAL_HEAD_MAX = 8192,  // [octets] of a request's head; ours has 600
	PORTAL_BODY_MAX = 1024,  // [octets] of a body: none is needed
	PORTAL_IDLE_S = 60,      // [s] without any octet; only for what no deadline of ours holds
	PORTAL_ASKS_MAX = 256,   // questions to the directory under way, one a connection
	PORTAL_TURN_MAX = 64,    // answers of the directory read at once
};

enum portal_counter {
	PORTAL_ANSWERED,  // requests of peers, with any status but 429
	PORTAL_LIMITED,   // 429
	PORTAL_STRANGER,  // address of no peer: closed
	PORTAL_SOURCE,    // too many connections from one address: closed
	PORTAL_UNPROVED,  // certificate proves no peer, or no TLS at all
	PORTAL_LATE,      // deadline of handshake or request: closed
	PORTAL_REVOKED,   // a reload took the peer or his rights away: closed
	PORTAL_COUNTERS,
};

struct portal_server; // one thread, of a process that ignores SIGPIPE

struct portal_server_config {
	struct event_base *base;
	const int *listener; // listening sockets, not taken over
	uint32_t listeners;
	struct keyless_signer signer; // for handshakes and profiles
	int directory;                // channel of struct ipc_lookup
	struct now (*clock)(void);
	bool caps_off, deadline_off; // tests: the gates of LUF-A1
};

// Serve the peers of R, which stays until portal_server_use or portal_server_free. E_NO_MEMORY, E_SYSTEM; E_CONFIG when the
// certificate cannot be used.
MUST_USE result portal_server_new(struct portal_server **out, const struct portal_server_config *c, const struct registry *r);
void portal_server_free(struct portal_server *p);
// From here on R. Connections whose peer is not the same as before, or has no right any more, are closed. E_CONFIG as above; R is
// used all the same, and nobody is accepted.
MUST_USE result portal_server_use(struct portal_server *p, const struct registry *r);
uint64_t portal_server_count(const struct portal_server *p, enum portal_counter counter);
uint32_t portal_server_connections(const struct portal_server *p); // open now

#endif
