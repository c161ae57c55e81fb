// SPDX-License-Identifier: Apache-2.0
// What the records of an answer lead to (RFC3263#4.1, #4.2).
#include "lrf/locate_inside.h"
#include "lrf/rdata.h"
#include "wire/enum/naptr.h"

#include <stdio.h>

enum { SERVICES_SHOWN = 40 }; // [octets]

// ---- NAPTR

// The transport of a service; TRANSPORT_COUNT for those of others (ENUM, SCTP).
static uint8_t service_transport(struct bytes services)
{
	static const struct {
		struct bytes name;
		uint8_t transport;
	} known[] = {{BYTES("SIPS+D2T"), TRANSPORT_TLS}, {BYTES("SIP+D2T"), TRANSPORT_TCP}, {BYTES("SIP+D2U"), TRANSPORT_UDP}};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (bytes_equal_nocase(services, known[i].name))
			return known[i].transport;
	return TRANSPORT_COUNT;
}

// Whoever made the record chose its octets: in a story they stay within their line.
static void show(struct bytes text, char out[SERVICES_SHOWN + 1])
{
	size_t n = text.len < SERVICES_SHOWN ? text.len : SERVICES_SHOWN;
	for (size_t i = 0; i < n; i++)
		out[i] = text.at[i] >= ' ' && text.at[i] < 0x7f ? (char)text.at[i] : '?';
	out[n] = '\0';
}

static bool follow(struct locate *l, const struct naptr *n, uint16_t rank, bool secure)
{
	struct question q = {.q = {.type = DNS_SRV}, .transport = service_transport(n->services), .rank = rank, .secure = secure};
	char services[SERVICES_SHOWN + 1];
	const char *why = NULL;
	if (!bytes_equal_nocase(n->flags, BYTES("s")) || n->regexp.len > 0 || n->replacement[0] == '\0')
		why = "no service with a name to look up";
	else if (q.transport == TRANSPORT_COUNT)
		why = "not a service of SIP that we have";
	else if (!locate_allowed(l, q.transport))
		why = "below the floor, or no listener of ours has it (LRF-I3)";
	show(n->services, services);
	if (why != NULL) {
		locate_say(l, "  %u %u %s: left out, %s", n->order, n->preference, services, why);
		return false;
	}
	locate_say(l, "  %u %u %s: %.150s", n->order, n->preference, services, n->replacement);
	memcpy(q.q.name, n->replacement, sizeof(q.q.name));
	return locate_ask(l, &q);
}

void locate_naptr(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	static const uint8_t order[] = {TRANSPORT_TLS, TRANSPORT_TCP, TRANSPORT_UDP}; // where nobody says: the strongest first
	static _Thread_local struct naptr sorted[DNS_RECORDS_MAX];
	uint32_t bad = 0, n = a->outcome == DNS_FOUND ? naptr_sort(a, sorted, &bad) : 0;
	uint16_t rank = 0;
	UNUSED(q);
	for (uint32_t i = 0; i < n && rank < LOCATE_NAPTRS_MAX; i++)
		rank = (uint16_t)(rank + follow(l, &sorted[i], rank, a->verdict == DNS_SECURE));
	for (uint32_t i = 0; rank == 0 && i < ARRAY_LEN(order); i++)
		if (locate_allowed(l, order[i]))
			locate_ask_srv(l, order[i], (uint16_t)i, a->verdict == DNS_SECURE);
}

// ---- SRV

void locate_srv(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	struct rdata_srv r;
	for (uint32_t i = 0; a->outcome == DNS_FOUND && i < a->count; i++) {
		if (!is_ok(rdata_srv_read(dns_record(a, i), &r))) {
			locate_say(l, "  record %u: left out, it cannot be read", i + 1);
			continue;
		}
		if (r.target[0] == '\0') { // RFC 2782: decidedly not available here
			locate_say(l, "  \".\": the service is not offered");
			l->withdrawn = true;
			continue;
		}
		struct host h = {.transport = q->transport, .secure = q->secure && a->verdict == DNS_SECURE, .port = r.port, .rank = q->rank,
			.priority = r.priority, .weight = r.weight};
		locate_say(l, "  %u %u %u %.180s", r.priority, r.weight, r.port, r.target);
		memcpy(h.name, r.target, sizeof(h.name));
		locate_add_host(l, &h);
	}
}

// ---- A, AAAA

static void ask_tlsa(struct locate *l, uint8_t host)
{
	const struct host *h = &l->host[host];
	struct question t = {.q = {.type = DNS_TLSA}, .host = host};
	int n = snprintf(t.q.name, sizeof(t.q.name), "_%u._tcp.%s", h->port, h->name); // RFC7673#3.1
	for (uint32_t i = 0; i < l->questions; i++)
		if (l->question[i].q.type == DNS_TLSA && l->question[i].host == host)
			return;
	if (n > 0 && (size_t)n < sizeof(t.q.name))
		locate_ask(l, &t);
}

static void say_address(struct locate *l, const struct address *a)
{
	char text[ADDRESS_TEXT_MAX];
	uint32_t n = address_host_text(a, text);
	locate_say(l, "  %.*s", (int)n, text);
}

void locate_addresses(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	struct host *h = &l->host[q->host];
	int family = q->q.type == DNS_AAAA ? 0 : 1;
	if (a->verdict != DNS_SECURE)
		h->secure = 0;
	for (uint32_t i = 0; a->outcome == DNS_FOUND && i < a->count && h->count[family] < LOCATE_HOST_ADDRESSES_MAX; i++) {
		struct address *next = &h->address[family][h->count[family]];
		if (is_ok(rdata_address_read(q->q.type, dns_record(a, i), next)))
			say_address(l, &h->address[family][h->count[family]++]);
		else
			locate_say(l, "  record %u: left out, it is no address", i + 1);
	}
	if (h->secure && h->count[family] > 0 && h->transport == TRANSPORT_TLS)
		ask_tlsa(l, q->host);
}

// ---- TLSA

// Only what DNSSEC proves binds a certificate (RFC6698#4.1).
void locate_tlsa(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	struct host *h = &l->host[q->host];
	if (a->outcome != DNS_FOUND || a->verdict != DNS_SECURE)
		return;
	h->tlsa_first = l->tlsas;
	for (uint32_t i = 0; i < a->count && l->tlsas < LOCATED_TLSA_MAX; i++)
		if (is_ok(rdata_tlsa_read(dns_record(a, i), &l->tlsa[l->tlsas])))
			l->tlsas++;
	h->tlsa_count = (uint8_t)(l->tlsas - h->tlsa_first);
}
