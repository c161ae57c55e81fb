// SPDX-License-Identifier: Apache-2.0
// What the Media Function's unit tests share: cmocka in its order, octets from hexadecimal, packets.
#ifndef TEST_UNIT_MF_H
#define TEST_UNIT_MF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/result.h"
#include "terms/media.h"
#include "wire/rtp/rtp.h"

static inline uint8_t hex_digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

// Hexadecimal, blanks allowed; returns the number of octets.
static inline uint32_t hex(const char *text, uint8_t *out)
{
	uint32_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		out[n++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text++;
	}
	return n;
}

// 12 octets of RTP header and N of payload; returns the length.
static inline uint32_t rtp_make(
	uint8_t *buf, uint8_t type, uint16_t seq, uint32_t ts, uint32_t ssrc, uint32_t n)
{
	uint8_t head[12] = {0x80, type, (uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(ts >> 24),
		(uint8_t)(ts >> 16), (uint8_t)(ts >> 8), (uint8_t)ts, (uint8_t)(ssrc >> 24),
		(uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc};

	memcpy(buf, head, sizeof(head));
	for (uint32_t i = 0; i < n; i++)
		buf[12 + i] = (uint8_t)(seq * 31u + i * 7u);
	return 12 + n;
}

// An empty sender report.
static inline uint32_t rtcp_make_sr(uint8_t *buf, uint32_t ssrc)
{
	memset(buf, 0x11, 28);
	buf[0] = 0x80;
	buf[1] = 200;
	buf[2] = 0;
	buf[3] = 6;
	for (uint32_t i = 0; i < 4; i++)
		buf[4 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	return 28;
}

#define assert_ok(r) assert_int_equal((r).error, E_OK)
#define assert_error(r, e) assert_int_equal((r).error, (e))

#endif
