// SPDX-License-Identifier: Apache-2.0
// Compound RTCP packets: the validity rules of RFC3550#6.1 and RFC3550#A.2, and a walk over the packets in
// one.
//
// SR, RR, SDES, BYE, APP, RTPFB and PSFB (RFC4585#6.1), XR (RFC3611#2). Bytes come from strangers; indices
// only, read through octet_at(). rtcp_check() is called once; the walking functions repeat the bounds they
// rely on.
#ifndef WIRE_RTP_RTCP_H
#define WIRE_RTP_RTCP_H

#include "base/result.h"
#include "base/span.h"

enum rtcp_type {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	RTCP_APP = 204,
	RTCP_RTPFB = 205,
	RTCP_PSFB = 206,
	RTCP_XR = 207,
};

enum {
	RTCP_HEADER_LEN = 4,   // common header
	RTCP_BLOCK_LEN = 24,   // report block (RFC3550#6.4.1)
	RTCP_PACKETS_MAX = 32, // packets in one compound; a sender report, 31 sources' worth of the rest
	RTCP_ITEMS_MAX = 128,  // SDES items of one chunk or XR blocks in one packet: eight kinds of item and seven of block exist
};

enum rtcp_form {
	RTCP_COMPOUND = 0, // must begin with SR or RR
	RTCP_REDUCED,      // reduced-size packets allowed as well (RFC5506), only when negotiated
};

struct rtcp_packet {
	uint8_t type;
	uint8_t count;    // report, source or chunk count; feedback format; APP subtype
	uint8_t padding;  // [octets] at the end
	struct span body; // after the common header, without padding
};

struct rtcp_block { // reception report
	uint32_t ssrc;
	uint8_t fraction_lost;
	int32_t lost;
	uint32_t highest;
	uint32_t jitter;
	uint32_t last_sr;
	uint32_t delay; // since that SR [1/65536 s]
};

// Is this a lawful compound of N octets? Checks each packet to its end. E_SYNTAX, E_TOO_MANY, E_TOO_LONG.
MUST_USE result rtcp_check(const uint8_t *buf, uint32_t n, enum rtcp_form form);
// The packet at *AT (begin with 0), and step over it. E_NOT_FOUND at the end, E_SYNTAX.
MUST_USE result rtcp_packet_next(const uint8_t *buf, uint32_t n, uint32_t *at, struct rtcp_packet *out);
// Source number I (0..count-1) of a BYE. E_NOT_FOUND beyond, E_SYNTAX for another type.
MUST_USE result rtcp_bye_source(
	const uint8_t *buf, uint32_t n, const struct rtcp_packet *p, uint32_t i, uint32_t *ssrc);
// Report block number I (0..count-1) of an SR or RR. E_NOT_FOUND beyond, E_SYNTAX for another type.
MUST_USE result rtcp_report_block(
	const uint8_t *buf, uint32_t n, const struct rtcp_packet *p, uint32_t i, struct rtcp_block *out);
// The middle 32 bits of an SR's NTP timestamp, which a report block bears as `last_sr`. E_SYNTAX for another
// type.
MUST_USE result rtcp_sr_stamp(const uint8_t *buf, uint32_t n, const struct rtcp_packet *p, uint32_t *stamp);

#endif
