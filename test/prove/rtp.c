// SPDX-License-Identifier: Apache-2.0
// Proof driver: RTP headers and their extensions.
// files: src/wire/rtp/rtp.c
#include "prove.h"
#include "wire/rtp/rtp.h"

void prove_main(void)
{
	uint32_t n = prove_input();
	struct rtp_header h;
	struct rtp_element e;
	result r = rtp_header_parse(prove_octets, n, prove_any ? RTP_CLEAR : RTP_PROTECTED, &h);
	if (!is_ok(r))
		return;
	uint32_t at = h.extension.from;
	for (uint32_t i = 0; i <= RTP_EXTENSIONS_MAX; i++)
		if (!is_ok(rtp_element_next(prove_octets, n, &h, &at, &e)))
			break;
	r = rtp_padding_check(prove_octets, n, &h);
	UNUSED(r);
}
