// SPDX-License-Identifier: Apache-2.0
// Answers without state (RFC3261#8.2.7): refusals, and OPTIONS that is for us.
//
// Over datagrams the source is not proved by a handshake: such an answer is never larger than its request
// (SF-A4). If the usual form would be, the compact one is tried, and else nothing goes out.
#include "sf/inside.h"

#include "sf/message.h"
#include "sf/options.h"

struct stateless { // an answer in the making
	const struct sip_msg *m;
	uint16_t status;
	struct bytes phrase; // empty: the usual one
	uint32_t retry_s;
	enum sip_hdr header; // with TAGS: Unsupported or Require
	struct bytes tags;
	bool capabilities;
	struct bytes contact; // of a redirection
};

static void write_answer(
	struct sf *sf, const struct stateless *a, const struct origin *o, bool compact, struct sip_writer *w)
{
	char tag[SF_TOKEN_LEN];
	// The same tag for every repetition of the request, without keeping anything.
	uint64_t hash = keyed_hash(sf->config.secret, sip_bytes(a->m, a->m->branch));

	for (uint32_t i = 0; i < 8; i++)
		tag[i] = "0123456789abcdef"[(hash >> (4 * i)) & 15];
	message_begin(sf, w);
	message_reply(w, a->m, &o->remote, a->status, a->phrase, bytes_make(tag, 8), compact);
	if (a->retry_s > 0)
		message_number(w, SIP_HDR_RETRY_AFTER, a->retry_s);
	if (a->contact.len > 0)
		sip_write_header(w, SIP_HDR_CONTACT, a->contact);
	if (a->tags.len > 0)
		sip_write_header(w, a->header, a->tags);
	if (a->capabilities && !compact)
		message_capabilities(w);
	else if (a->status == 405)
		message_allow(w);
	if (compact)
		sip_write_string(w, "l:0\r\n\r\n");
	else
		message_body(w, NULL);
}

static void answer(struct sf *sf, const struct stateless *a, const struct origin *o)
{
	const struct sf_port *port = &sf->config.port;
	bool bounded = !transport_is_stream(o->transport) && o->tls_peer == PEER_NONE;
	struct hop back = {.transport = o->transport,
		.listener = o->listener,
		.peer = o->tls_peer,
		.conn = o->conn,
		.remote = o->remote,
		.local = o->local};
	struct sip_writer w;
	struct bytes out;

	if (!a->m->is_request || a->m->method == SIP_ACK)
		return;
	write_answer(sf, a, o, false, &w);
	if (!message_end(&w, &out))
		return;
	if (bounded && out.len > a->m->size) {
		write_answer(sf, a, o, true, &w);
		if (!message_end(&w, &out) || out.len > a->m->size)
			return;
	}
	IGNORE_RESULT(port->send(
		port->ctx, &back, out, (struct sf_cookie){{0, 0}})); // lost: the request comes again
}

bool sf_refused_options(
	const struct sf *sf, const struct sip_msg *m, peer_id from, peer_id to, struct sip_writer *w)
{
	if (m->first[SIP_HDR_REQUIRE] == 0 && m->first[SIP_HDR_PROXY_REQUIRE] == 0)
		return false; // most
	struct sip_hdr_way way = sf_way(sf, from, to);
	return options_unsupported(m, to != PEER_NONE ? &way : NULL, w);
}

void sf_refuse(struct sf *sf, const struct sip_msg *m, const struct origin *o, const struct verdict *v, peer_id from,
	peer_id to)
{
	struct stateless a = {
		.m = m, .status = v->status, .phrase = v->reason != NULL ? bytes_of_string(v->reason) : BYTES(""), .retry_s = v->retry_after_s};
	uint8_t tags[OPTIONS_TEXT_MAX];
	struct sip_writer w;
	uint32_t n = 0;
	bool named = false;

	if (v->status < 200 || v->status > 699)
		return;
	sip_write_init(&w, tags, sizeof(tags));
	a.header = v->status == 421 ? SIP_HDR_REQUIRE : SIP_HDR_UNSUPPORTED;
	if (v->status == 420)
		named = sf_refused_options(sf, m, from, to, &w);
	else if (v->status == 421)
		named = options_missing(m, sf_required(sf, from), &w);
	if (named && is_ok(sip_write_end(&w, &n)))
		a.tags = bytes_make(tags, n);
	answer(sf, &a, o);
}

void sf_redirect(struct sf *sf, const struct sip_msg *m, const struct origin *o, struct bytes contact)
{
	struct stateless a = {.m = m, .status = 302, .contact = contact};

	answer(sf, &a, o);
}

struct verdict sf_check_options(const struct sf *sf, const struct sip_msg *m, peer_id from, peer_id to)
{
	uint8_t tags[OPTIONS_TEXT_MAX];
	struct sip_writer w;

	sip_write_init(&w, tags, sizeof(tags));
	if (sf_refused_options(sf, m, from, to, &w))
		return REPLY(420, "Bad Extension");
	if (m->method == SIP_INVITE && options_missing(m, sf_required(sf, from), &w))
		return REPLY(421, "Extension Required");
	return PASS;
}

struct verdict sf_step_options(
	struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer, const struct now *now)
{
	struct stateless a = {.m = m, .status = 200, .capabilities = true};
	struct verdict v = sf_check_loop(sf, m, o, peer, now);

	if (v.action != VERDICT_PASS)
		return v;
	v = sf_check_options(sf, m, peer, PEER_NONE);
	if (v.action != VERDICT_PASS)
		return v;
	if (sf->draining) {
		a.status = 503;
		a.retry_s = SF_DRAIN_RETRY_S;
	}
	answer(sf, &a, o);
	return DONE;
}
