// SPDX-License-Identifier: Apache-2.0
// Zones and listeners: names become numbers, sockets and port ranges are held against one another.
#include "conf/steps.h"

enum { ZONE_NONE = 0xff };

bool conf_zone_is_core(const struct conf_load *c, zone_id zone)
{
	return zone < c->draft.zone_count && c->draft.zone[zone].zone.is_core != 0;
}

bool conf_zone_listens(const struct conf_load *c, zone_id zone, uint8_t transport, uint8_t family)
{
	for (uint32_t i = 0; i < c->draft.listener_count; i++) {
		const struct listener *l = &c->draft.listener[i].listener;
		for (uint32_t k = 0; l->zone == zone && l->service == SERVICE_CALLS && k < l->sip_count; k++) {
			if (l->sip[k].transport == transport &&
				(family == 0 || l->sip[k].address.family == family))
				return true;
		}
	}
	return false;
}

static uint8_t zone_find(const struct conf_draft *d, const char *name)
{
	for (uint32_t i = 0; i < d->zone_count; i++) {
		if (strcmp(d->zone[i].zone.name, name) == 0)
			return (uint8_t)i;
	}
	return ZONE_NONE;
}

static void check_zones(struct conf_load *c)
{
	struct conf_draft *d = &c->draft;

	for (uint32_t i = 0; i < d->zone_count; i++) {
		struct conf_zone *z = &d->zone[i];
		if (z->zone.name[0] != '\0' && zone_find(d, z->zone.name) < i)
			conf_error(c, z->node, "zone \"%s\" stands twice; keep one of them", z->zone.name);
		z->zone.is_core = z->core == CONF_UNSET ? strcmp(z->zone.name, "core") == 0 : z->core;
	}
}

// The number of a listener's zone; a new one unless `zones` names it.
static void zone_of_listener(struct conf_load *c, struct conf_listener *l)
{
	struct conf_draft *d = &c->draft;
	uint8_t found = zone_find(d, l->zone_name);

	if (found == ZONE_NONE && d->zone_count < ZONES_MAX) {
		struct conf_zone *z = &d->zone[d->zone_count];
		memcpy(z->zone.name, l->zone_name, sizeof(z->zone.name));
		z->node = l->node;
		z->core = CONF_UNSET;
		z->zone.is_core = strcmp(z->zone.name, "core") == 0;
		found = (uint8_t)d->zone_count++;
	}
	if (found == ZONE_NONE) {
		conf_error(c, l->node, "more than %d zones; let listeners share zones", ZONES_MAX);
		found = 0;
	}
	l->listener.zone = found;
}

static void check_address(
	struct conf_load *c, const struct conf_listener *l, const struct address *a, const char *key)
{
	enum address_class class = address_classify(a);
	const struct conf_node *at = conf_tree_place(l->node, key);

	if (a->family == 0)
		return;
	if (class == ADDRESS_MULTICAST)
		conf_error(c, at, "%s: a multicast address; write an address of this host", key);
	if (class == ADDRESS_UNSPECIFIED && l->listener.advertise.family != a->family)
		conf_error(c, at,
			"%s: the unspecified address cannot be written into messages; write an address of "
			"this "
			"host, or add `advertise` of its family",
			key);
}

// An advertised address is written for sockets of its own family only, so there must be one.
static void check_advertise(struct conf_load *c, const struct conf_listener *l)
{
	const struct listener *k = &l->listener;
	const struct conf_node *at = conf_tree_place(l->node, "advertise");
	bool used = k->media.family == k->advertise.family;

	if (k->advertise.family == 0)
		return;
	if (address_classify(&k->advertise) == ADDRESS_UNSPECIFIED)
		conf_error(c, at, "advertise: the unspecified address; write the public one");
	for (uint32_t i = 0; i < k->sip_count; i++)
		used |= k->sip[i].address.family == k->advertise.family;
	if (!used)
		conf_error(c, at,
			"advertise: an IPv%u address where every socket is IPv%u; write one of their family",
			k->advertise.family, k->advertise.family == 4 ? 6 : 4);
}

// What leaves by a transport and family of a listener leaves from one socket, and its address is written into Via
// and Contact: with two of them answers would come to the one and leave by the other.
static void check_one_of_a_kind(struct conf_load *c, const struct conf_listener *l, uint32_t i)
{
	static const char *const words[TRANSPORT_COUNT] = {"udp", "tcp", "tls", "dtls"};
	const struct sip_socket *s = &l->listener.sip[i];

	for (uint32_t k = 0; k < i; k++) {
		const struct sip_socket *other = &l->listener.sip[k];
		if (other->transport == s->transport && other->address.family == s->address.family &&
			!address_equal(&other->address, &s->address)) {
			conf_error(c, conf_tree_place(l->node, "sip"),
				"two IPv%u %s sockets in one listener; give the second a listener of its own",
				s->address.family, words[s->transport % TRANSPORT_COUNT]);
			return;
		}
	}
}

static void check_listener(struct conf_load *c, struct conf_listener *l)
{
	bool tls = false;

	zone_of_listener(c, l);
	for (uint32_t i = 0; i < l->listener.sip_count; i++) {
		check_address(c, l, &l->listener.sip[i].address, "sip");
		check_one_of_a_kind(c, l, i);
		tls |= l->listener.sip[i].transport == TRANSPORT_TLS;
	}
	check_address(c, l, &l->listener.media, "media");
	check_advertise(c, l);
	for (uint32_t i = 0; l->listener.service == SERVICE_LOOKUP && i < l->listener.sip_count; i++)
		if (l->listener.sip[i].transport != TRANSPORT_TLS)
			conf_error(c, conf_tree_place(l->node, "sip"),
				"look-ups are answered over tls alone (R15, R16); give other transports a listener of service calls");
	if (tls && conf_tree_find(c->tree.root, "tls") == NULL)
		conf_error(c, conf_tree_place(l->node, "sip"),
			"a tls socket without a certificate; add \"tls: {certificate: "
			"FILE, key: FILE}\" at the top");
}

static bool socket_in_media(const struct listener *media, const struct sip_socket *s)
{
	return s->transport == TRANSPORT_UDP && address_same_host(&media->media, &s->address) &&
	       s->address.port >= media->media_first && s->address.port <= media->media_last;
}

static bool same_socket(const struct sip_socket *a, const struct sip_socket *b)
{
	// tcp and tls share the port space
	return (a->transport == TRANSPORT_UDP) == (b->transport == TRANSPORT_UDP) &&
	       address_equal(&a->address, &b->address);
}

static bool media_overlap(const struct listener *a, const struct listener *b)
{
	return a->media.family != 0 && address_same_host(&a->media, &b->media) &&
	       a->media_first <= b->media_last && b->media_first <= a->media_last;
}

// Listeners on different interfaces may use the same addresses.
static void check_pair(struct conf_load *c, const struct conf_listener *a, const struct conf_listener *b)
{
	if (a != b && strcmp(a->listener.name, b->listener.name) == 0)
		conf_error(c, conf_tree_place(b->node, "name"),
			"listener \"%s\" stands twice; give it another name", b->listener.name);
	if (strcmp(a->listener.interface, b->listener.interface) != 0)
		return;
	if (a != b && media_overlap(&a->listener, &b->listener))
		conf_error(c, conf_tree_place(b->node, "media"),
			"media ports overlap those of listener \"%s\"; move one range", a->listener.name);
	for (uint32_t i = 0; i < b->listener.sip_count; i++) {
		const struct conf_node *at = conf_tree_place(b->node, "sip");
		uint32_t end = a == b ? i : a->listener.sip_count;
		for (uint32_t k = 0; k < end; k++) {
			if (same_socket(&a->listener.sip[k], &b->listener.sip[i]))
				conf_error(c, at, "the same SIP socket stands twice; remove one");
		}
	}
}

static void check_media_against_sip(struct conf_load *c, const struct conf_listener *media)
{
	for (uint32_t i = 0; i < c->draft.listener_count; i++) {
		const struct listener *l = &c->draft.listener[i].listener;
		for (uint32_t k = 0; k < l->sip_count; k++) {
			if (socket_in_media(&media->listener, &l->sip[k]) &&
				strcmp(l->interface, media->listener.interface) == 0)
				conf_error(c, conf_tree_place(media->node, "media"),
					"SIP port %u lies within the media ports; move the range",
					l->sip[k].address.port);
		}
	}
}

static void peer_zone(struct conf_load *c, struct conf_peer *p)
{
	uint8_t found = zone_find(&c->draft, p->zone_name);

	p->peer.zone = found;
	if (found != ZONE_NONE)
		return;
	p->peer.zone = 0;
	if (p->zone_name[0] == '\0')
		return;
	conf_error(c, conf_tree_place(p->node, "zone"),
		"zone \"%s\" has no listener; add one to `listen` or mend the name", p->zone_name);
	p->zone_name[0] = '\0'; // said once: no step after this one asks for its sockets
}

// Each worker may have all calls: that many records are kept.
static void check_call_slots(struct conf_load *c)
{
	const struct settings *s = &c->draft.settings;
	uint32_t workers = s->workers != 0 ? s->workers : c->hooks != NULL ? c->hooks->cores : 0;
	const struct conf_node *at = conf_tree_place(c->tree.root, "limits.calls");

	if ((uint64_t)s->max_calls * workers > CALL_SLOTS_MAX)
		conf_error(c, at, "limits.calls %u times %u workers%s is more than %d; lower `limits.calls` or `workers`",
			s->max_calls, workers, s->workers != 0 ? "" : " (one per core)", CALL_SLOTS_MAX);
}

void conf_check_system(struct conf_load *c)
{
	struct conf_draft *d = &c->draft;

	check_call_slots(c);

	check_zones(c);
	for (uint32_t i = 0; i < d->listener_count; i++)
		check_listener(c, &d->listener[i]);
	for (uint32_t i = 0; i < d->listener_count; i++) {
		for (uint32_t k = 0; k <= i; k++)
			check_pair(c, &d->listener[k], &d->listener[i]);
		check_media_against_sip(c, &d->listener[i]);
	}
	for (uint32_t i = 0; i < d->peer_count; i++)
		peer_zone(c, &d->peer[i]);
}
