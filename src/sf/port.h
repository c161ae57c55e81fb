// SPDX-License-Identifier: Apache-2.0
// Everything that the Signalling Function does to the world outside, as one table of functions.
//
// src/flow and src/main fill it in; replay tests fill it with a fake network. The SF has no sockets and no clock.
#ifndef SF_PORT_H
#define SF_PORT_H

#include "base/clock.h"
#include "base/pool.h"
#include "terms/media.h"
#include "terms/transport.h"
#include "terms/verdict.h"
#include "wire/sip/write.h"

struct sf_call;
struct sf_branch;

enum sf_sdp_role {
	SF_SDP_OFFER,
	SF_SDP_ANSWER,
	SF_SDP_EARLY_ANSWER, // in an unreliable provisional response: another answer may follow (RFC3261#13.2.1)
};

enum sf_alarm { // things that people should hear of; counted each, logged rate-limited
	SF_ALARM_FOREIGN_2XX,     // a 200 from the wrong flow (SF-I6)
	SF_ALARM_FOREIGN_RESPONSE,// any response not from where the request went (SF-I5 SF-I7 SF-I8)
	SF_ALARM_FOREIGN_REQUEST, // in-dialog request not from the owner of the leg (SF-I1)
	SF_ALARM_FORGED_TOKEN,
	SF_ALARM_OLD_CSEQ,
	SF_ALARM_EXTRA_2XX,       // second 2xx from the right flow: ACK and BYE sent
	SF_ALARM_SESSION_EXPIRED, // session timer ran out (SF-A5)
	SF_ALARM_MEDIA_SILENT,
	SF_ALARM_LOOP,
	SF_ALARM_CONTACT_ELSEWHERE, // a Contact or Record-Route with an address that is not the peer's (SF-A4): not used
	SF_ALARM_VIA_ELSEWHERE,     // the same in the topmost Via; the answer goes to where the request came from
	SF_ALARM_TABLE_FULL,
	SF_ALARM_IMPOSSIBLE,      // an always-fail handler of a table ran
	SF_ALARM_COUNT,
};

struct sf_cookie { // names the transaction that a message belongs to, for sf_undeliverable()
	struct pool_ref tx;
};

struct sf_port {
	void *ctx;
	// Send OCTETS to TO; they may be forgotten on return. An error, now or later by sf_undeliverable(), is a
	// transport failure of the transaction (RFC3261#17.1.4).
	result (*send)(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie);
	// Session description SDP came from SIDE (0 caller, 1 called) in ROLE: write the description for the other side to
	// OUT and tell the Media Function. PASS; WAIT (sf_media_ready() follows, then it is asked again); REPLY (488...).
	// Called with an empty SDP and SF_SDP_OFFER for a late offer: nothing is written.
	// `branch->media` belongs to the implementation of the port.
	// The offer of an initial INVITE is passed on branch 0; when the called side forks, answers come on branches 1..7
	// to that same offer, so the media of branch 0 is the last to end while the call is early.
	struct verdict (*sdp)(void *ctx, struct sf_call *call, struct sf_branch *branch, int side, enum sf_sdp_role role,
		struct bytes sdp, struct sip_writer *out);
	// The offer last passed by sdp() was refused: go back to the session as agreed before.
	void (*sdp_rollback)(void *ctx, struct sf_call *call, struct sf_branch *branch);
	// The branch won: the session goes on as it agreed, whatever other branches of the fork had media do meanwhile.
	void (*media_confirm)(void *ctx, struct sf_call *call, struct sf_branch *branch);
	// The branch ends: release its media.
	void (*media_end)(void *ctx, struct sf_call *call, struct sf_branch *branch);
	// A confirmed dialog changed (record it) or ended (KEEP false: erase its record).
	void (*keep)(void *ctx, struct sf_call *call, bool keep);
	// A call ended: write its detail record. CALL is still whole.
	void (*ended)(void *ctx, struct sf_call *call, const struct now *now);
	// Rate and concurrency of the target peer are asked before a leg to it is made; RELEASE when it ends.
	bool (*admit)(void *ctx, peer_id peer, const struct now *now);
	void (*release)(void *ctx, peer_id peer);
	// How the next hop behaved, for the memory of dead targets (LRF-A3).
	void (*hop_result)(void *ctx, const struct hop *hop, bool alive, const struct now *now);
	void (*alarm)(void *ctx, enum sf_alarm alarm, peer_id peer, const struct now *now);
	// N unpredictable octets (fixed in replay tests).
	void (*random)(void *ctx, void *out, size_t n);
};

#endif
