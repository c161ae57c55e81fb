// SPDX-License-Identifier: Apache-2.0
// What outlives the media process: one fixed-size, checksummed, pointer-free record per stream, in a block
// that another process holds too (a memfd; ARCHITECTURE.md, What outlives a crash).
//
//   header | journal record | records[n] | keep areas[n]
//
// A record changes when a plan does, through the journal: written there whole, then copied, so a crash leaves
// the old or the new plan. The keep area changes with each packet of a keyed stream: one self-checking word
// per source (srtp_source.h). Clear streams never touch theirs, so those pages cost nothing.
#ifndef MF_STORE_H
#define MF_STORE_H

#include "mf/srtp_source.h"
#include "terms/ipc_media.h"

#include <stddef.h>

enum { MF_RECORD_VERSION = 2 };

struct mf_record {
	uint64_t check; // keyed hash over the rest; 0 and version 0: free
	uint16_t version;
	uint8_t owner; // control channel of the session
	uint8_t count; // streams of the session
	uint8_t index; // of this stream
	listener_id listener[2];
	uint8_t reserved;
	struct session_ref session;
	uint32_t call_slot, call_generation;
	uint16_t silence_one_way_s, silence_both_s;
	struct address local[2]; // our RTP address on each side
	struct media_stream plan;
};

struct mf_keep { // [side][enum srtp_way]
	struct srtp_keep source[2][2][SRTP_SOURCES_MAX];
};

struct mf_store {
	struct mf_record *journal;
	struct mf_record *record;
	struct mf_keep *keep;
	uint32_t n;
	bool owned; // the block came from the heap
	void *block;
};

// Octets of a block for N streams.
size_t mf_store_size(uint32_t n);
// Use BLOCK of SIZE octets (aligned to 16, owned by the caller), or take one from the heap when it is NULL. A
// block that does not bear this version and N is cleared; *FOUND says that it held records. E_TOO_LONG: too
// small; E_NO_MEMORY.
MUST_USE result mf_store_open(struct mf_store *s, void *block, size_t size, uint32_t n, bool *found);
void mf_store_close(struct mf_store *s);
// Slots from here on were never written. (Reading a hole of a memfd would give it memory.)
uint32_t mf_store_high(const struct mf_store *s);
// Write the record of stream SLOT (< n); the check is set here.
void mf_store_write(struct mf_store *s, uint32_t slot, const struct mf_record *r);
// Wipe record and keep area.
void mf_store_clear(struct mf_store *s, uint32_t slot);
// Is there something at SLOT, and is it whole? E_NOT_FOUND: free; E_SYNTAX: does not check.
MUST_USE result mf_store_check(const struct mf_store *s, uint32_t slot);

#endif
