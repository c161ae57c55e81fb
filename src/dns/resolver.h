// SPDX-License-Identifier: Apache-2.0
// Questions to DNS, answered by a handler: libunbound on the caller's event base, bounded and policed.
//
// What strangers can make us do is bounded in questions at one time and a second, in records and octets of an answer, and in
// validation work (LUF-A3); equal questions are one. Policy is by suffix (dns/policy.h). When servers fail, the last good answer is
// served for a while, and said to be stale (LRF-A1, LRF-A2). A bogus answer is refused, and nothing is served in its place.
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include "registry/snapshot.h"
#include "terms/dns.h"

struct event_base;

enum {
	DNS_UNDER_WAY_MAX = 256,      // askers that wait: 2 s each at 128 questions a second that nobody answers
	DNS_LOOKUPS_MAX = 512,        // questions that the library works on, those included whose askers have gone
	DNS_RESERVED = 64,            // of both, for our own peers' names alone: a flood of numbers holds none of them up (LRF-A3)
	DNS_PER_SECOND_MAX = 500,     // questions that leave this host; what the caches answer is not counted
	DNS_BURST_MAX = 250,
	DNS_DEADLINE_MAX_MS = 10000,  // longer waits nobody for a call
	DNS_FOLLOW_LOOK_S = 5,        // a change of the anchors' states is told after so long
	DNS_FOLLOW_ASK_S = 3600,      // RFC5011#2.3: an hour at the soonest; the library asks the zone when what it knows has lived
	DNS_STALE_WAIT_MS = 1800,     // RFC8767#5: with a stale answer at hand servers have so long
};

enum dns_class {
	DNS_FOR_STRANGERS = 0, // the name is from a message
	DNS_FOR_PEERS,         // the name is from the configuration
};

struct dns_counters {
	uint64_t asked, from_cache, coalesced, refused_name, refused_policy, refused_rate, refused_budget, bogus, stale, timeouts,
		failures;
};

// A belongs to the resolver and lives until the handler returns, which may ask more and forget.
typedef void (*dns_handler)(void *ctx, const struct dns_answer *a);

struct dns_resolver;

// On BASE, which must live longer, with S and the trust anchors of text ANCHORS; both are copied or read at once.
// E_NO_MEMORY, E_SYSTEM: the library does not take S or ANCHORS.
MUST_USE result dns_resolver_new(struct dns_resolver **out, struct event_base *base, const struct dns_settings *s, struct bytes anchors);
// Within the sandbox: let the library begin its thread and open what it needs, now and after each configuration; else the first
// question does.
void dns_resolver_begin(struct dns_resolver *r);
// Nobody is answered any more.
void dns_resolver_free(struct dns_resolver *r);
// From now on S and ANCHORS count; questions under way are asked again by them. Not to be called from a handler. On error everything
// stays as it was: E_NO_MEMORY, E_SYSTEM.
MUST_USE result dns_resolver_configure(struct dns_resolver *r, const struct dns_settings *s, struct bytes anchors);
// Within the sandbox: from the next configuration on, trust anchors are followed by RFC 5011 with their state in FOLDER, which is there. When a
// zone's state cannot be used, its configured anchors serve on and the log says so. HOLDDOWN_S: 0, but in tests. E_NO_MEMORY, E_TOO_LONG.
MUST_USE result dns_resolver_follow(struct dns_resolver *r, const char *folder, uint32_t holddown_s);

// Ask Q; HANDLER has the answer with CTX, once, within DEADLINE_MS (1..DNS_DEADLINE_MAX_MS, bounded here) - maybe before this call
// returns.
void dns_ask(struct dns_resolver *r, const struct dns_question *q, uint32_t deadline_ms, enum dns_class class, dns_handler handler,
	void *ctx);
// Whoever asked with CTX is gone: its handler is called no more. Answers still reach the cache.
void dns_forget(struct dns_resolver *r, const void *ctx);

const struct dns_counters *dns_resolver_counters(const struct dns_resolver *r);
uint32_t dns_resolver_under_way(const struct dns_resolver *r); // askers that wait

#endif
