// SPDX-License-Identifier: Apache-2.0
// One queue of whole lines; a flush writes it to the file, else to the spill file, else the policy decides.
#include "admin/cdr.h"

#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_MAX = 64 * 1024 }; // [octets] moved at once from the spill file

struct cdr {
	struct cdr_config config;
	struct rotate file;
	char spill_path[ROTATE_PATH_MAX];
	int spill;           // -1: there is none
	uint32_t spill_used; // [octets]; the rest of the file is zero
	uint32_t spill_moved; // [octets] of them that stand in the file by now
	uint8_t *queue;
	uint32_t queue_len, queue_count, last_number;
	uint64_t flush_at_us, retry_at_us; // NO_DEADLINE: not armed
	bool refused;        // a record was not taken since
	struct cdr_counts counts;
};

// Zeros over the whole file, once: from then on its blocks are ours, also on a full disk.
static result spill_reserve(struct cdr *c, uint32_t from)
{
	static const uint8_t zeros[COPY_MAX];
	for (uint32_t at = from; at < c->config.spill_max; at += COPY_MAX) {
		uint32_t n = c->config.spill_max - at < COPY_MAX ? c->config.spill_max - at : COPY_MAX;
		TRY(disk_write_all(c->config.disk, c->spill, zeros, n, (off_t)at));
	}
	return c->config.disk->sync(c->config.disk->ctx, c->spill) == 0 ? OK : FAIL(E_SYSTEM);
}

// Records that an earlier process left: whole lines up to the first zero.
static uint32_t spill_measure(const struct cdr *c)
{
	uint32_t used = 0;
	uint8_t part[4096];
	for (uint32_t at = 0; at < c->config.spill_max; at += (uint32_t)sizeof(part)) {
		ssize_t n = pread(c->spill, part, sizeof(part), (off_t)at);
		const uint8_t *zero = n > 0 ? memchr(part, 0, (size_t)n) : part;
		const uint8_t *line = n > 0 ? memrchr(part, '\n', zero != NULL ? (size_t)(zero - part) : (size_t)n) : NULL;
		if (line != NULL)
			used = at + (uint32_t)(line - part) + 1;
		if (zero != NULL || n < (ssize_t)sizeof(part))
			break;
	}
	return used < c->config.spill_max ? used : c->config.spill_max;
}

// Of the last octets before END, at most CDR_QUEUE_MAX: no flush is longer.
static size_t read_end(int fd, off_t end, char *out)
{
	off_t from = end > CDR_QUEUE_MAX ? end - CDR_QUEUE_MAX : 0;
	ssize_t n = end > from ? pread(fd, out, (size_t)(end - from), from) : 0;
	return n > 0 ? (size_t)n : 0;
}

static size_t read_file_end(const char *path, char *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t n = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read_end(fd, st.st_size, out) : 0;
	if (fd >= 0)
		close(fd);
	return n;
}

// A crash may have cut a move short: the file then ends with what stands in front of the spill file.
static uint32_t spill_resume(const struct cdr *c, const char *spill)
{
	uint32_t moved = 0;
	char *end = memory_alloc(CDR_QUEUE_MAX + 1);
	size_t n = end != NULL ? read_file_end(c->file.path, end) : 0;
	char *stop = n > 0 ? memrchr(end, '\n', n) : NULL;
	const char *line = stop > end ? memrchr(end, '\n', (size_t)(stop - end)) : NULL;
	line = line != NULL ? line + 1 : end;
	size_t len = stop != NULL ? (size_t)(stop + 1 - line) : 0;
	const char *at = len > 1 ? memmem(spill, c->spill_used, line, len) : NULL;
	if (at != NULL)
		moved = (uint32_t)(at - spill) + (uint32_t)len;
	memory_free(end);
	return moved;
}

static void spill_find(struct cdr *c)
{
	c->spill_used = spill_measure(c);
	char *spill = c->spill_used > 0 ? memory_alloc(c->spill_used) : NULL;
	if (spill != NULL && pread(c->spill, spill, c->spill_used, 0) == (ssize_t)c->spill_used)
		c->spill_moved = spill_resume(c, spill);
	memory_free(spill); // without memory some may be written twice, with the same `id`
}

static void spill_open(struct cdr *c)
{
	struct stat st = {0};
	c->spill = open(c->spill_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (c->spill < 0)
		return;
	result r = fstat(c->spill, &st) == 0 && S_ISREG(st.st_mode) ? OK : FAIL(E_SYSTEM);
	if (is_ok(r) && (uint64_t)st.st_size < c->config.spill_max)
		r = spill_reserve(c, (uint32_t)st.st_size);
	if (is_ok(r)) {
		spill_find(c);
		return;
	}
	// No room for all of it: what was taken is given back, or it would fill the very disk that the records need.
	if (S_ISREG(st.st_mode) && ftruncate(c->spill, st.st_size) != 0)
		log_write(LOG_LEVEL_WARNING, "records.spill-kept", LOG_STR("path", c->spill_path));
	close(c->spill);
	c->spill = -1;
}

result cdr_new(struct cdr **out, const struct cdr_config *config)
{
	*out = NULL;
	struct cdr *c = memory_alloc(sizeof(*c));
	REQUIRE(c != NULL, E_NO_MEMORY);
	c->config = *config;
	c->spill = -1;
	c->flush_at_us = c->retry_at_us = NO_DEADLINE;
	c->queue = memory_alloc(CDR_QUEUE_MAX);
	result r = c->queue != NULL ? OK : FAIL(E_NO_MEMORY);
	if (is_ok(r))
		r = rotate_init(&c->file, config->disk, config->path, config->file_max, config->files_kept);
	if (!is_ok(r)) {
		memory_free(c->queue);
		memory_free(c);
		return r;
	}
	snprintf(c->spill_path, sizeof(c->spill_path), "%.*s.spill", (int)(sizeof(c->spill_path) - 7), config->path);
	spill_open(c);
	c->retry_at_us = 0; // at the first run: open the file, and empty the spill file into it
	*out = c;
	return OK;
}

// Moved parts are only erased together; a failure, and a crash (spill_resume), go on where it stopped.
static result spill_to_file(struct cdr *c)
{
	uint8_t *part = memory_alloc(COPY_MAX);
	result r = part != NULL ? OK : FAIL(E_NO_MEMORY);
	while (is_ok(r) && c->spill_moved < c->spill_used) {
		uint32_t rest = c->spill_used - c->spill_moved;
		ssize_t got = pread(c->spill, part, rest < COPY_MAX ? rest : COPY_MAX, (off_t)c->spill_moved);
		const uint8_t *line = got > 0 ? memrchr(part, '\n', (size_t)got) : NULL;
		if (line == NULL)
			break; // damaged from outside: what follows is no record
		r = rotate_append(&c->file, bytes_make(part, (size_t)(line - part) + 1));
		if (is_ok(r))
			c->spill_moved += (uint32_t)(line - part) + 1;
	}
	memory_free(part);
	return r;
}

static result spill_empty(struct cdr *c)
{
	if (c->spill_used == 0)
		return OK;
	TRY(spill_to_file(c));
	uint32_t used = c->spill_used;
	c->spill_used = c->spill_moved = 0;
	static const uint8_t zeros[COPY_MAX];
	for (uint32_t at = 0; at < used; at += COPY_MAX)
		TRY(disk_write_all(c->config.disk, c->spill, zeros, used - at < COPY_MAX ? used - at : COPY_MAX, (off_t)at));
	return c->config.disk->sync(c->config.disk->ctx, c->spill) == 0 ? OK : FAIL(E_SYSTEM);
}

static result spill_append(struct cdr *c)
{
	REQUIRE(c->spill >= 0, E_SYSTEM);
	REQUIRE(c->queue_len < c->config.spill_max - c->spill_used, E_FULL); // a zero stays at the end
	TRY(disk_write_all(c->config.disk, c->spill, c->queue, c->queue_len, (off_t)c->spill_used));
	REQUIRE(c->config.disk->sync(c->config.disk->ctx, c->spill) == 0, E_SYSTEM);
	c->spill_used += c->queue_len;
	c->counts.spilled += c->queue_count;
	return OK;
}

static void queue_done(struct cdr *c)
{
	if (c->queue_count > 0)
		c->config.ack(c->config.ctx, c->last_number);
	c->queue_len = c->queue_count = 0;
	c->flush_at_us = NO_DEADLINE;
}

static void set_full(struct cdr *c, bool full)
{
	if (!c->counts.full && !full && !c->refused)
		return;
	if (full && !c->counts.full)
		log_write(LOG_LEVEL_ALARM, "records.full", LOG_STR("path", c->file.path), LOG_STR("mend", "free space there"));
	else if (!full)
		log_write(LOG_LEVEL_NOTICE, "records.take-more", LOG_STR("path", c->file.path));
	c->counts.full = full;
	c->refused = c->refused && full;
	c->config.state(c->config.ctx, full); // each time while it is full: the signaller may be a new one
}

static void file_failed(struct cdr *c, uint64_t now_us)
{
	if (!c->counts.failing)
		log_write(LOG_LEVEL_ALARM, "records.cannot-write", LOG_STR("path", c->file.path),
			LOG_NUM("errno", c->file.last_errno), LOG_STR("mend", "free space, or mend folder and permissions"));
	c->counts.failing = true;
	c->counts.failures++;
	c->counts.last_errno = c->file.last_errno;
	c->retry_at_us = now_us + CDR_RETRY_MS * MS;
}

// The file first, unless it failed a moment ago; what waits in the spill file is older and goes before the queue.
static result file_append(struct cdr *c, uint64_t now_us)
{
	if (c->counts.failing && now_us < c->retry_at_us)
		return FAIL(E_SYSTEM);
	result r = rotate_open(&c->file);
	if (is_ok(r))
		r = spill_empty(c);
	if (is_ok(r) && c->queue_len > 0)
		r = rotate_append(&c->file, bytes_make(c->queue, c->queue_len));
	if (!is_ok(r)) {
		file_failed(c, now_us);
		return r;
	}
	if (c->counts.failing)
		log_write(LOG_LEVEL_NOTICE, "records.writes-again", LOG_STR("path", c->file.path));
	c->counts.failing = false;
	c->retry_at_us = NO_DEADLINE;
	c->counts.written += c->queue_count;
	return OK;
}

static void flush(struct cdr *c, uint64_t now_us)
{
	result r = file_append(c, now_us);
	if (is_ok(r) || (c->queue_count > 0 && is_ok(spill_append(c)))) {
		queue_done(c);
		if (is_ok(r))
			set_full(c, false);
		return;
	}
	c->flush_at_us = NO_DEADLINE; // the retry writes it
	if (!c->config.drop_when_full) {
		if (c->queue_count > 0 || c->spill < 0 || c->spill_used > c->config.spill_max - CDR_LINE_MAX)
			set_full(c, true); // now, rather than with the first record that is in danger
		return;
	}
	if (c->queue_count == 0)
		return;
	c->counts.dropped += c->queue_count;
	log_write(LOG_LEVEL_ALARM, "records.dropped", LOG_NUM("count", c->queue_count), LOG_NUM("total", c->counts.dropped));
	queue_done(c);
}

result cdr_add(struct cdr *c, uint32_t number, struct bytes line, uint64_t now_us)
{
	if (line.len > CDR_LINE_MAX) {
		c->counts.dropped++;
		return FAIL(E_TOO_LONG);
	}
	if (!c->refused && c->queue_len + line.len + 1 > CDR_QUEUE_MAX)
		flush(c, now_us);
	if (c->refused || c->queue_len + line.len + 1 > CDR_QUEUE_MAX) {
		c->refused = true; // also all that follow, until they are sent again in order
		return FAIL(E_FULL);
	}
	if (line.len > 0)
		memcpy(c->queue + c->queue_len, line.at, line.len);
	c->queue_len += (uint32_t)line.len;
	c->queue[c->queue_len++] = '\n';
	c->queue_count++;
	c->last_number = number;
	if (c->queue_count >= CDR_BATCH_MAX && !c->counts.full)
		flush(c, now_us);
	else if (c->flush_at_us == NO_DEADLINE && !c->counts.full)
		c->flush_at_us = now_us + CDR_BATCH_MS * MS;
	return OK;
}

void cdr_run(struct cdr *c, uint64_t now_us)
{
	if (now_us >= cdr_deadline(c))
		flush(c, now_us);
}

uint64_t cdr_deadline(const struct cdr *c)
{
	return c->flush_at_us < c->retry_at_us ? c->flush_at_us : c->retry_at_us;
}

char *cdr_last_written(const struct cdr *c)
{
	char older[ROTATE_PATH_MAX + 2];
	char *text = memory_alloc(2 * CDR_QUEUE_MAX + 1);
	if (text == NULL)
		return NULL; // they are written twice then, with the same `id`
	snprintf(older, sizeof(older), "%s.1", c->file.path);
	size_t n = read_file_end(c->file.path, text);
	if (n == 0)
		n = read_file_end(older, text); // it was about to begin a new one
	if (c->spill >= 0)
		n += read_end(c->spill, (off_t)c->spill_used, text + n);
	if (n > 0)
		return text;
	memory_free(text);
	return NULL;
}

bool cdr_line_written(const char *written, const char *line)
{
	size_t n = strlen(line);
	for (const char *at = strstr(written, line); at != NULL; at = strstr(at + 1, line))
		if (at[n] == '\n' && (at == written || at[-1] == '\n'))
			return true;
	return false;
}

void cdr_set_policy(struct cdr *c, bool drop_when_full)
{
	c->config.drop_when_full = drop_when_full;
}

struct cdr_counts cdr_counts(const struct cdr *c)
{
	struct cdr_counts counts = c->counts;
	counts.queued = c->queue_count;
	counts.spill_octets = c->spill_used;
	counts.rotated = c->file.rotated;
	counts.removed = c->file.removed;
	return counts;
}

void cdr_free(struct cdr *c, uint64_t now_us)
{
	if (c == NULL)
		return;
	c->retry_at_us = 0; // a last try, also after a failure a moment ago
	if (c->queue_count > 0)
		flush(c, now_us);
	rotate_close(&c->file);
	if (c->spill >= 0)
		close(c->spill);
	memory_free(c->queue);
	memory_free(c);
}
