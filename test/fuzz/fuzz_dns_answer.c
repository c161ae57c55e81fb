// SPDX-License-Identifier: Apache-2.0
// A DNS packet from anywhere -> dns_answer: within its bounds, or a named fault (LUF-A3).
//
// The first octet chooses the type; the question is the packet's own where it has one that can be read, else a fixed name.
#include "dns/packet.h"

#include <stdio.h>
#include <stdlib.h>

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void name_of(struct bytes p, char out[DOMAIN_MAX])
{
	size_t at = 12, n = 0;

	while (at < p.len && p.at[at] != 0 && p.at[at] < 64 && at + p.at[at] < p.len && n + p.at[at] + 2u < DOMAIN_MAX) {
		for (size_t i = 1; i <= p.at[at]; i++) {
			uint8_t c = p.at[at + i];
			out[n++] = (char)((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '-');
		}
		out[n++] = '.';
		at += 1u + p.at[at];
	}
	out[n > 0 ? n - 1 : 0] = '\0';
	if (n == 0)
		snprintf(out, DOMAIN_MAX, "b.example");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {DNS_A, DNS_CNAME, DNS_AAAA, DNS_SRV, DNS_NAPTR, DNS_TLSA};
	static struct dns_answer a;
	struct dns_question q;
	uint32_t used = 0;

	if (size == 0)
		return 0;
	memset(&q, 0, sizeof(q));
	q.type = types[data[0] % ARRAY_LEN(types)];
	struct bytes p = bytes_make(data + 1, size - 1);
	name_of(p, q.name);
	result r = dns_packet_read(p, &q, &a);
	must(r.error == E_OK || (r.error == E_SYNTAX && a.outcome == DNS_SERVFAIL && a.reason[0] != '\0'));
	must(a.count <= DNS_RECORDS_MAX && a.used <= DNS_OCTETS_MAX && a.ttl_s <= DNS_TTL_MAX_S);
	must((a.outcome == DNS_FOUND) == (a.count > 0));
	for (uint32_t i = 0; i < a.count; i++) {
		must(dns_record(&a, i).len == a.record[i].len && a.record[i].len <= DNS_RDATA_MAX);
		used += a.record[i].len;
	}
	must(used == a.used);
	return 0;
}
