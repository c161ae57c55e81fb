// SPDX-License-Identifier: Apache-2.0
// What every unit test of admin includes.
#ifndef UNIT_ADMIN_UNIT_H
#define UNIT_ADMIN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/result.h"

#define assert_ok(r) assert_int_equal((r).error, E_OK)
#define assert_error(r, e) assert_int_equal((r).error, (e))

#endif
