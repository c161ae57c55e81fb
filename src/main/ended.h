// SPDX-License-Identifier: Apache-2.0
// Records of ended calls that admin does not have on disk yet, in a memfd: `kill -9` of the signaller loses none.
//
// A worker takes a place, writes the record there (there is no second copy) and sets its size, which makes it whole.
// The control loop numbers it, sends it, and gives the place back when admin has acknowledged it. A new signaller finds
// the whole ones with their numbers, and the last number given: admin tells by it what it has already.
#ifndef MAIN_ENDED_H
#define MAIN_ENDED_H

#include "base/pool.h"
#include "base/result.h"
#include "guard/records.h"
#include "terms/ipc_admin.h"

#include <stdalign.h>
#include <stdatomic.h>

enum {
	RECORDS_PENDING_MAX = 4096, // ended calls that admin has not acknowledged; then the policy decides
	ENDED_WAITING_MAX = 8192,   // calls that wait for the figures of their media, as flow/media_ended.c bounds them
	ENDED_MAX = 2 * RECORDS_PENDING_MAX + ENDED_WAITING_MAX, // places; pages that were never used stay holes
	ENDED_NONE = UINT32_MAX,
	ENDED_RECORD_OCTETS = (IPC_ADMIN_HEAD + sizeof(struct ipc_admin_record) + 63) / 64 * 64, // the longest record
};

struct ended_entry {
	_Atomic uint32_t size; // [octets] of the record; 0: none, or not yet whole
	uint32_t number;       // under which it is sent; 0: not sent yet
};

struct ended_memory { // what the memfd holds; no pointers
	_Atomic uint32_t last_number;
	struct ended_entry entry[ENDED_MAX];
	alignas(64) uint8_t record[ENDED_MAX][ENDED_RECORD_OCTETS]; // struct ipc_admin, cut
};

struct ended_ref { // a call of one worker
	uint32_t worker;
	struct pool_ref call;
};

struct ended {
	struct records *records;
	struct ended_memory *memory;
	_Atomic uint64_t used[ENDED_MAX / 64];
};

// Monitor: an empty memfd. E_SYSTEM.
MUST_USE result ended_create(int *fd);
// Signaller: map it. E_CONFIG, E_SYSTEM, E_NO_MEMORY.
MUST_USE result ended_map(struct ended *e, int fd);
void ended_unmap(struct ended *e); // tests: a process ends with it
// After a restart, before there are threads: the places of whole records in the order of their numbers, those without a
// number last. *DAMAGED: how many were none, and were given back.
uint32_t ended_restore(struct ended *e, uint32_t place[ENDED_MAX], uint32_t *damaged);

// Whose records the N places hold, sorted, in OUT (room for N): a place of a call may have had several.
void ended_calls(const struct ended *e, const uint32_t *place, uint32_t n, struct ended_ref *out);
bool ended_has(const struct ended_ref *calls, uint32_t n, const struct ended_ref *which);

// Any thread: a place, ENDED_NONE when all are taken. HINT spreads the threads.
uint32_t ended_take(struct ended *e, uint32_t hint);
struct ipc_admin *ended_message(const struct ended *e, uint32_t place);
// The record is whole: from here on a crash does not lose it.
void ended_whole(struct ended *e, uint32_t place, uint32_t size);
uint32_t ended_size(const struct ended *e, uint32_t place);
// Control loop: the number under which it is sent, the next one when it has none.
uint32_t ended_number(struct ended *e, uint32_t place);
// Any thread: it is wiped, and the place is free.
void ended_free(struct ended *e, uint32_t place);

#endif
