// SPDX-License-Identifier: Apache-2.0
// Bodies: the session description is found, handed to the port, and replaced in place; other parts of a
// multipart body stay as they are (RFC 5621), what stands before the first and behind the last is left out. That
// there is no second description is a gate's word: src/flow/gate_body.c.
#include "sf/message.h"

#include "wire/sip/body.h"

bool message_has_sdp(const struct sip_msg *m)
{
	struct sip_body body;

	sip_body_read(m, &body);
	return body.has_sdp;
}

static struct span content_type(const struct sip_msg *m)
{
	const struct sip_line *l = sip_first(m, SIP_HDR_CONTENT_TYPE);

	return l != NULL ? l->value : span_make(0, 0);
}

struct message_body message_body_as_is(const struct sip_msg *m)
{
	return (struct message_body){.octets = sip_bytes(m, m->body), .type = sip_bytes(m, content_type(m))};
}

// What stands before the description; the length of its part is left out, for it was that of another one.
static void write_before(struct sip_writer *w, const struct sip_msg *m, const struct sip_body *f)
{
	struct span before = span_make(f->parts.from, f->sdp.from);

	if (!span_empty(f->length)) {
		sip_write_octets(w, sip_bytes(m, span_make(before.from, f->length.from)));
		before.from = f->length.to;
	}
	sip_write_octets(w, sip_bytes(m, before));
}

struct verdict message_sdp(struct branch *b, uint8_t side, enum sf_sdp_role role, const struct sip_msg *m,
	struct message_body *out)
{
	struct sf *sf = b->call->sf;
	struct sip_writer w;
	struct sip_body f;
	uint32_t n = 0;

	sip_body_read(m, &f);
	bool sdp = f.has_sdp;
	*out = (struct message_body){0};
	if (!sdp && role != SF_SDP_OFFER)
		return PASS;
	sip_write_init(&w, sf->body, SF_BODY_CAP);
	if (sdp && f.multipart)
		write_before(&w, m, &f);
	uint32_t from = w.len;
	b->media_open = true;
	struct verdict v = sf->config.port.sdp(
		sf->config.port.ctx, b->call, &b->pub, side, role, sdp ? sip_bytes(m, f.sdp) : BYTES(""), &w);
	if (v.action != VERDICT_PASS || !sdp)
		return v;
	uint32_t to = w.len;
	if (f.multipart)
		sip_write_octets(&w, sip_bytes(m, span_make(f.sdp.to, f.parts.to)));
	if (!is_ok(sip_write_end(&w, &n)))
		return REPLY(513, "Message Too Large");
	*out = (struct message_body){.octets = bytes_make(w.at, n),
		.sdp = bytes_make(w.at + from, to - from),
		.replaced = true,
		.type = sip_bytes(m, content_type(m))};
	return PASS;
}
