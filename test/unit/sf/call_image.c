// SPDX-License-Identifier: Apache-2.0
// A confirmed call survives its process: saved, made again elsewhere, ended by BYE; damage is noticed.
#include "call_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static long number(const char *text)
{
	return strtol(text, NULL, 10);
}

static void saved(struct rig *r, struct sf_call_image *image)
{
	rig_call(r);
	struct sf_call *c = sf_call_at(r->sf, r->last_call);
	assert_non_null(c);
	assert_true(is_ok(sf_call_save(c, image)));
}

static void test_restored_call_goes_on(void **state)
{
	struct rig *r = rig_new(), *again = rig_new();
	struct sf_call_image image;
	struct sf_call *c = NULL;

	UNUSED(state);
	saved(r, &image);
	again->now = r->now;
	assert_true(is_ok(sf_call_restore(again->sf, &image, &again->now, &c)));
	assert_ptr_equal(sf_find_call(again->sf, BYTES("secretcallid@pbx.internal.core")), c);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	long before = number(rig_header(rig_last(r, RIG_FAR, "INVITE "), "CSeq"));
	rig_in_dialog(again, RIG_CORE, ok, "BYE", 7, "", ""); // not higher than the INVITE
	assert_int_equal(again->alarms[SF_ALARM_OLD_CSEQ], 1);
	rig_in_dialog(again, RIG_CORE, ok, "BYE", 8, "", "");
	const char *bye = rig_last(again, RIG_FAR, "BYE ");
	assert_non_null(bye);
	assert_true(number(rig_header(bye, "CSeq")) > before + 1000);
	assert_string_equal(rig_tag(bye, "To"), "fartag");
	assert_string_equal(
		rig_header(bye, "Call-ID"), rig_header(rig_last(r, RIG_FAR, "INVITE "), "Call-ID"));
	rig_answer(again, RIG_FAR, bye, 200, "", "", "");
	rig_wait(again, 70);
	assert_int_equal(sf_call_count(again->sf), 0);
	rig_free(r);
	rig_free(again);
}

static void test_damage(void **state)
{
	struct rig *r = rig_new(), *again = rig_new();
	struct sf_call_image image, bad;
	struct sf_call *c = NULL;

	UNUSED(state);
	saved(r, &image);
	for (uint32_t i = 0; i < image.length; i += 3) {
		bad = image;
		bad.octets[i] ^= 0x40;
		assert_false(is_ok(sf_call_restore(again->sf, &bad, &again->now, &c)));
	}
	for (uint32_t n = 0; n < image.length; n += 17) {
		bad = image;
		bad.length = n;
		assert_false(is_ok(sf_call_restore(again->sf, &bad, &again->now, &c)));
	}
	assert_int_equal(sf_call_count(again->sf), 0);
	assert_true(is_ok(sf_call_restore(again->sf, &image, &again->now, &c)));
	assert_int_equal(sf_call_restore(again->sf, &image, &again->now, &c).error, E_DUPLICATE);
	rig_free(r);
	rig_free(again);
}

// The texts of LEG as long as a leg may have them, each of another letter.
static void fill(struct sf_leg *l, uint8_t *room)
{
	struct leg_parts p = leg_parts(l);
	size_t rest = LEG_TEXT_MAX - p.call_id.len - p.local.len - p.remote.len - p.remote_tag.len;

	memset(room, 't', LEG_TEXT_MAX);
	p.target = bytes_make(room, rest / 2);
	memset(room + rest / 2, 'r', LEG_TEXT_MAX - rest / 2);
	p.routes = bytes_make(room + rest / 2, rest - rest / 2);
	assert_true(is_ok(leg_set_parts(l, &p)));
}

// The longest call is kept, whatever its peers write; a description is left out before it takes the other leg's room.
static void test_longest(void **state)
{
	struct rig *r = rig_new(), *again = rig_new();
	static uint8_t room[2][LEG_TEXT_MAX];
	static struct sf_call_image image;
	static uint8_t sdp[2000];
	struct sf_call *c = NULL;

	UNUSED(state);
	rig_call(r);
	struct branch *b = call_confirmed(sf_call_at(r->sf, r->last_call));
	assert_non_null(b);
	fill(&b->caller, room[0]);
	fill(&b->called, room[1]);
	assert_true(octets_set(&b->caller.sdp, bytes_make(sdp, sizeof(sdp))));
	assert_true(is_ok(sf_call_save(sf_call_at(r->sf, r->last_call), &image)));
	assert_true(image.length > 2 * LEG_TEXT_MAX);
	assert_true(is_ok(sf_call_restore(again->sf, &image, &again->now, &c)));
	struct branch *back = call_confirmed(c);
	assert_true(bytes_equal(leg_parts(&back->caller).routes, leg_parts(&b->caller).routes));
	assert_true(bytes_equal(leg_parts(&back->called).target, leg_parts(&b->called).target));
	assert_int_equal(back->caller.sdp.len, 0);
	rig_free(r);
	rig_free(again);
}

static void test_small(void **state)
{
	struct rig *r = rig_new();
	struct sf_call_image image;

	UNUSED(state);
	saved(r, &image);
	assert_true(image.length < 1600);
	// A held call: the call, one branch with its two legs, two blocks of texts.
	assert_true(sizeof(struct sf_call) + sizeof(struct branch) < 2400);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restored_call_goes_on),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
