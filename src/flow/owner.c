// SPDX-License-Identifier: Apache-2.0
// Which worker owns a message: scanned, not parsed; the owner's gates parse it.
//
// A response: the token in the topmost Via branch. A request: the token in the To tag, else the keyed hash of the
// Call-ID, so that INVITE, its retransmission, CANCEL, non-2xx ACK and merged requests meet on one worker. A
// forged token only chooses who throws the message away.
#include "base/table.h"
#include "flow/flow.h"

enum { OWNER_SCAN_MAX = 16384 }; // headers needed to find the owner stand early; a message that hides them is refused anyway

struct scan {
	const uint8_t *buf;
	uint32_t n;
};

static uint8_t lower_at(const struct scan *s, uint32_t i)
{
	uint8_t c = octet_at(s->buf, s->n, i);
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool name_at(const struct scan *s, uint32_t at, const char *name)
{
	uint32_t i = 0;
	for (; name[i] != '\0'; i++)
		if (lower_at(s, at + i) != (uint8_t)name[i])
			return false;
	while (octet_at(s->buf, s->n, at + i) == ' ' || octet_at(s->buf, s->n, at + i) == '\t')
		i++;
	return octet_at(s->buf, s->n, at + i) == ':';
}

static uint32_t line_end(const struct scan *s, uint32_t at)
{
	const uint8_t *e = at < s->n ? memchr(s->buf + at, '\n', s->n - at) : NULL;
	return e != NULL ? (uint32_t)(e - s->buf) : s->n;
}

// The value of the first header field called LONG_NAME or SHORT_NAME.
static struct span header_find(const struct scan *s, const char *long_name, const char *short_name)
{
	uint32_t at = line_end(s, 0) + 1;
	while (at < s->n && octet_at(s->buf, s->n, at) != '\r') {
		uint32_t end = line_end(s, at);
		if (name_at(s, at, long_name) || name_at(s, at, short_name)) {
			const uint8_t *colon = memchr(s->buf + at, ':', end - at);
			return colon != NULL ? span_make((uint32_t)(colon - s->buf) + 1, end) : span_make(0, 0);
		}
		at = end + 1;
	}
	return span_make(0, 0);
}

// The SF_TOKEN_LEN octets behind the first ";NAME=" and PREFIX octets in V.
static struct bytes param_token(const struct scan *s, struct span v, const char *name, uint32_t prefix)
{
	uint32_t len = (uint32_t)strlen(name);
	for (uint32_t i = v.from; i + len + prefix + SF_TOKEN_LEN <= v.to; i++) {
		uint32_t k = 0;
		while (k < len && lower_at(s, i + k) == (uint8_t)name[k])
			k++;
		if (k == len)
			return span_bytes(s->buf, s->n, span_make(i + len + prefix, i + len + prefix + SF_TOKEN_LEN));
	}
	return (struct bytes){NULL, 0};
}

static struct span trim(const struct scan *s, struct span v)
{
	while (v.from < v.to && octet_at(s->buf, s->n, v.from) <= ' ')
		v.from++;
	while (v.to > v.from && octet_at(s->buf, s->n, v.to - 1) <= ' ')
		v.to--;
	return v;
}

uint8_t flow_owner(struct sf_token_keys *keys, const uint8_t secret[16], uint8_t workers, const uint8_t *buf, uint32_t n)
{
	if (workers <= 1)
		return 0;
	struct scan s = {buf, n < OWNER_SCAN_MAX ? n : OWNER_SCAN_MAX};
	bool response = s.n >= 8 && memcmp(buf, "SIP/2.0 ", 8) == 0;
	struct bytes text = response ? param_token(&s, header_find(&s, "via", "v"), ";branch=", 7)
				     : param_token(&s, header_find(&s, "to", "t"), ";tag=", 0);
	struct sf_token token;
	if (text.len > 0 && is_ok(sf_token_open(keys, text, response ? SF_TOKEN_BRANCH : SF_TOKEN_TAG, &token)))
		return token.worker < workers ? token.worker : 0;
	struct span id = trim(&s, header_find(&s, "call-id", "i"));
	return (uint8_t)(keyed_hash(secret, span_bytes(s.buf, s.n, id)) % workers);
}
