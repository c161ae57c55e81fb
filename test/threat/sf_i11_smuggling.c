// SPDX-License-Identifier: Apache-2.0
// SF-I11, header smuggling: messages that two parsers could read in two ways. None passes as a call; each is refused or
// dropped by "syntax" or "headers" before anything is kept, and no octet of it reaches the other side.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"

#define START "INVITE sip:+4920111@ssp-a.example SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKsmuggle\r\n"
#define MF "Max-Forwards: 70\r\n"
#define FROM "From: <sip:+4930555@c>;tag=t\r\n"
#define TO "To: <sip:+4920111@ssp-a.example>\r\n"
#define ID "Call-ID: smuggle\r\n"
#define CSEQ "CSeq: 1 INVITE\r\n"
#define CONTACT "Contact: <sip:a@10.0.0.5>\r\n"
#define END "Content-Length: 0\r\n\r\n"
#define GOOD START VIA MF FROM TO ID CSEQ CONTACT

static const struct {
	const char *what, *text;
	size_t len; // 0: strlen
} attacks[] = {
	{"From twice", GOOD FROM END, 0},
	{"From twice, once compact", GOOD "f: <sip:+4930999@c>;tag=u\r\n" END, 0},
	{"To twice", GOOD TO END, 0},
	{"Call-ID twice", GOOD "i: other\r\n" END, 0},
	{"CSeq twice", GOOD "CSeq: 2 INVITE\r\n" END, 0},
	{"CSeq of another method", START VIA MF FROM TO ID "CSeq: 1 BYE\r\n" CONTACT END, 0},
	{"Max-Forwards twice", GOOD "Max-Forwards: 1\r\n" END, 0},
	{"Content-Length twice", GOOD "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello", 0},
	{"Content-Length beyond the datagram", GOOD "Content-Length: 99\r\n\r\nshort", 0},
	{"Content-Length signed", GOOD "Content-Length: -1\r\n\r\n", 0},
	{"Content-Length wrapped", GOOD "Content-Length: 4294967296\r\n\r\n", 0},
	{"Content-Length hexadecimal", GOOD "Content-Length: 0x0\r\n\r\n", 0},
	{"bare LF", START VIA MF FROM "X: a\nTo: <sip:evil>\r\n" TO ID CSEQ CONTACT END, 0},
	{"bare CR", START VIA MF FROM "X: a\rTo: <sip:evil>\r\n" TO ID CSEQ CONTACT END, 0},
	{"NUL in a value", START VIA MF FROM "X: a\0b\r\n" TO ID CSEQ CONTACT END,
		sizeof(START VIA MF FROM "X: a\0b\r\n" TO ID CSEQ CONTACT END) - 1},
	{"NUL in the Request-URI", "INVITE sip:+49\0@ssp-a.example SIP/2.0\r\n" VIA MF FROM TO ID CSEQ CONTACT END,
		sizeof("INVITE sip:+49\0@ssp-a.example SIP/2.0\r\n" VIA MF FROM TO ID CSEQ CONTACT END) - 1},
	{"space before the Request-URI", "INVITE  sip:+4920111@ssp-a.example SIP/2.0\r\n" VIA MF FROM TO ID CSEQ CONTACT END, 0},
	{"folded start line", "INVITE sip:+4920111@ssp-a.example\r\n SIP/2.0\r\n" VIA MF FROM TO ID CSEQ CONTACT END, 0},
	{"no colon", START VIA MF "Route <sip:evil;lr>\r\n" FROM TO ID CSEQ CONTACT END, 0},
	{"empty name", START VIA MF ": x\r\n" FROM TO ID CSEQ CONTACT END, 0},
	{"space in a name", START VIA MF "Fr om: <sip:x>;tag=1\r\n" TO ID CSEQ CONTACT FROM END, 0},
	{"quotes never closed", START VIA MF "From: \"a <sip:+4930555@c>;tag=t\r\n" TO ID CSEQ CONTACT END, 0},
	{"two values in From", START VIA MF "From: <sip:+4930555@c>;tag=t, <sip:+4930999@c>;tag=u\r\n" TO ID CSEQ CONTACT END, 0},
	{"two tags in From", START VIA MF "From: <sip:+4930555@c>;tag=t;tag=u\r\n" TO ID CSEQ CONTACT END, 0},
	{"two branches in Via", START "Via: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKa;branch=z9hG4bKb\r\n" MF FROM TO ID CSEQ CONTACT END, 0},
	{"header after the end", START VIA MF FROM TO ID CSEQ "\r\n" CONTACT END, 0},
	{"CSeq beyond 2^31", START VIA MF FROM TO ID "CSeq: 4294967297 INVITE\r\n" CONTACT END, 0},
	{"Contact twice in INVITE", GOOD CONTACT END, 0},
	{"URI with headers", "INVITE sip:+4920111@ssp-a.example?Route=%3Csip:evil%3E SIP/2.0\r\n" VIA MF FROM TO ID CSEQ CONTACT END, 0},
	{"CRLF escaped in the user part", "INVITE sip:+4920111%0d%0aRoute:x@ssp-a.example SIP/2.0\r\n" VIA MF FROM TO ID CSEQ CONTACT END, 0},
	{"multipart never closed", GOOD "Content-Type: multipart/mixed;boundary=b\r\nContent-Length: 40\r\n\r\n"
					 "--b\r\nContent-Type: application/sdp\r\n\r\nv=0", 0},
	{"boundary twice", GOOD "Content-Type: multipart/mixed;boundary=b;boundary=c\r\nContent-Length: 5\r\n\r\n--b--", 0},
	{"Content-Type twice", GOOD "Content-Type: application/sdp\r\nContent-Type: text/plain\r\n" END, 0},
	{"UTF-8 cut", START VIA MF "From: \"\xc3\" <sip:+4930555@c>;tag=t\r\n" TO ID CSEQ CONTACT END, 0},
	{"P-Asserted-Identity never closed", GOOD "P-Asserted-Identity: <sip:+4930999@c\r\n" END, 0},
	{"Supported with a quote", GOOD "Supported: 100rel, \"timer\r\n" END, 0},
	{"Allow with an empty word", GOOD "Allow: INVITE BYE\r\n" END, 0},
	{"Date of nowhere", GOOD "Date: yesterday\r\n" END, 0},
	{"body in another coding", GOOD "Content-Encoding: gzip\r\n" END, 0},
	{"version", "INVITE sip:+4920111@ssp-a.example SIP/2.1\r\n" VIA MF FROM TO ID CSEQ CONTACT END, 0},
};

static void attack(struct play *p, uint32_t i)
{
	play_deliver(p, PLAY_CORE, attacks[i].text, attacks[i].len != 0 ? attacks[i].len : strlen(attacks[i].text));
}

static uint32_t reached_far_side(const struct play *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->sent_count && i < PLAY_SENT; i++)
		n += p->sent[i].to != PLAY_CORE;
	return n;
}

static void none_passes(void **state)
{
	uint32_t passed = 0;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct play *p = calloc(1, sizeof(*p));
		assert_non_null(p);
		assert_true(play_open(p));
		attack(p, i);
		if (reached_far_side(p) != 0 || p->fault != NULL)
			print_message("passed: %s\n%s\n", attacks[i].what, p->sent[p->sent_count > 1].text);
		passed += reached_far_side(p) != 0 || p->fault != NULL;
		play_close(p);
		free(p);
	}
	assert_int_equal(passed, 0);
}

// With the gate off, what only "headers" refuses gets through: the list is no idle one. And the good message passes.
static void gate_off(void **state)
{
	uint32_t passed = 0;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct play *p = calloc(1, sizeof(*p));
		assert_non_null(p);
		assert_true(play_open(p));
		flow_gate_off(p->rig.flow, STEP_HEADERS, true);
		attack(p, i);
		passed += reached_far_side(p) != 0;
		play_close(p);
		free(p);
	}
	assert_true(passed > 0);
	struct play *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	assert_true(play_open(p));
	play_deliver(p, PLAY_CORE, GOOD END, strlen(GOOD END));
	assert_int_equal(reached_far_side(p), 1);
	play_close(p);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(none_passes), cmocka_unit_test(gate_off)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
