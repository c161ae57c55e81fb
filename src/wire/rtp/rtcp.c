// SPDX-License-Identifier: Apache-2.0
// RTCP: one check per packet type, in a table; the lengths of all packets must add up to the datagram.
#include "wire/rtp/rtcp.h"

#include "wire/rtp/rtp.h"

enum {
	RTCP_VERSION = 2,
	SENDER_INFO_LEN = 24, // SSRC and sender information of an SR
	FEEDBACK_LEN = 8,     // SSRC of sender and of media
	APP_LEN = 8,          // SSRC and name
	SDES_END = 0,
};

static uint32_t u32(const uint8_t *buf, uint32_t n, uint32_t i)
{
	return rtp_u32(buf, n, i);
}

static result sr_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	UNUSED(buf);
	UNUSED(n);
	REQUIRE(span_len(p->body) >= SENDER_INFO_LEN + (uint32_t)p->count * RTCP_BLOCK_LEN, E_SYNTAX);
	return OK;
}

static result rr_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	UNUSED(buf);
	UNUSED(n);
	REQUIRE(span_len(p->body) >= 4 + (uint32_t)p->count * RTCP_BLOCK_LEN, E_SYNTAX);
	return OK;
}

// One chunk: SSRC, items, at least one zero octet up to the next 32-bit boundary (RFC3550#6.5).
static result sdes_chunk(const uint8_t *buf, uint32_t n, struct span body, uint32_t *at)
{
	uint32_t i = *at;

	REQUIRE(i <= body.to && body.to - i >= 8, E_SYNTAX);
	i += 4;
	for (uint32_t items = 0; items <= RTCP_ITEMS_MAX; items++) {
		REQUIRE(i < body.to, E_SYNTAX);
		if (octet_at(buf, n, i) == SDES_END) {
			uint32_t next = i + 4 - (i - body.from) % 4;
			REQUIRE(next <= body.to, E_SYNTAX);
			*at = next;
			return OK;
		}
		REQUIRE(body.to - i >= 2, E_SYNTAX);
		uint32_t len = octet_at(buf, n, i + 1);
		REQUIRE(body.to - i - 2 >= len, E_SYNTAX);
		i += 2 + len;
	}
	return FAIL(E_TOO_MANY);
}

static result sdes_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	uint32_t at = p->body.from;

	for (uint32_t i = 0; i < p->count; i++)
		TRY(sdes_chunk(buf, n, p->body, &at));
	REQUIRE(at == p->body.to, E_SYNTAX);
	return OK;
}

static result bye_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	uint32_t need = (uint32_t)p->count * 4, len = span_len(p->body);

	REQUIRE(len >= need, E_SYNTAX);
	if (len == need)
		return OK;
	REQUIRE(len - need >= 1 + (uint32_t)octet_at(buf, n, p->body.from + need), E_SYNTAX); // reason
	return OK;
}

static result app_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	UNUSED(buf);
	UNUSED(n);
	REQUIRE(span_len(p->body) >= APP_LEN, E_SYNTAX);
	return OK;
}

static result feedback_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	UNUSED(buf);
	UNUSED(n);
	REQUIRE(span_len(p->body) >= FEEDBACK_LEN, E_SYNTAX);
	return OK;
}

static result xr_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	uint32_t i = p->body.from + 4, end = p->body.to;

	REQUIRE(span_len(p->body) >= 4, E_SYNTAX);
	for (uint32_t blocks = 0; blocks <= RTCP_ITEMS_MAX; blocks++) {
		if (i >= end)
			return OK;
		REQUIRE(end - i >= 4, E_SYNTAX);
		uint32_t len = (uint32_t)rtp_u16(buf, n, i + 2) * 4;
		REQUIRE(end - i - 4 >= len, E_SYNTAX);
		i += 4 + len;
	}
	return FAIL(E_TOO_MANY);
}

static result body_check(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p)
{
	switch (p->type) {
	case RTCP_SR:
		return sr_check(buf, n, p);
	case RTCP_RR:
		return rr_check(buf, n, p);
	case RTCP_SDES:
		return sdes_check(buf, n, p);
	case RTCP_BYE:
		return bye_check(buf, n, p);
	case RTCP_APP:
		return app_check(buf, n, p);
	case RTCP_RTPFB:
	case RTCP_PSFB:
		return feedback_check(buf, n, p);
	case RTCP_XR:
		return xr_check(buf, n, p);
	default: // a type that we do not know is checked for its length only (RFC3550#6.1: skip it)
		return OK;
	}
}

result rtcp_packet_next(const uint8_t *buf, uint32_t n, uint32_t *at, struct rtcp_packet *out)
{
	uint32_t i = *at, len, padding = 0;
	uint8_t first;

	*out = (struct rtcp_packet){0};
	REQUIRE(i < n, E_NOT_FOUND);
	REQUIRE(n <= RTP_DATAGRAM_MAX, E_TOO_LONG);
	REQUIRE(n - i >= RTCP_HEADER_LEN, E_SYNTAX);
	first = octet_at(buf, n, i);
	REQUIRE(first >> 6 == RTCP_VERSION, E_SYNTAX);
	len = ((uint32_t)rtp_u16(buf, n, i + 2) + 1) * 4;
	REQUIRE(n - i >= len, E_SYNTAX);
	if (first & 0x20) { // RFC3550#A.2: only the last packet may be padded
		padding = octet_at(buf, n, i + len - 1);
		REQUIRE(i + len == n && padding >= 4 && padding % 4 == 0, E_SYNTAX);
		REQUIRE(padding <= len - RTCP_HEADER_LEN, E_SYNTAX);
	}
	out->type = octet_at(buf, n, i + 1);
	out->count = first & 0x1F;
	out->padding = (uint8_t)padding;
	out->body = span_make(i + RTCP_HEADER_LEN, i + len - padding);
	*at = i + len;
	return OK;
}

static result first_check(const struct rtcp_packet *p, bool alone, enum rtcp_form form)
{
	REQUIRE(p->type >= 192 && p->type <= 223, E_SYNTAX);
	if (form == RTCP_REDUCED)
		return OK;
	REQUIRE(p->type == RTCP_SR || p->type == RTCP_RR, E_SYNTAX); // RFC3550#6.1
	REQUIRE(alone || p->padding == 0, E_SYNTAX);
	return OK;
}

result rtcp_check(const uint8_t *buf, uint32_t n, enum rtcp_form form)
{
	struct rtcp_packet p;
	uint32_t at = 0;

	REQUIRE(n >= 8, E_SYNTAX);
	REQUIRE(n <= RTP_DATAGRAM_MAX, E_TOO_LONG);
	for (uint32_t count = 0; count < RTCP_PACKETS_MAX; count++) {
		TRY(rtcp_packet_next(buf, n, &at, &p));
		if (count == 0)
			TRY(first_check(&p, at == n, form));
		TRY(body_check(buf, n, &p));
		if (at >= n)
			return OK;
	}
	return FAIL(E_TOO_MANY);
}

result rtcp_bye_source(
	const uint8_t *buf, uint32_t n, const struct rtcp_packet *p, uint32_t i, uint32_t *ssrc)
{
	*ssrc = 0;
	REQUIRE(p->type == RTCP_BYE, E_SYNTAX);
	REQUIRE(i < p->count && i * 4 + 4 <= span_len(p->body), E_NOT_FOUND);
	*ssrc = u32(buf, n, p->body.from + i * 4);
	return OK;
}

result rtcp_report_block(
	const uint8_t *buf, uint32_t n, const struct rtcp_packet *p, uint32_t i, struct rtcp_block *out)
{
	uint32_t at = p->type == RTCP_SR ? SENDER_INFO_LEN : 4, word;

	*out = (struct rtcp_block){0};
	REQUIRE(p->type == RTCP_SR || p->type == RTCP_RR, E_SYNTAX);
	REQUIRE(i < p->count && i < 32, E_NOT_FOUND);
	at += i * RTCP_BLOCK_LEN;
	REQUIRE(at + RTCP_BLOCK_LEN <= span_len(p->body), E_NOT_FOUND);
	at += p->body.from;
	word = u32(buf, n, at + 4);
	out->ssrc = u32(buf, n, at);
	out->fraction_lost = (uint8_t)(word >> 24);
	out->lost = (int32_t)(word & 0xFFFFFF) - (word & 0x800000 ? 0x1000000 : 0); // 24 bits, signed
	out->highest = u32(buf, n, at + 8);
	out->jitter = u32(buf, n, at + 12);
	out->last_sr = u32(buf, n, at + 16);
	out->delay = u32(buf, n, at + 20);
	return OK;
}

result rtcp_sr_stamp(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p, uint32_t *stamp)
{
	*stamp = 0;
	REQUIRE(p->type == RTCP_SR && span_len(p->body) >= SENDER_INFO_LEN, E_SYNTAX);
	*stamp = u32(buf, n, p->body.from + 6);
	return OK;
}
