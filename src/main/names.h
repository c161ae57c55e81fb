// SPDX-License-Identifier: Apache-2.0
// The names of targets and where they led last (RFC 3263). A name is asked for again when its records have lived, within
// bounds; several are under way at one time, so that a slow one holds up no other (LRF-A2, LRF-A3). A name that does not resolve
// any more keeps its last ways. One that goes on failing is asked for ever less often and after those that work.
//
// No sockets and no clock: the monitor asks, and brings the answers.
#ifndef MAIN_NAMES_H
#define MAIN_NAMES_H

#include "base/result.h"
#include "conf/conf.h"
#include "terms/ipc_control.h"

enum {
	NAMES_REFRESH_MS = 10000, // a name with ways, at the soonest: whatever its TTL, servers are not asked more often
	NAMES_REFRESH_MAX_MS = 3600000, // and at the latest: a TTL of days would hide a peer that moved in need
	NAMES_RETRY_MS = 2000,    // one that failed: nothing may go there until it has some; twice as long after each failure
	NAMES_BACKOFF_MAX_MS = 60000, // at most; and so long one that fails lets others go first
	NAMES_ANSWER_MS = 30000,  // the resolver tries several servers, then gives up; a question of then is lost
	NAMES_UNDER_WAY_MAX = 16, // questions at one time, of which the slow ones wait 10 s at the most
	NAMES_CHANGE_MS = 1000,   // between two changes of the snapshot: it is sealed and mapped by every process
};

struct names_found { // an answer
	uint32_t count;  // 0: without success
	struct way way[WAYS_MAX];
	uint32_t ttl_s;
	uint8_t verdict; // enum dns_verdict
	uint8_t stale;   // servers fail: an earlier answer
};

struct names; // opaque

// E_NO_MEMORY.
MUST_USE result names_new(struct names **out);
void names_free(struct names *n);
// Where WANT led to last. *COUNT 0: it never did, or is not known.
void names_get(const struct names *n, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count);
// How WANT was located last, lines for people (terms/ipc_control.h), and what is said so; "" before there was an answer.
void names_tell(struct names *n, const struct locate_want *want, const char *story);
const char *names_story(const struct names *n, const struct locate_want *want);
// Was WANT learnt or answered before, with success or without?
bool names_knows(const struct names *n, const struct locate_want *want);
// Is any name yet without its first answer?
bool names_lacking(const struct names *n);
// WANT was answered at NOW_US with FOUND. It is remembered. *NEWS (may be NULL): verdict or staleness is another than before.
// E_NO_MEMORY, E_TOO_LONG.
MUST_USE result names_put(struct names *n, const struct locate_want *want, const struct names_found *found, uint64_t now_us, bool *news);
// Forget what is not among the COUNT names of NAME, and learn those that are new. E_NO_MEMORY: some are not asked for.
MUST_USE result names_keep(struct names *n, const struct conf_name *name, uint32_t count, uint64_t now_us);
// All are due at NOW_US: an operator has asked.
void names_hurry(struct names *n, uint64_t now_us);
// What to ask for at NOW_US, which counts as asked by then; NULL: nothing. Valid until the next call of anything here.
const struct locate_want *names_ask(struct names *n, uint32_t *request, uint64_t now_us);
// The question of this number, which is over then; NULL: it is nobody's.
const struct locate_want *names_answered(struct names *n, uint32_t request);
// Whoever was asked is gone: the questions are over and have failed, and their names are due when they would have been.
void names_unasked(struct names *n);
// True once after answers that changed something, every NAMES_CHANGE_MS at most, whatever else is asked.
bool names_changed(struct names *n, uint64_t now_us);
uint64_t names_deadline(const struct names *n);
// A number for a question.
uint32_t names_number(struct names *n);

#endif
