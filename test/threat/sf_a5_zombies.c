// SPDX-License-Identifier: Apache-2.0
// SF-A5, SF-A4, SF-C3, LRF-I2: random sequences of lawful, bent, forged and broken events against a whole worker.
// Whatever comes: nothing is sent to an address that is nobody's, strangers on UDP get nothing, what leaves parses and
// names nothing of the other side, and an hour later no call, session or count is left. Seeds are fixed: a failure repeats.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"

enum { ROUNDS = 120, EVENTS = 400 };

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

// Mostly likely events, so that calls come to be and end in every state; a third is chance.
static size_t make(uint8_t data[EVENTS], uint64_t *seed)
{
	static const struct {
		uint8_t n, b[6];
	} likely[] = {{5, {0, 0, 2, 0, 0}}, {5, {0, 0, 2, 0, 1}}, {5, {0, 0, 2, 0x80, 2}}, {5, {0, 2, 0, 0, 3}}, {5, {0, 1, 0, 1, 0}},
		{5, {0, 0, 1, 0, 1}}, // calls
		{6, {1, 1, 1, 0x80, 0, 0}}, {6, {1, 0, 2, 0, 0, 2}}, {6, {1, 0, 4, 0, 0, 1}}, {6, {1, 1, 4, 0, 0, 1}},
		{6, {1, 0, 4, 0x80, 0, 1}}, {6, {1, 1, 4, 0, 0, 4}}, {6, {1, 0, 4, 6, 0, 0}}, {6, {1, 2, 4, 0, 1, 0}},
		{6, {1, 0, 11, 0x80, 0, 0}}, {6, {1, 1, 15, 0x80, 0, 0}}, {6, {1, 0, 6, 0x80, 0, 0}}, // answers
		{5, {4, 0, 0, 0x80, 0}}, {5, {4, 0, 0, 0, 0}}, {5, {4, 1, 1, 0x80, 1}}, {5, {4, 0, 2, 0, 1}}, {5, {4, 1, 3, 0, 1}},
		{5, {4, 0, 4, 0x80, 1}}, {5, {4, 2, 0, 0x80, 0}}, // in the dialog
		{2, {7, 9}}, {2, {7, 17}}};
	size_t n = 0;

	while (n + 6 <= EVENTS) {
		uint64_t row = next(seed) % ARRAY_LEN(likely);
		bool chance = next(seed) % 4 == 0;
		for (uint32_t i = 0; i < likely[row].n; i++)
			data[n + i] = chance ? (uint8_t)next(seed) : likely[row].b[i];
		if (chance && data[n] % 10 == 6)
			data[n + 2] = 0; // rubbish is short, or it eats the rest
		n += likely[row].n;
	}
	return n;
}

static void random_sequences(void **state)
{
	struct play *p = malloc(sizeof(*p));
	uint64_t answered = 0, calls = 0;

	(void)state;
	assert_non_null(p);
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint8_t data[EVENTS];
		uint64_t seed = round * 0x9e3779b97f4a7c15ull;
		size_t size = make(data, &seed);
		assert_true(play_open(p));
		play_run(p, data, size);
		play_end(p);
		if (p->fault != NULL)
			print_message("round %lu: %s\n%s\n", (unsigned long)round, p->fault, p->fault_text);
		assert_null(p->fault);
		calls += atomic_load(&flow_counters(p->rig.flow)->calls_started);
		answered += atomic_load(&flow_counters(p->rig.flow)->calls_answered);
		play_close(p);
	}
	print_message("%u sequences, %lu calls, %lu answered\n", ROUNDS, (unsigned long)calls, (unsigned long)answered);
	assert_true(calls > ROUNDS && answered > ROUNDS / 20); // the sequences do reach the machines
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_sequences)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
