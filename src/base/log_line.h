// SPDX-License-Identifier: Apache-2.0
// One log line in the making: logfmt or JSON, every value escaped, never longer than LOG_LINE_MAX.
//
// A value that does not fit is cut between two characters and the line ends with truncated=true; a cut
// line is still a well-formed line. Room for that end is kept from the start.
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include "base/log.h"

struct log_line {
	enum log_format format;
	bool truncated;
	size_t len; // [octets]
	char text[LOG_LINE_MAX];
};

void log_line_begin(struct log_line *l, enum log_format format);
// Append key and value; does nothing once the line is truncated.
void log_line_field(struct log_line *l, const struct log_field *f);
// Close the line with its newline.
void log_line_end(struct log_line *l);

#endif
