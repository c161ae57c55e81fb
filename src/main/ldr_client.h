// SPDX-License-Identifier: Apache-2.0
// The receiving side of the registry's data: maps what the directory sends, and adds changes to the set in force.
#ifndef MAIN_LDR_CLIENT_H
#define MAIN_LDR_CLIENT_H

#include "registry/ldr.h"

struct ldr_part { // one mapped block, shared by sets
	void *at;
	size_t size;
	uint32_t users;
};

struct ldr_set {
	struct ldr ldr;
	struct ldr_part *ranges, *groups;
	bool own_overlay; // the last set that has the overlay frees it
};

// SET is to be used from here on by everybody in the process, and the one before by nobody when it returns. Not OK: it is not
// used, and dropped.
typedef result (*ldr_use_h)(void *ctx, const struct ldr_set *set);

struct ldr_client { // of one thread
	int fd;            // channel to the directory; -1
	ldr_use_h use;
	void *ctx;
	struct ldr_set *set; // in force, NULL none
	bool behind;         // the directory begins at a set that was not taken: what changes it does not fit ours
	uint64_t bad;      // messages that were not lawful
};

// Ask for everything; answers come to ldr_client_receive.
void ldr_client_begin(struct ldr_client *c, int fd, ldr_use_h use, void *ctx);
// Handle what has come. E_CLOSED: the directory is gone for good.
MUST_USE result ldr_client_receive(struct ldr_client *c);
// The set in force, NULL: none.
const struct ldr *ldr_client_ldr(const struct ldr_client *c);

#endif
