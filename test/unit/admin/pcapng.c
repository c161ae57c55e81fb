// SPDX-License-Identifier: Apache-2.0
// The blocks octet by octet; lengths that analysers walk by; checksums.
#include "unit.h"

#include "admin/pcapng.h"

#include <stdlib.h>
#include <string.h>

static uint32_t u32(const uint8_t *at)
{
	uint32_t v;
	memcpy(&v, at, 4);
	return v;
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t ones_sum(const uint8_t *at, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

// Both lengths of each block agree and the blocks fill the octets.
static uint32_t walk(const uint8_t *at, uint32_t n)
{
	uint32_t blocks = 0;
	for (uint32_t i = 0; i < n; blocks++) {
		uint32_t len = u32(at + i + 4);
		assert_true(len % 4 == 0 && len >= 12 && i + len <= n);
		assert_int_equal(u32(at + i + len - 4), len);
		i += len;
	}
	return blocks;
}

static void head(void **state)
{
	uint8_t out[PCAPNG_HEAD_MAX];
	(void)state;
	uint32_t n = pcapng_head("sallyport", out);
	assert_int_equal(walk(out, n), 2);
	assert_int_equal(u32(out), 0x0a0d0d0a);
	assert_int_equal(u32(out + 8), 0x1a2b3c4d);
	uint32_t second = u32(out + 4);
	assert_int_equal(u32(out + second), 1);
	assert_int_equal(out[second + 8], 101); // raw IP
	n = pcapng_head("a program with a name that is much longer than what there is room for in the head", out);
	assert_true(n <= PCAPNG_HEAD_MAX);
	assert_int_equal(walk(out, n), 2);
}

static struct ipc_admin_traced *message(const char *from, const char *to, uint32_t len)
{
	struct ipc_admin_traced *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	assert_ok(address_parse(bytes_of_string(from), &t->from));
	if (to != NULL)
		assert_ok(address_parse(bytes_of_string(to), &t->to));
	t->wall_us = 0x0001000200030004;
	t->transport = TRANSPORT_TLS;
	t->len = len;
	memset(t->octets, 'A', sizeof(t->octets));
	return t;
}

static void packet_v4(void **state)
{
	static uint8_t out[PCAPNG_PACKET_MAX];
	struct ipc_admin_traced *t = message("192.0.2.1:5061", "192.0.2.9:5080", 5);
	(void)state;
	uint32_t n = pcapng_packet(t, out);
	assert_int_equal(walk(out, n), 1);
	assert_int_equal(u32(out), 6);
	assert_int_equal(u32(out + 12), 0x00010002); // time, high half
	assert_int_equal(u32(out + 16), 0x00030004);
	assert_int_equal(u32(out + 20), 20 + 8 + 5); // captured
	assert_int_equal(u32(out + 24), 20 + 8 + 5); // original
	const uint8_t *ip = out + 28;
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(be16(ip + 2), 33);
	assert_int_equal(ones_sum(ip, 20, 0), 0xffff);
	assert_int_equal(be16(ip + 20), 5061);
	assert_int_equal(be16(ip + 22), 5080);
	assert_int_equal(be16(ip + 24), 13);
	assert_int_equal(ones_sum(ip + 20, 13, ones_sum(ip + 12, 8, 17 + 13)), 0xffff);
	assert_memory_equal(ip + 28, "AAAAA\0\0\0", 8); // padded to four
	assert_non_null(memmem(out, n, "over TLS", 8));
	free(t);
}

static void packet_v6_and_unknown_side(void **state)
{
	static uint8_t out[PCAPNG_PACKET_MAX];
	struct ipc_admin_traced *t = message("[2001:db8::1]:5060", NULL, 4);
	(void)state;
	t->outgoing = 1;
	uint32_t n = pcapng_packet(t, out);
	assert_int_equal(walk(out, n), 1);
	const uint8_t *ip = out + 28;
	assert_int_equal(ip[0], 0x60);
	assert_int_equal(be16(ip + 4), 12);
	assert_int_equal(be16(ip + 42), 5060); // our side did not tell its port
	assert_int_equal(ones_sum(ip + 40, 12, ones_sum(ip + 8, 32, 17 + 12)), 0xffff);
	free(t);
}

static void packet_at_the_limit(void **state)
{
	static uint8_t out[PCAPNG_PACKET_MAX + 16];
	struct ipc_admin_traced *t = message("192.0.2.1:5061", "192.0.2.9:5080", IPC_ADMIN_OCTETS_MAX);
	(void)state;
	memset(out + PCAPNG_PACKET_MAX, 0x5a, 16);
	assert_int_equal(walk(out, pcapng_packet(t, out)), 1);
	t->len = UINT32_MAX; // a lie of the other process is cut
	assert_int_equal(walk(out, pcapng_packet(t, out)), 1);
	for (int i = 0; i < 16; i++)
		assert_int_equal(out[PCAPNG_PACKET_MAX + i], 0x5a);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head),
		cmocka_unit_test(packet_v4),
		cmocka_unit_test(packet_v6_and_unknown_side),
		cmocka_unit_test(packet_at_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
