// SPDX-License-Identifier: Apache-2.0
// Building messages: requests and responses of ours, from one that came in on the other side.
//
// Topology is hidden here (SF-C3, LRF-C2): what identifies the sender's network is always written anew, what
// may pass passes by the descriptor of its header field, and a value that names the sender's hosts is left
// out.
#ifndef SF_MESSAGE_H
#define SF_MESSAGE_H

#include "sf/inside.h"

struct passage { // a message on its way from one peer to another
	const struct sf *sf;
	const struct sip_msg *m;
	struct sip_hdr_way way;
	struct bytes hidden[SF_HIDDEN_MAX]; // hosts and identifiers of the sender
	uint32_t hidden_count;
};

struct message_body { // what goes behind the empty line
	struct bytes octets;
	struct bytes sdp;  // the description in OCTETS, when it is ours
	bool replaced;     // octets are ours: Content-Encoding of the original says nothing
	struct bytes type; // Content-Type
};

void passage_init(struct passage *p, const struct sf *sf, const struct sip_msg *m, peer_id from, peer_id to);

// The Max-Forwards of what goes on in place of request M; NULL: ours, or one that bore none (RFC3261#16.6).
uint8_t message_forwards(const struct sip_msg *m);

void message_begin(struct sf *sf, struct sip_writer *w);
// Contact that reaches us as HOP does; SIPS: in a dialog of sips URIs (RFC3261#12.1.1).
void message_contact(struct sip_writer *w, const struct sf *sf, const struct hop *hop, bool sips);
void message_allow(struct sip_writer *w);
void message_capabilities(struct sip_writer *w); // Allow, Accept, Supported (RFC3261#11.2)
void message_number(struct sip_writer *w, enum sip_hdr id, uint64_t v);
// Everything of a request inside leg L, to be sent to HOP, up to and including CSeq, Max-Forwards and Route.
void message_in_dialog(struct sip_writer *w, const struct sf *sf, const struct sf_leg *l, const struct hop *hop,
	enum sip_method method, uint32_t cseq, const char branch[SF_BRANCH_LEN], uint8_t max_forwards);
// Copy what may pass (descriptors, trust, strictness, hidden texts).
void message_copy(struct sip_writer *w, const struct passage *p, bool with_body);
// The value of From or To of M with HOST in place of its own host, without tag.
void message_party(
	struct sip_writer *w, const struct sip_msg *m, enum sip_hdr id, struct bytes user, struct bytes host);
// Content-Type (when there is a body), Content-Length, body.
void message_body(struct sip_writer *w, const struct message_body *b);
// Status line with PHRASE (empty: the usual one) and what a response to M repeats: Via (with received and rport by
// SOURCE), From, To (with TAG if it has none), Call-ID, CSeq. COMPACT: short header names.
void message_reply(struct sip_writer *w, const struct sip_msg *m, const struct address *source, uint16_t status,
	struct bytes phrase, struct bytes tag, bool compact);
// The same for the request of server transaction TX. RECORD: Record-Route too.
void message_reply_tx(struct sip_writer *w, struct sf_tx *tx, uint16_t status, struct bytes tag, bool record);
// A whole response of ours with neither body nor more header fields than Retry-After, through TX.
void message_respond(struct sf *sf, struct sf_tx *tx, uint16_t status, struct bytes tag, uint32_t retry_s,
	const struct now *now);
// End of W: false when it did not fit.
bool message_end(const struct sip_writer *w, struct bytes *out);

// Hand the session description of M (application/sdp or that part of a multipart) to the port and make the
// body for the other side. B is empty when M has none. PASS, WAIT, REPLY.
struct verdict message_sdp(struct branch *b, uint8_t side, enum sf_sdp_role role, const struct sip_msg *m,
	struct message_body *out);
// Has M a session description?
bool message_has_sdp(const struct sip_msg *m);
// The body of M as it is (INFO, MESSAGE).
struct message_body message_body_as_is(const struct sip_msg *m);

#endif
