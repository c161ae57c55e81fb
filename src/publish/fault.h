// SPDX-License-Identifier: Apache-2.0
// Why a publication stopped: one word for programs, one sentence for people. Whatever it is, the zone keeps what it holds.
#ifndef PUBLISH_FAULT_H
#define PUBLISH_FAULT_H

#include "base/result.h"

enum publish_trouble {
	PUBLISH_FINE = 0,
	PUBLISH_UNREACHABLE,  // nobody takes a connection
	PUBLISH_TIMEOUT,
	PUBLISH_GONE,         // it closed the connection
	PUBLISH_TRUNCATED,    // an answer or transfer ends too early
	PUBLISH_MALFORMED,    // not DNS, or not an answer to what was asked
	PUBLISH_UNVERIFIED,   // an answer without a good signature: not believed
	PUBLISH_BAD_KEY,      // the key is not known there, or may not do this
	PUBLISH_BAD_SIGNATURE,
	PUBLISH_BAD_TIME,     // clocks differ
	PUBLISH_NOT_AUTHORITATIVE,
	PUBLISH_REFUSED,
	PUBLISH_CONFLICT,     // somebody else changed the zone in between
	PUBLISH_SERVER,       // it failed inside
	PUBLISH_TOO_MUCH,     // the zone is beyond our bounds
	PUBLISH_EMPTY,        // there is nothing to publish
	PUBLISH_NO_MEMORY,
	PUBLISH_TROUBLES,
};

enum { PUBLISH_FAULT_MAX = 256 };

struct publish_fault {
	enum publish_trouble what;
	char text[PUBLISH_FAULT_MAX]; // what, where, how to mend
};

const char *publish_trouble_name(enum publish_trouble what); // "timeout", ... Static storage.
// Fill in F with WHAT, the words for it and DETAIL (where), and answer with an error that fits.
MUST_USE result publish_fail(struct publish_fault *f, enum publish_trouble what, const char *detail);

#endif
