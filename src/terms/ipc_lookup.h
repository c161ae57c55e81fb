// SPDX-License-Identifier: Apache-2.0
// Every message between those who ask for a look-up (each worker of the signaller, admin, portal) and the directory, over one
// sequenced-packet socket each. Native byte order (same host, same build: `version` says so).
//
// A worker asks only what its own registry and cache cannot answer (ENUM); it never waits: the answer comes as a message, or
// its deadline passes. NOTE rows tell the story of a look-up, for `sallyport lookup` and `route`, before the ANSWER.
#ifndef TERMS_IPC_LOOKUP_H
#define TERMS_IPC_LOOKUP_H

#include "terms/dns.h"

#include <stddef.h>

enum { IPC_LOOKUP_VERSION = 1, LOOKUP_NOTE_MAX = 400, LOOKUP_REASON_MAX = 128 };

enum ipc_lookup_type { IPC_LOOKUP_ASK = 1, IPC_LOOKUP_NOTE, IPC_LOOKUP_ANSWER };

enum lookup_outcome {
	LOOKUP_FOUND = 0,
	LOOKUP_NONE,    // nobody, or not for this querier: the same answer (LUF-C1)
	LOOKUP_BOGUS,   // DNSSEC says that the answer was altered (LUF-I2)
	LOOKUP_LATER,   // servers do not answer, or a budget is spent; ask again later
	LOOKUP_SYNTAX,  // the key is no number, domain or URI
};

struct lookup_answer {
	uint8_t outcome;      // enum lookup_outcome
	uint8_t verdict;      // enum dns_verdict of what it rests on; secure when it is the registry alone
	uint8_t npdi;         // number portability was looked up (RFC 4694)
	uint8_t source;       // enum lookup_source
	peer_id peer;         // PEER_NONE unless found
	uint32_t ttl_s;       // may be kept so long
	char rn[NUMBER_MAX];  // routing number, "" none
	char number[NUMBER_MAX]; // canonical
	char domain[DOMAIN_MAX]; // target domain
	char uri[DOMAIN_MAX + USER_MAX]; // what ENUM said, "" none
	char reason[LOOKUP_REASON_MAX];
};

enum lookup_source { LOOKUP_FROM_CONFIGURATION = 0, LOOKUP_FROM_REGISTRY, LOOKUP_FROM_ENUM, LOOKUP_FROM_CACHE };

struct ipc_lookup {
	uint16_t version, type;
	uint32_t request;      // chosen by the asker, echoed
	uint32_t deadline_ms;  // ASK: 1..10000
	uint8_t notes;         // ASK: 1: tell the story; `sed` follows too
	uint8_t reserved[3];
	union {
		struct query query;          // ASK
		char note[LOOKUP_NOTE_MAX];  // NOTE, NUL-terminated
		struct {
			struct lookup_answer lookup;
			struct sed sed;      // with `notes` alone: next hops in order
		} answer;
	} u;
};

#define IPC_LOOKUP_HEAD offsetof(struct ipc_lookup, u)

#endif
