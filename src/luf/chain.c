// SPDX-License-Identifier: Apache-2.0
// One tree after the other, one record after the other: the first that counts is the answer.
#include "luf/chain.h"

#include "wire/enum/name.h"
#include "wire/enum/naptr.h"
#include "wire/sip/sip.h"

#include <stdarg.h>
#include <stdio.h>

static void note(struct luf_chain *c, const char *format, ...) PRINTF_LIKE(2, 3);
static void note(struct luf_chain *c, const char *format, ...)
{
	va_list arguments;
	if (c->notes >= CHAIN_NOTES_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(c->note[c->notes++], CHAIN_NOTE_MAX, format, arguments);
	va_end(arguments);
}

static void finish(struct luf_chain *c, enum lookup_outcome outcome, const char *reason)
{
	c->done = true;
	c->asking = false;
	if (outcome == LOOKUP_LATER && c->verdict == DNS_SECURE)
		c->verdict = DNS_INSECURE; // nothing came that could prove anything
	c->answer.outcome = (uint8_t)outcome;
	c->answer.verdict = c->verdict;
	c->answer.ttl_s = c->ttl_s;
	snprintf(c->answer.reason, sizeof(c->answer.reason), "%s", reason);
}

// The number below the next tree; done when there is none.
static void next_tree(struct luf_chain *c)
{
	while (c->apex < c->settings->apex_count && c->apex < LUF_APEXES_MAX) {
		c->question.type = DNS_NAPTR;
		result r = enum_name_make(c->number, c->settings->apex[c->apex].domain, c->question.name);
		if (is_ok(r))
			return;
		note(c, "%s: not asked, %s", c->settings->apex[c->apex].domain,
			r.error == E_TOO_LONG ? "the name would be too long" : "the number is none of + and 1 to 15 digits");
		c->apex++;
	}
	finish(c, LOOKUP_NONE, "no ENUM tree knows the number");
}

void luf_chain_begin(struct luf_chain *c, const struct luf_settings *settings, const char *number,
	luf_chain_provisioned provisioned, void *ctx)
{
	*c = (struct luf_chain){.settings = settings, .provisioned = provisioned, .ctx = ctx, .verdict = DNS_SECURE,
		.ttl_s = DNS_TTL_MAX_S, .answer = {.peer = PEER_NONE, .source = LOOKUP_FROM_ENUM}};
	snprintf(c->number, sizeof(c->number), "%s", number);
	memcpy(c->answer.number, c->number, sizeof(c->answer.number));
	next_tree(c);
}

bool luf_chain_question(struct luf_chain *c, struct dns_question *out)
{
	if (c->done || c->asking)
		return false;
	c->asking = true;
	*out = c->question;
	return true;
}

void luf_chain_expire(struct luf_chain *c)
{
	if (c->done)
		return;
	note(c, "%s NAPTR: no answer in time", c->question.name);
	finish(c, LOOKUP_LATER, "the DNS did not answer in time");
}

// --- what a record says

// RFC4769#3: portability data of a tel URI. RFC4694#4 has the grammar.
static bool take_tel(struct luf_chain *c, const char *uri)
{
	struct sip_uri u;
	struct span value;
	bool npdi = false, rn = false;
	uint32_t n = (uint32_t)strlen(uri);
	const uint8_t *buf = (const uint8_t *)uri;
	if (!is_ok(sip_uri_parse(buf, n, span_make(0, n), &u)) || u.scheme != SIP_SCHEME_TEL)
		return false;
	if (!is_ok(sip_param_get(buf, n, u.params, BYTES("npdi"), &npdi, &value)) ||
		!is_ok(sip_param_get(buf, n, u.params, BYTES("rn"), &rn, &value)) || !rn)
		return false;
	struct bytes digits = span_bytes(buf, n, value);
	size_t out = 0;
	for (size_t i = 0; i < digits.len; i++) {
		uint8_t d = digits.at[i];
		if (i > 0 && (d == '-' || d == '.'))
			continue;
		if (!((d == '+' && i == 0) || (i > 0 && d >= '0' && d <= '9')) || out + 1 >= sizeof(c->answer.rn) || out > 15)
			return false;
		c->answer.rn[out++] = (char)d;
	}
	c->answer.rn[out] = '\0';
	c->answer.npdi = npdi;
	return out > 1;
}

static bool take_sip(struct luf_chain *c, const char *uri)
{
	struct sip_uri u;
	uint32_t n = (uint32_t)strlen(uri);
	const uint8_t *buf = (const uint8_t *)uri;
	if (!is_ok(sip_uri_parse(buf, n, span_make(0, n), &u)) || (u.scheme != SIP_SCHEME_SIP && u.scheme != SIP_SCHEME_SIPS))
		return false;
	struct bytes host = span_bytes(buf, n, u.host);
	if (host.len == 0 || host.len >= DOMAIN_MAX || u.headers.to > u.headers.from) // headers would ride into our request
		return false;
	for (size_t i = 0; i < host.len; i++)
		c->answer.domain[i] = (char)(host.at[i] >= 'A' && host.at[i] <= 'Z' ? host.at[i] + ('a' - 'A') : host.at[i]);
	c->answer.domain[host.len] = '\0';
	return true;
}

static void forget(struct luf_chain *c)
{
	c->answer.domain[0] = c->answer.rn[0] = c->answer.uri[0] = '\0';
	c->answer.npdi = 0;
}

// Does terminal record N give an answer that counts?
static bool terminal(struct luf_chain *c, const struct naptr *n, enum naptr_use use)
{
	const char *why;
	char uri[REWRITE_URI_MAX];
	if (!is_ok(enum_rewrite(n->regexp, c->number, uri, &why))) {
		note(c, "  %u %u: left out, %s", n->order, n->preference, why);
		return false;
	}
	forget(c);
	if (use == NAPTR_PSTN_TEL ? !take_tel(c, uri) : !take_sip(c, uri)) {
		note(c, "  %u %u: %.100s: left out, it is no %s", n->order, n->preference, uri,
			use == NAPTR_PSTN_TEL ? "tel URI with a routing number" : "sip URI with a host");
		forget(c);
		return false;
	}
	if (!c->provisioned(c->ctx, c->answer.domain, c->answer.rn)) {
		note(c, "  %u %u: %.100s: left out, nobody provisioned has it", n->order, n->preference, uri);
		forget(c);
		return false;
	}
	snprintf(c->answer.uri, sizeof(c->answer.uri), "%s", uri);
	note(c, "  %u %u: %.100s: taken", n->order, n->preference, uri);
	finish(c, LOOKUP_FOUND, "");
	return true;
}

// RFC6116#5.2.1: a record that leads to another name, within the trees and not for ever.
static bool follow(struct luf_chain *c, const struct naptr *n)
{
	bool inside = false;
	for (uint8_t i = 0; i < c->settings->apex_count && i < LUF_APEXES_MAX; i++)
		inside |= enum_name_within(n->replacement, c->settings->apex[i].domain);
	if (!inside) {
		note(c, "  %u %u: to %.100s: left out, it is in no configured tree (LUF-C3)", n->order, n->preference, n->replacement);
		return false;
	}
	if (++c->hops > CHAIN_HOPS_MAX) {
		note(c, "  %u %u: to %.100s: left out, more than %d of its kind", n->order, n->preference, n->replacement, CHAIN_HOPS_MAX);
		finish(c, LOOKUP_NONE, "the chain of records does not end");
		return true;
	}
	note(c, "  %u %u: goes on at %.100s", n->order, n->preference, n->replacement);
	memcpy(c->question.name, n->replacement, sizeof(c->question.name));
	return true;
}

static void records(struct luf_chain *c, const struct dns_answer *a)
{
	static _Thread_local struct naptr sorted[DNS_RECORDS_MAX];
	uint32_t bad, n = naptr_sort(a, sorted, &bad);
	const char *why = "";
	if (bad > 0 || a->cut)
		note(c, "  %u records could not be read%s", bad, a->cut ? ", and more were cut off" : "");
	for (uint32_t i = 0; i < n; i++) {
		enum naptr_use use = naptr_use(&sorted[i], &why);
		if (use == NAPTR_IGNORE)
			note(c, "  %u %u: left out, %s", sorted[i].order, sorted[i].preference, why);
		else if (use == NAPTR_NON_TERMINAL ? follow(c, &sorted[i]) : terminal(c, &sorted[i], use))
			return;
	}
	finish(c, LOOKUP_NONE, "no record of ENUM leads to a provisioned peer");
}

// --- answers

static bool same(const struct dns_question *a, const struct dns_question *b)
{
	return a->type == b->type && strncmp(a->name, b->name, DOMAIN_MAX) == 0;
}

// May this answer be believed? False: it has ended the look-up.
static bool believed(struct luf_chain *c, const struct dns_answer *a)
{
	bool required = c->settings->apex[c->apex].dnssec != 0;
	bool said = a->outcome == DNS_FOUND || a->outcome == DNS_NODATA || a->outcome == DNS_NXDOMAIN;
	if (a->verdict == DNS_BOGUS) {
		c->verdict = DNS_BOGUS;
		finish(c, LOOKUP_BOGUS, "DNSSEC says that the answer was altered");
		return false;
	}
	if (said && required && a->verdict != DNS_SECURE) {
		c->verdict = DNS_INSECURE;
		finish(c, LOOKUP_BOGUS, "the answer is not signed, and luf.enum requires DNSSEC");
		return false;
	}
	if (!said) {
		finish(c, LOOKUP_LATER, a->reason[0] != '\0' ? a->reason : "the DNS does not answer");
		return false;
	}
	if (a->verdict != DNS_SECURE)
		c->verdict = DNS_INSECURE;
	return true;
}

void luf_chain_answer(struct luf_chain *c, const struct dns_answer *a)
{
	static const char *const outcomes[] = {"found", "no such record", "no such name", "server failure", "no answer", "refused"};
	static const char *const verdicts[] = {"insecure", "secure", "bogus"};
	if (c->done || !c->asking || !same(&c->question, &a->question))
		return;
	c->asking = false;
	note(c, "%.120s NAPTR: %s, %u records, %s%s", c->question.name, a->outcome < ARRAY_LEN(outcomes) ? outcomes[a->outcome] : "?",
		a->count, a->verdict < ARRAY_LEN(verdicts) ? verdicts[a->verdict] : "?", a->stale ? ", stale" : "");
	if (!believed(c, a))
		return;
	if (a->ttl_s < c->ttl_s)
		c->ttl_s = a->ttl_s;
	if (a->outcome == DNS_FOUND && a->count > 0) {
		records(c, a);
		return;
	}
	if (c->hops > 0) { // a record led here: it was the answer of its tree
		finish(c, LOOKUP_NONE, "the chain of records ends at a name without records");
		return;
	}
	c->apex++;
	next_tree(c);
}
