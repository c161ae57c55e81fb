// SPDX-License-Identifier: Apache-2.0
// Proof driver: Via.
// files: src/wire/sip/via.c src/wire/sip/number.c src/wire/sip/method.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/sip.h"

void prove_main(void)
{
	uint32_t n = prove_input();
	struct sip_via via;
	result r = sip_via_parse(prove_octets, n, prove_span(n), &via);
	UNUSED(r);
}
