// SPDX-License-Identifier: Apache-2.0
// SF-C3, LRF-C2, SF-I11: a second session description where we see none and a more lenient receiver does: behind a compact
// name, a delimiter within a line or behind a bare LF, another boundary, a coding. The first is rewritten, the hidden one
// would cross with the addresses of the core, and media would go where nobody agreed (MF-C3). Each crosses with the gate off.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_play.h"

#define SECRET "v=0\r\no=core-secret 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\nm=audio 4002 RTP/AVP 8\r\n"
#define SDP "v=0\r\no=a 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
#define MIXED "multipart/mixed;boundary=Cut"
#define FIRST "--Cut\r\nContent-Type: application/sdp\r\n\r\n" SDP
#define MAYBE "Content-Disposition: session;handling=optional\r\n"
#define PART "--Cut\r\nContent-Type: text/plain\r\n" MAYBE "\r\n" // its text follows
#define END "\r\n--Cut--\r\n"

struct body {
	const char *what, *type, *octets;
};

static const struct body attacks[] = {
	{"compact name", MIXED, "--Cut\r\nc: application/sdp\r\n" MAYBE "\r\n" SECRET
				"--Cut\r\nContent-Type: application/sdp\r\n\r\n" SECRET END},
	{"compact name, capital, behind", MIXED, FIRST "\r\n--Cut\r\nC : application/sdp\r\n" MAYBE "\r\n" SECRET END},
	{"both names", MIXED, FIRST "\r\n--Cut\r\nContent-Type: text/plain\r\nc: application/sdp\r\n" MAYBE "\r\n" SECRET END},
	{"delimiter within a line", MIXED, PART "x--Cut\r\nContent-Type: APPLICATION / sdp\r\n\r\n" SECRET FIRST END},
	{"delimiter behind a bare LF", MIXED, PART "x\n--Cut\nContent-Type: application/ sdp\n\n" SECRET FIRST END},
	{"delimiter behind a bare CR", MIXED, PART "x\r--Cut\rContent-Type: application /sdp\r\r" SECRET FIRST END},
	{"delimiter with more behind it", MIXED, PART "x\r\n--Cut;\r\nc: application /sdp\r\n\r\n" SECRET FIRST END},
	{"delimiter in another case", MIXED, PART "x\r\n--cUT\r\nc: application /sdp\r\n\r\n" SECRET FIRST END},
	{"delimiter in quotes", "multipart/mixed;boundary=\"Cut\"",
		PART "x\r\n--\"Cut\"\r\nc: application /sdp\r\n\r\n" SECRET FIRST END},
	{"delimiter up to a blank", "multipart/mixed;boundary=\"Cut here\"",
		"--Cut here\r\nContent-Type: text/plain\r\n" MAYBE "\r\nx\r\n--Cut\r\nc: application /sdp\r\n\r\n" SECRET
		"\r\n--Cut here\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n--Cut here--\r\n"},
	{"delimiter in the header of a part", MIXED,
		"--Cut\r\nContent-Type: text/plain\r\n" MAYBE "X: --Cut\r\nc: application /sdp\r\n\r\n" SECRET FIRST END},
	{"line that names the type", MIXED, PART "x\r\nContent-Type: application/sdp\r\n\r\n" SECRET FIRST END},
	{"folded field that names the type", MIXED,
		"--Cut\r\nContent-Type: text/plain;a=b\r\n" MAYBE "X: y\r\n Content-Type: Application/SDP\r\n\r\n" SECRET FIRST END},
	{"base64", MIXED, FIRST "\r\n--Cut\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: BASE64\r\n" MAYBE
			  "\r\ncore-secret" END},
	{"gzip", MIXED, FIRST "\r\n--Cut\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n" MAYBE "\r\ncore-secret" END},
	{"gzip, compact", MIXED, FIRST "\r\n--Cut\r\nContent-Type: text/plain\r\ne: gzip\r\n" MAYBE "\r\ncore-secret" END},
};

// What the parser does not take apart: with the gate off there is nothing to pass on.
static const struct body broken[] = {
	{"boundary in another parameter", "multipart/mixed;a=\"boundary=evil\";boundary=Cut",
		PART "x\r\n--evil\r\nc: application /sdp\r\n\r\n" SECRET FIRST END},
	{"boundary in pieces", "multipart/mixed;boundary*0=ev;boundary*1=il;boundary=Cut",
		PART "x\r\n--evil\r\nc: application /sdp\r\n\r\n" SECRET FIRST END},
	{"boundary that begins with a blank", "multipart/mixed;boundary=\" Cut\"", "-- Cut\r\n" FIRST "\r\n-- Cut--"},
	{"delimiter with blanks behind it", MIXED, FIRST "\r\n--Cut \t\r\nContent-Type: text/plain\r\n" MAYBE "\r\n" SECRET END},
	{"bare LF in the header of a part", MIXED, PART "x\r\n--Cut\r\nX: y\nc: application/sdp\r\n\r\n" SECRET FIRST END},
	{"bare CR in the header of a part", MIXED, PART "x\r\n--Cut\r\nX: y\rc: application/sdp\r\n\r\n" SECRET FIRST END},
	{"compact name twice", MIXED,
		"--Cut\r\nc: text/plain\r\nc: application/sdp\r\n" MAYBE "\r\n" SECRET FIRST END},
};

static const struct body lawful[] = {
	{"parts beside the description", MIXED,
		"--Cut\r\nc: text/plain;charset=utf-8;\r\n a=b\r\nContent-Transfer-Encoding: 8bit\r\n" MAYBE
		"\r\n-- Cut - --cu\r\n\r\n--Cut\r\nContent-Encoding: identity\r\nc: application/sdp\r\n\r\n" SDP END},
	{"quoted boundary", "multipart/mixed;boundary=\"=_--Cut (1)\"",
		"preamble\r\n--=_--Cut (1)\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n--=_--Cut (1)--\r\nepilogue"},
};

// The INVITE with that body. How often did something go to the far side, and did it hold what is inside?
struct outcome {
	uint32_t passed;
	bool leaked;
	char answer[64];
};

static struct outcome invite(const struct body *b, bool gate)
{
	struct play *p = calloc(1, sizeof(*p));
	struct outcome o = {0};
	char text[4096];

	assert_non_null(p);
	assert_true(play_open(p));
	flow_gate_off(p->rig.flow, STEP_BODY, !gate);
	int n = snprintf(text, sizeof(text),
		"INVITE sip:+4920111@ssp-a.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKhidden\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:+4930555@c>;tag=t\r\nTo: <sip:+4920111@ssp-a.example>\r\nCall-ID: hidden\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.5>\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		b->type, strlen(b->octets), b->octets);
	assert_in_range(n, 1, sizeof(text) - 1);
	play_deliver(p, PLAY_CORE, text, (size_t)n);
	for (uint32_t i = 0; i < p->sent_count && i < PLAY_SENT; i++) {
		if (p->sent[i].to != PLAY_CORE) {
			o.passed++;
			o.leaked |= strstr(p->sent[i].text, "core-secret") != NULL;
		} else {
			snprintf(o.answer, sizeof(o.answer), "%.*s", (int)strcspn(p->sent[i].text, "\r"), p->sent[i].text);
		}
	}
	play_close(p);
	free(p);
	return o;
}

// How many of them crossed, or were not refused by a name?
static uint32_t crossed_of(const struct body *b, size_t n)
{
	uint32_t crossed = 0;

	for (size_t i = 0; i < n; i++) {
		struct outcome o = invite(&b[i], true);
		if (o.passed != 0 || (strncmp(o.answer, "SIP/2.0 400 ", 12) != 0 && strncmp(o.answer, "SIP/2.0 415 ", 12) != 0)) {
			print_message("%s: %s\n", b[i].what, o.answer);
			crossed++;
		}
	}
	return crossed;
}

static void none_crosses(void **state)
{
	(void)state;
	assert_int_equal(crossed_of(attacks, ARRAY_LEN(attacks)) + crossed_of(broken, ARRAY_LEN(broken)), 0);
}

static void all_cross_with_the_gate_off(void **state)
{
	uint32_t held = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct outcome o = invite(&attacks[i], false);
		if (!o.leaked)
			print_message("held: %s: %s\n", attacks[i].what, o.answer);
		held += !o.leaked;
	}
	assert_int_equal(held, 0);
}

static void lawful_parts_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lawful); i++) {
		struct outcome o = invite(&lawful[i], true);
		if (o.passed != 1)
			fail_msg("%s: %s", lawful[i].what, o.answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(none_crosses), cmocka_unit_test(all_cross_with_the_gate_off),
		cmocka_unit_test(lawful_parts_pass)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
