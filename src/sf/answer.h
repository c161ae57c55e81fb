// SPDX-License-Identifier: Apache-2.0
// Responses to the initial INVITE: what the files for 1xx and for 2xx share.
#ifndef SF_ANSWER_H
#define SF_ANSWER_H

#include "sf/inside.h"

enum { RESPONSE_TEXT_CAP = 2048 }; // route set of one response [octets]

struct answer { // a response to the caller in the making
	struct branch *branch;
	const struct sip_msg *m;
	uint16_t status;
	const struct message_body *body;
	uint32_t rseq; // 0: not reliable
};

// Take tag, target and route set of M into the called leg of B; the other texts are those of MODEL. E_SYNTAX
// and kin.
MUST_USE result called_learn(struct branch *b, const struct sf_leg *model, const struct sip_msg *m);
// The early dialog that M belongs to, made when it is new; NULL: ended, or no room.
struct branch *branch_for(struct sf_call *c, const struct sip_msg *m, const struct now *now);
// Write A to the scratch buffer; false when it does not fit.
bool answer_write(struct sf_call *c, const struct answer *a, struct bytes *out);
// Pass the 2xx M of B on: media, timers, the caller, confirmation.
void call_answer(struct branch *b, struct sf_tx *tx, const struct sip_msg *m, const struct now *now);

#endif
