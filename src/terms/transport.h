// SPDX-License-Identifier: Apache-2.0
// Transports, zones, peers and connections as small values that every room may hold.
#ifndef TERMS_TRANSPORT_H
#define TERMS_TRANSPORT_H

#include "base/address.h"

#include <stdbool.h>
#include <stdint.h>

enum transport { TRANSPORT_UDP = 0, TRANSPORT_TCP = 1, TRANSPORT_TLS = 2, TRANSPORT_DTLS = 3, TRANSPORT_COUNT };

typedef uint8_t zone_id;      // index into the snapshot's zones
typedef uint8_t listener_id;  // index into the snapshot's listeners
typedef uint16_t peer_id;     // index into the snapshot's peers; PEER_NONE for strangers
#define PEER_NONE ((peer_id)0xffff)

static inline bool transport_is_secure(enum transport t)
{
	return t == TRANSPORT_TLS || t == TRANSPORT_DTLS;
}

// The port where none is given (RFC3261#19.1.2).
static inline uint16_t transport_port(enum transport t)
{
	return transport_is_secure(t) ? 5061 : 5060;
}

static inline bool transport_is_stream(enum transport t)
{
	return t == TRANSPORT_TCP || t == TRANSPORT_TLS;
}

// "UDP", "TCP", "TLS", "DTLS-UDP": as Via writes it. Static storage.
static inline const char *transport_via_name(enum transport t)
{
	static const char *const names[TRANSPORT_COUNT] = {"UDP", "TCP", "TLS", "DTLS-UDP"};
	return (unsigned)t < TRANSPORT_COUNT ? names[t] : "?";
}

struct conn_ref { // a stream connection; generation 0 means none
	uint32_t id;
	uint32_t generation;
	uint8_t worker; // that owns it
};

// Where a message came from: filled in by src/net, believed by all rooms.
struct origin {
	enum transport transport;
	listener_id listener;
	zone_id zone;
	peer_id tls_peer;     // peer proved by the certificate of this connection, else PEER_NONE (RFC 5922)
	struct conn_ref conn; // streams only
	struct address remote;
	struct address local;
};

enum hop_origin { // what says that a next hop is there
	HOP_CONFIGURED,   // an address in the configuration
	HOP_RECORDED,     // the registry's database
	HOP_DNS_INSECURE, // DNS, and some answer on the way was not signed
	HOP_DNS_SECURE,   // DNS, and DNSSEC proved every answer
	HOP_ORIGIN_COUNT,
};

// As `route`, `explain` and `status` say it. Static storage.
static inline const char *hop_origin_name(uint8_t origin)
{
	static const char *const names[HOP_ORIGIN_COUNT] = {"as configured", "from the registry", "by DNS, insecure", "by DNS, DNSSEC secure"};
	return origin < HOP_ORIGIN_COUNT ? names[origin] : "?";
}

// Where a message goes. For UDP: from listener's socket to remote; a socket bound to all addresses sends from `local`,
// which a response has from its request (RFC3581#4), family 0: from the usual one. For streams: on conn if alive, else on
// another connection authenticated as `peer`, else a new one to remote, whose certificate must name `peer`.
struct hop {
	enum transport transport;
	listener_id listener;
	peer_id peer;
	struct conn_ref conn;
	struct address remote;
	struct address local;
	uint8_t origin; // enum hop_origin, of a hop of the LRF
};

#endif
