// SPDX-License-Identifier: Apache-2.0
// One JSON value written straight into a buffer: call records at hundreds a second, where building and dumping a tree of
// jansson's costs ten times as much. What others ask for is read back from the same text (line_json), so that every field is
// told in one place.
#ifndef ADMIN_LINE_H
#define ADMIN_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
	char *at;
	size_t len, room; // [octets]; one is kept for the NUL
	bool overflow;    // sticky: something did not fit, the text is of no use
	bool comma;       // a value stands before the next one
};

void line_begin(struct line *l, char *out, size_t room);
// KEY of a member of an object; NULL in an array and for the outermost value. It is ours and written as it is.
void line_open(struct line *l, const char *key, char bracket);
void line_close(struct line *l, char bracket);
// AT up to its NUL, at most ROOM octets; octets that are no UTF-8 become U+FFFD.
void line_text(struct line *l, const char *key, const char *at, size_t room);
void line_word(struct line *l, const char *key, const char *word); // of ours
void line_number(struct line *l, const char *key, uint64_t v);
void line_flag(struct line *l, const char *key, bool v);
void line_null(struct line *l, const char *key);
// End it with a NUL. False: it did not fit.
bool line_end(struct line *l);
// The value read back; NULL when it did not fit or memory is out. The caller's.
json_t *line_json(struct line *l);

#endif
