// SPDX-License-Identifier: Apache-2.0
// What the tests of wire/sip share: cmocka, texts as octets, the corpus of RFC 4475 and RFC 5118.
#ifndef WIRE_SIP_SUPPORT_H
#define WIRE_SIP_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/sip/header.h"
#include "wire/sip/sip.h"

#ifndef WIRE_SIP_DIR
#define WIRE_SIP_DIR "." // meson.build says where torture.tsv lies
#endif

// A text as (buf, n, whole span).
#define TEXT(t) (const uint8_t *)(t), (uint32_t)strlen(t), ((struct span){0, (uint32_t)strlen(t)})
#define OCTETS(t) (const uint8_t *)(t), (uint32_t)strlen(t)

static inline void span_is(const char *text, struct span s, const char *want)
{
	size_t len = strlen(want);
	assert_true(s.from <= s.to && s.to <= strlen(text));
	assert_int_equal(s.to - s.from, len);
	assert_memory_equal(text + s.from, want, len);
}

struct torture_row {
	char name[64], verdict[16], phrase[64];
	int status;
};

// Read the next row of torture.tsv; false at its end.
static inline bool torture_next(FILE *f, struct torture_row *row)
{
	char line[2048];
	while (fgets(line, sizeof(line), f) != NULL) {
		char *field[6], *rest = line;
		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < 6; i++) {
			field[i] = strsep(&rest, "\t");
			assert_non_null(field[i]);
		}
		assert_true(strlen(field[5]) > 0);
		snprintf(row->name, sizeof(row->name), "%s", field[0]);
		snprintf(row->verdict, sizeof(row->verdict), "%s", field[2]);
		snprintf(row->phrase, sizeof(row->phrase), "%s", field[4]);
		row->status = (int)strtol(field[3], NULL, 10);
		return true;
	}
	return false;
}

static inline FILE *torture_open(void)
{
	FILE *f = fopen(WIRE_SIP_DIR "/torture.tsv", "r");
	assert_non_null(f);
	return f;
}

static inline uint32_t torture_read(const char *name, uint8_t *out, size_t cap)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/torture/%s.sip", WIRE_SIP_DIR, name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t n = fread(out, 1, cap, f);
	fclose(f);
	assert_true(n > 0 && n < cap);
	return (uint32_t)n;
}

#endif
