// SPDX-License-Identifier: Apache-2.0
// a=crypto (RFC 4568): tag, suite, inline keys with lifetime and MKI, session parameters.
//
// A suite that we do not know is kept as a name: the line passes untouched (R17). A known suite whose key has the wrong
// length is a syntax error. Parameters that switch protection off are marked, so that policy can refuse them (MF-C2).
#include "wire/sdp/sdp.h"

#include "terms/media.h"
#include "wire/sdp/scan.h"

enum { TAG_DIGITS_MAX = 999999999, KEYS_MAX = 16, PARAMS_MAX = 16 };

struct suite_row {
	char name[32];
	uint8_t len;
	uint8_t key_len; // key and salt [octets]
};

#define SUITE(text, key) {text, (uint8_t)(sizeof(text) - 1), (key)}

static const struct suite_row SUITES[SUITE_COUNT] = {
	[SUITE_AES_CM_128_HMAC_SHA1_80] = SUITE("AES_CM_128_HMAC_SHA1_80", 30),
	[SUITE_AES_CM_128_HMAC_SHA1_32] = SUITE("AES_CM_128_HMAC_SHA1_32", 30),
	[SUITE_AEAD_AES_128_GCM] = SUITE("AEAD_AES_128_GCM", 28),
	[SUITE_AEAD_AES_256_GCM] = SUITE("AEAD_AES_256_GCM", 44),
	[SUITE_AES_256_CM_HMAC_SHA1_80] = SUITE("AES_256_CM_HMAC_SHA1_80", 46),
};

const char *sdp_suite_name(uint8_t suite)
{
	return suite != SUITE_NONE && suite < SUITE_COUNT ? SUITES[suite].name : NULL;
}

uint8_t sdp_suite_key_len(uint8_t suite)
{
	return suite < SUITE_COUNT ? SUITES[suite].key_len : 0;
}

static uint8_t suite_of(const struct sdp *s, struct span v)
{
	for (uint8_t i = 1; i < SUITE_COUNT; i++)
		if (sdp_span_is(s->buf, s->size, v, SUITES[i].name, SUITES[i].len))
			return i;
	return SUITE_NONE;
}

// Value of a base64 octet, or 64.
static uint8_t base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

// Read base64 up to '|', ';', ' ' or the end into the key; the octets, or 0 when malformed. Padding may be absent.
static uint32_t scan_base64(struct sdp_scan *c, uint8_t *out, uint32_t cap)
{
	uint32_t bits = 0, held = 0, len = 0, pads = 0;

	while (c->at < c->to) {
		uint8_t ch = octet_at(c->buf, c->n, c->at);
		if (ch == '|' || ch == ';' || ch == ' ')
			break;
		c->at++;
		if (ch == '=' && pads < 2) {
			pads++;
			continue;
		}
		uint8_t v = base64_value(ch);
		if (v > 63 || pads > 0)
			return 0;
		bits = ((bits & 0xff) << 6) | v; // at most 6 octets' bits are waiting
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (len >= cap)
			return 0;
		out[len] = (uint8_t)((bits >> (held & 7)) & 0xff);
		len++;
	}
	return (bits & ((1u << (held & 7)) - 1u)) == 0 ? len : 0; // no hidden bits behind the last octet
}

// "2^" and a number: a lifetime. The cursor stays when it is none.
static bool scan_power(struct sdp_scan *c, bool *good)
{
	struct sdp_scan ahead = *c;
	uint32_t v;

	if (!sdp_scan_char(&ahead, '2') || !sdp_scan_char(&ahead, '^'))
		return false;
	*good = sdp_scan_number(&ahead, 48, &v);
	*c = ahead;
	return true;
}

// MKI ":" length, behind the DIGITS of the MKI. A value that the length cannot hold is an error.
static bool scan_mki(struct sdp_scan *c, struct span digits, struct sdp_crypto *out)
{
	struct sdp_scan value = sdp_scan_make(c->buf, c->n, digits);
	uint32_t len, v = 0;

	if (!sdp_scan_number(c, MEDIA_MKI_MAX, &len) || len == 0)
		return false;
	out->mki_len = (uint8_t)len;
	out->mki_long = !sdp_scan_number(&value, UINT32_MAX, &v);
	out->mki = v;
	return len >= sizeof(v) || (!out->mki_long && v >> (len * 8) == 0);
}

// "|" lifetime and "|" MKI ":" length (RFC4568#6.1)
static bool scan_key_tail(struct sdp_scan *c, struct sdp_crypto *out)
{
	bool good = false;

	for (int part = 0; part < 2 && sdp_scan_char(c, '|'); part++) {
		struct span digits;
		if (scan_power(c, &good)) {
			if (part != 0 || !good)
				return false;
			continue;
		}
		if (!sdp_scan_digits(c, SDP_NUMBER_DIGITS, &digits))
			return false;
		if (sdp_scan_char(c, ':'))
			return scan_mki(c, digits, out);
		if (part != 0)
			return false;
	}
	return true;
}

// One key-param; the first is kept.
static bool scan_key(struct sdp_scan *c, struct sdp_crypto *out, bool first)
{
	uint8_t spare[SDP_CRYPTO_KEY_MAX];
	struct span method;
	uint32_t len;

	if (!sdp_scan_token(c, &method) || !sdp_scan_char(c, ':'))
		return false;
	if (out->suite == SUITE_NONE) { // not ours to judge
		while (c->at < c->to && sdp_scan_peek(c) != ' ' && sdp_scan_peek(c) != ';')
			c->at++;
		return true;
	}
	if (!sdp_span_is(c->buf, c->n, method, "inline", 6))
		return false;
	len = scan_base64(c, first ? out->key : spare, SDP_CRYPTO_KEY_MAX);
	if (len != sdp_suite_key_len(out->suite))
		return false;
	out->key_len = (uint8_t)len;
	return scan_key_tail(c, out);
}

static bool starts(const struct sdp *s, struct span v, const char *text, uint32_t len)
{
	return span_len(v) > len && sdp_span_is(s->buf, s->size, span_make(v.from, v.from + len), text, len);
}

// A hint for receivers (WSH) changes no packet; what begins with "-" may be ignored (RFC4568#6.3.7).
static void param_note(const struct sdp *s, struct span v, struct sdp_crypto *out)
{
	if (sdp_span_is(s->buf, s->size, v, "UNENCRYPTED_SRTP", 16) ||
	    sdp_span_is(s->buf, s->size, v, "UNENCRYPTED_SRTCP", 17) ||
	    sdp_span_is(s->buf, s->size, v, "UNAUTHENTICATED_SRTP", 20))
		out->null_cipher = true;
	else if (!starts(s, v, "WSH=", 4) && !starts(s, v, "-", 1))
		out->params = true;
}

result sdp_crypto_parse(const struct sdp *s, struct span v, struct sdp_crypto *out)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);
	struct span word;

	*out = (struct sdp_crypto){0};
	REQUIRE(sdp_scan_number(&c, TAG_DIGITS_MAX, &out->tag) && sdp_scan_char(&c, ' '), E_SYNTAX);
	REQUIRE(sdp_scan_token(&c, &out->suite_name) && sdp_scan_char(&c, ' '), E_SYNTAX);
	out->suite = suite_of(s, out->suite_name);
	out->null_cipher = sdp_span_is(s->buf, s->size, span_make(out->suite_name.from, out->suite_name.from + 4), "NULL", 4);
	for (int i = 0; i < KEYS_MAX; i++) {
		REQUIRE(scan_key(&c, out, i == 0), E_SYNTAX);
		if (!sdp_scan_char(&c, ';'))
			break;
		out->several = true;
	}
	for (int i = 0; i < PARAMS_MAX && sdp_scan_char(&c, ' '); i++) {
		REQUIRE(sdp_scan_word(&c, &word), E_SYNTAX);
		param_note(s, word, out);
	}
	REQUIRE(sdp_scan_end(&c), E_SYNTAX);
	return OK;
}
