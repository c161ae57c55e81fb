// SPDX-License-Identifier: Apache-2.0
// Proof driver: multipart bodies; the grammar of the parts' header field values has its own driver.
// precision: 1
// quick: no
// files: src/wire/sip/multipart.c src/wire/sip/name.c src/wire/sip/header.c src/wire/sip/text.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/multipart.h"

#include "checks.h"

void prove_main(void)
{
	uint32_t n = prove_input();
	static struct sip_multipart parts;
	result r = sip_multipart_parse(prove_octets, n, prove_span(n), prove_span(n), &parts);
	UNUSED(r);
	bool is = sip_content_class_is(prove_octets, n, prove_span(n), BYTES("multipart"));
	UNUSED(is);
}
