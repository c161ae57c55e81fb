// SPDX-License-Identifier: Apache-2.0
// Character classes of RFC3261#25.1 and the small scanners every value parser is made of.
//
// Private to wire/sip. A scanner takes (buf, end, i): it reads octets i..end-1 and returns the index of the
// first octet that does not belong. `end` never exceeds the buffer, and octet_at() gives 0 beyond it, which
// is in no class: so no scanner needs a second bound.
#ifndef WIRE_SIP_OCTET_H
#define WIRE_SIP_OCTET_H

#include "base/result.h"
#include "base/span.h"
#include "wire/sip/sip.h"
#include "wire/sip/word.h"

enum sip_octet_class {
	OCT_ALPHA = 1 << 0,
	OCT_DIGIT = 1 << 1,
	OCT_HEX = 1 << 2,
	OCT_TOKEN = 1 << 3,
	OCT_HOST = 1 << 4,   // alphanum "-" "."
	OCT_WORD = 1 << 5,   // of a Call-ID
	OCT_USER = 1 << 6,   // unreserved / user-unreserved
	OCT_PASS = 1 << 7,   // of a password
	OCT_PARAM = 1 << 8,  // paramchar of a URI parameter
	OCT_HVALUE = 1 << 9, // of a URI header
	OCT_URIC = 1 << 10,  // reserved / unreserved, and "[" "]" for IPv6
	OCT_QDTEXT = 1 << 11,
	OCT_CTEXT = 1 << 12,
	OCT_WSP = 1 << 13,
	OCT_BASE64 = 1 << 14, // both alphabets and "."
	OCT_INNER = 1 << 15,  // neither ends an element of a list nor begins something quoted
};

extern const uint16_t sip_octet[256];

static inline bool octet_in(uint8_t c, unsigned class)
{
	return (sip_octet[c] & class) != 0;
}

// First index not of CLASS.
uint32_t scan_class(const uint8_t *buf, uint32_t end, uint32_t i, unsigned class);

// First index of the octet C; END when there is none.
static inline uint32_t scan_to(const uint8_t *buf, uint32_t end, uint32_t i, uint8_t c)
{
#ifndef __FRAMAC__
	const uint8_t *at = i < end ? memchr(buf + i, c, end - i) : NULL;
	return at != NULL ? (uint32_t)(at - buf) : end;
#else
	while (i < end && octet_at(buf, end, i) != c)
		i++;
	return i < end ? i : end;
#endif
}

// "%" HEXDIG HEXDIG at I?
static inline bool scan_is_escape(const uint8_t *buf, uint32_t end, uint32_t i)
{
	return octet_at(buf, end, i) == '%' && octet_in(octet_at(buf, end, i + 1), OCT_HEX) &&
		octet_in(octet_at(buf, end, i + 2), OCT_HEX);
}

// First index that is neither of CLASS nor an escape.
static inline uint32_t scan_escaped(const uint8_t *buf, uint32_t end, uint32_t i, unsigned class)
{
	for (;;) {
		i = scan_class(buf, end, i, class);
		if (!scan_is_escape(buf, end, i))
			return i;
		i += 3;
	}
}

// Past linear white space, folding included (RFC3261#25.1 LWS, SWS): where there is some, and where there may be.
uint32_t scan_blanks(const uint8_t *buf, uint32_t end, uint32_t i);

static inline uint32_t scan_lws(const uint8_t *buf, uint32_t end, uint32_t i)
{
	return i < end && buf[i] <= ' ' ? scan_blanks(buf, end, i) : i;
}

static inline uint8_t octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

// Do the LEN octets of KNOWN stand at I, its letters in any case? (see word.h)
bool scan_word(const uint8_t *buf, uint32_t end, uint32_t i, uint64_t known, uint32_t len);

static inline bool scan_is(const uint8_t *buf, uint32_t end, struct span s, uint64_t known, uint32_t len)
{
	return s.to - s.from == len && scan_word(buf, end, s.from, known, len);
}

// Is the span S this literal of at most eight octets, its letters in any case?
#define SCAN_IS(buf, end, s, literal) scan_is((buf), (end), (s), WORD(literal), sizeof(literal) - 1)

// Do the spans A and B of BUF hold the same octets?
static inline bool scan_same(const uint8_t *buf, uint32_t end, struct span a, struct span b)
{
	if (a.to - a.from != b.to - b.from)
		return false;
	for (uint32_t i = 0; i < a.to - a.from; i++)
		if (octet_at(buf, end, a.from + i) != octet_at(buf, end, b.from + i))
			return false;
	return true;
}

// The same, in any case.
static inline bool scan_same_nocase(const uint8_t *buf, uint32_t end, struct span a, struct span b)
{
	if (a.to - a.from != b.to - b.from)
		return false;
	for (uint32_t i = 0; i < a.to - a.from; i++)
		if (octet_lower(octet_at(buf, end, a.from + i)) != octet_lower(octet_at(buf, end, b.from + i)))
			return false;
	return true;
}

// Past the quoted string whose opening quote stands at I. 0 when it does not end (RFC3261#25.1 quoted-string).
uint32_t scan_quoted(const uint8_t *buf, uint32_t end, uint32_t i);
// Past the comment whose "(" stands at I, nested at most SIP_NESTING_MAX deep. 0 when it does not end.
uint32_t scan_comment(const uint8_t *buf, uint32_t end, uint32_t i);
// Past the host (name, IPv4, or IPv6 in brackets) at I. 0 when there is none (RFC3261#25.1 host).
uint32_t scan_host(const uint8_t *buf, uint32_t end, uint32_t i);
// Past the IPv6 address (no brackets) at I. 0 when there is none (RFC3986#3.2.2, which mends RFC3261: RFC5954).
uint32_t scan_ipv6(const uint8_t *buf, uint32_t end, uint32_t i);
// Past ":port" digits at I (the first digit), value 0..65535 into *PORT. 0 when there is none.
uint32_t scan_port(const uint8_t *buf, uint32_t end, uint32_t i, uint16_t *port);

// One ";name[=value]" of header parameters.
struct sip_param {
	struct span name, value; // value with quotes if quoted
	bool has_value;
};
// The parameter after the ';' at *AT (white space allowed around); *AT moves past it and the white space behind.
// E_SYNTAX.
MUST_USE result scan_param(const uint8_t *buf, uint32_t end, uint32_t *at, struct sip_param *out);

// Names met so far in one list: a parameter stands once (RFC3261#7.3.1), SF-I11. Nothing is stored but a filter of
// 64 bits; when its bit was set already, the list is walked again to be certain.
struct param_set {
	uint64_t seen;
	uint32_t count;
	uint32_t from; // where the list begins
	uint8_t separator;
};

static inline struct param_set param_set_begin(uint32_t from, uint8_t separator)
{
	return (struct param_set){.from = from, .separator = separator};
}

// NAME, which stands in the list, at most once? E_TOO_MANY, E_DUPLICATE.
MUST_USE result param_set_add(const uint8_t *buf, uint32_t end, struct param_set *set, struct span name);
// Does NAME stand in the list from FROM to NAME's own place?
bool param_stands_before(const uint8_t *buf, uint32_t end, uint32_t from, uint8_t separator, struct span name);
// Check a whole ";a;b=c" list from *AT to END. E_SYNTAX, E_TOO_MANY, E_DUPLICATE.
MUST_USE result scan_params(const uint8_t *buf, uint32_t end, uint32_t at);

// Text of a header line (wire/sip/text.c): first octet that is neither 0x20..0x7e nor HT; N when there is none.
uint32_t text_end(const uint8_t *buf, uint32_t n, uint32_t i);
// Length of the UTF-8 sequence at I (first octet >= 0x80), 0 when it is not well-formed (RFC3629#4).
uint32_t text_utf8(const uint8_t *buf, uint32_t n, uint32_t i);
// The end of the header line that I stands in: *END before its CRLF, *NEXT behind. Folding is followed when FOLD.
// E_SYNTAX: bare CR, bare LF, NUL, other controls, bad UTF-8, no CRLF at all.
MUST_USE result text_line(const uint8_t *buf, uint32_t n, uint32_t i, bool fold, uint32_t *end, uint32_t *next);

#endif
