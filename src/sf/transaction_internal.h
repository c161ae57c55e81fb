// SPDX-License-Identifier: Apache-2.0
// The inside of a transaction, for the files sf/transaction*.c and the test that walks every cell of the
// tables.
//
// A transaction is freed only by a timer: entry points may end it, but its memory lives until the wheel runs
// next. So no callback and no caller ever holds a pointer that died under it during a call.
#ifndef SF_TRANSACTION_INTERNAL_H
#define SF_TRANSACTION_INTERNAL_H

#include "base/table.h"
#include "sf/transaction.h"

enum { SF_TX_KEY_LEN = 16 }; // SipHash-2-4 with 128 bits of output

enum sf_tx_state {      // of all machines; each uses some
	SF_TX_RESERVED, // client: branch given out, nothing sent
	SF_TX_CALLING,
	SF_TX_TRYING,
	SF_TX_PROCEEDING,
	SF_TX_COMPLETED,
	SF_TX_CONFIRMED,
	SF_TX_ACCEPTED,   // RFC 6026
	SF_TX_TERMINATED, // waits for the wheel to free it; no event reaches it
	SF_TX_STATES = SF_TX_TERMINATED,
};

enum sf_tx_event {            // of all machines
	SF_TX_EV_START,       // client: send the request
	SF_TX_EV_PROVISIONAL, // client: 1xx came
	SF_TX_EV_SUCCESS,     // client: 2xx came
	SF_TX_EV_FAILURE,     // client: 300-699 came
	SF_TX_EV_CANCEL,      // client: the user wants a CANCEL sent
	SF_TX_EV_REQUEST,     // server: the request came again
	SF_TX_EV_ACK,         // server: ACK of a non-2xx came
	SF_TX_EV_SEND_1XX,    // server: the user answers
	SF_TX_EV_SEND_2XX,
	SF_TX_EV_SEND_FAILURE,
	SF_TX_EV_REPEAT,       // timers A, E, G
	SF_TX_EV_EXPIRE,       // timers B, F, H
	SF_TX_EV_LINGER,       // timers D, I, J, K
	SF_TX_EV_ACCEPTED_END, // timers L, M
	SF_TX_EV_CANCEL_END,   // 64*T1 after CANCEL (RFC3261#9.1), or after the user went away while it rang
	SF_TX_EV_ORPHAN,       // 64*T1 after the user went away without an answer (SF-A5)
	SF_TX_EV_FAULT,        // the transport failed
	SF_TX_EVENTS,
};

struct sf_tx_input { // what comes with an event
	const struct now *now;
	const struct sip_msg *msg; // response
	struct bytes octets;       // to be sent
	const struct hop *hop;     // START
};

struct sf_tx {
	struct sf_tx_table *table;
	const struct sf_tx_user *events; // NULL: the user went away
	void *user;
	struct pool_ref ref;
	struct pool_ref cancel; // INVITE client: the transaction of its CANCEL
	uint8_t kind;           // enum sf_tx_kind
	uint8_t state;          // enum sf_tx_state
	uint8_t method;         // enum sip_method
	uint8_t life_event;     // enum sf_tx_event that the life timer stands for
	bool cancel_wanted;
	bool keyed, merged; // stands in the tables
	zone_id zone;
	peer_id cause; // see sf_tx_charge()
	struct hop hop;
	uint32_t interval_us; // of the next retransmission
	uint32_t octets_len;
	uint8_t *octets;  // last sent, as long as it may be sent again
	struct reply_head head; // server: until the final answer
	struct timer repeat, life, fault;
	uint8_t key[SF_TX_KEY_LEN], merge[SF_TX_KEY_LEN]; // server
};

struct sf_tx_table {
	struct pool *pool;
	struct table *by_key, *by_merge; // server transactions
	struct timer_wheel *wheel, *linger; // see struct sf_tx_config; may be the same
	struct sf_token_keys *keys;
	const struct sf_port *port;
	struct share *share;
	uint64_t now_us; // of the last event
	uint8_t worker;
	uint8_t secret[TABLE_SECRET_LEN];
};

typedef void (*sf_tx_handler)(struct sf_tx *tx, const struct sf_tx_input *in);

struct sf_tx_cell {
	sf_tx_handler run;
	const char *name;
};
#define SF_TX_CELL(handler)                                                                                  \
	{                                                                                                    \
		handler, #handler                                                                            \
	}

typedef struct sf_tx_cell sf_tx_row[SF_TX_EVENTS]; // a cell without handler is not of this machine

struct sf_tx_machine {
	const char *name;
	uint32_t states;      // bit n: has state n
	uint32_t events;      // bit n: has event n
	const sf_tx_row *row; // [SF_TX_STATES]
};
extern const struct sf_tx_machine sf_tx_invite_client, sf_tx_invite_server, sf_tx_client, sf_tx_server;

static inline bool sf_tx_reliable(const struct sf_tx *tx)
{
	return transport_is_stream(tx->hop.transport);
}

// ---- transaction.c: what all machines do
// -----------------------------------------------------------------------

// Let EVENT happen to TX; nothing when it is terminated.
void sf_tx_fire(struct sf_tx *tx, enum sf_tx_event event, const struct sf_tx_input *in);
const char *sf_tx_event_name(enum sf_tx_event event); // tests
// A zeroed transaction. E_FULL, E_NO_MEMORY.
MUST_USE result sf_tx_make(
	struct sf_tx_table *t, enum sf_tx_kind kind, enum sip_method method, struct sf_tx **out);
void sf_tx_terminate(struct sf_tx *tx); // the next run of the wheel frees it
void sf_tx_release(struct sf_tx *tx);   // free it now, untold: only when nobody knows of it yet
void sf_tx_send(struct sf_tx *tx, struct bytes octets, const struct now *now);
void sf_tx_send_kept(struct sf_tx *tx, const struct now *now);
// Keep a copy of OCTETS for sf_tx_send_kept(), instead of what was kept. False: out of memory, nothing is
// kept.
bool sf_tx_keep(struct sf_tx *tx, struct bytes octets);
void sf_tx_drop_octets(struct sf_tx *tx);
void sf_tx_drop_head(struct sf_tx *tx);
void sf_tx_arm_repeat(struct sf_tx *tx, uint32_t interval_us, const struct now *now);
void sf_tx_arm_life(struct sf_tx *tx, enum sf_tx_event event, uint64_t at_us);
// A failure met while sending: it happens to TX at the next run of the wheel, not under its user's feet.
void sf_tx_arm_fault(struct sf_tx *tx);

// Handlers that several machines share.
void sf_tx_ignore(struct sf_tx *tx, const struct sf_tx_input *in);
void sf_tx_end(struct sf_tx *tx, const struct sf_tx_input *in);
void sf_tx_time_out(struct sf_tx *tx, const struct sf_tx_input *in);    // tell the user, end
void sf_tx_unreachable(struct sf_tx *tx, const struct sf_tx_input *in); // tell the user, end

// ---- transaction_match.c
// ----------------------------------------------------------------------------------------

// Into the tables. E_DUPLICATE, E_FULL, E_NO_MEMORY.
MUST_USE result sf_tx_link(struct sf_tx *tx, const struct sip_msg *m);
void sf_tx_unlink(struct sf_tx *tx);
bool sf_tx_match_key(const void *value, struct bytes key);
bool sf_tx_match_merge(const void *value, struct bytes key);

// ---- transaction_octets.c: hop-by-hop requests made from a kept INVITE
// ----------------------------------------

// The ACK of non-2xx RESPONSE to the INVITE kept in TX (RFC3261#17.1.1.3). OUT is the caller's,
// memory_free().
MUST_USE result sf_tx_write_ack(const struct sf_tx *tx, const struct sip_msg *response, struct bytes *out);
// The CANCEL of the INVITE kept in TX (RFC3261#9.1). OUT is the caller's, memory_free().
MUST_USE result sf_tx_write_cancel(const struct sf_tx *tx, struct bytes *out);
// The length of the header of a message, empty line included.
uint32_t sf_tx_head_len(struct bytes message);

#endif
