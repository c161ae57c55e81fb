// SPDX-License-Identifier: Apache-2.0
// The media plan: what the Media Function does with each stream of a call; data only.
//
// Side 0 is the caller's side of the border element, side 1 the called side.
#ifndef TERMS_MEDIA_H
#define TERMS_MEDIA_H

#include "base/address.h"
#include "terms/transport.h"

enum {
	MEDIA_STREAMS_MAX = 8,    // media lines that are anchored in one session; more are refused (488)
	MEDIA_PAYLOADS_MAX = 24,  // payload types agreed for one stream
	MEDIA_KEY_MAX = 46,       // AES-256 key and 14 octets of salt (RFC 6188), the longest master key
	MEDIA_PREFIXES_MAX = 8,   // the peer's media ranges that one side may come from
	MEDIA_MKI_MAX = 128,      // [octets] of a master key identifier (RFC4568#6.1)
	MEDIA_SUITES_MAX = 4,
	MEDIA_CODEC_MAX = 24,     // encoding name of a=rtpmap, with its NUL; longer ones are cut
};

enum media_suite { // SRTP protection profiles (RFC 4568, 6188, 7714)
	SUITE_NONE = 0,
	SUITE_AES_CM_128_HMAC_SHA1_80,
	SUITE_AES_CM_128_HMAC_SHA1_32,
	SUITE_AEAD_AES_128_GCM,
	SUITE_AEAD_AES_256_GCM,
	SUITE_AES_256_CM_HMAC_SHA1_80,
	SUITE_COUNT,
};

enum media_direction { DIRECTION_SENDRECV = 0, DIRECTION_SENDONLY, DIRECTION_RECVONLY, DIRECTION_INACTIVE };

enum media_keying { // decided once per offer and kept
	KEYING_UNDECIDED = 0,
	KEYING_PASS,    // the users' own keying, or plain RTP allowed by both legs: packets pass untouched
	KEYING_ADD,     // plain RTP offered, one leg requires SRTP: we key that leg
	KEYING_CONVERT, // different keying on each leg, only if the peer says per-leg
	KEYING_REFUSE,
};

struct media_key {
	uint8_t suite; // enum media_suite; SUITE_NONE: clear or unknown to us
	uint8_t len;   // of master key and salt together
	uint8_t mki_len; // [octets] of the master key identifier in each packet; 0: none (RFC3711#3.1)
	uint8_t master[MEDIA_KEY_MAX];
	uint32_t mki;  // its value; octets before the last four are 0
};

struct media_side { // one side of one stream
	struct address remote_rtp;  // agreed address to send to and to accept from; family 0: none yet
	struct address remote_rtcp;
	uint8_t rtcp_mux;           // RTP and RTCP share the port (RFC 5761)
	uint8_t may_send;           // this side may send to us by the current SDP (counts for silence)
	uint8_t any_source;         // waiver media-source: accept from `source` prefixes, any port
	uint8_t source_count;
	struct prefix source[MEDIA_PREFIXES_MAX];
	struct media_key in;        // protects what this side sends to us
	struct media_key out;       // protects what we send to this side
	uint8_t payload_count;      // 0: any payload type
	uint8_t payload[MEDIA_PAYLOADS_MAX];
	uint32_t bandwidth_bps;     // ceiling for what it may send [bit/s]; 0: none set
};

struct media_stream {
	uint8_t kind;   // 0 RTP (audio, video), 1 UDPTL (T.38), 2 other datagrams
	uint8_t keying; // enum media_keying
	uint8_t active; // 0: port 0 in the answer, or deleted
	char codec[MEDIA_CODEC_MAX]; // first agreed encoding name, for records; NUL-terminated
	uint8_t opaque; // the users key it in a way that we cannot see (DTLS-SRTP, ZRTP): only RTP headers are checked
	uint8_t rtcp_reduced; // reduced-size RTCP was agreed (RFC 5506)
	struct media_side side[2];
};

struct media_plan {
	uint8_t count;
	struct media_stream stream[MEDIA_STREAMS_MAX];
};

struct media_ports { // our own addresses, made by the Media Function; rtcp is port + 1
	uint8_t count;
	struct address rtp[MEDIA_STREAMS_MAX][2];
};

struct media_stats { // of one direction of one stream, from the given side
	uint64_t packets, octets;
	uint64_t dropped_source, dropped_syntax, dropped_payload, dropped_auth, dropped_replay, dropped_rate;
	uint32_t lost;      // from sequence numbers
	uint32_t jitter_us; // RFC3550#6.4.1
	uint32_t rtt_us;    // from RTCP; 0 unknown
};

enum { PEER_MEDIA_GATES = 6 }; // kinds of `dropped_` above, in their order

enum { MEDIA_GATES_MAX = 16 }; // gates that a media packet can meet, with room to spare

struct media_counters { // of one worker since its start
	uint64_t sessions, ended, restored;
	uint64_t passed;                   // packets
	uint64_t refused[MEDIA_GATES_MAX]; // packets, by gate (mf_gate_name tells which)
	uint64_t records_bad, messages_bad, leases_expired;
	uint32_t sessions_now, ports_now;  // alive; pairs in use, those that rest not counted
};

struct session_ref { // a media session of the media process
	uint32_t slot;
	uint32_t generation;
};

#endif
