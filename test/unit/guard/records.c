// SPDX-License-Identifier: Apache-2.0
// Records in a memfd: what was put comes back, whatever was damaged, moved or half written does not (SF-A7, MF-A5, BE-3).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "guard/records.h"

enum { SLOTS = 100, OCTETS = 200 };

struct seen {
	uint32_t count, last, length;
	uint8_t first;
};

static void visit_h(uint32_t slot, struct bytes octets, void *ctx)
{
	struct seen *s = ctx;

	s->count++;
	s->last = slot;
	s->length = (uint32_t)octets.len;
	s->first = octets.at[0];
}

static struct seen all(struct records *r, uint32_t *damaged)
{
	struct seen s = {0};

	records_each(r, visit_h, &s, damaged);
	return s;
}

static struct records *make(int *fd)
{
	struct records *r = NULL;

	assert_true(is_ok(records_create("test", SLOTS, OCTETS, fd)));
	assert_true(is_ok(records_map(*fd, &r)));
	assert_int_equal(records_slots(r), SLOTS);
	return r;
}

static void put_and_read_back(void **state)
{
	uint8_t octets[OCTETS + 1];
	uint32_t damaged;
	int fd;
	struct records *r = make(&fd), *again = NULL;

	(void)state;
	memset(octets, 7, sizeof(octets));
	assert_int_equal(all(r, &damaged).count, 0);
	assert_true(is_ok(records_put(r, SLOTS - 1, bytes_make(octets, OCTETS))));
	assert_true(is_ok(records_put(r, 3, bytes_make(octets, 1))));
	assert_int_equal(records_put(r, 0, bytes_make(octets, OCTETS + 1)).error, E_TOO_LONG);
	assert_int_equal(records_put(r, 0, bytes_make(octets, 0)).error, E_TOO_LONG);
	assert_int_equal(records_put(r, SLOTS, bytes_make(octets, 1)).error, E_NOT_FOUND);
	records_unmap(r); // the child dies; the next one maps the same descriptor
	assert_true(is_ok(records_map(fd, &again)));
	struct seen s = all(again, &damaged);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.last, SLOTS - 1);
	assert_int_equal(s.length, OCTETS);
	assert_int_equal(s.first, 7);
	assert_int_equal(damaged, 0);
	records_erase(again, 3);
	records_erase(again, SLOTS + 5);
	assert_int_equal(all(again, &damaged).count, 1);
	records_unmap(again);
	close(fd);
}

static void erased_is_wiped(void **state)
{
	static const uint8_t secret[] = "a secret that must not stay";
	size_t size;
	uint32_t damaged;
	int fd;
	struct records *r = make(&fd);

	(void)state;
	assert_true(is_ok(records_put(r, 5, bytes_make(secret, sizeof(secret)))));
	uint8_t *block = records_block(r, &size);
	assert_non_null(memmem(block, size, secret, sizeof(secret)));
	records_erase(r, 5);
	assert_null(memmem(block, size, secret, sizeof(secret)));
	assert_int_equal(all(r, &damaged).count, 0);
	records_unmap(r);
	close(fd);
}

// Each octet of a record bent once: never read as whole, wiped, counted.
static void damage_is_seen(void **state)
{
	static const uint8_t text[] = "the record of a call";
	size_t size;
	int fd;
	struct records *r = make(&fd);
	uint32_t damaged, bent = 0;

	(void)state;
	for (size_t i = 0; i < 24 + sizeof(text); i++) {
		assert_true(is_ok(records_put(r, 0, bytes_make(text, sizeof(text)))));
		uint8_t *block = records_block(r, &size);
		if (i >= 4 && i < 8)
			continue; // not in use
		block[i] ^= 0x55;
		struct seen s = all(r, &damaged);
		assert_int_equal(s.count, 0);
		bent += damaged;
		records_erase(r, 0);
		memset(block, 0, 24 + sizeof(text));
	}
	assert_true(bent >= 20 + sizeof(text));
	records_unmap(r);
	close(fd);
}

// A record copied into another slot is no record.
static void moved_is_seen(void **state)
{
	static const uint8_t text[] = "the record of a call";
	size_t size;
	int fd;
	struct records *r = make(&fd);
	uint32_t damaged;

	(void)state;
	assert_true(is_ok(records_put(r, 0, bytes_make(text, sizeof(text)))));
	uint8_t *block = records_block(r, &size);
	size_t stride = size / SLOTS;
	memcpy(block + stride, block, stride);
	assert_int_equal(all(r, &damaged).count, 1);
	assert_int_equal(damaged, 1);
	records_unmap(r);
	close(fd);
}

static void geometry_is_checked(void **state)
{
	struct records *r = NULL;
	int fd, small = memfd_create("small", 0);

	(void)state;
	assert_int_equal(records_create("x", 0, OCTETS, &fd).error, E_CONFIG);
	assert_int_equal(records_create("x", RECORDS_SLOTS_MAX + 1u, OCTETS, &fd).error, E_CONFIG);
	assert_int_equal(records_create("x", 1, 65537, &fd).error, E_CONFIG);
	assert_int_equal(records_map(small, &r).error, E_SYSTEM);
	assert_int_equal(ftruncate(small, 1 << 20), 0);
	assert_int_equal(records_map(small, &r).error, E_CONFIG); // zeros are no geometry
	uint32_t lie[4] = {0x53524543, 1000000, 65536, 65600};
	assert_int_equal(pwrite(small, lie, sizeof(lie), 0), sizeof(lie));
	assert_int_equal(records_map(small, &r).error, E_CONFIG); // more than the memfd holds
	close(small);
	assert_true(is_ok(records_create("x", SLOTS, OCTETS, &fd)));
	assert_int_not_equal(ftruncate(fd, 4096), 0); // sealed
	memory_fail_nth(1);
	result res = records_map(fd, &r);
	memory_fail_nth(0);
	assert_int_equal(res.error, E_NO_MEMORY);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(put_and_read_back), cmocka_unit_test(erased_is_wiped),
		cmocka_unit_test(damage_is_seen), cmocka_unit_test(moved_is_seen), cmocka_unit_test(geometry_is_checked)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
