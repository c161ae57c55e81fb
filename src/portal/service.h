// SPDX-License-Identifier: Apache-2.0
// What a querier may ask of the portal, and what he is answered: pure, without sockets or clock.
//
// The transport (HTTPS with mutual TLS) hands in method, target and the peer that the certificate proved. A look-up becomes one
// question to the directory in that peer's name, so that the view is his (LUF-C2); its answer holds the target domain and the
// routing number, and of addresses our own ingress alone, for those who may have our profile (R5, LRF-C1). Nobody, not for
// you, no right to ask and no such route are one and the same answer, octet by octet (LUF-C1).
#ifndef PORTAL_SERVICE_H
#define PORTAL_SERVICE_H

#include "base/clock.h"
#include "base/gcra.h"
#include "luf/harvest.h"
#include "registry/snapshot.h"
#include "terms/ipc_lookup.h"

enum {
	SERVICE_TARGET_MAX = 512,      // [octets] of a request target; the longest URI that we route by fits
	SERVICE_LOOKUP_BURST = 10,     // look-ups at once, whatever the rate
	SERVICE_DEADLINE_MS = 3000,    // [ms] that the directory has for an answer
	SERVICE_NUMBER_SHOWN = 6,      // [octets] of a number in the journal: country and area, never a subscriber
	SERVICE_RETRY_S = 1,           // [s] a budget per second is refilled by then
};

struct service_querier { // proved by its certificate
	peer_id peer;
	const struct service_rights *rights;
	struct gcra *budget; // of this peer, over all its connections
	struct luf_harvest *harvest; // likewise: does he go through our numbers (LUF-C1)?
};

struct service_reply {
	uint16_t status;
	uint32_t retry_after_s; // 0: no such header field
	char *body;             // JSON, NUL-terminated; free with free(); NULL: out of memory, close the connection
};

enum service_next {
	SERVICE_REPLY,   // REPLY is filled in
	SERVICE_ASK,     // send ASK to the directory, its answer to service_answer
	SERVICE_PROFILE, // the querier's signed profile
};

// What to do with a whole, authenticated request. METHOD and TARGET as they stood. S is the snapshot in use.
enum service_next service_request(const struct snapshot *s, const struct service_querier *q, struct bytes method, struct bytes target,
	const struct now *now, struct ipc_lookup *ask, struct service_reply *reply);
// The reply to what the directory answered; ANSWER NULL: it did not within its deadline. ASK is the question.
void service_answer(const struct snapshot *s, const struct service_querier *q, const struct ipc_lookup *ask,
	const struct ipc_lookup *answer, const struct now *now, struct service_reply *reply);
// Other refusals in the same form: "none" (404), which tells nothing, and "later" (503).
void service_none(struct service_reply *reply);
void service_later(struct service_reply *reply);

#endif
