// SPDX-License-Identifier: Apache-2.0
// What the readers of both formats share; private to src/registry/store/import*.c.
#ifndef REGISTRY_STORE_IMPORT_INSIDE_H
#define REGISTRY_STORE_IMPORT_INSIDE_H

#include "registry/store/import.h"

struct import {
	FILE *from;
	enum row_kind kind;
	const struct import_sink *sink;
	struct row_fault *fault; // of the whole file
	uint64_t line, octets;
	uint64_t arrays;         // JSON: begun and not ended
	uint8_t ahead[4];        // octets that were looked at and are not read yet
	uint32_t ahead_count, ahead_at;
	uint8_t text[IMPORT_LINE_MAX + 1];
	size_t len;
};

// The next octet; EOF.
int import_octet(struct import *x);
result import_bad(struct import *x, uint64_t line, enum row_kind kind, const char *format, ...) PRINTF_LIKE(4, 5);
void import_whole(struct import *x, const char *format, ...) PRINTF_LIKE(2, 3);
MUST_USE result import_csv(struct import *x);
MUST_USE result import_json(struct import *x);

#endif
