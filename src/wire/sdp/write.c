// SPDX-License-Identifier: Apache-2.0
// Writing SDP into a fixed buffer; what does not fit marks the writer, and nothing is written beyond.
#include "wire/sdp/write.h"

void sdp_write_init(struct sdp_writer *w, void *buf, uint32_t cap)
{
	*w = (struct sdp_writer){.at = buf, .cap = cap};
}

void sdp_write_octets(struct sdp_writer *w, struct bytes b)
{
	if (b.len > w->cap - w->len || w->overflow) {
		w->overflow = true;
		return;
	}
	if (b.len > 0)
		memcpy(w->at + w->len, b.at, b.len);
	w->len += (uint32_t)b.len;
}

void sdp_write_string(struct sdp_writer *w, const char *s)
{
	sdp_write_octets(w, bytes_of_string(s));
}

void sdp_write_number(struct sdp_writer *w, uint64_t v)
{
	uint8_t text[SDP_NUMBER_DIGITS];
	uint32_t i = SDP_NUMBER_DIGITS;

	do {
		text[--i] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v > 0 && i > 0);
	sdp_write_octets(w, bytes_make(text + i, SDP_NUMBER_DIGITS - i));
}

void sdp_write_crlf(struct sdp_writer *w)
{
	sdp_write_octets(w, BYTES("\r\n"));
}

void sdp_write_line(struct sdp_writer *w, const struct sdp *s, const struct sdp_line *l)
{
	sdp_write_octets(w, sdp_bytes(s, l->whole));
	if (l->whole.to == l->value.to)
		sdp_write_crlf(w);
}

void sdp_write_connection(struct sdp_writer *w, const struct address *a)
{
	char text[ADDRESS_TEXT_MAX];
	uint32_t n = address_host_text(a, text);

	sdp_write_string(w, a->family == 6 ? "IN IP6 " : "IN IP4 ");
	if (a->family == 6 && n >= 2) // SDP writes no brackets
		sdp_write_octets(w, bytes_make(text + 1, n - 2));
	else
		sdp_write_octets(w, bytes_make(text, n));
}

static void write_base64(struct sdp_writer *w, const uint8_t *p, uint32_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (uint32_t i = 0; i < n; i += 3) {
		uint32_t left = n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0u);
		char quad[4] = {set[v >> 18 & 63], set[v >> 12 & 63], set[v >> 6 & 63], set[v & 63]};
		if (left < 3)
			quad[3] = '=';
		if (left < 2)
			quad[2] = '=';
		sdp_write_octets(w, bytes_make(quad, sizeof(quad)));
	}
}

void sdp_write_crypto(struct sdp_writer *w, uint32_t tag, uint8_t suite, const uint8_t *key, uint32_t len)
{
	const char *name = sdp_suite_name(suite);

	if (name == NULL) {
		w->overflow = true; // never a line without a suite
		return;
	}
	sdp_write_string(w, "a=crypto:");
	sdp_write_number(w, tag);
	sdp_write_string(w, " ");
	sdp_write_string(w, name);
	sdp_write_string(w, " inline:");
	write_base64(w, key, len);
	sdp_write_crlf(w);
}

result sdp_write_end(const struct sdp_writer *w, uint32_t *length)
{
	*length = w->len;
	REQUIRE(!w->overflow, E_TOO_LONG);
	return OK;
}
