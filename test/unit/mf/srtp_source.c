// SPDX-License-Identifier: Apache-2.0
// Index estimate (RFC3711#3.3.1), replay window, and the keep word.
#include "unit_mf.h"

#include "mf/srtp_source.h"

static struct srtp_source at(uint64_t index)
{
	return (struct srtp_source){.ssrc = 1, .rtp_seen = true, .rtp = {.index = index, .bits = {1, 0}}};
}

static void estimate(uint64_t highest, uint16_t sequence, enum error e, uint64_t expected)
{
	struct srtp_source s = at(highest);
	uint64_t index;

	assert_error(srtp_index_estimate(&s, sequence, &index), e);
	if (e == E_OK)
		assert_int_equal(index, expected);
}

static void estimates(void **state)
{
	uint64_t index;

	(void)state;
	assert_ok(srtp_index_estimate(NULL, 40000, &index));
	assert_int_equal(index, 40000);
	estimate(10, 11, E_OK, 11);
	estimate(10, 9, E_OK, 9);
	estimate(0xffff, 0, E_OK, 0x10000);        // forward over the edge
	estimate(0x10000, 0xffff, E_OK, 0xffff);   // late one from before it
	estimate(0x5, 0xfff0, E_REPLAY, 0);        // before index 0
	estimate(0x17fff, 0xffff, E_OK, 0x1ffff);  // exactly half ahead
	estimate(0x17ffe, 0xffff, E_OK, 0xffff);   // one more is behind
	estimate(0x18000, 0x0000, E_OK, 0x10000);  // exactly half back
	estimate(0x18001, 0x0000, E_OK, 0x20000);  // one more is ahead
	estimate((1ull << 48) - 1, 0, E_STALE, 0); // the key is used up
}

static void window(void **state)
{
	struct srtp_sources list = {0};
	struct srtp_source *s;

	(void)state;
	assert_ok(srtp_sources_add(&list, 1, &s));
	srtp_source_mark_rtp(&list, s, 1000);
	assert_error(srtp_window_check(&s->rtp, true, 1000), E_REPLAY);
	assert_ok(srtp_window_check(&s->rtp, true, 1000 - (SRTP_REPLAY_WINDOW - 1)));
	assert_error(srtp_window_check(&s->rtp, true, 1000 - SRTP_REPLAY_WINDOW), E_REPLAY);
	assert_ok(srtp_window_check(&s->rtp, false, 0));
	for (uint32_t step = 1; step < 200; step += 9) { // every shift keeps what was seen
		uint64_t before = s->rtp.index;
		srtp_source_mark_rtp(&list, s, before + step);
		if (step < SRTP_REPLAY_WINDOW)
			assert_error(srtp_window_check(&s->rtp, true, before), E_REPLAY);
		if (step > 1 && step <= SRTP_REPLAY_WINDOW)
			assert_ok(srtp_window_check(&s->rtp, true, before + 1));
	}
	srtp_source_mark_rtp(&list, s, s->rtp.index - 70);
	assert_error(srtp_window_check(&s->rtp, true, s->rtp.index - 70), E_REPLAY);
	srtp_sources_free(&list);
}

// Any single turned bit of the word is noticed, or gives the same index.
static void keep_word(void **state)
{
	struct srtp_keep keep[SRTP_SOURCES_MAX] = {0};
	struct srtp_sources list = {.keep = keep}, other;
	struct srtp_source *s;
	uint32_t bad, noticed = 0;

	(void)state;
	assert_ok(srtp_sources_add(&list, 77, &s));
	srtp_source_mark_rtp(&list, s, 123456);
	for (uint32_t bit = 0; bit < 64; bit++) {
		struct srtp_keep broken[SRTP_SOURCES_MAX];
		memcpy(broken, keep, sizeof(broken));
		broken[0].word ^= 1ull << bit;
		other = (struct srtp_sources){.keep = broken};
		bad = 0;
		assert_ok(srtp_sources_restore(&other, &bad));
		noticed += bad;
		srtp_sources_free(&other);
	}
	assert_int_equal(noticed, 64);
	srtp_sources_free(&list);
}

static void restore_all(void **state)
{
	struct srtp_keep keep[SRTP_SOURCES_MAX] = {0};
	struct srtp_sources list = {.keep = keep}, other = {.keep = keep};
	struct srtp_source *s;
	uint32_t bad = 0;

	(void)state;
	for (uint32_t i = 0; i < SRTP_SOURCES_MAX; i++) {
		assert_ok(srtp_sources_add(&list, i, &s));
		srtp_source_mark_rtp(&list, s, 1000 + i);
		srtp_source_mark_rtcp(&list, s, i);
	}
	assert_error(srtp_sources_add(&list, 99, &s), E_FULL);
	keep[3].word ^= 2;
	assert_ok(srtp_sources_restore(&other, &bad));
	assert_int_equal(bad, 1);
	assert_int_equal(other.count, SRTP_SOURCES_MAX - 1);
	assert_null(srtp_sources_find(&other, 3));
	assert_int_equal(srtp_sources_find(&other, 4)->rtp.index, 1004);
	assert_int_equal(srtp_sources_find(&other, 4)->rtcp.index, 4);
	srtp_source_mark_rtp(&other, srtp_sources_find(&other, 15), 5000); // its word has moved with it
	srtp_sources_free(&list);
	list = (struct srtp_sources){.keep = keep};
	assert_ok(srtp_sources_restore(&list, &bad));
	assert_int_equal(bad, 1);
	assert_int_equal(srtp_sources_find(&list, 15)->rtp.index, 5000);
	srtp_sources_free(&list);
	srtp_sources_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(estimates), cmocka_unit_test(window),
		cmocka_unit_test(keep_word), cmocka_unit_test(restore_all)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
