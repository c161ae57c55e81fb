// SPDX-License-Identifier: Apache-2.0
// Is a block a whole snapshot of this build? Every count, offset, enumeration and string end is bounded
// here, once, so that readers of a checked snapshot may index with its counts.
//
// Trusts nothing in the block. A failed check is E_CONFIG: the child refuses the snapshot and keeps the
// one it has.
#include "registry/snapshot_seal.h"

#include <stdalign.h>

enum { DSCP_MAX = 63 }; // six bits (RFC2474#3)

static bool text_ok(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static bool flag_ok(uint8_t flag)
{
	return flag <= 1;
}

static bool address_ok(const struct address *a)
{
	return a->family == 0 || a->family == 4 || a->family == 6;
}

// Bits beyond the prefix must be 0: the address index sorts by them.
static bool prefix_ok(const struct prefix *p)
{
	if (!(p->family == 4 && p->bits <= 32) && !(p->family == 6 && p->bits <= 128))
		return false;
	for (uint32_t bit = p->bits; bit < 128; bit++) {
		if ((p->ip[bit / 8] & (0x80u >> (bit % 8))) != 0)
			return false;
	}
	return true;
}

static bool prefixes_ok(const struct prefix *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!prefix_ok(&p[i]))
			return false;
	}
	return true;
}

static bool number_ok(const struct number_prefix *n, bool alone)
{
	if (!text_ok(n->digits, sizeof(n->digits)))
		return false;
	if (n->digits[0] == '\0')
		return alone;
	return n->digits[0] == '+' && strspn(n->digits + 1, "0123456789") == strlen(n->digits) - 1;
}

static bool numbers_ok(const struct number_prefix *list, uint32_t n)
{
	if (n > PEER_NUMBERS_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (!number_ok(&list[i], n == 1))
			return false;
	}
	return true;
}

static bool blob_ok(const struct snapshot *s, struct blob b)
{
	if (b.len == 0)
		return true;
	return b.offset >= sizeof(*s) && b.offset <= s->size && b.len <= s->size - b.offset;
}

static bool dns_ok(const struct snapshot *s)
{
	const struct dns_settings *d = &s->settings.dns;
	bool good = d->upstream_count <= DNS_UPSTREAMS_MAX && d->policy_count <= DNS_POLICIES_MAX && d->only_count <= DNS_ONLY_MAX;

	for (uint32_t i = 0; good && i < DNS_UPSTREAMS_MAX; i++)
		good = address_ok(&d->upstream[i]);
	for (uint32_t i = 0; good && i < DNS_POLICIES_MAX; i++)
		good = text_ok(d->policy[i].suffix, sizeof(d->policy[i].suffix)) && d->policy[i].dnssec <= DNSSEC_OFF;
	for (uint32_t i = 0; good && i < DNS_ONLY_MAX; i++)
		good = text_ok(d->only[i], sizeof(d->only[i]));
	return good && text_ok(d->managed_anchors, sizeof(d->managed_anchors)) && blob_ok(s, d->trust_anchors);
}

static bool luf_ok(const struct luf_settings *l)
{
	bool good = l->apex_count <= LUF_APEXES_MAX;

	for (uint32_t i = 0; good && i < LUF_APEXES_MAX; i++)
		good = text_ok(l->apex[i].domain, sizeof(l->apex[i].domain)) && flag_ok(l->apex[i].dnssec);
	return good;
}

static bool portal_ok(const struct snapshot *s)
{
	const struct portal_settings *p = &s->settings.portal;
	bool good = p->address_count <= PORTAL_ADDRESSES_MAX && (p->address_count == 0 || p->zone < s->zone_count);

	for (uint32_t i = 0; good && i < PORTAL_ADDRESSES_MAX; i++)
		good = address_ok(&p->address[i]) && (i >= p->address_count || p->address[i].family != 0);
	return good;
}

static bool settings_ok(const struct snapshot *s)
{
	const struct settings *g = &s->settings;

	return text_ok(g->domain, sizeof(g->domain)) && text_ok(g->records_path, sizeof(g->records_path)) &&
	       text_ok(g->trace_path, sizeof(g->trace_path)) &&
	       text_ok(g->admin_socket, sizeof(g->admin_socket)) && flag_ok(g->records_when_full_drop) &&
	       address_ok(&g->metrics) && blob_ok(s, g->certificate) && flag_ok(g->registry) && luf_ok(&g->luf) && portal_ok(s) && dns_ok(s);
}

static bool zone_ok(const struct zone *z)
{
	return text_ok(z->name, sizeof(z->name)) && flag_ok(z->is_core) && flag_ok(z->transit);
}

static bool listener_ok(const struct snapshot *s, const struct listener *l)
{
	if (!text_ok(l->name, sizeof(l->name)) || !text_ok(l->interface, sizeof(l->interface)))
		return false;
	if (l->zone >= s->zone_count || l->sip_count > LISTENER_SIP_MAX || !flag_ok(l->strangers_answer))
		return false;
	for (uint32_t i = 0; i < l->sip_count; i++) {
		if (l->sip[i].transport >= TRANSPORT_COUNT || !address_ok(&l->sip[i].address) ||
			l->sip[i].address.family == 0)
			return false;
	}
	return address_ok(&l->media) && address_ok(&l->advertise) && l->media_first <= l->media_last &&
	       l->dscp_sip <= DSCP_MAX && l->dscp_media <= DSCP_MAX;
}

static bool peer_counts_ok(const struct peer *p)
{
	return p->target_count <= PEER_TARGETS_MAX && p->tls_name_count <= PEER_TLS_NAMES_MAX &&
	       p->address_count <= PEER_PREFIXES_MAX && p->media_address_count <= PEER_PREFIXES_MAX &&
	       p->codec_count <= PEER_CODECS_MAX && p->suite_count <= MEDIA_SUITES_MAX &&
	       p->reroute_count <= PEER_REROUTE_MAX;
}

static bool peer_enums_ok(const struct peer *p)
{
	return p->reach_transport < TRANSPORT_COUNT && p->target_policy <= TARGETS_BALANCE &&
	       p->srtp <= SRTP_REQUIRED && p->keying <= PEER_KEYING_PER_LEG && flag_ok(p->in_service) &&
	       flag_ok(p->blocked) && p->vacant == (p->demand_below[0] != '\0' && p->reach_domain[0] == '\0') && flag_ok(p->removed) && flag_ok(p->anchor) &&
	       flag_ok(p->headers_strict) && flag_ok(p->trusted_identity) && flag_ok(p->priority) &&
	       flag_ok(p->require_100rel) && flag_ok(p->require_timer) &&
	       flag_ok(p->reroute_on_timeout) && flag_ok(p->portal.lookup) && flag_ok(p->portal.profile);
}

static bool peer_texts_ok(const struct peer *p)
{
	if (!text_ok(p->name, sizeof(p->name)) || p->name[0] == '\0' ||
		!text_ok(p->why_out, sizeof(p->why_out)) ||
		!text_ok(p->reach_domain, sizeof(p->reach_domain)) || !text_ok(p->demand_below, sizeof(p->demand_below)))
		return false;
	for (uint32_t i = 0; i < PEER_TLS_NAMES_MAX; i++) {
		if (!text_ok(p->tls_name[i], sizeof(p->tls_name[i])))
			return false;
	}
	for (uint32_t i = 0; i < PEER_CODECS_MAX; i++) {
		if (!text_ok(p->codec[i], sizeof(p->codec[i])))
			return false;
	}
	for (uint32_t i = 0; i < CONTROL_COUNT; i++) {
		if (!text_ok(p->waiver[i].reason, sizeof(p->waiver[i].reason)) ||
			!flag_ok(p->waiver[i].set) || !flag_ok(p->shadow[i]))
			return false;
	}
	return true;
}

static bool peer_ok(const struct snapshot *s, const struct peer *p)
{
	if (p->zone >= s->zone_count || !peer_counts_ok(p) || !peer_enums_ok(p) || !peer_texts_ok(p))
		return false;
	for (uint32_t i = 0; i < p->target_count; i++) {
		if (p->target[i].transport >= TRANSPORT_COUNT || p->target[i].origin >= HOP_ORIGIN_COUNT || !address_ok(&p->target[i].address) ||
			p->target[i].address.family == 0)
			return false;
	}
	for (uint32_t i = 0; i < p->suite_count; i++) {
		if (p->suite[i] == SUITE_NONE || p->suite[i] >= SUITE_COUNT)
			return false;
	}
	return blob_ok(s, p->trust) && prefixes_ok(p->address, p->address_count) &&
	       prefixes_ok(p->media_address, p->media_address_count) &&
	       numbers_ok(p->calls_from, p->calls_from_count) && numbers_ok(p->calls_to, p->calls_to_count);
}

static bool head_ok(const struct snapshot *s)
{
	if (s->zone_count > ZONES_MAX || s->listener_count > LISTENERS_MAX || s->peer_count > PEERS_MAX)
		return false;
	for (uint32_t i = 0; i < s->zone_count; i++) {
		if (!zone_ok(&s->zone[i]))
			return false;
	}
	for (uint32_t i = 0; i < s->listener_count; i++) {
		if (!listener_ok(s, &s->listener[i]))
			return false;
	}
	return settings_ok(s) && blob_ok(s, s->peers) && s->peers.offset % alignof(struct peer) == 0 &&
	       s->peers.len == (size_t)s->peer_count * sizeof(struct peer);
}

result snapshot_check(const void *block, size_t size)
{
	const struct snapshot *s = block;
	uint8_t digest[SNAPSHOT_DIGEST_LEN];

	REQUIRE(block != NULL && (uintptr_t)block % alignof(struct snapshot) == 0, E_CONFIG);
	REQUIRE(size >= sizeof(*s) && size <= UINT32_MAX, E_CONFIG);
	REQUIRE(s->magic == SNAPSHOT_MAGIC && s->version == SNAPSHOT_VERSION && s->size == size, E_CONFIG);
	snapshot_digest(s, size, digest);
	REQUIRE(memcmp(digest, s->checksum, sizeof(digest)) == 0, E_CONFIG);
	REQUIRE(head_ok(s), E_CONFIG);
	for (uint32_t i = 0; i < s->peer_count; i++) {
		const struct peer *p = snapshot_peer(s, (peer_id)i);
		REQUIRE(p != NULL && peer_ok(s, p), E_CONFIG);
	}
	return OK;
}
