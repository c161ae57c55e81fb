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

static const struct name_row ATTRS[] = {
	ROW("rtpmap", SDP_ATTR_RTPMAP), ROW("fmtp", SDP_ATTR_FMTP), ROW("ptime", SDP_ATTR_PTIME),
	ROW("maxptime", SDP_ATTR_MAXPTIME), ROW("sendrecv", SDP_ATTR_SENDRECV), ROW("sendonly", SDP_ATTR_SENDONLY),
	ROW("recvonly", SDP_ATTR_RECVONLY), ROW("inactive", SDP_ATTR_INACTIVE), ROW("rtcp", SDP_ATTR_RTCP),
	ROW("rtcp-mux", SDP_ATTR_RTCP_MUX), ROW("rtcp-fb", SDP_ATTR_RTCP_FB), ROW("rtcp-rsize", SDP_ATTR_RTCP_RSIZE),
	ROW("crypto", SDP_ATTR_CRYPTO),
	ROW("fingerprint", SDP_ATTR_FINGERPRINT), ROW("setup", SDP_ATTR_SETUP), ROW("tls-id", SDP_ATTR_TLS_ID),
	ROW("zrtp-hash", SDP_ATTR_ZRTP_HASH), ROW("key-mgmt", SDP_ATTR_KEY_MGMT),
	ROW("candidate", SDP_ATTR_CANDIDATE), ROW("remote-candidates", SDP_ATTR_REMOTE_CANDIDATES),
	ROW("end-of-candidates", SDP_ATTR_END_OF_CANDIDATES), ROW("ice-ufrag", SDP_ATTR_ICE_UFRAG),
	ROW("ice-pwd", SDP_ATTR_ICE_PWD), ROW("ice-options", SDP_ATTR_ICE_OPTIONS),
	ROW("ice-lite", SDP_ATTR_ICE_LITE), ROW("ice-mismatch", SDP_ATTR_ICE_MISMATCH),
	ROW("ice-pacing", SDP_ATTR_ICE_PACING), ROW("alt", SDP_ATTR_ALT), ROW("altc", SDP_ATTR_ALTC),
	ROW("path", SDP_ATTR_PATH), ROW("source-filter", SDP_ATTR_SOURCE_FILTER), ROW("ccap", SDP_ATTR_CCAP),
	ROW("visited-realm", SDP_ATTR_VISITED_REALM), ROW("secondary-realm", SDP_ATTR_SECONDARY_REALM),
	ROW("tool", SDP_ATTR_TOOL), ROW("ssrc", SDP_ATTR_SSRC),
};

static const struct name_row PROTOS[] = {
	ROW("RTP/AVP", SDP_PROTO_RTP_AVP), ROW("RTP/AVPF", SDP_PROTO_RTP_AVPF),
	ROW("RTP/SAVP", SDP_PROTO_RTP_SAVP), ROW("RTP/SAVPF", SDP_PROTO_RTP_SAVPF),
	ROW("UDP/TLS/RTP/SAVP", SDP_PROTO_TLS_SAVP), ROW("UDP/TLS/RTP/SAVPF", SDP_PROTO_TLS_SAVPF),
	ROW("udptl", SDP_PROTO_UDPTL), ROW("UDP/TLS/UDPTL", SDP_PROTO_TLS_UDPTL),
	ROW("UDP/BFCP", SDP_PROTO_UDP_BFCP), ROW("UDP/TLS/BFCP", SDP_PROTO_TLS_BFCP),
	ROW("UDP/DTLS/SCTP", SDP_PROTO_DTLS_SCTP),
};

enum sdp_attr sdp_attr_of(const uint8_t *buf, uint32_t n, struct span v)
{
	for (uint32_t r = 0; r < ARRAY_LEN(ATTRS); r++) {
		uint32_t i = 0;
		if (span_len(v) != ATTRS[r].len)
			continue;
		while (i < ATTRS[r].len && i < NAME_MAX_OCTETS &&
		       octet_at(buf, n, v.from + i) == (uint8_t)ATTRS[r].text[i])
			i++;
		if (i == ATTRS[r].len)
			return (enum sdp_attr)ATTRS[r].id;
	}
	return SDP_ATTR_OTHER;
}

enum sdp_proto sdp_proto_of_span(const uint8_t *buf, uint32_t n, struct span v)
{
	for (uint32_t r = 0; r < ARRAY_LEN(PROTOS); r++)
		if (sdp_span_is(buf, n, v, PROTOS[r].text, PROTOS[r].len))
			return (enum sdp_proto)PROTOS[r].id;
	return SDP_PROTO_OTHER;
}
