// SPDX-License-Identifier: Apache-2.0
// Which format is it, and in which encoding? Then its reader.
#include "registry/store/import_inside.h"

#include "base/memory.h"

#include <stdarg.h>
#include <string.h>

enum { PROGRESS_OCTETS = 1 << 20 };

int import_octet(struct import *x)
{
	int c = x->ahead_at < x->ahead_count ? x->ahead[x->ahead_at++] : getc_unlocked(x->from);
	if (c != EOF && ++x->octets % PROGRESS_OCTETS == 0 && x->sink->progress != NULL)
		x->sink->progress(x->sink->ctx, x->octets);
	return c;
}

// What is said ends on somebody's terminal, and names what stands in a file of somebody else: nothing of it but plain text (LUF-I1).
static void say(struct row_fault *f, const char *format, va_list arguments)
{
	vsnprintf(f->text, sizeof(f->text), format, arguments);
	for (char *c = f->text; *c != '\0'; c++)
		if ((uint8_t)*c < 0x20 || (uint8_t)*c > 0x7e)
			*c = '?';
}

result import_bad(struct import *x, uint64_t line, enum row_kind kind, const char *format, ...)
{
	struct row_fault f;
	va_list arguments;
	va_start(arguments, format);
	say(&f, format, arguments);
	va_end(arguments);
	return x->sink->bad(x->sink->ctx, line, kind, &f);
}

void import_whole(struct import *x, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(x->fault, format, arguments);
	va_end(arguments);
}

// Look at the first octets: a byte order mark is skipped, or tells that the encoding is none of ours.
static result begin(struct import *x)
{
	x->ahead_count = (uint32_t)fread(x->ahead, 1, sizeof(x->ahead), x->from);
	const uint8_t *a = x->ahead;
	uint32_t n = x->ahead_count;
	if (n >= 2 && ((a[0] == 0xff && a[1] == 0xfe) || (a[0] == 0xfe && a[1] == 0xff) || (a[0] == 0 || a[1] == 0))) {
		import_whole(x, "this is UTF-16 or no text at all; write UTF-8 (iconv -f UTF-16 -t UTF-8)");
		return FAIL(E_SYNTAX);
	}
	if (n >= 3 && a[0] == 0xef && a[1] == 0xbb && a[2] == 0xbf)
		x->ahead_at = 3;
	if (n > x->ahead_at)
		return OK;
	import_whole(x, "there is nothing in it; the first line of CSV names the columns");
	return FAIL(E_SYNTAX);
}

static enum import_format detect(const struct import *x)
{
	for (uint32_t i = x->ahead_at; i < x->ahead_count; i++)
		if (strchr(" \t\r\n", x->ahead[i]) == NULL)
			return x->ahead[i] == '[' || x->ahead[i] == '{' ? IMPORT_JSON : IMPORT_CSV;
	return IMPORT_CSV;
}

result import_read(FILE *from, enum import_format format, enum row_kind kind, const struct import_sink *sink, struct row_fault *fault)
{
	struct import *x = memory_alloc(sizeof(*x));
	REQUIRE(x != NULL, E_NO_MEMORY);
	fault->text[0] = '\0';
	x->from = from;
	x->kind = kind;
	x->sink = sink;
	x->fault = fault;
	result r = begin(x);
	if (is_ok(r))
		r = (format == IMPORT_DETECT ? detect(x) : format) == IMPORT_JSON ? import_json(x) : import_csv(x);
	if (is_ok(r) && ferror(from)) {
		import_whole(x, "it cannot be read to its end");
		r = FAIL(E_SYSTEM);
	}
	memory_free(x);
	return r;
}
