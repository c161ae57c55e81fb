// SPDX-License-Identifier: Apache-2.0
// Fuzz target: URIs, addresses, Via and the grammar check of a header field that the first octet chooses.
#include "fuzz_sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_uri uri;
	struct sip_addr addr;
	struct sip_via via;
	char number[24];

	if (size < 1 || size > SIP_HEADER_LINE_MAX)
		return 0;
	const struct sip_hdr_desc *d = sip_hdr_desc((enum sip_hdr)(data[0] % SIP_HDR_COUNT));
	data++;
	uint32_t n = (uint32_t)size - 1;
	struct span all = {0, n};
	if (is_ok(sip_uri_parse(data, n, all, &uri))) {
		const struct span parts[] = {uri.whole, uri.user, uri.password, uri.host, uri.params, uri.headers};
		for (size_t i = 0; i < ARRAY_LEN(parts); i++)
			span_within(parts[i], n);
		must(sip_uri_equal(data, n, &uri, data, n, &uri));
		sip_uri_number(data, n, &uri, number, sizeof(number));
		must(strlen(number) <= 16 && (number[0] == '\0' || number[0] == '+'));
	}
	if (is_ok(sip_addr_parse(data, n, all, &addr))) {
		span_within(addr.display, n);
		span_within(addr.params, n);
		span_within(addr.tag, n);
	}
	if (is_ok(sip_via_parse(data, n, all, &via))) {
		span_within(via.host, n);
		span_within(via.branch, n);
		span_within(via.received, n);
		span_within(via.params, n);
	}
	if (d->check != NULL) {
		result r = d->check(data, n, all);
		must(is_ok(r) || r.error == E_SYNTAX || r.error == E_TOO_MANY || r.error == E_DUPLICATE);
	}
	return 0;
}
