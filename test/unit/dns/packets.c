// SPDX-License-Identifier: Apache-2.0
// Octets put one after another, as a server would; nothing is checked, so that hostile packets can be made too.
#include "packets.h"

#include <stdio.h>

struct dns_question question(const char *name, uint16_t type)
{
	struct dns_question q = {.type = type};

	snprintf(q.name, sizeof(q.name), "%s", name);
	return q;
}

void packet_u16(struct packet *p, uint32_t value)
{
	p->octet[p->len++] = (uint8_t)(value >> 8);
	p->octet[p->len++] = (uint8_t)value;
}

void packet_name(struct packet *p, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");
		p->octet[p->len++] = (uint8_t)n;
		memcpy(p->octet + p->len, name, n);
		p->len += n;
		name += n + (name[n] == '.');
	}
	p->octet[p->len++] = 0;
}

void packet_begin(struct packet *p, const char *name, uint16_t type, uint8_t rcode)
{
	p->len = 0;
	packet_u16(p, 0x1234);
	packet_u16(p, 0x8180u | rcode);
	packet_u16(p, 1);
	packet_u16(p, 0);
	packet_u16(p, 0);
	packet_u16(p, 0);
	packet_name(p, name);
	packet_u16(p, type);
	packet_u16(p, 1);
}

static void count(struct packet *p, size_t at)
{
	uint32_t n = (uint32_t)p->octet[at] << 8 | p->octet[at + 1];

	n++;
	p->octet[at] = (uint8_t)(n >> 8);
	p->octet[at + 1] = (uint8_t)n;
}

void packet_record(struct packet *p, bool authority, const char *owner, uint16_t type, uint32_t ttl, const void *data, size_t len)
{
	count(p, authority ? 8 : 6);
	packet_name(p, owner);
	packet_u16(p, type);
	packet_u16(p, 1);
	packet_u16(p, ttl >> 16);
	packet_u16(p, ttl);
	packet_u16(p, (uint32_t)len);
	memcpy(p->octet + p->len, data, len);
	p->len += len;
}

void packet_alias(struct packet *p, const char *owner, const char *target, uint32_t ttl)
{
	static struct packet name;

	name.len = 0;
	packet_name(&name, target);
	packet_record(p, false, owner, DNS_CNAME, ttl, name.octet, name.len);
}

void packet_soa(struct packet *p, uint32_t ttl, uint32_t minimum)
{
	static struct packet soa;

	soa.len = 0;
	packet_name(&soa, "ns.example");
	packet_name(&soa, "hostmaster.example");
	for (uint32_t i = 0; i < 4; i++) {
		packet_u16(&soa, 0);
		packet_u16(&soa, 1);
	}
	packet_u16(&soa, minimum >> 16);
	packet_u16(&soa, minimum);
	packet_record(p, true, "example", 6, ttl, soa.octet, soa.len);
}

struct bytes packet_bytes(const struct packet *p)
{
	return bytes_make(p->octet, p->len);
}
