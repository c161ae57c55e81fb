// SPDX-License-Identifier: Apache-2.0
// What a gate says of a message, and the trail of verdicts that stays with the call.
#ifndef TERMS_VERDICT_H
#define TERMS_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum verdict_action {
	VERDICT_PASS = 0,
	VERDICT_DONE,  // the step consumed the message (retransmission, CANCEL, ACK): the walk ends well
	VERDICT_DROP,  // counted silence
	VERDICT_REPLY, // SIP error answer; on a response or an ACK the same as DROP
	VERDICT_CLOSE, // close the connection
	VERDICT_WAIT,  // the walk goes on when an answer (media, directory) arrives
};

struct verdict {
	uint8_t action;     // enum verdict_action
	uint16_t status;    // SIP status of a REPLY
	const char *reason; // static text: reason phrase of a REPLY, or why it was dropped
	uint32_t retry_after_s; // 0: no Retry-After header field
};

#define PASS ((struct verdict){.action = VERDICT_PASS})
#define DONE ((struct verdict){.action = VERDICT_DONE})
#define WAIT ((struct verdict){.action = VERDICT_WAIT})
#define DROP(why) ((struct verdict){.action = VERDICT_DROP, .reason = (why)})
#define REPLY(code, phrase) ((struct verdict){.action = VERDICT_REPLY, .status = (code), .reason = (phrase)})
#define CLOSE(why) ((struct verdict){.action = VERDICT_CLOSE, .reason = (why)})

enum { TRAIL_MAX = 24 }; // longest list of steps (16) and a few later events

struct trail_mark {
	uint8_t step;   // id of the step, see flow/steps.h
	uint8_t action; // enum verdict_action
	uint8_t shadow; // decided in shadow: not acted on
	uint16_t status;
	uint32_t after_us; // since the message arrived [us]
	const char *reason; // static text or NULL
};

struct trail {
	uint8_t count;
	struct trail_mark mark[TRAIL_MAX];
};

#endif
