// SPDX-License-Identifier: Apache-2.0
// Look-ups by SIP (RFC6271#3.4 R5): on a listener of service look-up a request is answered 302. Contact names the responsible
// domain, and for a querier whose view holds them each next hop as a Route. LUF-C2, LRF-C1.
//
// Only over TLS that proved the peer, so confidential, whole and mutually authenticated (R15, R16); nothing is kept of it (LUF-A1).
#include "flow/gates.h"
#include "flow/state.h"

#include <stdio.h>
#include <string.h>

enum {
	TOLD_HOPS_MAX = 4,       // next hops told: more help nobody, and the answer fits one record
	CONTACT_MAX = 512,       // [octets] of one; user, domain and one hop
	ESCAPED_MAX = 3 * 128,
};

bool passage_asks_only(const struct passage *p)
{
	const struct snapshot *s = flow_snapshot(p->flow);
	return p->origin->listener < s->listener_count && s->listener[p->origin->listener].service == SERVICE_LOOKUP;
}

struct verdict gate_view(struct passage *p)
{
	if (!passage_asks_only(p))
		return PASS;
	if (!transport_is_secure(p->origin->transport) || p->origin->tls_peer == PEER_NONE)
		return REPLY(403, "Secure Transport Required");
	return p->policy->lookup_view != VIEW_NONE ? PASS : REPLY(403, "Look-Up Not Offered");
}

// A header value inside a URI: what may not stand there is escaped (RFC3261#19.1.1, hnv-unreserved).
static void escape(const char *text, char *out, size_t room)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()[]/?:+$";
	size_t n = 0;
	for (; *text != '\0' && n + 4 <= room; text++) {
		if (strchr(plain, *text) != NULL)
			out[n++] = *text;
		else
			n += (size_t)snprintf(out + n, room - n, "%%%02X", (unsigned)(uint8_t)*text);
	}
	out[n] = '\0';
}

// "<sip:USER@DOMAIN;user=phone?Route=...>;q=0.9" into OUT; HOP NULL: no Route.
static size_t contact(const struct passage *p, const struct hop *hop, uint32_t nth, char *out, size_t room)
{
	static const char *const transports[TRANSPORT_COUNT] = {"udp", "tcp", "tls", "dtls-udp"};
	char address[ADDRESS_TEXT_MAX], route[192], escaped[ESCAPED_MAX] = "";
	if (hop != NULL) {
		snprintf(route, sizeof(route), "<sip:%s;transport=%s;lr>", address_text(&hop->remote, address),
			transports[hop->transport % TRANSPORT_COUNT]);
		escape(route, escaped, sizeof(escaped));
	}
	int n = snprintf(out, room, "%s<%s:%s%s%s%s%s%s>;q=0.%u", nth > 0 ? ", " : "", p->plan.sips ? "sips" : "sip", p->plan.ruri_user,
		p->plan.ruri_user[0] != '\0' ? "@" : "", p->target.domain, p->query.number[0] != '\0' ? ";user=phone" : "",
		hop != NULL ? "?Route=" : "", escaped, 9 - nth);
	return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

// The I-th way into our own network that the querier's zone has: never the core's targets (LRF-C1).
static bool own_hop(const struct passage *p, uint32_t i, struct hop *out)
{
	const struct snapshot *s = flow_snapshot(p->flow);
	for (uint8_t k = 0; k < s->listener_count; k++) {
		const struct listener *l = &s->listener[k];
		for (uint8_t n = 0; l->zone == p->origin->zone && l->service == SERVICE_CALLS && n < l->sip_count; n++) {
			if (!transport_is_secure((enum transport)l->sip[n].transport) || i-- > 0)
				continue;
			*out = (struct hop){.transport = (enum transport)l->sip[n].transport, .remote = l->sip[n].address};
			if (l->advertise.family == l->sip[n].address.family)
				memcpy(out->remote.ip, l->advertise.ip, sizeof(out->remote.ip));
			return true;
		}
	}
	return false;
}

static bool told_hop(const struct passage *p, bool ours, uint32_t i, struct hop *out)
{
	if (p->policy->lookup_view != VIEW_ROUTE || i >= TOLD_HOPS_MAX)
		return false;
	if (ours)
		return own_hop(p, i, out);
	if (p->plan.peer_count == 0 || i >= p->plan.peer[0].hops_end)
		return false; // the domain told is that of the first peer alone
	*out = p->plan.sed.hop[i];
	return true;
}

struct verdict gate_redirect(struct passage *p)
{
	char text[TOLD_HOPS_MAX * CONTACT_MAX];
	const struct snapshot *s = flow_snapshot(p->flow);
	const struct peer *to = snapshot_peer(s, p->target.peer);
	struct hop hop;
	size_t n = 0;
	if (!passage_asks_only(p))
		return PASS;
	if (to == NULL || p->target.domain[0] == '\0')
		return REPLY(404, "Not Found");
	bool ours = s->zone[to->zone].is_core;
	if (p->dry)
		return DONE;
	for (uint32_t i = 0; told_hop(p, ours, i, &hop); i++)
		n += contact(p, &hop, i, text + n, sizeof(text) - n);
	if (n == 0)
		n = contact(p, NULL, 0, text, sizeof(text));
	if (n == 0)
		return REPLY(500, "Look-Up Answer Too Long");
	sf_redirect(p->flow->sf, p->msg, p->origin, bytes_make(text, n));
	return DONE;
}
