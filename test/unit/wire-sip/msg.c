// SPDX-License-Identifier: Apache-2.0
// The whole message: what is read out of it, each mandatory header missing or doubled, smuggling (SF-I11), limits.
#include "support.h"

#define VIA "Via: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\n"
#define FROM "From: \"A\" <sip:a@b.example>;tag=f1\r\n"
#define TO "To: <sip:c@d.example>;tag=t1\r\n"
#define CALL "Call-ID: 1@h\r\n"
#define CSEQ "CSeq: 7 INVITE\r\n"
#define MF "Max-Forwards: 70\r\n"
#define LINE "INVITE sip:c@d.example SIP/2.0\r\n"
#define ALL VIA FROM TO CALL CSEQ MF

static struct sip_msg msg;
static struct sip_fault fault;

static enum error parse(const char *text)
{
	return sip_msg_parse(&msg, OCTETS(text), &fault).error;
}

static void values(void **state)
{
	const char *text = LINE ALL "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabcXYZ";
	UNUSED(state);
	assert_int_equal(parse(text), E_OK);
	assert_true(msg.is_request);
	assert_int_equal(msg.method, SIP_INVITE);
	assert_int_equal(msg.cseq, 7);
	assert_int_equal(msg.cseq_method, SIP_INVITE);
	assert_int_equal(msg.max_forwards, 70);
	assert_int_equal(msg.line_count, 8);
	span_is(text, msg.ruri, "sip:c@d.example");
	span_is(text, msg.call_id, "1@h");
	span_is(text, msg.from_tag, "f1");
	span_is(text, msg.to_tag, "t1");
	span_is(text, msg.branch, "z9hG4bK1");
	span_is(text, msg.body, "abc"); // the rest is no body (RFC3261#18.3)
	assert_int_equal(parse("SIP/2.0 180 Ringing\r\n" ALL "\r\n"), E_OK);
	assert_false(msg.is_request);
	assert_int_equal(msg.status, 180);
	assert_int_equal(msg.method, SIP_INVITE);
	assert_int_equal(parse(LINE VIA FROM TO CALL CSEQ "Max-Forwards: 255\r\n\r\n"), E_OK);
	assert_int_equal(msg.max_forwards, 254);
	assert_int_equal(parse("\r\n\r\n" LINE VIA FROM TO CALL CSEQ "\r\n"), E_OK);
	assert_int_equal(msg.max_forwards, 255);
}

static const struct {
	const char *text;
	uint16_t status;
	const char *phrase;
	bool answerable;
} rows[] = {
	{LINE FROM TO CALL CSEQ MF "\r\n", 400, "Missing Via", false},
	{LINE VIA TO CALL CSEQ MF "\r\n", 400, "Missing From", false},
	{LINE VIA FROM CALL CSEQ MF "\r\n", 400, "Missing To", false},
	{LINE VIA FROM TO CSEQ MF "\r\n", 400, "Missing Call-ID", false},
	{LINE VIA FROM TO CALL MF "\r\n", 400, "Missing CSeq", false},
	{LINE ALL FROM "\r\n", 400, "Duplicate From", true},
	{LINE ALL "f: <sip:a@b>\r\n\r\n", 400, "Duplicate From", true},
	{LINE ALL "t: <sip:a@b>\r\n\r\n", 400, "Duplicate To", true},
	{LINE ALL "i: 1\r\n\r\n", 400, "Duplicate Call-ID", true},
	{LINE ALL CSEQ "\r\n", 400, "Duplicate CSeq", true},
	{LINE ALL MF "\r\n", 400, "Duplicate Max-Forwards", true},
	{LINE ALL "l: 0\r\nContent-Length: 0\r\n\r\n", 400, "Duplicate Content-Length", true},
	{LINE ALL "Expires: 1\r\nexpires: 1\r\n\r\n", 400, "Duplicate Expires", true},
	{LINE VIA FROM TO CALL CSEQ "Max-Forwards: 256\r\n\r\n", 400, "Bad Max-Forwards", true},
	{LINE VIA FROM TO CALL "CSeq: 7 BYE\r\n\r\n", 400, "Bad CSeq", true},
	{LINE ALL "Content-Length: 1\r\n\r\n", 400, "Bad Content-Length", true},
	{LINE ALL "Content-Length: 4294967296\r\n\r\n", 400, "Bad Content-Length", true},
	{LINE ALL "\r\nbody", 400, "Missing Content-Type", true},
	{LINE ALL "Content-Type: text\r\n\r\n", 400, "Bad Content-Type", true},
	{LINE ALL, 400, "Bad Header Field", true},
	{LINE ALL "\r", 400, "Missing Empty Line", true},
	{LINE ALL "X: a\nY: b\r\n\r\n", 400, "Bad Header Field", true},
	{LINE ALL "X: a\rY: b\r\n\r\n", 400, "Bad Header Field", true},
	{LINE ALL "X: a\x01\r\n\r\n", 400, "Bad Header Field", true},
	{LINE ALL "X: \xc0\xaf\r\n\r\n", 400, "Bad Header Field", true},
	{LINE ALL "X y: a\r\n\r\n", 400, "Bad Header Field", true},
	{LINE ALL ": a\r\n\r\n", 400, "Bad Header Field", true},
	{LINE ALL "X\r\n\r\n", 400, "Bad Header Field", true},
	{LINE " " VIA FROM TO CALL CSEQ "\r\n", 400, "Bad Header Field", false},
	{"INVITE sip:c@d.example SIP/3.0\r\n" ALL "\r\n", 505, "Version Not Supported", true},
	{"INVITE sip:c@d.example SIP/2.00\r\n" ALL "\r\n", 505, "Version Not Supported", true},
	{"INVITE sip:c@d.example HTTP/1.1\r\n" ALL "\r\n", 400, "Bad Request-Line", true},
	{"INVITE sip:c@d.example\r\n" ALL "\r\n", 400, "Bad Request-Line", true},
	{"INVITE\r\n" ALL "\r\n", 400, "Bad Request-Line", true},
	{"INV(ITE sip:a SIP/2.0\r\n" ALL "\r\n", 400, "Bad Request-Line", true},
	{"INVITE sip:c@d_.example SIP/2.0\r\n" ALL "\r\n", 400, "Bad Request-URI", true},
	{"INVITE tel:7 SIP/2.0\r\n" ALL "\r\n", 400, "Bad Request-URI", true},
	{"ACK sip:c@d_.example SIP/2.0\r\n" VIA FROM TO CALL "CSeq: 7 ACK\r\n\r\n", 400, "Bad Request-URI", false},
	{"SIP/2.0 99 x\r\n" ALL "\r\n", 400, "Bad Status-Line", false},
	{"SIP/2.0 700 x\r\n" ALL "\r\n", 400, "Bad Status-Line", false},
	{"SIP/2.0 200\r\n" ALL "\r\n", 400, "Bad Status-Line", false},
	{"SIP/3.0 200 OK\r\n" ALL "\r\n", 505, "Version Not Supported", false},
	{"", 400, "Bad Start-Line", false},
	{"\r\n\r\n", 400, "Bad Start-Line", false},
	{"INVITE sip:a SIP/2.0\n\n", 400, "Bad Start-Line", false},
};

static void refusals(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum error e = parse(rows[i].text);
		if (e == E_OK || fault.status != rows[i].status || strcmp(fault.phrase, rows[i].phrase) != 0 ||
			fault.answerable != rows[i].answerable)
			fail_msg("row %zu: %x %d %s %d", i, (unsigned)e, fault.status, fault.phrase ? fault.phrase : "-",
				fault.answerable);
	}
}

static void bounds(void **state)
{
	static char text[80000];
	UNUSED(state);
	for (int extra = 0; extra <= 1; extra++) { // number of lines
		snprintf(text, sizeof(text), "%s", LINE ALL);
		for (int i = 6; i < SIP_HEADERS_MAX + extra; i++)
			memcpy(text + strlen(text), "Z: a\r\n", 7);
		memcpy(text + strlen(text), "\r\n", 3);
		assert_int_equal(parse(text), extra == 0 ? E_OK : E_TOO_MANY);
	}
	for (int extra = 0; extra <= 1; extra++) { // Via values
		snprintf(text, sizeof(text), "%s", LINE FROM TO CALL CSEQ MF);
		for (int i = 0; i < SIP_VIA_MAX + extra; i++)
			memcpy(text + strlen(text), VIA, sizeof(VIA));
		memcpy(text + strlen(text), "\r\n", 3);
		assert_int_equal(parse(text), extra == 0 ? E_OK : E_TOO_MANY);
	}
	for (uint32_t extra = 0; extra <= 1; extra++) { // octets of a line
		snprintf(text, sizeof(text), "%sX: ", LINE ALL);
		size_t len = strlen(text);
		memset(text + len, 'a', SIP_HEADER_LINE_MAX - 3 + extra);
		memcpy(text + len + SIP_HEADER_LINE_MAX - 3 + extra, "\r\n\r\n", 5);
		assert_int_equal(parse(text), extra == 0 ? E_OK : E_TOO_LONG);
	}
	memset(text, 'a', sizeof(text));
	assert_int_equal(sip_msg_parse(&msg, (uint8_t *)text, SIP_MESSAGE_MAX_STREAM + 1, &fault).error, E_TOO_LONG);
	assert_int_equal(fault.status, 513);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(refusals), cmocka_unit_test(bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
