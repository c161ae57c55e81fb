// SPDX-License-Identifier: Apache-2.0
// What may be asked for, and what must hold of its answer, by suffix of the name. No sockets and no clock.
#ifndef DNS_POLICY_H
#define DNS_POLICY_H

#include "registry/snapshot.h"
#include "terms/dns.h"

// Does NAME end with SUFFIX, at a label's edge? "" is every name's.
bool dns_name_below(const char *name, const char *suffix);
// May the question be asked at all? False: *WHY says what speaks against it: a name that is none, or one outside `dns.only` (LUF-C3).
bool dns_policy_admits(const struct dns_settings *s, const struct dns_question *q, const char **why);
// The policy of NAME: that of the longest suffix, else opportunistic.
enum dns_dnssec dns_policy_of(const struct dns_settings *s, const char *name);
// Hold A against the policy of its name: one that must be signed and is not becomes REFUSED, without records (LUF-I2, LRF-I1).
void dns_policy_apply(const struct dns_settings *s, struct dns_answer *a);
// Make A the refusal of Q because of WHY.
void dns_refusal(struct dns_answer *a, const struct dns_question *q, enum dns_outcome outcome, const char *why);

#endif
