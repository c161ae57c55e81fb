// SPDX-License-Identifier: Apache-2.0
// Shared by the SIP fuzz targets: parse -> check -> every value -> rewrite -> serialise -> parse again; and what parses goes
// through the gates of a whole worker (test/support/flow_play.c), where everything that leaves because of it is parsed again.
#ifndef FUZZ_SIP_H
#define FUZZ_SIP_H

#include "../support/flow_rig.c"
#include "../support/ldr_rig.c"
#include "../support/flow_play.c"

#include "wire/sip/header.h"
#include "wire/sip/body.h"
#include "wire/sip/multipart.h"
#include "wire/sip/sip.h"
#include "wire/sip/write.h"

#include <stdlib.h>

static inline void must(bool held)
{
	if (!held)
		__builtin_trap();
}

static inline void span_within(struct span s, uint32_t n)
{
	must(s.from <= s.to && s.to <= n);
}

// Every span of what was read lies in the message.
static inline void fuzz_spans(const struct sip_msg *m)
{
	const struct span all[] = {m->method_name, m->ruri, m->reason, m->headers, m->body, m->call_id, m->from_tag, m->to_tag,
		m->branch};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		span_within(all[i], m->size);
	for (uint32_t i = 0; i < m->line_count; i++) {
		span_within(m->line[i].name, m->size);
		span_within(m->line[i].value, m->size);
	}
}

// Write M as a border would that strips nothing, and parse the outcome: it means the same.
static inline void fuzz_rewrite(const struct sip_msg *m)
{
	static uint8_t out[2 * SIP_MESSAGE_MAX_STREAM];
	struct sip_writer w;
	struct sip_msg again;
	struct sip_fault fault;
	uint32_t len, frame;

	sip_write_init(&w, out, sizeof(out));
	if (m->is_request)
		sip_write_request_line(&w, sip_bytes(m, m->method_name), sip_bytes(m, m->ruri));
	else
		sip_write_status_line(&w, m->status, sip_bytes(m, m->reason));
	for (uint32_t i = 0; i < m->line_count; i++)
		if (m->line[i].id != SIP_HDR_CONTENT_LENGTH)
			sip_write_line(&w, m, &m->line[i]);
	sip_write_body(&w, sip_bytes(m, m->body));
	must(is_ok(sip_write_end(&w, &len)));
	if (len > SIP_MESSAGE_MAX_STREAM || m->line_count == SIP_HEADERS_MAX)
		return;
	result r = sip_msg_parse(&again, out, len, &fault);
	if (r.error == E_TOO_LONG)
		return; // a compact name made long may pass the bound of a line
	must(is_ok(r));
	must(is_ok(sip_msg_check_all(&again, &fault)));
	must(again.cseq == m->cseq && again.method == m->method && again.status == m->status);
	must(bytes_equal(sip_bytes(&again, again.body), sip_bytes(m, m->body)));
	must(bytes_equal(sip_bytes(&again, again.call_id), sip_bytes(m, m->call_id)));
	must(bytes_equal(sip_bytes(&again, again.from_tag), sip_bytes(m, m->from_tag)));
	must(bytes_equal(sip_bytes(&again, again.branch), sip_bytes(m, m->branch)));
	must(is_ok(sip_frame(out, len, 0, SIP_MESSAGE_MAX_STREAM, &frame)) && frame == len);
}

// From each of NEIGHBOURS in turn: parse -> gates -> rewrite -> serialise -> parse again. Everything begins anew with each
// input; what becomes of it in time is fuzz_flow.c's.
static inline void fuzz_gates(const uint8_t *data, uint32_t size, const uint8_t *neighbours, uint32_t n)
{
	static struct play p;

	if (memmem(data, size, "secret", 6) != NULL)
		return; // the word that marks what is inside: flow_play.c would take it for a leak
	must(p.rig.flow == NULL ? play_open(&p) : play_renew(&p));
	for (uint32_t i = 0; i < n; i++)
		play_deliver(&p, neighbours[i], (const char *)data, size);
	play_wait(&p, SECOND);
	if (p.fault != NULL) {
		fprintf(stderr, "%s\n%s\n", p.fault, p.fault_text);
		abort();
	}
}

// True: it parses, and every line of it is sound.
static inline bool fuzz_message(const uint8_t *data, uint32_t size)
{
	struct sip_msg m;
	struct sip_fault fault;
	struct sip_multipart parts;

	result r = sip_msg_parse(&m, data, size, &fault);
	fuzz_spans(&m);
	if (!is_ok(r)) {
		must(fault.status >= 400 && fault.phrase != NULL);
		return false;
	}
	r = sip_msg_check_all(&m, &fault);
	const struct sip_line *type = sip_first(&m, SIP_HDR_CONTENT_TYPE);
	if (type != NULL && is_ok(sip_multipart_parse(data, size, type->value, m.body, &parts)))
		for (uint32_t i = 0; i < parts.count; i++)
			span_within(parts.part[i].body, size);
	struct sip_body body;
	sip_body_read(&m, &body);
	must(body.has_sdp || span_empty(body.sdp));
	span_within(body.sdp, size);
	span_within(body.parts, size);
	must(!body.multipart || !body.has_sdp || (body.parts.from <= body.sdp.from && body.sdp.to <= body.parts.to));
	if (is_ok(r))
		fuzz_rewrite(&m);
	return is_ok(r);
}

#endif
