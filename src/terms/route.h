// SPDX-License-Identifier: Apache-2.0
// query -> target -> SED -> leg plan: what the rooms hand on for a dialog-forming request; data only.
#ifndef TERMS_ROUTE_H
#define TERMS_ROUTE_H

#include "terms/transport.h"

enum {
	NUMBER_MAX = 24,      // "+" and 15 digits (E.164), rounded up
	DOMAIN_MAX = 256,     // RFC1035#2.3.4: 255 octets, and a NUL for printing
	USER_MAX = 128,       // user part of a SIP URI that we route by
	ROUTE_TARGETS_MAX = 64, // next hops tried for one call
	ROUTE_PEERS_MAX = 4,    // peers of a group tried for one call: with more, nobody would wait for the last
};

enum uri_kind { URI_KIND_SIP, URI_KIND_SIPS, URI_KIND_TEL, URI_KIND_IM, URI_KIND_PRES, URI_KIND_OTHER };

#define GROUP_NONE UINT32_MAX

struct query { // what the Look-Up Function is asked
	uint8_t kind; // enum uri_kind
	peer_id from_peer;
	zone_id from_zone;
	char number[NUMBER_MAX]; // E.164 with "+", or "" when the user part is no number
	char user[USER_MAX];     // canonical user part
	char domain[DOMAIN_MAX]; // host of the Request-URI, lower case; "" for tel
	char caller[NUMBER_MAX]; // E.164 of the caller or ""
	char rn[NUMBER_MAX];     // routing number that came with it (RFC 4694), "" none
	uint8_t npdi;            // portability was looked up before us (RFC 4694): it is not again
	uint8_t tell;            // the answer is told to the querier (a look-up) instead of used for his call
};

struct target { // what the LUF answers: the responsible peer (RFC 6406: target domain)
	peer_id peer;            // PEER_NONE: the LRF chooses one of `group`
	uint32_t group;          // SED group of the registry; GROUP_NONE: the peer it is
	char domain[DOMAIN_MAX];
	char rn[NUMBER_MAX];     // routing number of a ported number, "" none (RFC 4694)
	uint8_t npdi;            // portability has been looked up
	uint8_t source, verdict; // enum lookup_source, enum dns_verdict: what it rests on
};

struct sed { // session establishment data: what the LRF answers (RFC 6404 section 1)
	peer_id peer; // of the first hop
	uint8_t count;
	struct hop hop[ROUTE_TARGETS_MAX]; // in the order to be tried
};

struct leg_peer { // a peer that a call may go to, and which of the hops are his
	peer_id peer;
	uint8_t hops_end; // index after his last hop; his first one follows the former peer's last
	uint32_t ring_timeout_s;
	char ruri_host[DOMAIN_MAX]; // what stands in Request-URI and To towards him
};

struct leg_plan { // how the outgoing leg is made
	struct sed sed;     // hops of all peers, in their order
	uint8_t peer_count; // at least one where there is a hop
	struct leg_peer peer[ROUTE_PEERS_MAX];
	char ruri_user[USER_MAX];
	bool sips; // asked for by a sips URI
};

#endif
