// SPDX-License-Identifier: Apache-2.0
// Lines of text: where a header field line ends, and that nothing in it can be read in two ways (SF-I11).
//
// A line ends with CRLF; a line that begins with white space continues it (RFC3261#7.3.1). Bare CR, bare LF,
// NUL, other controls and malformed UTF-8 (RFC3629) are refused. The wide scan looks at 16 octets at once;
// the narrow one is what is proved and what other machines use, and the unit test holds both together.
#include "wire/sip/octet.h"

#if defined(__SSE2__) && !defined(__FRAMAC__)
#include <emmintrin.h>

// Which of the 16 octets at AT are neither 0x20..0x7e: one bit each.
static inline unsigned odd_octets(const uint8_t *at)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i above = _mm_cmpgt_epi8(x, _mm_set1_epi8(0x1f)); // signed: 0x80..0xff count as below 0x20
	__m128i plain = _mm_andnot_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)), above);
	return (unsigned)_mm_movemask_epi8(plain) ^ 0xffffu;
}
#endif

static inline uint32_t text_end_inline(const uint8_t *buf, uint32_t n, uint32_t i)
{
#if defined(__SSE2__) && !defined(__FRAMAC__)
	while (n >= 16 && i <= n - 16) {
		unsigned odd = odd_octets(buf + i);
		if (odd == 0) {
			i += 16;
			continue;
		}
		i += (uint32_t)__builtin_ctz(odd);
		if (buf[i] != '\t')
			return i;
		i++;
	}
	if (n >= 16 && i < n && odd_octets(buf + n - 16) >> (i - (n - 16)) == 0)
		return n; // the last block, begun before I
#endif
	while (i < n) {
		uint8_t c = octet_at(buf, n, i);
		if (c < 0x20 ? c != '\t' : c >= 0x7f)
			return i;
		i++;
	}
	return n;
}

uint32_t text_end(const uint8_t *buf, uint32_t n, uint32_t i)
{
	return text_end_inline(buf, n, i);
}

uint32_t text_utf8(const uint8_t *buf, uint32_t n, uint32_t i)
{
	uint8_t a = octet_at(buf, n, i), b = octet_at(buf, n, i + 1);
	if (a >= 0xc2 && a <= 0xdf)
		return (b & 0xc0) == 0x80 ? 2 : 0;
	uint8_t c = octet_at(buf, n, i + 2);
	if (a >= 0xe0 && a <= 0xef) {
		uint8_t least = a == 0xe0 ? 0xa0 : 0x80, most = a == 0xed ? 0x9f : 0xbf; // overlong; surrogates
		return b >= least && b <= most && (c & 0xc0) == 0x80 ? 3 : 0;
	}
	uint8_t d = octet_at(buf, n, i + 3);
	if (a >= 0xf0 && a <= 0xf4) {
		uint8_t least = a == 0xf0 ? 0x90 : 0x80, most = a == 0xf4 ? 0x8f : 0xbf; // overlong; beyond U+10FFFF
		return b >= least && b <= most && (c & 0xc0) == 0x80 && (d & 0xc0) == 0x80 ? 4 : 0;
	}
	return 0;
}

// The same from I in the line on, whatever the line holds.
static __attribute__((noinline)) result text_line_rest(const uint8_t *buf, uint32_t n, uint32_t i, bool fold,
	uint32_t *end, uint32_t *next)
{
	*end = *next = 0; // and no index that was not checked, should the caller go on
	for (;;) {
		uint8_t c = octet_at(buf, n, i);
		if (c >= 0x80) {
			uint32_t len = text_utf8(buf, n, i);
			REQUIRE(len != 0, E_SYNTAX);
			i = text_end(buf, n, i + len);
			continue;
		}
		REQUIRE(i < n && c == '\r' && octet_at(buf, n, i + 1) == '\n', E_SYNTAX);
		*end = i;
		*next = i + 2;
		if (!fold || !octet_in(octet_at(buf, n, i + 2), OCT_WSP))
			return OK;
		i = text_end(buf, n, i + 3);
	}
}

result text_line(const uint8_t *buf, uint32_t n, uint32_t i, bool fold, uint32_t *end, uint32_t *next)
{
	i = text_end_inline(buf, n, i);
	bool crlf = octet_at(buf, n, i) == '\r' && octet_at(buf, n, i + 1) == '\n';
	if (!crlf || octet_in(octet_at(buf, n, i + 2), OCT_WSP))
		return text_line_rest(buf, n, i, fold, end, next);
	*end = i; // plain text in one piece, as nearly every line
	*next = i + 2;
	return OK;
}
