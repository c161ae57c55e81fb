// SPDX-License-Identifier: Apache-2.0
// What must hold of the published zone as a whole. The URI goes to everybody who may ask: it has a domain as host, and none
// by which the core is reached (LRF-C1). It becomes part of a pattern in a record, so it holds no octet that ends one (LUF-I1).
#include "conf/steps.h"
#include "conf/values.h"

enum { PORT_DIGITS_MAX = 5 };

static const struct conf_node *place(const struct conf_load *c, const char *key)
{
	return conf_tree_place(conf_tree_place(c->tree.root, "publish"), key);
}

static bool within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return n >= d && strcmp(name + n - d, domain) == 0 && (n == d || name[n - d - 1] == '.');
}

static const struct conf_peer *peer_of(const struct conf_load *c, const char *name)
{
	for (uint32_t i = 0; i < c->draft.peer_count; i++)
		if (strcmp(c->draft.peer[i].peer.name, name) == 0)
			return &c->draft.peer[i];
	return NULL;
}

// Behind the host: ":port" and parameters, of octets that mean nothing to a pattern.
static bool tail_ok(const char *tail)
{
	if (tail[0] == ':') {
		size_t n = strspn(tail + 1, "0123456789");
		if (n == 0 || n > PORT_DIGITS_MAX)
			return false;
		tail += n + 1;
	}
	return tail[0] == '\0' ||
	       (tail[0] == ';' && strspn(tail, ";=.-_abcdefghijklmnopqrstuvwxyz0123456789") == strlen(tail));
}

// The host of "sip:\1@host...", lower case. False: it is no such URI.
static bool host_of(const char *uri, char out[DOMAIN_MAX])
{
	char host[PUBLISH_URI_MAX];
	const char *at = strncmp(uri, "sips:", 5) == 0 ? uri + 5 : uri + 4;
	struct address literal;
	size_t n;

	if (strncmp(uri, "sip:", 4) != 0 && strncmp(uri, "sips:", 5) != 0)
		return false;
	if (strncmp(at, "\\1@", 3) != 0)
		return false;
	n = strcspn(at + 3, ":;");
	memcpy(host, at + 3, n);
	host[n] = '\0';
	return tail_ok(at + 3 + n) && conf_read_domain(host, out) &&
	       !is_ok(address_parse_host(bytes_of_string(host), 0, &literal));
}

static bool reaches_core(const struct conf_load *c, const struct conf_peer *p, const char *host)
{
	if (!conf_zone_is_core(c, p->peer.zone))
		return false;
	for (uint32_t i = 0; i < p->target_count; i++)
		if (p->target[i].address.family == 0 && strcmp(p->target[i].host, host) == 0)
			return true;
	return p->peer.reach_domain[0] != '\0' && strcmp(p->peer.reach_domain, host) == 0 &&
	       strcmp(host, c->draft.settings.domain) != 0;
}

static void check_uri(struct conf_load *c, const struct conf_publish *p)
{
	char host[DOMAIN_MAX];

	if (p->uri[0] == '\0')
		return; // said
	if (!host_of(p->uri, host)) {
		conf_error(c, place(c, "uri"), "uri: \"%.80s\" does not fit; write 'sip:\\1@DOMAIN', in single quotes, with a domain "
			"and no address", p->uri);
		return;
	}
	for (uint32_t i = 0; i < c->draft.peer_count; i++) {
		if (reaches_core(c, &c->draft.peer[i], host)) {
			conf_error(c, place(c, "uri"), "uri: %s is how core peer \"%s\" is reached (LRF-C1); write the domain that "
				"peers see", host, c->draft.peer[i].peer.name);
			return;
		}
	}
}

static void check_peers(struct conf_load *c, const struct conf_publish *p)
{
	for (uint32_t i = 0; i < p->to_count; i++)
		if (peer_of(c, p->to[i]) == NULL)
			conf_error(c, place(c, "to"), "to: there is no peer \"%s\"; write the name of one", p->to[i]);
	if (p->for_peer[0] == '\0')
		return;
	if (peer_of(c, p->for_peer) == NULL)
		conf_error(c, place(c, "for"), "for: there is no peer \"%s\"; write the name of one", p->for_peer);
	else if (peer_of(c, p->for_peer)->peer.lookup_view == VIEW_NONE)
		conf_error(c, place(c, "for"), "for: peer \"%s\" may look up nothing; give it `lookup: {view: domain}`", p->for_peer);
}

static void check_servers(struct conf_load *c, const struct conf_publish *p)
{
	for (uint32_t i = 0; i < p->nameserver_count; i++)
		if (within(p->nameserver[i], p->zone))
			conf_error(c, place(c, "nameservers"), "nameservers: %s is inside the zone, which holds no addresses; write a name "
				"outside it", p->nameserver[i]);
	for (uint32_t i = 0; i < p->secondary_count; i++)
		if (address_classify(&p->primary) == ADDRESS_LOOPBACK && address_classify(&p->secondary[i]) != ADDRESS_LOOPBACK) {
			conf_error(c, place(c, "primary"), "primary: no secondary reaches a loopback address; write one that they reach");
			break;
		}
	if (p->secondary_count > 0 && p->transfer_key.name[0] == '\0')
		conf_error(c, place(c, "secondaries"), "secondaries without a key of their own; add \"transfer_key: {name: NAME, "
			"secret_file: FILE}\"");
	if (p->transfer_key.name[0] != '\0' && (strcmp(p->transfer_key.name, p->key.name) == 0 ||
		strcmp(p->transfer_key.secret_path, p->key.secret_path) == 0))
		conf_error(c, place(c, "transfer_key"), "transfer_key: the same as key, so that each secondary could change the zone; "
			"give it another name and secret");
}

void conf_check_publish(struct conf_load *c)
{
	const struct conf_publish *p = &c->draft.private.publish;

	if (conf_tree_find(c->tree.root, "publish") == NULL)
		return;
	if (p->zone[0] != '\0' && p->apex[0] != '\0' && !within(p->zone, p->apex))
		conf_error(c, place(c, "zone"), "zone: %s is not below apex %s; write a zone of its tree", p->zone, p->apex);
	check_servers(c, p);
	check_peers(c, p);
	check_uri(c, p);
}
