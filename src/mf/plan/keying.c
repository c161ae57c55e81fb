// SPDX-License-Identifier: Apache-2.0
// The keying table. Rows are tried from the top, the first that matches decides; the last row refuses everything.
//
// An offer that has any keying passes (R17), unless its keys would be read on the way (MF-C4). Plain RTP is keyed by us on
// the leg that wants it. A leg that requires SRTP never ends with clear media (MF-C2 LRF-I3 SF-I9).
#include "mf/plan/keying.h"

// Sets of values, as bits.
#define B(x) (1u << (x))
#define ANY 0xffu
#define NO B(0)
#define YES B(1)
#define OFF B(SRTP_OFF)
#define PREF B(SRTP_PREFERRED)
#define REQ B(SRTP_REQUIRED)

struct keying_row {
	uint8_t offer, crypto, in, out, sdes_in, sdes_out, per_leg, anchored; // sets
	uint8_t mode;
	const char *reason;
};

static const struct keying_row ROWS[] = {
	// offer                    crypto in   out          sdes_in sdes_out per_leg anchored
	{B(OFFER_RTP),              ANY, REQ, ANY,           ANY,    ANY,     ANY,    ANY, MODE_REFUSE, "SRTP required"},
	{B(OFFER_RTP),              ANY, ANY, OFF,           ANY,    ANY,     ANY,    ANY, MODE_PASS, NULL},
	{B(OFFER_RTP),              ANY, ANY, REQ,           ANY,    YES,     ANY,    YES, MODE_ADD, NULL},
	{B(OFFER_RTP),              ANY, ANY, REQ,           ANY,    NO,      ANY,    YES, MODE_REFUSE, "SDES needs secure signalling"},
	{B(OFFER_RTP),              ANY, ANY, REQ,           ANY,    ANY,     ANY,    NO,  MODE_REFUSE, "SRTP required"},
	{B(OFFER_RTP),              ANY, ANY, PREF,          ANY,    YES,     ANY,    YES, MODE_ADD_MAYBE, NULL},
	{B(OFFER_RTP),              ANY, ANY, PREF,          ANY,    ANY,     ANY,    ANY, MODE_PASS, NULL},
	{B(OFFER_CLEAR),            ANY, REQ, ANY,           ANY,    ANY,     ANY,    ANY, MODE_REFUSE, "SRTP required"},
	{B(OFFER_CLEAR),            ANY, ANY, REQ,           ANY,    ANY,     ANY,    ANY, MODE_REFUSE, "SRTP required"},
	{B(OFFER_CLEAR),            ANY, ANY, ANY,           ANY,    ANY,     ANY,    ANY, MODE_PASS, NULL},
	{ANY,                       YES, ANY, ANY,           NO,     ANY,     ANY,    ANY, MODE_REFUSE, "SDES needs secure signalling"},
	{B(OFFER_SDES),             ANY, ANY, OFF,           ANY,    ANY,     YES,    YES, MODE_CONVERT, NULL},
	{B(OFFER_SDES),             ANY, ANY, OFF | PREF,    ANY,    NO,      YES,    YES, MODE_CONVERT, NULL},
	{ANY,                       YES, ANY, ANY,           ANY,    NO,      ANY,    ANY, MODE_REFUSE, "SDES needs secure signalling"},
	{B(OFFER_SDES) | B(OFFER_DTLS) | B(OFFER_OTHER) | B(OFFER_OPPORTUNISTIC),
	                            ANY, ANY, ANY,           ANY,    ANY,     ANY,    ANY, MODE_PASS, NULL},
	{ANY,                       ANY, ANY, ANY,           ANY,    ANY,     ANY,    ANY, MODE_REFUSE, "Keying not understood"},
};

static bool row_matches(const struct keying_row *r, const struct keying_cell *c)
{
	return (r->offer & B(c->offer)) && (r->crypto & B(c->crypto)) && (r->in & B(c->in)) && (r->out & B(c->out)) &&
	       (r->sdes_in & B(c->sdes_in)) && (r->sdes_out & B(c->sdes_out)) && (r->per_leg & B(c->per_leg)) &&
	       (r->anchored & B(c->anchored));
}

struct keying_decision keying_decide(const struct keying_cell *cell)
{
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
		if (row_matches(&ROWS[i], cell))
			return (struct keying_decision){ROWS[i].mode, ROWS[i].reason};
	return (struct keying_decision){MODE_REFUSE, "Keying not understood"};
}

// Answers that hold: mode x offer class. RTP also stands for clear datagrams where those were offered.
enum { N = B(ANSWER_NONE), R = B(ANSWER_RTP), S = B(ANSWER_SDES), D = B(ANSWER_DTLS), O = B(ANSWER_OTHER) };

static const uint8_t ANSWERS[MODE_COUNT][OFFER_COUNT] = {
	[MODE_REFUSE] = {0},
	[MODE_PASS] = {
		[OFFER_RTP] = R | N,
		[OFFER_OPPORTUNISTIC] = R | S | D | O | N,
		[OFFER_SDES] = S | D | O | N, // DTLS and other only where they were offered beside: see plan_line.c
		[OFFER_DTLS] = D | N,
		[OFFER_OTHER] = O | N,
		[OFFER_CLEAR] = R | N,
	},
	[MODE_ADD] = {[OFFER_RTP] = S | N},
	[MODE_ADD_MAYBE] = {[OFFER_RTP] = R | S | N},
	[MODE_CONVERT] = {[OFFER_SDES] = R | N, [OFFER_OPPORTUNISTIC] = R | N},
};

const char *keying_answer_check(uint8_t mode, uint8_t offer, bool floor, uint8_t answer)
{
	if (mode >= MODE_COUNT || offer >= OFFER_COUNT || answer >= ANSWER_COUNT)
		return "Keying not understood";
	if ((ANSWERS[mode][offer] & B(answer)) == 0)
		return answer == ANSWER_RTP ? "Answer without SRTP" : "Answer keyed otherwise than offered";
	if (!floor || mode == MODE_ADD || mode == MODE_CONVERT || answer == ANSWER_NONE)
		return NULL;
	// A bid-down by the answer (MF-C2). ZRTP beside RTP/AVP promises nothing that could be held to.
	if (answer == ANSWER_RTP || (answer == ANSWER_OTHER && offer == OFFER_OPPORTUNISTIC))
		return "Answer without SRTP";
	return NULL;
}

enum media_keying keying_of_mode(uint8_t mode)
{
	static const uint8_t keying[MODE_COUNT] = {
		[MODE_REFUSE] = KEYING_REFUSE, [MODE_PASS] = KEYING_PASS, [MODE_ADD] = KEYING_ADD,
		[MODE_ADD_MAYBE] = KEYING_ADD, [MODE_CONVERT] = KEYING_CONVERT,
	};

	return mode < MODE_COUNT ? (enum media_keying)keying[mode] : KEYING_REFUSE;
}
