// SPDX-License-Identifier: Apache-2.0
// What the unit tests of publish share.
#ifndef UNIT_PUBLISH_UNIT_H
#define UNIT_PUBLISH_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/result.h"

#define assert_ok(r) assert_int_equal((r).error, E_OK)
#define assert_error(r, e) assert_int_equal((r).error, (e))

// xorshift64*: the same numbers in every run.
static inline uint64_t unit_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ull;
}

#endif
