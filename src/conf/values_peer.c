// SPDX-License-Identifier: Apache-2.0
// Grammars of the values of one peer. Lists append; the walk has bounded the number of items.
#include "conf/values.h"

enum {
	E164_DIGITS = 15,    // ITU-T E.164
	REROUTE_FIRST = 400, // a redirect is not a failure, and a success is none
	REROUTE_LAST = 699,
};

bool conf_set_peer_name(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_name(n->text, ((struct conf_peer *)target)->peer.name);
}

bool conf_set_peer_zone(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_name(n->text, ((struct conf_peer *)target)->zone_name);
}

bool conf_set_reach_domain(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_domain(n->text, ((struct conf_peer *)target)->peer.reach_domain);
}

bool conf_set_demand_below(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_domain(n->text, ((struct conf_peer *)target)->peer.demand_below);
}

bool conf_set_reach_transport(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_transport(n->text, n->text_len, &((struct conf_peer *)target)->peer.reach_transport);
}

// "name" or "name:port".
static bool read_named_target(const char *text, struct conf_target *t)
{
	char host[DOMAIN_MAX];
	size_t len = strcspn(text, ":");
	uint32_t port = 0;

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (text[len] == ':') {
		const char *digits = text + len + 1;
		size_t n = strlen(digits);
		if (n == 0 || n > 5 || strspn(digits, "0123456789") != n)
			return false;
		for (size_t i = 0; i < n; i++)
			port = port * 10 + (uint32_t)(digits[i] - '0');
		if (port == 0 || port > UINT16_MAX)
			return false;
	}
	t->port = (uint16_t)port;
	// A last label of digits is a broken address, not a name (RFC3696#2).
	len = strlen(host);
	return conf_read_domain(host, t->host) && !(host[len - 1] >= '0' && host[len - 1] <= '9');
}

bool conf_set_target(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_peer *p = target;
	struct conf_target t = {.transport = CONF_UNSET, .node = n};
	const char *rest = n->text;
	size_t word = strcspn(rest, ":");

	UNUSED(c);
	if (rest[word] == ':' && conf_read_transport(rest, word, &t.transport))
		rest += word + 1;
	if (is_ok(address_parse(bytes_of_string(rest), &t.address)) && t.address.port != 0)
		t.port = t.address.port;
	else if (!is_ok(address_parse_host(bytes_of_string(rest), 0, &t.address))) {
		t.address = (struct address){0};
		if (!read_named_target(rest, &t))
			return false;
	}
	if (p->target_count < PEER_TARGETS_MAX)
		p->target[p->target_count++] = t;
	return true;
}

// A DNS name or "sip:" with one (RFC5922#7.1). No wildcard, no address, no user part.
bool conf_set_tls_name(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;
	const char *host = strncmp(n->text, "sip:", 4) == 0 ? n->text + 4 : n->text;
	size_t scheme = (size_t)(host - n->text);
	char domain[DOMAIN_MAX];
	struct address a;

	UNUSED(c);
	if (!conf_read_domain(host, domain) || is_ok(address_parse_host(bytes_of_string(host), 0, &a)))
		return false;
	if (p->tls_name_count >= PEER_TLS_NAMES_MAX || scheme + strlen(domain) >= DOMAIN_MAX)
		return false;
	memcpy(p->tls_name[p->tls_name_count], n->text, scheme);
	memcpy(p->tls_name[p->tls_name_count] + scheme, domain, strlen(domain) + 1);
	p->tls_name_count++;
	return true;
}

static bool add_prefix(struct conf_load *c, const struct conf_node *n, struct prefix *list, uint8_t *count)
{
	struct address base = {0};
	struct prefix p;

	if (!is_ok(prefix_parse(bytes_of_string(n->text), &p)))
		return false;
	if (p.bits == 0) {
		conf_error(c, n, "addresses: %s names everybody; write the ranges that the peer told you",
			n->text);
		return true;
	}
	base.family = p.family;
	memcpy(base.ip, p.ip, sizeof(base.ip));
	if (address_classify(&base) == ADDRESS_MULTICAST) {
		conf_error(c, n, "addresses: %s is multicast; write unicast ranges", n->text);
		return true;
	}
	if (*count < PEER_PREFIXES_MAX)
		list[(*count)++] = p;
	return true;
}

bool conf_set_address(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;

	return add_prefix(c, n, p->address, &p->address_count);
}

bool conf_set_media_address(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;

	return add_prefix(c, n, p->media_address, &p->media_address_count);
}

static bool add_number(
	struct conf_load *c, const struct conf_node *n, struct number_prefix *list, uint8_t *count)
{
	struct number_prefix p = {.digits = ""};

	if (*count >= PEER_NUMBERS_MAX)
		return false;
	if (strcmp(n->text, "any") != 0) {
		if (n->text[0] != '+' || n->text_len < 2 || n->text_len > E164_DIGITS + 1 ||
			strspn(n->text + 1, "0123456789") != n->text_len - 1u)
			return false;
		memcpy(p.digits, n->text, n->text_len);
	}
	if (*count > 0 && (p.digits[0] == '\0' || list[0].digits[0] == '\0')) {
		conf_error(c, n, "numbers: any stands alone; remove it, or the prefixes beside it");
		return true;
	}
	list[(*count)++] = p;
	return true;
}

bool conf_set_calls_from(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;

	return add_number(c, n, p->calls_from, &p->calls_from_count);
}

bool conf_set_calls_to(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;

	if (strcmp(n->text, "registry") != 0)
		return add_number(c, n, p->calls_to, &p->calls_to_count) && !p->numbers_by_registry;
	p->numbers_by_registry = 1;
	return p->calls_to_count == 0;
}

bool conf_set_codec(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;

	UNUSED(c);
	if (n->text_len == 0 || n->text_len >= CODEC_NAME_MAX || p->codec_count >= PEER_CODECS_MAX ||
		strspn(n->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._+") !=
			n->text_len)
		return false;
	memcpy(p->codec[p->codec_count++], n->text, n->text_len + 1);
	return true;
}

bool conf_set_suite(struct conf_load *c, void *target, const struct conf_node *n)
{
	static const struct {
		const char *name;
		enum media_suite suite;
	} suites[] = {
		{"AES_CM_128_HMAC_SHA1_80", SUITE_AES_CM_128_HMAC_SHA1_80},
		{"AEAD_AES_128_GCM", SUITE_AEAD_AES_128_GCM},
		{"AEAD_AES_256_GCM", SUITE_AEAD_AES_256_GCM},
	};
	struct peer *p = &((struct conf_peer *)target)->peer;

	UNUSED(c);
	for (size_t i = 0; i < ARRAY_LEN(suites) && p->suite_count < MEDIA_SUITES_MAX; i++) {
		if (strcmp(n->text, suites[i].name) == 0) {
			p->suite[p->suite_count++] = (uint8_t)suites[i].suite;
			return true;
		}
	}
	return false;
}

bool conf_set_reroute(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;
	uint32_t code = 0;

	UNUSED(c);
	if (strcmp(n->text, "timeout") == 0) {
		p->reroute_on_timeout = 1;
		return true;
	}
	if (n->text_len != 3 || strspn(n->text, "0123456789") != 3 || p->reroute_count >= PEER_REROUTE_MAX)
		return false;
	for (uint32_t i = 0; i < 3; i++)
		code = code * 10 + (uint32_t)(n->text[i] - '0');
	if (code < REROUTE_FIRST || code > REROUTE_LAST)
		return false;
	p->reroute_on[p->reroute_count++] = (uint16_t)code;
	return true;
}

bool conf_set_extension(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;
	bool reliable = strcmp(n->text, "100rel") == 0, timer = strcmp(n->text, "timer") == 0;

	UNUSED(c);
	p->require_100rel |= reliable;
	p->require_timer |= timer;
	return reliable || timer;
}

static bool read_control(const char *text, uint8_t *out)
{
	for (uint8_t i = 0; i < CONTROL_COUNT; i++) {
		if (strcmp(text, control_name((enum control)i)) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

bool conf_set_shadow(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct peer *p = &((struct conf_peer *)target)->peer;
	uint8_t control;

	if (!read_control(n->text, &control))
		return false;
	p->shadow[control] = 1;
	conf_say_at(c, CONF_WARNING, n,
		"control %s is in shadow: it decides and counts but refuses nothing; remove it "
		"from `shadow` when its counters are clean",
		n->text);
	return true;
}

bool conf_set_waiver_control(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return read_control(n->text, &((struct conf_waiver *)target)->control);
}

bool conf_set_waiver_until(struct conf_load *c, void *target, const struct conf_node *n)
{
	UNUSED(c);
	return conf_read_date(n->text, &((struct conf_waiver *)target)->until_ms);
}
