// SPDX-License-Identifier: Apache-2.0
// The four transaction machines (RFC3261#17 with RFC 6026), each one table: state x event -> handler.
//
// Requests find their server transaction by (top Via branch, sent-by, method) under a keyed hash; responses
// find their client transaction by the sealed token in our branch. A response counts only from where the
// request went (SF-I5 to SF-I8): the same address and port over UDP, the same connection (or one
// authenticated as the same peer) over streams. All tables are bounded. Octets of sent messages are kept for
// retransmission.
#ifndef SF_TRANSACTION_H
#define SF_TRANSACTION_H

#include "base/share.h"
#include "base/timer.h"
#include "sf/port.h"
#include "sf/reply_head.h"
#include "sf/token.h"
#include "wire/sip/sip.h"

enum { // RFC3261#A [us]; T1 may be raised by no one, tests run on a fake clock
	SF_T1_US = 500 * 1000,
	SF_T2_US = 4000 * 1000,
	SF_T4_US = 5000 * 1000,
};

enum sf_tx_kind { SF_TX_INVITE_CLIENT, SF_TX_INVITE_SERVER, SF_TX_CLIENT, SF_TX_SERVER, SF_TX_KINDS };

struct sf_tx;       // opaque
struct sf_tx_table; // one per worker

// What the transaction tells its user (the call, or a relay); USER is what was given at creation. A
// transaction is freed by the wheel alone, so TX lives through every call here and through every function
// below; after `ended` it must not be touched.
struct sf_tx_user {
	void (*response)(
		void *user, struct sf_tx *tx, const struct sip_msg *m, const struct now *now); // client
	void (*timeout)(
		void *user, struct sf_tx *tx, const struct now *now); // timers B, F: as a 408; H: no ACK
	void (*unreachable)(
		void *user, struct sf_tx *tx, const struct now *now);     // transport failure: as a 503
	void (*ack)(void *user, struct sf_tx *tx, const struct now *now); // non-2xx was acknowledged
	void (*ended)(void *user, struct sf_tx *tx);                      // tx is gone after this
};

enum sf_tx_match {
	SF_TX_NEW,         // no transaction: go on through the gates
	SF_TX_ABSORBED,    // a retransmission, or the ACK of a non-2xx: done
	SF_TX_CANCEL,      // CANCEL whose INVITE transaction is *TX (RFC3261#9.2)
	SF_TX_CANCEL_NONE, // CANCEL that matches nothing: 481
	SF_TX_ACK_2XX,     // ACK that is not hop by hop: an in-dialog request for the dialog layer
	SF_TX_MERGED,      // same Call-ID, From tag and CSeq of the same peer by another way: 482 (RFC3261#8.2.2.2)
	SF_TX_FOREIGN,     // would match, but from another peer or address: dropped and alarmed
	SF_TX_OLD_BRANCH,  // top Via branch without the magic cookie (RFC 2543): 400; an ACK is dropped
};

struct sf_tx_config {
	uint32_t max; // transactions alive at once
	uint8_t worker;
	struct timer_wheel *wheel;
	// Timers D and I to M, which only end what is over: they may fire late. NULL: on WHEEL like the others.
	struct timer_wheel *linger;
	struct sf_token_keys *keys;
	const struct sf_port *port;
	struct share *share; // counts them for the peer that caused each; NULL: nobody asks
	uint8_t secret[16];  // for the keyed hash
};

MUST_USE result sf_tx_table_new(struct sf_tx_table **out, const struct sf_tx_config *config);
void sf_tx_table_free(struct sf_tx_table *t); // ends all without telling users
uint32_t sf_tx_count(const struct sf_tx_table *t);

// PEER is the identified peer of ORIGIN (PEER_NONE never reaches this).
enum sf_tx_match sf_tx_match_request(struct sf_tx_table *t, const struct sip_msg *m,
	const struct origin *origin, peer_id peer, const struct now *now, struct sf_tx **tx);
// A server transaction for request M; answers go back as RFC3261#18.2.2 and RFC 3581 say, on the same flow.
// E_FULL.
MUST_USE result sf_tx_server_new(struct sf_tx_table *t, const struct sip_msg *m, const struct origin *origin,
	peer_id peer, const struct sf_tx_user *events, void *user, const struct now *now, struct sf_tx **out);
// Send response OCTETS with STATUS through the server transaction; kept and repeated as the machine says. A
// 2xx to INVITE is repeated by its user. The user answers an INVITE within 200 ms (RFC3261#17.2.1): no 100 is
// formed here. A 408 to another method is never sent (RFC4320#4.2).
void sf_tx_respond(struct sf_tx *tx, struct bytes octets, uint16_t status, const struct now *now);

// Reserve a client transaction so that its branch token can be written into the request. BRANCH receives
// "z9hG4bK" and SF_TOKEN_LEN octets (34 in all, no NUL). E_FULL.
enum { SF_BRANCH_LEN = 7 + SF_TOKEN_LEN };
MUST_USE result sf_tx_client_new(struct sf_tx_table *t, enum sip_method method, peer_id peer,
	const struct sf_tx_user *events, void *user, char branch[SF_BRANCH_LEN], struct sf_tx **out);
// Send the request OCTETS (which bear that branch) to HOP and start the machine.
void sf_tx_client_start(struct sf_tx *tx, const struct hop *hop, struct bytes octets, const struct now *now);

// PEER caused TX: it counts for its share of the table. A server transaction is the sender's from the start, a CANCEL is
// of who caused its INVITE, others are nobody's until somebody says.
void sf_tx_charge(struct sf_tx *tx, peer_id peer);

// Response gates, in this order (RFC3261#17.1.3):
// 1. token: E_FORGED when the branch is none of ours, E_STALE when its transaction is gone.
MUST_USE result sf_tx_find_response(struct sf_tx_table *t, const struct sip_msg *m, struct sf_tx **out);
// 2. came from where the request went, with one Via, and the CSeq method fits. E_FORGED.
//    LOOSE (waiver response-source): over UDP any address of the same peer.
MUST_USE result sf_tx_check_response(const struct sf_tx *tx, const struct sip_msg *m,
	const struct origin *origin, peer_id peer, bool loose);
// 3. hand it to the machine.
void sf_tx_response(struct sf_tx *tx, const struct sip_msg *m, const struct now *now);

// The transport could not deliver what was sent with COOKIE; told at the next run of the wheel.
void sf_tx_undeliverable(struct sf_tx_table *t, struct sf_cookie cookie, const struct now *now);
// The user goes away: no more events, `ended` neither; the machine runs on by itself (absorbs
// retransmissions, ACKs non-2xx) and ends after 64*T1 where it would wait for its user (SF-A5).
void sf_tx_abandon(struct sf_tx *tx);
// CANCEL of an INVITE client transaction: same branch, Request-URI, Via, To, From, Call-ID, CSeq number,
// Route; made from the kept octets. Before the first provisional the wish is kept; after a final answer
// nothing is sent. No final answer for 64*T1 after the CANCEL ends it as a time-out (RFC3261#9.1).
void sf_tx_cancel(struct sf_tx *tx, const struct now *now);
// The USER given at creation; NULL after sf_tx_abandon(). CANCEL finds its call by it.
void *sf_tx_owner(const struct sf_tx *tx);
enum sf_tx_kind sf_tx_kind(const struct sf_tx *tx);
const char *sf_tx_state_name(const struct sf_tx *tx); // tests
const struct hop *sf_tx_hop(const struct sf_tx *tx); // client: where it was sent; server: where answers go
struct bytes sf_tx_octets(const struct sf_tx *tx);   // what may be sent again; empty when nothing may
// Server: what responses to its request repeat; empty after the final answer.
const struct reply_head *sf_tx_head(const struct sf_tx *tx);
// The tables, for generated pictures and the (state, event) coverage test.
void sf_tx_describe(void (*cell)(const char *machine, const char *state, const char *event,
			    const char *handler, void *ctx),
	void *ctx);

#endif
