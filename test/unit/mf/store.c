// SPDX-License-Identifier: Apache-2.0
// The store: a record comes back whole or not at all, also when the process dies in the middle of a copy.
#include "unit_mf.h"

#include "mf/store.h"

#include <stdlib.h>

enum { N = 4 };

static struct mf_record record_make(uint32_t n)
{
	struct mf_record r;

	memset(&r, 0, sizeof(r));
	r.version = MF_RECORD_VERSION;
	r.session = (struct session_ref){n, n + 1};
	r.plan.side[0].in.suite = SUITE_AEAD_AES_128_GCM;
	memset(r.plan.side[0].in.master, (int)n, 28);
	return r;
}

static void write_and_attach(void **state)
{
	void *block = aligned_alloc(16, mf_store_size(N) / 16 * 16 + 16);
	struct mf_record r = record_make(7);
	struct mf_store s;
	bool found;

	(void)state;
	memset(block, 0, mf_store_size(N));
	assert_error(mf_store_open(&s, block, mf_store_size(N) - 1, N, &found), E_TOO_LONG);
	assert_ok(mf_store_open(&s, block, mf_store_size(N), N, &found));
	assert_false(found);
	assert_error(mf_store_check(&s, 2), E_NOT_FOUND);
	assert_int_equal(mf_store_high(&s), 0);
	mf_store_write(&s, 2, &r);
	assert_int_equal(mf_store_high(&s), 3);
	assert_ok(mf_store_check(&s, 2));
	mf_store_close(&s);
	assert_ok(mf_store_open(&s, block, mf_store_size(N), N, &found));
	assert_true(found);
	assert_ok(mf_store_check(&s, 2));
	assert_int_equal(s.record[2].session.generation, 8);
	mf_store_clear(&s, 2);
	assert_error(mf_store_check(&s, 2), E_NOT_FOUND);
	for (uint32_t i = 0; i < mf_store_size(N); i++) // no key is left anywhere (MF-C4)
		if (((uint8_t *)block)[i] == 7 && i > 64)
			fail_msg("octet %u still holds a key", i);
	free(block);
}

static void every_bit(void **state)
{
	struct mf_record r = record_make(1);
	struct mf_store s;
	bool found;

	(void)state;
	assert_ok(mf_store_open(&s, NULL, 0, N, &found));
	mf_store_write(&s, 0, &r);
	for (size_t i = 0; i < sizeof(r); i++) {
		((uint8_t *)&s.record[0])[i] ^= 0x20;
		assert_error(mf_store_check(&s, 0), E_SYNTAX);
		((uint8_t *)&s.record[0])[i] ^= 0x20;
	}
	assert_ok(mf_store_check(&s, 0));
	mf_store_close(&s);
}

// The journal was written and the copy was not finished.
static void torn(void **state)
{
	void *block = aligned_alloc(16, mf_store_size(N) / 16 * 16 + 16);
	struct mf_record before = record_make(1), after = record_make(2);
	struct mf_store s;
	bool found;

	(void)state;
	memset(block, 0, mf_store_size(N));
	assert_ok(mf_store_open(&s, block, mf_store_size(N), N, &found));
	mf_store_write(&s, 1, &after);
	memcpy(s.journal, &s.record[1], sizeof(after));
	mf_store_write(&s, 1, &before);
	memcpy(s.journal, &after, sizeof(after));
	s.journal->check = 0;
	mf_store_write(&s, 3, &after); // gives a checked copy of `after`
	memcpy(s.journal, &s.record[3], sizeof(after));
	memset(&s.record[1], 0x5a, 100); // torn
	((uint64_t *)block)[3] = 1 + 1;  // journal_slot: record 1
	assert_ok(mf_store_open(&s, block, mf_store_size(N), N, &found));
	assert_true(found);
	assert_ok(mf_store_check(&s, 1));
	assert_int_equal(s.record[1].session.slot, 2);
	((uint64_t *)block)[3] = N + 1; // a slot beyond the end is not believed
	assert_ok(mf_store_open(&s, block, mf_store_size(N), N, &found));
	free(block);
}

static void foreign(void **state)
{
	void *block = aligned_alloc(16, mf_store_size(N) / 16 * 16 + 16);
	struct mf_record r = record_make(1);
	struct mf_store s;
	bool found;

	(void)state;
	memset(block, 0xff, mf_store_size(N));
	assert_ok(mf_store_open(&s, block, mf_store_size(N), N, &found));
	assert_false(found); // of another make: begun anew
	for (uint32_t i = 0; i < N; i++)
		assert_error(mf_store_check(&s, i), E_NOT_FOUND);
	mf_store_write(&s, 0, &r);
	assert_ok(mf_store_open(&s, block, mf_store_size(N), N - 1, &found));
	assert_false(found); // another number of streams
	free(block);
	memory_fail_nth(1);
	assert_error(mf_store_open(&s, NULL, 0, N, &found), E_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(write_and_attach), cmocka_unit_test(every_bit),
		cmocka_unit_test(torn), cmocka_unit_test(foreign)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
