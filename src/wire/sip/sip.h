// SPDX-License-Identifier: Apache-2.0
// SIP message <-> struct (RFC 3261): one pass indexes the message, values are parsed on demand.
//
// Trusts nothing: octets come straight from the network. One meaning per message or an error (SF-I11).
// All spans index the message buffer `buf` of `size` octets. No allocation: the index has a fixed bound.
#ifndef WIRE_SIP_SIP_H
#define WIRE_SIP_SIP_H

#include "base/result.h"
#include "base/span.h"

enum {
	SIP_MESSAGE_MAX_STREAM = 65536, // twice the largest INVITE with PASSporT and multipart seen in the field
	SIP_MESSAGE_MAX_UDP = 65507,    // largest UDP payload over IPv4; net/udp.h takes and sends no more (UDP_DATAGRAM_MAX)
	SIP_HEADERS_MAX = 128,          // header field lines; the torture tests need 40
	SIP_HEADER_LINE_MAX = 8192,     // one unfolded line; an Identity header with rcd reaches 4 KiB
	SIP_VIA_MAX = 40,               // values; borders see a handful, the longest torture test (longreq) has 34
	SIP_ROUTE_MAX = 32,             // values of Route or of Record-Route: fewer proxies stay in a path than pass a request on (Via)
	SIP_PARAMS_MAX = 32,            // parameters of one value: a Contact with every feature tag of RFC 3840 has 20; each is
					// compared with all before it, so that work grows with the square
	SIP_LIST_MAX = 64,              // values of one header field name in all: every registered option tag in one Supported is 50
	SIP_NESTING_MAX = 4,            // comments within comments: the deepest seen, of a browser's User-Agent, is 2
};

enum sip_method {
	SIP_UNKNOWN_METHOD = 0, SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_OPTIONS, SIP_REGISTER, SIP_PRACK,
	SIP_UPDATE, SIP_INFO, SIP_MESSAGE, SIP_REFER, SIP_SUBSCRIBE, SIP_NOTIFY, SIP_PUBLISH, SIP_METHOD_COUNT,
};

// Every header field that has a descriptor (wire/sip/header.c). Order is alphabetical by name.
enum sip_hdr {
	SIP_HDR_OTHER = 0, // unknown: kept as octets
	SIP_HDR_ACCEPT, SIP_HDR_ACCEPT_CONTACT, SIP_HDR_ACCEPT_ENCODING, SIP_HDR_ACCEPT_LANGUAGE, SIP_HDR_ALERT_INFO,
	SIP_HDR_ALLOW, SIP_HDR_ALLOW_EVENTS, SIP_HDR_ATTESTATION_INFO, SIP_HDR_AUTHENTICATION_INFO,
	SIP_HDR_AUTHORIZATION, SIP_HDR_CALL_ID, SIP_HDR_CALL_INFO, SIP_HDR_CONTACT, SIP_HDR_CONTENT_DISPOSITION,
	SIP_HDR_CONTENT_ENCODING, SIP_HDR_CONTENT_ID, SIP_HDR_CONTENT_LANGUAGE, SIP_HDR_CONTENT_LENGTH,
	SIP_HDR_CONTENT_TYPE, SIP_HDR_CSEQ, SIP_HDR_DATE, SIP_HDR_DIVERSION, SIP_HDR_ERROR_INFO, SIP_HDR_EVENT,
	SIP_HDR_EXPIRES, SIP_HDR_FROM, SIP_HDR_GEOLOCATION, SIP_HDR_GEOLOCATION_ROUTING, SIP_HDR_HISTORY_INFO,
	SIP_HDR_IDENTITY, SIP_HDR_INFO_PACKAGE, SIP_HDR_IN_REPLY_TO, SIP_HDR_MAX_BREADTH, SIP_HDR_MAX_FORWARDS,
	SIP_HDR_MIME_VERSION, SIP_HDR_MIN_EXPIRES, SIP_HDR_MIN_SE, SIP_HDR_ORGANIZATION,
	SIP_HDR_ORIGINATION_ID, SIP_HDR_P_ACCESS_NETWORK_INFO, SIP_HDR_P_ASSERTED_IDENTITY, SIP_HDR_P_CHARGING_VECTOR,
	SIP_HDR_P_EARLY_MEDIA, SIP_HDR_P_PREFERRED_IDENTITY, SIP_HDR_PATH, SIP_HDR_PRIORITY, SIP_HDR_PRIVACY,
	SIP_HDR_PROXY_AUTHENTICATE, SIP_HDR_PROXY_AUTHORIZATION, SIP_HDR_PROXY_REQUIRE, SIP_HDR_RACK, SIP_HDR_REASON,
	SIP_HDR_RECORD_ROUTE, SIP_HDR_RECV_INFO, SIP_HDR_REFER_SUB, SIP_HDR_REFER_TO, SIP_HDR_REFERRED_BY,
	SIP_HDR_REJECT_CONTACT, SIP_HDR_REPLACES, SIP_HDR_REPLY_TO, SIP_HDR_REQUEST_DISPOSITION, SIP_HDR_REQUIRE,
	SIP_HDR_RESOURCE_PRIORITY, SIP_HDR_RETRY_AFTER, SIP_HDR_ROUTE, SIP_HDR_RSEQ, SIP_HDR_SERVER,
	SIP_HDR_SERVICE_ROUTE, SIP_HDR_SESSION_EXPIRES, SIP_HDR_SESSION_ID, SIP_HDR_SIP_ETAG, SIP_HDR_SIP_IF_MATCH,
	SIP_HDR_SUBJECT, SIP_HDR_SUBSCRIPTION_STATE, SIP_HDR_SUPPORTED, SIP_HDR_TIMESTAMP, SIP_HDR_TO,
	SIP_HDR_UNSUPPORTED, SIP_HDR_USER_AGENT, SIP_HDR_USER_TO_USER, SIP_HDR_VIA, SIP_HDR_WARNING,
	SIP_HDR_WWW_AUTHENTICATE, SIP_HDR_COUNT,
};

struct sip_line { // one header field line, folding included
	uint16_t id;   // enum sip_hdr
	uint16_t next; // index of the next line with the same id, plus one; 0 ends (not kept for SIP_HDR_OTHER)
	struct span name;
	struct span value; // without leading and trailing white space
};

struct sip_via {
	struct span whole;
	uint8_t transport; // enum transport of terms, or 255 for others
	struct span transport_name;
	struct span host;
	bool has_port;
	uint16_t port;
	struct span branch, received, maddr;
	bool has_rport;
	struct span params;
};

struct sip_msg {
	const uint8_t *buf;
	uint32_t size;
	bool is_request;
	enum sip_method method;   // of a request; for a response the method of its CSeq
	uint16_t status;          // of a response
	struct span method_name;
	struct span ruri;
	struct span reason;
	struct span headers;      // from the first header line to before the empty line
	struct span body;         // exactly Content-Length octets
	uint16_t line_count;
	uint16_t first[SIP_HDR_COUNT]; // index of the first line with that id, plus one; 0: absent
	struct sip_line line[SIP_HEADERS_MAX];
	// Mandatory values, parsed by sip_msg_parse (RFC3261#8.1.1):
	struct span call_id;
	uint32_t cseq;
	enum sip_method cseq_method;
	struct span from_tag, to_tag; // empty when absent
	struct sip_via via;           // the topmost
	struct span branch;           // of it
	uint32_t content_length;
	uint8_t max_forwards;         // 255: absent (a received 255 is kept as 254: one hop less never harms)
};

struct sip_fault { // why a message was refused, for the answer and the log
	uint16_t status;    // SIP status a request deserves: 400, 413, 414, 416, 420, 501, 505, 513
	const char *phrase; // static reason phrase, e.g. "Bad CSeq"
	struct span where;  // offending octets
	bool answerable;    // Via, From, To, Call-ID and CSeq could be read: an answer can be formed
};

// Index and check the N octets of BUF as one whole datagram or framed message. Strict (RFC3261#25, 4475).
// M is filled as far as it got. E_SYNTAX, E_TOO_LONG, E_TOO_MANY, E_MISSING, E_DUPLICATE with FAULT set.
// Checked at once: every line (CRLF, UTF-8, no control octet), start line and Request-URI, the headers of
// RFC3261#8.1.1, all Via values, Max-Forwards, Content-Length and Content-Type, no singleton twice. A missing
// Max-Forwards and missing tags are left to the gates (RFC 2543 peers). CRLFs before the start line are skipped
// (RFC3261#7.5); octets behind Content-Length are dropped from the body (RFC3261#18.3).
MUST_USE result sip_msg_parse(struct sip_msg *m, const uint8_t *buf, uint32_t n, struct sip_fault *fault);

// Check every other header field of a parsed message by its descriptor: grammar of each value, number of values.
// The gates call it on what they admit. E_SYNTAX, E_TOO_MANY, E_DUPLICATE with FAULT set.
MUST_USE result sip_msg_check_all(const struct sip_msg *m, struct sip_fault *fault);

// Stream framing (RFC3261#18.3): how long is the message at the front of the N octets of BUF?
// *LENGTH is set and OK returned when known (it may exceed N: wait for the rest); E_AGAIN when the header is
// not complete; E_FRAMING when Content-Length is absent, doubled, malformed, too large, or the header is too long.
// Leading CRLFs (keep-alives) are the caller's business: BUF begins with the start line. The first SEEN octets were asked
// about before, with E_AGAIN as the answer, and are not searched again: a header in many pieces costs what it costs whole.
// 0 for a message that has just begun; more than N means N.
MUST_USE result sip_frame(const uint8_t *buf, uint32_t n, uint32_t seen, uint32_t max, uint32_t *length);

static inline struct bytes sip_bytes(const struct sip_msg *m, struct span s)
{
	return span_bytes(m->buf, m->size, s);
}

// Lines with this id: walk with  for (l = sip_first(m, id); l; l = sip_next(m, l)).
static inline const struct sip_line *sip_first(const struct sip_msg *m, enum sip_hdr id)
{
	uint32_t i = (unsigned)id < SIP_HDR_COUNT ? m->first[id] : 0u;
	return i == 0 || i > SIP_HEADERS_MAX ? NULL : &m->line[i - 1];
}

static inline const struct sip_line *sip_next(const struct sip_msg *m, const struct sip_line *l)
{
	return l->next == 0 || l->next > SIP_HEADERS_MAX ? NULL : &m->line[l->next - 1];
}

// Walk the comma-separated values of all lines of ID (or, for a header that is no list, its whole value):
//   struct sip_list it = sip_list_begin(m, id); struct span v; while (sip_list_next(&it, &v)) ...
struct sip_list {
	const struct sip_msg *msg;
	const struct sip_line *line;
	uint32_t at;
	uint32_t count; // values given out; the walk ends at SIP_LIST_MAX (sip_msg_check_all refuses more)
};
struct sip_list sip_list_begin(const struct sip_msg *m, enum sip_hdr id);
bool sip_list_next(struct sip_list *it, struct span *value);
// Does a token list (Supported, Require, Allow, ...) hold TOKEN (case-insensitive)?
bool sip_list_has(const struct sip_msg *m, enum sip_hdr id, struct bytes token);

enum sip_method sip_method_of(struct bytes name); // case-sensitive (RFC3261#7.1)
struct bytes sip_method_name(enum sip_method m);
enum sip_hdr sip_hdr_of(struct bytes name);       // any case, compact forms too
struct bytes sip_hdr_name(enum sip_hdr id);
struct bytes sip_status_phrase(uint16_t status);  // RFC3261#21 default phrase

// ---- values, parsed on demand from a span of (buf, n) --------------------------------------------------

enum sip_scheme { SIP_SCHEME_OTHER = 0, SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL };

struct sip_uri {
	enum sip_scheme scheme;
	struct span whole;
	struct span user;     // escaped form; empty when absent; the number for tel
	struct span password;
	bool has_user;
	struct span host;     // IPv6 with brackets
	bool has_port;
	uint16_t port;
	struct span params;   // after the first ';', without it
	struct span headers;  // after '?', without it
};

struct sip_addr { // name-addr or addr-spec with header parameters (From, To, Contact, Route, PAI, ...)
	struct span display; // with quotes if quoted
	struct sip_uri uri;
	bool angle;          // stood in < >
	bool star;           // Contact: *
	struct span params;  // header parameters after the first ';', without it
	struct span tag;     // value of ;tag= , else empty
};

MUST_USE result sip_uri_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_uri *out);
MUST_USE result sip_addr_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_addr *out);
MUST_USE result sip_via_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_via *out);
// "1*DIGIT" up to 2^31-1 for CSeq, 2^32-1 elsewhere (RFC3261#8.1.1.5). E_SYNTAX.
MUST_USE result sip_number_parse(const uint8_t *buf, uint32_t n, struct span s, uint32_t max, uint32_t *out);
// Value of parameter NAME in a ';'-separated list; *FOUND tells whether it stands there, VALUE may be empty.
// Doubled parameter: E_DUPLICATE.
MUST_USE result sip_param_get(const uint8_t *buf, uint32_t n, struct span params, struct bytes name, bool *found,
	struct span *value);
// delta-seconds and parameters, as Session-Expires, Retry-After, Expires carry them.
struct sip_delta {
	uint32_t seconds;
	struct span params;
};
MUST_USE result sip_delta_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_delta *out);
// CSeq: number up to 2^31-1 and method name. E_SYNTAX.
MUST_USE result sip_cseq_parse(const uint8_t *buf, uint32_t n, struct span s, uint32_t *number, struct span *method);
struct sip_rack {
	uint32_t rseq, cseq;
	enum sip_method method;
};
MUST_USE result sip_rack_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_rack *out);
// RFC3261#19.1.4 comparison (SIP, SIPS), RFC3966#4 (TEL). Both in their own buffers. Part of the codec: no gate compares
// whole URIs yet.
bool sip_uri_equal(const uint8_t *abuf, uint32_t an, const struct sip_uri *a, const uint8_t *bbuf, uint32_t bn,
	const struct sip_uri *b);
// The canonical E.164 number ("+" and digits) of a sip user part or a global tel URI, visual separators removed;
// OUT gets a NUL-terminated text of at most CAP octets, "" when it is no global number.
void sip_uri_number(const uint8_t *buf, uint32_t n, const struct sip_uri *u, char *out, uint32_t cap);

#endif
