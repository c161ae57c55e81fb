// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) by appending; control octets, quotes and backslashes of strangers are escaped (BE-5).
#include "admin/line.h"

#include "admin/text.h"

#include <string.h>

static void put(struct line *l, const char *from, size_t n)
{
	if (l->overflow || n >= l->room - l->len) {
		l->overflow = true;
		return;
	}
	memcpy(l->at + l->len, from, n);
	l->len += n;
}

void line_begin(struct line *l, char *out, size_t room)
{
	*l = (struct line){.at = out, .room = room, .overflow = room == 0};
}

static void put_key(struct line *l, const char *key)
{
	if (l->comma)
		put(l, ",", 1);
	l->comma = true;
	if (key == NULL)
		return;
	put(l, "\"", 1);
	put(l, key, strlen(key));
	put(l, "\":", 2);
}

void line_open(struct line *l, const char *key, char bracket)
{
	put_key(l, key);
	put(l, &bracket, 1);
	l->comma = false;
}

void line_close(struct line *l, char bracket)
{
	put(l, &bracket, 1);
	l->comma = true;
}

static void put_escaped(struct line *l, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char code[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, pair[2] = {'\\', (char)c};
	if (c == '"' || c == '\\')
		put(l, pair, sizeof(pair));
	else
		put(l, code, sizeof(code));
}

void line_text(struct line *l, const char *key, const char *at, size_t room)
{
	size_t n = strnlen(at, room), from = 0, i = 0;
	put_key(l, key);
	put(l, "\"", 1);
	while (i < n) {
		unsigned char c = (unsigned char)at[i];
		size_t len = text_utf8_len(at + i, n - i);
		if (len > 0 && c >= 0x20 && c != '"' && c != '\\') {
			i += len;
			continue;
		}
		put(l, at + from, i - from);
		if (len == 0)
			put(l, "\xef\xbf\xbd", 3);
		else
			put_escaped(l, c);
		from = ++i;
	}
	put(l, at + from, n - from);
	put(l, "\"", 1);
}

void line_word(struct line *l, const char *key, const char *word)
{
	line_text(l, key, word, strlen(word));
}

void line_number(struct line *l, const char *key, uint64_t v)
{
	char digits[20]; // of 2^64 - 1
	size_t at = sizeof(digits);
	if (v > INT64_MAX)
		v = INT64_MAX; // what readers of JSON take for a whole number; no counter of ours comes near
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	put_key(l, key);
	put(l, digits + at, sizeof(digits) - at);
}

void line_flag(struct line *l, const char *key, bool v)
{
	put_key(l, key);
	put(l, v ? "true" : "false", v ? 4 : 5);
}

void line_null(struct line *l, const char *key)
{
	put_key(l, key);
	put(l, "null", 4);
}

bool line_end(struct line *l)
{
	if (!l->overflow)
		l->at[l->len] = '\0';
	return !l->overflow;
}

json_t *line_json(struct line *l)
{
	return line_end(l) ? json_loadb(l->at, l->len, 0, NULL) : NULL;
}
