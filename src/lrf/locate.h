// SPDX-License-Identifier: Apache-2.0
// Locating SIP servers (RFC 3263), without sockets and clock: questions come out, answers go in, next hops are the end.
//
// NAPTR chooses the transport, SRV the hosts, A and AAAA the addresses. DNS may raise security, never lower it: transports below
// the floor are left out, and a `sips` domain takes TLS alone (LRF-I3). Every set, chain and count is bounded (LUF-A3).
#ifndef LRF_LOCATE_H
#define LRF_LOCATE_H

#include "terms/dns.h"

enum {
	LOCATED_MAX = ROUTE_TARGETS_MAX,
	LOCATE_QUESTIONS_MAX = 160,  // of one domain: NAPTR, 3 SRV, 64 hosts with A and AAAA, their TLSA
	LOCATE_UNDER_WAY_MAX = 8,    // questions at one time
};

struct locate_want {
	char domain[DOMAIN_MAX];   // or a numeric host
	uint16_t port;             // 0: not given (RFC3263#4.1, #4.2)
	uint8_t transport;         // enum transport: also the floor
	uint8_t transport_fixed;   // 1: `transport` was given explicitly, no other is tried
	uint8_t sips;              // TLS alone
	uint8_t transports;        // bit per enum transport that our listeners of the zone can send by
	uint8_t families;          // bit 0 IPv4, bit 1 IPv6
};

struct located_hop {
	uint8_t transport;         // enum transport
	struct address address;    // with port
	uint16_t priority, weight; // of its SRV record, those of its NAPTR before; equal for A and AAAA of one host
	uint8_t secure;            // every answer that led here was DNSSEC-secure
	char host[DOMAIN_MAX];     // the name that has this address (RFC 5922, RFC 7673 name checks)
	uint8_t tlsa_first, tlsa_count; // into located.tlsa
};

struct located_tlsa { // RFC 6698, only from secure answers
	uint8_t usage, selector, matching, len;
	uint8_t data[64];          // SHA-512 at the most; whole certificates (matching 0) are left out
};

enum { LOCATED_TLSA_MAX = 16 };

struct located {
	uint8_t count, tlsa_count;
	struct located_hop hop[LOCATED_MAX]; // by priority; IPv6 and IPv4 of one host interleaved (RFC 8305 order)
	struct located_tlsa tlsa[LOCATED_TLSA_MAX];
	uint8_t verdict;           // enum dns_verdict: bogus if any answer was
	uint8_t stale;
	uint32_t ttl_s;            // least of all that was used
	char reason[DNS_REASON_MAX]; // why there is none
};

struct locate; // one run; bounded, from memory_alloc

MUST_USE result locate_new(struct locate **out, const struct locate_want *want); // E_NO_MEMORY, E_SYNTAX
void locate_free(struct locate *l);
// The next question to ask now. False: none until an answer comes, or it is done.
bool locate_question(struct locate *l, struct dns_question *out);
// An answer came. One that belongs to no question is ignored.
void locate_answer(struct locate *l, const struct dns_answer *a);
bool locate_done(const struct locate *l);
// After it is done (or whenever time is up): what was found so far. OUT->count 0: nothing, OUT->reason tells.
void locate_result(const struct locate *l, struct located *out);

// Line I of the story for `sallyport route` (question, answer, what was taken or left out and why); NULL beyond the last. Bounded to 128 lines.
const char *locate_note(const struct locate *l, uint32_t i);

#endif
