// SPDX-License-Identifier: Apache-2.0
// NAPTR records of a published number (RFC 6116, RFC 3764, RFC 4769), made as octets and never as text that somebody parses.
#ifndef PUBLISH_RECORDS_H
#define PUBLISH_RECORDS_H

#include "publish/numbers.h"

#include <ldns/ldns.h>

enum {
	PUBLISH_RECORDS_MAX = 1000000, // of one zone, held or wanted
	PUBLISH_STRING_MAX = 255,      // [octets] RFC1035#3.3
	PUBLISH_ORDER = 100,
	PUBLISH_PREFERENCE_SIP = 10,
	PUBLISH_PREFERENCE_TEL = 20, // routing data, for those who route by it
};

struct publish_zone {
	const char *zone, *apex; // lower case, no final dot; ZONE is APEX or below it
	const char *uri;         // "sip:\1@ssp-a.example"
	uint32_t ttl_s;
};

// The rewriting "!^(.*)$!URI!" of RFC6116#3.4.3. URI holds nothing that ends or changes the pattern: no "!", a backslash only
// as "\1", printable octets. E_SYNTAX; E_TOO_LONG beyond PUBLISH_STRING_MAX (LUF-I1).
MUST_USE result publish_regexp_make(const char *uri, char out[PUBLISH_STRING_MAX + 1]);

struct publish_wanted {
	ldns_rr_list *records; // NAPTR, sorted; of the caller: ldns_rr_list_deep_free()
	uint32_t outside;      // rows whose numbers are not in the zone
};
// All records that ZONE holds for NUMBERS. E_SYNTAX, E_TOO_LONG: the URI; E_TOO_MANY, E_NO_MEMORY.
MUST_USE result publish_records_make(const struct publish_zone *zone, struct publish_numbers *numbers,
	struct publish_wanted *out);

#endif
