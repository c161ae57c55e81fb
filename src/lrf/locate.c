// SPDX-License-Identifier: Apache-2.0
// Questions queue up as answers lead to them; it is done when none is left. The order of what was found: locate_result.c.
#include "lrf/locate_inside.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

void locate_say(struct locate *l, const char *format, ...)
{
	va_list arguments;
	if (l->notes >= LOCATE_NOTES_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(l->note[l->notes++], LOCATE_NOTE_MAX, format, arguments);
	va_end(arguments);
}

const char *locate_note(const struct locate *l, uint32_t i)
{
	return i < l->notes ? l->note[i] : NULL;
}

bool locate_allowed(const struct locate *l, uint8_t transport)
{
	const struct locate_want *w = &l->want;
	if (transport >= TRANSPORT_COUNT || (w->transports & (1u << transport)) == 0)
		return false;
	if ((w->sips || transport_is_secure((enum transport)w->transport)) && !transport_is_secure((enum transport)transport))
		return false;
	return !w->transport_fixed || transport == w->transport;
}

bool locate_ask(struct locate *l, const struct question *q)
{
	if (l->questions >= LOCATE_QUESTIONS_MAX) {
		locate_say(l, "%.100s: not asked, there are %d questions already", q->q.name, LOCATE_QUESTIONS_MAX);
		return false;
	}
	l->question[l->questions++] = *q;
	return true;
}

void locate_ask_srv(struct locate *l, uint8_t transport, uint16_t rank, bool secure)
{
	static const char *const service[TRANSPORT_COUNT] = {"_sip._udp", "_sip._tcp", "_sips._tcp", NULL};
	struct question q = {.q = {.type = DNS_SRV}, .transport = transport, .rank = rank, .secure = secure};
	if (transport >= TRANSPORT_COUNT || service[transport] == NULL)
		return;
	int n = snprintf(q.q.name, sizeof(q.q.name), "%s.%s", service[transport], l->want.domain);
	if (n > 0 && (size_t)n < sizeof(q.q.name))
		locate_ask(l, &q);
}

static void ask_address(struct locate *l, uint8_t host, uint16_t type)
{
	struct question q = {.q = {.type = type}, .host = host};
	memcpy(q.q.name, l->host[host].name, sizeof(q.q.name));
	locate_ask(l, &q);
}

void locate_add_host(struct locate *l, const struct host *h)
{
	if (l->hosts >= LOCATED_MAX) {
		locate_say(l, "%.100s: left out, there are %d hosts already", h->name, LOCATED_MAX);
		return;
	}
	uint8_t i = (uint8_t)l->hosts++;
	l->host[i] = *h;
	if (l->want.families & 2)
		ask_address(l, i, DNS_AAAA);
	if (l->want.families & 1)
		ask_address(l, i, DNS_A);
}

// The transport where nothing says which: the floor, or for sips TLS (RFC3263#4.1).
static uint8_t usual(const struct locate *l)
{
	return l->want.sips ? (uint8_t)TRANSPORT_TLS : l->want.transport;
}

void locate_fall_back(struct locate *l)
{
	struct host h = {.transport = usual(l), .secure = !l->unproved};
	l->fell_back = true;
	if (!locate_allowed(l, h.transport))
		return;
	h.port = l->want.port != 0 ? l->want.port : transport_port((enum transport)h.transport);
	memcpy(h.name, l->want.domain, sizeof(h.name));
	locate_add_host(l, &h);
}

// A number is its own address (RFC3263#4.2).
static bool numeric(struct locate *l)
{
	struct address a;
	struct host h = {.transport = usual(l), .secure = 1};
	if (!is_ok(address_parse_host(bytes_of_string(l->want.domain), 0, &a)))
		return false;
	if (!locate_allowed(l, h.transport) || (l->want.families & (a.family == 4 ? 1 : 2)) == 0) {
		locate_say(l, "%s: no listener of ours reaches it", l->want.domain);
		return true;
	}
	h.port = l->want.port != 0 ? l->want.port : transport_port((enum transport)h.transport);
	memcpy(h.name, l->want.domain, sizeof(h.name));
	h.address[a.family == 6 ? 0 : 1][0] = a;
	h.count[a.family == 6 ? 0 : 1] = 1;
	l->host[l->hosts++] = h;
	return true;
}

static void begin(struct locate *l)
{
	struct question naptr = {.q = {.type = DNS_NAPTR}};
	if (numeric(l))
		return;
	if (l->want.port != 0) {
		locate_fall_back(l);
	} else if (l->want.transport_fixed) {
		locate_ask_srv(l, l->want.transport, 0, true);
	} else {
		memcpy(naptr.q.name, l->want.domain, sizeof(naptr.q.name));
		locate_ask(l, &naptr);
	}
}

result locate_new(struct locate **out, const struct locate_want *want)
{
	REQUIRE(memchr(want->domain, 0, sizeof(want->domain)) != NULL && want->domain[0] != '\0', E_SYNTAX);
	REQUIRE(want->transport < TRANSPORT_COUNT, E_SYNTAX);
	struct locate *l = memory_alloc(sizeof(*l));
	REQUIRE(l != NULL, E_NO_MEMORY);
	l->want = *want;
	l->verdict = DNS_SECURE;
	l->ttl_s = DNS_TTL_MAX_S;
	begin(l);
	*out = l;
	return OK;
}

void locate_free(struct locate *l)
{
	memory_free(l);
}

bool locate_question(struct locate *l, struct dns_question *out)
{
	for (uint32_t i = 0; l->under_way < LOCATE_UNDER_WAY_MAX && i < l->questions; i++) {
		struct question *q = &l->question[i];
		if (q->state != QUESTION_WAITS)
			continue;
		q->state = QUESTION_ASKED;
		l->under_way++;
		*out = q->q;
		return true;
	}
	return false;
}

bool locate_done(const struct locate *l)
{
	if (l->bogus)
		return true;
	for (uint32_t i = 0; i < l->questions; i++)
		if (l->question[i].state != QUESTION_ANSWERED)
			return false;
	return true;
}

static struct question *asked(struct locate *l, const struct dns_question *q)
{
	for (uint32_t i = 0; i < l->questions; i++) {
		struct question *own = &l->question[i];
		if (own->state == QUESTION_ASKED && own->q.type == q->type && strncmp(own->q.name, q->name, DOMAIN_MAX) == 0)
			return own;
	}
	return NULL;
}

static void tell(struct locate *l, const struct dns_answer *a)
{
	static const char *const outcomes[] = {"found", "no such record", "no such name", "server failure", "no answer", "refused"};
	static const char *const verdicts[] = {"insecure", "secure", "bogus"};
	const char *type = a->question.type == DNS_NAPTR ? "NAPTR" : a->question.type == DNS_SRV ? "SRV" : a->question.type == DNS_A ? "A"
			   : a->question.type == DNS_AAAA ? "AAAA" : "TLSA";
	locate_say(l, "%.150s %s: %s, %u records, %s%s%s", a->question.name, type,
		a->outcome < ARRAY_LEN(outcomes) ? outcomes[a->outcome] : "?", a->count,
		a->verdict < ARRAY_LEN(verdicts) ? verdicts[a->verdict] : "?", a->stale ? ", stale" : "", a->cut ? ", cut" : "");
}

// What every answer says of the whole, whatever it holds. A failed look for TLSA says nothing: without it names decide.
static void weigh(struct locate *l, const struct dns_answer *a)
{
	l->stale |= a->stale;
	if (a->verdict == DNS_BOGUS) {
		l->bogus = true; // somebody altered it: nothing that was found is followed (LRF-I1)
		l->verdict = DNS_BOGUS;
	} else if (a->verdict != DNS_SECURE && a->question.type != DNS_TLSA) {
		l->verdict = DNS_INSECURE;
	}
	if (a->question.type == DNS_NAPTR || a->question.type == DNS_SRV)
		l->unproved |= a->verdict != DNS_SECURE;
	l->unknown |= a->question.type == DNS_SRV && a->outcome > DNS_NXDOMAIN;
	if (a->outcome <= DNS_NXDOMAIN && a->ttl_s < l->ttl_s)
		l->ttl_s = a->ttl_s;
}

void locate_answer(struct locate *l, const struct dns_answer *a)
{
	struct question *q = asked(l, &a->question);
	if (q == NULL || l->bogus)
		return;
	q->state = QUESTION_ANSWERED;
	l->under_way--;
	tell(l, a);
	weigh(l, a);
	if (l->bogus)
		return;
	switch (q->q.type) {
	case DNS_NAPTR:
		locate_naptr(l, q, a);
		break;
	case DNS_SRV:
		locate_srv(l, q, a);
		break;
	case DNS_TLSA:
		locate_tlsa(l, q, a);
		break;
	default:
		locate_addresses(l, q, a);
		break;
	}
	if (locate_done(l) && l->hosts == 0 && !l->fell_back && !l->withdrawn && !l->unknown)
		locate_fall_back(l); // RFC3263#4.2: no SRV record at all
}
