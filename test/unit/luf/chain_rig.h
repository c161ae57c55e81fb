// SPDX-License-Identifier: Apache-2.0
// A scripted DNS for look-ups in ENUM: zones as tables of text, answers by name.
#ifndef UNIT_LUF_CHAIN_RIG_H
#define UNIT_LUF_CHAIN_RIG_H

#include "luf/chain.h"

#include <stdio.h>
#include <string.h>

struct scripted { // one NAPTR; several rows of one name are one set
	const char *name;
	unsigned order, preference;
	const char *flags, *services, *regexp, *replacement;
};

struct script {
	const struct scripted *row;
	size_t rows;
	uint8_t verdict;         // of all answers
	uint8_t outcome;         // DNS_FOUND: by the rows; else of all answers
	uint32_t asked;          // questions so far
	char outside[DOMAIN_MAX]; // a name that was asked outside the trees
	const char *provisioned; // the one domain, or routing number, that somebody has
};

static inline size_t script_string(uint8_t *to, const char *text)
{
	to[0] = (uint8_t)strlen(text);
	memcpy(to + 1, text, strlen(text));
	return 1 + strlen(text);
}

static inline size_t script_name(uint8_t *to, const char *name)
{
	size_t n = 0;
	while (*name != '\0') {
		size_t label = strcspn(name, ".");
		to[n++] = (uint8_t)label;
		memcpy(to + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	to[n++] = 0;
	return n;
}

static inline void script_record(struct dns_answer *a, const struct scripted *r)
{
	uint8_t *to = a->octets + a->used;
	size_t n = 0;
	to[n++] = (uint8_t)(r->order >> 8);
	to[n++] = (uint8_t)r->order;
	to[n++] = (uint8_t)(r->preference >> 8);
	to[n++] = (uint8_t)r->preference;
	n += script_string(to + n, r->flags);
	n += script_string(to + n, r->services);
	n += script_string(to + n, r->regexp);
	n += script_name(to + n, r->replacement);
	a->record[a->count].at = (uint16_t)a->used;
	a->record[a->count++].len = (uint16_t)n;
	a->used += (uint32_t)n;
}

static inline void script_answer(struct script *s, const struct dns_question *q, struct dns_answer *a)
{
	memset(a, 0, sizeof(*a));
	a->question = *q;
	a->verdict = s->verdict;
	a->ttl_s = 300;
	s->asked++;
	for (size_t i = 0; s->outcome == DNS_FOUND && i < s->rows && a->count < DNS_RECORDS_MAX; i++)
		if (strcmp(s->row[i].name, q->name) == 0)
			script_record(a, &s->row[i]);
	a->outcome = s->outcome != DNS_FOUND ? s->outcome : a->count > 0 ? DNS_FOUND : DNS_NXDOMAIN;
}

static inline bool script_provisioned(void *ctx, const char *domain, const char *rn)
{
	const struct script *s = ctx;
	return s->provisioned != NULL && (strcmp(domain, s->provisioned) == 0 || strcmp(rn, s->provisioned) == 0);
}

// Run the look-up of NUMBER to its end, or until it has asked 100 questions.
static inline void script_run(struct script *s, const struct luf_settings *settings, const char *number, struct luf_chain *c)
{
	static struct dns_answer a;
	struct dns_question q;
	luf_chain_begin(c, settings, number, script_provisioned, s);
	while (s->asked < 100 && luf_chain_question(c, &q)) {
		if (strstr(q.name, "e164.ssp-a.example") == NULL && strstr(q.name, "i.example") == NULL)
			snprintf(s->outside, sizeof(s->outside), "%s", q.name);
		script_answer(s, &q, &a);
		luf_chain_answer(c, &a);
	}
}

#endif
