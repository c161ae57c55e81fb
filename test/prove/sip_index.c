// SPDX-License-Identifier: Apache-2.0
// Proof driver: start line, index of the header field lines, lists, mandatory values, body; the grammar of the values
// has its own drivers.
// quick: no
// files: src/wire/sip/msg.c src/wire/sip/start.c src/wire/sip/list.c src/wire/sip/name.c src/wire/sip/header.c src/wire/sip/text.c src/wire/sip/number.c src/wire/sip/method.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/sip.h"

#include "checks.h"

static struct sip_msg msg;

result sip_uri_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_uri *out)
{
	UNUSED(buf);
	UNUSED(n);
	*out = (struct sip_uri){.whole = s, .headers = prove_span(n)};
	return prove_result();
}

result sip_addr_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_addr *out)
{
	UNUSED(buf);
	UNUSED(n);
	*out = (struct sip_addr){.display = s, .star = prove_any != 0, .tag = prove_span(n)};
	return prove_result();
}

result sip_via_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_via *out)
{
	UNUSED(buf);
	UNUSED(n);
	*out = (struct sip_via){.host = s, .branch = prove_span(n)};
	return prove_result();
}

void prove_main(void)
{
	uint32_t n = prove_input();
	struct sip_fault fault;
	result r = sip_msg_parse(&msg, prove_octets, n, &fault);
	if (is_ok(r))
		r = sip_msg_check_all(&msg, &fault);
	UNUSED(r);
}
