// SPDX-License-Identifier: Apache-2.0
// RTP header parser. Order of the checks: fixed header, CSRC list, extension, padding; each before its use.
#include "wire/rtp/rtp.h"

enum {
	RTP_VERSION = 2,
	PROFILE_ONE_BYTE = 0xBEDE, // RFC8285#4.2
	PROFILE_TWO_BYTE = 0x1000, // RFC8285#4.3; the low four bits are "appbits"
	PROFILE_TWO_BYTE_MASK = 0xFFF0,
	ID_PADDING = 0,
	ID_STOP = 15, // one-byte form: processing ends here (RFC8285#4.2)
};

static bool two_byte(uint16_t profile)
{
	return (profile & PROFILE_TWO_BYTE_MASK) == PROFILE_TWO_BYTE;
}

result rtp_element_next(
	const uint8_t *buf, uint32_t n, const struct rtp_header *h, uint32_t *at, struct rtp_element *out)
{
	bool wide = two_byte(h->profile);
	uint32_t i = *at, end = h->extension.to, head = wide ? 2 : 1, len;

	*out = (struct rtp_element){0};
	REQUIRE(h->has_extension && (wide || h->profile == PROFILE_ONE_BYTE), E_NOT_FOUND);
	REQUIRE(end <= n && i >= h->extension.from, E_NOT_FOUND);
	while (i < end && octet_at(buf, n, i) == ID_PADDING)
		i++;
	*at = end;
	REQUIRE(i < end, E_NOT_FOUND);
	if (wide) {
		REQUIRE(end - i >= 2, E_SYNTAX);
		out->id = octet_at(buf, n, i);
		len = octet_at(buf, n, i + 1);
	} else {
		out->id = (uint8_t)(octet_at(buf, n, i) >> 4);
		REQUIRE(out->id != ID_STOP, E_NOT_FOUND);
		REQUIRE(out->id != ID_PADDING, E_SYNTAX);
		len = (uint32_t)(octet_at(buf, n, i) & 0x0F) + 1;
	}
	REQUIRE(end - i >= head + len, E_SYNTAX);
	out->value = span_make(i + head, i + head + len);
	*at = i + head + len;
	return OK;
}

static result elements_check(const uint8_t *buf, uint32_t n, const struct rtp_header *h)
{
	struct rtp_element e;
	uint32_t at = h->extension.from;

	for (uint32_t count = 0; count <= RTP_EXTENSIONS_MAX; count++) {
		result r = rtp_element_next(buf, n, h, &at, &e);
		if (r.error == E_NOT_FOUND)
			return OK;
		TRY(r);
	}
	return FAIL(E_TOO_MANY);
}

static result extension_parse(const uint8_t *buf, uint32_t n, uint32_t *at, struct rtp_header *out)
{
	uint32_t i = *at, len;

	REQUIRE(i <= n && n - i >= 4, E_SYNTAX);
	out->profile = rtp_u16(buf, n, i);
	len = (uint32_t)rtp_u16(buf, n, i + 2) * 4;
	REQUIRE(n - i - 4 >= len, E_SYNTAX);
	out->extension = span_make(i + 4, i + 4 + len);
	*at = i + 4 + len;
	return elements_check(buf, n, out);
}

static result padding_read(const uint8_t *buf, uint32_t n, struct rtp_header *out)
{
	uint32_t count = octet_at(buf, n, n - 1), room = span_len(out->payload);

	REQUIRE(count >= 1 && count <= room, E_SYNTAX); // RFC3550#5.1: the count includes itself
	out->padding = (uint8_t)count;
	out->payload = span_make(out->payload.from, n - count);
	return OK;
}

result rtp_header_parse(
	const uint8_t *buf, uint32_t n, enum rtp_protection protection, struct rtp_header *out)
{
	uint8_t first, second;
	uint32_t at;

	*out = (struct rtp_header){0};
	REQUIRE(n >= RTP_HEADER_LEN, E_SYNTAX);
	REQUIRE(n <= RTP_DATAGRAM_MAX, E_TOO_LONG);
	first = octet_at(buf, n, 0);
	second = octet_at(buf, n, 1);
	REQUIRE(first >> 6 == RTP_VERSION, E_SYNTAX);
	out->has_extension = (first >> 4) & 1;
	out->csrc_count = first & 0x0F;
	out->marker = second >> 7;
	out->payload_type = second & 0x7F;
	out->sequence = rtp_u16(buf, n, 2);
	out->timestamp = rtp_u32(buf, n, 4);
	out->ssrc = rtp_u32(buf, n, 8);
	at = RTP_HEADER_LEN + (uint32_t)out->csrc_count * 4;
	REQUIRE(at <= n, E_SYNTAX);
	out->csrc = span_make(RTP_HEADER_LEN, at);
	if (out->has_extension)
		TRY(extension_parse(buf, n, &at, out));
	out->payload = span_make(at, n);
	if ((first & 0x20) && protection == RTP_CLEAR)
		TRY(padding_read(buf, n, out));
	return OK;
}

result rtp_padding_check(const uint8_t *buf, uint32_t n, const struct rtp_header *h)
{
	uint32_t count = octet_at(buf, n, n - 1);

	if (!(octet_at(buf, n, 0) & 0x20))
		return OK;
	REQUIRE(n > h->payload.from && count >= 1 && count <= n - h->payload.from, E_SYNTAX);
	return OK;
}
