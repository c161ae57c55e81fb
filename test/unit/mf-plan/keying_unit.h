// SPDX-License-Identifier: Apache-2.0
// One cell of the keying table as texts and as an expectation: offer class x policy of both legs x answer class, with the
// offer in the INVITE or late in its 2xx, and with another mechanism beside.
//
// The expectation is written down a second time here, from the rules of doc/manual.md (section 7), not from the table.
#ifndef TEST_KEYING_UNIT_H
#define TEST_KEYING_UNIT_H

#include "plan_unit.h"

enum outcome { REFUSED_OFFER, REFUSED_ANSWER, PASSED, ADDED, CONVERTED, DOWN };

struct cell {
	int offer, in, out, sdes_in, sdes_out, per_leg, answer; // IN is the offering leg, OUT the answering one
	int late;   // the called side offers, in its 2xx, and the caller answers in its ACK
	int beside; // DTLS beside SDES, or SDES beside DTLS
};

static inline enum outcome expect_answer(const struct cell *k, enum outcome how, unsigned allowed)
{
	if (k->answer == ANSWER_NONE)
		return DOWN;
	return allowed & (1u << k->answer) ? how : REFUSED_ANSWER;
}

static inline enum outcome expect_plain(const struct cell *k)
{
	unsigned plain = 1u << ANSWER_RTP, sdes = 1u << ANSWER_SDES;

	if (k->in == SRTP_REQUIRED)
		return REFUSED_OFFER;
	if (k->offer == OFFER_CLEAR)
		return k->out == SRTP_REQUIRED ? REFUSED_OFFER : expect_answer(k, PASSED, plain);
	if (k->out == SRTP_OFF || (k->out == SRTP_PREFERRED && !k->sdes_out))
		return expect_answer(k, PASSED, plain);
	if (!k->sdes_out)
		return REFUSED_OFFER;
	if (k->out == SRTP_PREFERRED && k->answer == ANSWER_RTP)
		return PASSED;
	return expect_answer(k, ADDED, sdes);
}

static inline enum outcome expect(const struct cell *k)
{
	bool required = k->in == SRTP_REQUIRED || k->out == SRTP_REQUIRED;
	unsigned allowed = 1u << ANSWER_SDES | (k->beside ? 1u << ANSWER_DTLS : 0);

	switch (k->offer) {
	case OFFER_RTP:
	case OFFER_CLEAR:
		return expect_plain(k);
	case OFFER_DTLS: // keys beside need secure signalling on the whole way, though nobody may choose them there
		if (k->beside && !(k->sdes_in && k->sdes_out))
			return REFUSED_OFFER;
		return expect_answer(k, PASSED, 1u << ANSWER_DTLS);
	case OFFER_OTHER:
		return expect_answer(k, PASSED, 1u << ANSWER_OTHER);
	default:
		break;
	}
	if (!k->sdes_in)
		return REFUSED_OFFER;
	if (k->offer == OFFER_SDES && k->per_leg && (k->out == SRTP_OFF || (k->out == SRTP_PREFERRED && !k->sdes_out)))
		return expect_answer(k, CONVERTED, 1u << ANSWER_RTP);
	if (!k->sdes_out)
		return REFUSED_OFFER;
	if (k->offer == OFFER_OPPORTUNISTIC && !required)
		allowed |= 1u << ANSWER_RTP;
	return expect_answer(k, PASSED, allowed);
}

#define OFFERED_KEY "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 "\r\n"
#define OFFERED_DTLS "a=setup:actpass\r\na=fingerprint:sha-1 AA:BB\r\n"

static inline bool can_beside(int class)
{
	return class == OFFER_OPPORTUNISTIC || class == OFFER_SDES || class == OFFER_DTLS;
}

// An offer of CLASS by side FROM.
static inline void offer_text(int class, bool beside, int from, char *out, size_t cap)
{
	static const char *const text[OFFER_COUNT] = {
		[OFFER_RTP] = "m=audio 4000 RTP/AVP 0\r\n",
		[OFFER_OPPORTUNISTIC] = ("m=audio 4000 RTP/AVP 0\r\n" OFFERED_KEY),
		[OFFER_SDES] = ("m=audio 4000 RTP/SAVP 0\r\n" OFFERED_KEY),
		[OFFER_DTLS] = ("m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n" OFFERED_DTLS),
		[OFFER_OTHER] = "m=audio 4000 RTP/SAVP 0\r\na=key-mgmt:mikey AQAFgM0X\r\n",
		[OFFER_CLEAR] = "m=image 4000 udptl t38\r\n",
	};
	const char *other = !beside ? "" : class == OFFER_DTLS ? OFFERED_KEY : OFFERED_DTLS;

	snprintf(out, cap, "%s%s%s", from == 0 ? CORE : PEERING, text[class], other);
}

// An answer of CLASS by side FROM in the protocol that was sent, as far as that class can use it.
static inline void answer_text(const struct world *w, int class, int from, char *out, size_t cap)
{
	static const char *const keys[ANSWER_COUNT] = {
		[ANSWER_RTP] = "", [ANSWER_NONE] = "", [ANSWER_DTLS] = "a=setup:active\r\na=fingerprint:sha-1 CC:DD\r\n",
		[ANSWER_OTHER] = "a=key-mgmt:mikey AQAFgM0X\r\n",
	};
	bool udptl = strstr(w->text, "udptl") != NULL;
	char proto[32] = "udptl", crypto[128] = "";
	const char *m = strstr(w->text, "m=");

	if (!udptl) { // "m=audio <port> <proto> ..."
		const char *at = strchr(strchr(m, ' ') + 1, ' ') + 1;
		snprintf(proto, sizeof(proto), "%.*s", (int)strcspn(at, " "), at);
	}
	if (class == ANSWER_RTP && !udptl)
		snprintf(proto, sizeof(proto), "RTP/AVP");
	if (class == ANSWER_SDES) // of three suites that we add the third is taken; of one, that one
		snprintf(crypto, sizeof(crypto), "a=crypto:%d AES_CM_128_HMAC_SHA1_80 %s\r\n",
			strstr(w->text, "a=crypto:3") != NULL ? 3 : 1, KEY2);
	snprintf(out, cap, "%sm=%s %d %s %s\r\n%s", from == 0 ? CORE : PEERING, udptl ? "image" : "audio", class == ANSWER_NONE ? 0 : 5000,
		proto, udptl ? "t38" : "0", class == ANSWER_SDES ? crypto : keys[class]);
}

// What came of it: the media plan of the one stream.
static inline enum outcome outcome_of(const struct world *w)
{
	struct media_plan m;
	const struct media_stream *s = &m.stream[0];

	plan_media(w->s, &w->c, &m);
	assert_int_equal(m.count, 1);
	if (!s->active)
		return DOWN;
	// The media floor (MF-C2): whatever happened, a leg that requires SRTP has no clear stream.
	for (int side = 0; side < 2; side++)
		if (w->peer[side].srtp == SRTP_REQUIRED)
			assert_true(s->opaque || s->side[side].in.suite != SUITE_NONE);
	return s->keying == KEYING_ADD ? ADDED : s->keying == KEYING_CONVERT ? CONVERTED : PASSED;
}

// The policies of a cell.
static inline void cell_set(struct world *w, const struct cell *k)
{
	int from = k->late, to = 1 - from;

	w->peer[from].srtp = (uint8_t)k->in;
	w->peer[to].srtp = (uint8_t)k->out;
	w->peer[to].keying = k->per_leg ? PEER_KEYING_PER_LEG : PEER_KEYING_END_TO_END;
	w->c.leg[from].secure = k->sdes_in != 0;
	w->c.leg[to].secure = k->sdes_out != 0;
}

#endif
