// SPDX-License-Identifier: Apache-2.0
// Every message between the directory, which reads the registry's database, and those who look up (signaller, and the directory
// itself), over one sequenced-packet socket each. Fixed size, native byte order (same host, same build: `version` says so).
//
// A set is a block of ranges and one of groups, as sealed memfds, and the changes of ranges since, in order. Whoever misses some, or
// begins anew, wants all of it again.
#ifndef TERMS_IPC_LDR_H
#define TERMS_IPC_LDR_H

#include <stdint.h>

enum { IPC_LDR_VERSION = 2, IPC_LDR_CHANGES = 64 };

enum ipc_ldr_type {
	// directory ->
	IPC_LDR_BASE = 1, // + two descriptors: ranges, groups; `epoch` begins, with no changes
	IPC_LDR_GROUPS,   // + one descriptor: groups of the same epoch
	IPC_LDR_CHANGED,  // `count` changes; the first is number `position` of the epoch
	// -> directory
	IPC_LDR_WANT,     // send everything
};

struct ipc_ldr_change { // registry/overlay.h
	uint64_t key, rn;
	uint32_t target;
	uint32_t gone;
};

struct ipc_ldr {
	uint16_t version, type;
	uint32_t epoch, position, count;
	uint32_t remembered; // of BASE, 1: out of the cache, not yet held against the database: whoever has a set keeps it
	struct ipc_ldr_change change[IPC_LDR_CHANGES];
};

#endif
