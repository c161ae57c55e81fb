// SPDX-License-Identifier: Apache-2.0
// Proof driver: session descriptions, and the values read out of them.
// quick: no
// files: src/wire/sdp/sdp.c src/wire/sdp/value.c src/wire/sdp/names.c
#include "prove.h"
#include "wire/sdp/sdp.h"

static struct sdp sdp;

void prove_main(void)
{
	uint32_t n = prove_input();
	struct sdp_fault fault;
	struct sdp_origin origin;
	struct sdp_rtpmap map;
	struct sdp_rtcp rtcp;
	result r = sdp_parse(&sdp, prove_octets, n, &fault);
	if (!is_ok(r))
		return;
	r = sdp_origin_parse(&sdp, prove_span(n), &origin);
	r = sdp_rtpmap_parse(&sdp, prove_span(n), &map);
	r = sdp_rtcp_parse(&sdp, prove_span(n), &rtcp);
	UNUSED(r);
}
