// SPDX-License-Identifier: Apache-2.0
// The Media Function of one worker: sessions, their ports and keys, and the gates that each packet walks.
//
// No socket and no clock: messages of the signaller and datagrams go in with `now`; answers, port openings
// and the changed datagram come out. The sockets are src/net/media_io.c's. A session lives on one worker for
// its whole life; the upper eight bits of its slot name the worker.
#ifndef MF_ENGINE_H
#define MF_ENGINE_H

#include "base/clock.h"
#include "terms/ipc_media.h"

#include <stddef.h>

enum {
	MF_WORKERS_MAX = 64,
	MF_LISTENERS_MAX = 32,
	MF_OWNERS_MAX = 64,        // control channels, one per worker of the signaller
	MF_SESSIONS_MAX = 1 << 20, // of one worker; the slot has 24 bits
	MF_PACKETS_PER_SECOND =
		2000, // of one side of a stream (MF-A2): 20 ms audio is 50, high-definition video below 1 000
	MF_PACKETS_BURST = 400, // [packets] at once: a burst after a network stall of 200 ms at that rate
	MF_LEASE_S = 90,        // [s] default: the signaller renews every 30 s, two may get lost
};

enum mf_gate { // in the order in which a packet meets them; the value is the verdict of mf_packet
	MF_PASSED = 0,
	MF_GATE_SESSION,  // stream inactive or gone
	MF_GATE_SOURCE,   // not from the agreed address (MF-C3, MF-I1)
	MF_GATE_SYNTAX,   // not lawful RTP, RTCP (MF-A1)
	MF_GATE_PAYLOAD,  // payload type not agreed (MF-A3)
	MF_GATE_AUTH,     // SRTP tag (MF-I1, MF-I3)
	MF_GATE_REPLAY,   // SRTP replay list (MF-I4)
	MF_GATE_SSRC,     // too many sources (MF-I1)
	MF_GATE_SEQUENCE, // clear RTP: implausible jump (MF-I1)
	MF_GATE_BYE,      // RTCP BYE for a source that this side does not own (MF-I2)
	MF_GATE_RATE,     // packets or octets beyond the budget (MF-A2, MF-A3)
	MF_GATE_PROTECT,  // cannot be protected: index used before, key used up
	MF_GATE_REMOTE,   // the other side has no agreed address
	MF_GATE_COUNT,
};

struct mf_listener {
	const struct address *pair; // RTP addresses, ports even; RTCP is the next port. Kept by the caller
	uint32_t count;
};

struct mf_port_change { // a pair begins or ceases to serve a stream
	listener_id listener;
	uint32_t pair;
	uint32_t stream; // slot for mf_packet
	uint8_t side;
	bool open;
};

struct mf_hooks {
	void (*port)(void *ctx, const struct mf_port_change *change);
	void (*answer)(void *ctx, uint32_t owner, const struct ipc_media *m); // to control channel OWNER
	void *ctx;
};

struct mf_engine_config {
	uint8_t worker;        // upper bits of session slots
	uint32_t sessions_max; // <= MF_SESSIONS_MAX
	uint32_t streams_max;
	uint32_t quarantine_s; // of ports (MF-C5)
	uint32_t lease_s;      // sessions of a control channel silent for so long end (MF-A4); 0: never
	const struct mf_listener *listener;
	uint32_t listener_count; // <= MF_LISTENERS_MAX
	void *store;             // mf_store_size(streams_max) octets that outlive the process, or NULL
	size_t store_size;
	struct mf_hooks hooks;
};

struct mf_datagram {
	uint32_t stream; // slot, as the port hook named it
	uint8_t side;    // on whose port it arrived
	bool rtcp;       // on the RTCP port
	struct address from;
	uint8_t *buf;
	uint32_t len;
	uint32_t cap; // >= len + SRTP_TRAILER_MAX, else protected packets are refused
	// out, when passed:
	uint8_t out_side; // leaves from our port of that side
	bool out_rtcp;    // ... its RTCP port
	struct address to;
};

struct mf_engine; // opaque

// E_NO_MEMORY, E_CONFIG (bounds), E_TOO_LONG (store too small).
MUST_USE result mf_engine_new(
	struct mf_engine **out, const struct mf_engine_config *config, const struct now *now);
// Ends nothing in the store, so that the next process can take over; sessions end by DELETE only.
void mf_engine_free(struct mf_engine *e);
// Take over what the store holds; bad records are dropped and counted. Ports are opened through the hook.
// Returns the number of sessions. Call once, before the first packet.
uint32_t mf_engine_restore(struct mf_engine *e, const struct now *now);
// A message of control channel OWNER. Unlawful ones are counted, and answered by FAILED where an answer is
// due.
void mf_engine_message(struct mf_engine *e, uint32_t owner, const struct ipc_media *m, const struct now *now);
// One datagram through the gates, changed in place; says which gate refused it. Hot path: no allocation
// except for a key's new source.
enum mf_gate mf_packet(struct mf_engine *e, struct mf_datagram *d, const struct now *now);
// Timers. The deadline is NO_DEADLINE when nothing is armed.
uint64_t mf_engine_deadline(const struct mf_engine *e);
void mf_engine_run(struct mf_engine *e, const struct now *now);
// Tests: the counters of now; what a gate refuses is counted also when it is off.
const struct media_counters *mf_engine_counters(const struct mf_engine *e);
uint32_t mf_engine_sessions(const struct mf_engine *e);
const char *mf_gate_name(enum mf_gate g);

// Another quarantine of ports from now on (MF-C5).
void mf_engine_quarantine(struct mf_engine *e, uint32_t quarantine_s, const struct now *now);

// Tests: what GATE refuses passes (and is counted). The threat tests show with it that their attack is real.
void mf_engine_gate_off(struct mf_engine *e, enum mf_gate gate);
// Tests: released ports are handed out again at once.
void mf_engine_quarantine_off(struct mf_engine *e);

#endif
