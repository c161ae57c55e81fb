// SPDX-License-Identifier: Apache-2.0
// What every response repeats: kept text and straight text are the same, and say where the request came from.
#include "transaction_rig.h"

#include "base/memory.h"

static const char request[] =
	"INVITE sip:b@x SIP/2.0\r\n"
	"v: SIP/2.0/UDP a.example:5070;rport;branch=z9hG4bK1;received=1.2.3.4;x=\"a;b\" , SIP/2.0/TCP b.example;branch=z9hG4bK0\r\n"
	"Record-Route: <sip:p.example;lr>\r\n"
	"f: \"A\" <sip:a@a.example>;tag=1\r\n"
	"t:\r\n <sip:b@x>\r\n"
	"CSeq: 7\r\n INVITE\r\n"
	"Via: SIP/2.0/UDP c.example;branch=z9hG4bKc\r\n"
	"Max-Forwards: 70\r\n"
	"i: id@a\r\n"
	"Timestamp: 54\r\n"
	"l: 0\r\n\r\n";

#define VIAS \
	"Via: SIP/2.0/UDP a.example:5070;branch=z9hG4bK1;x=\"a;b\";received=192.0.2.9;rport=4000 , SIP/2.0/TCP b.example;branch=z9hG4bK0\r\n" \
	"Via: SIP/2.0/UDP c.example;branch=z9hG4bKc\r\n"

static struct address address_of(const char *text)
{
	struct address a;
	assert_true(is_ok(address_parse(bytes_of_string(text), &a)));
	return a;
}

static void written(const struct rig_msg *m, const struct address *from, const char *tag, bool record, bool stamp, char *out)
{
	struct reply_head h;
	struct sip_writer w;
	uint32_t n;
	assert_true(is_ok(reply_head_new(&h, &m->msg, from)));
	sip_write_init(&w, out, RIG_OCTETS - 1);
	reply_head_write(&w, &h, bytes_of_string(tag), record, stamp);
	sip_write_body(&w, BYTES(""));
	assert_true(is_ok(sip_write_end(&w, &n)));
	out[n] = '\0';
	reply_head_free(&h);
	assert_null(h.octets);
}

static void kept(void **state)
{
	struct rig_msg m;
	struct address from = address_of("192.0.2.9:4000");
	char out[RIG_OCTETS];
	UNUSED(state);
	rig_parse(&m, "%s", request);
	written(&m, &from, "ours", true, true, out);
	assert_string_equal(out, VIAS "From: \"A\" <sip:a@a.example>;tag=1\r\nTo: <sip:b@x>;tag=ours\r\nCall-ID: id@a\r\n"
		"CSeq: 7 INVITE\r\nRecord-Route: <sip:p.example;lr>\r\nTimestamp: 54\r\nContent-Length: 0\r\n\r\n");
	written(&m, &from, "", false, true, out); // a 100: no tag, no routes
	assert_string_equal(out, VIAS "From: \"A\" <sip:a@a.example>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: id@a\r\n"
		"CSeq: 7 INVITE\r\nTimestamp: 54\r\nContent-Length: 0\r\n\r\n");
}

static void straight(void **state)
{
	struct rig_msg m;
	struct address from = address_of("[2001:db8::9]:4000");
	char out[RIG_OCTETS];
	struct sip_writer w;
	uint32_t n;
	UNUSED(state);
	rig_parse(&m, "OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n"
		"To: <sip:b@x>;tag=theirs\r\nCall-ID: id\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	sip_write_init(&w, out, sizeof(out) - 1);
	reply_head_of(&w, &m.msg, &from, BYTES("ours"), true);
	assert_true(is_ok(sip_write_end(&w, &n)));
	out[n] = '\0';
	assert_string_equal(out, "v:SIP/2.0/UDP a.example;branch=z9hG4bK1;received=2001:db8::9\r\nf:<sip:a@a>;tag=1\r\n"
		"t:<sip:b@x>;tag=theirs\r\ni:id\r\nCSeq: 1 OPTIONS\r\n");
}

static void the_via_stays(void **state)
{
	struct rig_msg m;
	struct address none = {0}, same = address_of("192.0.2.9:4000");
	char out[RIG_OCTETS];
	UNUSED(state);
	rig_parse(&m, "OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n"
		"To: <sip:b@x>\r\nCall-ID: id\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	written(&m, &none, "", false, false, out);
	assert_true(strncmp(out, "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n", 44) == 0);
	written(&m, &same, "", false, false, out); // it came from where its sent-by says, and asked for nothing
	assert_true(strncmp(out, "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n", 44) == 0);
}

static void no_memory(void **state)
{
	struct rig_msg m;
	struct reply_head h;
	struct address none = {0};
	UNUSED(state);
	rig_parse(&m, "%s", request);
	memory_fail_nth(1);
	assert_int_equal(reply_head_new(&h, &m.msg, &none).error, E_NO_MEMORY);
	memory_fail_nth(0);
	assert_null(h.octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept),
		cmocka_unit_test(straight),
		cmocka_unit_test(the_via_stays),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
