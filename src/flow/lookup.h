// SPDX-License-Identifier: Apache-2.0
// Look-ups that the worker cannot answer itself (ENUM): it asks the directory, keeps the request, and walks it again when the
// answer is in the cache. Nothing waits, everything is bounded (LRF-A1, LUF-A1). Private to src/flow.
#ifndef FLOW_LOOKUP_H
#define FLOW_LOOKUP_H

#include "flow/steps.h"
#include "terms/ipc_lookup.h"

enum {
	LOOKUP_CACHE_MAX = 8192,      // answers of one worker; the oldest gives way
	LOOKUP_HELD_MAX = 512,        // requests of one worker that wait: 2 s of 250 calls/s to numbers never seen before
	LOOKUP_HELD_PEER = 128,       // of one peer: one who calls numbers that nobody has takes no place from the others (LRF-A1)
	LOOKUP_HELD_OCTETS = 4 << 20, // [octets] of them together
	LOOKUP_WAIT_MS = 2000,        // then the caller is told to try again; T1 is 500 ms, peers wait 4 s and longer
	LOOKUP_TTL_LEAST_S = 1,       // the request that asked must find it
	LOOKUP_LATER_S = 2,           // so long "later" is believed: servers that fail are not asked for each call
};

struct flow_lookups; // of one worker

struct lookup_kept { // an answer, as the cache keeps it
	uint8_t outcome, verdict, npdi, source;
	peer_id peer;
	char rn[NUMBER_MAX];
};

// Questions are numbered from FIRST on, which is another one at each start: the channel outlives a process, and an answer to the one
// before must fit no question of ours (LUF-C2).
MUST_USE result flow_lookups_new(struct flow_lookups **out, const uint8_t secret[16], uint32_t first);
void flow_lookups_free(struct flow_lookups *l);
// Forget all answers: a peer may be nobody's after a reload. Held requests go on waiting.
void flow_lookups_clear(struct flow_lookups *l);

struct lookup_key { // what differs in any of it may have another answer (LUF-C2)
	peer_id peer;    // that asks
	uint16_t tell;   // 1: to be told where, 0: to call (struct query)
	char number[NUMBER_MAX]; // or what stands for a domain; zero behind its end
};
// What stands for DOMAIN in a key: "@" and 128 bits of a hash keyed with SECRET, so that nobody can find two domains with one.
void lookup_key_domain(const uint8_t secret[16], const char *domain, char out[NUMBER_MAX]);
struct lookup_key lookup_key_make(peer_id peer, bool tell, const char *number);

// The answer for K, or NULL; valid until the next call. No allocation.
const struct lookup_kept *lookup_cached(const struct flow_lookups *l, const struct lookup_key *k, const struct now *now);
void lookup_learn(struct flow_lookups *l, const struct lookup_key *k, const struct lookup_answer *a, const struct now *now);

bool lookup_any(const struct flow_lookups *l); // does any request wait?
// Is a request with this key (top Via branch, Call-ID, CSeq) held? Its retransmission ends here.
bool lookup_holds(const struct flow_lookups *l, uint64_t key);
// Keep the message of P until NUMBER is answered. *ASK: nobody has asked yet, send REQUEST to the directory. E_FULL, E_NO_MEMORY.
MUST_USE result lookup_hold(struct flow_lookups *l, const struct passage *p, uint64_t key, const char *number, uint32_t *request,
	bool *ask);
// The answer to REQUEST is here, or nobody will answer it: for each message held for it, HANDLER gets a copy that is its to
// read during the call; it is held no more.
struct lookup_held {
	struct origin origin;
	uint64_t key;
	uint32_t size;
	const uint8_t *octets;
};
typedef void (*lookup_held_h)(struct flow *f, const struct lookup_held *m, const struct now *now);
void lookup_release(struct flow *f, uint32_t request, lookup_held_h handler, const struct now *now);
// What REQUEST asked; false: nobody waits for it (any more).
bool lookup_asked(const struct flow_lookups *l, uint32_t request, struct lookup_key *out);
// The one with that key, e.g. because it was cancelled. HANDLER may be NULL: it is forgotten.
void lookup_release_key(struct flow *f, uint64_t key, lookup_held_h handler, const struct now *now);
// The request whose time is up first; false: none is due.
bool lookup_due(const struct flow_lookups *l, const struct now *now, uint32_t *request);
uint64_t lookup_deadline(const struct flow_lookups *l); // [us]

#endif
