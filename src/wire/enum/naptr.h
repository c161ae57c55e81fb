// SPDX-License-Identifier: Apache-2.0
// NAPTR records (RFC 3403) as ENUM uses them (RFC 6116).
#ifndef WIRE_ENUM_NAPTR_H
#define WIRE_ENUM_NAPTR_H

#include "terms/dns.h"

struct naptr {
	uint16_t order, preference;
	struct bytes flags, services, regexp; // in the record's data
	char replacement[DOMAIN_MAX];         // "" is the root
};

enum naptr_use { // what an ENUM client does with a record (RFC6116#3.4, #5.2)
	NAPTR_IGNORE,
	NAPTR_SIP,          // E2U+sip: the rewritten number is a sip or sips URI (RFC 3764)
	NAPTR_PSTN_TEL,     // E2U+pstn:tel: a tel URI with portability data (RFC 4769)
	NAPTR_PSTN_SIP,     // E2U+pstn:sip
	NAPTR_NON_TERMINAL, // ask for NAPTR of the replacement
};

// Read record data: order, preference, three character strings, a name, and nothing behind. E_SYNTAX, E_TOO_LONG.
MUST_USE result naptr_read(struct bytes rdata, struct naptr *out);
// What to do with N. WHY (static text, for people) tells why it is ignored.
enum naptr_use naptr_use(const struct naptr *n, const char **why);
// Readable records of answer A in the order in which they are to be tried: lowest order, then lowest preference, then as
// they came (RFC3403#4.1). Returns how many stand in OUT; *BAD: how many could not be read.
uint32_t naptr_sort(const struct dns_answer *a, struct naptr out[DNS_RECORDS_MAX], uint32_t *bad);

#endif
