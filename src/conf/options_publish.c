// SPDX-License-Identifier: Apache-2.0
// The options of the published ENUM zone. They stay out of the snapshot: only `sallyport luf publish` uses them, which an
// administrator runs; no process that parses what strangers send knows where the zone is kept or which key changes it.
#include "conf/option.h"
#include "conf/values.h"

static const char *const algorithm_words[] = {"hmac-sha256", "hmac-sha512", NULL};

static struct conf_publish *publish_of(void *target)
{
	return &((struct conf_draft *)target)->private.publish;
}

static bool set_zone(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_domain(n->text, publish_of(target)->zone);
}

static bool set_apex(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_domain(n->text, publish_of(target)->apex);
}

static bool set_key_name(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_domain(n->text, publish_of(target)->key.name);
}

static bool set_transfer_key_name(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_domain(n->text, publish_of(target)->transfer_key.name);
}

// "192.0.2.2@53", as name servers write it.
static bool read_server(const char *text, struct address *out)
{
	const char *at = strchr(text, '@');
	uint32_t port = 0;
	size_t digits = at != NULL ? strlen(at + 1) : 0;

	if (digits == 0 || digits > 5 || strspn(at + 1, "0123456789") != digits)
		return false;
	for (size_t i = 1; i <= digits; i++)
		port = port * 10 + (uint32_t)(at[i] - '0');
	return port > 0 && port <= UINT16_MAX &&
	       is_ok(address_parse_host(bytes_make(text, (size_t)(at - text)), (uint16_t)port, out)) &&
	       address_classify(out) != ADDRESS_UNSPECIFIED && address_classify(out) != ADDRESS_MULTICAST;
}

static bool set_primary(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return read_server(n->text, &publish_of(target)->primary);
}

static bool set_secondary(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_publish *p = publish_of(target);

	UNUSED(c);
	return p->secondary_count < PUBLISH_SERVERS_MAX && read_server(n->text, &p->secondary[p->secondary_count++]);
}

static bool set_nameserver(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_publish *p = publish_of(target);

	UNUSED(c);
	return p->nameserver_count < PUBLISH_SERVERS_MAX && conf_read_domain(n->text, p->nameserver[p->nameserver_count++]);
}

static bool set_to(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_publish *p = publish_of(target);

	UNUSED(c);
	return p->to_count < PUBLISH_TO_MAX && conf_read_name(n->text, p->to[p->to_count++]);
}

static bool set_for(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_name(n->text, publish_of(target)->for_peer);
}

#define KEY_ROWS(field, set_name)                                                                                      \
	{.key = "name", .type = CONF_VALUE, .required = true, .set = set_name, .form = "a domain, like publish.ssp-a.example", \
		.manual = "Name of the key, the same in the name server."},                                              \
	{.key = "algorithm", .type = CONF_CHOICE, DRAFT(private.publish.field.algorithm), .choices = algorithm_words,     \
		.initial = "hmac-sha256", .form = "hmac-sha256 or hmac-sha512", .manual = "Algorithm of TSIG (RFC 8945)."}, \
	{.key = "secret_file", .type = CONF_TEXT, .required = true, DRAFT(private.publish.field.secret_path), .min = 1,   \
		.max = CONF_PATH_MAX - 1, .form = "the path of a file",                                                 \
		.manual = "File with the secret in base64, 32 octets or more (`openssl rand -base64 32`); only its owner may read it."}

static const struct conf_option key_rows[] = {KEY_ROWS(key, set_key_name)};
static const struct conf_section key_section = CONF_SECTION(key_rows);
static const struct conf_option transfer_key_rows[] = {KEY_ROWS(transfer_key, set_transfer_key_name)};
static const struct conf_section transfer_key_section = CONF_SECTION(transfer_key_rows);

static const struct conf_option publish_rows[] = {
	{.key = "zone",
		.type = CONF_VALUE,
		.required = true,
		.set = set_zone,
		.form = "9.4.e164.ssp-a.example",
		.manual = "The zone in the name server. Numbers outside it are not published."},
	{.key = "apex",
		.type = CONF_VALUE,
		.required = true,
		.set = set_apex,
		.form = "e164.ssp-a.example",
		.manual = "Domain below which numbers stand: +4989 as 9.8.9.4.APEX. The zone is this domain or below it."},
	{.key = "primary",
		.type = CONF_VALUE,
		.required = true,
		.set = set_primary,
		.form = "\"127.0.0.1@53\"",
		.manual = "Address and port of the primary server. It takes the updates (RFC 2136), by TCP."},
	{.key = "key",
		.type = CONF_MAP,
		.required = true,
		.section = &key_section,
		.form = "{name: publish.ssp-a.example, secret_file: publish.key}",
		.manual = "The key that may read and change the zone."},
	{.key = "transfer_key",
		.type = CONF_MAP,
		.section = &transfer_key_section,
		.form = "{name: copy.ssp-a.example, secret_file: copy.key}",
		.manual = "The key of the secondaries: it may copy the zone and not change it. Needed when there are `secondaries`."},
	{.key = "secondaries",
		.type = CONF_LIST,
		.max = PUBLISH_SERVERS_MAX,
		.set = set_secondary,
		.form = "\"192.0.2.2@53\"",
		.manual = "Servers that hold copies, and answer when the primary does not (LUF-A2)."},
	{.key = "nameservers",
		.type = CONF_LIST,
		.required = true,
		.min = 1,
		.max = PUBLISH_SERVERS_MAX,
		.set = set_nameserver,
		.form = "[ns1.ssp-a.example, ns2.ssp-a.example]",
		.manual = "NS records of the zone, the primary first. The names stand outside the zone, which holds no addresses."},
	{.key = "ttl",
		.type = CONF_NUMBER,
		DRAFT(private.publish.ttl_s),
		.min = 30,
		.max = 86400,
		.initial = "300",
		.unit = "s",
		.form = "a number",
		.manual = "How long an answer may be kept by who asked."},
	{.key = "to",
		.type = CONF_LIST,
		.max = PUBLISH_TO_MAX,
		.set = set_to,
		.form = "[pbx]",
		.manual = "Peers whose numbers are published: of a core zone, or `lookup: {listed: yes}`. Default: every peer of a core zone."},
	{.key = "for",
		.type = CONF_VALUE,
		.set = set_for,
		.form = "the name of a peer",
		.manual = "The peer that the zone is for, with a `lookup.view`: it is not told its own numbers (LUF-C2)."},
	{.key = "uri",
		.type = CONF_TEXT,
		.required = true,
		DRAFT(private.publish.uri),
		.min = 6,
		.max = PUBLISH_URI_MAX - 1,
		.form = "'sip:\\1@ssp-a.example'",
		.manual = "Where calls to the numbers go; \\1 stands for the number. The host is a domain name, never an address and "
			  "never a name of the core (LRF-C1)."},
};
const struct conf_section conf_publish_section = CONF_SECTION(publish_rows);
