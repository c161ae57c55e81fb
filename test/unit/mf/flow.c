// SPDX-License-Identifier: Apache-2.0
// Sources, sequence rule (RFC3550#A.1), loss and jitter (RFC3550#A.8) of one side.
#include "unit_mf.h"

#include "base/clock.h"
#include "mf/flow.h"

static result feed(struct mf_flow *f, uint8_t type, uint16_t seq, uint32_t ts, uint32_t ssrc, uint64_t now_us)
{
	struct rtp_header h = {.payload_type = type, .sequence = seq, .timestamp = ts, .ssrc = ssrc};
	struct mf_source *s;

	TRY(mf_flow_source(f, ssrc, now_us, &s));
	TRY(mf_flow_sequence(s, seq, now_us));
	mf_flow_account(f, s, &h, now_us);
	return OK;
}

static void sequence(void **state)
{
	struct mf_flow f = {0};

	(void)state;
	assert_ok(feed(&f, 8, 65000, 0, 1, 1));
	assert_ok(feed(&f, 8, (uint16_t)(65000 + MF_DROPOUT_MAX - 1), 0, 1, 2));
	assert_error(feed(&f, 8, (uint16_t)(65000 + 2 * MF_DROPOUT_MAX - 1), 0, 1, 3), E_REPLAY);
	assert_ok(feed(&f, 8, (uint16_t)(65000 + MF_DROPOUT_MAX - 1 - MF_MISORDER_MAX), 0, 1, 4));
	assert_error(
		feed(&f, 8, (uint16_t)(65000 + MF_DROPOUT_MAX - 2 - MF_MISORDER_MAX), 0, 1, 5), E_REPLAY);
	assert_error(feed(&f, 8, 30000, 0, 1, 6), E_REPLAY); // a jump: the first is held back
	assert_error(feed(&f, 8, 30001, 0, 1, 7), E_REPLAY); // the old sequence was there a moment ago
	assert_error(feed(&f, 8, 30002, 0, 1, 4 + MF_RESYNC_US), E_REPLAY);
	assert_ok(feed(&f, 8, 30003, 0, 1, 5 + MF_RESYNC_US)); // confirmed, and the old one has been quiet
	assert_ok(feed(&f, 8, 30004, 0, 1, 6 + MF_RESYNC_US));
	assert_error(feed(&f, 8, 10000, 0, 1, 3 * MF_RESYNC_US), E_REPLAY);
	assert_ok(feed(&f, 8, 30005, 0, 1, 3 * MF_RESYNC_US + 1));          // the old sequence goes on
	assert_error(feed(&f, 8, 10001, 0, 1, 5 * MF_RESYNC_US), E_REPLAY); // so that jump is forgotten
	assert_error(feed(&f, 8, 20000, 0, 1, 5 * MF_RESYNC_US), E_REPLAY); // not next to the last jump
}

static void losses(void **state)
{
	struct mf_flow f = {0};

	(void)state;
	assert_ok(feed(&f, 8, 1, 0, 1, 1));
	assert_ok(feed(&f, 8, 5, 0, 1, 2));
	assert_int_equal(f.lost, 3);
	assert_ok(feed(&f, 8, 3, 0, 1, 3)); // late
	assert_int_equal(f.lost, 2);
	assert_ok(feed(&f, 8, 5, 0, 1, 4)); // twice
	assert_int_equal(f.lost, 2);
}

static void sources(void **state)
{
	struct mf_flow f = {0};

	(void)state;
	for (uint32_t i = 0; i < MF_SSRC_CHANGES; i++)
		assert_ok(feed(&f, 8, 1, 0, i, 100));
	assert_error(feed(&f, 8, 1, 0, 99, 101), E_FULL);
	assert_null(mf_flow_find(&f, 0)); // replaced
	assert_non_null(mf_flow_find(&f, MF_SSRC_CHANGES - 1));
	assert_ok(feed(&f, 8, 2, 0, MF_SSRC_CHANGES - 1, 102)); // known ones are free
	assert_ok(feed(&f, 8, 1, 0, 99, 100 + MF_SSRC_CHANGE_S * SECOND + 10));
	assert_error(feed(&f, 8, 1, 0, 98, 100 + MF_SSRC_CHANGE_S * SECOND + 20), E_FULL);
}

static void jitter(void **state)
{
	struct mf_flow even = {0}, uneven = {0}, opus = {0};

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		uint64_t at = SECOND + i * 20 * MS;
		assert_ok(feed(&even, 8, (uint16_t)i, i * 160, 1, at));
		assert_ok(feed(&uneven, 8, (uint16_t)i, i * 160, 1, at + (i % 2) * 10 * MS));
		assert_ok(feed(&opus, 111, (uint16_t)i, i * 960, 1, at + (i % 2) * 10 * MS));
	}
	assert_int_equal(mf_flow_jitter_us(&even), 0);
	assert_in_range(mf_flow_jitter_us(&uneven), 9000, 10500);
	assert_int_equal(opus.clock_hz, 48000); // found out
	assert_in_range(mf_flow_jitter_us(&opus), 9000, 10500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sequence), cmocka_unit_test(losses),
		cmocka_unit_test(sources), cmocka_unit_test(jitter)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
