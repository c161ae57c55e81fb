// SPDX-License-Identifier: Apache-2.0
// Eight octets as one word, the first octet lowest whatever the machine's order: short names are compared at once.
//
// Private to wire/sip. Plain arithmetic that the prover follows; no read goes beyond the eight octets at AT.
#ifndef WIRE_SIP_WORD_H
#define WIRE_SIP_WORD_H

#include "base/span.h"

#define EACH_OCTET(c) ((c) * UINT64_C(0x0101010101010101))
// A literal of at most eight octets.
#define WORD(literal) word_load((const uint8_t *)("" literal "\0\0\0\0\0\0\0"))

static inline uint64_t word_load(const uint8_t *at)
{
	return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
		(uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

// The first LEN octets of W, zeros behind.
static inline uint64_t word_begin(uint64_t w, uint32_t len)
{
	return len < 8 ? w & ((UINT64_C(1) << (8 * len)) - 1) : w;
}

// The LEN octets, or the first eight of them, at I of the END octets of BUF; zeros for those that are not there.
static inline uint64_t word_read(const uint8_t *buf, uint32_t end, uint32_t i, uint32_t len)
{
	uint64_t w = 0;
	if (end >= 8 && i <= end - 8)
		return word_begin(word_load(buf + i), len);
	for (uint32_t k = 0; k < len && k < 8; k++)
		w |= (uint64_t)octet_at(buf, end, i + k) << (8 * k);
	return w;
}

// Where W differs from KNOWN other than by the case of a letter. KNOWN holds letters (0x40 is set in them), and octets
// below 0x40: digits, "-", ".", "/", ":", zeros.
static inline uint64_t word_differs(uint64_t w, uint64_t known)
{
	return (w ^ known) & ~((known & EACH_OCTET(0x40)) >> 1);
}

#endif
