// SPDX-License-Identifier: Apache-2.0
// Attacks by whoever writes, or forges, the DNS of a peer: LRF-I1, LRF-I3, LUF-A3. Each succeeds without its gate.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../unit/lrf/zone.h"

enum { ALL = 7 };

static struct located out;

static struct zone_script play(const struct zone_row *row, size_t rows, uint8_t floor, uint8_t verdict)
{
	struct zone_script s = {.row = row, .rows = rows, .verdict = verdict};
	struct locate_want w = {.domain = "b.example", .transport = floor, .transports = ALL, .families = 3};

	assert_true(zone_run(&s, &w, &out));
	return s;
}

// LRF-I3: a forged NAPTR offers nothing but UDP. Without the floor the call would go in clear, to whom the forger names.
static void downgrade(void **state)
{
	static const struct zone_row forged[] = {{"b.example", DNS_NAPTR, 1, 1, 0, "SIP+D2U", "_sip._udp.b.example"},
		{"_sip._udp.b.example", DNS_SRV, 0, 0, 5060, NULL, "evil.b.example"}, {"evil.b.example", DNS_A, 0, 0, 0, "203.0.113.66", NULL}};

	(void)state;
	play(forged, 3, TRANSPORT_UDP, DNS_INSECURE);
	assert_string_equal(zone_hop(&out, 0), "UDP 203.0.113.66:5060 0/0");
	play(forged, 3, TRANSPORT_TLS, DNS_INSECURE);
	assert_int_equal(out.count, 0);
}

// LRF-I1: an answer that validation disproves. As an unsigned one (validation off) it would be followed.
static void altered(void **state)
{
	static const struct zone_row forged[] = {{"_sips._tcp.b.example", DNS_SRV, 0, 0, 5061, NULL, "evil.example"},
		{"evil.example", DNS_A, 0, 0, 0, "203.0.113.66", NULL}};

	(void)state;
	play(forged, 2, TRANSPORT_TLS, DNS_INSECURE);
	assert_int_equal(out.count, 1);
	play(forged, 2, TRANSPORT_TLS, DNS_BOGUS);
	assert_int_equal(out.count, 0);
	assert_int_equal(out.verdict, DNS_BOGUS);
}

// LUF-A3: a domain that leads to ever more names. What is asked for it is bounded, and what it has of its own is found.
static void ever_more_names(void **state)
{
	static struct zone_row rows[1 + 4 * 64];
	static char name[4 * 64][40];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name[i], sizeof(name[i]), "_%u.b.example", i);
		rows[n++] = (struct zone_row){"b.example", DNS_NAPTR, i, 0, 0, "SIPS+D2T", name[i]};
	}
	for (unsigned i = 4; i < 4 * 60; i++) {
		snprintf(name[i], sizeof(name[i]), "h%u.b.example", i);
		rows[n++] = (struct zone_row){name[i % 4], DNS_SRV, 0, 0, 5061, NULL, name[i]};
	}
	struct zone_script s = play(rows, n, TRANSPORT_TLS, DNS_SECURE);
	assert_in_range(s.asked, 5, LOCATE_QUESTIONS_MAX); // without the bounds: 4 + 2 * 236
	assert_int_equal(out.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(downgrade), cmocka_unit_test(altered), cmocka_unit_test(ever_more_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
