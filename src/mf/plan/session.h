// SPDX-License-Identifier: Apache-2.0
// Inside of a plan session: what is agreed, what is offered. Only src/mf/plan includes this.
#ifndef MF_PLAN_SESSION_H
#define MF_PLAN_SESSION_H

#include "mf/plan/keying.h"
#include "mf/plan/plan.h"

enum { MECHANISM_SDES = 1, MECHANISM_DTLS = 2, MECHANISM_OTHER = 4 }; // keying lines seen on a media line, as bits

enum plan_kind { KIND_RTP = 0, KIND_UDPTL = 1, KIND_OTHER = 2 }; // as media_stream.kind

struct plan_side { // what one side's description says of a line
	struct address rtp, rtcp; // family 0: none (held in the manner of RFC 2543, or the line is off)
	uint8_t direction;
	uint8_t mux, reduced;     // a=rtcp-mux, a=rtcp-rsize
	uint8_t payload_count;
	uint8_t payload[MEDIA_PAYLOADS_MAX]; // that it wants to receive
	uint32_t bandwidth_bps;              // that it wants to receive at most
};

struct plan_line {
	uint8_t kind;   // enum plan_kind
	uint8_t active; // neither side has port 0, and we did not reject it
	uint8_t mode;   // enum keying_mode
	uint8_t offer;  // enum keying_offer
	uint8_t keyed;  // side whose leg we key (ADD, CONVERT)
	uint8_t opaque;
	char codec[MEDIA_CODEC_MAX]; // first format of the answer, for records
	uint32_t tag;   // a=crypto tag agreed on the keyed leg
	struct plan_side side[2];
	struct media_key key[2]; // PASS: what side i sends with; keyed modes: [0] from the keyed side, [1] to it
};

struct plan_crypto { // one offered a=crypto line
	uint32_t tag;
	uint32_t name; // hash of the suite's name
	uint8_t usable; // the Media Function can work with it
	struct media_key key;
};

struct plan_offered { // what an answer is checked against; forgotten when settled
	struct sdp_outline sent; // as written to the answering side
	uint8_t mode; // as decided at the offer; an answer may make MODE_ADD_MAYBE pass
	uint8_t mechanisms;
	uint8_t crypto_count;
	uint8_t chosen; // index of the a=crypto line that we take, when the offerer is the keyed side
	struct plan_crypto crypto[PLAN_CRYPTOS_MAX];
};

struct plan_table { // one offer and its answer
	uint8_t offerer;
	uint8_t count;
	uint8_t answered;
	uint8_t anchored;
	uint64_t answer_hash; // of the octets of the answer
	struct plan_offered *offered; // count entries; NULL once settled
	struct plan_line line[];
};

struct plan_session {
	uint64_t id[2], version[2]; // of o= as we write it towards each side
	uint64_t written[2];        // hash of the description last written; 0: none
	uint8_t ports;              // streams that have ports
	uint16_t port[MEDIA_STREAMS_MAX][2];
	struct plan_table *agreed, *pending;
};

static inline bool mode_keys(uint8_t mode)
{
	return mode == MODE_ADD || mode == MODE_ADD_MAYBE || mode == MODE_CONVERT;
}

// Do we anchor media between these legs? Not when both peers have the waiver media-anchor.
static inline bool plan_anchors(const struct plan_context *c)
{
	return c->leg[0].peer->anchor != 0 || c->leg[1].peer->anchor != 0;
}

// May a refusal for CONTROL stand on side SIDE? False, noted in C, when the control is waived or in shadow.
bool plan_enforced(struct plan_context *c, int side, enum control control);

struct plan_table *plan_table_new(uint8_t count);
void plan_table_free(struct plan_table *t);
// A session with a settled agreed table of COUNT lines, for plan_restore; NULL when memory is out.
struct plan_session *plan_session_new(uint8_t count);
uint64_t plan_hash(struct bytes b);
uint32_t plan_name_hash(struct bytes b);

// describe.c: read media line I of S as side FROM's description. A verdict other than PASS refuses the body.
struct verdict plan_describe(struct plan_context *c, int from, const struct sdp *s, uint8_t i, struct plan_side *out);
// Keying lines of media line I and of the session, and the class of the line as an offer.
uint8_t plan_mechanisms(const struct sdp *s, uint8_t i);
enum keying_offer plan_offer_class(const struct sdp *s, uint8_t i, uint8_t mechanisms);
enum keying_answer plan_answer_class(const struct sdp *s, uint8_t i, uint8_t mechanisms);
enum plan_kind plan_kind_of(const struct sdp *s, uint8_t i);
// Can the Media Function carry this line (datagrams, one port)?
bool plan_carried(const struct sdp *s, uint8_t i);
// Is FORMAT of line I on the allow-lists of both peers? REAL false for events and comfort noise, which are no codecs.
bool plan_codec_allowed(const struct plan_context *c, const struct sdp *s, uint8_t i, struct span format, bool *real);
// SDES that we cannot authenticate in passing (several keys, parameters that change packets, a suite that we lack): anyone
// could switch the check off with it (MF-I1, MF-C2). NULL where control srtp of either peer is waived or in shadow.
const char *plan_sdes_unchecked(struct plan_context *c);
// The a=crypto lines of line I into O. REPLY for NULL ciphers and too many lines.
struct verdict plan_cryptos_read(const struct sdp *s, uint8_t i, struct plan_offered *o);
// Is SUITE on the list of the peer of SIDE (or the default list)? Its place, or -1.
int plan_suite_place(const struct plan_context *c, int side, uint8_t suite);
uint8_t plan_suites(const struct plan_context *c, int side, uint8_t out[MEDIA_SUITES_MAX]);

// source.c: may side FROM ask us to send to A? NULL, or static text.
const char *plan_source_check(struct plan_context *c, int from, const struct address *a);
// What the address we write towards side TO is, with PORT.
struct address plan_written_address(const struct plan_context *c, int to, uint16_t port);

// hidden.c: does TEXT hold something of core side FROM that must not cross (SF-C3)?
bool plan_holds_hidden(const struct plan_context *c, int from, struct bytes text);

// The proto text of line I as it is written for side TO.
struct bytes plan_written_proto(const struct plan_line *l, int to, const struct sdp *s, uint8_t i);
// Does a leg require SRTP, and no shadow or waiver softens that?
enum srtp_policy plan_srtp_policy(const struct plan_context *c, int side);

// rewrite.c: write S, from side FROM, for the other side, as table T says. ANSWER: it is one.
struct verdict plan_rewrite(struct plan_session *p, struct plan_context *c, const struct plan_table *t, int from,
	bool answer, const struct sdp *s, struct sdp_writer *out);

#endif
