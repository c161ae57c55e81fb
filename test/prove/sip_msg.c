// SPDX-License-Identifier: Apache-2.0
// Proof driver: index, start line, mandatory values and every header's grammar, for any message up to LIMIT octets.
// quick: no
// files: wire/sip
#include "prove.h"
#include "wire/sip/sip.h"

static struct sip_msg msg;

void prove_main(void)
{
	uint32_t n = prove_input();
	struct sip_fault fault;
	result r = sip_msg_parse(&msg, prove_octets, n, &fault);
	if (!is_ok(r))
		return;
	r = sip_msg_check_all(&msg, &fault);
	UNUSED(r);
}
