// SPDX-License-Identifier: Apache-2.0
// Which addresses a peer may name for its media, and which of ours it sees (MF-C3, SF-A4, LRF-I2).
//
// A peer with media ranges stays within them. Without ranges: global and private addresses, others only if they lie in
// its signalling ranges. Our own addresses only where its ranges name them, and our media ports never.
#include "mf/plan/session.h"

static bool listener_owns(const struct listener *l, const struct address *a)
{
	if (l->media.family != 0 && address_same_host(&l->media, a))
		return true;
	if (l->advertise.family != 0 && address_same_host(&l->advertise, a))
		return true;
	for (uint8_t i = 0; i < l->sip_count && i < LISTENER_SIP_MAX; i++)
		if (address_same_host(&l->sip[i].address, a))
			return true;
	return false;
}

// A port of ours: media sent there would come back in.
static bool listener_loops(const struct listener *l, const struct address *a)
{
	bool host = (l->media.family != 0 && address_same_host(&l->media, a)) ||
		    (l->advertise.family != 0 && address_same_host(&l->advertise, a));

	return host && a->port >= l->media_first && a->port <= l->media_last;
}

typedef bool (*listener_test)(const struct listener *l, const struct address *a);

static bool any_listener(const struct plan_context *c, const struct address *a, listener_test test)
{
	if (test(c->leg[0].listener, a) || test(c->leg[1].listener, a))
		return true;
	if (c->snapshot == NULL)
		return false;
	for (uint8_t i = 0; i < c->snapshot->listener_count && i < LISTENERS_MAX; i++)
		if (test(&c->snapshot->listener[i], a))
			return true;
	return false;
}

const char *plan_source_check(struct plan_context *c, int from, const struct address *a)
{
	const struct peer *p = c->leg[from].peer;
	enum address_class class = address_classify(a);

	if (class == ADDRESS_UNSPECIFIED || class == ADDRESS_MULTICAST)
		return "Media address not usable"; // no range makes these one host
	if (any_listener(c, a, listener_loops))
		return "Media address is ours";
	if (prefixes_contain(p->media_address, p->media_address_count, a))
		return NULL;
	if (p->media_address_count == 0 && prefixes_contain(p->address, p->address_count, a))
		return NULL;
	if (any_listener(c, a, listener_owns))
		return "Media address is ours";
	if (class != ADDRESS_GLOBAL && class != ADDRESS_PRIVATE)
		return "Media address not usable";
	if (p->media_address_count > 0 && plan_enforced(c, from, CONTROL_MEDIA_SOURCE))
		return "Media address out of range";
	return NULL;
}

struct address plan_written_address(const struct plan_context *c, int to, uint16_t port)
{
	const struct listener *l = c->leg[to].listener;
	struct address a = l->media;

	if (a.family == 0 && l->sip_count > 0)
		a = l->sip[0].address; // a listener without media: only o= needs an address
	if (l->advertise.family == a.family)
		a = l->advertise;
	a.port = port;
	return a;
}
