// SPDX-License-Identifier: Apache-2.0
// Writing SIP messages into a fixed buffer.
//
// No value can break out of its line: whatever was written between a name and its CRLF is looked through for CR,
// LF and NUL, and one such octet spoils the whole message (SF-I11). Errors stick and are told once, at the end.
#include "wire/sip/header.h"
#include "wire/sip/octet.h"
#include "wire/sip/write.h"

void sip_write_init(struct sip_writer *w, void *buf, uint32_t cap)
{
	*w = (struct sip_writer){.at = buf, .cap = cap};
}

void sip_write_octets(struct sip_writer *w, struct bytes b)
{
	if (w->overflow || b.len > w->cap - w->len) {
		w->overflow = true;
		return;
	}
	if (b.len != 0)
		memcpy(w->at + w->len, b.at, b.len);
	w->len += (uint32_t)b.len;
}

// Two octets, without a call to copy them: CRLF and ": " are half of all pieces.
static void write_two(struct sip_writer *w, uint8_t a, uint8_t b)
{
	if (w->overflow || w->cap - w->len < 2) {
		w->overflow = true;
		return;
	}
	w->at[w->len] = a;
	w->at[w->len + 1] = b;
	w->len += 2;
}

void sip_write_string(struct sip_writer *w, const char *s)
{
	sip_write_octets(w, bytes_of_string(s));
}

void sip_write_number(struct sip_writer *w, uint64_t v)
{
	char digits[20]; // of 2^64 - 1
	uint32_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	sip_write_octets(w, bytes_make(digits + at, sizeof(digits) - at));
}

// Mark the beginning of text that may not hold CR, LF or NUL; line_seal looks it through.
static void line_open(struct sip_writer *w)
{
	w->line_from = w->len;
}

static void line_seal(struct sip_writer *w)
{
	if (w->overflow)
		return;
	if (text_end(w->at, w->len, w->line_from) == w->len)
		return; // plain text, as nearly every line: one look
	const uint8_t *from = w->at + w->line_from;
	size_t len = w->len - w->line_from;
	if (len != 0 && (memchr(from, '\r', len) != NULL || memchr(from, '\n', len) != NULL || memchr(from, 0, len) != NULL))
		w->refused = true;
}

void sip_write_crlf(struct sip_writer *w)
{
	line_seal(w);
	write_two(w, '\r', '\n');
	line_open(w);
}

void sip_write_request_line(struct sip_writer *w, struct bytes method, struct bytes uri)
{
	line_open(w);
	if (memchr(uri.at, ' ', uri.len) != NULL || memchr(method.at, ' ', method.len) != NULL)
		w->refused = true;
	sip_write_octets(w, method);
	sip_write_octets(w, BYTES(" "));
	sip_write_octets(w, uri);
	sip_write_octets(w, BYTES(" SIP/2.0"));
	sip_write_crlf(w);
}

void sip_write_status_line(struct sip_writer *w, uint16_t status, struct bytes phrase)
{
	line_open(w);
	sip_write_octets(w, BYTES("SIP/2.0 "));
	sip_write_number(w, status);
	sip_write_octets(w, BYTES(" "));
	sip_write_octets(w, phrase);
	sip_write_crlf(w);
}

void sip_write_name(struct sip_writer *w, enum sip_hdr id)
{
	line_open(w);
	sip_write_octets(w, sip_hdr_name(id));
	write_two(w, ':', ' ');
}

void sip_write_header(struct sip_writer *w, enum sip_hdr id, struct bytes value)
{
	sip_write_name(w, id);
	sip_write_octets(w, value);
	sip_write_crlf(w);
}

// The value with each fold, and the white space around it, made one blank (RFC3261#7.3.1).
static void write_unfolded(struct sip_writer *w, struct bytes v)
{
	size_t from = 0;
	while (from < v.len) {
		const uint8_t *cr = memchr(v.at + from, '\r', v.len - from);
		size_t to = cr != NULL ? (size_t)(cr - v.at) : v.len;
		size_t trimmed = to;
		while (cr != NULL && trimmed > from && octet_in(v.at[trimmed - 1], OCT_WSP))
			trimmed--;
		sip_write_octets(w, bytes_make(v.at + from, trimmed - from));
		if (cr == NULL)
			return;
		from = to;
		while (from < v.len && (octet_in(v.at[from], OCT_WSP) || v.at[from] == '\r' || v.at[from] == '\n'))
			from++;
		sip_write_octets(w, BYTES(" "));
	}
}

void sip_write_line(struct sip_writer *w, const struct sip_msg *m, const struct sip_line *l)
{
	if (l->id != SIP_HDR_OTHER) {
		sip_write_name(w, (enum sip_hdr)l->id);
	} else {
		line_open(w);
		sip_write_octets(w, sip_bytes(m, l->name));
		write_two(w, ':', ' ');
	}
	write_unfolded(w, sip_bytes(m, l->value));
	sip_write_crlf(w);
}

void sip_write_body(struct sip_writer *w, struct bytes body)
{
	sip_write_name(w, SIP_HDR_CONTENT_LENGTH);
	sip_write_number(w, body.len);
	sip_write_crlf(w);
	write_two(w, '\r', '\n');
	sip_write_octets(w, body);
}

result sip_write_end(const struct sip_writer *w, uint32_t *length)
{
	*length = 0;
	REQUIRE(!w->overflow, E_TOO_LONG);
	REQUIRE(!w->refused, E_SYNTAX);
	*length = w->len;
	return OK;
}
