// SPDX-License-Identifier: Apache-2.0
// Every message between admin and signaller: questions and rows of answers, ended call records, traced messages.
// Sequenced-packet socket; each packet is one struct, cut after the octets that its type uses.
#ifndef TERMS_IPC_ADMIN_H
#define TERMS_IPC_ADMIN_H

#include "base/pool.h"
#include "terms/ipc_lookup.h"
#include "terms/media.h"
#include "terms/route.h"
#include "terms/verdict.h"

enum {
	IPC_ADMIN_VERSION = 1,
	IPC_ADMIN_OCTETS_MAX = 61440, // largest message shown by trace or given to dry-run; below the packet limit of 212 992
	IPC_ADMIN_ID_MAX = 128,       // longer Call-IDs are cut in listings
	IPC_ADMIN_TEXT_MAX = 64,
};

enum ipc_admin_type {
	// admin -> signaller
	IPC_ADMIN_COUNTERS = 1, // rows: COUNTER; END
	IPC_ADMIN_PEERS,        // rows: PEER; END
	IPC_ADMIN_CALLS,        // rows: CALL; END
	IPC_ADMIN_EXPLAIN,      // key: Call-ID of either leg; rows: CALL, MARK..., STREAM...; END
	IPC_ADMIN_HANGUP,       // key: Call-ID; END with error
	IPC_ADMIN_DRY_RUN,      // peer, octets; rows: MARK...; END
	IPC_ADMIN_TRACE,        // key: "peer NAME", "call ID", or "" for off; then TRACED as they happen; END at once
	IPC_ADMIN_LOOKUP,       // key: number, domain or URI, peer: asking; rows: NOTE..., FOUND, HOP...; END
	IPC_ADMIN_RECORD_ACK,   // records up to `request` are on disk
	IPC_ADMIN_RECORD_STATE, // flag 1: records full, refuse new calls; 0: may take more
	// signaller -> admin
	IPC_ADMIN_COUNTER, IPC_ADMIN_PEER, IPC_ADMIN_CALL, IPC_ADMIN_MARK, IPC_ADMIN_STREAM, IPC_ADMIN_HOP,
	IPC_ADMIN_NOTE,         // one line of the story of a look-up
	IPC_ADMIN_FOUND,        // what it came to
	IPC_ADMIN_TRACED,       // one message of signalling
	IPC_ADMIN_RECORD,       // one ended call: `request` numbers it; kept by the signaller until acknowledged
	IPC_ADMIN_END,
	IPC_ADMIN_TYPES,
};

struct ipc_admin_call {
	struct pool_ref ref;
	uint8_t worker, state, end_side, attempts;
	peer_id peer[2];
	uint8_t transport[2], listener[2];
	uint16_t final_status;
	uint64_t start_ms, answer_ms, end_ms; // wall clock
	uint64_t duration_us;                 // answered time, monotonic
	char call_id[2][IPC_ADMIN_ID_MAX];
	char from[NUMBER_MAX], to[NUMBER_MAX];
	char end_reason[IPC_ADMIN_TEXT_MAX];
};

struct ipc_admin_mark {
	char step[IPC_ADMIN_TEXT_MAX], threats[IPC_ADMIN_TEXT_MAX], reason[IPC_ADMIN_TEXT_MAX];
	uint8_t action, shadow;
	uint16_t status;
	uint32_t after_us;
};

struct ipc_admin_stream {
	uint8_t index, keying, active, kind;
	uint8_t suite[2];              // what protects each side's leg
	struct address remote[2];
	char codec[IPC_ADMIN_TEXT_MAX];
	struct media_stats stats[2];
};

struct ipc_admin_record {
	struct ipc_admin_call call;
	uint8_t mark_count, stream_count;
	struct trail_mark mark[TRAIL_MAX];
	char reason[TRAIL_REASONS][IPC_ADMIN_TEXT_MAX];    // that marks name by number
	struct ipc_admin_stream stream[MEDIA_STREAMS_MAX]; // last: the packet ends behind stream[stream_count - 1]
};

struct ipc_admin_peer {
	peer_id peer;
	uint32_t concurrent;
	uint64_t refused_count;
	uint8_t step_count;
	uint32_t refused[64]; // by step id
	uint64_t packets, octets, lost, dropped[PEER_MEDIA_GATES]; // media that came from it
};

struct ipc_admin_traced {
	uint64_t wall_us;
	struct address from, to;
	uint8_t transport, outgoing;
	peer_id peer;
	uint32_t len;
	uint8_t octets[IPC_ADMIN_OCTETS_MAX];
};

struct ipc_admin {
	uint16_t version, type;
	uint32_t request;
	int32_t error; // enum error, of END
	peer_id peer;
	uint8_t flag;
	union {
		char key[IPC_ADMIN_ID_MAX * 4];
		struct { uint32_t len; uint8_t octets[IPC_ADMIN_OCTETS_MAX]; } raw; // DRY_RUN
		struct { char name[IPC_ADMIN_TEXT_MAX]; uint64_t value; } counter;
		struct ipc_admin_peer peer;
		struct ipc_admin_call call;
		struct ipc_admin_mark mark;
		struct ipc_admin_stream stream;
		struct { uint8_t transport, dead, origin; listener_id listener; struct address address; char domain[DOMAIN_MAX]; } hop;
		char note[LOOKUP_NOTE_MAX];
		struct lookup_answer found;
		struct ipc_admin_traced traced;
		struct ipc_admin_record record;
	} u;
};

#define IPC_ADMIN_HEAD offsetof(struct ipc_admin, u)

#endif
