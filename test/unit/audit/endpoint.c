// SPDX-License-Identifier: Apache-2.0
// The bounds of a probe: packets, pace, time; and waiting for messages on loopback.
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"

struct rig {
	struct audit_settings s;
	struct audit a;
};

static int set_up(void **state)
{
	struct rig *g = memory_alloc(sizeof(*g));
	struct address any = unit_address("127.50.2.1:0");

	g->s = (struct audit_settings){.rate = AUDIT_RATE_MAX, .packets = 10, .seconds = 5};
	(void)snprintf(g->s.domain, sizeof(g->s.domain), "a.invalid");
	g->a = (struct audit){.s = &g->s, .random = 1, .end = {{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	for (uint32_t i = 0; i < AUDIT_ROLES; i++)
		assert_ok(audit_end_open(&g->a.end[i], &any));
	audit_begin(&g->a);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *g = *state;

	for (uint32_t i = 0; i < AUDIT_ROLES; i++)
		audit_end_close(&g->a.end[i]);
	memory_free(g);
	return 0;
}

static void packets_are_counted(void **state)
{
	struct rig *g = *state;
	struct audit_end *from = &g->a.end[AUDIT_CALLER], *to = &g->a.end[AUDIT_STRANGER];

	for (uint32_t i = 0; i < 10; i++)
		assert_true(audit_send(&g->a, from, &to->local, "x", 1));
	assert_false(g->a.spent);
	assert_false(audit_send(&g->a, from, &to->local, "x", 1));
	assert_true(g->a.spent);
	assert_int_equal(audit_drain(&g->a, to, 20), 10);
	assert_int_equal(to->received, 10);
	audit_begin(&g->a);
	assert_false(g->a.spent);
	assert_true(audit_send(&g->a, from, &to->local, "x", 1));
}

static void pace_is_kept(void **state)
{
	struct rig *g = *state;

	g->s.rate = 50;
	uint64_t began = clock_now().mono_us;
	for (uint32_t i = 0; i < 6; i++)
		assert_true(audit_send(&g->a, &g->a.end[0], &g->a.end[2].local, "x", 1));
	assert_true(clock_now().mono_us - began >= 5 * (SECOND / 50) - 5 * MS); // whole milliseconds are waited
}

static void time_ends_a_probe(void **state)
{
	struct rig *g = *state;

	g->a.until_us = clock_now().mono_us + 50 * MS;
	assert_false(audit_receive(&g->a, &g->a.end[0], 60000)); // not for a minute
	assert_false(audit_send(&g->a, &g->a.end[0], &g->a.end[2].local, "x", 1));
	assert_true(g->a.spent);
}

static void a_closed_end_is_harmless(void **state)
{
	struct rig *g = *state;

	audit_end_close(&g->a.end[2]);
	assert_false(audit_send(&g->a, &g->a.end[2], &g->a.end[0].local, "x", 1));
	assert_false(audit_receive(&g->a, &g->a.end[2], 10));
	assert_int_equal(audit_drain(&g->a, &g->a.end[2], 10), 0);
}

static void logs_are_bounded(void **state)
{
	struct rig *g = *state;
	uint8_t big[60000] = {0};

	g->a.end[2].logging = true;
	for (uint32_t i = 0; i < 6; i++) {
		assert_true(audit_send(&g->a, &g->a.end[0], &g->a.end[2].local, big, sizeof(big)));
		assert_true(audit_receive(&g->a, &g->a.end[2], 200));
	}
	assert_int_equal(g->a.end[2].log_len, 4 * sizeof(big));
}

static void the_right_message_is_awaited(void **state)
{
	struct rig *g = *state;
	struct audit_end *from = &g->a.end[AUDIT_CALLED], *to = &g->a.end[AUDIT_CALLER];
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_request r = {.method = "OPTIONS", .via = &from->local, .branch = "z9hG4bK1", .call_id = "other",
		.from_tag = "f", .from = "1", .to = "2", .cseq = 1, .max_forwards = 70};

	for (uint32_t i = 0; i < 2; i++) { // an OPTIONS on the way is answered, garbage passed over
		struct audit_text t;
		audit_text_init(&t, buf, sizeof(buf));
		r.method = i == 0 ? "OPTIONS" : "BYE";
		assert_true(audit_request_write(&g->a, &r, &t));
		assert_true(audit_send(&g->a, from, &to->local, t.at, t.len));
		assert_true(audit_send(&g->a, from, &to->local, "garbage", 7));
	}
	assert_true(audit_await(&g->a, to, "BYE", 0, 0, NULL, 500));
	assert_int_equal(to->msg.method, SIP_BYE);
	assert_true(audit_await(&g->a, from, NULL, 200, 200, "other", 500));
	assert_false(audit_await(&g->a, to, NULL, 200, 699, "mine", 20));
}

static void a_dead_target_is_seen(void **state)
{
	struct rig *g = *state;

	g->s.target = unit_address("127.50.2.1:9"); // nobody listens there
	g->s.packets = 4;
	g->a.until_us = clock_now().mono_us + 300 * MS;
	assert_false(audit_alive(&g->a));
}

static void memory_may_fail(void **state)
{
	struct address any = unit_address("127.50.2.1:0");
	struct audit_end e;

	UNUSED(state);
	for (uint64_t n = 1; n <= 2; n++) {
		memory_fail_nth(n);
		assert_error(audit_end_open(&e, &any), E_NO_MEMORY);
		memory_fail_nth(0);
		audit_end_close(&e);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packets_are_counted), TEST(pace_is_kept), TEST(time_ends_a_probe), TEST(a_closed_end_is_harmless),
		TEST(logs_are_bounded), TEST(the_right_message_is_awaited), TEST(a_dead_target_is_seen), TEST(memory_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
