// SPDX-License-Identifier: Apache-2.0
// Small readers for the SDP grammar (RFC8866#9). Every octet is read through octet_at(), so that Eva can follow.
#ifndef WIRE_SDP_SCAN_H
#define WIRE_SDP_SCAN_H

#include "base/span.h"

struct sdp_scan { // a place within one value
	const uint8_t *buf;
	uint32_t n;
	uint32_t at;
	uint32_t to;
};

static inline bool sdp_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool sdp_is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// token-char of RFC8866#9: one bit for each octet.
static inline bool sdp_is_token(uint8_t c)
{
	static const uint32_t set[8] = {
		0, 0x03ff6cfa, // "!" "#".."'" "*" "+" "-" "." "0".."9"
		0xc7fffffe, 0x7fffffff, // "A".."Z" "^".."~"
	};
	return (set[c / 32] >> (c % 32) & 1) != 0;
}

static inline struct sdp_scan sdp_scan_make(const uint8_t *buf, uint32_t n, struct span v)
{
	return (struct sdp_scan){buf, n, v.from, v.to > n ? n : v.to};
}

static inline bool sdp_scan_end(const struct sdp_scan *c)
{
	return c->at >= c->to;
}

static inline uint8_t sdp_scan_peek(const struct sdp_scan *c)
{
	return c->at < c->to ? octet_at(c->buf, c->n, c->at) : (uint8_t)0;
}

// Step over CH; false when something else stands there.
static inline bool sdp_scan_char(struct sdp_scan *c, uint8_t ch)
{
	if (sdp_scan_end(c) || sdp_scan_peek(c) != ch)
		return false;
	c->at++;
	return true;
}

// One or more octets up to a space.
static inline bool sdp_scan_word(struct sdp_scan *c, struct span *out)
{
	uint32_t from = c->at, i = from;

	while (i < c->to && octet_at(c->buf, c->n, i) != ' ')
		i++;
	c->at = i;
	*out = span_make(from, i);
	return i > from;
}

static inline bool sdp_scan_token(struct sdp_scan *c, struct span *out)
{
	uint32_t from = c->at, i = from;

	while (i < c->to && sdp_is_token(octet_at(c->buf, c->n, i)))
		i++;
	c->at = i;
	*out = span_make(from, i);
	return i > from;
}

// A decimal number of at most MAX.
static inline bool sdp_scan_number(struct sdp_scan *c, uint32_t max, uint32_t *out)
{
	uint32_t from = c->at, i = from, v = 0;

	*out = 0;
	while (i < c->to && sdp_is_digit(octet_at(c->buf, c->n, i))) {
		if (v > 429496728)
			return false;
		v = v * 10 + ((uint32_t)octet_at(c->buf, c->n, i) - '0');
		i++;
	}
	c->at = i;
	if (i == from || v > max)
		return false;
	*out = v;
	return true;
}

// Digits only, at most LIMIT of them.
static inline bool sdp_scan_digits(struct sdp_scan *c, uint32_t limit, struct span *out)
{
	uint32_t from = c->at, i = from;

	while (i < c->to && sdp_is_digit(octet_at(c->buf, c->n, i)))
		i++;
	c->at = i;
	*out = span_make(from, i);
	return i > from && i - from <= limit;
}

// The literal TEXT of LEN octets, without regard to ASCII case.
static inline bool sdp_span_is(const uint8_t *buf, uint32_t n, struct span v, const char *text, uint32_t len)
{
	if (span_len(v) != len)
		return false;
	for (uint32_t i = 0; i < len; i++) {
		uint8_t a = octet_at(buf, n, v.from + i), b = (uint8_t)text[i];
		if (a >= 'A' && a <= 'Z')
			a = (uint8_t)(a + 32);
		if (b >= 'A' && b <= 'Z')
			b = (uint8_t)(b + 32);
		if (a != b)
			return false;
	}
	return true;
}

#endif
