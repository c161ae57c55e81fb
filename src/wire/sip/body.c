// SPDX-License-Identifier: Apache-2.0
// Bodies, as RFC3261#7.4, RFC 2046 and RFC 5621 say: where the session description stands, and what else there is.
//
// A body of several parts may hold one description and, beside it, parts that may be ignored. Everything that could hold
// a second one unseen is a fault; what to do about it is for the gates.
#include "wire/sip/body.h"

#include "wire/sip/multipart.h"
#include "wire/sip/octet.h"

static struct span value_of(const struct sip_msg *m, enum sip_hdr id)
{
	const struct sip_line *l = sip_first(m, id);

	return l != NULL ? l->value : (struct span){0, 0};
}

// Nothing said means "session" for a description (RFC3261#20.11).
static bool for_the_session(const uint8_t *buf, uint32_t n, struct span disposition)
{
	struct span word = {disposition.from, disposition.from};

	if (span_empty(disposition))
		return true;
	word.to = scan_class(buf, disposition.to <= n ? disposition.to : n, disposition.from, OCT_TOKEN);
	return SCAN_IS(buf, n, word, "session");
}

static bool is_sdp(const uint8_t *buf, uint32_t n, struct span type)
{
	return sip_content_type_is(buf, n, type, BYTES("application/sdp"));
}

// The composite types (RFC2046#5): their content is described inside of them.
static bool is_composite(const uint8_t *buf, uint32_t n, struct span type)
{
	return sip_content_class_is(buf, n, type, BYTES("multipart")) || sip_content_class_is(buf, n, type, BYTES("message"));
}

static void note(struct sip_body *b, enum sip_body_fault fault)
{
	if (b->fault == SIP_BODY_FINE || fault < b->fault)
		b->fault = fault;
}

static void description_take(struct sip_body *b, const uint8_t *buf, uint32_t n, struct span sdp, struct span disposition)
{
	if (b->has_sdp) {
		note(b, SIP_BODY_SECOND);
		return;
	}
	b->has_sdp = true;
	b->sdp = sdp;
	if (span_empty(sdp))
		note(b, SIP_BODY_BROKEN);
	if (!for_the_session(buf, n, disposition))
		note(b, SIP_BODY_PURPOSE);
}

// Some readers look for a line "Content-Type: application/sdp" and not for where a header ends.
static bool names_sdp(const struct sip_msg *m, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (scan_word(m->buf, to, i, WORD("applicat"), 8) && scan_word(m->buf, to, i + 8, WORD("ion/sdp"), 7))
			return true;
	return false;
}

// Anywhere but in the type of the one description; that itself is read and written anew.
static bool names_sdp_elsewhere(const struct sip_msg *m, const struct sip_multipart *parts)
{
	uint32_t from = m->body.from;

	for (uint32_t i = 0; i < parts->count; i++) {
		const struct sip_part *p = &parts->part[i];
		if (!is_sdp(m->buf, m->size, p->content_type))
			continue;
		if (names_sdp(m, from, p->content_type.from) || names_sdp(m, p->content_type.to, p->body.from))
			return true;
		from = p->body.to;
	}
	return names_sdp(m, from, m->body.to);
}

static void parts_read(const struct sip_msg *m, struct span type, struct sip_body *b)
{
	struct sip_multipart parts;

	b->multipart = true;
	if (!is_ok(sip_multipart_parse(m->buf, m->size, type, m->body, &parts))) {
		note(b, SIP_BODY_BROKEN);
		return;
	}
	b->parts = parts.all;
	if (parts.ambiguous)
		note(b, SIP_BODY_BROKEN);
	if (names_sdp_elsewhere(m, &parts))
		note(b, SIP_BODY_SECOND);
	for (uint32_t i = 0; i < parts.count; i++) {
		const struct sip_part *p = &parts.part[i];
		if (p->coded)
			note(b, SIP_BODY_CODED);
		if (is_sdp(m->buf, m->size, p->content_type)) {
			b->length = b->has_sdp ? b->length : p->length;
			description_take(b, m->buf, m->size, p->body, p->disposition);
		} else if (is_composite(m->buf, m->size, p->content_type)) {
			note(b, SIP_BODY_NESTED);
		} else if (p->handling_required) {
			note(b, SIP_BODY_REQUIRED);
		}
	}
}

void sip_body_read(const struct sip_msg *m, struct sip_body *out)
{
	struct span type = value_of(m, SIP_HDR_CONTENT_TYPE);

	*out = (struct sip_body){.fault = SIP_BODY_FINE};
	if (span_empty(m->body) || span_empty(type))
		return;
	if (is_sdp(m->buf, m->size, type))
		description_take(out, m->buf, m->size, m->body, value_of(m, SIP_HDR_CONTENT_DISPOSITION));
	else if (sip_content_class_is(m->buf, m->size, type, BYTES("multipart")))
		parts_read(m, type, out);
	else if (sip_content_type_is(m->buf, m->size, type, BYTES("message/sip")) ||
		 sip_content_type_is(m->buf, m->size, type, BYTES("message/sipfrag")))
		note(out, SIP_BODY_NESTED);
}
