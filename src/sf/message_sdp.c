// SPDX-License-Identifier: Apache-2.0
// Bodies: the session description is found, handed to the port, and replaced in place; other parts of a
// multipart body stay as they are (RFC 5621).
#include "sf/message.h"

#include "wire/sip/multipart.h"

struct found {
	bool multipart;
	struct span sdp;
};

static struct span content_type(const struct sip_msg *m)
{
	const struct sip_line *l = sip_first(m, SIP_HDR_CONTENT_TYPE);

	return l != NULL ? l->value : span_make(0, 0);
}

static bool find(const struct sip_msg *m, struct found *f)
{
	struct span type = content_type(m);
	struct sip_multipart parts;

	*f = (struct found){.sdp = m->body};
	if (span_empty(m->body) || span_empty(type))
		return false;
	if (sip_content_type_is(m->buf, m->size, type, BYTES("application/sdp")))
		return true;
	if (!bytes_begin(sip_bytes(m, type), BYTES("multipart/")) &&
		!sip_content_type_is(m->buf, m->size, type, BYTES("multipart/mixed")))
		return false;
	if (!is_ok(sip_multipart_parse(m->buf, m->size, type, m->body, &parts)))
		return false;
	for (uint32_t i = 0; i < parts.count; i++) {
		if (!sip_content_type_is(
			    m->buf, m->size, parts.part[i].content_type, BYTES("application/sdp")))
			continue;
		f->multipart = true;
		f->sdp = parts.part[i].body;
		return true;
	}
	return false;
}

bool message_has_sdp(const struct sip_msg *m)
{
	struct found f;

	return find(m, &f);
}

struct message_body message_body_as_is(const struct sip_msg *m)
{
	return (struct message_body){.octets = sip_bytes(m, m->body), .type = sip_bytes(m, content_type(m))};
}

struct verdict message_sdp(struct branch *b, uint8_t side, enum sf_sdp_role role, const struct sip_msg *m,
	struct message_body *out)
{
	struct sf *sf = b->call->sf;
	struct sip_writer w;
	struct found f;
	uint32_t n = 0;
	bool sdp = find(m, &f);

	*out = (struct message_body){0};
	if (!sdp && role != SF_SDP_OFFER)
		return PASS;
	sip_write_init(&w, sf->body, SF_BODY_CAP);
	if (f.multipart)
		sip_write_octets(&w, sip_bytes(m, span_make(m->body.from, f.sdp.from)));
	b->media_open = true;
	struct verdict v = sf->config.port.sdp(
		sf->config.port.ctx, b->call, &b->pub, side, role, sdp ? sip_bytes(m, f.sdp) : BYTES(""), &w);
	if (v.action != VERDICT_PASS || !sdp)
		return v;
	if (f.multipart)
		sip_write_octets(&w, sip_bytes(m, span_make(f.sdp.to, m->body.to)));
	if (!is_ok(sip_write_end(&w, &n)))
		return REPLY(513, "Message Too Large");
	*out = (struct message_body){
		.octets = bytes_make(w.at, n), .replaced = true, .type = sip_bytes(m, content_type(m))};
	return PASS;
}
