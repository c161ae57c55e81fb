// SPDX-License-Identifier: Apache-2.0
// What the audit's DNS server answers: lines of a zone file by question and script. All live for no time, so that a change of the
// script is a change for the target.
#include "audit/dns.h"
#include "wire/enum/name.h"

#include <stdarg.h>

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_SRV = 33, TYPE_NAPTR = 35, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3 }; // IANA
enum { PATTERNS = 4 };

static void line(struct audit_dns_reply *r, const char *format, ...) PRINTF_LIKE(2, 3);
static void line(struct audit_dns_reply *r, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int n = vsnprintf(r->lines + r->len, AUDIT_ZONE_MAX - r->len, format, list);
	va_end(list);
	if (n > 0 && (uint32_t)n < AUDIT_ZONE_MAX - r->len)
		r->len += (uint32_t)n;
	r->lines[r->len] = '\0'; // one that does not fit is none
}

void audit_dns_name(const char *number, const char *apex, char out[AUDIT_NAME_MAX])
{
	if (!is_ok(enum_name_make(number, apex, out)))
		out[0] = '\0';
}

static bool below(const char *name, const char *apex)
{
	return enum_name_within(name, apex);
}

// "_sip._udp." in front of DOMAIN.
static bool is_service(const char *name, const char *service, const char *domain)
{
	size_t n = strlen(service);
	return strncmp(name, service, n) == 0 && strcmp(name + n, domain) == 0;
}

static void host_line(struct audit_dns_reply *r, const char *name, const struct address *at)
{
	char host[ADDRESS_TEXT_MAX];
	(void)address_host_text(at, host); // its length is not needed
	line(r, "%s. 1 IN A %s\n", name, host);
}

// ---- domains

static void services(const struct audit_dns_script *s, const char *name, bool secured, struct audit_dns_reply *r)
{
	if (!secured || s->mode == AUDIT_DNS_LOWER)
		line(r, "%s. 1 IN NAPTR 10 10 \"s\" \"SIP+D2U\" \"\" _sip._udp.%s.\n", name, name);
	if (secured && s->mode == AUDIT_DNS_LOWER)
		line(r, "%s. 1 IN NAPTR 20 10 \"s\" \"SIP+D2T\" \"\" _sip._tcp.%s.\n", name, name);
	if (secured && s->mode != AUDIT_DNS_LOWER)
		line(r, "%s. 1 IN NAPTR 10 10 \"s\" \"SIPS+D2T\" \"\" _sips._tcp.%s.\n", name, name);
}

static bool domain(const struct audit *a, const struct audit_dns_script *s, const char *name, unsigned type, bool secured,
	struct audit_dns_reply *r)
{
	const char *of = secured ? a->s->secured_domain : a->s->resolved_domain;
	const struct address *at = secured ? &a->end[AUDIT_SECURED].local : &a->end[AUDIT_RESOLVED].local;
	bool lower = s->mode == AUDIT_DNS_LOWER, elsewhere = s->mode == AUDIT_DNS_ELSEWHERE;

	if (!below(name, of))
		return false;
	if (elsewhere)
		at = &a->end[AUDIT_STRANGER].local;
	if (type == TYPE_NAPTR && strcmp(name, of) == 0)
		services(s, name, secured, r);
	else if (type == TYPE_SRV && (secured ? (lower && (is_service(name, "_sip._udp.", of) || is_service(name, "_sip._tcp.", of))) ||
						(!lower && is_service(name, "_sips._tcp.", of)) : is_service(name, "_sip._udp.", of)))
		line(r, "%s. 1 IN SRV 10 10 %u sbe.%s.\n", name, at->port, of);
	else if (type == TYPE_A && is_service(name, "sbe.", of))
		host_line(r, name, at);
	return true;
}

// ---- numbers

// Where a lie leads to: a numeric host, for whoever takes one, else a name that nobody has.
static void thief(const struct audit *a, const char *name, struct audit_dns_reply *r)
{
	char at[ADDRESS_TEXT_MAX];
	line(r, "%s. 600 IN NAPTR 10 10 \"u\" \"E2U+sip\" \"!^.*$!sip:thief@%s!\" .\n", name, address_text(&a->end[AUDIT_STRANGER].local, at));
}

void audit_dns_lie(const struct audit *a, const char *name, struct audit_dns_reply *r)
{
	r->silent = false;
	r->rcode = 0;
	r->len = 0;
	thief(a, name, r);
}

static void good(const struct audit *a, const struct audit_dns_script *s, const char *name, struct audit_dns_reply *r)
{
	line(r, "%s. 1 IN NAPTR 10 10 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@%s!\" .\n", name,
		s->domain[0] != '\0' ? s->domain : a->s->resolved_domain);
}

static void huge(const char *name, struct audit_dns_reply *r)
{
	for (uint32_t i = 0; i < AUDIT_SET_MAX; i++)
		line(r, "%s. 1 IN NAPTR 10 %u \"u\" \"E2U+sip\" \"!^.*$!sip:%u@nobody.example!\" .\n", name, i, i);
}

// "x<n>." in front of what the first name of the chain was; without it N is 0.
static void next_name(const char *name, char out[2 * AUDIT_NAME_MAX])
{
	uint32_t n = 0;
	const char *rest = name;
	for (const char *c = name + 1; name[0] == 'x' && *c != '\0' && rest == name; c++) {
		if (*c == '.')
			rest = c + 1;
		else
			n = n * 10 + (uint32_t)(*c - '0');
	}
	(void)snprintf(out, 2 * AUDIT_NAME_MAX, "x%u.%s", n + 1, rest);
}

static void patterns(const char *name, struct audit_dns_reply *r)
{
	static const char *const pattern[PATTERNS] = {"^((([0-9+]+)+)+)+x$", "^(.*.*.*.*.*.*.*.*.*.*.*.*)x$", "^(([0-9+])*([0-9+])*)*x$",
		"^(([0-9+]?){15}){15}x$"};
	for (uint32_t i = 0; i < PATTERNS; i++)
		line(r, "%s. 1 IN NAPTR 10 %u \"u\" \"E2U+sip\" \"!%s!sip:nobody@nobody.example!\" .\n", name, i, pattern[i]);
}

static void number(const struct audit *a, const struct audit_dns_script *s, const char *name, struct audit_dns_reply *r)
{
	char next[2 * AUDIT_NAME_MAX];

	switch (s->mode) {
	case AUDIT_DNS_POISON:
		good(a, s, name, r);
		if (strcmp(name, s->other) != 0)
			thief(a, s->other, r);
		break;
	case AUDIT_DNS_OUTSIDE: // the digits below the public tree
		line(r, "%s. 1 IN NAPTR 10 10 \"\" \"\" \"\" %.*se164.arpa.\n", name, (int)strcspn(name, "abcdefghijklmnopqrstuvwxyz"), name);
		break;
	case AUDIT_DNS_HUGE:
		huge(name, r);
		break;
	case AUDIT_DNS_RECORD_LOOP:
		next_name(name, next);
		line(r, "%s. 1 IN NAPTR 10 10 \"\" \"\" \"\" %s.\n", name, next);
		break;
	case AUDIT_DNS_ALIAS_LOOP:
		next_name(name, next);
		line(r, "%s. 1 IN CNAME %s.\n", name, next);
		break;
	case AUDIT_DNS_PATTERN:
		patterns(name, r);
		break;
	default:
		good(a, s, name, r);
	}
}

static void signed_number(const struct audit *a, const struct audit_dns_script *s, const char *name, struct audit_dns_reply *r)
{
	good(a, s, name, r);
	if (s->mode == AUDIT_DNS_FALSELY_SIGNED)
		line(r, "%s. 1 IN RRSIG NAPTR 13 12 1 20991231000000 20200101000000 4711 %s. %s\n", name, a->s->signed_apex,
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==");
}

void audit_dns_answer(const struct audit *a, const struct audit_dns_script *s, const char *name, unsigned type, struct audit_dns_reply *r)
{
	bool no_numbers = s->mode == AUDIT_DNS_UNSIGNED || s->mode == AUDIT_DNS_FALSELY_SIGNED;
	bool open = below(name, a->s->apex), closed = below(name, a->s->signed_apex);

	r->len = 0;
	r->lines[0] = '\0';
	r->rcode = s->mode == AUDIT_DNS_FAILING ? RCODE_SERVFAIL : 0;
	r->silent = s->mode == AUDIT_DNS_SILENT ||
		    (s->mode == AUDIT_DNS_HOSTS_SILENT && (below(name, a->s->resolved_domain) || below(name, a->s->secured_domain)));
	if (r->silent || r->rcode != 0)
		return;
	if (open && !no_numbers && (type == TYPE_NAPTR || s->mode == AUDIT_DNS_ALIAS_LOOP))
		number(a, s, name, r);
	else if (closed && no_numbers && type == TYPE_NAPTR)
		signed_number(a, s, name, r);
	else if (open || closed)
		r->rcode = type == TYPE_NAPTR ? RCODE_NXDOMAIN : 0;
	else if (!domain(a, s, name, type, false, r) && !domain(a, s, name, type, true, r))
		r->rcode = RCODE_NXDOMAIN;
}
