// SPDX-License-Identifier: Apache-2.0
// SDP <-> struct (RFC 8866): one pass indexes the lines, values are parsed on demand.
//
// Trusts nothing: the octets are a body from the network. Lines must stand in the order of RFC8866#9; what the border
// relies on (o= c= b= t= m=, rtpmap, fmtp, ptime, rtcp, crypto, directions) must follow its grammar, other attribute
// lines are kept as octets (R17). No pointers but the buffer, no allocation, fixed bounds: see `make prove`.
#ifndef WIRE_SDP_SDP_H
#define WIRE_SDP_SDP_H

#include "base/address.h"
#include "base/result.h"
#include "base/span.h"

enum {
	SDP_SIZE_MAX = 32768,    // [octets] half of the largest SIP message; WebRTC offers reach 10 KiB
	SDP_LINES_MAX = 512,     // WebRTC offers with video reach 250
	SDP_LINE_MAX = 4096,     // [octets] a MIKEY message or a long fmtp fits
	SDP_MEDIA_MAX = 64,      // media lines that are read; far more than are anchored (MEDIA_STREAMS_MAX)
	SDP_FORMATS_MAX = 64,    // formats of one media line
	SDP_OUTLINE_FORMATS = 24, // formats kept for comparing an answer with its offer
	SDP_CRYPTO_KEY_MAX = 46, // [octets] AES-256 key and salt (RFC 6188)
	SDP_NUMBER_DIGITS = 20,  // decimal digits of a session id or version
};

enum sdp_attr { // attributes with a meaning here; all others are SDP_ATTR_OTHER
	SDP_ATTR_OTHER = 0,
	SDP_ATTR_RTPMAP, SDP_ATTR_FMTP, SDP_ATTR_PTIME, SDP_ATTR_MAXPTIME, SDP_ATTR_SENDRECV, SDP_ATTR_SENDONLY,
	SDP_ATTR_RECVONLY, SDP_ATTR_INACTIVE, SDP_ATTR_RTCP, SDP_ATTR_RTCP_MUX, SDP_ATTR_RTCP_FB, SDP_ATTR_RTCP_RSIZE, SDP_ATTR_CRYPTO,
	SDP_ATTR_FINGERPRINT, SDP_ATTR_SETUP, SDP_ATTR_TLS_ID, SDP_ATTR_ZRTP_HASH, SDP_ATTR_KEY_MGMT,
	SDP_ATTR_CANDIDATE, SDP_ATTR_REMOTE_CANDIDATES, SDP_ATTR_END_OF_CANDIDATES, SDP_ATTR_ICE_UFRAG,
	SDP_ATTR_ICE_PWD, SDP_ATTR_ICE_OPTIONS, SDP_ATTR_ICE_LITE, SDP_ATTR_ICE_MISMATCH, SDP_ATTR_ICE_PACING,
	SDP_ATTR_ALT, SDP_ATTR_ALTC, SDP_ATTR_PATH, SDP_ATTR_SOURCE_FILTER, SDP_ATTR_CCAP, SDP_ATTR_VISITED_REALM,
	SDP_ATTR_SECONDARY_REALM, SDP_ATTR_TOOL, SDP_ATTR_SSRC, SDP_ATTR_COUNT,
};

enum sdp_proto { // transport protocols of media lines with a meaning here
	SDP_PROTO_OTHER = 0,
	SDP_PROTO_RTP_AVP, SDP_PROTO_RTP_AVPF, SDP_PROTO_RTP_SAVP, SDP_PROTO_RTP_SAVPF,
	SDP_PROTO_TLS_SAVP, SDP_PROTO_TLS_SAVPF, // UDP/TLS/RTP/SAVP(F), RFC 5764
	SDP_PROTO_UDPTL,                         // T.38
	SDP_PROTO_TLS_UDPTL,                     // RFC 7345
	SDP_PROTO_UDP_BFCP, SDP_PROTO_TLS_BFCP,
	SDP_PROTO_DTLS_SCTP, SDP_PROTO_COUNT,
};

// Both ways or less; the same values as enum media_direction.
enum sdp_direction { SDP_SENDRECV = 0, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp_line {
	uint8_t type;       // 'v', 'o', ... 'a', 'm'
	uint8_t attr;       // enum sdp_attr of an a= line
	uint8_t media;      // media line it belongs to, plus one; 0: session level
	struct span whole;  // with its line end
	struct span value;  // after "x=", without the line end
	struct span name;   // a= lines: before ':'
	struct span arg;    // a= lines: after ':'; empty without one
};

struct sdp_media {
	uint16_t line;      // index of its m= line
	uint16_t end;       // index one past its last line
	uint16_t connection; // index of its c= line, plus one; 0: none of its own
	uint16_t port;
	uint16_t port_count; // "port/count"; 1 when absent
	uint16_t format_count;
	uint8_t proto_id;   // enum sdp_proto
	struct span type;   // "audio"
	struct span proto;
	struct span formats; // from the first format to the end of the line
};

struct sdp {
	const uint8_t *buf;
	uint32_t size;
	uint16_t line_count;
	uint16_t session_end; // index one past the last session-level line
	uint16_t connection;  // index of the session-level c= line, plus one; 0: none
	uint8_t media_count;
	struct sdp_line line[SDP_LINES_MAX];
	struct sdp_media media[SDP_MEDIA_MAX];
};

struct sdp_fault {
	const char *phrase; // static text: what is wrong
	struct span where;
};

// Index and check the N octets of BUF. E_SYNTAX, E_TOO_LONG (size, line), E_TOO_MANY (lines, media lines, formats),
// E_MISSING (a line that RFC8866#5 requires), E_DUPLICATE; FAULT says which. BUF must outlive S.
MUST_USE result sdp_parse(struct sdp *s, const uint8_t *buf, uint32_t n, struct sdp_fault *fault);

static inline struct bytes sdp_bytes(const struct sdp *s, struct span x)
{
	return span_bytes(s->buf, s->size, x);
}

// ---- values on demand (value.c) --------------------------------------------------------------------------

struct sdp_connection { // c= or the end of o=
	uint8_t family;     // 4 or 6
	bool multicast_form; // "/ttl" stands behind the address
	struct span host;
};

struct sdp_origin {
	struct span username, id, version;
	struct sdp_connection address;
};

struct sdp_bandwidth {
	struct span type; // "AS", "TIAS", ...
	uint32_t value;
};

struct sdp_rtpmap {
	uint8_t payload;
	struct span name;
	uint32_t clock;
	uint8_t channels; // 1 when absent
};

struct sdp_rtcp { // RFC 3605
	uint16_t port;
	bool has_address;
	struct sdp_connection address;
};

// Each parses one value of S; E_SYNTAX when it does not follow its grammar.
MUST_USE result sdp_connection_parse(const struct sdp *s, struct span v, struct sdp_connection *out);
MUST_USE result sdp_origin_parse(const struct sdp *s, struct span v, struct sdp_origin *out);
MUST_USE result sdp_bandwidth_parse(const struct sdp *s, struct span v, struct sdp_bandwidth *out);
MUST_USE result sdp_rtpmap_parse(const struct sdp *s, struct span v, struct sdp_rtpmap *out);
MUST_USE result sdp_rtcp_parse(const struct sdp *s, struct span v, struct sdp_rtcp *out);
// A decimal number that fills the whole of V and is at most MAX.
MUST_USE result sdp_number_parse(const struct sdp *s, struct span v, uint32_t max, uint32_t *out);
// The first word of V (fmtp, rtcp-fb: the format they speak of; empty when V is).
struct span sdp_first_word(const struct sdp *s, struct span v);

// The numeric host of a c=, o= or rtcp value with PORT. E_UNSUPPORTED for a name (nothing is resolved here) or when the
// text is not of the family that stands before it.
MUST_USE result sdp_connection_address(const struct sdp *s, const struct sdp_connection *c, uint16_t port,
	struct address *out);

// Walk formats:  struct span at = m->formats, f; while (sdp_format_next(s, &at, &f)) ...
bool sdp_format_next(const struct sdp *s, struct span *at, struct span *format);
// Index of the next a= line with ATTR at or after index FROM and before END; END when there is none.
uint16_t sdp_attr_find(const struct sdp *s, uint16_t from, uint16_t end, enum sdp_attr attr);
// Direction of media line I: its own, else the session's, else sendrecv (RFC8866#6.7).
enum sdp_direction sdp_direction_of(const struct sdp *s, uint8_t i);

// ---- keys (crypto.c, RFC 4568) -----------------------------------------------------------------------------

struct sdp_crypto {
	uint32_t tag;
	uint8_t suite;        // enum media_suite; 0: unknown to us
	uint8_t key_len;      // octets of key and salt; 0: not read (unknown suite, several keys)
	uint8_t mki_len;      // octets of the MKI that stands in the packets; 0: none
	bool mki_long;        // an MKI of more than 32 bits: its value was not read
	uint32_t mki;         // its value
	bool several;         // more than one key
	bool null_cipher;     // UNENCRYPTED_SRTP, UNENCRYPTED_SRTCP, UNAUTHENTICATED_SRTP or a NULL suite (MF-C2)
	bool params;          // a session parameter that changes packets in a way that we do not follow (KDR, FEC, unknown)
	struct span suite_name;
	uint8_t key[SDP_CRYPTO_KEY_MAX]; // a secret: wipe after use
};

// The value of one a=crypto line. E_SYNTAX; also when a known suite has a key of the wrong length.
MUST_USE result sdp_crypto_parse(const struct sdp *s, struct span v, struct sdp_crypto *out);
// Name of a suite as SDP writes it, NULL for SUITE_NONE; octets of its key and salt together.
const char *sdp_suite_name(uint8_t suite);
uint8_t sdp_suite_key_len(uint8_t suite);

// ---- offer and answer (outline.c, RFC 3264) -------------------------------------------------------------------

struct sdp_outline { // what must be compared of a media line; a few octets, kept while an answer is awaited
	uint32_t type;    // hash of "audio"
	uint32_t proto;   // hash of the proto text
	uint8_t rejected; // port 0
	uint8_t direction;
	uint8_t count;
	uint8_t payload[SDP_OUTLINE_FORMATS]; // 255: not a payload type number
	uint32_t codec[SDP_OUTLINE_FORMATS];  // hash of name, clock and channels, or of the format text
};

// Name of the codec of FORMAT on media line I: from its rtpmap, else the static table of RFC3551#6, else the format
// itself (lines that are not RTP, unmapped numbers). CLOCK and CHANNELS 0 when unknown.
struct bytes sdp_codec_name(const struct sdp *s, uint8_t i, struct span format, uint32_t *clock, uint8_t *channels);
// Outline of media line I without its formats; its proto when the line is sent on with another one.
void sdp_outline_begin(const struct sdp *s, uint8_t i, struct sdp_outline *out);
void sdp_outline_set_proto(struct sdp_outline *o, struct bytes proto);
// Outline of media line I. E_TOO_MANY beyond SDP_OUTLINE_FORMATS formats.
MUST_USE result sdp_outline_make(const struct sdp *s, uint8_t i, struct sdp_outline *out);
// Append one format of media line I. E_TOO_MANY.
MUST_USE result sdp_outline_add(const struct sdp *s, uint8_t i, struct span format, struct sdp_outline *out);
// Does ANSWER fit OFFER (RFC3264#6): type, proto, rejected stays rejected, formats a subset (dynamic ones by codec),
// directions compatible? E_POLICY with *WHY.
MUST_USE result sdp_answer_check(const struct sdp_outline *offer, const struct sdp_outline *answer, const char **why);

#endif
