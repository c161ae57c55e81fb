// SPDX-License-Identifier: Apache-2.0
// The Signalling Function: a back-to-back user agent whose two legs share nothing that a stranger could see.
//
// Octets and `now` go in, octets go out through `struct sf_port`, the next deadline comes back. One `struct sf`
// lives on one worker; a call never leaves it. src/flow walks the gates and calls in here at the steps named below.
#ifndef SF_SF_H
#define SF_SF_H

#include "registry/snapshot.h"
#include "sf/port.h"
#include "sf/token.h"
#include "sf/transaction.h"
#include "terms/route.h"

struct sf; // opaque

enum { SF_DRAIN_RETRY_S = 30 }; // Retry-After while draining [s]: a drain lasts minutes, and its end is to be noticed

struct sf_config {
	uint8_t worker;
	uint32_t max_calls, max_transactions;
	struct sf_token_keys *keys;   // this worker's own
	const struct registry *registry; // replaced by sf_set_registry() after a reload
	struct sf_port port;
	uint8_t secret[16];
};

MUST_USE result sf_new(struct sf **out, const struct sf_config *config, const struct now *now);
void sf_free(struct sf *sf);
void sf_set_registry(struct sf *sf, const struct registry *r); // after a reload; R stays the caller's
void sf_run(struct sf *sf, const struct now *now);  // fire what is due
uint64_t sf_deadline(const struct sf *sf);          // [us] NO_DEADLINE when nothing is armed

// ---- steps of src/flow; PEER is the identified sender --------------------------------------------------

// May PEER begin something more? Its share of the transactions, and of the calls when CALL (SF-A1, SF-A5).
bool sf_share_left(const struct sf *sf, peer_id peer, bool call);
// Every request, step "transaction match": PASS for new requests; DONE when absorbed or answered (CANCEL, merged, ACK).
struct verdict sf_step_transaction(struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct now *now);
// Responses: token -> live branch; came from where the request went; deliver.
struct verdict sf_step_response_token(struct sf *sf, const struct sip_msg *m, struct sf_tx **tx);
struct verdict sf_step_response_source(struct sf *sf, struct sf_tx *tx, const struct sip_msg *m, const struct origin *o,
	peer_id peer, const struct now *now);
void sf_step_response(struct sf *sf, struct sf_tx *tx, const struct sip_msg *m, const struct now *now);

struct sf_dialog_ref { // a leg found by its token
	struct pool_ref call;
	uint8_t leg; // as in the token: 0..7 caller's side of that branch, 8.. called side of an attempt
	peer_id peer; // that the token is bound to
};
// In-dialog requests: the To tag is a token of a live leg (481, or DROP for ACK); the sender owns that leg: peer, zone, transport
// floor, flow, From tag, Call-ID, CSeq (SF-I1). DROP with alarm for strangers to the dialog; 500 for an old CSeq.
struct verdict sf_step_dialog_token(struct sf *sf, const struct sip_msg *m, struct sf_dialog_ref *ref);
struct verdict sf_step_dialog_owner(struct sf *sf, const struct sf_dialog_ref *ref, const struct sip_msg *m,
	const struct origin *o, peer_id peer, const struct now *now);
struct verdict sf_step_dialog_request(struct sf *sf, const struct sf_dialog_ref *ref, const struct sip_msg *m,
	const struct origin *o, const struct now *now);

// Dialog-forming, last step: open the call and send to the first hop of PLAN. TRAIL is copied into the call.
struct verdict sf_step_invite(struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct leg_plan *plan, const struct trail *trail, const struct now *now);
// Standalone, last step: pass a MESSAGE (or other pass-through method) on as a pair of transactions.
struct verdict sf_step_standalone(struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct leg_plan *plan, const struct now *now);
// OPTIONS that is for us: answer 200 with Allow, Accept, Supported (RFC3261#11.2).
struct verdict sf_step_options(struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct now *now);
// Answer 302 without state (RFC3261#8.3). CONTACT: the value of the header field, of our own making.
void sf_redirect(struct sf *sf, const struct sip_msg *m, const struct origin *o, struct bytes contact);
// Answer without state (RFC3261#8.2.7): status and reason, to where M came from. Never to ACK or responses; never larger
// than an unverified request (SF-A4). 405 carries Allow, 420 Unsupported, 421 Require, 503 Retry-After. FROM is the
// sender, TO the peer that M would have gone to; PEER_NONE when it was for us or its way was not known yet.
void sf_refuse(struct sf *sf, const struct sip_msg *m, const struct origin *o, const struct verdict *v, peer_id from,
	peer_id to);

// ---- from outside the message flow ----------------------------------------------------------------------

// What port.send() took with COOKIE did not arrive: a transport failure of that transaction (RFC3261#17.1.4).
void sf_undeliverable(struct sf *sf, struct sf_cookie cookie, const struct now *now);
// The WAIT that port.sdp() answered for BRANCH is over: what was kept is handled again, or, not OK, refused for want of media.
void sf_media_ready(struct sf *sf, struct pool_ref call, uint8_t branch, bool ok, const struct now *now);
// Nothing comes from one side, or from both: an alarm; BOTH_WAYS ends the call (SF-A5).
void sf_media_silent(struct sf *sf, struct pool_ref call, bool both_ways, const struct now *now);
// End a call from here (operator, drain): BYE both ways or 503 to an early caller. E_NOT_FOUND.
MUST_USE result sf_hangup(struct sf *sf, struct pool_ref call, const char *reason, const struct now *now);
// Probe a hop with OPTIONS; port.hop_result tells.
void sf_probe(struct sf *sf, const struct hop *hop, const struct now *now);
uint32_t sf_call_count(const struct sf *sf); // whatever their state
uint32_t sf_transaction_count(const struct sf *sf);
// Each call once, whatever its state.
void sf_each_call(struct sf *sf, void (*visit)(const struct sf_call *c, void *ctx), void *ctx);
// Hang up, in order, each call of which a tag or our Call-ID was sealed by key FIRST or the SF_TOKEN_RETIRE - 1 after it:
// these keys are replaced next.
void sf_retire_keys(struct sf *sf, uint8_t first, const struct now *now);
// Draining: OPTIONS for us gets 503 with Retry-After, as new calls do at gate admission, which asks here; dialogs go on.
void sf_drain(struct sf *sf, bool on);
bool sf_draining(const struct sf *sf);

// ---- what outlives a crash --------------------------------------------------------------------------------

enum { SF_CALL_IMAGE_MAX = 18432 }; // the longest confirmed call: the texts of two legs, 8 KiB each, and 2 KiB for the rest; most take 1.5 KiB
struct sf_call_image { // pointer-free
	uint32_t length;
	uint8_t octets[SF_CALL_IMAGE_MAX];
};
// E_NOT_FOUND: not confirmed. Every confirmed call fits.
MUST_USE result sf_call_save(const struct sf_call *c, struct sf_call_image *out);
// Make the call again from its image, every field checked; local CSeq resumes with a gap. E_FORGED for damage.
MUST_USE result sf_call_restore(struct sf *sf, const struct sf_call_image *image, const struct now *now, struct sf_call **out);

#endif
