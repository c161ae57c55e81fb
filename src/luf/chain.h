// SPDX-License-Identifier: Apache-2.0
// One look-up of a number in ENUM (RFC 6116), without sockets and clock: questions come out, answers go in, a verdict is the end.
//
// The trees are those that the configuration names, in its order; nothing is asked outside them (LUF-C3). An answer that DNSSEC
// does not prove where it must ends the look-up (LUF-I2). Chains, sets and patterns are bounded (LUF-A3), and what comes out counts only
// when it is a URI of a domain or routing number that somebody provisioned (LUF-I1).
#ifndef LUF_CHAIN_H
#define LUF_CHAIN_H

#include "registry/snapshot.h"
#include "terms/ipc_lookup.h"
#include "wire/enum/rewrite.h"

enum {
	CHAIN_HOPS_MAX = 5,    // NAPTRs that are not terminal, one after the other (RFC6116#5.2.1 has seen loops)
	CHAIN_NOTES_MAX = 24,  // lines of the story
	CHAIN_NOTE_MAX = 200,  // [octets] of one
};

// Is DOMAIN (or, when "", the routing number RN) one that NUMBER may go to? Asked for each record in its turn.
typedef bool (*luf_chain_provisioned)(void *ctx, const char *domain, const char *rn);

struct luf_chain { // no pointers into answers; may be copied
	const struct luf_settings *settings;
	luf_chain_provisioned provisioned;
	void *ctx;
	char number[NUMBER_MAX];
	uint8_t apex, hops;
	bool asking, done;
	struct dns_question question; // under way or next
	struct lookup_answer answer;  // complete when done; peer is the caller's to fill in
	uint8_t verdict;              // the weakest so far, enum dns_verdict
	uint32_t ttl_s;
	uint8_t notes;
	char note[CHAIN_NOTES_MAX][CHAIN_NOTE_MAX];
};

// Begin for NUMBER. SETTINGS and CTX outlive the look-up. Without a tree it is done at once: none.
void luf_chain_begin(struct luf_chain *c, const struct luf_settings *settings, const char *number,
	luf_chain_provisioned provisioned, void *ctx);
// The question to ask now; false: one is under way, or it is done.
bool luf_chain_question(struct luf_chain *c, struct dns_question *out);
// An answer came; one to another question is ignored.
void luf_chain_answer(struct luf_chain *c, const struct dns_answer *a);
// The time is up.
void luf_chain_expire(struct luf_chain *c);

#endif
