// SPDX-License-Identifier: Apache-2.0
// What outlives a crash: slots of fixed size in a memfd, each with a checksum and no pointers.
//
// The monitor makes the memfd and keeps a duplicate of the descriptor; it never maps it. The owning child maps it,
// writes a slot at each change and erases it at the end. A new child reads the slots back and drops damaged ones.
// The memory is locked, left out of dumps, and never reaches a disk (BE-3).
#ifndef GUARD_RECORDS_H
#define GUARD_RECORDS_H

#include "base/result.h"
#include "base/span.h"

struct records; // one mapped memfd

enum { RECORDS_SLOTS_MAX = 1 << 20 };

// Monitor: an empty memfd for SLOTS records of at most SLOT_OCTETS each. Sealed against resizing. E_SYSTEM.
MUST_USE result records_create(const char *name, uint32_t slots, uint32_t slot_octets, int *fd);
// Child: map it; FD stays open as long as it is mapped. The geometry is read from the memfd and checked against its size. E_CONFIG, E_SYSTEM, E_NO_MEMORY.
MUST_USE result records_map(int fd, struct records **out);
void records_unmap(struct records *r);
uint32_t records_slots(const struct records *r);

// Write OCTETS into SLOT. A reader after a crash in the middle sees a bad checksum and drops it. E_TOO_LONG, E_NOT_FOUND.
MUST_USE result records_put(struct records *r, uint32_t slot, struct bytes octets);
void records_erase(struct records *r, uint32_t slot); // wiped
// Visit every whole record; *DAMAGED counts those dropped (and wiped). Before the sandbox closes (it seeks).
void records_each(struct records *r, void (*visit)(uint32_t slot, struct bytes octets, void *ctx), void *ctx,
	uint32_t *damaged);
// The block behind it, for an owner that keeps its own layout (media): SLOTS * SLOT_OCTETS octets.
void *records_block(struct records *r, size_t *size);

#endif
