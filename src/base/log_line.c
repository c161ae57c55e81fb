// SPDX-License-Identifier: Apache-2.0
// Writing one log line. Whatever is not printable ASCII is escaped, in both formats: a value can neither end
// its line nor its quotes, move a terminal's cursor or turn the reading direction (BE-5). Secrets have no
// path to the text at all (BE-3). Each escape is appended whole or not at all.
#include "base/log_line.h"

#include <inttypes.h>
#include <stdio.h>

enum { TAIL_ROOM = 32 }; // [octets] for: closing quote, truncated=true, brace, newline

static void line_close(struct log_line *l, const char *s) // within TAIL_ROOM
{
	size_t n = strlen(s);

	if (n > sizeof(l->text) - l->len)
		return;
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

static void line_put(struct log_line *l, const char *s, size_t n)
{
	if (l->truncated || n > sizeof(l->text) - TAIL_ROOM - l->len) {
		l->truncated = true;
		return;
	}
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

static void line_put_escaped(struct log_line *l, uint8_t c)
{
	char e[8];
	int n;

	if (c == '"' || c == '\\')
		n = snprintf(e, sizeof(e), "\\%c", c);
	else if (c >= 0x20 && c < 0x7f)
		n = snprintf(e, sizeof(e), "%c", c);
	else if (l->format == LOG_FORMAT_JSON)
		n = snprintf(e, sizeof(e), "\\u%04x", c);
	else
		n = snprintf(e, sizeof(e), "\\x%02x", c);
	line_put(l, e, (size_t)n);
}

static bool octet_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("._:/@+-[]%,*~", c) != NULL);
}

static bool bytes_plain(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!octet_plain(b.at[i]))
			return false;
	return b.len > 0;
}

static void line_put_bytes(struct log_line *l, struct bytes b)
{
	bool quote = l->format == LOG_FORMAT_JSON || !bytes_plain(b);

	if (quote)
		line_put(l, "\"", 1);
	bool open = quote && !l->truncated;
	for (size_t i = 0; i < b.len && !l->truncated; i++)
		line_put_escaped(l, b.at[i]);
	if (open)
		line_close(l, "\"");
}

static void line_put_number(struct log_line *l, int64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, v);

	line_put(l, text, (size_t)n);
}

// The key and its sign, if they and the shortest value fit.
static bool line_put_key(struct log_line *l, const char *key)
{
	static const size_t VALUE_MIN = 24; // [octets] a number or an empty value always fits behind its key
	char head[72];
	const char *form = l->format == LOG_FORMAT_JSON ? "%s\"%.60s\":" : "%s%.60s=";
	const char *comma = l->len <= 1 ? "" : l->format == LOG_FORMAT_JSON ? "," : " ";
	int n = snprintf(head, sizeof(head), form, comma, key);

	if ((size_t)n + VALUE_MIN > sizeof(l->text) - TAIL_ROOM - l->len)
		l->truncated = true;
	line_put(l, head, (size_t)n);
	return !l->truncated;
}

void log_line_begin(struct log_line *l, enum log_format format)
{
	l->format = format;
	l->truncated = false;
	l->len = 0;
	if (format == LOG_FORMAT_JSON)
		line_put(l, "{", 1);
}

void log_line_field(struct log_line *l, const struct log_field *f)
{
	char text[ADDRESS_TEXT_MAX];

	if (l->truncated || !line_put_key(l, f->key))
		return;
	switch (f->kind) {
	case LOG_KIND_STRING:
		line_put_bytes(l, bytes_of_string(f->value.string != NULL ? f->value.string : ""));
		return;
	case LOG_KIND_BYTES:
		line_put_bytes(l, f->value.bytes);
		return;
	case LOG_KIND_NUMBER:
		line_put_number(l, f->value.number);
		return;
	case LOG_KIND_ADDRESS:
		line_put_bytes(l, bytes_of_string(address_text(f->value.address, text)));
		return;
	case LOG_KIND_SECRET:
		line_put_bytes(l, BYTES("[redacted]"));
		return;
	}
	line_put_bytes(l, BYTES("?")); // a kind out of range: say so, and keep the line well-formed
}

void log_line_end(struct log_line *l)
{
	if (l->truncated)
		line_close(l, l->format == LOG_FORMAT_JSON ? ",\"truncated\":true" : " truncated=true");
	line_close(l, l->format == LOG_FORMAT_JSON ? "}\n" : "\n");
}
