// SPDX-License-Identifier: Apache-2.0
// RTP fixed header, CSRC list, header extensions and padding (RFC3550#5.1, RFC3550#5.3.1, RFC8285#4).
//
// Bytes come from strangers. Everything is an index into the one buffer and is read through octet_at(), so
// that the parser can be proved free of runtime errors. No allocation, no state.
#ifndef WIRE_RTP_RTP_H
#define WIRE_RTP_RTP_H

#include "base/result.h"
#include "base/span.h"

enum {
	RTP_HEADER_LEN = 12, // fixed part (RFC3550#5.1)
	RTP_CSRC_MAX = 15,   // a field of four bits
	RTP_DATAGRAM_MAX =
		1500, // [octets] Ethernet; a larger datagram was fragmented, which media never needs
	RTP_EXTENSIONS_MAX =
		32, // elements in one header; RFC 8285 names 14 and 255, real senders use below 10
};

enum rtp_protection {
	RTP_CLEAR = 0, // padding can be read and is checked
	RTP_PROTECTED, // SRTP: the padding count is encrypted, so it is not looked at
};

struct rtp_header {
	uint8_t marker;
	uint8_t payload_type; // 0..127
	uint8_t csrc_count;   // 0..15
	uint8_t padding;      // [octets] at the end, 0 without or when protected
	uint8_t has_extension;
	uint16_t sequence;
	uint16_t profile; // "defined by profile" of the extension
	uint32_t timestamp;
	uint32_t ssrc;
	struct span csrc;      // 4 octets each
	struct span extension; // without its 4-octet header
	struct span payload;   // without padding; with the authentication tag when protected
};

struct rtp_element { // one header extension element (RFC8285#4.2, RFC8285#4.3)
	uint8_t id;
	struct span value;
};

// Parse the header of a packet of N octets. E_SYNTAX: too short, wrong version, lists or padding beyond the
// end, extension elements that do not fit. E_TOO_LONG: above RTP_DATAGRAM_MAX. E_TOO_MANY: above
// RTP_EXTENSIONS_MAX.
MUST_USE result rtp_header_parse(
	const uint8_t *buf, uint32_t n, enum rtp_protection protection, struct rtp_header *out);

// The next extension element of H from index *AT on (begin with h->extension.from). E_NOT_FOUND at the end,
// or when the extension is not of RFC 8285; E_SYNTAX when an element is cut short.
MUST_USE result rtp_element_next(
	const uint8_t *buf, uint32_t n, const struct rtp_header *h, uint32_t *at, struct rtp_element *out);

// Only whether the padding of a packet that has just been decrypted fits. E_SYNTAX.
MUST_USE result rtp_padding_check(const uint8_t *buf, uint32_t n, const struct rtp_header *h);

static inline uint16_t rtp_u16(const uint8_t *buf, uint32_t n, uint32_t i)
{
	return (uint16_t)((uint32_t)octet_at(buf, n, i) << 8 | octet_at(buf, n, i + 1));
}

static inline uint32_t rtp_u32(const uint8_t *buf, uint32_t n, uint32_t i)
{
	return (uint32_t)rtp_u16(buf, n, i) << 16 | rtp_u16(buf, n, i + 2);
}

#endif
