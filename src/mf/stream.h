// SPDX-License-Identifier: Apache-2.0
// One anchored stream: two sides, each with an agreed address, gates and keys. Inside of the Media Function
// only.
//
// The agreed plan itself lies in the stream's record (store.h); here is what a packet needs, laid out for the
// cache.
#ifndef MF_STREAM_H
#define MF_STREAM_H

#include "mf/budget.h"
#include "mf/flow.h"
#include "mf/ports.h"
#include "mf/srtp.h"
#include "mf/store.h"

#define MF_SLOT_NONE UINT32_MAX

enum { MF_KIND_RTP = 0, MF_KIND_UDPTL = 1, MF_KIND_OTHER = 2 };

struct mf_side {
	struct address remote[2]; // agreed RTP and RTCP address; family 0: none yet
	uint64_t payload[2];      // set of payload types, one bit each
	bool any_payload;
	bool any_source;
	bool may_send;
	bool rtcp_mux;
	listener_id listener;
	uint32_t pair; // of our ports
	struct mf_srtp *in, *out;
	struct mf_budget packets, octets;
	uint64_t octet_ns; // cost of one octet [ns]; 0: no ceiling
	uint64_t life_us;  // last packet that passed, or when silence began to count
	struct media_stats stats;
};

struct mf_stream {
	bool used;
	bool active;
	bool opaque;
	bool rtcp_reduced;
	uint8_t kind;
	uint8_t keying;
	uint8_t index; // in the session
	struct session_ref session;
	const struct media_stream *plan; // in the record
	struct mf_side side[2];
	struct mf_flow flow[2];
};

// Is the plan lawful: counts, families, prefix lengths, key lengths? E_SYNTAX.
MUST_USE result mf_plan_check(const struct media_stream *plan);
// Take over the plan in record SLOT of STORE: addresses, payload types, keys. A key that did not change keeps
// its state, also under another identifier (MKI); another one begins anew. RESTORE: take key states from the keep area instead. E_NO_MEMORY: the
// stream is then inactive (deny by default).
MUST_USE result mf_stream_apply(struct mf_stream *s, struct mf_store *store, uint32_t slot,
	const struct media_stream *before, struct srtp_work *work, bool restore, uint64_t now_us);
// Free the keys; wipe.
void mf_stream_close(struct mf_stream *s);
// Figures of what SIDE sent.
struct media_stats mf_stream_stats(const struct mf_stream *s, uint32_t side);

#endif
