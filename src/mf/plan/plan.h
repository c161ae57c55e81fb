// SPDX-License-Identifier: Apache-2.0
// The media plan of a call: what may be offered and answered across the border, how it is keyed, how SDP is rewritten.
//
// Pure functions over one `plan_session` per called branch: no socket, no clock, no random source but the one given.
// Side 0 is the caller's, side 1 the called. A description from side F is checked against F's peer and written for the
// other side T: addresses and ports become ours, everything that is not understood stays octet for octet (R17).
//
//   plan_begin -> plan_offer -> (the caller obtains ports) plan_ports -> plan_offer_write -> plan_early* -> plan_answer
//
// plan_offer_write may be repeated, and so may plan_answer with the same answer (200 after a reliable 183). A refused
// offer leaves the agreed session as it was; plan_rollback forgets an offer that the far side refused (RFC3264#8).
//
// Keying is decided once for each media line, at the offer that brings it up, and kept: see keying.h for the table.
#ifndef MF_PLAN_PLAN_H
#define MF_PLAN_PLAN_H

#include "registry/snapshot.h"
#include "terms/media.h"
#include "terms/verdict.h"
#include "wire/sdp/write.h"

enum {
	PLAN_IMAGE_MAX = 3072, // [octets] plan_save: the longest plan, all streams keyed; a place in the crash record of the dialog
	PLAN_CRYPTOS_MAX = 6,  // a=crypto lines remembered of one offer; user agents send 1 to 5, more are refused
	PLAN_HIDDEN_MAX = 64,  // hosts and domains of the core that must not cross
};

struct plan_leg { // one side, as the configuration and the signalling see it
	const struct peer *peer;
	const struct listener *listener; // whose media addresses this side sees
	bool secure;                     // signalling of this leg is TLS or DTLS (MF-C4)
	bool core;                       // its addresses and domains must not cross to the other side (SF-C3)
};

struct plan_context { // handed to every call; nothing of it is kept
	struct plan_leg leg[2];
	const struct snapshot *snapshot; // our own addresses; NULL: those of the two listeners only
	const struct bytes *hidden;      // core hosts and domains, at most PLAN_HIDDEN_MAX
	uint32_t hidden_count;
	const struct prefix *hidden_net; // core address ranges, beside the core peer's own
	uint32_t hidden_net_count;
	void (*random)(void *ctx, void *out, size_t n); // unpredictable octets, for keys and session ids
	void *random_ctx;
	uint32_t waived;   // out: bit per enum control whose waiver let something pass
	uint32_t shadowed; // out: bit per enum control that would have refused, was it not in shadow
};

struct plan_session; // one per branch: about 300 octets, and 300 per media line once settled

// A new session with its own session ids. E_NO_MEMORY.
MUST_USE result plan_begin(struct plan_session **out, const struct plan_context *c);
// Keys are wiped. NULL is allowed.
void plan_free(struct plan_session *s);
// A copy for another branch of the same fork: same offer, same session ids, awaiting an answer of its own even when S has
// one already (unless S is settled). E_NO_MEMORY.
MUST_USE result plan_clone(const struct plan_session *s, struct plan_session **out);

// Side FROM offers SDP. PASS: *STREAMS is the number of streams that need ports (0: not anchored, or nothing active);
// plan_needs_ports() tells whether plan_ports must follow. REPLY 400 for bad grammar, 488 for what policy refuses,
// 500 when memory is out; the session stays as agreed before.
struct verdict plan_offer(struct plan_session *s, struct plan_context *c, int from, struct bytes sdp, uint8_t *streams);
// Are there streams without ports? Ask the Media Function for `streams` of plan_offer, then plan_ports.
bool plan_needs_ports(const struct plan_session *s);
// Our ports (struct media_ports: even RTP, RTCP one above). E_POLICY when there are fewer than needed.
MUST_USE result plan_ports(struct plan_session *s, const struct media_ports *ports);
// Write the same offer for the other side to OUT. REPLY 500 when ports lack or OUT is too small.
struct verdict plan_offer_write(struct plan_session *s, struct plan_context *c, int from, struct bytes sdp,
	struct sdp_writer *out);

// Side FROM answers the outstanding offer in a provisional response that may be followed by another answer (18x without
// 100rel): checked and written like an answer, but plan_rollback still returns to the session as agreed before.
struct verdict plan_early(struct plan_session *s, struct plan_context *c, int from, struct bytes sdp,
	struct sdp_writer *out);
// The same, and the session is agreed. Repeated without a new offer in between, the answer must be the same.
struct verdict plan_answer(struct plan_session *s, struct plan_context *c, int from, struct bytes sdp,
	struct sdp_writer *out);
// Forget the outstanding offer. Nothing happens when there is none.
void plan_rollback(struct plan_session *s);
// The dialog is confirmed: forget what is only needed to repeat an answer.
void plan_settle(struct plan_session *s);

bool plan_offer_pending(const struct plan_session *s); // tests: an offer awaits its answer
bool plan_agreed(const struct plan_session *s);        // an answer was agreed
// The plan as it stands: the early answer, else what is agreed, else the offered side alone. Count 0: not anchored.
void plan_media(const struct plan_session *s, const struct plan_context *c, struct media_plan *out);

// The agreed session as octets without pointers, for the crash record; *LEN of at most CAP octets. It holds keys: only
// for memory that is excluded from dumps. E_TOO_LONG; E_MISSING when nothing is agreed.
MUST_USE result plan_save(const struct plan_session *s, uint8_t *out, uint32_t cap, uint32_t *len);
// The opposite. E_SYNTAX when the octets are no image of this build; E_NO_MEMORY.
MUST_USE result plan_restore(struct plan_session **out, const uint8_t *image, uint32_t len);

#endif
