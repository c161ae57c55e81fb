// SPDX-License-Identifier: Apache-2.0
// Every message between signaller and media, over one sequenced-packet socket per signaller worker.
// Fixed size, native byte order (same host, same build: `version` says so).
#ifndef TERMS_IPC_MEDIA_H
#define TERMS_IPC_MEDIA_H

#include "terms/media.h"

enum { IPC_MEDIA_VERSION = 2 };

enum ipc_media_type {
	IPC_MEDIA_CREATE = 1, // signaller: make a session with `plan.count` streams; answered by CREATED or FAILED;
			      // with `session` set: add streams to that one, up to plan.count
	IPC_MEDIA_CREATED,    // media: session and ports
	IPC_MEDIA_FAILED,     // media: no ports, table full; `cause` says which
	IPC_MEDIA_UPDATE,     // signaller: replace the plan of a session (addresses, keys, directions); no answer
	IPC_MEDIA_DELETE,     // signaller: end; answered by STATS
	IPC_MEDIA_STATS,      // media: final (after DELETE) or asked-for figures
	IPC_MEDIA_QUERY,      // signaller: ask for STATS
	IPC_MEDIA_SILENCE,    // media: one way (cause 1) or both ways (cause 2) silent beyond the limit
	IPC_MEDIA_RESUMED,    // media has restarted: sessions restored from the memfd are live, others are gone
	IPC_MEDIA_LEASE,      // signaller: still alive; sessions of an owner that falls silent are reaped
	IPC_MEDIA_COUNT,      // signaller: ask every worker of media for its totals
	IPC_MEDIA_COUNTERS,   // media: one per worker; the upper eight bits of session.slot name it
};

enum ipc_media_cause { // of FAILED
	IPC_MEDIA_CAUSE_NONE = 0,
	IPC_MEDIA_CAUSE_FULL,    // table of sessions or streams full, or memory out
	IPC_MEDIA_CAUSE_PORTS,   // no port free (or all in quarantine) on one of the listeners
	IPC_MEDIA_CAUSE_UNKNOWN, // no such session (any more)
	IPC_MEDIA_CAUSE_PLAN,    // the message or its plan is not lawful
};

enum ipc_media_silence { IPC_MEDIA_SILENCE_ONE_WAY = 1, IPC_MEDIA_SILENCE_BOTH = 2 }; // cause of SILENCE

struct ipc_media {
	uint16_t version;
	uint16_t type;      // enum ipc_media_type
	uint32_t request;   // chosen by the signaller, echoed in CREATED, FAILED, STATS
	struct session_ref session;
	uint32_t call_slot; // owner: call of the signaller, echoed in SILENCE
	uint32_t call_generation;
	listener_id listener[2]; // whose media range each side's ports come from
	uint16_t cause;
	uint16_t silence_one_way_s;
	uint16_t silence_both_s;
	union {
		struct media_plan plan;   // CREATE (count, kinds), UPDATE
		struct media_ports ports; // CREATED
		struct media_stats stats[MEDIA_STREAMS_MAX][2];
		struct media_counters counters; // COUNTERS
	} u;
};

#endif
