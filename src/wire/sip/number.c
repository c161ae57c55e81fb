// SPDX-License-Identifier: Apache-2.0
// Numbers of SIP: digits, nothing else, and never wrapped (RFC3261#25.1 1*DIGIT). Also CSeq, RAck and
// delta-seconds, which are numbers with something behind.
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

enum {
	NUMBER_DIGITS_MAX = 64,         // leading zeros are lawful ("CSeq: 0009"), endless ones are not
	CSEQ_MAX = 0x7fffffff,          // RFC3261#8.1.1.5
};

// Past the digits at I, their value into *OUT. 0 when there are none, or the value exceeds MAX.
static uint32_t scan_number(const uint8_t *buf, uint32_t end, uint32_t i, uint32_t max, uint32_t *out)
{
	uint64_t value = 0;
	uint32_t from = i;
	*out = 0;
	while (octet_in(octet_at(buf, end, i), OCT_DIGIT)) {
		value = value * 10 + (uint64_t)(octet_at(buf, end, i) - '0');
		if (value > max || i - from >= NUMBER_DIGITS_MAX)
			return 0;
		i++;
	}
	if (i == from)
		return 0;
	*out = (uint32_t)value;
	return i;
}

result sip_number_parse(const uint8_t *buf, uint32_t n, struct span s, uint32_t max, uint32_t *out)
{
	*out = 0;
	REQUIRE(s.to <= n && s.from < s.to, E_SYNTAX);
	REQUIRE(scan_number(buf, s.to, s.from, max, out) == s.to, E_SYNTAX);
	return OK;
}

result sip_cseq_parse(const uint8_t *buf, uint32_t n, struct span s, uint32_t *number, struct span *method)
{
	*number = 0;
	*method = (struct span){0, 0};
	REQUIRE(s.to <= n && s.from < s.to, E_SYNTAX);
	uint32_t i = scan_number(buf, s.to, s.from, CSEQ_MAX, number);
	REQUIRE(i != 0, E_SYNTAX);
	uint32_t from = scan_lws(buf, s.to, i);
	REQUIRE(from > i && from < s.to, E_SYNTAX);
	REQUIRE(scan_class(buf, s.to, from, OCT_TOKEN) == s.to, E_SYNTAX);
	*method = (struct span){from, s.to};
	return OK;
}

result sip_rack_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_rack *out)
{
	struct span method;
	*out = (struct sip_rack){0};
	REQUIRE(s.to <= n && s.from < s.to, E_SYNTAX);
	uint32_t i = scan_number(buf, s.to, s.from, UINT32_MAX, &out->rseq);
	REQUIRE(i != 0 && out->rseq != 0, E_SYNTAX); // RFC3262#7.1: 1..2^32-1
	uint32_t from = scan_lws(buf, s.to, i);
	REQUIRE(from > i, E_SYNTAX);
	TRY(sip_cseq_parse(buf, n, (struct span){from, s.to}, &out->cseq, &method));
	out->method = method_lookup(buf, n, method);
	return OK;
}

result sip_delta_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_delta *out)
{
	*out = (struct sip_delta){0};
	REQUIRE(s.to <= n && s.from < s.to, E_SYNTAX);
	uint32_t i = scan_number(buf, s.to, s.from, UINT32_MAX, &out->seconds);
	REQUIRE(i != 0, E_SYNTAX);
	i = scan_lws(buf, s.to, i);
	if (octet_at(buf, s.to, i) == '(') { // Retry-After may explain itself (RFC3261#20.33)
		i = scan_comment(buf, s.to, i);
		REQUIRE(i != 0, E_SYNTAX);
		i = scan_lws(buf, s.to, i);
	}
	TRY(scan_params(buf, s.to, i));
	out->params = span_make(i < s.to ? i + 1 : s.to, s.to);
	return OK;
}
