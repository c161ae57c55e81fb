// SPDX-License-Identifier: Apache-2.0
// The names of targets and what they resolved to last. A name is asked for again at fixed intervals: the resolver's own
// cache honours the time that a record may live. A name that does not resolve any more keeps its last addresses. One that
// goes on failing is asked for ever less often and after those that work: it must not keep a peer that moved from being
// found (LRF-A2, LRF-A3).
//
// No sockets and no clock: the monitor asks, and brings the answers.
#ifndef MAIN_NAMES_H
#define MAIN_NAMES_H

#include "base/address.h"
#include "base/result.h"
#include "conf/conf.h"

enum {
	NAMES_REFRESH_MS = 10000, // a name with addresses; a moved peer is reached again within that time
	NAMES_RETRY_MS = 2000,    // one that failed: nothing goes there until it has some; twice as long after each failure
	NAMES_BACKOFF_MAX_MS = 60000, // at most; and so long one that fails lets others go first
	NAMES_ANSWER_MS = 30000,  // the resolver tries several servers, then gives up; a question of then is lost
	NAMES_CHANGE_MS = 1000,   // between two changes of the snapshot: it is sealed and mapped by every process
};

struct names; // opaque

// E_NO_MEMORY.
MUST_USE result names_new(struct names **out);
void names_free(struct names *n);
// What HOST resolved to last, without ports. *COUNT 0: it never did, or is not known.
void names_get(const struct names *n, const char *host, struct address *out, uint32_t room, uint32_t *count);
// Was HOST learnt or answered before, with success or without?
bool names_knows(const struct names *n, const char *host);
// HOST was answered at NOW_US; COUNT 0: without success. It is remembered. E_NO_MEMORY, E_TOO_LONG.
MUST_USE result names_put(struct names *n, const char *host, const struct address *a, uint32_t count, uint64_t now_us);
// Forget what is not among the COUNT names of NAME, and learn those that are new. E_NO_MEMORY: some are not asked for.
MUST_USE result names_keep(struct names *n, const struct conf_name *name, uint32_t count, uint64_t now_us);
// All are due at NOW_US: an operator has asked.
void names_hurry(struct names *n, uint64_t now_us);
// The name to ask for at NOW_US, which counts as asked by then; NULL: none. One question at a time.
const char *names_ask(struct names *n, uint32_t *request, uint64_t now_us);
// Is this the question under way? It is over then.
bool names_answered(struct names *n, uint32_t request, const char *host);
// Whoever was asked is gone: the question is over and has failed, and its name is due when it would have been.
void names_unasked(struct names *n);
// True once after answers that changed something, every NAMES_CHANGE_MS at most, whatever else is asked.
bool names_changed(struct names *n, uint64_t now_us);
uint64_t names_deadline(const struct names *n);
// A number for a question.
uint32_t names_number(struct names *n);

#endif
