// SPDX-License-Identifier: Apache-2.0
// The message that the parsers of bench-parse share, and the parsers of others; their headers clash with ours, so they
// live in a file of their own.
#ifndef BENCH_PARSE_H
#define BENCH_PARSE_H

#include <stdbool.h>
#include <stddef.h>

extern const char parse_text[];
extern const size_t parse_text_len;

void parse_osip_init(void);
bool parse_osip(void);
bool parse_sofia(void);

#endif
