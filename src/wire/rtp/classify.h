// SPDX-License-Identifier: Apache-2.0
// What kind of datagram is this? One look at the first two octets (RFC7983#7, RFC5761#4).
//
// Trusts nothing. The answer only says which parser to ask; it does not say that the datagram is well-formed.
#ifndef WIRE_RTP_CLASSIFY_H
#define WIRE_RTP_CLASSIFY_H

#include <stdint.h>

enum datagram_kind {
	DATAGRAM_OTHER = 0,
	DATAGRAM_RTP,
	DATAGRAM_RTCP,
	DATAGRAM_STUN,
	DATAGRAM_ZRTP,
	DATAGRAM_DTLS,
	DATAGRAM_TURN, // TURN channel
};

// BUF of N octets (0 is lawful: DATAGRAM_OTHER). RFC7983#7.
enum datagram_kind datagram_classify(const uint8_t *buf, uint32_t n);

#endif
