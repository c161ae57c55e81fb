// SPDX-License-Identifier: Apache-2.0
// The longest suffix decides; what no row names is opportunistic.
#include "dns/policy.h"

#include <stdio.h>

enum { LABEL_MAX = 63 }; // RFC1035#2.3.4

bool dns_name_below(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);
	if (k == 0)
		return true;
	return n >= k && memcmp(name + n - k, suffix, k) == 0 && (n == k || name[n - k - 1] == '.');
}

static bool is_name_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// What SIP asks for is made of such labels; anything else never leaves this host, and never reaches a parser of text names.
static bool is_name(const char *name)
{
	size_t label = 0, n = strnlen(name, DOMAIN_MAX);
	if (n == 0 || n > DOMAIN_MAX - 3) // RFC1035#2.3.4: 255 on the wire
		return false;
	for (size_t i = 0; i < n; i++) {
		if (name[i] == '.' ? label == 0 : !is_name_octet(name[i]) || label == LABEL_MAX)
			return false;
		label = name[i] == '.' ? 0 : label + 1;
	}
	return label > 0;
}

bool dns_policy_admits(const struct dns_settings *s, const struct dns_question *q, const char **why)
{
	*why = "no name that is asked for";
	if (!is_name(q->name))
		return false;
	*why = "outside dns.only (LUF-C3)";
	for (uint32_t i = 0; i < s->only_count && i < DNS_ONLY_MAX; i++)
		if (dns_name_below(q->name, s->only[i]))
			return true;
	return s->only_count == 0;
}

enum dns_dnssec dns_policy_of(const struct dns_settings *s, const char *name)
{
	enum dns_dnssec found = DNSSEC_OPPORTUNISTIC;
	size_t longest = 0;
	for (uint32_t i = 0; i < s->policy_count && i < DNS_POLICIES_MAX; i++) {
		size_t len = strlen(s->policy[i].suffix) + 1; // the root counts too
		if (len > longest && dns_name_below(name, s->policy[i].suffix)) {
			longest = len;
			found = (enum dns_dnssec)s->policy[i].dnssec;
		}
	}
	return found;
}

void dns_refusal(struct dns_answer *a, const struct dns_question *q, enum dns_outcome outcome, const char *why)
{
	struct dns_question question = *q; // it may be A's own
	memset(a, 0, offsetof(struct dns_answer, octets));
	a->question = question;
	a->outcome = (uint8_t)outcome;
	snprintf(a->reason, sizeof(a->reason), "%s", why);
}

void dns_policy_apply(const struct dns_settings *s, struct dns_answer *a)
{
	enum dns_dnssec wanted = dns_policy_of(s, a->question.name);
	bool good = a->outcome <= DNS_NXDOMAIN;
	if (wanted == DNSSEC_REQUIRED && good && a->verdict != DNS_SECURE)
		dns_refusal(a, &a->question, DNS_REFUSED, "not signed, and dns.policy requires it");
}
