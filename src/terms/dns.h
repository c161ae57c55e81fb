// SPDX-License-Identifier: Apache-2.0
// DNS as the rooms see it: a question, and an answer whose records are already taken out of the packet; data only.
//
// The resolver process has parsed, bounded and (by policy) validated the answer. Record data stands here as RFC 1035 writes it
// on the wire, names uncompressed; the codecs of src/wire/enum and src/lrf read it again with their own checks.
#ifndef TERMS_DNS_H
#define TERMS_DNS_H

#include "terms/route.h"

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35, DNS_TLSA = 52 };

enum {
	DNS_RECORDS_MAX = 64,       // of one answer; a larger set is cut and said (LUF-A3)
	DNS_RDATA_MAX = 768,        // [octets] one record: a NAPTR of three full strings and a name fits
	DNS_OCTETS_MAX = 16 * 1024, // [octets] all record data of one answer
	DNS_TTL_MAX_S = 86400,      // an answer is kept a day at the most, whatever it says
	DNS_NEGATIVE_TTL_MAX_S = 60, // "there is none" is believed so long at the most: a new peer is found soon
	DNS_REASON_MAX = 96,
};

enum dns_outcome {
	DNS_FOUND = 0,     // records follow
	DNS_NODATA,        // the name is there, the type is not
	DNS_NXDOMAIN,
	DNS_SERVFAIL,      // servers refuse, lie or fail; with verdict DNS_BOGUS: validation failed
	DNS_TIMEOUT,       // nobody answered in time
	DNS_REFUSED,       // by our own policy or caps, see `reason`
};

enum dns_verdict { DNS_INSECURE = 0, DNS_SECURE, DNS_BOGUS };

struct dns_question {
	uint16_t type;         // enum dns_type
	char name[DOMAIN_MAX]; // lower case, no final dot
};

struct dns_answer {
	struct dns_question question;
	uint8_t outcome;  // enum dns_outcome
	uint8_t verdict;  // enum dns_verdict
	uint8_t stale;    // past its time, served because nobody answers
	uint8_t cut;      // more records or octets than the caps
	uint32_t ttl_s;   // 0..DNS_TTL_MAX_S
	uint16_t count;
	struct {
		uint16_t at, len; // into `octets`
	} record[DNS_RECORDS_MAX];
	char reason[DNS_REASON_MAX]; // for people; "" when found
	uint32_t used;
	uint8_t octets[DNS_OCTETS_MAX];
};

// Record I of A: its data; empty beyond the last, or when its place is not within `octets`.
static inline struct bytes dns_record(const struct dns_answer *a, uint32_t i)
{
	if (i >= a->count || i >= DNS_RECORDS_MAX || a->used > DNS_OCTETS_MAX || a->record[i].at > a->used ||
		a->record[i].len > a->used - a->record[i].at)
		return (struct bytes){a->octets, 0};
	return (struct bytes){a->octets + a->record[i].at, a->record[i].len};
}

#endif
