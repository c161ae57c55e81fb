// SPDX-License-Identifier: Apache-2.0
// What the files of the SF share and nobody else sees: the worker's SF, calls, branches and requests under
// way.
//
// Ownership: a call owns its branches, its requests under way, its kept messages and its timers, and is
// freed in one place (call_free). Transactions point back at their owner until sf_tx_abandon().
#ifndef SF_INSIDE_H
#define SF_INSIDE_H

#include "sf/call.h"
#include "sf/leg.h"
#include "base/table.h"
#include "sf/options.h"

enum {
	SF_OUT_CAP = 96 * 1024,  // one message in the making: the largest that comes in, and what we add
	SF_BODY_CAP = 64 * 1024, // one session description in the making [octets]
	SF_RELAYS_PER_CALL = 8,  // requests under way in one call; more get 500 with Retry-After. Digits by INFO come one by
				 // one: 8 are two seconds' worth
	SF_HIDDEN_MAX = 8,       // texts of the sender that may not appear in what is copied
	SF_HIDDEN_MIN_LEN = 4,   // shorter ones would match by accident [octets]
	SF_CSEQ_GAP = 1024,      // after a restart our CSeq goes on this much higher
	SF_RING_DEFAULT_S = 180, // RFC3261#16.6: as Timer C
	SF_LEG_CALLED = 8,       // tokens: 0..7 caller's side of a branch, 8.. called side of an attempt
	SF_FULL_RETRY_S = 5,     // Retry-After when a table is full [s]
	SF_LINGER_SLACK_US = 128 * 1000, // ends of transactions share wake-ups: four a call would double those of a quiet worker [us]
};

struct message_body; // sf/message.h

// A boolean that does not matter here; the reason stands beside it.
#define IGNORE_BOOL(expr)                                                                                    \
	do {                                                                                                 \
		bool ignored_ = (expr);                                                                      \
		(void)ignored_;                                                                              \
	} while (0)

enum { SIDE_CALLER = 0, SIDE_CALLED = 1 };

enum oa_state {     // offer/answer of one branch (RFC 3264, RFC 6337)
	OA_NONE,    // no offer yet
	OA_OFFERED, // an offer of OA_BY waits for its answer
	OA_EARLY,   // the initial offer was answered in an unreliable provisional: the 2xx answers again
	OA_STABLE,
};

struct reliable { // a reliable provisional response of ours that waits for its PRACK (RFC 3262)
	struct timer timer;
	struct branch *branch;
	uint64_t interval_us, give_up_us;
	uint32_t rseq_out; // ours, towards the caller
	uint32_t rseq_in;  // the callee's, 0: made by us alone
	uint32_t cseq_in;  // CSeq number of the caller's INVITE
	bool local;        // PRACK ends here: the callee's provisional was not reliable
	uint32_t len;
	uint8_t octets[];
};

struct branch { // one early or confirmed dialog pair
	struct sf_branch pub;
	struct sf_call *call;
	struct pool_ref ref;
	struct sf_leg caller, called;
	uint8_t oa, oa_by;
	bool forked;       // counts in the fork_share of the called peer
	bool dead;         // ended by 199, BYE or failure: says no more
	bool media_open;   // port.sdp was called: port.media_end is due
	bool passed;       // a provisional of this branch reached the caller
	bool passed_media; // ... with a session description
	uint32_t rseq_in;  // last RSeq taken from the callee
	struct reliable *reliable;
	struct octets
		answer; // last description sent to the caller in an unreliable provisional or by interworking
};

struct ack_wait { // a 2xx to INVITE was passed on: repeated until its ACK comes (RFC3261#13.3.1.4)
	struct timer timer;
	struct sf_tx *server, *client;
	uint64_t interval_us, give_up_us;
	uint8_t asker;   // side that must acknowledge
	bool waiting;    // its ACK has not come
	bool answer_due; // the 2xx carried an offer: the answer comes in the ACK
	bool owed;       // our own ACK has not gone to the other side
	uint32_t cseq_in, cseq_out;
	struct octets answer; // the 2xx to repeat
	struct octets ack;    // ours, to repeat
};

enum path_state {
	PATH_AS_PLANNED,
	PATH_STREAM, // above the path limit (RFC3261#18.1.1)
	PATH_BACK,   // the stream could not be had: UDP after all
};

struct detour { // a request inside a dialog that went by a stream, as it would have gone by UDP
	struct sf_tx *tx; // that its branch belongs to, not started; NULL: it went by UDP after all
	struct hop hop;
	uint32_t len;
	uint8_t octets[];
};

struct early { // needed until the call is confirmed: where else to try, and the caller's INVITE
	uint8_t hop_count, hop_at, peer_count, peer_at;
	bool sips; // asked for by a sips URI: it stays one (RFC 5630)
	peer_id peer; // whose turn it is
	uint32_t ring_timeout_s, session_s, min_se_s;
	uint8_t path;              // enum path_state, of the present hop
	struct hop udp;            // PATH_STREAM: what the SED says
	char user[USER_MAX];
	const char *host;      // of the peer whose turn it is
	struct hop *hop;       // into the same block
	struct leg_peer *peers; // into the same block
	uint8_t *message; // into the same block
	uint32_t message_len;
};

enum waiting_for { WAIT_OFFER, WAIT_RESPONSE, WAIT_RELAY_REQUEST, WAIT_RELAY_RESPONSE, WAIT_ACK };

struct waiting {      // a message whose handling waits for the Media Function; one per direction
	uint8_t what; // enum waiting_for
	uint8_t branch;
	uint16_t status; // of a response
	struct sf_tx *tx;
	struct sf_relay *relay;
	uint32_t len;
	uint8_t octets[];
};

struct sf_relay { // a request under way: received and passed on, or our own
	struct sf *sf;
	struct pool_ref ref;
	struct sf_call *call; // NULL: standalone
	struct sf_relay *next;
	struct branch *branch;
	struct sf_tx *server, *client; // NULL: none
	enum sip_method method, sent;  // as it came, as it went on
	uint8_t asker;                 // side that asked
	uint8_t offer;                 // enum relay_offer
	bool refresh;                  // our own session refresh
	bool cancelled;                // the asker took it back
	bool done;                     // answered; stays while repeated answers may come
	bool prack;                    // PRACK that we made for an unreliable caller
	uint32_t cseq_in, cseq_out;
	struct option_asked asked;
	struct detour *detour; // NULL: none
	uint32_t rack;       // PRACK: the RSeq that it acknowledges
	peer_id peer_in;     // sender, where there is no branch
	struct early *early; // standalone: where else to try, and the request
};

enum relay_offer {
	RELAY_NO_OFFER,
	RELAY_OFFERED /* answer expected */,
	RELAY_LATE /* offer expected in the 2xx */
};

struct sf_call {
	struct sf *sf;
	struct pool_ref ref;
	uint8_t state; // enum sf_call_state
	uint8_t attempts;
	uint8_t confirmed; // index of the confirmed branch, SF_BRANCHES_MAX: none
	uint8_t end_side;
	uint8_t byes; // BYE transactions under way
	bool admitted, indexed, told, kept;
	bool cancel_wanted;      // CANCEL as soon as a provisional allows it (RFC3261#9.1)
	bool bye_due;            // BYE to the asker once its ACK came or cannot come (RFC3261#15)
	bool caller_199;         // the caller listed 199: early dialogs may end singly (RFC 6228)
	bool caller_must_100rel; // ... requires reliable provisionals
	uint16_t final_status;
	const char *end_reason;
	peer_id admitted_peer, owner; // OWNER: counts in its call_share
	uint64_t start_ms, answer_ms, end_ms, start_us, answer_us, end_us;
	uint32_t cseq_in;              // of the caller's INVITE
	struct sf_tx *server, *client; // of the initial INVITE
	struct early *early;
	struct sf_relay *relays;
	struct sf_relay *invite; // re-INVITE (or one made of an UPDATE) under way
	struct waiting *wait[2];
	struct ack_wait ack;
	struct timer ring, session;
	struct branch *branch[SF_BRANCHES_MAX];
	char from_number[NUMBER_MAX], to_number[NUMBER_MAX];
	struct trail trail;
};

struct local_text { // "host:port" that we give out for one listener, transport and family
	char text[ADDRESS_TEXT_MAX];
	uint8_t len;
};

struct sf {
	struct sf_config config;
	const struct snapshot *snapshot;
	// What one peer may have of the transactions (who caused them), of the calls (the caller's) and of the branches
	// beyond the first of their calls (the called peer).
	struct share tx_share, call_share, fork_share;
	struct timer_wheel *wheel, *linger; // linger: what may fire up to SF_LINGER_SLACK_US late
	struct sf_tx_table *tx;
	struct pool *calls, *branches, *relays;
	struct table *by_call_id;
	uint8_t *out, *body;
	struct sip_msg *again; // a kept message, parsed once more
	bool draining;
	struct now now; // of the last event, for alarms of steps that have no time of their own
	uint64_t restore_dropped;
	struct local_text local[LISTENERS_MAX][TRANSPORT_COUNT][2]; // IPv4, IPv6
};

struct call_event { // what a handler of the call table gets
	const struct sip_msg *m;
	struct sf_tx *tx;
	struct branch *branch;
	const struct origin *origin;
	uint8_t side;       // who sent it
	uint16_t status;    // of a failure without message
	const char *reason; // static
	const struct now *now;
};

enum call_event_id {
	CALL_PROVISIONAL,
	CALL_ANSWER,
	CALL_FAILURE,
	CALL_CLIENT_GONE,
	CALL_CANCEL,
	CALL_RING_TIMEOUT,
	CALL_ACK,
	CALL_NO_ACK,
	CALL_BYE,
	CALL_REINVITE,
	CALL_UPDATE,
	CALL_PRACK,
	CALL_REQUEST,
	CALL_SESSION_DUE,
	CALL_HANGUP,
	CALL_EVENTS,
};

typedef void (*call_h)(struct sf_call *c, struct call_event *e);

// ---- call.c, call_table.c, sf.c ----
// EVENT happens to C: the handler of its state runs, and C may be gone afterwards.
void call_event(struct sf_call *c, enum call_event_id id, struct call_event *e);
struct sf_call *call_new(struct sf *sf, peer_id owner, const struct now *now); // OWNER: whose share it takes
void call_free(struct sf_call *c); // with all that it owns; sends nothing
struct branch *branch_new(struct sf_call *c, uint8_t index); // NULL: no memory or taken
void branch_fork_end(struct branch *b);                      // it is the only one of its call: no share is due
void branch_free(
	struct sf_call *c, uint8_t index, const struct now *now); // NOW: requests under way are answered 481
void branch_kill(struct branch *b);                               // no more messages; media released
struct branch *call_confirmed(struct sf_call *c); // NULL: none yet
void call_index(struct sf_call *c);               // found by the caller's Call-ID from here on
void call_leg_aim(struct sf_call *c, struct sf_leg *l); // leg_aim, with an alarm for a foreign address
void call_leg_tag(struct sf_call *c, struct sf_leg *l); // seal L's tag
bool octets_set(struct octets *o, struct bytes b);      // false: no memory, O is empty
void sf_octets_free(struct octets *o); // O is empty then
// The session is over: media, record, admission. Messages may still follow.
void call_over(struct sf_call *c, uint8_t side, uint16_t status, const char *reason, const struct now *now);
void call_settle(struct sf_call *c); // free it when nothing is under way any more
void call_keep(struct sf_call *c);   // the confirmed dialog changed
void call_session_arm(struct sf_call *c, const struct now *now); // the session timer of a leg has changed (RFC 4028)
struct branch *branch_of(
	struct sf_call *c, const struct sip_msg *m); // the called dialog of a response or request, by its tag
uint32_t sf_session_s(const struct sf *sf, peer_id peer); // interval that we want with PEER [s]
uint32_t sf_min_se_s(const struct sf *sf, peer_id peer);  // the least that we take from it [s]
// The functions of the port.
void sf_random(struct sf *sf, void *out, size_t n);
void sf_alarm(struct sf *sf, enum sf_alarm alarm, peer_id peer, const struct now *now);

// ---- call_invite.c ----
// A leg to PEER over HOP, not yet in use.
void leg_open(struct sf_call *c, struct sf_leg *l, uint8_t side, uint8_t token_leg, const struct hop *hop,
	peer_id peer);
bool call_try_again(struct sf_call *c, const struct now *now); // the same hop once more
void call_offer(
	struct sf_call *c, const struct sip_msg *m, const struct now *now); // media, then the next hop
// The final answer STATUS to the caller's INVITE, with what passes of M (NULL: our own, Retry-After RETRY_S unless 0).
void call_reject(
	struct sf_call *c, uint16_t status, uint32_t retry_s, const struct sip_msg *m, const struct now *now);
// That, CANCEL to the called side, and the call is over for REASON (static). SIDE: who ended it, 2 we.
void call_refuse_early(
	struct sf_call *c, uint16_t status, uint8_t side, const char *reason, const struct now *now);
struct bytes caller_tag(struct sf_call *c); // To tag of what we answer before a branch is chosen
extern const struct sf_tx_user call_server_events;

// ---- call_provisional.c, call_answer.c, call_failure.c, call_ack.c ----
// Handlers (..._h) stand in the table of call_table.c, by state and event.
void call_provisional_h(struct sf_call *c, struct call_event *e);
void call_answer_h(struct sf_call *c, struct call_event *e);
void call_drop_answer(
	struct sf_call *c, const struct sip_msg *m, const struct now *now); // ACK and BYE a 2xx nobody wants
void call_extra_answer_h(struct sf_call *c, struct call_event *e);  // another 2xx: repeated, or of a fork that lost
void call_ending_answer_h(struct sf_call *c, struct call_event *e); // a 2xx that crossed our CANCEL
void call_failure_h(struct sf_call *c, struct call_event *e);
// A 2xx, ANSWER, went to ASKER on SERVER: repeat it until the ACK comes (RFC3261#13.3.1.4). CLIENT: whose 2xx we acknowledge
// then; ANSWER_DUE: its answer comes in that ACK. CSEQ_IN, CSEQ_OUT: of the two INVITEs.
void ack_begin(struct sf_call *c, struct sf_tx *server, struct sf_tx *client, uint8_t asker, uint32_t cseq_in,
	uint32_t cseq_out, bool answer_due, struct bytes answer, const struct now *now);
void ack_end(struct sf_call *c); // nothing is repeated any more
// ACK a 2xx in leg L, with BODY or none; KEEP: remember it for repeated 2xx.
void ack_send(struct sf_call *c, struct sf_leg *l, uint32_t cseq, const struct message_body *body, bool keep,
	const struct now *now);
void ack_owed(struct sf_call *c, const struct now *now); // send the ACK that is owed, if any, without body
void ack_repeat(struct sf_call *c, const struct now *now); // the 2xx came again: our ACK once more
// The asker's ACK M: hand on its answer, if one is due, and acknowledge the other side. May wait for media.
void call_ack(struct sf_call *c, const struct sip_msg *m, const struct now *now);
void call_ack_h(struct sf_call *c, struct call_event *e);
void call_no_ack_h(struct sf_call *c, struct call_event *e);

// ---- call_bye.c ----
void call_bye_h(struct sf_call *c, struct call_event *e);
void call_bye_early_h(struct sf_call *c, struct call_event *e);
void call_bye_crossing_h(struct sf_call *c, struct call_event *e); // while ours is under way
void call_hangup_h(struct sf_call *c, struct call_event *e);
void call_hangup_early_h(struct sf_call *c, struct call_event *e);
// BYE in leg L, with what passes of FROM (a BYE of the other side, or NULL); put off while L owes us an ACK
// (RFC3261#15).
void leg_bye(struct sf_call *c, struct sf_leg *l, const struct sip_msg *from, const struct now *now);
// End a confirmed call from here: both legs get BYE.
void call_end(struct sf_call *c, uint8_t side, uint16_t status, const char *reason, const struct now *now);

// ---- call_reinvite.c ----
void call_reinvite_h(struct sf_call *c, struct call_event *e);
void call_update_h(struct sf_call *c, struct call_event *e);
void call_session_due_h(struct sf_call *c, struct call_event *e); // refresh, or end what was not refreshed

// ---- relay.c ----
struct sf_relay *relay_new(struct sf *sf, struct sf_call *c); // C NULL: standalone. NULL: no room
void relay_free(struct sf_relay *r);                          // its transactions run on by themselves
void relay_request_h(struct sf_call *c, struct call_event *e);
void relay_begin(
	struct sf_relay *r, const struct sip_msg *m, const struct now *now); // pass M on (again after WAIT)
void relay_answer(struct sf_relay *r, const struct sip_msg *m, const struct now *now); // M: any response to it
// It has failed with STATUS: answer the asker, and end the call where STATUS means so (RFC3261#12.2.1.2). R is freed.
void relay_failure(struct sf_relay *r, const struct sip_msg *m, uint16_t status,
	const struct now *now);            // M NULL: none came
void relay_offer_back(struct sf_relay *r); // its offer was refused: the session is as before
bool relay_carries_session(enum sip_method m); // may a description in it be an offer or answer?
void relay_reply(struct sf_relay *r, uint16_t status, uint32_t retry_s, const struct now *now); // of our own
extern const struct sf_tx_user relay_server_events, relay_client_events;
// What the kept request listed; parsed once more, into SF->again.
struct option_asked early_asked(struct sf *sf, const struct early *e);
// A copy of request M and of the hops of PLAN. E_NO_MEMORY.
result early_new(struct sf *sf, struct early **out, const struct sip_msg *m, const struct leg_plan *plan);
// The final answer to a standalone request or a probe; M NULL: none came.
void standalone_answer(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now);
// The same to our own session refresh.
void refresh_answer(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now);
// From, To and Request-URI of a request to the hop that EARLY points at, as texts of L.
result called_texts(struct sf *sf, const struct early *early, struct sf_leg *l, const struct sip_msg *m,
	struct pool_ref ref);
// Answer request M in dialog leg L from here: a server transaction, STATUS, and done. CONTACT, ALLOW as
// asked.
void dialog_reply(
	struct sf_call *c, struct sf_leg *l, const struct call_event *e, uint16_t status, uint32_t retry_s);
// Send METHOD in leg TO with what passes of FROM (NULL: our own) and BODY. False: no room.
bool relay_send(struct sf_relay *r, struct sf_leg *to, enum sip_method method, const struct sip_msg *from,
	const struct message_body *body, const struct now *now);
void relays_end(
	struct sf_call *c, const struct now *now); // the call is over: what is under way is answered 487
void relay_cancel(struct sf *sf, struct sf_tx *tx,
	const struct now *now); // the re-INVITE of server transaction TX is taken back
void relay_start(struct sf_call *c, struct call_event *e, enum sip_method method); // pass the request of E on as METHOD
bool call_leg_update(struct sf_call *c, struct sf_leg *l, const struct sip_msg *m); // target refresh (RFC3261#12.2)

// ---- turn.c ----
void turn_begin(const struct sf *sf, struct early *e);     // the first peer's turn
bool turn_next(const struct sf *sf, struct early *e);      // the next hop, of the same peer or of the next; false: there is none
bool turn_next_peer(const struct sf *sf, struct early *e); // the next peer's first hop; false: there is none
// The peer whose turn it is admits the call, or one that comes after him does; false: none does.
bool call_admit(struct sf_call *c, const struct now *now);
bool call_next_hop(struct sf_call *c, const struct now *now);  // turn_next and call_admit
bool call_next_peer(struct sf_call *c, const struct now *now); // turn_next_peer and call_admit

// ---- path.c ----
// Where a request of LEN octets to PEER goes instead of HOP; false: HOP is right.
bool path_stream(const struct sf *sf, const struct hop *hop, peer_id peer, size_t len, struct hop *stream);
// The hop that E points at becomes a stream; false: it stays.
bool path_leave_udp(const struct sf *sf, struct early *e, size_t len);
bool path_return(struct early *e); // it is again what it was; false: it was no stream of ours
struct detour *detour_new(struct sf_tx *tx, const struct hop *hop, struct bytes octets); // NULL: no memory
void detour_end(struct sf_relay *r);                         // it is not needed any more
bool detour_back(struct sf_relay *r, const struct now *now); // send it; false: there is none

// ---- reliable.c ----
// Send OCTETS, a provisional with our RSeq, to the caller and repeat it until its PRACK (RFC3262#3). RSEQ_IN: the callee's, 0 none.
// False: no memory.
bool reliable_send(struct branch *b, struct bytes octets, uint32_t rseq_in, const struct now *now);
void reliable_end(struct branch *b); // it is acknowledged, or not wanted any more
void relay_prack(struct sf_call *c, struct call_event *e,
	uint32_t rseq); // pass a PRACK on, for the called side's RSEQ
void call_prack_h(struct sf_call *c, struct call_event *e);
// PRACK of our own for the callee's RSEQ: the caller does not know them. False: no room.
bool prack_send(struct branch *b, uint32_t rseq, uint32_t cseq, const struct now *now);

// ---- wait.c: a kept message is handled again ----
void call_response_again(struct sf_call *c, struct sf_tx *tx, const struct sip_msg *m, const struct now *now);
// Keep M (NULL: the INVITE, which the call has) from SIDE until sf_media_ready(). False: one waits already, or no memory.
bool wait_keep(struct sf_call *c, uint8_t side, enum waiting_for what, uint8_t branch, struct sf_tx *tx,
	struct sf_relay *r, const struct sip_msg *m);
void wait_drop(struct sf_call *c, uint8_t side); // what was kept is not handled any more

// ---- loop.c, refuse.c ----
// 482 when M carries an identifier that we gave out (SF-A4), 440 when its breadth is used up (RFC5393#5.3). A topmost Via
// that names neither O nor another address of PEER is told as an alarm.
struct verdict sf_check_loop(
	struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer, const struct now *now);
// 420 when M requires what does not work between FROM and TO (PEER_NONE: it is for us, RFC3261#8.2.2.3), 421 when an
// INVITE lacks what FROM has to support; sf_refuse() names the tags.
struct verdict sf_check_options(const struct sf *sf, const struct sip_msg *m, peer_id from, peer_id to);
// The tags of M, a request from FROM to TO (as above), that are refused (420); written to W. False: none.
bool sf_refused_options(
	const struct sf *sf, const struct sip_msg *m, peer_id from, peer_id to, struct sip_writer *w);

// ---- small helpers ----
const struct peer *sf_peer(const struct sf *sf, peer_id id); // NULL: none
bool sf_core(const struct sf *sf, peer_id id); // does the peer stand in a core zone?
// How header fields and option tags fare from FROM to TO.
struct sip_hdr_way sf_way(const struct sf *sf, peer_id from, peer_id to);
option_set sf_required(const struct sf *sf, peer_id id); // rows that the peer must support
static inline struct sf_leg *branch_leg(struct branch *b, uint8_t side)
{
	return side == SIDE_CALLER ? &b->caller : &b->called;
}

#endif
