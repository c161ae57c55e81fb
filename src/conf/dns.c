// SPDX-License-Identifier: Apache-2.0
// The section `dns`: grammars of its values, what they mean together, and the trust anchors' file.
//
// Debian's resolver library cannot encrypt: an upstream that wants TLS is refused here, with the mend, instead of being asked in
// clear (LUF-C3).
#include "conf/steps.h"
#include "conf/values.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

#define ANCHORS_DEFAULT "/usr/share/dns/root.key" // package dns-root-data
#define ANCHORS_NONE "none"

enum {
	PORT_DNS = 53,
	PORT_DOT = 853, // RFC7858#3.1
	ANCHORS_MAX = 64 * 1024, // [octets] the root has two keys; private zones a few each
	ANCHOR_LINE_MAX = 4095,  // [octets] a DNSKEY of RSA with 4096 bit
};

// "192.0.2.53", "192.0.2.53@53"; the text ends at END.
static bool read_server(const char *text, const char *end, uint16_t port, struct address *out)
{
	const char *at = memchr(text, '@', (size_t)(end - text));
	char *stop;
	if (at != NULL) {
		unsigned long n = strtoul(at + 1, &stop, 10);
		if (stop != end || at[1] < '0' || at[1] > '9' || n == 0 || n > UINT16_MAX)
			return false;
		port = (uint16_t)n;
	}
	return is_ok(address_parse_host(bytes_make(text, (size_t)((at != NULL ? at : end) - text)), port, out)) &&
	       address_classify(out) != ADDRESS_UNSPECIFIED && address_classify(out) != ADDRESS_MULTICAST;
}

bool conf_set_upstream(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct dns_settings *d = &((struct conf_draft *)target)->settings.dns;
	struct address a;
	size_t len = strcspn(n->text, "#");

	memset(&a, 0, sizeof(a));
	if (!read_server(n->text, n->text + len, PORT_DNS, &a))
		return false;
	if (n->text[len] != '\0' || a.port == PORT_DOT) {
		conf_error(c, n,
			"upstreams: %.60s asks for TLS, which the resolver library does not have (it would ask in clear); put it into "
			"dns.forward_tls, run unbound with what `sallyport dns-forwarder` prints, and name that: 127.0.0.1@5335",
			n->text);
		return true;
	}
	if (d->upstream_count < DNS_UPSTREAMS_MAX)
		d->upstream[d->upstream_count++] = a;
	return true;
}

bool conf_set_forward_tls(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_private *p = &((struct conf_draft *)target)->private;
	struct conf_forward f;
	size_t len = strcspn(n->text, "#");

	UNUSED(c);
	memset(&f, 0, sizeof(f));
	if (n->text[len] != '#' || !read_server(n->text, n->text + len, PORT_DOT, &f.address) ||
		!conf_read_domain(n->text + len + 1, f.name))
		return false;
	if (p->forward_tls_count < DNS_UPSTREAMS_MAX)
		p->forward_tls[p->forward_tls_count++] = f;
	return true;
}

// "." is the root: every name.
static bool read_suffix(const char *text, char out[DOMAIN_MAX])
{
	if (strcmp(text, ".") != 0)
		return conf_read_domain(text, out);
	memset(out, 0, DOMAIN_MAX);
	return true;
}

bool conf_set_dns_only(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct dns_settings *d = &((struct conf_draft *)target)->settings.dns;

	UNUSED(c);
	return d->only_count >= DNS_ONLY_MAX || conf_read_domain(n->text, d->only[d->only_count++]);
}

bool conf_set_dns_suffix(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return read_suffix(n->text, ((struct dns_policy *)target)->suffix);
}

static void check_tls(struct conf_load *c, const struct dns_settings *d)
{
	const struct conf_node *at = conf_tree_place(c->tree.root, "dns.tls");
	char text[ADDRESS_TEXT_MAX];

	if (d->tls && d->upstream_count == 0)
		conf_error(c, at,
			"tls: the host's own servers would be asked in clear; name the forwarder on this host in dns.upstreams, whose "
			"configuration `sallyport dns-forwarder` prints");
	for (uint32_t i = 0; d->tls && i < d->upstream_count; i++)
		if (address_classify(&d->upstream[i]) != ADDRESS_LOOPBACK)
			conf_error(c, conf_tree_place(c->tree.root, "dns.upstreams"),
				"upstreams: %s would be asked in clear, and dns.tls forbids that; run unbound with what `sallyport dns-forwarder` "
				"prints, and name its loopback address",
				address_text(&d->upstream[i], text));
}

static void check_policies(struct conf_load *c, const struct dns_settings *d, bool anchors)
{
	const struct conf_node *at = conf_tree_place(c->tree.root, "dns.policy");

	for (uint32_t i = 0; i < d->policy_count; i++) {
		if (d->policy[i].dnssec == DNSSEC_REQUIRED && !anchors)
			conf_error(c, at,
				"policy: \"%.80s\" requires DNSSEC, and there is no trust anchor; install dns-root-data, or name a file in "
				"dns.trust_anchors",
				d->policy[i].suffix);
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(d->policy[i].suffix, d->policy[k].suffix) == 0)
				conf_error(c, at, "policy: suffix \"%.80s\" stands twice; keep one", d->policy[i].suffix);
	}
}

static bool has_word(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 1; i + n < len; i++)
		if (memcmp(line + i, word, n) == 0 && strchr(" \t", line[i - 1]) != NULL && strchr(" \t", line[i + n]) != NULL)
			return true;
	return false;
}

// One record a line, as `dig` and dns-root-data write them; a comment begins with a semicolon.
static bool anchor_ok(const char *line, size_t len)
{
	size_t blank = 0;
	while (blank < len && strchr(" \t\r", line[blank]) != NULL && line[blank] != '\0')
		blank++;
	if (blank == len || line[blank] == ';')
		return true;
	return len <= ANCHOR_LINE_MAX && memchr(line, '\0', len) == NULL && memchr(line, '(', len) == NULL &&
	       (has_word(line, len, "DS") || has_word(line, len, "DNSKEY"));
}

static void check_anchors(struct conf_load *c, const struct conf_node *at, const char *path)
{
	const struct conf_draft *d = &c->draft;
	uint32_t line = 1;

	for (size_t i = 0; i < d->anchors_len; line++) {
		const char *from = (const char *)d->anchors + i;
		const char *end = memchr(from, '\n', d->anchors_len - i);
		size_t len = end != NULL ? (size_t)(end - from) : d->anchors_len - i;
		if (!anchor_ok(from, len)) {
			conf_error(c, at, "trust_anchors: line %u of %.100s is no DS or DNSKEY record on one line; mend the file", line, path);
			return;
		}
		i += len + 1;
	}
}

static void read_anchors(struct conf_load *c)
{
	struct conf_draft *d = &c->draft;
	bool named = d->private.trust_anchors[0] != '\0';
	const char *path = named ? d->private.trust_anchors : ANCHORS_DEFAULT;
	const struct conf_node *at = conf_tree_place(c->tree.root, "dns.trust_anchors");
	result r = FAIL(E_NOT_FOUND);

	if (strcmp(path, ANCHORS_NONE) == 0)
		return;
	d->anchors = memory_alloc(ANCHORS_MAX);
	c->messages.no_memory |= d->anchors == NULL;
	if (d->anchors != NULL && c->hooks != NULL && c->hooks->read != NULL)
		r = c->hooks->read(c->hooks->ctx, path, d->anchors, ANCHORS_MAX, &d->anchors_len);
	if (is_ok(r)) {
		check_anchors(c, at, path);
		return;
	}
	d->anchors_len = 0;
	if (named)
		conf_error(c, at, "trust_anchors: %.100s cannot be read (%s); mend the path, or write none", path, error_name(r.error));
	else if (conf_tree_find(c->tree.root, "dns") != NULL)
		conf_say_at(c, CONF_WARNING, at,
			"%s is not there, so no DNS answer is validated; install dns-root-data, or name a file in dns.trust_anchors", path);
}

static void check_managed(struct conf_load *c)
{
	if (c->draft.settings.dns.managed_anchors[0] != '\0' && c->draft.anchors_len == 0)
		conf_error(c, conf_tree_place(c->tree.root, "dns.managed_anchors"),
			"managed_anchors: there is no trust anchor to begin with; install dns-root-data, or name a file in dns.trust_anchors");
}

void conf_check_dns(struct conf_load *c)
{
	read_anchors(c);
	check_managed(c);
	check_tls(c, &c->draft.settings.dns);
	check_policies(c, &c->draft.settings.dns, c->draft.anchors_len > 0);
}
