// SPDX-License-Identifier: Apache-2.0
// Answers that were good, kept for their time, and beyond it for the hour when servers fail (RFC 8767).
//
// Bounded in entries, the one used longest ago goes first. Failures and bogus answers never get in: they replace nothing, and
// nothing here is ever served in place of a bogus answer (the caller asks only after failures). No sockets and no clock.
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include "terms/dns.h"

enum {
	DNS_CACHE_MAX = 4096,        // entries; 70 MiB if every answer were of the largest size, 2 MiB in practice
	DNS_STALE_TTL_S = 30,        // RFC8767#4: a stale answer is worth so long
	DNS_STALE_REST_S = 30,       // RFC8767#5: after a failure servers are left alone so long, if there is a stale answer
};

enum dns_cache_state { DNS_CACHE_NONE, DNS_CACHE_FRESH, DNS_CACHE_STALE };

struct dns_cache;

// For MAX answers. E_NO_MEMORY.
MUST_USE result dns_cache_new(struct dns_cache **out, uint32_t max);
void dns_cache_free(struct dns_cache *c);
// The answer to Q at NOW_US into OUT: fresh, with the time that it has left; stale, if it is over for STALE_S at the most. OUT is
// untouched when there is none.
enum dns_cache_state dns_cache_get(struct dns_cache *c, const struct dns_question *q, uint32_t stale_s, uint64_t now_us,
	struct dns_answer *out);
// Keep A, a good answer that came at NOW_US: FOUND, NODATA or NXDOMAIN and not bogus; another one is ignored. Without memory it
// is not kept: it was answered all the same.
void dns_cache_put(struct dns_cache *c, const struct dns_answer *a, uint64_t now_us);
// Servers failed to answer Q at NOW_US.
void dns_cache_failed(struct dns_cache *c, const struct dns_question *q, uint64_t now_us);
// Have servers failed to answer Q within the last DNS_STALE_REST_S before NOW_US, without success since?
bool dns_cache_rests(const struct dns_cache *c, const struct dns_question *q, uint64_t now_us);
// Forget all: policy or trust anchors have changed, and with them what is good.
void dns_cache_clear(struct dns_cache *c);
uint32_t dns_cache_count(const struct dns_cache *c);

#endif
