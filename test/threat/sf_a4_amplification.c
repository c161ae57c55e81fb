// SPDX-License-Identifier: Apache-2.0
// SF-A4, amplification, reflection and loops: UDP addresses can be forged, so a refusal is never larger than what it
// answers and goes nowhere but to where that came from; what was here before is not sent round again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"

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

static void text(char out[4096], const char *method, const char *uri, const char *caller, const char *more, unsigned n)
{
	snprintf(out, 4096,
		"%s %s SIP/2.0\r\nv:SIP/2.0/UDP 1.2.3.4;branch=z9hG4bK%u\r\nMax-Forwards:0\r\nf:<sip:%s@a>;tag=1\r\nt:<%s>\r\n"
		"i:%u\r\nCSeq:1 %s\r\n%sl:0\r\n\r\n",
		method, uri, n, caller, uri, n, method, more);
}

// Every refusal that a datagram can provoke, in its shortest form.
static void refusals_are_no_larger(void **state)
{
	static const char *const methods[] = {"INVITE", "OPTIONS", "MESSAGE", "REGISTER", "BYE", "UPDATE", "CANCEL", "X", "REFER",
		"PRACK"};
	static const char *const uris[] = {"sip:ssp-a.example", "sip:+4930555@ssp-a.example", "sip:+4989111@ssp-a.example",
		"sip:x@y", "tel:1", "mailto:x", "sip:"};
	static const char *const more[] = {"", "Require:a,b,c,d,e,f,g\r\n", "Contact:<sip:a@b>\r\n", "Contact:*\r\n",
		"Max-Forwards:1\r\n", "Content-Encoding:x\r\n", "Session-Expires:1\r\nk:timer\r\nm:<sip:a>\r\n", "To:<sip:a>;tag=x\r\n"};
	struct play *p = *state;
	uint32_t answered = 0, n = 0;
	char out[4096];

	for (uint32_t m = 0; m < ARRAY_LEN(methods); m++)
		for (uint32_t u = 0; u < ARRAY_LEN(uris); u++)
			for (uint32_t k = 0; k < ARRAY_LEN(more); k++)
				for (uint32_t c = 0; c < 2; c++) {
					text(out, methods[m], uris[u], c == 0 ? "+4920111" : "x", more[k], n++);
					play_deliver(p, PLAY_FAR_UDP, out, strlen(out));
					if (p->out_octets > p->in_octets)
						print_message("%zu octets for %zu:\n%s", p->out_octets, p->in_octets, out);
					assert_true(p->out_octets <= p->in_octets);
					answered += p->out_octets > 0;
				}
	assert_true(answered > n / 10); // the rest would not fit, or deserves silence
	print_message("%u of %u answered\n", answered, n);
	assert_null(p->fault); // nothing went elsewhere
}

// A stranger gets no octet at all, and leaves no state.
static void strangers_reflect_nothing(void **state)
{
	struct play *p = *state;
	char out[4096];

	for (unsigned n = 0; n < 2000; n++) {
		text(out, n % 2 ? "INVITE" : "OPTIONS", "sip:+4930555@ssp-a.example", "+4920111", "m:<sip:a@b>\r\n", n);
		play_deliver(p, PLAY_STRANGER_UDP, out, strlen(out));
	}
	assert_int_equal(p->sent_count, 0);
	assert_int_equal(sf_call_count(flow_sf(p->rig.flow)), 0);
	assert_int_equal(atomic_load(&flow_counters(p->rig.flow)->step[STEP_SOURCE].refused), 2000);
	assert_int_equal(flow_deadline(p->rig.flow), NO_DEADLINE);
}

// What left comes back, with the Request-URI turned to us: 482, whatever the far side changed in it but our identifiers.
static void loops_end(void **state)
{
	static const uint8_t call[] = {0, 0, 2, 0x80, 0};
	struct play *p = *state;
	char back[8192], *tail;

	play_run(p, call, sizeof(call));
	const char *sent = p->sent[1].text;
	assert_int_equal(strncmp(sent, "INVITE ", 7), 0);
	tail = strstr(sent, "\r\nFrom:");
	assert_non_null(tail);
	snprintf(back, sizeof(back),
		"INVITE sip:+4930555@ssp-a.example SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKloop\r\n"
		"Max-Forwards: 60%s", tail);
	flow_gate_off(p->rig.flow, STEP_IDENTITY, true); // it would refuse the foreign caller first
	uint32_t before = p->sent_count;
	play_deliver(p, PLAY_FAR_UDP, back, strlen(back));
	assert_int_equal(p->sent_count, before + 1);
	assert_non_null(strstr(p->sent[before].text, "SIP/2.0 482"));
	assert_int_equal(p->sent[before].to, PLAY_FAR_UDP);
	assert_int_equal(atomic_load(&flow_counters(p->rig.flow)->alarm[SF_ALARM_LOOP]), 1);
	assert_int_equal(sf_call_count(flow_sf(p->rig.flow)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refusals_are_no_larger, world_new, world_free),
		cmocka_unit_test_setup_teardown(strangers_reflect_nothing, world_new, world_free),
		cmocka_unit_test_setup_teardown(loops_end, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
