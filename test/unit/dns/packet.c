// SPDX-License-Identifier: Apache-2.0
// Packets lawful and hostile: only what stands at the end of the chain from the question's name is taken, within its bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dns/packet.h"
#include "packets.h"

static struct packet p;
static struct dns_answer a;

static result read_as(const char *name, uint16_t type)
{
	struct dns_question q = question(name, type);

	return dns_packet_read(packet_bytes(&p), &q, &a);
}

static void addresses_and_their_time(void **state)
{
	(void)state;
	packet_begin(&p, "B.Example", DNS_A, 0); // any case: servers keep it or not
	packet_record(&p, false, "b.example", DNS_A, 300, "\xc0\x00\x02\x01", 4);
	packet_record(&p, false, "b.example", DNS_A, 200, "\xc0\x00\x02\x02", 4);
	packet_record(&p, false, "b.example", DNS_AAAA, 7, "0123456789abcdef", 16); // not asked for
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.outcome, DNS_FOUND);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.ttl_s, 200);
	assert_true(bytes_equal(dns_record(&a, 1), bytes_make("\xc0\x00\x02\x02", 4)));
	assert_int_equal(dns_record(&a, 2).len, 0);
}

static void names_in_data_are_uncompressed(void **state)
{
	static const uint8_t srv[] = {0, 1, 0, 2, 0x13, 0xc5, 3, 's', 'b', 'c', 0xc0, 0x0c};
	static const uint8_t whole[] = {0, 1, 0, 2, 0x13, 0xc5, 3, 's', 'b', 'c', 1, 'b', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};

	(void)state;
	packet_begin(&p, "b.example", DNS_SRV, 0);
	packet_record(&p, false, "b.example", DNS_SRV, 300, srv, sizeof(srv));
	assert_true(is_ok(read_as("b.example", DNS_SRV)));
	assert_true(bytes_equal(dns_record(&a, 0), bytes_make(whole, sizeof(whole))));
}

static void aliases_are_followed(void **state)
{
	(void)state;
	packet_begin(&p, "b.example", DNS_A, 0);
	packet_record(&p, false, "c.example", DNS_A, 300, "\xc0\x00\x02\x01", 4); // before its alias: order is no matter
	packet_alias(&p, "b.example", "c.example", 60);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.count, 1);
	assert_int_equal(a.ttl_s, 60);
}

// The attack: an answer that carries the records of another name, as a poisoned cache would.
static void records_of_another_name_are_not_taken(void **state)
{
	(void)state;
	packet_begin(&p, "b.example", DNS_A, 0);
	packet_record(&p, false, "evil.example", DNS_A, 300, "\xc6\x33\x64\x01", 4);
	packet_alias(&p, "x.example", "evil.example", 60);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.outcome, DNS_NODATA);
	assert_int_equal(a.count, 0);
}

static void another_question_is_none(void **state)
{
	(void)state;
	packet_begin(&p, "c.example", DNS_A, 0);
	packet_record(&p, false, "b.example", DNS_A, 300, "\xc0\x00\x02\x01", 4);
	assert_int_equal(read_as("b.example", DNS_A).error, E_SYNTAX);
	assert_int_equal(a.outcome, DNS_SERVFAIL);
	packet_begin(&p, "b.example", DNS_AAAA, 0);
	assert_int_equal(read_as("b.example", DNS_A).error, E_SYNTAX);
	assert_string_not_equal(a.reason, "");
}

static void chain(uint32_t links, bool circle)
{
	char from[32], to[32];

	packet_begin(&p, "n0.example", DNS_A, 0);
	for (uint32_t i = 0; i < links; i++) {
		snprintf(from, sizeof(from), "n%u.example", i);
		snprintf(to, sizeof(to), "n%u.example", circle && i + 1 == links ? 0 : i + 1);
		packet_alias(&p, from, to, 60);
	}
	packet_record(&p, false, to, DNS_A, 300, "\xc0\x00\x02\x01", 4);
}

static void chains_end(void **state)
{
	(void)state;
	chain(DNS_ALIASES_MAX, false);
	assert_true(is_ok(read_as("n0.example", DNS_A)));
	assert_int_equal(a.count, 1);
	chain(DNS_ALIASES_MAX + 1, false);
	assert_int_equal(read_as("n0.example", DNS_A).error, E_SYNTAX);
	chain(2, true);
	assert_int_equal(read_as("n0.example", DNS_A).error, E_SYNTAX);
	assert_int_equal(a.outcome, DNS_SERVFAIL);
	assert_int_equal(a.count, 0);
	chain(1, true); // to itself
	assert_int_equal(read_as("n0.example", DNS_A).error, E_SYNTAX);
}

static void counts_and_octets_are_bounded(void **state)
{
	static uint8_t big[4096];

	(void)state;
	packet_begin(&p, "b.example", DNS_A, 0);
	for (uint32_t i = 0; i < DNS_RECORDS_MAX; i++)
		packet_record(&p, false, "b.example", DNS_A, 300, "\xc0\x00\x02\x01", 4);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.count, DNS_RECORDS_MAX);
	assert_int_equal(a.cut, 0);
	packet_record(&p, false, "b.example", DNS_A, 300, "\xc0\x00\x02\x01", 4);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.count, DNS_RECORDS_MAX);
	assert_int_equal(a.cut, 1);
	for (uint32_t i = 0; i < 1000; i++)
		packet_record(&p, false, "b.example", DNS_A, 300, "\xc0\x00\x02\x01", 4);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.cut, 1);
	packet_begin(&p, "b.example", 16, 0); // TXT: strings of 255
	for (size_t i = 0; i < sizeof(big); i += 256)
		big[i] = 255;
	packet_record(&p, false, "b.example", 16, 300, big, DNS_RDATA_MAX + 256);
	assert_int_equal(read_as("b.example", 16).error, E_SYNTAX); // nothing is left of it
	for (uint32_t i = 0; i < 30; i++)
		packet_record(&p, false, "b.example", 16, 300, big, DNS_RDATA_MAX);
	assert_true(is_ok(read_as("b.example", 16)));
	assert_int_equal(a.count, DNS_OCTETS_MAX / DNS_RDATA_MAX);
	assert_true(a.cut && a.used <= DNS_OCTETS_MAX);
}

static void times_are_bounded(void **state)
{
	(void)state;
	packet_begin(&p, "b.example", DNS_A, 0);
	packet_record(&p, false, "b.example", DNS_A, 0, "\xc0\x00\x02\x01", 4);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.ttl_s, DNS_TTL_MIN_S);
	packet_begin(&p, "b.example", DNS_A, 0);
	packet_record(&p, false, "b.example", DNS_A, UINT32_MAX, "\xc0\x00\x02\x01", 4);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.ttl_s, DNS_TTL_MAX_S);
	packet_begin(&p, "b.example", DNS_A, 3);
	packet_soa(&p, 86400, 86400);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.outcome, DNS_NXDOMAIN);
	assert_int_equal(a.ttl_s, DNS_NEGATIVE_TTL_MAX_S);
	packet_begin(&p, "b.example", DNS_A, 0);
	packet_soa(&p, 86400, 5);
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.outcome, DNS_NODATA);
	assert_int_equal(a.ttl_s, 5);
	packet_begin(&p, "b.example", DNS_A, 0); // without SOA a denial is hardly believed
	assert_true(is_ok(read_as("b.example", DNS_A)));
	assert_int_equal(a.ttl_s, DNS_TTL_MIN_S);
}

static void refusals_of_servers(void **state)
{
	(void)state;
	for (uint8_t rcode = 1; rcode < 16; rcode++) {
		packet_begin(&p, "b.example", DNS_A, rcode);
		packet_record(&p, false, "b.example", DNS_A, 300, "\xc0\x00\x02\x01", 4);
		assert_true(is_ok(read_as("b.example", DNS_A)));
		assert_int_equal(a.outcome, rcode == 3 ? DNS_FOUND : DNS_SERVFAIL);
	}
}

// Every cut of a good packet, and every octet of it with every bit turned: an answer or a named fault, never more.
static void broken_packets(void **state)
{
	struct packet good;

	(void)state;
	packet_begin(&p, "b.example", DNS_SRV, 0);
	packet_alias(&p, "b.example", "c.example", 60);
	packet_record(&p, false, "c.example", DNS_SRV, 300, "\0\1\0\2\x13\xc5\3sbc\xc0\x0c", 12);
	packet_soa(&p, 60, 60);
	good = p;
	for (size_t n = 0; n < good.len; n++) {
		p = good;
		p.len = n;
		result r = read_as("b.example", DNS_SRV);
		assert_true(r.error == E_SYNTAX || a.count == 1); // the authority section may be cut
	}
	for (size_t bit = 0; bit < good.len * 8; bit++) {
		p = good;
		p.octet[bit / 8] ^= (uint8_t)(1u << bit % 8);
		result r = read_as("b.example", DNS_SRV);
		assert_true(r.error == E_OK || r.error == E_SYNTAX);
		assert_true(is_ok(r) || a.outcome == DNS_SERVFAIL);
		assert_true(a.used <= DNS_OCTETS_MAX && a.ttl_s <= DNS_TTL_MAX_S);
	}
	struct dns_question q = question("b.example", DNS_A);
	assert_int_equal(dns_packet_read((struct bytes){NULL, 0}, &q, &a).error, E_SYNTAX);
}

// A name of pointers to pointers: bounded work, and a fault.
static void pointers_in_a_circle(void **state)
{
	(void)state;
	packet_begin(&p, "b.example", DNS_A, 0);
	size_t at = p.len;
	packet_record(&p, false, "", DNS_A, 300, "\xc0\x00\x02\x01", 4);
	memmove(p.octet + at + 2, p.octet + at + 1, p.len - at - 1); // the root's octet becomes a pointer to itself
	p.len++;
	p.octet[at] = (uint8_t)(0xc0 | at >> 8);
	p.octet[at + 1] = (uint8_t)at;
	assert_int_equal(read_as("b.example", DNS_A).error, E_SYNTAX);
	packet_begin(&p, "b.example", DNS_A, 0);
	packet_u16(&p, 0xc00c); // one octet short of a record
	p.octet[7] = 1;
	assert_int_equal(read_as("b.example", DNS_A).error, E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_their_time),
		cmocka_unit_test(names_in_data_are_uncompressed),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(records_of_another_name_are_not_taken),
		cmocka_unit_test(another_question_is_none),
		cmocka_unit_test(chains_end),
		cmocka_unit_test(counts_and_octets_are_bounded),
		cmocka_unit_test(times_are_bounded),
		cmocka_unit_test(refusals_of_servers),
		cmocka_unit_test(broken_packets),
		cmocka_unit_test(pointers_in_a_circle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
