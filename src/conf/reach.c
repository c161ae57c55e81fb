// SPDX-License-Identifier: Apache-2.0
// Where a peer is reached: transports, next hops, names.
//
// Nothing is ever sent to an address that is not the peer's: a next hop lies within the peer's ranges, and
// special addresses count only when these ranges name them (LRF-I1, LRF-I2). Names may only lead there too.
#include "conf/steps.h"

static void default_transport(struct conf_peer *p)
{
	uint8_t weakest = CONF_UNSET; // transports are numbered from weak to strong

	if (p->peer.reach_transport != CONF_UNSET)
		return;
	for (uint32_t i = 0; i < p->target_count; i++) {
		if (p->target[i].transport < weakest)
			weakest = p->target[i].transport;
	}
	p->peer.reach_transport = weakest == CONF_UNSET ? (uint8_t)TRANSPORT_TLS : weakest;
}

static bool is_own_socket(const struct conf_load *c, const struct address *a)
{
	for (uint32_t i = 0; i < c->draft.listener_count; i++) {
		if (conf_is_socket_of(&c->draft.listener[i].listener, a))
			return true;
	}
	return false;
}

const char *conf_target_fault(const struct peer *p, const struct address *a, bool own)
{
	enum address_class class = address_classify(a);
	bool named = prefixes_contain(p->address, p->address_count, a);

	if (class == ADDRESS_UNSPECIFIED || class == ADDRESS_MULTICAST)
		return "is no unicast address; write the peer's address";
	if (own)
		return "is our own socket; write the peer's address";
	if (class != ADDRESS_GLOBAL && !named)
		return "is a special address (RFC 6890); name its range in known_by.addresses if it is the "
		       "peer's";
	if (p->address_count > 0 && !named)
		return "lies outside the peer's known_by.addresses (LRF-I1); add its range there";
	return NULL;
}

const char *conf_way_fault(const struct peer *p, const struct locate_want *want, const struct way *w, bool own)
{
	bool asked = want->transport_fixed ? w->transport == want->transport : w->transport >= want->transport;

	if (!asked || w->transport >= TRANSPORT_COUNT || (want->transports >> w->transport & 1) == 0)
		return "has a transport that is below the peer's, or that no socket of its zone has (LRF-I3)";
	if (p->demand_below[0] != '\0' && w->origin != HOP_DNS_SECURE)
		return "rests on DNS that is not signed, and peering is on demand (LRF-I1)";
	return conf_target_fault(p, &w->address, own);
}

// Written one after the other they are tried so, or take turns; those of one name in the order of DNS (RFC 2782).
void conf_targets_add(struct peer *to, const struct way *way, uint32_t count)
{
	bool turns = to->target_policy == TARGETS_BALANCE;
	uint32_t before = to->target_count, rank = turns || before == 0 ? 0 : to->target[before - 1].priority + 1u;

	for (uint32_t i = 0; i < count && to->target_count < PEER_TARGETS_MAX; i++) {
		rank += i > 0 && way[i].priority != way[i - 1].priority;
		to->target[to->target_count].priority = (uint16_t)rank;
		to->target[to->target_count].weight = turns && way[i].weight == 0 ? 1 : way[i].weight;
		to->target[to->target_count].transport = way[i].transport;
		to->target[to->target_count].origin = way[i].origin;
		to->target[to->target_count].address = way[i].address;
		to->target_count++;
	}
}

struct locate_want conf_want(const struct conf_load *c, const struct conf_peer *p, const struct conf_target *t)
{
	struct locate_want w = {.port = t->port, .transport = t->transport, .transport_fixed = t->fixed};

	memcpy(w.domain, t->host, sizeof(w.domain));
	for (uint8_t transport = 0; transport < TRANSPORT_COUNT; transport++) {
		if (transport < t->transport || (t->fixed && transport != t->transport))
			continue;
		w.transports |= (uint8_t)(conf_zone_listens(c, p->peer.zone, transport, 0) << transport);
		w.families |= (uint8_t)(conf_zone_listens(c, p->peer.zone, transport, 4) |
			conf_zone_listens(c, p->peer.zone, transport, 6) << 1);
	}
	return w;
}

static bool is_usable(struct conf_load *c, const struct conf_peer *p, const struct conf_target *t, const struct locate_want *want,
	struct way *w)
{
	char text[ADDRESS_TEXT_MAX];
	const char *fault;

	if (w->address.port == 0)
		w->address.port = transport_port((enum transport)w->transport);
	fault = conf_way_fault(&p->peer, want, w, is_own_socket(c, &w->address));
	if (fault != NULL)
		conf_say_at(c, CONF_WARNING, t->node, "%.100s resolves to %s, which is not used: it %s",
			t->host, address_text(&w->address, text), fault);
	return fault == NULL;
}

static void resolve(struct conf_load *c, struct conf_peer *p, const struct conf_target *t)
{
	struct locate_want want = conf_want(c, p, t);
	struct way found[WAYS_MAX];
	uint32_t count = 0, used = 0;
	result r = FAIL(E_NOT_FOUND);

	memset(found, 0, sizeof(found));
	if (c->hooks != NULL && c->hooks->resolver != NULL)
		r = c->hooks->resolver(c->hooks->ctx, &want, found, WAYS_MAX, &count);
	if (!is_ok(r) || count == 0 || count > WAYS_MAX) {
		conf_say_at(c, CONF_WARNING, t->node,
			"%.100s is not resolved yet; it is asked for again, no call goes there until then; check the "
			"name if this lasts",
			t->host);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		if (is_usable(c, p, t, &want, &found[i]))
			found[used++] = found[i];
	conf_targets_add(&p->peer, found, used);
}

static void check_numeric(struct conf_load *c, struct conf_peer *p, struct conf_target *t)
{
	char text[ADDRESS_TEXT_MAX];
	const char *fault;

	if (t->address.port == 0)
		t->address.port = transport_port((enum transport)t->transport);
	fault = conf_target_fault(&p->peer, &t->address, is_own_socket(c, &t->address));
	if (fault != NULL)
		conf_error(c, t->node, "target %s %s", address_text(&t->address, text), fault);
	else
		conf_targets_add(&p->peer, &(struct way){.transport = t->transport, .address = t->address}, 1);
}

static void check_target(struct conf_load *c, struct conf_peer *p, struct conf_target *t)
{
	static const char *const words[TRANSPORT_COUNT] = {"udp", "tcp", "tls", "dtls"};
	static const char *const families[] = {[0] = "", [4] = "IPv4 ", [6] = "IPv6 "};

	t->fixed = t->transport != CONF_UNSET;
	if (!t->fixed)
		t->transport = p->peer.reach_transport;
	if (t->transport < p->peer.reach_transport)
		conf_error(c, t->node,
			"%s is below the peer's transport %s (LRF-I3); raise the target or lower "
			"reach.transport",
			words[t->transport], words[p->peer.reach_transport]);
	else if (p->zone_name[0] != '\0' &&
		 !conf_zone_listens(c, p->peer.zone, t->transport, t->address.family))
		conf_error(c, t->node, "zone \"%s\" has no %s%s socket to send from; add one to `listen`",
			p->zone_name, families[t->address.family], words[t->transport]);
	if (t->address.family != 0)
		check_numeric(c, p, t);
	else
		resolve(c, p, t);
}

// Without targets the domain itself is the next hop's name (RFC 3263).
static void target_from_domain(struct conf_load *c, struct conf_peer *p)
{
	struct conf_target *t = &p->target[0];
	const struct conf_node *reach = conf_tree_find(p->node, "reach");

	if (conf_tree_find(reach, "targets") != NULL || p->slots > 0)
		return; // its errors are said
	if (p->peer.reach_domain[0] == '\0') {
		if (conf_tree_find(reach, "domain") == NULL)
			conf_error(c, reach != NULL ? reach : p->node,
				"nothing says where the peer is reached; add reach.domain or "
				"reach.targets");
		return;
	}
	*t = (struct conf_target){.transport = CONF_UNSET, .node = conf_tree_place(p->node, "reach.domain")};
	memcpy(t->host, p->peer.reach_domain, sizeof(t->host));
	p->target_count = 1;
}

static void default_tls_name(struct conf_peer *p)
{
	if (p->peer.tls_name_count > 0 || p->peer.reach_domain[0] == '\0' || p->trust_path[0] == '\0')
		return;
	memcpy(p->peer.tls_name[0], p->peer.reach_domain, sizeof(p->peer.tls_name[0]));
	p->peer.tls_name_count = 1;
}

static void check_anchor(struct conf_load *c, const struct conf_peer *p)
{
	for (uint32_t i = 0; i < c->draft.listener_count; i++) {
		const struct listener *l = &c->draft.listener[i].listener;
		if (l->zone == p->peer.zone && l->media.family != 0)
			return;
	}
	if (p->peer.anchor && p->zone_name[0] != '\0')
		conf_error(c, conf_tree_place(p->node, "zone"),
			"no listener of zone \"%s\" carries media; add `media` to one, or "
			"media.anchor: no with a waiver",
			p->zone_name);
}

void conf_check_reach(struct conf_load *c, struct conf_peer *p)
{
	bool core = conf_zone_is_core(c, p->peer.zone);

	if (p->peer.srtp == CONF_UNSET)
		p->peer.srtp = core ? SRTP_OFF : SRTP_REQUIRED;
	if (p->target_count == 0)
		target_from_domain(c, p);
	default_transport(p);
	default_tls_name(p);
	check_anchor(c, p);
	for (uint32_t i = 0; i < p->target_count; i++)
		check_target(c, p, &p->target[i]);
	if (p->peer.session_expires_s < p->peer.min_se_s)
		conf_error(c, conf_tree_place(p->node, "session"),
			"session.expires is below session.min_se; raise it (RFC4028#5)");
	if (p->timers == 0)
		p->peer.session_expires_s = 0;
}
