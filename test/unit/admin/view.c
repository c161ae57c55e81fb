// SPDX-License-Identifier: Apache-2.0
// Rows of a signaller that was taken over: no number of theirs indexes our tables, no text needs its NUL.
#include "unit.h"

#include "admin/view.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *step_text(uint32_t step)
{
	static const char *const names[] = {"source", "rate", "headers"};
	return names[step];
}

static const struct view_steps steps = {3, step_text, step_text, NULL};

static struct snapshot *empty_snapshot(void)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	return s;
}

static void a_record_of_nonsense(void **state)
{
	struct ipc_admin_record *r = malloc(sizeof(*r));
	struct snapshot *s = empty_snapshot();
	(void)state;
	for (int fill = 0; fill <= 255; fill += 51) {
		memset(r, fill, sizeof(*r));
		r->stream[0].remote[0].family = 4;
		json_t *o = view_record(s, &steps, r);
		assert_non_null(o);
		char *line = json_dumps(o, JSON_COMPACT);
		assert_non_null(line);
		assert_null(strchr(line, '\n'));
		assert_true(json_array_size(json_object_get(o, "gates")) <= TRAIL_MAX);
		assert_true(json_array_size(json_object_get(o, "streams")) <= MEDIA_STREAMS_MAX);
		free(line);
		json_decref(o);
	}
	free(r);
	free(s);
}

// The line for the file: JSON on one line, gates that were passed by name, the others in full; all of strangers escaped.
static void a_line(void **state)
{
	static char line[VIEW_RECORD_MAX];
	struct ipc_admin_record *r = calloc(1, sizeof(*r));
	struct snapshot *s = empty_snapshot();
	(void)state;
	snprintf(r->call.call_id[0], IPC_ADMIN_ID_MAX, "%s", "a\"b\\c\n\x01\xff\xc3\xa4");
	r->call.start_ms = 1700000000123;
	r->call.ref.slot = 255;
	r->mark_count = 3;
	r->mark[1] = (struct trail_mark){.step = 1, .action = VERDICT_REPLY, .reason = 2, .status = 503, .after_us = 7};
	r->mark[2] = (struct trail_mark){.step = 2};
	snprintf(r->reason[1], IPC_ADMIN_TEXT_MAX, "busy");
	assert_true(view_record_line(s, &steps, r, line));
	assert_null(strchr(line, '\n'));
	json_t *o = json_loads(line, 0, NULL);
	assert_non_null(o);
	json_t *leg = json_array_get(json_object_get(o, "legs"), 0), *gate = json_array_get(json_object_get(o, "gates"), 0);
	assert_string_equal(json_string_value(json_object_get(leg, "call_id")), "a\"b\\c\n\x01\xef\xbf\xbd\xc3\xa4");
	assert_memory_equal(json_string_value(json_object_get(o, "id")), "18bcfe5687b-0-ff-a\"b", 20);
	assert_string_equal(json_string_value(json_object_get(o, "started")), "2023-11-14T22:13:20.123Z");
	assert_string_equal(json_string_value(json_object_get(o, "gates_passed")), "source headers");
	assert_int_equal(json_array_size(json_object_get(o, "gates")), 1);
	assert_string_equal(json_string_value(json_object_get(gate, "step")), "rate");
	assert_string_equal(json_string_value(json_object_get(gate, "reason")), "busy");
	assert_int_equal(json_integer_value(json_object_get(gate, "status")), 503);
	json_decref(o);
	free(r);
	free(s);
}

// The longest that can be: every octet of a stranger takes six.
static void the_longest_line_fits(void **state)
{
	static char line[VIEW_RECORD_MAX];
	struct ipc_admin_record *r = malloc(sizeof(*r));
	struct snapshot *s = empty_snapshot();
	(void)state;
	memset(r, 1, sizeof(*r));
	r->mark_count = r->stream_count = 255;
	for (uint8_t i = 0; i < TRAIL_MAX; i++)
		r->mark[i].action = VERDICT_DROP;
	assert_true(view_record_line(s, &steps, r, line));
	assert_in_range(strlen(line), 10000, VIEW_RECORD_MAX / 2);
	json_t *o = view_call(s, &r->call);
	assert_non_null(o);
	json_decref(o);
	o = view_stream(&r->stream[0]);
	assert_non_null(o);
	json_decref(o);
	free(r);
	free(s);
}

// A record is whole or absent.
static void memory_runs_out(void **state)
{
	struct ipc_admin_record *r = calloc(1, sizeof(*r));
	struct snapshot *s = empty_snapshot();
	(void)state;
	r->mark_count = 2;
	r->stream_count = 2;
	json_set_alloc_funcs(memory_alloc, memory_free);
	json_t *whole = view_record(s, &steps, r);
	char *expected = json_dumps(whole, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(whole);
	uint32_t failed = 0;
	for (uint64_t n = 1; n < 2000; n++) {
		memory_fail_nth(n);
		uint64_t before = memory_alloc_count();
		json_t *o = view_record(s, &steps, r);
		bool reached = memory_alloc_count() - before >= n;
		memory_fail_nth(0);
		failed += o == NULL;
		if (o != NULL) {
			char *line = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
			assert_string_equal(line, expected);
			memory_free(line);
		}
		json_decref(o);
		if (!reached)
			break;
	}
	assert_true(failed > 100);
	memory_free(expected);
	free(r);
	free(s);
}

static void states_of_controls(void **state)
{
	struct peer *p = calloc(1, sizeof(*p));
	(void)state;
	p->anchor = 1;
	assert_int_equal(view_control_state(p, false, CONTROL_SRTP, 1000), VIEW_LACKING);
	assert_int_equal(view_control_state(p, true, CONTROL_SRTP, 1000), VIEW_NOT_APPLICABLE);
	p->srtp = SRTP_REQUIRED;
	assert_int_equal(view_control_state(p, false, CONTROL_SRTP, 1000), VIEW_ENFORCED);
	assert_int_equal(view_control_state(p, true, CONTROL_SRTP, 1000), VIEW_ENFORCED);
	p->shadow[CONTROL_SRTP] = 1;
	assert_int_equal(view_control_state(p, false, CONTROL_SRTP, 1000), VIEW_SHADOWED);
	p->waiver[CONTROL_SRTP] = (struct waiver){.set = 1, .until_ms = 1000};
	assert_int_equal(view_control_state(p, false, CONTROL_SRTP, 999), VIEW_WAIVED);
	assert_int_equal(view_control_state(p, false, CONTROL_SRTP, 1000), VIEW_EXPIRED);
	assert_int_equal(view_control_state(p, false, CONTROL_IDENTITY, 0), VIEW_LACKING);
	assert_int_equal(view_control_state(p, false, CONTROL_RESPONSE_SOURCE, 0), VIEW_ENFORCED);
	p->anchor = 0;
	assert_int_equal(view_control_state(p, true, CONTROL_MEDIA_ANCHOR, 0), VIEW_LACKING);
	assert_int_equal(view_control_state(p, true, CONTROL_MEDIA_SOURCE, 0), VIEW_NOT_APPLICABLE);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_of_nonsense),
		cmocka_unit_test(states_of_controls),
		cmocka_unit_test(a_line),
		cmocka_unit_test(the_longest_line_fits),
		cmocka_unit_test(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
