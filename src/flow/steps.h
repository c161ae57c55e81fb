// SPDX-License-Identifier: Apache-2.0
// The lists of gates, and what one message carries on its way through them.
#ifndef FLOW_STEPS_H
#define FLOW_STEPS_H

#include "base/clock.h"
#include "registry/snapshot.h"
#include "sf/sf.h"
#include "terms/media.h"
#include "terms/route.h"
#include "terms/verdict.h"
#include "wire/sip/sip.h"

#include <stdatomic.h>

struct flow;

struct passage { // one message on its way through the house
	struct flow *flow;
	const struct now *now;
	const struct origin *origin;
	const uint8_t *octets;
	uint32_t size;
	struct sip_msg *msg;
	struct sip_fault fault;
	bool told;             // its trail is kept: an INVITE, or a dry run
	bool dry;              // dry run: nothing is accounted or sent
	bool again;            // it waited for a look-up and is walked once more: it was accounted then
	peer_id peer;          // candidate after "source", identified after "peer"
	const struct peer *policy;
	struct sf_tx *tx;
	struct sf_dialog_ref dialog;
	struct query query;
	struct target target;
	struct leg_plan plan;
	char caller[NUMBER_MAX], called[NUMBER_MAX];
	struct trail trail;
};

enum step_id { // order is the order of the lists; used as index of counters
	STEP_SOURCE, STEP_SOURCE_RATE, STEP_SYNTAX, STEP_PEER, STEP_TRANSPORT_FLOOR, STEP_TRANSACTION,
	STEP_RESPONSE_TOKEN, STEP_RESPONSE_SOURCE, STEP_RESPONSE_BODY, STEP_RESPONSE_DELIVER,
	STEP_DIALOG_TOKEN, STEP_DIALOG_OWNER, STEP_DIALOG_METHOD, STEP_DIALOG_SHARE, STEP_DIALOG_HEADERS, STEP_DIALOG_BODY,
	STEP_DIALOG_DELIVER,
	STEP_SERVICE, STEP_METHOD, STEP_RATE, STEP_SHARE, STEP_ADMISSION, STEP_HEADERS, STEP_BODY, STEP_VIEW, STEP_DESTINATION, STEP_IDENTITY,
	STEP_HARVEST, STEP_LOOKUP, STEP_ROUTE, STEP_REDIRECT, STEP_MEDIA_POLICY, STEP_SEND, STEP_SEND_STANDALONE, STEP_COUNT,
};

#define STEP_NO_CONTROL 0xff // a step that can be neither waived nor shadowed

struct step {
	enum step_id id;
	const char *name;
	struct verdict (*gate)(struct passage *p);
	uint8_t control;      // enum control that waives or shadows it, or STEP_NO_CONTROL
	const char *threats;  // ids it closes
};

struct step_list {
	const char *name;
	const struct step *step;
	uint32_t count;
};

extern const struct step_list steps_every_message, steps_response, steps_in_dialog, steps_invite, steps_standalone;

// The step with that id, for names in records and explain; never NULL for id < STEP_COUNT.
const struct step *step_by_id(enum step_id id);

struct step_counter {
	_Atomic uint64_t passed, refused, shadowed;
};

struct peer_media { // media that came from one peer; added when its calls end
	_Atomic uint64_t packets, octets, lost;
	_Atomic uint64_t dropped[PEER_MEDIA_GATES]; // source, syntax, payload, auth, replay, rate
};

struct flow_counters {
	struct step_counter step[STEP_COUNT];
	_Atomic uint64_t alarm[SF_ALARM_COUNT];
	_Atomic uint64_t received, sent, calls_started, calls_answered, calls_ended;
	_Atomic uint32_t calls_now, transactions_now; // as of the last flow_gauge()
	_Atomic uint32_t (*refused_by_peer)[STEP_COUNT]; // array of PEERS_MAX
	struct peer_media *media_by_peer; // the same
};

#endif
