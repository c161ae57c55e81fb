// SPDX-License-Identifier: Apache-2.0
// Proof driver: URIs (Request-URI and every address).
// files: src/wire/sip/uri.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/sip.h"

void prove_main(void)
{
	uint32_t n = prove_input();
	struct sip_uri uri;
	result r = sip_uri_parse(prove_octets, n, prove_span(n), &uri);
	UNUSED(r);
}
