// SPDX-License-Identifier: Apache-2.0
// Locating SIP servers (RFC 3263) against a scripted DNS: every way of section 4, and what goes wrong in the DNS.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "zone.h"

enum { UDP = 1, TCP = 2, TLS = 4, ALL = 7 };

static struct located out;

static struct locate_want want(uint8_t transport, uint8_t transports)
{
	return (struct locate_want){.domain = "b.example", .transport = transport, .transports = transports, .families = 3};
}

static void run(const struct zone_row *row, size_t rows, struct locate_want w)
{
	struct zone_script s = {.row = row, .rows = rows, .verdict = DNS_SECURE};

	assert_true(zone_run(&s, &w, &out));
}
#define RUN(rows, w) run(rows, ARRAY_LEN(rows), w)

static const struct zone_row full[] = {
	{"b.example", DNS_NAPTR, 10, 2, 0, "SIP+D2U", "_sip._udp.b.example"},
	{"b.example", DNS_NAPTR, 10, 1, 0, "SIPS+D2T", "_sips._tcp.b.example"},
	{"b.example", DNS_NAPTR, 20, 1, 0, "SIP+D2T", "_sip._tcp.b.example"},
	{"b.example", DNS_NAPTR, 5, 1, 0, "SIP+D2S", "_sip._sctp.b.example"},
	{"_sips._tcp.b.example", DNS_SRV, 1, 60, 5061, NULL, "one.b.example"},
	{"_sips._tcp.b.example", DNS_SRV, 1, 40, 5062, NULL, "two.b.example"},
	{"_sips._tcp.b.example", DNS_SRV, 2, 0, 5061, NULL, "last.b.example"},
	{"_sip._udp.b.example", DNS_SRV, 0, 0, 5060, NULL, "one.b.example"},
	{"one.b.example", DNS_A, 0, 0, 0, "192.0.2.1", NULL},
	{"one.b.example", DNS_AAAA, 0, 0, 0, "2001:db8::1", NULL},
	{"one.b.example", DNS_AAAA, 0, 0, 0, "2001:db8::2", NULL},
	{"two.b.example", DNS_A, 0, 0, 0, "192.0.2.2", NULL},
	{"last.b.example", DNS_A, 0, 0, 0, "192.0.2.9", NULL},
	{"b.example", DNS_A, 0, 0, 0, "192.0.2.99", NULL},
};

static void by_naptr(void **state)
{
	(void)state;
	RUN(full, want(TRANSPORT_UDP, ALL));
	assert_int_equal(out.count, 8);
	assert_string_equal(zone_hop(&out, 0), "TLS [2001:db8::1]:5061 0/20"); // families take turns, and share the weight
	assert_string_equal(zone_hop(&out, 1), "TLS 192.0.2.1:5061 0/20");
	assert_string_equal(zone_hop(&out, 2), "TLS [2001:db8::2]:5061 0/20");
	assert_string_equal(zone_hop(&out, 3), "TLS 192.0.2.2:5062 0/40");
	assert_string_equal(zone_hop(&out, 4), "TLS 192.0.2.9:5061 1/0");
	assert_string_equal(zone_hop(&out, 5), "UDP [2001:db8::1]:5060 2/0");
	assert_string_equal(out.hop[0].host, "one.b.example");
	assert_int_equal(out.hop[0].secure, 1);
	assert_int_equal(out.verdict, DNS_SECURE);
	assert_int_equal(out.ttl_s, 300);
}

// LRF-I3: what the DNS offers below the floor, or for a sips call, is left out.
static void floor_holds(void **state)
{
	struct locate_want w = want(TRANSPORT_UDP, ALL);

	(void)state;
	RUN(full, want(TRANSPORT_TLS, ALL));
	assert_int_equal(out.count, 5);
	w.sips = 1;
	RUN(full, w);
	assert_int_equal(out.count, 5);
	for (uint32_t i = 0; i < out.count; i++)
		assert_int_equal(out.hop[i].transport, TRANSPORT_TLS);
	RUN(full, want(TRANSPORT_UDP, UDP)); // what our listeners have
	assert_int_equal(out.count, 3);
	w = want(TRANSPORT_UDP, ALL);
	w.families = 1;
	RUN(full, w);
	assert_int_equal(out.count, 4);
}

static void without_naptr(void **state)
{
	(void)state;
	run(full + 4, ARRAY_LEN(full) - 4, want(TRANSPORT_UDP, ALL)); // SRV of each transport, the strongest first
	assert_int_equal(out.count, 8);
	assert_int_equal(out.hop[0].transport, TRANSPORT_TLS);
	assert_int_equal(out.hop[7].transport, TRANSPORT_UDP);
	run(full + 8, ARRAY_LEN(full) - 8, want(TRANSPORT_UDP, ALL)); // neither: the domain's own addresses
	assert_int_equal(out.count, 1);
	assert_string_equal(zone_hop(&out, 0), "UDP 192.0.2.99:5060 0/0");
	run(full + 8, ARRAY_LEN(full) - 8, want(TRANSPORT_TLS, ALL));
	assert_string_equal(zone_hop(&out, 0), "TLS 192.0.2.99:5061 0/0");
	run(full, 0, want(TRANSPORT_TLS, ALL));
	assert_int_equal(out.count, 0);
	assert_string_equal(out.reason, "no address was found");
}

static void given(void **state)
{
	struct locate_want w = want(TRANSPORT_TCP, ALL);
	struct zone_script s = {.verdict = DNS_SECURE};

	(void)state;
	w.port = 5080; // RFC3263#4.2: a port means addresses
	RUN(full, w);
	assert_string_equal(zone_hop(&out, 0), "TCP 192.0.2.99:5080 0/0");
	w = want(TRANSPORT_UDP, ALL);
	w.transport_fixed = 1; // RFC3263#4.1: a transport means its SRV
	RUN(full, w);
	assert_int_equal(out.count, 3);
	assert_int_equal(out.hop[0].transport, TRANSPORT_UDP);
	w = want(TRANSPORT_TLS, ALL);
	memcpy(w.domain, "192.0.2.7", 10);
	assert_true(zone_run(&s, &w, &out));
	assert_string_equal(zone_hop(&out, 0), "TLS 192.0.2.7:5061 0/0");
	memcpy(w.domain, "[2001:db8::7]", 14);
	w.port = 5091;
	assert_true(zone_run(&s, &w, &out));
	assert_string_equal(zone_hop(&out, 0), "TLS [2001:db8::7]:5091 0/0");
	assert_int_equal(s.asked, 0);
	w.transports = UDP;
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(out.count, 0);
	assert_string_equal(out.reason, "no listener of ours reaches it");
}

static void not_offered(void **state)
{
	static const struct zone_row rows[] = {{"_sips._tcp.b.example", DNS_SRV, 0, 0, 0, NULL, "."}, {"b.example", DNS_A, 0, 0, 0, "192.0.2.99", NULL}};

	(void)state;
	RUN(rows, want(TRANSPORT_TLS, TLS));
	assert_int_equal(out.count, 0); // RFC 2782: decidedly not; the domain's own address is none either
	assert_string_equal(out.reason, "the domain offers no such service");
}

// LRF-I1: one altered answer, and nothing of what was found is followed. Unsigned ones are told as such.
static void verdicts(void **state)
{
	struct zone_script s = {.row = full, .rows = ARRAY_LEN(full), .verdict = DNS_SECURE, .bogus = "two.b"};
	struct locate_want w = want(TRANSPORT_TLS, ALL);

	(void)state;
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(out.count, 0);
	assert_int_equal(out.verdict, DNS_BOGUS);
	s = (struct zone_script){.row = full, .rows = ARRAY_LEN(full), .verdict = DNS_SECURE, .insecure = "two.b"};
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(out.count, 5);
	assert_int_equal(out.verdict, DNS_INSECURE);
	for (uint32_t i = 0; i < out.count; i++)
		assert_int_equal(out.hop[i].secure, strstr(out.hop[i].host, "two.b") == NULL);
	s = (struct zone_script){.row = full, .rows = ARRAY_LEN(full), .verdict = DNS_SECURE, .silent = "one.b"};
	assert_true(zone_run(&s, &w, &out)); // a host that nobody answers for takes none of the others along (LRF-A3)
	assert_int_equal(out.count, 2);
}

// LRF-I1: the domain's own addresses rest on "no such record" of NAPTR and SRV. Where that is not proved, they are not either; a
// service that nobody answers for is not one that is not there: whoever drops an answer would choose the hosts.
static void proved_absence(void **state)
{
	struct zone_script s = {.row = full + 8, .rows = ARRAY_LEN(full) - 8, .verdict = DNS_SECURE};
	struct locate_want w = want(TRANSPORT_TLS, TLS);

	(void)state;
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(out.hop[0].secure, 1);
	s.insecure = "_sips";
	s.tlsa_asked = 0;
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(out.count, 1);
	assert_int_equal(out.hop[0].secure, 0);
	assert_int_equal(s.tlsa_asked, 0);
	s = (struct zone_script){.row = full, .rows = ARRAY_LEN(full), .verdict = DNS_SECURE, .silent = "_sips"};
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(out.count, 0);
	assert_string_equal(out.reason, "no answer for a service: whether there is one is not known");
	w.port = 5061; // no service is looked for
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(out.hop[0].secure, 1);
}

// A record's text stands within its own line.
static void notes_hold(void **state)
{
	static const struct zone_row rows[] = {{"b.example", DNS_NAPTR, 1, 1, 0, "x\nb.example A: found\33[2J", "_sips._tcp.b.example"}};
	struct zone_script s = {.row = rows, .rows = ARRAY_LEN(rows), .verdict = DNS_SECURE};
	struct locate_want w = want(TRANSPORT_TLS, TLS);
	static struct dns_answer a;
	struct dns_question q;
	struct locate *l;

	(void)state;
	assert_true(is_ok(locate_new(&l, &w)));
	while (locate_question(l, &q)) {
		zone_answer(&s, &q, &a);
		locate_answer(l, &a);
	}
	assert_non_null(strstr(locate_note(l, 1), "x?b.example A: found?[2J: left out"));
	for (uint32_t i = 0; locate_note(l, i) != NULL; i++)
		assert_null(strpbrk(locate_note(l, i), "\n\33"));
	locate_free(l);
}

static void certificates(void **state)
{
	static const struct zone_row rows[] = {{"_sips._tcp.b.example", DNS_SRV, 1, 0, 5061, NULL, "one.b.example"},
		{"_sips._tcp.b.example", DNS_SRV, 2, 0, 5061, NULL, "two.b.example"}, {"one.b.example", DNS_A, 0, 0, 0, "192.0.2.1", NULL},
		{"two.b.example", DNS_A, 0, 0, 0, "192.0.2.2", NULL}, {"_5061._tcp.one.b.example", DNS_TLSA, 3, 1, 7, NULL, NULL},
		{"_5061._tcp.one.b.example", DNS_TLSA, 3, 0, 7, NULL, NULL}, {"_5061._tcp.one.b.example", DNS_TLSA, 9, 1, 7, NULL, NULL},
		{"_5061._tcp.two.b.example", DNS_TLSA, 3, 2, 9, NULL, NULL}};
	struct zone_script s = {.row = rows, .rows = ARRAY_LEN(rows), .verdict = DNS_SECURE};
	struct locate_want w = want(TRANSPORT_TLS, TLS);

	(void)state;
	assert_true(zone_run(&s, &w, &out));
	assert_int_equal(s.tlsa_asked, 2);
	assert_int_equal(out.tlsa_count, 2);
	assert_int_equal(out.hop[0].tlsa_count, 1);
	assert_int_equal(out.tlsa[out.hop[0].tlsa_first].data[31], 7);
	assert_int_equal(out.tlsa[out.hop[1].tlsa_first].len, 64);
	s = (struct zone_script){.row = rows, .rows = ARRAY_LEN(rows), .verdict = DNS_SECURE, .insecure = "one.b"};
	assert_true(zone_run(&s, &w, &out)); // only what is proved counts
	assert_int_equal(s.tlsa_asked, 1);
	assert_int_equal(out.hop[0].tlsa_count, 0);
}

static void bounds(void **state)
{
	static struct zone_row rows[4 * LOCATED_MAX];
	static char name[2 * LOCATED_MAX][32];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * LOCATED_MAX; i++) {
		snprintf(name[i], sizeof(name[i]), "h%u.b.example", i);
		rows[n++] = (struct zone_row){"_sips._tcp.b.example", DNS_SRV, i, 0, 5061, NULL, name[i]};
		rows[n++] = (struct zone_row){name[i], DNS_A, 0, 0, 0, "192.0.2.1", NULL};
	}
	run(rows, 2 * LOCATED_MAX, want(TRANSPORT_TLS, TLS)); // 64 targets: all of them
	assert_int_equal(out.count, LOCATED_MAX);
	run(rows, n, want(TRANSPORT_TLS, TLS));
	assert_in_range(out.count, 1, LOCATED_MAX);
	struct locate_want w = want(TRANSPORT_TLS, TLS);
	struct locate *l;
	w.domain[0] = '\0';
	assert_int_equal(locate_new(&l, &w).error, E_SYNTAX);
	memset(w.domain, 'a', sizeof(w.domain));
	assert_int_equal(locate_new(&l, &w).error, E_SYNTAX);
	w = want(TRANSPORT_TLS, TLS);
	memory_fail_nth(1);
	assert_int_equal(locate_new(&l, &w).error, E_NO_MEMORY);
	memory_fail_nth(0);
}

// What points at itself, at an address, or at nothing readable.
static void off_nominal(void **state)
{
	static const struct zone_row circle[] = {{"b.example", DNS_NAPTR, 1, 1, 0, "SIPS+D2T", "b.example"},
		{"b.example", DNS_SRV, 1, 1, 5061, NULL, "b.example"}, {"b.example", DNS_AAAA, 0, 0, 0, "2001:db8::9", NULL}};
	static const struct zone_row numeric[] = {{"_sips._tcp.b.example", DNS_SRV, 1, 1, 5061, NULL, "192.0.2.1"}};
	static const struct zone_row no_port[] = {{"_sips._tcp.b.example", DNS_SRV, 1, 1, 0, NULL, "one.b.example"},
		{"one.b.example", DNS_A, 0, 0, 0, "192.0.2.1", NULL}};
	static struct dns_answer a;
	struct locate_want w = want(TRANSPORT_TLS, TLS);
	struct dns_question q;
	struct locate *l;

	(void)state;
	RUN(circle, w);
	assert_string_equal(zone_hop(&out, 0), "TLS [2001:db8::9]:5061 0/1");
	RUN(numeric, w); // asked for as a name, which nobody has
	assert_int_equal(out.count, 0);
	RUN(no_port, w);
	assert_int_equal(out.count, 0);
	assert_true(is_ok(locate_new(&l, &w)));
	locate_answer(l, &a); // nothing was asked
	assert_true(locate_question(l, &q));
	a.question = q;
	a.question.type = DNS_SRV;
	locate_answer(l, &a);
	assert_false(locate_done(l));
	a.question = q;
	a.count = 60000; // a count beyond its records
	a.record[0].at = 60000;
	locate_answer(l, &a);
	while (locate_question(l, &q)) {
		a.question = q;
		locate_answer(l, &a);
	}
	assert_true(locate_done(l));
	assert_non_null(locate_note(l, 0));
	assert_null(locate_note(l, 128));
	locate_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(by_naptr), cmocka_unit_test(floor_holds), cmocka_unit_test(without_naptr),
		cmocka_unit_test(given), cmocka_unit_test(not_offered), cmocka_unit_test(verdicts),
		cmocka_unit_test(proved_absence), cmocka_unit_test(notes_hold), cmocka_unit_test(certificates),
		cmocka_unit_test(bounds), cmocka_unit_test(off_nominal)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
