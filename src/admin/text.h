// SPDX-License-Identifier: Apache-2.0
// Octets of strangers (Call-IDs, numbers, reasons) on their way into JSON, metrics and terminals: never raw (BE-5).
#ifndef ADMIN_TEXT_H
#define ADMIN_TEXT_H

#include "base/result.h"

#include <jansson.h>
#include <stddef.h>

// Octets of the well-formed UTF-8 character at AT, of which N (at least 1) may be read (Unicode table 3-7); 0: none is there.
size_t text_utf8_len(const char *at, size_t n);
// A JSON string of AT up to its NUL, at most ROOM octets. Octets that are no UTF-8 become U+FFFD. NULL: out of memory.
json_t *text_json(const char *at, size_t room);
// The value of a Prometheus label: backslash, quote and newline escaped, other control octets as '?'. OUT is always
// terminated; what does not fit is cut. Returns OUT.
char *text_label(const char *at, char *out, size_t room);
// A part of a metric's name: lower case letters, digits and '_' only. Returns OUT.
char *text_metric(const char *at, char *out, size_t room);
// For a terminal: control octets (also DEL and C1 in UTF-8) become '?'. Returns OUT.
char *text_terminal(const char *at, char *out, size_t room);
// Decode %XX of a path or query value. E_SYNTAX, E_TOO_LONG, and E_SYNTAX for a NUL.
MUST_USE result text_percent_decode(const char *at, size_t n, char *out, size_t room);
// The value of KEY in the query string QUERY (may be NULL), decoded. E_NOT_FOUND, E_SYNTAX, E_TOO_LONG.
MUST_USE result text_query(const char *query, const char *key, char *out, size_t room);
// A decimal number of at most 9 digits. E_SYNTAX.
MUST_USE result text_number(const char *at, uint32_t *out);

#endif
