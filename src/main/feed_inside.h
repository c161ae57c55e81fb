// SPDX-License-Identifier: Apache-2.0
// What the feeding threads hold; private to src/main/feed*.c. For tests it can be run step by step without threads.
#ifndef MAIN_FEED_INSIDE_H
#define MAIN_FEED_INSIDE_H

#include "main/feed.h"

#include <pthread.h>

struct feed_block { // a sealed memfd, mapped
	int fd; // -1: none
	void *at;
	size_t size;
};

struct feed_consumer {
	int fd;
	uint32_t epoch, serial, position; // what it was sent
};

struct feed {
	struct feed_config config;
	struct store *store; // NULL: not open
	uint64_t retry_at_us;
	uint32_t retry_ms;
	bool told;           // that the database cannot be used
	uint64_t seen;       // change set
	uint8_t seen_hash[STORE_HASH_LEN];
	struct group_names *names;
	// What is served: changed by the thread that reads the database, sent by both threads, under the lock.
	pthread_mutex_t lock;
	struct feed_block ranges, groups;
	uint32_t epoch;      // 0: nothing yet
	uint32_t serial;     // of the groups in it
	bool remembered;     // out of the cache, and the database has not been read since
	struct ipc_ldr_change *log; // OVERLAY_MAX changes since the ranges were made; those from LOGGED on are not served yet
	uint32_t logged;
	struct feed_consumer consumer[FEED_CONSUMERS];
	// the cache
	bool stale;          // the file is older than what is served
	uint64_t cache_at_us;
};

MUST_USE result feed_new(struct feed **out, const struct feed_config *config);
void feed_free(struct feed *f);
// Serve what the cache holds, until the database has been read.
void feed_begin(struct feed *f);
// One turn: the database, the consumers, the cache. Returns until when nothing is to be done [us].
uint64_t feed_turn(struct feed *f, uint64_t now_us);

// feed_blocks.c. E_NO_MEMORY, E_SYSTEM; those of the store.
MUST_USE result feed_load(struct feed *f, struct store_error *why);   // everything anew: a new epoch
// What has changed since. OPENED: the database was opened just now, so that the newest change set may be that of another one.
MUST_USE result feed_follow(struct feed *f, bool opened, struct store_error *why);
MUST_USE result feed_merge(struct feed *f);                           // the changes into the ranges: a new epoch
// A sealed memfd of BLOCK, which WRITE fills in.
MUST_USE result feed_block_new(struct feed_block *b, const char *name, size_t size, void (*write)(void *ctx, void *out), void *ctx);
void feed_block_free(struct feed_block *b);
// RANGES and GROUPS are served from here on, as a new epoch.
void feed_serve(struct feed *f, struct group_names *names, const struct feed_block *ranges, const struct feed_block *groups, bool remembered);

// feed_cache.c
MUST_USE result feed_cache_write(struct feed *f);
// Serve the file's state. E_NOT_FOUND; E_FORGED: it is not as we wrote it.
MUST_USE result feed_cache_read(struct feed *f);

// feed_send.c: send what each consumer lacks, as far as it reads; hear what it wants. From any thread.
void feed_send(struct feed *f);
// Wait until a consumer speaks, FEED_POLL_MS at most, and send. For the thread that serves while the other waits for the database.
void feed_attend(struct feed *f);

#endif
