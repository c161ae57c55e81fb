// SPDX-License-Identifier: Apache-2.0
// Names of attributes and transport protocols: one row each.
#include "wire/sdp/names.h"

#include "wire/sdp/scan.h"

enum { NAME_MAX_OCTETS = 24 }; // longest row and its NUL, with room

struct name_row {
	char text[NAME_MAX_OCTETS];
	uint8_t len;
	uint8_t id;
};

#define ROW(text, id) {text, (uint8_t)(sizeof(text) - 1), (id)}
#define ATTR(text, id) [SDP_ATTR_##id] = ROW(text, SDP_ATTR_##id)

static const struct name_row ATTRS[SDP_ATTR_COUNT] = {
	ATTR("rtpmap", RTPMAP), ATTR("fmtp", FMTP), ATTR("ptime", PTIME), ATTR("maxptime", MAXPTIME),
	ATTR("sendrecv", SENDRECV), ATTR("sendonly", SENDONLY), ATTR("recvonly", RECVONLY),
	ATTR("inactive", INACTIVE), ATTR("rtcp", RTCP), ATTR("rtcp-mux", RTCP_MUX),
	ATTR("rtcp-fb", RTCP_FB), ATTR("rtcp-rsize", RTCP_RSIZE), ATTR("crypto", CRYPTO),
	ATTR("fingerprint", FINGERPRINT), ATTR("setup", SETUP), ATTR("tls-id", TLS_ID),
	ATTR("zrtp-hash", ZRTP_HASH), ATTR("key-mgmt", KEY_MGMT), ATTR("candidate", CANDIDATE),
	ATTR("remote-candidates", REMOTE_CANDIDATES), ATTR("end-of-candidates", END_OF_CANDIDATES),
	ATTR("ice-ufrag", ICE_UFRAG), ATTR("ice-pwd", ICE_PWD), ATTR("ice-options", ICE_OPTIONS),
	ATTR("ice-lite", ICE_LITE), ATTR("ice-mismatch", ICE_MISMATCH), ATTR("ice-pacing", ICE_PACING),
	ATTR("alt", ALT), ATTR("altc", ALTC), ATTR("path", PATH), ATTR("source-filter", SOURCE_FILTER),
	ATTR("ccap", CCAP), ATTR("visited-realm", VISITED_REALM), ATTR("secondary-realm", SECONDARY_REALM),
	ATTR("tool", TOOL), ATTR("ssrc", SSRC),
};

// Perfect hash of the attribute names, found by search: see attr_hash. The unit test looks each name up: a new row that
// collides, or has no slot, fails there.
enum { ATTR_SLOTS = 64, ATTR_BY_LEN = 17, ATTR_BY_FIRST = 63, ATTR_BY_MIDDLE = 73, ATTR_BY_LAST = 93 };

static const uint8_t attr_slot[ATTR_SLOTS] = {
	[2] = SDP_ATTR_ALT, [3] = SDP_ATTR_RTCP_MUX, [4] = SDP_ATTR_VISITED_REALM, [6] = SDP_ATTR_CRYPTO,
	[7] = SDP_ATTR_PTIME, [9] = SDP_ATTR_ICE_OPTIONS, [10] = SDP_ATTR_SSRC, [15] = SDP_ATTR_RTCP_FB,
	[21] = SDP_ATTR_ICE_PACING, [22] = SDP_ATTR_KEY_MGMT, [24] = SDP_ATTR_CANDIDATE,
	[27] = SDP_ATTR_TLS_ID, [28] = SDP_ATTR_ICE_LITE, [31] = SDP_ATTR_REMOTE_CANDIDATES,
	[32] = SDP_ATTR_MAXPTIME, [34] = SDP_ATTR_FMTP, [36] = SDP_ATTR_INACTIVE, [38] = SDP_ATTR_SETUP,
	[39] = SDP_ATTR_SECONDARY_REALM, [41] = SDP_ATTR_SOURCE_FILTER, [43] = SDP_ATTR_RTCP_RSIZE,
	[44] = SDP_ATTR_END_OF_CANDIDATES, [46] = SDP_ATTR_ALTC, [48] = SDP_ATTR_PATH,
	[49] = SDP_ATTR_SENDONLY, [50] = SDP_ATTR_RECVONLY, [51] = SDP_ATTR_TOOL, [53] = SDP_ATTR_SENDRECV,
	[54] = SDP_ATTR_ICE_MISMATCH, [55] = SDP_ATTR_ICE_PWD, [56] = SDP_ATTR_ICE_UFRAG,
	[57] = SDP_ATTR_RTPMAP, [58] = SDP_ATTR_CCAP, [59] = SDP_ATTR_FINGERPRINT,
	[60] = SDP_ATTR_ZRTP_HASH, [61] = SDP_ATTR_RTCP,
};

static const struct name_row PROTOS[] = {
	ROW("RTP/AVP", SDP_PROTO_RTP_AVP), ROW("RTP/AVPF", SDP_PROTO_RTP_AVPF),
	ROW("RTP/SAVP", SDP_PROTO_RTP_SAVP), ROW("RTP/SAVPF", SDP_PROTO_RTP_SAVPF),
	ROW("UDP/TLS/RTP/SAVP", SDP_PROTO_TLS_SAVP), ROW("UDP/TLS/RTP/SAVPF", SDP_PROTO_TLS_SAVPF),
	ROW("udptl", SDP_PROTO_UDPTL), ROW("UDP/TLS/UDPTL", SDP_PROTO_TLS_UDPTL),
	ROW("UDP/BFCP", SDP_PROTO_UDP_BFCP), ROW("UDP/TLS/BFCP", SDP_PROTO_TLS_BFCP),
	ROW("UDP/DTLS/SCTP", SDP_PROTO_DTLS_SCTP),
};

static uint32_t attr_hash(const uint8_t *buf, uint32_t n, struct span v, uint32_t len)
{
	uint32_t first = octet_at(buf, n, v.from), last = octet_at(buf, n, v.to - 1);
	uint32_t middle = octet_at(buf, n, v.from + len / 2);

	return (len * ATTR_BY_LEN + first * ATTR_BY_FIRST + middle * ATTR_BY_MIDDLE + last * ATTR_BY_LAST) % ATTR_SLOTS;
}

enum sdp_attr sdp_attr_of(const uint8_t *buf, uint32_t n, struct span v)
{
	uint32_t len = span_len(v);
	const struct name_row *row = &ATTRS[attr_slot[attr_hash(buf, n, v, len)]];

	if (row->len != len)
		return SDP_ATTR_OTHER;
	for (uint32_t i = 0; i < len && i < NAME_MAX_OCTETS; i++)
		if (octet_at(buf, n, v.from + i) != (uint8_t)row->text[i])
			return SDP_ATTR_OTHER;
	return (enum sdp_attr)row->id;
}

enum sdp_proto sdp_proto_of_span(const uint8_t *buf, uint32_t n, struct span v)
{
	for (uint32_t r = 0; r < ARRAY_LEN(PROTOS); r++)
		if (sdp_span_is(buf, n, v, PROTOS[r].text, PROTOS[r].len))
			return (enum sdp_proto)PROTOS[r].id;
	return SDP_PROTO_OTHER;
}
