// SPDX-License-Identifier: Apache-2.0
// Proof driver: CSeq, Content-Length and the other numbers.
// files: src/wire/sip/number.c src/wire/sip/method.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/sip.h"

void prove_main(void)
{
	uint32_t n = prove_input(), number;
	struct span s = prove_span(n), method;
	struct sip_delta delta;
	struct sip_rack rack;
	result r = sip_number_parse(prove_octets, n, s, (uint32_t)prove_any, &number);
	r = sip_cseq_parse(prove_octets, n, s, &number, &method);
	r = sip_delta_parse(prove_octets, n, s, &delta);
	r = sip_rack_parse(prove_octets, n, s, &rack);
	UNUSED(r);
}
