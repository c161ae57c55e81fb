// SPDX-License-Identifier: Apache-2.0
// Blocks in the byte order of this machine, as the byte-order magic says; packets in network order.
#include "admin/pcapng.h"

#include <stdio.h>
#include <string.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_RAW = 101,
	OPTION_COMMENT = 1, OPTION_USER_PROGRAM = 4, OPTION_FLAGS = 2, // of the section; of a packet
	IPV4_LEN = 20, IPV6_LEN = 40, UDP_LEN = 8, PROTOCOL_UDP = 17,
	UNKNOWN_PORT = 5060, // our own side, when the message does not tell it: analysers then know the protocol
};

struct block {
	uint8_t *at;
	uint32_t len;
};

static void put(struct block *b, const void *octets, uint32_t n)
{
	memcpy(b->at + b->len, octets, n);
	b->len += n;
}

static void put16(struct block *b, uint32_t v)
{
	uint16_t value = (uint16_t)v;
	put(b, &value, sizeof(value));
}

static void put32(struct block *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void pad(struct block *b)
{
	while (b->len % 4 != 0)
		b->at[b->len++] = 0;
}

static void begin(struct block *b, uint32_t type)
{
	put32(b, type);
	put32(b, 0); // the length: block_end fills it in
}

// FROM is where the block began.
static void block_end(struct block *b, uint32_t from)
{
	uint32_t total = b->len - from + 4;
	put32(b, total);
	memcpy(b->at + from + 4, &total, sizeof(total));
}

static void option(struct block *b, uint16_t code, const char *text)
{
	uint32_t n = (uint32_t)strlen(text);
	put16(b, code);
	put16(b, n);
	put(b, text, n);
	pad(b);
}

uint32_t pcapng_head(const char *program, uint8_t out[PCAPNG_HEAD_MAX])
{
	struct block b = {out, 0};
	char name[48];
	snprintf(name, sizeof(name), "%s", program);
	begin(&b, BLOCK_SECTION);
	put32(&b, BYTE_ORDER_MAGIC);
	put16(&b, 1); // version 1.0
	put16(&b, 0);
	put32(&b, UINT32_MAX); // section length: not given
	put32(&b, UINT32_MAX);
	option(&b, OPTION_USER_PROGRAM, name);
	put32(&b, 0); // end of options
	block_end(&b, 0);
	uint32_t interface = b.len;
	begin(&b, BLOCK_INTERFACE);
	put16(&b, LINKTYPE_RAW);
	put16(&b, 0);
	put32(&b, 0); // no snapshot length; time stamps in microseconds
	block_end(&b, interface);
	return b.len;
}

static uint32_t sum16(const uint8_t *at, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void store16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint32_t ip_header(uint8_t *at, const struct address *from, const struct address *to, bool v6, uint32_t payload)
{
	if (v6) {
		memset(at, 0, IPV6_LEN);
		at[0] = 0x60;
		store16(at + 4, payload);
		at[6] = PROTOCOL_UDP;
		at[7] = 64; // hop limit
		memcpy(at + 8, from->ip, 16);
		memcpy(at + 24, to->ip, 16);
		return IPV6_LEN;
	}
	memset(at, 0, IPV4_LEN);
	at[0] = 0x45;
	store16(at + 2, IPV4_LEN + payload);
	at[8] = 64; // time to live
	at[9] = PROTOCOL_UDP;
	memcpy(at + 12, from->ip, 4);
	memcpy(at + 16, to->ip, 4);
	store16(at + 10, fold(sum16(at, IPV4_LEN, 0)));
	return IPV4_LEN;
}

// One IP packet at AT; returns its length.
static uint32_t packet(const struct ipc_admin_traced *t, uint32_t len, uint8_t *at)
{
	bool v6 = t->from.family == 6 || t->to.family == 6;
	uint32_t udp = UDP_LEN + len, ip = ip_header(at, &t->from, &t->to, v6, udp);
	uint8_t *u = at + ip;
	store16(u, t->from.port != 0 ? t->from.port : UNKNOWN_PORT);
	store16(u + 2, t->to.port != 0 ? t->to.port : UNKNOWN_PORT);
	store16(u + 4, udp);
	store16(u + 6, 0);
	memcpy(u + UDP_LEN, t->octets, len);
	// The pseudo header: addresses, protocol, length (RFC768, RFC8200#8.1).
	uint32_t sum = sum16(at + (v6 ? 8 : 12), v6 ? 32 : 8, PROTOCOL_UDP + udp);
	uint16_t check = fold(sum16(u, udp, sum));
	store16(u + 6, check != 0 ? check : 0xffff);
	return ip + udp;
}

uint32_t pcapng_packet(const struct ipc_admin_traced *t, uint8_t out[PCAPNG_PACKET_MAX])
{
	struct block b = {out, 0};
	char comment[64];
	uint32_t len = t->len < IPC_ADMIN_OCTETS_MAX ? t->len : IPC_ADMIN_OCTETS_MAX, lengths;
	begin(&b, BLOCK_PACKET);
	put32(&b, 0); // interface
	put32(&b, (uint32_t)(t->wall_us >> 32));
	put32(&b, (uint32_t)t->wall_us);
	lengths = b.len;
	put32(&b, 0);
	put32(&b, 0);
	uint32_t n = packet(t, len, out + b.len);
	memcpy(out + lengths, &n, sizeof(n)); // captured and original length
	memcpy(out + lengths + 4, &n, sizeof(n));
	b.len += n;
	pad(&b);
	snprintf(comment, sizeof(comment), "over %s", transport_via_name((enum transport)t->transport));
	option(&b, OPTION_COMMENT, comment);
	put16(&b, OPTION_FLAGS);
	put16(&b, 4);
	put32(&b, t->outgoing ? 2 : 1); // direction
	put32(&b, 0); // end of options
	block_end(&b, 0);
	return b.len;
}
