// SPDX-License-Identifier: Apache-2.0
// Snapshots made by hand, and numbers from a seed, for the tests of the registry.
#ifndef TEST_REGISTRY_SUPPORT_H
#define TEST_REGISTRY_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "registry/snapshot.h"

#define TEST_TRUST "-----trust-----"

struct test_block {
	struct snapshot *snapshot;
	struct peer *peer; // COUNT of them
	size_t size;
};

// Three zones (0 core, 1 peering, 2 transit), one listener, COUNT peers named p0, p1, ... in service, in zone
// id % 3, otherwise empty. Seal it after changes, free it with test_block_free.
struct test_block test_block_new(uint16_t count);
void test_block_free(struct test_block *b);
uint32_t test_random(void); // the same row of numbers in each run
struct prefix test_prefix(const char *text);
struct address test_address(const char *text);
void test_add_address(struct peer *p, struct prefix prefix);
void test_add_number(struct peer *p, const char *digits);

#endif
