// SPDX-License-Identifier: Apache-2.0
// Every place where octets of strangers turn into text of ours.
#include "admin/text.h"

#include "base/memory.h"

#include <string.h>

enum { REPLACEMENT_LEN = 3 }; // U+FFFD in UTF-8

size_t text_utf8_len(const char *text, size_t n)
{
	const unsigned char *at = (const unsigned char *)text;
	if (at[0] < 0x80)
		return 1;
	size_t len = at[0] >= 0xc2 && at[0] <= 0xdf ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4 : 0;
	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f))
		return 0; // overlong, surrogate
	if ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0; // overlong, beyond U+10FFFF
	return len;
}

static size_t copy_valid(const char *at, size_t n, char *out)
{
	size_t used = 0;
	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_len(at + i, n - i);
		if (len == 0)
			memcpy(out + used, "\xef\xbf\xbd", REPLACEMENT_LEN);
		else
			memcpy(out + used, at + i, len);
		used += len == 0 ? REPLACEMENT_LEN : len;
		i += len == 0 ? 1 : len;
	}
	return used;
}

json_t *text_json(const char *at, size_t room)
{
	size_t n = strnlen(at, room);
	char *valid = memory_alloc(n * REPLACEMENT_LEN + 1);
	if (valid == NULL)
		return NULL;
	json_t *s = json_stringn(valid, copy_valid(at, n, valid));
	memory_free(valid);
	return s;
}

char *text_label(const char *at, char *out, size_t room)
{
	size_t used = 0;
	for (; *at != '\0' && used + 2 < room; at++) {
		unsigned char c = (unsigned char)*at;
		if (c == '\\' || c == '"' || c == '\n') {
			out[used++] = '\\';
			out[used++] = c == '\n' ? 'n' : (char)c;
		} else {
			out[used++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
		}
	}
	out[used] = '\0';
	return out;
}

char *text_metric(const char *at, char *out, size_t room)
{
	size_t used = 0;
	for (; *at != '\0' && used + 1 < room; at++) {
		bool upper = *at >= 'A' && *at <= 'Z';
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');
		out[used++] = upper ? (char)(*at + 32) : plain ? *at : '_';
	}
	out[used] = '\0';
	return out;
}

char *text_terminal(const char *at, char *out, size_t room)
{
	size_t used = 0, n = strlen(at);
	for (size_t i = 0; i < n && used + 5 < room;) {
		const unsigned char *c = (const unsigned char *)at + i;
		size_t len = text_utf8_len(at + i, n - i);
		bool control = c[0] < 0x20 || c[0] == 0x7f || (len == 2 && c[0] == 0xc2 && c[1] < 0xa0);
		if (len == 0 || control)
			out[used++] = '?';
		else
			memcpy(out + used, c, len), used += len;
		i += len == 0 ? 1 : len;
	}
	out[used] = '\0';
	return out;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

result text_percent_decode(const char *at, size_t n, char *out, size_t room)
{
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		char c = at[i];
		if (c == '%') {
			REQUIRE(i + 2 < n && hex_value(at[i + 1]) >= 0 && hex_value(at[i + 2]) >= 0, E_SYNTAX);
			c = (char)(hex_value(at[i + 1]) << 4 | hex_value(at[i + 2]));
			i += 2;
		}
		REQUIRE(c != '\0', E_SYNTAX);
		REQUIRE(used + 1 < room, E_TOO_LONG);
		out[used++] = c;
	}
	out[used] = '\0';
	return OK;
}

result text_query(const char *query, const char *key, char *out, size_t room)
{
	size_t n = strlen(key);
	while (query != NULL && *query != '\0') {
		const char *end = strchrnul(query, '&');
		if (strncmp(query, key, n) == 0 && query[n] == '=')
			return text_percent_decode(query + n + 1, (size_t)(end - query) - n - 1, out, room);
		query = *end == '&' ? end + 1 : end;
	}
	return FAIL(E_NOT_FOUND);
}

result text_number(const char *at, uint32_t *out)
{
	size_t n = strlen(at);
	REQUIRE(n > 0 && n <= 9, E_SYNTAX);
	uint32_t value = 0;
	for (size_t i = 0; i < n; i++) {
		REQUIRE(at[i] >= '0' && at[i] <= '9', E_SYNTAX);
		value = value * 10 + (uint32_t)(at[i] - '0');
	}
	*out = value;
	return OK;
}
