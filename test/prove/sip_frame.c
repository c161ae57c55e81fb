// SPDX-License-Identifier: Apache-2.0
// Proof driver: stream framing.
// files: src/wire/sip/frame.c src/wire/sip/name.c src/wire/sip/header.c src/wire/sip/text.c src/wire/sip/number.c src/wire/sip/method.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/sip.h"

#include "checks.h"

void prove_main(void)
{
	uint32_t n = prove_input(), length;
	result r = sip_frame(prove_octets, n, (uint32_t)prove_any, (uint32_t)prove_any, &length);
	UNUSED(r);
}
