// SPDX-License-Identifier: Apache-2.0
// Proof driver: From, To, Contact and their kin; the URI within has its own driver.
// files: src/wire/sip/addr.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/sip.h"

result sip_uri_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_uri *out)
{
	UNUSED(buf);
	UNUSED(n);
	*out = (struct sip_uri){.whole = s, .params = prove_span(n), .headers = prove_span(n)};
	return prove_result();
}

void prove_main(void)
{
	uint32_t n = prove_input();
	struct sip_addr addr;
	result r = sip_addr_parse(prove_octets, n, prove_span(n), &addr);
	UNUSED(r);
}
