// SPDX-License-Identifier: Apache-2.0
// Proof driver: the grammar of every header field value.
// precision: 0
// files: src/wire/sip/check.c src/wire/sip/check_text.c src/wire/sip/number.c src/wire/sip/method.c src/wire/sip/octet.c src/wire/sip/scan.c src/wire/sip/param.c
#include "prove.h"
#include "wire/sip/check.h"

result sip_uri_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_uri *out)
{
	UNUSED(buf);
	UNUSED(n);
	*out = (struct sip_uri){.whole = s};
	return prove_result();
}

result sip_addr_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_addr *out)
{
	UNUSED(buf);
	UNUSED(n);
	*out = (struct sip_addr){.display = s, .star = prove_any != 0, .angle = prove_any != 0, .params = prove_span(n)};
	return prove_result();
}

result sip_via_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_via *out)
{
	UNUSED(buf);
	UNUSED(n);
	*out = (struct sip_via){.host = s};
	return prove_result();
}

void prove_main(void)
{
	uint32_t n = prove_input();
	result r = OK;
	r = check_addr(prove_octets, n, prove_span(n));
	r = check_contact(prove_octets, n, prove_span(n));
	r = check_name_addr(prove_octets, n, prove_span(n));
	r = check_identity_addr(prove_octets, n, prove_span(n));
	r = check_via(prove_octets, n, prove_span(n));
	r = check_token(prove_octets, n, prove_span(n));
	r = check_token_params(prove_octets, n, prove_span(n));
	r = check_media(prove_octets, n, prove_span(n));
	r = check_number(prove_octets, n, prove_span(n));
	r = check_delta(prove_octets, n, prove_span(n));
	r = check_cseq(prove_octets, n, prove_span(n));
	r = check_rack(prove_octets, n, prove_span(n));
	r = check_call_id(prove_octets, n, prove_span(n));
	r = check_replaces(prove_octets, n, prove_span(n));
	r = check_info(prove_octets, n, prove_span(n));
	r = check_content_id(prove_octets, n, prove_span(n));
	r = check_identity(prove_octets, n, prove_span(n));
	r = check_charging(prove_octets, n, prove_span(n));
	r = check_uui(prove_octets, n, prove_span(n));
	r = check_mime_version(prove_octets, n, prove_span(n));
	r = check_timestamp(prove_octets, n, prove_span(n));
	r = check_date(prove_octets, n, prove_span(n));
	r = check_products(prove_octets, n, prove_span(n));
	r = check_warning(prove_octets, n, prove_span(n));
	r = check_auth(prove_octets, n, prove_span(n));
	r = check_auth_params(prove_octets, n, prove_span(n));
	UNUSED(r);
}
