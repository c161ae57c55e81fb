// SPDX-License-Identifier: Apache-2.0
// What must hold of the portal as a whole: it has a certificate, serves peers of a peering zone, and whoever has a right there can
// prove who he is (R15, R16).
#include "conf/steps.h"

static const struct conf_node *place(const struct conf_load *c, const char *key)
{
	return conf_tree_place(conf_tree_place(c->tree.root, "portal"), key);
}

static void check_zone(struct conf_load *c)
{
	struct conf_draft *d = &c->draft;
	uint32_t i = 0;

	while (i < d->zone_count && strcmp(d->zone[i].zone.name, d->portal_zone) != 0)
		i++;
	if (i == d->zone_count) {
		if (d->portal_zone[0] != '\0')
			conf_error(c, place(c, "zone"), "zone \"%s\" has no listener; add one to `listen` or mend the name", d->portal_zone);
		return;
	}
	d->settings.portal.zone = (zone_id)i;
	if (d->zone[i].zone.is_core)
		conf_error(c, place(c, "zone"), "the portal is for peers, and \"%s\" is a core zone (LRF-C1); name a peering zone",
			d->portal_zone);
}

static void check_sockets(struct conf_load *c)
{
	const struct conf_draft *d = &c->draft;

	for (uint32_t i = 0; i < d->settings.portal.address_count; i++) {
		const struct address *a = &d->settings.portal.address[i];
		for (uint32_t k = 0; k < i; k++)
			if (address_equal(a, &d->settings.portal.address[k]))
				conf_error(c, place(c, "listen"), "the same address stands twice; remove one");
		for (uint32_t l = 0; l < d->listener_count; l++)
			for (uint32_t k = 0; k < d->listener[l].listener.sip_count; k++)
				if (d->listener[l].listener.sip[k].transport != TRANSPORT_UDP &&
					address_equal(a, &d->listener[l].listener.sip[k].address))
					conf_error(c, place(c, "listen"), "listener \"%s\" has this address; take another port",
						d->listener[l].listener.name);
	}
}

// Rights that nobody could use are a mistake of somebody who believes that they work.
static void check_rights(struct conf_load *c, const struct conf_peer *p)
{
	const struct conf_node *at = conf_tree_place(p->node, "portal");
	const struct settings *s = &c->draft.settings;

	if (!p->peer.portal.lookup && !p->peer.portal.profile)
		return;
	if (s->portal.address_count == 0)
		conf_say_at(c, CONF_WARNING, at, "portal: there is no section `portal` at the top, so nobody serves this peer; add it or "
			"remove the rights");
	else if (p->peer.zone != s->portal.zone)
		conf_error(c, at, "portal: it serves zone \"%s\" and this peer is of another; remove the rights", c->draft.portal_zone);
	else if (p->peer.tls_name_count == 0 || p->trust_path[0] == '\0')
		conf_error(c, at, "portal: the peer cannot prove who it is; add known_by.tls_names and known_by.trust");
}

void conf_check_portal(struct conf_load *c)
{
	struct conf_draft *d = &c->draft;

	if (d->settings.portal.address_count > 0) {
		check_zone(c);
		check_sockets(c);
		if (conf_tree_find(c->tree.root, "tls") == NULL)
			conf_error(c, place(c, "listen"), "a portal without a certificate; add \"tls: {certificate: FILE, key: FILE}\" at the top");
	}
	for (uint32_t i = 0; i < d->peer_count; i++)
		check_rights(c, &d->peer[i]);
}
