// SPDX-License-Identifier: Apache-2.0
// The options of the section `dns`. One row each; see option.h for the columns. All but the folder take effect at reload.
#include "conf/option.h"
#include "conf/values.h"

static void *policy_item(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct dns_settings *d = &((struct conf_draft *)target)->settings.dns;

	UNUSED(c);
	UNUSED(n);
	return d->policy_count < DNS_POLICIES_MAX ? &d->policy[d->policy_count++] : NULL;
}

static const char *const dnssec_words[] = {"opportunistic", "required", "off", NULL};

static const struct conf_option policy_rows[] = {
	{.key = "suffix",
		.type = CONF_VALUE,
		.required = true,
		.set = conf_set_dns_suffix,
		.form = "a domain, like e164.arpa, or \".\"",
		.manual = "Names that end so; the longest suffix counts, \".\" is every name."},
	{.key = "dnssec",
		.type = CONF_CHOICE,
		CONF_FIELD(struct dns_policy, dnssec),
		.choices = dnssec_words,
		.required = true,
		.form = "required, opportunistic or off",
		.manual = "required: an answer that is unsigned or altered is refused (LUF-I2, LRF-I1). opportunistic: an altered one "
			  "is refused. off: signatures are not looked at."},
};
static const struct conf_section policy_section = CONF_SECTION(policy_rows);

static const struct conf_option dns_rows[] = {
	{.key = "upstreams",
		.type = CONF_LIST,
		.max = DNS_UPSTREAMS_MAX,
		.set = conf_set_upstream,
		.form = "\"127.0.0.1@53\"",
		.manual = "Servers that are asked, in clear, with their port (53 when absent). Without it those of the host "
			  "(/etc/resolv.conf) and its /etc/hosts."},
	{.key = "tls",
		.type = CONF_BOOL,
		DRAFT(settings.dns.tls),
		.initial = "no",
		.form = "yes or no",
		.manual = "Must questions leave this host encrypted? Then upstreams may only be forwarders on this host, as "
			  "`sallyport dns-forwarder` sets one up: the resolver library itself has no TLS (LUF-C3)."},
	{.key = "forward_tls",
		.type = CONF_LIST,
		.max = DNS_UPSTREAMS_MAX,
		.set = conf_set_forward_tls,
		.form = "\"192.0.2.53@853#dns.example\"",
		.manual = "DNS-over-TLS servers (RFC 7858) of that forwarder, with the name that their certificate must have. Read by "
			  "`sallyport dns-forwarder` alone."},
	{.key = "trust_anchors",
		.type = CONF_TEXT,
		DRAFT(private.trust_anchors),
		.min = 1,
		.max = CONF_PATH_MAX - 1,
		.form = "the path of a file, or none",
		.manual = "Trust anchors of DNSSEC: DS or DNSKEY records, one a line. Without it /usr/share/dns/root.key of Debian's "
			  "dns-root-data, when it is there. none: nothing is validated. Read again at reload."},
	{.key = "managed_anchors",
		.type = CONF_TEXT,
		.scope = CONF_START,
		DRAFT(settings.dns.managed_anchors),
		.min = 1,
		.max = 255,
		.form = "the path of a folder",
		.manual = "Trust anchors are followed by RFC 5011: new keys of a zone become trusted after 30 days, revoked ones are trusted "
			  "no more. Folder of their state, for the resolver alone; it begins from trust_anchors. Without it trust_anchors "
			  "count as they are."},
	{.key = "policy",
		.type = CONF_MAPS,
		.max = DNS_POLICIES_MAX,
		.item = policy_item,
		.section = &policy_section,
		.form = "- {suffix: e164.arpa, dnssec: required}",
		.manual = "What DNSSEC must say of answers, by suffix of the name. Names without a row are opportunistic."},
	{.key = "only",
		.type = CONF_LIST,
		.max = DNS_ONLY_MAX,
		.set = conf_set_dns_only,
		.form = "a domain, like e164.arpa",
		.manual = "Suffixes of names that may be asked for; nothing else leaves this host (LUF-C3). Without it every name may."},
	{.key = "stale",
		.type = CONF_NUMBER,
		DRAFT(settings.dns.stale_s),
		.min = 0,
		.max = 604800, // a week: RFC8767#5 gives one to three days
		.initial = "86400",
		.unit = "s",
		.form = "a number",
		.manual = "When servers fail, the last good answer is used for so long beyond its time (RFC 8767, LRF-A1). 0: never."},
};
const struct conf_section conf_dns_section = CONF_SECTION(dns_rows);
