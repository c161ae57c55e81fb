// SPDX-License-Identifier: Apache-2.0
// DNS packets made by hand, for tests: a head, a question, records.
#ifndef UNIT_DNS_PACKETS_H
#define UNIT_DNS_PACKETS_H

#include "terms/dns.h"

struct packet {
	uint8_t octet[70000];
	size_t len;
};

struct dns_question question(const char *name, uint16_t type);
// A response with RCODE to the question NAME TYPE.
void packet_begin(struct packet *p, const char *name, uint16_t type, uint8_t rcode);
void packet_name(struct packet *p, const char *name);
void packet_u16(struct packet *p, uint32_t value);
// A record of the answer section (AUTHORITY: of that).
void packet_record(struct packet *p, bool authority, const char *owner, uint16_t type, uint32_t ttl, const void *data, size_t len);
void packet_alias(struct packet *p, const char *owner, const char *target, uint32_t ttl);
void packet_soa(struct packet *p, uint32_t ttl, uint32_t minimum);
struct bytes packet_bytes(const struct packet *p);

#endif
