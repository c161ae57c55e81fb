// SPDX-License-Identifier: Apache-2.0
// MF-C5: crosstalk by port reuse. A user who has hung up goes on sending to the port of the ended call; a new
// call of the same user's address must not get that port while such packets can still come.
#include "mf_threat.h"

// Hang up, call again at once: did the old port come back? AFTER_S: wait so long between.
static bool reused(bool gate, uint32_t after_s)
{
	struct address first[2];
	struct media_plan plan;
	bool same = false;
	struct lab l;

	lab_open(&l);
	if (!gate)
		mf_engine_quarantine_off(l.engine);
	plan = lab_plan(&l);
	for (uint32_t i = 0; i < 200 && !same; i++) {
		struct session_ref ref = lab_create(&l, &plan);
		assert_int_equal(l.last.type, IPC_MEDIA_CREATED);
		memcpy(first, l.last.u.ports.rtp[0], sizeof(first));
		lab_tell(&l, IPC_MEDIA_DELETE, ref);
		l.now.mono_us += after_s * SECOND;
		ref = lab_create(&l, &plan);
		assert_int_equal(l.last.type, IPC_MEDIA_CREATED);
		for (uint32_t a = 0; a < 2; a++)
			for (uint32_t b = 0; b < 2; b++)
				same |= address_equal(&first[a], &l.last.u.ports.rtp[0][b]);
		lab_tell(&l, IPC_MEDIA_DELETE, ref);
		l.now.mono_us += 31 * SECOND; // so that the lab does not run out of ports
	}
	lab_close(&l);
	return same;
}

static void reuse(void **state)
{
	(void)state;
	assert_true(reused(false, 0));
	assert_false(reused(true, 0));
	assert_false(reused(true, 29));
	assert_true(reused(true, 31)); // afterwards it may
}

// The next port is not to be guessed from the last: over many calls no step between ports is common.
static void random_order(void **state)
{
	uint32_t step[2 * LAB_PAIRS] = {0}, most = 0;
	struct media_plan plan;
	uint16_t last = 0;
	struct lab l;

	(void)state;
	lab_open(&l);
	plan = lab_plan(&l);
	for (uint32_t i = 0; i < 1000; i++) {
		struct session_ref ref = lab_create(&l, &plan);
		uint16_t port = l.last.u.ports.rtp[0][0].port;
		assert_int_equal(port % 2, 0);
		uint32_t s = (uint32_t)(port / 2 - last / 2 + LAB_PAIRS) % (2 * LAB_PAIRS);
		most = i > 0 && ++step[s] > most ? step[s] : most;
		last = port;
		lab_tell(&l, IPC_MEDIA_DELETE, ref);
		l.now.mono_us += 31 * SECOND;
	}
	assert_true(most < 100);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reuse), cmocka_unit_test(random_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
