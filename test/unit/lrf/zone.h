// SPDX-License-Identifier: Apache-2.0
// A scripted DNS for location: rows of text, answers by name and type.
#ifndef UNIT_LRF_ZONE_H
#define UNIT_LRF_ZONE_H

#include "lrf/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zone_row { // NAPTR: order, preference, flags, services, replacement; SRV: priority, weight, port, target; A, AAAA: address
	const char *name;
	uint16_t type;
	unsigned a, b, c;
	const char *text, *to;
};

struct zone_script {
	const struct zone_row *row;
	size_t rows;
	uint8_t verdict;       // of all answers
	const char *insecure;  // but names that hold this: insecure
	const char *bogus;     // or bogus
	const char *silent;    // or no answer at all
	uint32_t asked, tlsa_asked;
};

static inline size_t zone_name(uint8_t *to, const char *name)
{
	size_t n = 0;
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");
		to[n++] = (uint8_t)label;
		memcpy(to + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	to[n++] = 0;
	return n;
}

static inline size_t zone_number(uint8_t *to, unsigned v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
	return 2;
}

static inline size_t zone_text(uint8_t *to, const char *text)
{
	to[0] = (uint8_t)strlen(text);
	memcpy(to + 1, text, strlen(text));
	return 1 + strlen(text);
}

static inline size_t zone_data(const struct zone_row *r, uint8_t *to)
{
	struct address a;
	size_t n = 0;
	if (r->type == DNS_A || r->type == DNS_AAAA) {
		if (!is_ok(address_parse_host(bytes_of_string(r->text), 0, &a)))
			return 0;
		memcpy(to, a.ip, r->type == DNS_A ? 4 : 16);
		return r->type == DNS_A ? 4 : 16;
	}
	if (r->type == DNS_TLSA) { // a: usage, b: matching; a digest of one octet repeated
		to[0] = (uint8_t)r->a;
		to[1] = 1;
		to[2] = (uint8_t)r->b;
		memset(to + 3, (int)r->c, r->b == 2 ? 64 : 32);
		return 3 + (r->b == 2 ? 64 : 32);
	}
	n += zone_number(to + n, r->a);
	n += zone_number(to + n, r->b);
	if (r->type == DNS_SRV)
		n += zone_number(to + n, r->c);
	if (r->type == DNS_NAPTR) {
		n += zone_text(to + n, "s");
		n += zone_text(to + n, r->text);
		n += zone_text(to + n, "");
	}
	return n + zone_name(to + n, r->to);
}

static inline void zone_answer(struct zone_script *s, const struct dns_question *q, struct dns_answer *a)
{
	memset(a, 0, sizeof(*a));
	a->question = *q;
	a->verdict = s->verdict;
	a->ttl_s = 300;
	s->asked++;
	s->tlsa_asked += q->type == DNS_TLSA;
	if (s->insecure != NULL && strstr(q->name, s->insecure) != NULL)
		a->verdict = DNS_INSECURE;
	for (size_t i = 0; i < s->rows && a->count < DNS_RECORDS_MAX; i++) {
		if (s->row[i].type != q->type || strcmp(s->row[i].name, q->name) != 0)
			continue;
		size_t n = zone_data(&s->row[i], a->octets + a->used);
		a->record[a->count].at = (uint16_t)a->used;
		a->record[a->count++].len = (uint16_t)n;
		a->used += (uint32_t)n;
	}
	a->outcome = a->count > 0 ? DNS_FOUND : DNS_NXDOMAIN;
	if (s->bogus != NULL && strstr(q->name, s->bogus) != NULL) {
		a->outcome = DNS_SERVFAIL;
		a->verdict = DNS_BOGUS;
	}
	if (s->silent != NULL && strstr(q->name, s->silent) != NULL) {
		a->outcome = DNS_TIMEOUT;
		a->verdict = DNS_INSECURE;
		a->count = 0;
	}
}

// Run to the end. False: it did not end within the questions that it may ask.
static inline bool zone_run(struct zone_script *s, const struct locate_want *want, struct located *out)
{
	static struct dns_answer a;
	struct dns_question q;
	struct locate *l;
	if (!is_ok(locate_new(&l, want)))
		return false;
	while (s->asked <= LOCATE_QUESTIONS_MAX && locate_question(l, &q)) {
		zone_answer(s, &q, &a);
		locate_answer(l, &a);
	}
	bool done = locate_done(l);
	locate_result(l, out);
	if (getenv("ZONE_NOTES") != NULL)
		for (uint32_t i = 0; locate_note(l, i) != NULL; i++)
			printf("%s\n", locate_note(l, i));
	locate_free(l);
	return done;
}

// "TLS 192.0.2.1:5061 p/w" of hop I.
static inline const char *zone_hop(const struct located *l, uint32_t i)
{
	static char text[160];
	char address[ADDRESS_TEXT_MAX];
	if (i >= l->count)
		return "";
	snprintf(text, sizeof(text), "%s %s %u/%u", transport_via_name((enum transport)l->hop[i].transport),
		address_text(&l->hop[i].address, address), l->hop[i].priority, l->hop[i].weight);
	return text;
}

#endif
