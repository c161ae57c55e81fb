// SPDX-License-Identifier: Apache-2.0
// What one side of a stream is known to send: its sources (SSRC), their sequence, and the figures of
// RFC3550#6.4.1.
//
// On clear RTP these are the plausibility gates of MF-I1: few sources, few changes, and a sequence that goes
// on (RFC3550#A.1). They do not replace SRTP; they make a blind injection loud and short.
#ifndef MF_FLOW_H
#define MF_FLOW_H

#include "mf/budget.h"
#include "terms/media.h"
#include "wire/rtp/rtp.h"

#define SECOND_NS (1000000000ull) // one second [ns]

enum {
	MF_SSRC_MAX = 4,     // sources at one time from one side of a stream (audio: 1, video with repair: 3)
	MF_SSRC_CHANGES = 8, // new sources at once; transfers and announcements bring new ones
	MF_SSRC_CHANGE_S = 10, // [s] one more after this time
	MF_DROPOUT_MAX = 3000, // RFC3550#A.1: largest believable gap, a minute of audio
	MF_MISORDER_MAX = 100, // RFC3550#A.1
	MF_RESYNC_US = 200000, // [us] a sender that begins anew has stopped the old sequence; an attacker
			       // cannot stop it
};

struct mf_source {
	uint32_t ssrc;
	uint32_t used; // order of last use, for replacing the oldest
	uint16_t sequence;
	uint16_t expected_after_jump; // RFC3550#A.1 bad_seq
	bool jumped;
	bool live;
	uint64_t good_us; // last packet that went on in sequence
};

struct mf_flow {
	struct mf_source source[MF_SSRC_MAX];
	struct mf_budget changes;
	uint32_t uses;
	uint32_t clock_hz;    // of the RTP timestamp; 0: not known yet
	uint32_t first_stamp; // for finding the clock
	uint64_t first_us;
	uint32_t last_stamp;
	uint64_t last_us;
	uint32_t last_ssrc;
	uint32_t jitter_16; // [timestamp units * 16], RFC3550#A.8
	uint32_t lost;
	uint32_t rtt_us;
	uint32_t sr_stamp; // middle of the NTP stamp of this side's last SR that we passed on
	uint64_t sr_us;
};

struct mf_source *mf_flow_find(struct mf_flow *f, uint32_t ssrc);
// The source of an admitted packet; a new one replaces the longest unused. E_FULL: too many changes.
MUST_USE result mf_flow_source(struct mf_flow *f, uint32_t ssrc, uint64_t now_us, struct mf_source **out);
// Does SEQUENCE go on? E_REPLAY for a jump, until a second packet confirms it (RFC3550#A.1) and the old
// sequence has been quiet for MF_RESYNC_US.
MUST_USE result mf_flow_sequence(struct mf_source *s, uint16_t sequence, uint64_t now_us);
// Account sequence and timestamp of a packet that was let through.
void mf_flow_account(struct mf_flow *f, struct mf_source *s, const struct rtp_header *h, uint64_t now_us);
uint32_t mf_flow_jitter_us(const struct mf_flow *f);

#endif
