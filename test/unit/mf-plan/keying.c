// SPDX-License-Identifier: Apache-2.0
// Every cell of the keying table, as a whole exchange: offer class x policy of both legs x answer class.
//
// The expectation is written down a second time here, from the rules in prose (DESIGN: media keying), not from the table.
#include "plan_unit.h"

enum outcome { REFUSED_OFFER, REFUSED_ANSWER, PASSED, ADDED, CONVERTED, DOWN };
enum { CELLS = OFFER_COUNT * 3 * 3 * 2 * 2 * 2 * ANSWER_COUNT };

struct cell {
	int offer, in, out, sdes_in, sdes_out, per_leg, answer;
};

static enum outcome expect_answer(const struct cell *k, enum outcome how, unsigned allowed)
{
	if (k->answer == ANSWER_NONE)
		return DOWN;
	return allowed & (1u << k->answer) ? how : REFUSED_ANSWER;
}

static enum outcome expect_plain(const struct cell *k)
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

static enum outcome expect(const struct cell *k)
{
	bool required = k->in == SRTP_REQUIRED || k->out == SRTP_REQUIRED;
	unsigned allowed = 1u << ANSWER_SDES;

	switch (k->offer) {
	case OFFER_RTP:
	case OFFER_CLEAR:
		return expect_plain(k);
	case OFFER_DTLS:
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

static const char *offer_text(int class)
{
	static const char *const text[OFFER_COUNT] = {
		[OFFER_RTP] = CORE "m=audio 4000 RTP/AVP 0\r\n",
		[OFFER_OPPORTUNISTIC] = CORE "m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 "\r\n",
		[OFFER_SDES] = CORE "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY1 "\r\n",
		[OFFER_DTLS] = CORE "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\na=fingerprint:sha-1 AA:BB\r\n",
		[OFFER_OTHER] = CORE "m=audio 4000 RTP/SAVP 0\r\na=key-mgmt:mikey AQAFgM0X\r\n",
		[OFFER_CLEAR] = CORE "m=image 4000 udptl t38\r\n",
	};

	return text[class];
}

// An answer of CLASS in the protocol that was sent, as far as that class can use it.
static void answer_text(const struct world *w, int class, char *out, size_t cap)
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
	snprintf(out, cap, "%sm=%s %d %s %s\r\n%s", PEERING, udptl ? "image" : "audio", class == ANSWER_NONE ? 0 : 5000,
		proto, udptl ? "t38" : "0", class == ANSWER_SDES ? crypto : keys[class]);
}

static enum outcome outcome_of(const struct world *w, const struct cell *k)
{
	struct media_plan m;
	const struct media_stream *s = &m.stream[0];

	plan_media(w->s, &w->c, &m);
	assert_int_equal(m.count, 1);
	if (!s->active)
		return DOWN;
	// The media floor (MF-C2): whatever happened, a leg that requires SRTP has no clear stream.
	for (int side = 0; side < 2; side++)
		if ((side == 0 ? k->in : k->out) == SRTP_REQUIRED)
			assert_true(s->opaque || s->side[side].in.suite != SUITE_NONE);
	return s->keying == KEYING_ADD ? ADDED : s->keying == KEYING_CONVERT ? CONVERTED : PASSED;
}

static enum outcome run(const struct cell *k)
{
	struct world w;
	char text[1024];
	enum outcome got;

	world_init(&w);
	w.peer[0].srtp = (uint8_t)k->in;
	w.peer[1].srtp = (uint8_t)k->out;
	w.peer[1].keying = k->per_leg ? PEER_KEYING_PER_LEG : PEER_KEYING_END_TO_END;
	w.c.leg[0].secure = k->sdes_in != 0;
	w.c.leg[1].secure = k->sdes_out != 0;
	if (offer(&w, 0, offer_text(k->offer)).action != VERDICT_PASS) {
		got = REFUSED_OFFER;
	} else {
		answer_text(&w, k->answer, text, sizeof(text));
		got = answer(&w, 1, text).action != VERDICT_PASS ? REFUSED_ANSWER : outcome_of(&w, k);
	}
	if (got == REFUSED_OFFER || got == REFUSED_ANSWER)
		assert_false(plan_agreed(w.s));
	world_free(&w);
	return got;
}

static void test_cells(void **state)
{
	int n = 0;
	(void)state;

	for (; n < CELLS; n++) {
		int i = n;
		struct cell k = {0};
		k.answer = i % ANSWER_COUNT, i /= ANSWER_COUNT;
		k.per_leg = i % 2, i /= 2;
		k.sdes_out = i % 2, i /= 2;
		k.sdes_in = i % 2, i /= 2;
		k.out = i % 3, i /= 3;
		k.in = i % 3, i /= 3;
		k.offer = i;
		enum outcome want = expect(&k), got = run(&k);
		if (want != got)
			fail_msg("offer %d in %d out %d sdes %d %d per-leg %d answer %d: want %d, got %d", k.offer, k.in,
				k.out, k.sdes_in, k.sdes_out, k.per_leg, k.answer, want, got);
	}
	assert_int_equal(n, 2160);
	print_message("%d cells\n", n);
}

// A waiver clear-sdes stands for secure signalling; it is noted.
static void test_waived_clear_sdes(void **state)
{
	struct world w;
	(void)state;

	world_init(&w);
	w.c.leg[0].secure = w.c.leg[1].secure = false;
	w.peer[0].waiver[CONTROL_CLEAR_SDES].set = 1;
	assert_refused(offer(&w, 0, offer_text(OFFER_SDES)), "SDES needs secure signalling");
	w.peer[1].waiver[CONTROL_CLEAR_SDES].set = 1;
	assert_passes(offer(&w, 0, offer_text(OFFER_SDES)));
	assert_true(w.c.waived & (1u << CONTROL_CLEAR_SDES));
	world_free(&w);
}

// Without anchored media we cannot key: no decision adds or converts.
static void test_unanchored(void **state)
{
	(void)state;

	for (unsigned i = 0; i < OFFER_COUNT * 2 * 9 * 8; i++) {
		struct keying_cell k = {.offer = (uint8_t)(i % OFFER_COUNT), .crypto = (uint8_t)(i / OFFER_COUNT % 2)};
		unsigned rest = i / OFFER_COUNT / 2;
		k.in = (uint8_t)(rest % 3), k.out = (uint8_t)(rest / 3 % 3), rest /= 9;
		k.sdes_in = rest & 1, k.sdes_out = rest >> 1 & 1, k.per_leg = rest >> 2 & 1;
		struct keying_decision d = keying_decide(&k);
		assert_true(d.mode == MODE_PASS || d.mode == MODE_REFUSE);
		assert_true(d.mode != MODE_REFUSE || d.reason != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells), cmocka_unit_test(test_waived_clear_sdes), cmocka_unit_test(test_unanchored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
