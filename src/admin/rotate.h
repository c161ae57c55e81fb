// SPDX-License-Identifier: Apache-2.0
// A file of lines that is appended to, synced, and rotated by size; at most KEEP old ones stay (BE-5).
//
// All or nothing: an append that fails half-way is cut off again, so that the file always ends with a whole line.
#ifndef ADMIN_ROTATE_H
#define ADMIN_ROTATE_H

#include "base/result.h"
#include "base/span.h"

#include <sys/types.h>

enum { ROTATE_PATH_MAX = 288 }; // the longest configured path and a suffix

struct disk { // how octets reach the disk; tests put a full one here
	void *ctx;
	ssize_t (*write_at)(void *ctx, int fd, const void *octets, size_t n, off_t at);
	int (*sync)(void *ctx, int fd);
};

extern const struct disk disk_real;

struct rotate {
	const struct disk *disk;
	char path[ROTATE_PATH_MAX];
	uint64_t size, max; // [octets]
	uint32_t keep;      // old files: PATH.1 (newest) .. PATH.KEEP
	int fd;             // -1: to be opened at the next append
	uint64_t rotated, removed;
	int last_errno;     // why the last append failed
};

// Nothing is opened yet. E_TOO_LONG.
MUST_USE result rotate_init(struct rotate *r, const struct disk *disk, const char *path, uint64_t max, uint32_t keep);
// Append LINES and sync. E_SYSTEM: nothing was appended; `last_errno` says why.
MUST_USE result rotate_append(struct rotate *r, struct bytes lines);
// Open the file now, to learn early whether it can be written. E_SYSTEM.
MUST_USE result rotate_open(struct rotate *r);
void rotate_close(struct rotate *r);
// Write N octets at AT, however many calls that takes. E_SYSTEM.
MUST_USE result disk_write_all(const struct disk *d, int fd, const void *octets, size_t n, off_t at);

#endif
