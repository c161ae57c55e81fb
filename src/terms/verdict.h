// SPDX-License-Identifier: Apache-2.0
// What a gate says of a message, and the trail of verdicts that stays with the call.
#ifndef TERMS_VERDICT_H
#define TERMS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
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

enum {
	TRAIL_MAX = 22,    // longest list of steps (21) and some more
	TRAIL_REASONS = 6, // what look-up and route rest on; of refusals the last step, and what was waived or watched before it
};

struct trail_mark { // small: every call keeps its trail
	uint8_t step;   // id of the step, see flow/steps.h
	uint8_t action; // enum verdict_action
	uint8_t shadow; // decided in shadow: not acted on
	uint8_t reason; // number in trail.reason, plus one; 0: none
	uint16_t status, reserved; // nothing undefined leaves the process
	uint32_t after_us; // since the message arrived [us]
};

struct trail {
	uint8_t count, reasons;
	struct trail_mark mark[TRAIL_MAX];
	const char *reason[TRAIL_REASONS]; // static texts
};

// Append what STEP said. When the trail is full, or its reasons are, that much is left out.
static inline void trail_add(struct trail *t, uint8_t step, const struct verdict *v, bool shadow, uint32_t after_us)
{
	if (t->count >= TRAIL_MAX)
		return;
	struct trail_mark *m = &t->mark[t->count++];
	*m = (struct trail_mark){
		.step = step, .action = v->action, .shadow = shadow, .status = v->status, .after_us = after_us};
	if (v->reason != NULL && t->reasons < TRAIL_REASONS) {
		t->reason[t->reasons++] = v->reason;
		m->reason = t->reasons;
	}
}

// The reason of mark I, or NULL.
static inline const char *trail_reason(const struct trail *t, uint8_t i)
{
	uint8_t n = i < t->count ? t->mark[i].reason : 0;
	return n > 0 && n <= TRAIL_REASONS ? t->reason[n - 1] : NULL;
}

#endif
