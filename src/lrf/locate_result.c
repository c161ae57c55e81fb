// SPDX-License-Identifier: Apache-2.0
// What was found, in order: by NAPTR, then by the priority of SRV. The addresses of one host take turns, IPv6 first (RFC8305#4),
// and share its weight.
#include "lrf/locate_inside.h"

#include <stdio.h>

static bool before(const struct host *a, const struct host *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->priority < b->priority;
}

static uint32_t sort_hosts(const struct locate *l, uint8_t order[LOCATED_MAX])
{
	uint32_t n = 0;
	for (uint8_t i = 0; i < l->hosts; i++) {
		uint32_t to = n++;
		for (; to > 0 && before(&l->host[i], &l->host[order[to - 1]]); to--)
			order[to] = order[to - 1];
		order[to] = i;
	}
	return n;
}

static void add_hop(struct located *out, const struct host *h, const struct address *a, uint16_t priority, uint16_t weight)
{
	if (out->count >= LOCATED_MAX)
		return;
	struct located_hop *hop = &out->hop[out->count++];
	*hop = (struct located_hop){.transport = h->transport, .address = *a, .priority = priority, .weight = weight, .secure = h->secure,
		.tlsa_first = h->tlsa_first, .tlsa_count = h->secure ? h->tlsa_count : 0};
	hop->address.port = h->port;
	memcpy(hop->host, h->name, sizeof(hop->host));
}

static void add_host(struct located *out, const struct host *h, uint16_t priority)
{
	uint32_t all = (uint32_t)h->count[0] + h->count[1];
	uint16_t weight = all > 0 ? (uint16_t)((h->weight + all - 1) / all) : 0;
	for (uint8_t i = 0; i < h->count[0] || i < h->count[1]; i++)
		for (int family = 0; family < 2; family++)
			if (i < h->count[family])
				add_hop(out, h, &h->address[family][i], priority, weight);
}

void locate_result(const struct locate *l, struct located *out)
{
	uint8_t order[LOCATED_MAX];
	uint32_t n = l->bogus ? 0 : sort_hosts(l, order);
	uint16_t priority = 0;
	memset(out, 0, sizeof(*out));
	out->verdict = l->verdict;
	out->stale = l->stale;
	out->ttl_s = l->ttl_s;
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && before(&l->host[order[i - 1]], &l->host[order[i]]))
			priority++;
		add_host(out, &l->host[order[i]], priority);
	}
	memcpy(out->tlsa, l->tlsa, sizeof(out->tlsa));
	out->tlsa_count = l->tlsas;
	if (out->count > 0)
		return;
	const char *why = l->bogus ? "an answer was altered on the way (DNSSEC: bogus)" : l->withdrawn ? "the domain offers no such service"
			  : l->unknown && l->hosts == 0 ? "no answer for a service: whether there is one is not known"
			  : l->questions == 0 ? "no listener of ours reaches it" : "no address was found";
	snprintf(out->reason, sizeof(out->reason), "%s", why);
}
