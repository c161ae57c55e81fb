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

// Kinds of body that a border element understands well enough to carry.
static bool body_type_known(const struct sip_msg *m)
{
	const struct sip_line *l = sip_first(m, SIP_HDR_CONTENT_TYPE);
	if (l == NULL)
		return false;
	if (m->method == SIP_MESSAGE || m->method == SIP_INFO)
		return true; // opaque to us, passed as octets
	static const struct bytes types[] = {
		{(const uint8_t *)"application/sdp", 15},
		{(const uint8_t *)"multipart/mixed", 15},
		{(const uint8_t *)"application/dtmf-relay", 22},
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
