// SPDX-License-Identifier: Apache-2.0
// Every known header field has its grammar checked, and the body is of a kind that we carry: SF-I11.
#include "flow/gates.h"
#include "flow/state.h"
#include "wire/sip/header.h"
#include "wire/sip/multipart.h"

static struct bytes value_of(const struct sip_msg *m, enum sip_hdr id)
{
	const struct sip_line *l = sip_first(m, id);
	return l != NULL ? sip_bytes(m, l->value) : (struct bytes){NULL, 0};
}

// Methods of offer and answer (RFC3264, RFC3261#13.2.1, RFC3262#5, RFC3311#5).
static bool may_describe(const struct sip_msg *m)
{
	return m->method == SIP_INVITE || m->method == SIP_ACK || m->method == SIP_PRACK || m->method == SIP_UPDATE;
}

// Does a body of several parts hold a description? One that cannot be taken apart may, and so may parts within parts.
static bool hides_description(const struct sip_msg *m, const struct sip_line *type)
{
	struct sip_multipart parts;
	struct bytes kind = sip_bytes(m, type->value);
	if (kind.len < 10 || !bytes_equal_nocase(bytes_make(kind.at, 10), BYTES("multipart/")))
		return false;
	if (!is_ok(sip_multipart_parse(m->buf, m->size, type->value, m->body, &parts)))
		return true;
	for (uint32_t i = 0; i < parts.count; i++) {
		struct bytes part = span_bytes(m->buf, m->size, parts.part[i].content_type);
		bool nested = part.len >= 10 && bytes_equal_nocase(bytes_make(part.at, 10), BYTES("multipart/"));
		if (nested || sip_content_type_is(m->buf, m->size, parts.part[i].content_type, BYTES("application/sdp")))
			return true;
	}
	return false;
}

// Kinds of body that a border element understands well enough to carry.
static bool body_type_known(const struct sip_msg *m)
{
	const struct sip_line *l = sip_first(m, SIP_HDR_CONTENT_TYPE);
	if (l == NULL)
		return false;
	// A description where none is negotiated: nobody would rewrite its addresses (SF-C3).
	if (!may_describe(m) && (sip_content_type_is(m->buf, m->size, l->value, BYTES("application/sdp")) ||
					hides_description(m, l)))
		return false;
	if (m->method == SIP_MESSAGE || m->method == SIP_INFO)
		return true; // opaque to us, passed as octets
	static const struct bytes types[] = {
		{(const uint8_t *)"application/sdp", 15},
		{(const uint8_t *)"multipart/mixed", 15},
		{(const uint8_t *)"application/dtmf-relay", 22},
		{(const uint8_t *)"message/sipfrag", 15},
	};
	for (uint32_t i = 0; i < ARRAY_LEN(types); i++)
		if (sip_content_type_is(m->buf, m->size, l->value, types[i]))
			return true;
	return false;
}

struct verdict gate_headers(struct passage *p)
{
	const struct sip_msg *m = p->msg;
	struct sip_fault fault = {0};
	if (!is_ok(sip_msg_check_all(m, &fault)))
		return m->method == SIP_ACK ? DROP(fault.phrase) : REPLY(fault.status, fault.phrase);
	struct bytes encoding = value_of(m, SIP_HDR_CONTENT_ENCODING);
	if (encoding.len > 0 && !bytes_equal_nocase(encoding, BYTES("identity")))
		return REPLY(415, "Unsupported Content-Encoding");
	if (!span_empty(m->body) && !body_type_known(m))
		return m->method == SIP_ACK ? DROP("unknown body") : REPLY(415, "Unsupported Media Type");
	return PASS;
}

struct verdict gate_response_body(struct passage *p)
{
	const struct sip_msg *m = p->msg;
	const struct sip_line *l = sip_first(m, SIP_HDR_CONTENT_TYPE);
	if (span_empty(m->body) || l == NULL || may_describe(m))
		return PASS;
	if (sip_content_type_is(m->buf, m->size, l->value, BYTES("application/sdp")) || hides_description(m, l))
		return DROP("description where none is negotiated");
	return PASS;
}
