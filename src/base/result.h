// SPDX-License-Identifier: Apache-2.0
// Results: what a function answers when it can fail.
//
// A `result` is a struct, so it cannot be taken for a number, and the compiler refuses to ignore it.
// The class of an error says how the caller reacts; the error says why. Detail for people (file, line,
// header name) travels beside it, never inside.
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED(x) ((void)(x))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum error_class {
	ERR_CLASS_NONE = 0,
	ERR_CLASS_DROP = 1,     // forget the message, count it
	ERR_CLASS_REPLY = 2,    // a request gets a SIP error answer; anything else is dropped
	ERR_CLASS_CLOSE = 3,    // the stream is beyond repair: close the connection
	ERR_CLASS_RESOURCE = 4, // a bound is reached or memory is out: refuse this one, go on
	ERR_CLASS_CONFIG = 5,   // refuse the configuration, keep the old one
	ERR_CLASS_STOP = 6,     // the process cannot do its work
};

#define ERR_(class, n) ((int)(((unsigned)(class) << 8) | (unsigned)(n)))

enum error {
	E_OK = 0,
	E_FORGED = ERR_(ERR_CLASS_DROP, 1),      // token, tag or branch is not one of ours
	E_STRANGER = ERR_(ERR_CLASS_DROP, 2),    // from nobody we know
	E_STALE = ERR_(ERR_CLASS_DROP, 3),       // was ours, is gone
	E_REPLAY = ERR_(ERR_CLASS_DROP, 4),      // seen before
	E_AUTH = ERR_(ERR_CLASS_DROP, 5),        // authentication failed
	E_IGNORE = ERR_(ERR_CLASS_DROP, 6),      // lawful, and nothing to do
	E_SYNTAX = ERR_(ERR_CLASS_REPLY, 1),     // does not follow the grammar
	E_TOO_LONG = ERR_(ERR_CLASS_REPLY, 2),   // an element exceeds its bound
	E_TOO_MANY = ERR_(ERR_CLASS_REPLY, 3),   // a count exceeds its bound
	E_MISSING = ERR_(ERR_CLASS_REPLY, 4),    // a required element is absent
	E_DUPLICATE = ERR_(ERR_CLASS_REPLY, 5),  // a singleton stands twice
	E_UNSUPPORTED = ERR_(ERR_CLASS_REPLY, 6),// understood, not offered
	E_POLICY = ERR_(ERR_CLASS_REPLY, 7),     // understood, forbidden for this peer
	E_NOT_FOUND = ERR_(ERR_CLASS_REPLY, 8),  // no such call, route, peer
	E_FRAMING = ERR_(ERR_CLASS_CLOSE, 1),    // message boundaries are not certain
	E_CLOSED = ERR_(ERR_CLASS_CLOSE, 2),     // the far side went away
	E_FULL = ERR_(ERR_CLASS_RESOURCE, 1),    // table, queue or buffer at its bound
	E_NO_MEMORY = ERR_(ERR_CLASS_RESOURCE, 2),
	E_TIMEOUT = ERR_(ERR_CLASS_RESOURCE, 3),
	E_AGAIN = ERR_(ERR_CLASS_RESOURCE, 4),   // not yet: more octets or a later call are needed
	E_CONFIG = ERR_(ERR_CLASS_CONFIG, 1),
	E_SYSTEM = ERR_(ERR_CLASS_STOP, 1),      // a system call failed that must not
	E_IMPOSSIBLE = ERR_(ERR_CLASS_STOP, 2),  // a state that the tables exclude; counted, object ended
};

typedef struct result {
	enum error error;
} result;

#define OK ((result){E_OK})
#define FAIL(e) ((result){(e)})

static inline bool is_ok(result r)
{
	return r.error == E_OK;
}

static inline enum error_class result_class(result r)
{
	return (enum error_class)((unsigned)r.error >> 8);
}

// Leave the function with the error of EXPR, if it has one.
#define TRY(expr)                                                                                            \
	do {                                                                                                 \
		result try_result_ = (expr);                                                                 \
		if (try_result_.error != E_OK)                                                               \
			return try_result_;                                                                  \
	} while (0)

// Leave the function with error E unless COND holds.
#define REQUIRE(cond, e)                                                                                     \
	do {                                                                                                 \
		if (!(cond))                                                                                 \
			return FAIL(e);                                                                      \
	} while (0)

// A result that does not matter here; the reason must stand in a comment beside it.
#define IGNORE_RESULT(expr)                                                                                  \
	do {                                                                                                 \
		result ignored_ = (expr);                                                                    \
		(void)ignored_;                                                                              \
	} while (0)

// The error as the words that journals and command line print, e.g. "forged". Static storage.
const char *error_name(enum error e);

#endif
