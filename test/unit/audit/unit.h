// SPDX-License-Identifier: Apache-2.0
// What every unit test of the audit includes.
#ifndef UNIT_AUDIT_UNIT_H
#define UNIT_AUDIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/inside.h"

#define assert_ok(r) assert_int_equal((r).error, E_OK)
#define assert_error(r, e) assert_int_equal((r).error, (e))

static inline struct address unit_address(const char *text)
{
	struct address a = {0};

	assert_ok(address_parse(bytes_of_string(text), &a));
	return a;
}

#endif
