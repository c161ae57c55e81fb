// SPDX-License-Identifier: Apache-2.0
// Media keying as one table: what is offered x what the two legs want -> pass, add, convert or refuse; and which answers
// then hold (MF-C1, MF-C2, MF-C4, LRF-I3, SF-I9). plan.h decides with it once per media line and keeps the decision.
#ifndef MF_PLAN_KEYING_H
#define MF_PLAN_KEYING_H

#include "registry/snapshot.h"
#include "terms/media.h"

enum keying_offer { // class of an offered media line
	OFFER_RTP = 0,       // RTP/AVP(F) without keys
	OFFER_OPPORTUNISTIC, // RTP/AVP(F) with keys (RFC 8643)
	OFFER_SDES,          // RTP/SAVP(F) with a=crypto
	OFFER_DTLS,          // DTLS-SRTP, or another protocol over DTLS
	OFFER_OTHER,         // RTP/SAVP(F) keyed by something else: MIKEY, unknown lines
	OFFER_CLEAR,         // datagrams that are not RTP, in clear (T.38 over UDPTL, BFCP)
	OFFER_COUNT,
};

enum keying_answer { ANSWER_RTP = 0, ANSWER_SDES, ANSWER_DTLS, ANSWER_NONE, ANSWER_OTHER, ANSWER_COUNT };

struct keying_cell { // what the decision depends on; IN is the offering leg, OUT the answering one
	uint8_t offer;    // enum keying_offer
	uint8_t crypto;   // the offer holds a=crypto (with OFFER_OPPORTUNISTIC and OFFER_DTLS it may or may not)
	uint8_t in, out;  // enum srtp_policy
	uint8_t sdes_in, sdes_out; // SDES may stand on that leg: secure signalling, or waiver clear-sdes
	uint8_t per_leg;  // the answering leg's peer says keying: per-leg
	uint8_t anchored;
};

enum keying_mode { // the decision, finer than enum media_keying
	MODE_REFUSE = 0,
	MODE_PASS,
	MODE_ADD,       // offer RTP/SAVP(F) with our keys on the answering leg: must be taken
	MODE_ADD_MAYBE, // offer RTP/AVP(F) with our keys (RFC 8643): a plain answer makes it pass
	MODE_CONVERT,   // the offering leg keeps its SDES with us, the answering leg is plain
	MODE_COUNT,
};

struct keying_decision {
	uint8_t mode;       // enum keying_mode
	const char *reason; // static text of a refusal
};

struct keying_decision keying_decide(const struct keying_cell *cell);
// May the line be answered like this? NULL, or the static text of a refusal. FLOOR: a leg requires SRTP.
const char *keying_answer_check(uint8_t mode, uint8_t offer, bool floor, uint8_t answer);
enum media_keying keying_of_mode(uint8_t mode);

#endif
