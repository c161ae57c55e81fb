// SPDX-License-Identifier: Apache-2.0
// Proof driver: compound RTCP packets and what is read out of them.
// quick: no
// files: src/wire/rtp/rtcp.c src/wire/rtp/rtp.c
#include "prove.h"
#include "wire/rtp/rtcp.h"

void prove_main(void)
{
	uint32_t n = prove_input(), at = 0, number;
	struct rtcp_packet p;
	struct rtcp_block b;
	result r = rtcp_check(prove_octets, n, prove_any ? RTCP_COMPOUND : RTCP_REDUCED);
	for (uint32_t i = 0; i < RTCP_PACKETS_MAX; i++) {
		if (!is_ok(rtcp_packet_next(prove_octets, n, &at, &p)))
			break;
		r = rtcp_bye_source(prove_octets, n, &p, (uint32_t)prove_any, &number);
		r = rtcp_report_block(prove_octets, n, &p, (uint32_t)prove_any, &b);
		r = rtcp_sr_stamp(prove_octets, n, &p, &number);
	}
	UNUSED(r);
}
