// SPDX-License-Identifier: Apache-2.0
// Appending by offset: what a failed append left behind is cut off, or overwritten by the next one.
#include "admin/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t real_write_at(void *ctx, int fd, const void *octets, size_t n, off_t at)
{
	UNUSED(ctx);
	return pwrite(fd, octets, n, at);
}

static int real_sync(void *ctx, int fd)
{
	UNUSED(ctx);
	return fdatasync(fd);
}

const struct disk disk_real = {NULL, real_write_at, real_sync};

result disk_write_all(const struct disk *d, int fd, const void *octets, size_t n, off_t at)
{
	const uint8_t *from = octets;
	while (n > 0) {
		ssize_t done = d->write_at(d->ctx, fd, from, n, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0)
			errno = ENOSPC;
		REQUIRE(done > 0, E_SYSTEM);
		from += done;
		at += done;
		n -= (size_t)done;
	}
	return OK;
}

result rotate_init(struct rotate *r, const struct disk *disk, const char *path, uint64_t max, uint32_t keep)
{
	*r = (struct rotate){.disk = disk, .max = max, .keep = keep, .fd = -1};
	int n = snprintf(r->path, sizeof(r->path), "%s", path);
	return n > 0 && (size_t)n + sizeof(".4294967295") < sizeof(r->path) ? OK : FAIL(E_TOO_LONG);
}

// A crash may have cut the last line: the file goes on after its last newline.
static result find_end(struct rotate *r)
{
	struct stat st;
	REQUIRE(fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode), E_SYSTEM);
	r->size = (uint64_t)st.st_size;
	while (r->size > 0) {
		char tail[4096];
		size_t n = r->size < sizeof(tail) ? (size_t)r->size : sizeof(tail);
		REQUIRE(pread(r->fd, tail, n, (off_t)(r->size - n)) == (ssize_t)n, E_SYSTEM);
		const char *end = memrchr(tail, '\n', n);
		if (end != NULL) {
			r->size -= n - (size_t)(end + 1 - tail);
			break;
		}
		r->size -= n;
	}
	return ftruncate(r->fd, (off_t)r->size) == 0 ? OK : FAIL(E_SYSTEM);
}

// A new name must outlive a power failure too. Where that cannot be had, the records themselves are still synced.
static void sync_folder(const char *path)
{
	char folder[ROTATE_PATH_MAX];
	const char *slash = strrchr(path, '/');
	snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1, slash == NULL ? "." : path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

result rotate_open(struct rotate *r)
{
	if (r->fd >= 0)
		return OK;
	r->fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	r->last_errno = r->fd < 0 ? errno : r->last_errno;
	REQUIRE(r->fd >= 0, E_SYSTEM);
	result f = find_end(r);
	if (!is_ok(f))
		rotate_close(r);
	else if (r->size == 0)
		sync_folder(r->path);
	return f;
}

static void old_name(const struct rotate *r, uint32_t i, char out[ROTATE_PATH_MAX])
{
	if (i == 0)
		snprintf(out, ROTATE_PATH_MAX, "%s", r->path);
	else
		snprintf(out, ROTATE_PATH_MAX, "%.*s.%u", (int)(ROTATE_PATH_MAX - sizeof(".4294967295")), r->path, i);
}

// PATH.KEEP goes away, each other moves up by one. A file that cannot be moved stays and grows: no record is lost for it.
static void turn(struct rotate *r)
{
	char from[ROTATE_PATH_MAX], to[ROTATE_PATH_MAX];
	old_name(r, r->keep, to);
	if (unlink(to) == 0)
		r->removed++;
	for (uint32_t i = r->keep; i > 0; i--) {
		old_name(r, i - 1, from);
		old_name(r, i, to);
		if (rename(from, to) != 0 && i == 1)
			return;
	}
	rotate_close(r);
	r->rotated++;
}

static result append_open(struct rotate *r, struct bytes lines)
{
	TRY(disk_write_all(r->disk, r->fd, lines.at, lines.len, (off_t)r->size));
	return r->disk->sync(r->disk->ctx, r->fd) == 0 ? OK : FAIL(E_SYSTEM);
}

result rotate_append(struct rotate *r, struct bytes lines)
{
	if (r->size > 0 && r->size + lines.len > r->max && r->fd >= 0)
		turn(r);
	result f = rotate_open(r);
	if (is_ok(f))
		f = append_open(r, lines);
	if (is_ok(f)) {
		r->size += lines.len;
		return OK;
	}
	r->last_errno = errno;
	if (r->fd >= 0 && ftruncate(r->fd, (off_t)r->size) != 0)
		rotate_close(r); // opened anew, it is cut after its last whole line
	return f;
}

void rotate_close(struct rotate *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->size = 0;
}
