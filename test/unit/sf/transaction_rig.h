// SPDX-License-Identifier: Apache-2.0
// A transaction table on a fake network and clock, for the tests of the machines: what is sent and told is
// written down.
#ifndef TEST_UNIT_SF_TRANSACTION_RIG_H
#define TEST_UNIT_SF_TRANSACTION_RIG_H

#include "sf/transaction.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { RIG_OCTETS = 4096, RIG_LOG = 64 };
enum { RIG_PEER = 7, RIG_OTHER_PEER = 8, RIG_ZONE = 1, RIG_LISTENER = 2 };

struct rig {
	struct sf_tx_table *table;
	struct timer_wheel *wheel;
	struct sf_token_keys *keys;
	struct sf_port port;
	struct now now;
	bool send_fails;
	uint32_t sends, alarms[SF_ALARM_COUNT];
	char sent[RIG_OCTETS]; // the last one, as text
	struct hop sent_to;
	struct sf_cookie cookie;
	uint32_t told_response, told_timeout, told_unreachable, told_ack, told_ended; // calls of the user
	uint16_t last_status;
	void (*on_response)(struct rig *r, struct sf_tx *tx); // what the user does in the callback
	void (*on_ended)(struct rig *r);
};

extern const struct sf_tx_user rig_user;

struct rig_msg { // a parsed message and its octets
	struct sip_msg msg;
	char octets[RIG_OCTETS];
};

bool rig_try(struct rig *r, uint32_t max); // false: out of memory
void rig_new(struct rig *r, uint32_t max);
void rig_free(struct rig *r);
void rig_wait(struct rig *r, uint64_t us); // the clock goes on, timers fire one by one
void rig_run(struct rig *r);               // the wheel runs, the clock stands
struct origin rig_origin(enum transport t);
struct hop rig_hop(enum transport t);

// A request from the far side: METHOD, branch behind the cookie, sent-by, To tag or "".
void rig_request(
	struct rig_msg *m, const char *method, const char *branch, const char *to_tag, uint32_t cseq);
void rig_parse(struct rig_msg *m, const char *format, ...) PRINTF_LIKE(2, 3);
// A response to the last request sent (its Via, From, Call-ID, CSeq); METHOD of its CSeq.
void rig_response(struct rig *r, struct rig_msg *m, uint16_t status, const char *branch, const char *method);
// A client transaction whose request has been sent; BRANCH[SF_BRANCH_LEN + 1] gets its text.
struct sf_tx *rig_client(struct rig *r, enum sip_method method, enum transport t, char *branch);
struct sf_tx *rig_server(struct rig *r, const struct rig_msg *m, enum transport t);
void rig_respond(struct rig *r, struct sf_tx *tx, uint16_t status);
// All three gates for M from the right place.
void rig_deliver(struct rig *r, const struct rig_msg *m, enum transport t);

#endif
