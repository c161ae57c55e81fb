// SPDX-License-Identifier: Apache-2.0
// Lines of text: where a header field line ends, and that nothing in it can be read in two ways (SF-I11).
//
// A line ends with CRLF; a line that begins with white space continues it (RFC3261#7.3.1). Bare CR, bare LF,
// NUL, other controls and malformed UTF-8 (RFC3629) are refused. The wide scan looks at 16 octets at once;
// the narrow one is what is proved and what other machines use, and the unit test holds both together.
#include "wire/sip/octet.h"

#if defined(__SSE2__) && !defined(__FRAMAC__)
#include <emmintrin.h>

// First index from which fewer than 16 octets remain, or of a block of 16 that holds an odd octet; then *HIT is
// the octet itself.
static inline uint32_t text_wide(const uint8_t *buf, uint32_t n, uint32_t i, bool *hit)
{
	const __m128i below = _mm_set1_epi8(0x1f), del = _mm_set1_epi8(0x7f);
	*hit = false;
	while (n - i >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(buf + i));
		// signed: 0x80..0xff count as below 0x20
		__m128i plain = _mm_andnot_si128(_mm_cmpeq_epi8(x, del), _mm_cmpgt_epi8(x, below));
		unsigned odd = (unsigned)_mm_movemask_epi8(plain) ^ 0xffffu;
		if (odd != 0) {
			*hit = true;
			return i + (uint32_t)__builtin_ctz(odd);
		}
		i += 16;
	}
	return i;
}
#endif

uint32_t text_end(const uint8_t *buf, uint32_t n, uint32_t i)
{
#if defined(__SSE2__) && !defined(__FRAMAC__)
	while (i < n) {
		bool hit;
		i = text_wide(buf, n, i, &hit);
		if (!hit)
			break;
		if (buf[i] != '\t')
			return i;
		i++;
	}
#endif
	while (i < n) {
		uint8_t c = octet_at(buf, n, i);
		if (c < 0x20 ? c != '\t' : c >= 0x7f)
			return i;
		i++;
	}
	return n;
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

result text_line(const uint8_t *buf, uint32_t n, uint32_t i, bool fold, uint32_t *end, uint32_t *next)
{
	*end = *next = 0; // and no index that was not checked, should the caller go on
	for (;;) {
		i = text_end(buf, n, i);
		uint8_t c = octet_at(buf, n, i);
		if (c >= 0x80) {
			uint32_t len = text_utf8(buf, n, i);
			REQUIRE(len != 0, E_SYNTAX);
			i += len;
			continue;
		}
		REQUIRE(i < n && c == '\r' && octet_at(buf, n, i + 1) == '\n', E_SYNTAX);
		*end = i;
		*next = i + 2;
		if (!fold || !octet_in(octet_at(buf, n, i + 2), OCT_WSP))
			return OK;
		i += 3;
	}
}
