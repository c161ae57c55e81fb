// SPDX-License-Identifier: Apache-2.0
// What one location consists of; private to src/lrf/locate*.c.
#ifndef LRF_LOCATE_INSIDE_H
#define LRF_LOCATE_INSIDE_H

#include "lrf/locate.h"

enum {
	LOCATE_HOST_ADDRESSES_MAX = 16, // of one host and family
	LOCATE_NOTES_MAX = 128,
	LOCATE_NOTE_MAX = 240,
	LOCATE_NAPTRS_MAX = 16,         // services of one domain that are followed
};

enum question_state { QUESTION_WAITS, QUESTION_ASKED, QUESTION_ANSWERED };

struct question { // in the order in which they came up
	struct dns_question q;
	uint8_t state;
	uint8_t transport; // SRV: of the service
	uint8_t secure;    // everything before it was
	uint16_t rank;     // SRV: place of its NAPTR
	uint8_t host;      // addresses and TLSA: whose
};

struct host { // a name that has or will have addresses
	char name[DOMAIN_MAX];
	uint8_t transport, secure;
	uint16_t port, rank, priority, weight;
	uint8_t count[2];  // IPv6, IPv4
	struct address address[2][LOCATE_HOST_ADDRESSES_MAX];
	uint8_t tlsa_first, tlsa_count;
};

struct locate {
	struct locate_want want;
	uint32_t questions, under_way;
	struct question question[LOCATE_QUESTIONS_MAX];
	uint32_t hosts;
	struct host host[LOCATED_MAX];
	uint8_t tlsas;
	struct located_tlsa tlsa[LOCATED_TLSA_MAX];
	uint8_t verdict, stale;
	uint32_t ttl_s;
	bool bogus, fell_back;   // an answer was altered; the domain's own addresses were asked for
	bool withdrawn;          // "." said that a service is not offered
	bool unproved, unknown;  // services: an answer was not secure; one did not come, so that there may be a service
	uint32_t notes;
	char note[LOCATE_NOTES_MAX][LOCATE_NOTE_MAX];
};

void locate_say(struct locate *l, const char *format, ...) PRINTF_LIKE(2, 3);
// May we go by this transport: not below the floor, one that our listeners have, TLS alone for sips (LRF-I3)?
bool locate_allowed(const struct locate *l, uint8_t transport);
// Queue a question. False: there are enough (LUF-A3).
bool locate_ask(struct locate *l, const struct question *q);
// A host to find the addresses of.
void locate_add_host(struct locate *l, const struct host *h);
// SRV for the service of TRANSPORT at the domain (RFC3263#4.1).
void locate_ask_srv(struct locate *l, uint8_t transport, uint16_t rank, bool secure);
// The domain's own addresses (RFC3263#4.2).
void locate_fall_back(struct locate *l);

// locate_records.c: what an answer of each type leads to.
void locate_naptr(struct locate *l, const struct question *q, const struct dns_answer *a);
void locate_srv(struct locate *l, const struct question *q, const struct dns_answer *a);
void locate_addresses(struct locate *l, const struct question *q, const struct dns_answer *a);
void locate_tlsa(struct locate *l, const struct question *q, const struct dns_answer *a);

#endif
