// SPDX-License-Identifier: Apache-2.0
// Legs: their texts, remote target, route set and next hop (RFC3261#12).
//
// The next hop of requests in a dialog is taken from the route set or the target only when it is a numeric
// address within the peer's provisioned ranges; a Contact can never make us send elsewhere (SF-A4).
#include "sf/leg.h"

#include "base/memory.h"
#include "sf/call.h"
#include "sf/params.h"

static uint8_t *append(uint8_t *at, struct bytes b)
{
	if (b.len > 0)
		memcpy(at, b.at, b.len);
	return at + b.len;
}

result leg_text_new(struct leg_text **out, const struct leg_parts *p)
{
	size_t n = p->call_id.len + p->local.len + p->remote.len + p->remote_tag.len + p->target.len +
		   p->routes.len;

	REQUIRE(n <= LEG_TEXT_MAX, E_TOO_LONG);
	struct leg_text *t = memory_alloc(sizeof(*t) + n);
	REQUIRE(t != NULL, E_NO_MEMORY);
	t->refs = 1;
	t->call_id = (uint16_t)p->call_id.len;
	t->local = (uint16_t)p->local.len;
	t->remote = (uint16_t)p->remote.len;
	t->remote_tag = (uint16_t)p->remote_tag.len;
	t->target = (uint16_t)p->target.len;
	t->routes = (uint16_t)p->routes.len;
	uint8_t *at = append(t->octets, p->call_id);
	at = append(at, p->local);
	at = append(at, p->remote);
	at = append(at, p->remote_tag);
	at = append(at, p->target);
	append(at, p->routes);
	*out = t;
	return OK;
}

static struct bytes cut(const uint8_t **at, uint16_t n)
{
	struct bytes b = bytes_make(*at, n);

	*at += n;
	return b;
}

static struct leg_parts leg_text_parts(const struct leg_text *t)
{
	struct leg_parts p = {0};

	if (t == NULL)
		return p;
	const uint8_t *at = t->octets;
	p.call_id = cut(&at, t->call_id);
	p.local = cut(&at, t->local);
	p.remote = cut(&at, t->remote);
	p.remote_tag = cut(&at, t->remote_tag);
	p.target = cut(&at, t->target);
	p.routes = cut(&at, t->routes);
	return p;
}

struct leg_parts leg_parts(const struct sf_leg *l)
{
	return leg_text_parts(l->text);
}

struct leg_text *leg_text_hold(struct leg_text *t)
{
	t->refs++;
	return t;
}

static void leg_text_drop(struct leg_text *t)
{
	if (t != NULL && --t->refs == 0)
		memory_free(t);
}

result leg_set_parts(struct sf_leg *l, const struct leg_parts *p)
{
	struct leg_text *t = NULL;

	TRY(leg_text_new(&t, p));
	leg_text_drop(l->text);
	l->text = t;
	return OK;
}

void leg_clear(struct sf_leg *l)
{
	leg_text_drop(l->text);
	memory_free(l->sdp.at);
	*l = (struct sf_leg){.side = l->side};
}

result leg_read_target(const struct sip_msg *m, struct bytes *target)
{
	struct sip_list it = sip_list_begin(m, SIP_HDR_CONTACT);
	struct span v;
	struct sip_addr a;

	REQUIRE(sip_list_next(&it, &v), E_MISSING);
	TRY(sip_addr_parse(m->buf, m->size, v, &a));
	REQUIRE(!a.star, E_SYNTAX);
	REQUIRE(a.uri.scheme == SIP_SCHEME_SIP || a.uri.scheme == SIP_SCHEME_SIPS, E_UNSUPPORTED);
	*target = sip_bytes(m, a.uri.whole);
	return sip_list_next(&it, &v) ? FAIL(E_TOO_MANY) : OK;
}

result leg_read_routes(
	const struct sip_msg *m, bool reversed, uint8_t *buf, uint32_t cap, struct bytes *routes)
{
	struct span value[SF_ROUTES_MAX];
	uint32_t n = 0;
	struct sip_list it = sip_list_begin(m, SIP_HDR_RECORD_ROUTE);
	struct sip_writer w;

	for (struct span v; sip_list_next(&it, &v); n++) {
		REQUIRE(n < SF_ROUTES_MAX, E_TOO_MANY);
		value[n] = v;
	}
	sip_write_init(&w, buf, cap);
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			sip_write_string(&w, ", ");
		params_write_unfolded(&w, sip_bytes(m, value[reversed ? n - 1 - i : i]));
	}
	uint32_t length = 0;
	TRY(sip_write_end(&w, &length));
	*routes = bytes_make(buf, length);
	return OK;
}

result leg_read_party(const struct sip_msg *m, enum sip_hdr id, uint8_t *buf, uint32_t cap, struct bytes *out)
{
	const struct sip_line *l = sip_first(m, id);
	struct sip_addr a;
	struct sip_writer w;
	uint32_t length = 0;

	REQUIRE(l != NULL, E_MISSING);
	TRY(sip_addr_parse(m->buf, m->size, l->value, &a));
	sip_write_init(&w, buf, cap);
	params_write_addr_without(&w, m, l->value, &a, BYTES("tag"));
	TRY(sip_write_end(&w, &length));
	*out = bytes_make(buf, length);
	return OK;
}

// The host and port that a request with these routes and target goes to next; E_SYNTAX when it is a name.
static result next_address(const struct leg_parts *p, struct address *out)
{
	struct bytes text = p->routes.len > 0 ? p->routes : p->target;
	uint32_t n = (uint32_t)text.len, end = 0;
	struct sip_addr a;

	while (end < n && text.at[end] != '>') // first route: up to its closing bracket
		end++;
	struct span s = span_make(0, end < n && p->routes.len > 0 ? end + 1 : n);
	TRY(sip_addr_parse(text.at, n, s, &a));
	uint16_t fallback = a.uri.scheme == SIP_SCHEME_SIPS ? 5061 : 5060;
	return address_parse_host(
		span_bytes(text.at, n, a.uri.host), a.uri.has_port ? a.uri.port : fallback, out);
}

// Ranges of a zone may cover our own listener there: what we would send to it would come back to us. Zones may overlap.
static bool ours(const struct snapshot *s, zone_id zone, const struct address *a)
{
	for (uint32_t i = 0; i < s->listener_count && i < LISTENERS_MAX; i++) {
		const struct listener *l = &s->listener[i];
		for (uint32_t k = 0; l->zone == zone && k < l->sip_count && k < LISTENER_SIP_MAX; k++)
			if (l->sip[k].address.port == a->port && (address_same_host(&l->sip[k].address, a) ||
									 address_same_host(&l->advertise, a)))
				return true;
	}
	return false;
}

bool leg_peer_owns(const struct snapshot *s, const struct peer *p, const struct address *a)
{
	if (ours(s, p->zone, a))
		return false;
	if (prefixes_contain(p->address, p->address_count, a))
		return true;
	for (uint32_t i = 0; i < p->target_count && i < PEER_TARGETS_MAX; i++)
		if (address_same_host(&p->target[i].address, a))
			return true;
	return false;
}

bool leg_aim(struct sf_leg *l, const struct snapshot *s, const struct peer *peer)
{
	struct leg_parts p = leg_parts(l);
	struct address a = {0};

	if (peer == NULL || p.target.len == 0 || !is_ok(next_address(&p, &a)))
		return true;
	if (transport_is_secure((enum transport)l->transport) && a.port == 5060)
		a.port = 5061; // no port given: the secure default (RFC3261#19.1.2)
	if (!leg_peer_owns(s, peer, &a))
		return false;
	// The other family may have no socket here, or another address of ours.
	if (a.port != 0 && a.family == l->hop.remote.family)
		l->hop.remote = a;
	return true;
}

void leg_learn(struct sf_leg *l, const struct sip_msg *m)
{
	if (m->first[SIP_HDR_ALLOW] != 0)
		l->update = sip_list_has(m, SIP_HDR_ALLOW, BYTES("UPDATE"));
	if (m->first[SIP_HDR_SUPPORTED] != 0 || m->first[SIP_HDR_REQUIRE] != 0)
		l->reliable = sip_list_has(m, SIP_HDR_SUPPORTED, BYTES("100rel")) ||
			      sip_list_has(m, SIP_HDR_REQUIRE, BYTES("100rel"));
}
