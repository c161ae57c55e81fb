// SPDX-License-Identifier: Apache-2.0
// Where may this request go, and may this peer send it? SF-I12, SF-I3, LRF-I2.
//
// Never an open relay: the Request-URI names us or a provisioned peer's domain, the look-up finds a provisioned peer,
// and the caller's number lies in the ranges of the peer that brings the call.
#include "flow/gates.h"
#include "flow/state.h"
#include "luf/luf.h"

#include <string.h>

// Is HOST one of our own names or addresses on the listener that the request came to?
static bool host_is_ours(const struct passage *p, struct bytes host)
{
	const struct snapshot *s = flow_snapshot(p->flow);
	if (bytes_equal_nocase(host, bytes_of_string(s->settings.domain)))
		return true;
	struct address a;
	if (!is_ok(address_parse_host(host, 0, &a)))
		return false;
	const struct address *local = &p->origin->local;
	if (address_same_host(&a, local))
		return true;
	const struct listener *l = &s->listener[p->origin->listener];
	return l->advertise.family != 0 && address_same_host(&a, &l->advertise);
}

enum { MAILBOX_MAX = 4 + USER_MAX + DOMAIN_MAX }; // [octets] "sip:" and a mailbox

struct parsed { // a Request-URI, in the octets that it was parsed from
	const uint8_t *buf;
	uint32_t size;
	struct sip_uri uri;
	uint8_t kind; // enum uri_kind
	uint8_t text[MAILBOX_MAX];
};

static struct verdict query_from_uri(struct passage *p, const struct parsed *x)
{
	const struct sip_msg *m = p->msg;
	bool tel = x->kind == URI_KIND_TEL;
	struct bytes none = {NULL, 0}, host = tel ? none : span_bytes(x->buf, x->size, x->uri.host);
	bool ours = tel || host_is_ours(p, host);
	struct bytes user = tel ? bytes_of_string(p->called) : span_bytes(x->buf, x->size, x->uri.user);
	result r = luf_query_make(&p->query, x->kind, user, ours ? none : host, p->called, "");
	if (is_ok(r) && tel)
		r = luf_query_portability(&p->query, sip_bytes(m, m->ruri));
	if (!is_ok(r))
		return r.error == E_TOO_LONG ? REPLY(414, "Request-URI Too Long") : REPLY(400, "Bad Request-URI");
	p->query.from_peer = p->peer;
	p->query.from_zone = p->origin->zone;
	p->query.tell = passage_asks_only(p);
	if (!ours && !luf_knows_domain(p->flow->registry, &p->query))
		return REPLY(404, "Not Found");
	if (ours && p->called[0] == '\0' && m->method != SIP_OPTIONS)
		return REPLY(404, "Not Found");
	return PASS;
}

// im and pres name a mailbox, which SIP reaches by the same user and host (RFC3861#3, RFC3860, RFC3859). Their header fields would ride
// into our request: none are taken.
static bool mailbox(const struct passage *p, struct parsed *x)
{
	static const struct {
		struct bytes scheme;
		uint8_t kind;
	} known[] = {{BYTES("im:"), URI_KIND_IM}, {BYTES("pres:"), URI_KIND_PRES}};
	struct bytes whole = sip_bytes(p->msg, p->msg->ruri);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = known[i].scheme.len, rest = whole.len > n ? whole.len - n : 0;
		if (rest == 0 || 4 + rest > sizeof(x->text) || !bytes_equal_nocase(bytes_make(whole.at, n), known[i].scheme))
			continue;
		memcpy(x->text, "sip:", 4);
		memcpy(x->text + 4, whole.at + n, rest);
		x->buf = x->text;
		x->size = (uint32_t)(4 + rest);
		x->kind = known[i].kind;
		return is_ok(sip_uri_parse(x->buf, x->size, span_make(0, x->size), &x->uri)) && x->uri.has_user &&
		       span_empty(x->uri.headers) && span_empty(x->uri.params) && span_empty(x->uri.password);
	}
	return false;
}

struct verdict gate_destination(struct passage *p)
{
	const struct sip_msg *m = p->msg;
	struct parsed x = {.buf = m->buf, .size = m->size};
	if (!is_ok(sip_uri_parse(m->buf, m->size, m->ruri, &x.uri)))
		return REPLY(400, "Bad Request-URI");
	x.kind = x.uri.scheme == SIP_SCHEME_TEL ? URI_KIND_TEL : x.uri.scheme == SIP_SCHEME_SIPS ? URI_KIND_SIPS : URI_KIND_SIP;
	if (x.uri.scheme == SIP_SCHEME_OTHER && !mailbox(p, &x))
		return REPLY(416, "Unsupported URI Scheme");
	sip_uri_number(x.buf, x.size, &x.uri, p->called, sizeof(p->called));
	if (x.kind == URI_KIND_TEL && p->called[0] == '\0')
		return REPLY(484, "Address Incomplete");
	return query_from_uri(p, &x);
}

// The caller's number: P-Asserted-Identity where the peer is inside our trust domain (RFC 3325), else From.
static void caller_number(struct passage *p)
{
	const struct sip_msg *m = p->msg;
	struct sip_addr addr;
	struct span v;
	struct sip_list it = sip_list_begin(m, SIP_HDR_P_ASSERTED_IDENTITY);
	p->caller[0] = '\0';
	while (p->policy->trusted_identity && sip_list_next(&it, &v)) {
		if (is_ok(sip_addr_parse(m->buf, m->size, v, &addr)))
			sip_uri_number(m->buf, m->size, &addr.uri, p->caller, sizeof(p->caller));
		if (p->caller[0] != '\0')
			return;
	}
	const struct sip_line *from = sip_first(m, SIP_HDR_FROM);
	if (from != NULL && is_ok(sip_addr_parse(m->buf, m->size, from->value, &addr)))
		sip_uri_number(m->buf, m->size, &addr.uri, p->caller, sizeof(p->caller));
}

struct verdict gate_identity(struct passage *p)
{
	if (p->msg->method == SIP_OPTIONS)
		return PASS; // answered here: nothing is asserted towards anyone
	caller_number(p);
	text_copy(p->query.caller, sizeof(p->query.caller), p->caller, strlen(p->caller));
	if (numbers_contain(p->policy->calls_from, p->policy->calls_from_count, p->caller))
		return PASS;
	return REPLY(403, "Caller Not Provisioned");
}
