// SPDX-License-Identifier: Apache-2.0
// Substitution expressions (RFC3402#3.2): "!^\+49(.*)$!sip:\1@example.com!", from records that anybody may have written.
//
// The pattern is a POSIX extended one, matched by PCRE2: what is a construct of PCRE alone is refused before, and compiling and
// matching are bounded (LUF-A3). The outcome is a text, not yet a URI: who uses it checks it by its grammar (LUF-I1).
#ifndef WIRE_ENUM_REWRITE_H
#define WIRE_ENUM_REWRITE_H

#include "terms/route.h"

enum {
	REWRITE_PATTERN_MAX = 200,       // [octets] a DNS string has 255 for pattern and replacement together
	REWRITE_GROUPS_MAX = 9,          // \1 to \9
	REWRITE_STEPS_MAX = 10000,       // of the matcher; a sane pattern takes tens on 16 characters
	REWRITE_DEPTH_MAX = 200,         // of its backtracking
	REWRITE_HEAP_KIB = 64,
	REWRITE_REPEAT_MAX = 16,         // {m,n}: a number has 16 characters
	REWRITE_URI_MAX = DOMAIN_MAX + USER_MAX, // [octets] with the NUL
};

struct pattern_parts { // of "!pattern!replacement!flags"
	struct bytes pattern, replacement;
	bool nocase;
};

// Take EXPRESSION apart: a delimiter that is neither digit, backslash nor "i", three times, flags "i" or none. E_SYNTAX.
MUST_USE result pattern_split(struct bytes expression, struct pattern_parts *out);
// Is PATTERN an extended regular expression of POSIX that means the same to PCRE2? Refused: "(?", "(*", a backslash before a
// letter or digit or inside brackets, repeated or open repetitions, more than REWRITE_GROUPS_MAX groups. E_SYNTAX, E_TOO_MANY.
MUST_USE result pattern_check(struct bytes pattern);

// Apply EXPRESSION to TEXT (a number with "+"). It must match all of TEXT: what stood beside the match would end up in the URI.
// WHY (static text) tells people. E_SYNTAX: the expression; E_NOT_FOUND: no match; E_TOO_MANY: a bound of the matcher;
// E_TOO_LONG: the outcome; E_NO_MEMORY.
MUST_USE result enum_rewrite(struct bytes expression, const char *text, char out[REWRITE_URI_MAX], const char **why);

#endif
