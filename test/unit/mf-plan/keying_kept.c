// SPDX-License-Identifier: Apache-2.0
// Keying is decided once and kept: every agreed cell of the keying table x a re-offer of every class from either side
// (MF-C2, SF-I9). A re-offer that would change the decision is refused and leaves the agreed session as it was.
#include "keying_unit.h"

enum { PAIRS = 375 * 2 * OFFER_COUNT }; // agreed cells x side x class; a table that refused all would prove nothing

static struct media_stream stream_of(const struct world *w)
{
	struct media_plan m;

	plan_media(w->s, &w->c, &m);
	return m.stream[0];
}

// The first exchange. False: nothing is up.
static bool begin(struct world *w, const struct cell *k)
{
	char text[1024];

	world_init(w);
	cell_set(w, k);
	offer_text(k->offer, k->beside, 0, text, sizeof(text));
	if (offer(w, 0, text).action != VERDICT_PASS)
		return false;
	answer_text(w, k->answer, 1, text, sizeof(text));
	return answer(w, 1, text).action == VERDICT_PASS && outcome_of(w) != DOWN;
}

// May a line of CLASS that is new be passed, when FROM offers it? By the rules for a first offer, whatever the answer.
static bool passes_anew(const struct cell *k, int class, int from)
{
	struct cell n = *k;

	n.offer = class;
	n.beside = 0;
	if (from == 1) {
		n.in = k->out, n.out = k->in;
		n.sdes_in = k->sdes_out, n.sdes_out = k->sdes_in;
		n.per_leg = 0; // the caller's peer
	}
	for (n.answer = 0; n.answer < ANSWER_COUNT; n.answer++)
		if (expect(&n) == PASSED)
			return true;
	return false;
}

static bool expect_kept(const struct cell *k, enum outcome how, int class, int from)
{
	int keyed = how == CONVERTED ? 0 : 1;

	if (how == PASSED)
		return passes_anew(k, class, from);
	if (from != keyed)
		return class == OFFER_RTP;
	if (how == CONVERTED || k->out == SRTP_REQUIRED)
		return class == OFFER_SDES;
	return class == OFFER_OPPORTUNISTIC || class == OFFER_RTP; // was optional, and the keyed side may end it
}

static int natural_answer(enum outcome how, int class, int from)
{
	static const int natural[OFFER_COUNT] = {[OFFER_RTP] = ANSWER_RTP, [OFFER_OPPORTUNISTIC] = ANSWER_SDES,
		[OFFER_SDES] = ANSWER_SDES, [OFFER_DTLS] = ANSWER_DTLS, [OFFER_OTHER] = ANSWER_OTHER, [OFFER_CLEAR] = ANSWER_RTP};

	if (how == PASSED)
		return natural[class];
	return from == (how == CONVERTED ? 0 : 1) ? ANSWER_RTP : ANSWER_SDES;
}

// The re-offer stands: answered as its class is, the mode is what it was, and a key of ours is the one in use.
static void answered(struct world *w, enum outcome how, const struct media_stream *before, int class, int from)
{
	int keyed = how == CONVERTED ? 0 : 1;
	bool ended = how == ADDED && from == keyed && class == OFFER_RTP;
	struct media_stream after;
	char text[1024];

	answer_text(w, natural_answer(how, class, from), 1 - from, text, sizeof(text));
	assert_passes(answer(w, 1 - from, text));
	assert_int_equal(outcome_of(w), ended ? PASSED : how);
	after = stream_of(w);
	if (how == PASSED || ended)
		return;
	assert_true(after.side[keyed].in.suite != SUITE_NONE);
	assert_int_equal(after.side[1 - keyed].in.suite, SUITE_NONE);
	assert_memory_equal(&after.side[keyed].out, &before->side[keyed].out, sizeof(after.side[keyed].out));
}

static void again(const struct cell *k, int class, int from, uint32_t pairs[2])
{
	struct media_stream before, after;
	enum outcome how;
	struct world w;
	char text[1024];
	bool want, got;

	if (begin(&w, k)) {
		how = outcome_of(&w);
		before = stream_of(&w);
		offer_text(class, false, from, text, sizeof(text));
		want = expect_kept(k, how, class, from);
		got = offer(&w, from, text).action == VERDICT_PASS;
		if (want != got)
			fail_msg("offer %d in %d out %d sdes %d %d per-leg %d answer %d was %d: class %d from %d: want %d", k->offer,
				k->in, k->out, k->sdes_in, k->sdes_out, k->per_leg, k->answer, how, class, from, want);
		pairs[got]++;
		if (got) {
			answered(&w, how, &before, class, from);
		} else {
			after = stream_of(&w);
			assert_memory_equal(&before, &after, sizeof(before));
		}
	}
	world_free(&w);
}

static void test_kept(void **state)
{
	uint32_t pairs[2] = {0};
	(void)state;

	for (int n = 0; n < OFFER_COUNT * 2 * 9 * 8 * ANSWER_COUNT; n++) {
		int i = n;
		struct cell k = {0};
		k.answer = i % ANSWER_COUNT, i /= ANSWER_COUNT;
		k.per_leg = i % 2, i /= 2;
		k.sdes_out = i % 2, i /= 2;
		k.sdes_in = i % 2, i /= 2;
		k.out = i % 3, i /= 3;
		k.in = i % 3, i /= 3;
		k.beside = i % 2, i /= 2;
		k.offer = i;
		if (k.beside && !can_beside(k.offer))
			continue;
		for (int from = 0; from < 2; from++)
			for (int class = 0; class < OFFER_COUNT; class++)
				again(&k, class, from, pairs);
	}
	print_message("%u re-offers stand, %u are refused\n", pairs[1], pairs[0]);
	assert_int_equal(pairs[0] + pairs[1], PAIRS);
	assert_true(pairs[0] > PAIRS / 4 && pairs[1] > PAIRS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
