// SPDX-License-Identifier: Apache-2.0
// A leg: one dialog of ours (RFC3261#12) with the peer that owns it.
//
// All texts of a leg stand in one right-sized, reference-counted block, which early dialogs of the same
// request share. A leg trusts nothing: who may speak in it is fixed when it is made (SF-I1).
#ifndef SF_LEG_H
#define SF_LEG_H

#include "registry/snapshot.h"
#include "sf/session_timer.h"
#include "sf/token.h"
#include "wire/sip/write.h"

enum {
	LEG_TEXT_MAX = 8192, // all texts of one leg [octets]: 8 routes of 256, target, names; longer ones are
			     // refused
};

struct octets { // on the heap; AT NULL: none
	uint8_t *at;
	uint32_t len;
};

struct leg_parts { // the texts, as views
	struct bytes call_id;
	struct bytes local;      // our From/To value in this dialog, without tag
	struct bytes remote;     // theirs, without tag
	struct bytes remote_tag; // empty until they gave one
	struct bytes target;     // their Contact URI (remote target)
	struct bytes routes;     // value of our Route header field, empty: none
};

struct leg_text {
	uint32_t refs;
	uint16_t call_id, local, remote, remote_tag, target, routes; // lengths, in this order in OCTETS
	uint8_t octets[];
};

struct sf_leg {
	struct leg_text *text; // NULL: leg not in use
	struct hop hop;        // where our requests in this dialog go
	peer_id peer;          // owner
	zone_id zone;
	listener_id listener;
	uint8_t transport;    // floor: requests of the dialog never come or go below it
	uint8_t side;         // 0 caller's, 1 called
	uint8_t token_leg;    // number in our tag
	bool confirmed;       // a 2xx was seen or sent
	bool update;          // their Allow names UPDATE (RFC 3311)
	bool reliable;        // they support 100rel (RFC 3262)
	bool sips;            // the dialog is secure: our Contact in it is a sips URI (RFC3261#12.1)
	bool elsewhere;       // their Contact is no address of theirs
	bool no_stream;       // no stream could be had: long requests go by UDP too (RFC3261#18.1.1)
	uint32_t cseq_local;  // of our last request
	uint32_t cseq_invite; // of our last INVITE
	uint32_t cseq_remote; // of their last request
	bool cseq_remote_known;
	uint32_t rseq; // of our last reliable provisional response
	struct session_timer timer;
	struct octets sdp;      // last description that we sent, kept where a refresh must be a re-INVITE
	char tag[SF_TOKEN_LEN]; // ours
};

// The parts as one block. E_TOO_LONG, E_NO_MEMORY.
MUST_USE result leg_text_new(struct leg_text **out, const struct leg_parts *p);
struct leg_text *leg_text_hold(struct leg_text *t);
struct leg_parts leg_parts(const struct sf_leg *l);
// Replace the texts of L by P (views into the old ones are allowed). On failure L is unchanged.
MUST_USE result leg_set_parts(struct sf_leg *l, const struct leg_parts *p);
void leg_clear(struct sf_leg *l);

// The remote target of M (Contact URI) and, for a dialog-forming message, its route set: Record-Route values,
// in order for a request, REVERSED for a response (RFC3261#12.1). E_SYNTAX, E_MISSING, E_TOO_MANY,
// E_TOO_LONG.
MUST_USE result leg_read_target(const struct sip_msg *m, struct bytes *target);
MUST_USE result leg_read_routes(
	const struct sip_msg *m, bool reversed, uint8_t *buf, uint32_t cap, struct bytes *routes);
// Value of From or To of M without its tag, written to BUF. E_SYNTAX, E_TOO_LONG.
MUST_USE result leg_read_party(
	const struct sip_msg *m, enum sip_hdr id, uint8_t *buf, uint32_t cap, struct bytes *out);
// Point the hop of L at its first route or target, if that is a numeric address which PEER is known by;
// otherwise it stays where the dialog was made: never to an address that nobody provisioned (SF-A4). False: it names
// such an address.
bool leg_aim(struct sf_leg *l, const struct snapshot *s, const struct peer *peer);
// Is A one that PEER is known by, or one of its targets, and no listener of ours in its zone?
bool leg_peer_owns(const struct snapshot *s, const struct peer *peer, const struct address *a);
// Take Allow and Supported of M into account.
void leg_learn(struct sf_leg *l, const struct sip_msg *m);

#endif
