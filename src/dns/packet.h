// SPDX-License-Identifier: Apache-2.0
// Packet -> dns_answer: what libunbound hands over is read once more, by ldns, and bounded (LUF-A3).
//
// Nothing here believes that the packet answers the question: the owner of every record that is taken stands at the end of a
// chain of aliases that begins with the name asked for (RFC1034#3.6.2). No sockets and no clock.
#ifndef DNS_PACKET_H
#define DNS_PACKET_H

#include "terms/dns.h"

enum {
	DNS_ALIASES_MAX = 8,          // CNAMEs in a row; real zones have two or three
	DNS_PACKET_MAX = 65535,       // [octets] what TCP can carry (RFC1035#4.2.2)
	DNS_PACKET_RECORDS_MAX = 256, // of the answer section that are looked at: 64 records, 8 aliases, their signatures
	DNS_TTL_MIN_S = 1,            // an answer of TTL 0 still serves those who asked meanwhile: no flood passes through
};

// Read PACKET, which came for Q, into OUT, whose verdict is left at DNS_INSECURE. OUT->outcome is FOUND, NODATA, NXDOMAIN, or SERVFAIL
// with a reason when the servers refuse (RFC1035#4.1.1). TTLs are within DNS_TTL_MIN_S and DNS_TTL_MAX_S, of denials within
// DNS_NEGATIVE_TTL_MAX_S. E_SYNTAX: the packet is broken, is for another question, or its aliases run in a circle or on for too
// long; OUT is then a SERVFAIL that says so.
MUST_USE result dns_packet_read(struct bytes packet, const struct dns_question *q, struct dns_answer *out);

#endif
