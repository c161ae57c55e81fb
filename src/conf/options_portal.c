// SPDX-License-Identifier: Apache-2.0
// The options of the portal, and what one peer may ask of it. Without the section there is no such process; without rights of
// its own a peer is told nothing.
#include "conf/option.h"
#include "conf/values.h"

static bool set_listen(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct portal_settings *p = &((struct conf_draft *)target)->settings.portal;
	struct address a;

	UNUSED(c);
	if (!is_ok(address_parse(bytes_of_string(n->text), &a)) || a.port == 0 || address_classify(&a) == ADDRESS_MULTICAST ||
		p->address_count >= PORTAL_ADDRESSES_MAX)
		return false;
	p->address[p->address_count++] = a;
	return true;
}

static bool set_zone(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_name(n->text, ((struct conf_draft *)target)->portal_zone);
}

static const struct conf_option portal_rows[] = {
	{.key = "listen",
		.type = CONF_LIST,
		.scope = CONF_START,
		.required = true,
		.min = 1,
		.max = PORTAL_ADDRESSES_MAX,
		DRAFT(settings.portal.address),
		.set = set_listen,
		.form = "\"192.0.2.1:8443\"",
		.manual = "Addresses and ports of the portal: HTTPS with certificates on both sides, always."},
	{.key = "zone",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.required = true,
		DRAFT(settings.portal.zone),
		.set = set_zone,
		.form = "a word, like peering",
		.manual = "The zone whose peers are served. Not the core."},
	{.key = "connections",
		.type = CONF_NUMBER,
		DRAFT(settings.portal.connections),
		.min = 1,
		.max = 4096,
		.initial = "256",
		.unit = "connections",
		.form = "a number",
		.manual = "Connections at one time; further ones wait (LUF-A1)."},
	{.key = "connections_per_source",
		.type = CONF_NUMBER,
		DRAFT(settings.portal.connections_per_source),
		.min = 1,
		.max = 4096,
		.initial = "8",
		.unit = "connections",
		.form = "a number",
		.manual = "Connections from one address; further ones are closed at once (LUF-A1)."},
	{.key = "request",
		.type = CONF_NUMBER,
		DRAFT(settings.portal.request_timeout_s),
		.min = 1,
		.max = 60,
		.initial = "5",
		.unit = "s",
		.form = "a number",
		.manual = "Handshake and request must be whole within this time, and after an answer the next request; else the "
			  "connection is closed (LUF-A1)."},
};
const struct conf_section conf_portal_section = CONF_SECTION(portal_rows);

#define RIGHT(field) CONF_FIELD(struct conf_peer, peer.portal.field)

static const struct conf_option right_rows[] = {
	{.key = "lookup",
		.type = CONF_BOOL,
		RIGHT(lookup),
		.initial = "no",
		.form = "yes or no",
		.manual = "May the peer look up numbers, domains and URIs? It is told what `lookup: {listed: yes}` of others and the core "
			  "allow (LUF-C2)."},
	{.key = "profile",
		.type = CONF_BOOL,
		RIGHT(profile),
		.initial = "no",
		.form = "yes or no",
		.manual = "May the peer fetch its peering profile (R1 to R4)? Then look-ups tell it our ingress too (R5)."},
	{.key = "lookups_per_second",
		.type = CONF_NUMBER,
		RIGHT(lookups_per_second),
		.min = 1,
		.max = 10000,
		.initial = "10",
		.unit = "requests/s",
		.form = "a number",
		.manual = "Requests of the peer to the portal, all its connections together (LUF-C1)."},
};
const struct conf_section conf_right_section = CONF_SECTION(right_rows);
