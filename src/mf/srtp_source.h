// SPDX-License-Identifier: Apache-2.0
// The sources (SSRC) of one SRTP key: packet index, replay window, and the floor that outlives a crash.
//
// Index estimate of RFC3711#3.3.1, replay list of RFC3711#3.3.2 (MF-I4). A source is never forgotten under a
// living key: forgetting would let its packets be replayed, and would let us encrypt two packets under one
// (key, index).
//
// `struct srtp_keep` is the part in memory that another process can take over: one self-checking word per
// source, stored before the packet leaves. A crash between two stores leaves either the old or the new word.
#ifndef MF_SRTP_SOURCE_H
#define MF_SRTP_SOURCE_H

#include "base/result.h"

enum {
	SRTP_SOURCES_MAX = 16, // SSRCs that one key may see: transfers and announcements each bring a new one
	SRTP_SOURCES_FIRST = 2,   // room made at first; it doubles
	SRTP_REPLAY_WINDOW = 128, // [packets], twice the least of RFC3711#3.3.2
};

struct srtp_window {
	uint64_t index;   // highest index seen
	uint64_t bits[2]; // bit i: index - i was seen
};

struct srtp_source {
	uint32_t ssrc;
	bool rtp_seen;
	bool rtcp_seen;
	struct srtp_window rtp;
	struct srtp_window rtcp;
};

struct srtp_keep { // survives the process; all zero: unused
	uint32_t ssrc;
	uint32_t rtcp_next; // highest SRTCP index + 1; 0: none seen
	uint64_t word;      // highest RTP index + 1 (48 bits and one), check bits above; see srtp_keep_word
};

struct srtp_sources {
	struct srtp_source *list;
	struct srtp_keep *keep; // SRTP_SOURCES_MAX of them, or NULL; not owned
	uint8_t count;
	uint8_t room;
};

// The source, or NULL.
struct srtp_source *srtp_sources_find(const struct srtp_sources *s, uint32_t ssrc);
// A new source. E_FULL at SRTP_SOURCES_MAX, E_NO_MEMORY.
MUST_USE result srtp_sources_add(struct srtp_sources *s, uint32_t ssrc, struct srtp_source **out);
void srtp_sources_free(struct srtp_sources *s);
// Take over what the keep area holds; words that do not check are dropped, and counted in *BAD. E_NO_MEMORY.
MUST_USE result srtp_sources_restore(struct srtp_sources *s, uint32_t *bad);

// The index that SEQUENCE most likely has. E_REPLAY when it would lie before index 0, E_STALE beyond 2^48.
MUST_USE result srtp_index_estimate(const struct srtp_source *source, uint16_t sequence, uint64_t *index);
// Has INDEX been seen, or is it below the window? E_REPLAY.
MUST_USE result srtp_window_check(const struct srtp_window *w, bool seen, uint64_t index);
// Account INDEX, which passed srtp_window_check, as RTP or RTCP; the keep word is stored first.
void srtp_source_mark_rtp(struct srtp_sources *s, struct srtp_source *source, uint64_t index);
void srtp_source_mark_rtcp(struct srtp_sources *s, struct srtp_source *source, uint32_t index);

#endif
