// SPDX-License-Identifier: Apache-2.0
// Line by line; a continuation line belongs to the field above it.
#include "admin/redact.h"

#include "base/span.h"

enum redact_how {
	REDACT_VALUE,  // everything after the name
	REDACT_INLINE, // everything after "inline:"; without that word, everything
};

static const struct {
	const char *begin; // of a line, in lower case; ':' also matches after blanks
	enum redact_how how;
} rows[] = {
	{"authorization:", REDACT_VALUE},
	{"proxy-authorization:", REDACT_VALUE},
	{"authentication-info:", REDACT_VALUE},
	{"proxy-authentication-info:", REDACT_VALUE},
	{"identity:", REDACT_VALUE},
	{"y:", REDACT_VALUE}, // compact form of Identity
	{"a=crypto:", REDACT_INLINE},
	{"a=key-mgmt:", REDACT_VALUE},
	{"k=", REDACT_VALUE},
};

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

// Where the value begins when the line [FROM, TO) begins with NAME; TO + 1 when it does not.
static uint32_t value_of(const uint8_t *at, uint32_t from, uint32_t to, const char *name)
{
	uint32_t i = from;
	for (; *name != '\0'; name++, i++) {
		while (*name == ':' && i < to && blank(at[i]))
			i++; // HCOLON (RFC3261#25.1)
		if (i >= to || lower(at[i]) != (uint8_t)*name)
			return to + 1;
	}
	return i;
}

static uint32_t skip_inline(const uint8_t *at, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (value_of(at, i, to, "inline:") <= to)
			return value_of(at, i, to, "inline:");
	return from;
}

static void fill(uint8_t *at, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (at[i] != '\r' && at[i] != '\n')
			at[i] = 'x';
}

static uint32_t line_end(const uint8_t *at, uint32_t n, uint32_t from)
{
	while (from < n && at[from] != '\r' && at[from] != '\n')
		from++;
	return from;
}

// The end of the field whose first line ends at END: lines that begin with a blank belong to it.
static uint32_t field_end(const uint8_t *at, uint32_t n, uint32_t end)
{
	for (;;) {
		uint32_t next = end;
		if (next < n && at[next] == '\r')
			next++;
		if (next < n && at[next] == '\n')
			next++;
		if (next == end || next >= n || !blank(at[next]))
			return end;
		end = line_end(at, n, next);
	}
}

uint32_t redact_message(uint8_t *at, uint32_t n)
{
	uint32_t count = 0;
	for (uint32_t from = 0; from < n;) {
		uint32_t to = line_end(at, n, from);
		for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			uint32_t value = value_of(at, from, to, rows[i].begin);
			if (value > to)
				continue;
			to = field_end(at, n, to);
			if (rows[i].how == REDACT_INLINE)
				value = skip_inline(at, value, to);
			fill(at, value, to);
			count++;
			break;
		}
		from = to + 1;
	}
	return count;
}
