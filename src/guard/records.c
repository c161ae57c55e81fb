// SPDX-License-Identifier: Apache-2.0
// A header page with the geometry, then the slots: length, checksum (SipHash-2-4, 16 octets), octets.
#include "guard/records.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS_MAGIC = 0x53524543, RECORDS_PAGE = 4096, RECORDS_SUM_LEN = 16, RECORDS_SLOT_OCTETS_MAX = 65536 };

struct geometry {
	uint32_t magic, slots, slot_octets, stride;
};

struct slot {
	uint32_t length; // 0: empty
	uint32_t reserved;
	uint8_t sum[RECORDS_SUM_LEN];
	uint8_t octets[];
};

struct records {
	struct geometry geometry; // our own checked copy
	int fd;                   // the caller's
	uint8_t *map;
	size_t size;
};

static uint32_t stride_of(uint32_t slot_octets)
{
	return (uint32_t)((sizeof(struct slot) + slot_octets + 63) & ~63u);
}

static bool geometry_sane(const struct geometry *g, uint64_t size)
{
	return g->magic == RECORDS_MAGIC && g->slots > 0 && g->slots <= RECORDS_SLOTS_MAX && g->slot_octets > 0 &&
	       g->slot_octets <= RECORDS_SLOT_OCTETS_MAX && g->stride == stride_of(g->slot_octets) &&
	       size == RECORDS_PAGE + (uint64_t)g->slots * g->stride;
}

_Static_assert(RECORDS_SUM_LEN == crypto_shorthash_siphashx24_BYTES, "sum");
_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16, "key");

result records_create(const char *name, uint32_t slots, uint32_t slot_octets, int *fd)
{
	struct geometry g = {RECORDS_MAGIC, slots, slot_octets, stride_of(slot_octets)};
	uint64_t size = RECORDS_PAGE + (uint64_t)slots * g.stride;
	REQUIRE(geometry_sane(&g, size), E_CONFIG);
	int f = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	REQUIRE(f >= 0, E_SYSTEM);
	bool good = ftruncate(f, (off_t)size) == 0 && pwrite(f, &g, sizeof(g), 0) == (ssize_t)sizeof(g) &&
		    fcntl(f, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
	if (!good) {
		close(f);
		return FAIL(E_SYSTEM);
	}
	*fd = f;
	return OK;
}

static result map_whole(struct records *r, int fd)
{
	struct stat st;
	r->fd = fd;
	REQUIRE(fstat(fd, &st) == 0 && st.st_size > RECORDS_PAGE, E_SYSTEM);
	r->size = (size_t)st.st_size;
	r->map = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(r->map != MAP_FAILED, E_SYSTEM);
	memcpy(&r->geometry, r->map, sizeof(r->geometry));
	REQUIRE(geometry_sane(&r->geometry, r->size), E_CONFIG);
	madvise(r->map, r->size, MADV_DONTDUMP);
	// Lock pages as they are touched; without the privilege or the limit for it the pages may be swapped, no more.
	if (mlock2(r->map, r->size, MLOCK_ONFAULT) != 0)
		errno = 0;
	return OK;
}

result records_map(int fd, struct records **out)
{
	struct records *r = memory_alloc(sizeof(*r));
	REQUIRE(r != NULL, E_NO_MEMORY);
	r->map = MAP_FAILED;
	result res = map_whole(r, fd);
	if (!is_ok(res)) {
		records_unmap(r);
		return res;
	}
	*out = r;
	return OK;
}

void records_unmap(struct records *r)
{
	if (r == NULL)
		return;
	if (r->map != MAP_FAILED)
		munmap(r->map, r->size);
	memory_free(r);
}

uint32_t records_slots(const struct records *r)
{
	return r->geometry.slots;
}

static struct slot *slot_at(const struct records *r, uint32_t i)
{
	return (struct slot *)(void *)(r->map + RECORDS_PAGE + (size_t)i * r->geometry.stride);
}

// Finds damage, keeps out nobody: whoever can write here owns the process. Keyed, so that a record copied to another
// slot does not fit.
static void sum(uint8_t out[RECORDS_SUM_LEN], uint32_t index, const uint8_t *octets, uint32_t length)
{
	uint32_t key[4] = {RECORDS_MAGIC, index, length, 0};
	crypto_shorthash_siphashx24(out, octets, length, (const uint8_t *)key);
}

result records_put(struct records *r, uint32_t slot, struct bytes octets)
{
	REQUIRE(slot < r->geometry.slots, E_NOT_FOUND);
	REQUIRE(octets.len > 0 && octets.len <= r->geometry.slot_octets, E_TOO_LONG);
	struct slot *s = slot_at(r, slot);
	s->length = 0; // a crash from here on leaves an empty slot
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy(s->octets, octets.at, octets.len);
	sum(s->sum, slot, s->octets, (uint32_t)octets.len);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	s->length = (uint32_t)octets.len;
	return OK;
}

void records_erase(struct records *r, uint32_t slot)
{
	if (slot >= r->geometry.slots)
		return;
	struct slot *s = slot_at(r, slot);
	uint32_t used = s->length <= r->geometry.slot_octets ? s->length : r->geometry.slot_octets;
	s->length = 0;
	memory_wipe(s->sum, sizeof(s->sum));
	memory_wipe(s->octets, used);
}

// The first slot from I on of which anything was ever written: pages never touched must stay holes.
static uint32_t skip_holes(const struct records *r, uint32_t i)
{
	off_t at = (off_t)(RECORDS_PAGE + (size_t)i * r->geometry.stride);
	off_t data = lseek(r->fd, at, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? r->geometry.slots : i; // nothing more; or holes cannot be told
	return data <= at ? i : (uint32_t)((size_t)(data - RECORDS_PAGE) / r->geometry.stride);
}

void records_each(struct records *r, void (*visit)(uint32_t slot, struct bytes octets, void *ctx), void *ctx,
	uint32_t *damaged)
{
	*damaged = 0;
	for (uint32_t i = skip_holes(r, 0); i < r->geometry.slots; i = skip_holes(r, i + 1)) {
		const struct slot *s = slot_at(r, i);
		uint8_t expected[RECORDS_SUM_LEN];
		if (s->length == 0)
			continue;
		bool whole = s->length <= r->geometry.slot_octets;
		if (whole) {
			sum(expected, i, s->octets, s->length);
			whole = memcmp(expected, s->sum, RECORDS_SUM_LEN) == 0;
		}
		if (whole) {
			visit(i, bytes_make(s->octets, s->length), ctx);
		} else {
			(*damaged)++;
			records_erase(r, i);
		}
	}
}

void *records_block(struct records *r, size_t *size)
{
	*size = r->size - RECORDS_PAGE;
	return r->map + RECORDS_PAGE;
}
