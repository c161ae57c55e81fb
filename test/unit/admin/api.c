// SPDX-License-Identifier: Apache-2.0
// The local API against a fake signaller: routes, bounds, who may ask (BE-1), hostile Call-IDs (BE-5), records.
#include "rig.h"

#include "admin/recent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *text_at(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s != NULL ? s : "(absent)";
}

static json_int_t number_at(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const json_t *control(const json_t *peer, const char *name)
{
	size_t i;
	json_t *c;
	json_array_foreach(json_object_get(peer, "controls"), i, c)
		if (strcmp(text_at(c, "control"), name) == 0)
			return c;
	return NULL;
}

static void status(void **state)
{
	struct rig *r = *state;
	rig_ask(r, GET("/status"));
	assert_int_equal(rig_status(r), 200);
	json_t *o = rig_json(r);
	assert_string_equal(text_at(o, "version"), "1.2.3");
	assert_int_equal(json_array_size(json_object_get(o, "missing")), 0);
	const json_t *process = json_array_get(json_object_get(o, "processes"), 0);
	assert_string_equal(text_at(process, "name"), "media");
	assert_int_equal(number_at(process, "restarts"), 2);
	assert_int_equal(number_at(process, "generation"), 2);
	assert_null(json_object_get(process, "signed"));
	const json_t *signer = json_array_get(json_object_get(o, "processes"), 1);
	assert_int_equal(number_at(signer, "signed"), 5);
	assert_int_equal(number_at(signer, "refused"), 0);
	assert_int_equal(number_at(signer, "limited"), 1);
	assert_null(json_object_get(json_array_get(json_object_get(o, "processes"), 2), "generation")); // the resolver
	assert_int_equal(number_at(json_object_get(o, "counters"), "net.udp_sent"), 11);
	const json_t *peers = json_object_get(o, "peers");
	assert_int_equal(json_array_size(peers), 2);
	const json_t *b = json_array_get(peers, 0);
	assert_int_equal(number_at(b, "concurrent_calls"), 7);
	assert_int_equal(number_at(json_object_get(b, "refused_by_step"), "headers"), 6); // of two lists
	assert_int_equal(number_at(json_object_get(b, "media"), "packets"), 1000);
	assert_int_equal(number_at(json_object_get(json_object_get(b, "media"), "dropped"), "auth"), 12);
	assert_int_equal(number_at(json_object_get(json_object_get(b, "media"), "dropped"), "replay"), 0);
	assert_string_equal(text_at(control(b, "srtp"), "state"), "waived");
	assert_string_equal(text_at(control(b, "srtp"), "why"), "old \"gear\"");
	assert_string_equal(text_at(control(b, "numbers"), "state"), "shadowed");
	assert_string_equal(text_at(control(b, "headers"), "state"), "enforced");
	assert_int_equal(number_at(control(b, "headers"), "hits"), 6);
	assert_int_equal(number_at(control(b, "rates"), "hits"), 3);
	assert_string_equal(text_at(control(b, "addresses"), "state"), "lacking");
	assert_string_equal(text_at(json_array_get(peers, 1), "service"), "blocked");
	assert_string_equal(text_at(control(json_array_get(peers, 1), "srtp"), "state"), "not applicable");
	json_decref(o);
}

static void status_when_nobody_answers(void **state)
{
	struct rig *r = *state;
	r->mute = true;
	int fd = rig_connect(r);
	assert_true(send(fd, GET("/status"), strlen(GET("/status")), 0) > 0);
	rig_turn(r, 50);
	rig_offset_us = 4 * SECOND; // past the deadline
	rig_ask(r, GET("/version")); // any event arms the timer anew
	rig_exchange(r, fd, "", 0);
	assert_int_equal(rig_status(r), 200);
	json_t *o = rig_json(r);
	assert_int_equal(json_array_size(json_object_get(o, "missing")), 3);
	assert_int_equal(json_array_size(json_object_get(o, "peers")), 2); // from the configuration
	json_decref(o);
}

static void hostile_call_ids(void **state)
{
	struct rig *r = *state;
	rig_ask(r, GET("/calls"));
	assert_int_equal(rig_status(r), 200);
	json_t *o = rig_json(r);
	const json_t *leg = json_array_get(json_object_get(json_array_get(json_object_get(o, "calls"), 0), "legs"), 0);
	assert_string_equal(text_at(leg, "call_id"), "a\"b\\\r\n{\"x\":1}\x1b[2J\xef\xbf\xbd");
	json_decref(o);
	assert_null(strchr(r->answer, 0x1b)); // escaped, also on the way
}

static void a_list_that_is_cut_says_so(void **state)
{
	struct rig *r = *state;
	r->calls_end = E_FULL;
	rig_ask(r, GET("/calls"));
	assert_int_equal(rig_status(r), 200);
	json_t *o = rig_json(r);
	assert_int_equal(json_array_size(json_object_get(o, "calls")), 1);
	assert_true(json_is_true(json_object_get(o, "cut")));
	json_decref(o);
}

static void hangup_decodes_and_journals(void **state)
{
	struct rig *r = *state;
	char text[4096];
	rig_ask(r, POST("/hangup/a%2Fb%40h%25"));
	assert_int_equal(rig_status(r), 200);
	assert_int_equal(r->questions[IPC_ADMIN_HANGUP], 1);
	assert_string_equal(r->last->u.key, "a/b@h%");
	r->hangup = E_NOT_FOUND;
	rig_ask(r, POST("/hangup/none"));
	assert_int_equal(rig_status(r), 404);
	json_t *o = rig_json(r);
	assert_string_equal(text_at(json_object_get(o, "error"), "where"), "none");
	json_decref(o);
	rig_file(r, "audit.jsonl", text, sizeof(text));
	assert_non_null(strstr(text, "\"action\":\"hangup\",\"target\":\"a/b@h%\",\"outcome\":\"done\"}\n"));
	assert_non_null(strstr(text, "\"target\":\"none\",\"outcome\":\"there is none\"}\n"));
}

static void explain_and_dry_run(void **state)
{
	struct rig *r = *state;
	rig_ask(r, GET("/explain/x"));
	json_t *o = rig_json(r);
	assert_string_equal(text_at(json_object_get(o, "call"), "state"), "confirmed");
	const json_t *step = json_array_get(json_object_get(o, "steps"), 0);
	assert_string_equal(text_at(step, "threats"), "SF-I10 SF-A1");
	assert_int_equal(number_at(step, "after_us"), 42);
	json_decref(o);
	rig_ask(r, "POST /dry-run?peer=ssp-b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nHELLO");
	assert_int_equal(rig_status(r), 200);
	assert_int_equal(r->last->u.raw.len, 5);
	assert_memory_equal(r->last->u.raw.octets, "HELLO", 5);
	rig_ask(r, POST("/dry-run?peer=ssp-b"));
	assert_int_equal(rig_status(r), 400);
	rig_ask(r, "POST /dry-run?peer=zz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nH");
	assert_int_equal(rig_status(r), 404);
}

static void changes_go_to_the_monitor(void **state)
{
	struct rig *r = *state;
	rig_ask(r, POST("/reload"));
	assert_int_equal(rig_status(r), 200);
	rig_ask(r, POST("/drain?on=1"));
	assert_int_equal(rig_status(r), 200);
	rig_ask(r, POST("/peers/softswitch/block?on=0"));
	assert_int_equal(rig_status(r), 200);
	assert_int_equal(r->monitor_last.peer, 1);
	rig_ask(r, POST("/peers/none/block?on=1"));
	assert_int_equal(rig_status(r), 404);
	rig_ask(r, POST("/drain?on=2"));
	assert_int_equal(rig_status(r), 400);
	rig_ask(r, POST("/drain"));
	assert_int_equal(rig_status(r), 400);
}

static void what_is_no_route(void **state)
{
	struct rig *r = *state;
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{GET("/"), 404}, {GET("/statusx"), 404}, {GET("/status/"), 404}, {GET("/hangup/x"), 405}, {POST("/status"), 405},
		{GET("/explain/"), 404}, {GET("/explain/a/b"), 404}, {POST("/peers//block?on=1"), 404},
		{GET("/explain/%00"), 404}, {GET("/explain/%zz"), 404},
		{GET("/lookup?number=123"), 400}, {GET("/lookup?number=abc&from=ssp-b"), 400},
		{POST("/trace"), 400}, {POST("/trace?peer=ssp-b&seconds=0"), 400}, {POST("/trace?peer=ssp-b&seconds=99999"), 400},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rig_ask(r, cases[i].request);
		if (rig_status(r) != cases[i].status)
			print_error("%s -> %d\n", cases[i].request, rig_status(r));
		assert_int_equal(rig_status(r), cases[i].status);
	}
}

static void bodies_and_heads_are_bounded(void **state)
{
	struct rig *r = *state;
	static char request[128 * 1024];
	int n = snprintf(request, sizeof(request), "POST /dry-run?peer=ssp-b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
		IPC_ADMIN_OCTETS_MAX);
	memset(request + n, 'A', IPC_ADMIN_OCTETS_MAX + 1);
	rig_exchange(r, rig_connect(r), request, (size_t)n + IPC_ADMIN_OCTETS_MAX);
	assert_int_equal(rig_status(r), 200);
	assert_int_equal(r->last->u.raw.len, IPC_ADMIN_OCTETS_MAX);
	n = snprintf(request, sizeof(request), "POST /dry-run?peer=ssp-b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
		IPC_ADMIN_OCTETS_MAX + 1);
	memset(request + n, 'A', IPC_ADMIN_OCTETS_MAX + 1);
	uint32_t asked = r->questions[IPC_ADMIN_DRY_RUN];
	rig_exchange(r, rig_connect(r), request, (size_t)n + IPC_ADMIN_OCTETS_MAX + 1);
	assert_int_not_equal(rig_status(r), 200);
	n = snprintf(request, sizeof(request), "GET /version HTTP/1.1\r\nX: ");
	memset(request + n, 'A', 20000);
	rig_exchange(r, rig_connect(r), request, (size_t)n + 20000);
	assert_int_not_equal(rig_status(r), 200);
	assert_int_equal(r->questions[IPC_ADMIN_DRY_RUN], asked);
	rig_ask(r, GET("/version"));
	assert_int_equal(rig_status(r), 200);
}

static void requests_under_way_are_bounded(void **state)
{
	struct rig *r = *state;
	int fd[16];
	r->mute = true;
	for (int i = 0; i < 16; i++) {
		fd[i] = rig_connect(r);
		assert_true(send(fd[i], GET("/calls"), strlen(GET("/calls")), 0) > 0);
		rig_turn(r, 2);
	}
	rig_turn(r, 20);
	rig_ask(r, GET("/version"));
	assert_int_equal(rig_status(r), 503);
	for (int i = 0; i < 16; i++)
		close(fd[i]); // the clients go away before their answers
	rig_turn(r, 20);
	rig_offset_us = 4 * SECOND;
	rig_send(r, IPC_ADMIN_END, 999999, 0); // any event arms the timer anew
	rig_turn(r, 20);
	rig_ask(r, GET("/version"));
	assert_int_equal(rig_status(r), 200);
}

static void others_may_not_ask(void **state)
{
	struct rig *r = *state;
	if (geteuid() != 0)
		skip(); // only root can become somebody else
	assert_int_equal(chown(r->folder, 12345, 12345), 0);
	assert_int_equal(chown(r->socket, 12345, 12345), 0);
	assert_int_equal(seteuid(12345), 0);
	int fd = rig_connect(r);
	assert_int_equal(seteuid(0), 0);
	rig_exchange(r, fd, POST("/reload"), strlen(POST("/reload")));
	assert_int_equal(rig_status(r), 403);
	assert_int_equal(r->monitor_last.type, 0);
	rig_ask(r, POST("/reload"));
	assert_int_equal(rig_status(r), 200);
}

static void records_are_written_and_acknowledged(void **state)
{
	struct rig *r = *state;
	char text[65536];
	rig_record(r, 1, "one\"\n");
	rig_record(r, 2, "two");
	rig_turn(r, 250);
	assert_int_equal(r->acked, 2);
	rig_file(r, "records.jsonl", text, sizeof(text));
	char *second = strchr(text, '\n');
	assert_non_null(second);
	*second++ = '\0';
	json_t *o = json_loads(text, 0, NULL), *two = json_loads(second, 0, NULL);
	assert_non_null(o);
	assert_non_null(two);
	assert_string_equal(text_at(json_array_get(json_object_get(o, "legs"), 0), "call_id"), "one\"\n");
	assert_string_equal(text_at(json_array_get(json_object_get(o, "legs"), 1), "peer"), "softswitch");
	assert_string_equal(text_at(o, "answered"), "2023-11-14T22:13:21.000Z");
	assert_string_equal(text_at(o, "reason"), "BYE");
	assert_int_equal(number_at(o, "duration_ms"), 2500);
	const json_t *stream = json_array_get(json_object_get(o, "streams"), 0);
	assert_string_equal(text_at(stream, "keying"), "add");
	assert_string_equal(text_at(stream, "codec"), "PCMA");
	const json_t *side = json_array_get(json_object_get(stream, "sides"), 0);
	assert_int_equal(number_at(side, "packets"), 125);
	assert_int_equal(json_array_size(json_object_get(o, "gates")), 0); // it was passed: told by name only
	assert_true(strlen(text_at(o, "gates_passed")) > 0);
	assert_string_equal(text_at(o, "state"), "(absent)");
	json_decref(o);
	json_decref(two);
	r->explain = E_NOT_FOUND; // over, but still known here
	rig_ask(r, GET("/explain/two"));
	assert_int_equal(rig_status(r), 200);
	o = rig_json(r);
	assert_string_equal(text_at(json_object_get(o, "call"), "reason"), "BYE");
	assert_int_equal(json_array_size(json_object_get(o, "steps")), 1);
	json_decref(o);
	rig_ask(r, GET("/explain/three"));
	assert_int_equal(rig_status(r), 404);
}

// The ring forgets the oldest; the newest of two with one Call-ID is found.
static void recent_calls_are_bounded(void **state)
{
	struct recent ring = {.next = 0};
	(void)state;
	for (int i = 0; i < RECENT_MAX + 2; i++) {
		static struct ipc_admin_record record;
		record.call.attempts = (uint8_t)(i & 0x7f);
		snprintf(record.call.call_id[0], IPC_ADMIN_ID_MAX, "%s", i % 2 ? "odd" : "even");
		snprintf(record.call.call_id[1], IPC_ADMIN_ID_MAX, "%d", i);
		recent_add(&ring, &record);
	}
	assert_null(recent_find(&ring, "1"));
	assert_int_equal(recent_find(&ring, "2")->call.attempts, 2);
	assert_int_equal(recent_find(&ring, "odd")->call.attempts, (RECENT_MAX + 1) & 0x7f);
	recent_clear(&ring);
	assert_null(recent_find(&ring, "odd"));
}

// What the channel still holds from before will be sent again: taking it now would write it twice.
static void records_before_the_hand_shake_are_ignored(void **state)
{
	struct rig *r = *state;
	char text[4096];
	r->mute = true;
	r->journal_fails = true; // the file fails ...
	rig_record(r, 1, "one");
	rig_turn(r, 150);
	assert_int_equal(r->acked, 0);
	assert_int_equal(r->state, 1); // ... the spill file too: refuse new calls
	r->journal_fails = false;
	rig_offset_us += 2 * SECOND;
	rig_ask(r, GET("/version"));
	rig_turn(r, 50);
	assert_int_equal(r->acked, 1);
	assert_int_equal(r->state, 0);
	rig_record(r, 2, "early"); // the hand-shake has not ended
	rig_turn(r, 20);
	r->out->error = E_OK;
	rig_send(r, IPC_ADMIN_END, r->last->type == IPC_ADMIN_TRACE ? r->last->request : r->last->request, 0);
	rig_turn(r, 20);
	rig_file(r, "records.jsonl", text, sizeof(text));
	assert_null(strstr(text, "early"));
}

static uint32_t lines_of(struct rig *r)
{
	char text[65536];
	uint32_t n = 0;
	for (const char *at = rig_file(r, "records.jsonl", text, sizeof(text)); (at = strchr(at, '\n')) != NULL; at++)
		n++;
	return n;
}

static json_int_t again(struct rig *r)
{
	rig_ask(r, GET("/status"));
	json_t *o = rig_json(r);
	json_int_t n = number_at(json_object_get(o, "records"), "again");
	json_decref(o);
	return n;
}

// A signaller that was started again sends what it has no acknowledgement for, under the old numbers.
static void a_record_that_comes_again_is_written_once(void **state)
{
	struct rig *r = *state;
	rig_record(r, 1, "one");
	rig_record(r, 2, "two");
	rig_record(r, 2, "two"); // before it is written: the acknowledgement comes with the batch
	rig_turn(r, 250);
	assert_int_equal(r->acked, 2);
	assert_int_equal(lines_of(r), 2);
	r->acked = 0;
	rig_record(r, 2, "two");
	rig_record(r, 3, "three");
	rig_turn(r, 5);
	assert_int_equal(r->acked, 2); // at once: it is on disk
	rig_turn(r, 250);
	assert_int_equal(r->acked, 3);
	assert_int_equal(lines_of(r), 3);
	assert_int_equal(again(r), 2);
}

// An admin that was started again knows by the file what it had written and not acknowledged.
static void a_record_of_before_the_restart_is_written_once(void **state)
{
	struct rig *r = *state;
	rig_record(r, 7, "one");
	rig_record(r, 8, "two");
	rig_turn(r, 250);
	assert_int_equal(lines_of(r), 2);
	rig_restart(r);
	r->acked = 0;
	rig_record(r, 7, "one");
	rig_record(r, 8, "two");
	rig_turn(r, 20);
	assert_int_equal(r->acked, 8);
	rig_record(r, 9, "three"); // new ...
	rig_record(r, 10, "one");  // ... so this one is another call with the same Call-ID
	rig_turn(r, 250);
	assert_int_equal(r->acked, 10);
	assert_int_equal(lines_of(r), 4);
	assert_int_equal(again(r), 2);
}

// A record is written without asking for memory; sent once more, it is not written twice.
static void without_memory_records_are_written(void **state)
{
	struct rig *r = *state;
	rig_record(r, 1, "one");
	rig_turn(r, 5);
	memory_fail_nth(1);
	rig_record(r, 2, "two");
	rig_turn(r, 20);
	memory_fail_nth(0);
	rig_record(r, 1, "one");
	rig_record(r, 2, "two");
	rig_turn(r, 250);
	assert_int_equal(r->acked, 2);
	assert_int_equal(lines_of(r), 2);
}

static void malformed_packets_are_counted(void **state)
{
	struct rig *r = *state;
	memset(r->out, 0, sizeof(*r->out));
	rig_send(r, IPC_ADMIN_RECORD, 1, 10);                    // too short
	rig_send(r, IPC_ADMIN_TYPES, 1, 10);                     // no type
	rig_send(r, IPC_ADMIN_END, 999999, 0);                   // of nobody's question
	r->out->u.traced.len = 100000;
	rig_send(r, IPC_ADMIN_TRACED, 0, offsetof(struct ipc_admin_traced, octets) + 4);
	assert_true(send(r->signaller, r->out, 3, 0) == 3);
	rig_ask(r, GET("/status"));
	json_t *o = rig_json(r);
	assert_int_equal(number_at(json_object_get(o, "admin"), "answers_malformed"), 3);
	assert_int_equal(number_at(json_object_get(o, "admin"), "answers_late"), 1);
	json_decref(o);
	assert_int_equal(r->acked, 0);
}

// Each allocation of a status request fails once: some answer or a closed connection, no crash, no leak.
static void memory_runs_out(void **state)
{
	struct rig *r = *state;
	uint64_t before = memory_alloc_count();
	rig_ask(r, GET("/status"));
	uint64_t needed = memory_alloc_count() - before;
	for (uint64_t n = 1; n <= needed; n += n < 40 ? 1 : 37) {
		memory_fail_nth(n);
		rig_ask(r, GET("/status"));
		memory_fail_nth(0);
	}
	memory_fail_nth(1);
	rig_record(r, 1, "one"); // written; only `explain` will not find it
	rig_turn(r, 250);
	memory_fail_nth(0);
	assert_int_equal(r->acked, 1);
	rig_ask(r, GET("/status"));
	assert_int_equal(rig_status(r), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(status),
		WITH_RIG(status_when_nobody_answers),
		WITH_RIG(hostile_call_ids),
		WITH_RIG(a_list_that_is_cut_says_so),
		WITH_RIG(hangup_decodes_and_journals),
		WITH_RIG(explain_and_dry_run),
		WITH_RIG(changes_go_to_the_monitor),
		WITH_RIG(what_is_no_route),
		WITH_RIG(bodies_and_heads_are_bounded),
		WITH_RIG(requests_under_way_are_bounded),
		WITH_RIG(others_may_not_ask),
		WITH_RIG(records_are_written_and_acknowledged),
		cmocka_unit_test(recent_calls_are_bounded),
		WITH_RIG(records_before_the_hand_shake_are_ignored),
		WITH_RIG(a_record_that_comes_again_is_written_once),
		WITH_RIG(a_record_of_before_the_restart_is_written_once),
		WITH_RIG(without_memory_records_are_written),
		WITH_RIG(malformed_packets_are_counted),
		WITH_RIG(memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
