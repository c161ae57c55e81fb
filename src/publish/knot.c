// SPDX-License-Identifier: Apache-2.0
// Text for another program. Each value was read by a grammar of names, addresses or base64, so that none of them can end a quote.
#include "publish/knot.h"

static const char *algorithm(const struct tsig_key *key)
{
	return key->algorithm == TSIG_HMAC_SHA512 ? "hmac-sha512" : "hmac-sha256";
}

// "192.0.2.1" and "2001:db8::1": without brackets.
static const char *host(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	struct bytes t = {(const uint8_t *)out, address_host_text(a, out)};
	if (t.len < 2 || out[0] != '[')
		return out;
	memmove(out, out + 1, t.len - 2);
	out[t.len - 2] = '\0';
	return out;
}

void publish_knot_zone(FILE *to, const struct conf_publish *p, const char *domain)
{
	fprintf(to, "$ORIGIN %s.\n$TTL %u\n", p->zone, p->ttl_s);
	fprintf(to, "@ SOA %s. hostmaster.%s. 1 3600 600 %d %d\n", p->nameserver[0], domain, KNOT_EXPIRE_S, KNOT_DENIAL_TTL_S);
	for (uint32_t i = 0; i < p->nameserver_count; i++)
		fprintf(to, "@ NS %s.\n", p->nameserver[i]);
}

static void print_server(FILE *to, const char *what, const struct conf_publish *p, const struct address *listen)
{
	char text[ADDRESS_TEXT_MAX];
	fprintf(to, "# %s of %s for Knot DNS 3.2, written by `sallyport luf publish --out`. It holds secrets.\n", what, p->zone);
	fprintf(to, "server:\n    rundir: \"/run/knot\"\n    user: knot:knot\n    listen: \"%s@%u\"\n", host(listen, text), listen->port);
	fprintf(to, "    identity: \"\"\n    version: \"\"\n\n"); // nobody is told
	fprintf(to, "log:\n  - target: syslog\n    any: info\n\n");
	fprintf(to, "database:\n    storage: \"/var/lib/knot\"\n\n");
}

static void print_key(FILE *to, const struct tsig_key *key)
{
	fprintf(to, "  - id: \"%s.\"\n    algorithm: %s\n    secret: \"%s\"\n", key->name, algorithm(key), key->secret);
}

static void print_remote(FILE *to, const char *id, const struct address *a, const struct address *via, const struct tsig_key *key)
{
	char text[ADDRESS_TEXT_MAX], from[ADDRESS_TEXT_MAX];
	fprintf(to, "  - id: %s\n    address: \"%s@%u\"\n    via: \"%s\"\n    key: \"%s.\"\n", id, host(a, text), a->port,
		host(via, from), key->name);
}

static void print_limit(FILE *to)
{
	fprintf(to, "mod-rrl:\n  - id: default\n    rate-limit: %d\n    slip: 2\n\n", KNOT_ANSWERS_PER_SECOND);
}

static void print_zone(FILE *to, const struct conf_publish *p)
{
	fprintf(to, "zone:\n  - domain: \"%s.\"\n    storage: \"/var/lib/knot\"\n    file: \"%s.zone\"\n", p->zone, p->zone);
	fprintf(to, "    module: mod-rrl/default\n");
}

static void print_acl(FILE *to, const struct conf_publish *p, const struct tsig_key *key, const struct tsig_key *copy)
{
	char text[ADDRESS_TEXT_MAX];
	// Neither SOA, NS nor keys: NAPTR alone, and below the zone's name.
	fprintf(to, "acl:\n  - id: publish\n    key: \"%s.\"\n    action: [transfer, update]\n    update-type: [NAPTR]\n"
		"    update-owner: zone\n    update-owner-match: sub\n", key->name);
	for (uint32_t i = 0; copy != NULL && i < p->secondary_count; i++)
		fprintf(to, "  - id: copy%u\n    address: \"%s\"\n    key: \"%s.\"\n    action: transfer\n", i + 1,
			host(&p->secondary[i], text), copy->name);
	fputc('\n', to);
}

void publish_knot_primary(FILE *to, const struct conf_publish *p, const struct tsig_key *key, const struct tsig_key *copy)
{
	uint32_t secondaries = copy != NULL ? p->secondary_count : 0;
	print_server(to, "Primary", p, &p->primary);
	fprintf(to, "key:\n");
	print_key(to, key);
	if (copy != NULL)
		print_key(to, copy);
	if (secondaries > 0)
		fprintf(to, "\nremote:\n");
	for (uint32_t i = 0; i < secondaries; i++) {
		char id[24];
		snprintf(id, sizeof(id), "secondary%u", i + 1);
		print_remote(to, id, &p->secondary[i], &p->primary, copy);
	}
	fputc('\n', to);
	print_acl(to, p, key, copy);
	fprintf(to, "policy:\n  - id: enum\n    algorithm: ECDSAP256SHA256\n    nsec3: on\n    nsec3-iterations: 0\n"
		"    nsec3-salt-length: 0\n\n");
	print_limit(to);
	print_zone(to, p);
	// The file is written after each change. Were it left as it began (zonefile-sync -1), `difference` would take every
	// published record back at the next start.
	fprintf(to, "    dnssec-signing: on\n    dnssec-policy: enum\n    serial-policy: unixtime\n    zonefile-load: whole\n"
		"    zonefile-sync: 0\n    acl: [publish");
	for (uint32_t i = 0; i < secondaries; i++)
		fprintf(to, ", copy%u", i + 1);
	fprintf(to, "]\n");
	for (uint32_t i = 0; i < secondaries; i++)
		fprintf(to, "%ssecondary%u%s", i == 0 ? "    notify: [" : ", ", i + 1, i + 1 == secondaries ? "]\n" : "");
}

void publish_knot_secondary(FILE *to, const struct conf_publish *p, const struct tsig_key *copy, uint32_t i)
{
	char text[ADDRESS_TEXT_MAX];
	print_server(to, "Secondary", p, &p->secondary[i]);
	fprintf(to, "key:\n");
	print_key(to, copy);
	fprintf(to, "\nremote:\n");
	print_remote(to, "primary", &p->primary, &p->secondary[i], copy);
	fprintf(to, "\nacl:\n  - id: primary\n    address: \"%s\"\n    key: \"%s.\"\n    action: notify\n\n", host(&p->primary, text),
		copy->name);
	print_limit(to);
	print_zone(to, p);
	fprintf(to, "    master: primary\n    acl: primary\n    dnssec-validation: on\n");
}
