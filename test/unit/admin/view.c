// SPDX-License-Identifier: Apache-2.0
// Rows of a signaller that was taken over: no number of theirs indexes our tables, no text needs its NUL.
#include "unit.h"

#include "admin/view.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

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
		json_t *o = view_record(s, r);
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

// A record is whole or absent.
static void memory_runs_out(void **state)
{
	struct ipc_admin_record *r = calloc(1, sizeof(*r));
	struct snapshot *s = empty_snapshot();
	(void)state;
	r->mark_count = 2;
	r->stream_count = 2;
	json_set_alloc_funcs(memory_alloc, memory_free);
	json_t *whole = view_record(s, r);
	char *expected = json_dumps(whole, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(whole);
	uint32_t failed = 0;
	for (uint64_t n = 1; n < 2000; n++) {
		memory_fail_nth(n);
		uint64_t before = memory_alloc_count();
		json_t *o = view_record(s, r);
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
		cmocka_unit_test(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
