// SPDX-License-Identifier: Apache-2.0
// Every cell of the keying table, as a whole exchange: see keying_unit.h. What re-offers may change is in keying_kept.c.
#include "keying_unit.h"

enum { CELLS = OFFER_COUNT * 3 * 3 * 2 * 2 * 2 * ANSWER_COUNT, LATE_CELLS = CELLS * 2, BESIDE_CELLS = LATE_CELLS / 2 };

static enum outcome run(const struct cell *k)
{
	int from = k->late;
	struct world w;
	char text[1024];
	enum outcome got;

	world_init(&w);
	cell_set(&w, k);
	offer_text(k->offer, k->beside, from, text, sizeof(text));
	if (offer(&w, from, text).action != VERDICT_PASS) {
		got = REFUSED_OFFER;
	} else {
		answer_text(&w, k->answer, 1 - from, text, sizeof(text));
		got = answer(&w, 1 - from, text).action != VERDICT_PASS ? REFUSED_ANSWER : outcome_of(&w);
	}
	if (got == REFUSED_OFFER || got == REFUSED_ANSWER)
		assert_false(plan_agreed(w.s));
	world_free(&w);
	return got;
}

static void check(const struct cell *k)
{
	enum outcome want = expect(k), got = run(k);

	if (want != got)
		fail_msg("offer %d in %d out %d sdes %d %d per-leg %d answer %d late %d beside %d: want %d, got %d", k->offer,
			k->in, k->out, k->sdes_in, k->sdes_out, k->per_leg, k->answer, k->late, k->beside, want, got);
}

static void test_cells(void **state)
{
	int cells = 0, beside = 0;
	(void)state;

	for (int n = 0; n < LATE_CELLS; n++) {
		int i = n;
		struct cell k = {0};
		k.late = i % 2, i /= 2;
		k.answer = i % ANSWER_COUNT, i /= ANSWER_COUNT;
		k.per_leg = i % 2, i /= 2;
		k.sdes_out = i % 2, i /= 2;
		k.sdes_in = i % 2, i /= 2;
		k.out = i % 3, i /= 3;
		k.in = i % 3, i /= 3;
		k.offer = i;
		check(&k);
		cells++;
		k.beside = 1;
		if (can_beside(k.offer)) {
			check(&k);
			beside++;
		}
	}
	assert_int_equal(cells, 4320);
	assert_int_equal(beside, BESIDE_CELLS);
	print_message("%d cells\n", cells + beside);
}

// A waiver clear-sdes stands for secure signalling; it is noted.
static void test_waived_clear_sdes(void **state)
{
	struct world w;
	char text[1024];
	(void)state;

	world_init(&w);
	offer_text(OFFER_SDES, false, 0, text, sizeof(text));
	w.c.leg[0].secure = w.c.leg[1].secure = false;
	w.peer[0].waiver[CONTROL_CLEAR_SDES].set = 1;
	assert_refused(offer(&w, 0, text), "SDES needs secure signalling");
	w.peer[1].waiver[CONTROL_CLEAR_SDES].set = 1;
	assert_passes(offer(&w, 0, text));
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
