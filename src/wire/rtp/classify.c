// SPDX-License-Identifier: Apache-2.0
// The demultiplexing table of RFC7983#7, with RTP and RTCP told apart as in RFC5761#4.
#include "wire/rtp/classify.h"

#include "base/span.h"

enum { // second octet with the marker bit: 192..223 are RTCP packet types (RFC5761#4)
	RTCP_TYPE_FIRST = 192,
	RTCP_TYPE_LAST = 223,
};

enum datagram_kind datagram_classify(const uint8_t *buf, uint32_t n)
{
	uint8_t first = octet_at(buf, n, 0), second = octet_at(buf, n, 1);

	if (n < 2)
		return DATAGRAM_OTHER;
	if (first >= 128 && first <= 191)
		return second >= RTCP_TYPE_FIRST && second <= RTCP_TYPE_LAST ? DATAGRAM_RTCP : DATAGRAM_RTP;
	if (first <= 3)
		return DATAGRAM_STUN;
	if (first >= 16 && first <= 19)
		return DATAGRAM_ZRTP;
	if (first >= 20 && first <= 63)
		return DATAGRAM_DTLS;
	if (first >= 64 && first <= 79)
		return DATAGRAM_TURN;
	return DATAGRAM_OTHER;
}
