// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a multipart body. The first line is the Content-Type, the rest the body.
#include "fuzz_sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_multipart parts;
	uint32_t n = (uint32_t)size, line = 0;

	if (size > SIP_MESSAGE_MAX_STREAM)
		return 0;
	while (line < n && data[line] != '\n')
		line++;
	struct span type = {0, line}, body = {line < n ? line + 1 : n, n};
	if (!is_ok(sip_multipart_parse(data, n, type, body, &parts)))
		return 0;
	must(parts.count >= 1 && parts.count <= MULTIPART_PARTS_MAX);
	uint32_t last = body.from;
	for (uint32_t i = 0; i < parts.count; i++) { // in order, apart, inside the body
		const struct sip_part *p = &parts.part[i];
		must(p->headers.from >= last && p->headers.from <= p->headers.to);
		must(p->headers.to <= p->body.from && p->body.from <= p->body.to && p->body.to <= n);
		last = p->body.to;
	}
	return 0;
}
