// SPDX-License-Identifier: Apache-2.0
// SF-A5, SF-A1: half-open calls up to the limit of the peer and of the table, and one more. The flood of one peer does not
// take the calls that are up, and all is free again afterwards. With the gate off the flood gets in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"

enum { PEER_LIMIT = 20, TABLE_LIMIT = 32 }; // of flow_play.c

static int world_new(void **state)
{
	struct play *p = calloc(1, sizeof(*p));

	*state = p;
	return p != NULL && play_open(p) ? 0 : -1;
}

static int world_free(void **state)
{
	play_close(*state);
	free(*state);
	return 0;
}

static void invite(struct play *p, unsigned n)
{
	char out[2048];

	snprintf(out, sizeof(out),
		"INVITE sip:+4920111@ssp-a.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKflood%u\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:+4930555@c>;tag=t%u\r\nTo: <sip:+4920111@ssp-a.example>\r\nCall-ID: flood%u\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.5>\r\nContent-Length: 0\r\n\r\n",
		n, n, n);
	play_deliver(p, PLAY_CORE, out, strlen(out));
}

static void half_open(void **state)
{
	struct play *p = *state;

	for (unsigned n = 0; n < 200; n++)
		invite(p, n);
	assert_int_equal(sf_call_count(flow_sf(p->rig.flow)), PEER_LIMIT);
	assert_int_equal(atomic_load(&flow_counters(p->rig.flow)->step[STEP_ADMISSION].refused), 200 - PEER_LIMIT);
	play_end(p);
	assert_null(p->fault);
	invite(p, 1000); // and again
	assert_int_equal(sf_call_count(flow_sf(p->rig.flow)), 1);
}

// The attack with the gate off: the table is what stands behind it, and it holds too.
static void gate_off(void **state)
{
	struct play *p = *state;

	flow_gate_off(p->rig.flow, STEP_ADMISSION, true);
	for (unsigned n = 0; n < 200; n++)
		invite(p, n);
	assert_true(sf_call_count(flow_sf(p->rig.flow)) > 0);
	assert_true(atomic_load(&flow_counters(p->rig.flow)->step[STEP_ADMISSION].shadowed) > 0);
	assert_true(sf_call_count(flow_sf(p->rig.flow)) <= TABLE_LIMIT);
	play_end(p);
	assert_null(p->fault);
}

// A call that is up when the flood comes ends as it should.
static void calls_outlive_the_flood(void **state)
{
	static const uint8_t up[] = {0, 0, 2, 0, 1, 1, 0, 4, 0, 0, 1, 4, 0, 0, 0x80, 0};
	static const uint8_t bye[] = {4, 0, 1, 0x80, 1};
	struct play *p = *state;

	play_run(p, up, sizeof(up));
	struct play_sent ack = p->sent[(p->sent_count - 1) % PLAY_SENT];
	assert_int_equal(strncmp(ack.text, "ACK ", 4), 0);
	for (unsigned n = 0; n < 200; n++)
		invite(p, n);
	p->sent[p->sent_count++ % PLAY_SENT] = ack; // the far side hangs up
	uint32_t ended = p->rig.ended;
	play_run(p, bye, sizeof(bye));
	assert_int_equal(p->rig.ended, ended + 1);
	play_end(p);
	assert_null(p->fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(half_open, world_new, world_free),
		cmocka_unit_test_setup_teardown(gate_off, world_new, world_free),
		cmocka_unit_test_setup_teardown(calls_outlive_the_flood, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
