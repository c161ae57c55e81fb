// SPDX-License-Identifier: Apache-2.0
// Call records on a disk that fills up, empties, fails to sync and loses power (BE-5).
#include "unit.h"

#include "admin/cdr.h"

#include "base/log.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rig {
	char folder[64], path[96], spill[112];
	int64_t room;      // [octets] that the main file still takes
	int main_fd_guess; // unused descriptors are told apart by their path
	bool sync_fails;
	uint32_t acked, syncs, acks;
	bool full;
	uint32_t states;
	struct disk disk;
	struct cdr *cdr;
	uint64_t now;
};

static bool is_spill(int fd)
{
	char link[32], path[160] = "";
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	return n > 6 && strcmp(path + n - 6, ".spill") == 0;
}

// The file is full after `room` octets; the spill file has its blocks already.
static ssize_t fake_write(void *ctx, int fd, const void *octets, size_t n, off_t at)
{
	struct rig *r = ctx;
	if (is_spill(fd))
		return pwrite(fd, octets, n, at);
	if (r->room <= 0) {
		errno = ENOSPC;
		return -1;
	}
	size_t take = (int64_t)n > r->room ? (size_t)r->room : n; // a short write first
	r->room -= (int64_t)take;
	return pwrite(fd, octets, take, at);
}

static int fake_sync(void *ctx, int fd)
{
	struct rig *r = ctx;
	(void)fd;
	r->syncs++;
	errno = EIO;
	return r->sync_fails ? -1 : 0;
}

static void ack_h(void *ctx, uint32_t number)
{
	struct rig *r = ctx;
	r->acked = number;
	r->acks++;
}

static void state_h(void *ctx, bool full)
{
	struct rig *r = ctx;
	r->full = full;
	r->states++;
}

static void open_cdr(struct rig *r, uint64_t file_max, uint32_t kept, uint32_t spill_max, bool drop)
{
	struct cdr_config c = {.path = r->path, .disk = &r->disk, .file_max = file_max, .files_kept = kept,
		.spill_max = spill_max, .drop_when_full = drop, .ctx = r, .ack = ack_h, .state = state_h};
	assert_ok(cdr_new(&r->cdr, &c));
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	snprintf(r->folder, sizeof(r->folder), "/tmp/unit-cdr-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	snprintf(r->path, sizeof(r->path), "%s/records.jsonl", r->folder);
	snprintf(r->spill, sizeof(r->spill), "%s.spill", r->path);
	r->room = INT64_MAX;
	r->disk = (struct disk){r, fake_write, fake_sync};
	r->now = SECOND;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	char name[128];
	cdr_free(r->cdr, r->now);
	unlink(r->path);
	unlink(r->spill);
	for (int i = 1; i < 6; i++) {
		snprintf(name, sizeof(name), "%s.%d", r->path, i);
		unlink(name);
	}
	rmdir(r->folder);
	free(r);
	return 0;
}

static char *slurp(const char *path, char *out, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t n = f != NULL ? fread(out, 1, room - 1, f) : 0;
	out[n] = '\0';
	if (f != NULL)
		fclose(f);
	return out;
}

static void add(struct rig *r, uint32_t number, const char *line)
{
	assert_ok(cdr_add(r->cdr, number, bytes_of_string(line), r->now));
}

static void run_later(struct rig *r, uint64_t ms)
{
	r->now += ms * MS;
	cdr_run(r->cdr, r->now);
}

static void batches(void **state)
{
	struct rig *r = *state;
	char text[8192];
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	add(r, 1, "{\"n\":1}");
	add(r, 2, "{\"n\":2}");
	assert_int_equal(r->acks, 0);
	run_later(r, CDR_BATCH_MS - 1);
	assert_int_equal(r->acks, 0);
	uint32_t syncs = r->syncs;
	run_later(r, 1);
	assert_int_equal(r->acked, 2);
	assert_int_equal(r->acks, 1);
	assert_int_equal(r->syncs, syncs + 1); // one sync for both
	assert_string_equal(slurp(r->path, text, sizeof(text)), "{\"n\":1}\n{\"n\":2}\n");
	for (uint32_t i = 3; i < 3 + CDR_BATCH_MAX; i++)
		add(r, i, "{}");
	assert_int_equal(r->acked, 2 + CDR_BATCH_MAX); // full batch: at once
	assert_int_equal(cdr_deadline(r->cdr), NO_DEADLINE);
}

static void a_full_disk_spills_and_recovers(void **state)
{
	struct rig *r = *state;
	char text[8192];
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	add(r, 1, "{\"n\":1}");
	run_later(r, CDR_BATCH_MS);
	r->room = 3; // the next line is cut
	add(r, 2, "{\"n\":2}");
	run_later(r, CDR_BATCH_MS);
	assert_int_equal(r->acked, 2); // safe in the spill file
	assert_string_equal(slurp(r->path, text, sizeof(text)), "{\"n\":1}\n"); // no half line
	assert_string_equal(slurp(r->spill, text, sizeof(text)), "{\"n\":2}\n");
	assert_true(cdr_counts(r->cdr).failing);
	assert_int_equal(cdr_counts(r->cdr).last_errno, ENOSPC);
	assert_int_equal(r->states, 0); // calls go on
	add(r, 3, "{\"n\":3}");
	run_later(r, CDR_BATCH_MS);
	assert_int_equal(r->acked, 3);
	r->room = INT64_MAX;
	run_later(r, CDR_RETRY_MS);
	assert_string_equal(slurp(r->path, text, sizeof(text)), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	assert_string_equal(slurp(r->spill, text, sizeof(text)), "");
	assert_false(cdr_counts(r->cdr).failing);
	assert_int_equal(cdr_counts(r->cdr).spill_octets, 0);
}

static void refuses_new_calls_when_all_is_full(void **state)
{
	struct rig *r = *state;
	char text[8192];
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	char *big = calloc(1, CDR_LINE_MAX + 1);
	memset(big, 'x', 60000);
	r->room = 0;
	add(r, 1, big);
	run_later(r, CDR_BATCH_MS); // spill: 60001 of 65536
	assert_int_equal(r->acked, 1);
	add(r, 2, big);
	run_later(r, CDR_BATCH_MS);
	assert_int_equal(r->acked, 1); // not safe, not acknowledged
	assert_true(r->full);
	assert_true(cdr_counts(r->cdr).full);
	uint32_t taken = 2;
	while (is_ok(cdr_add(r->cdr, taken + 1, bytes_make(big, 60000), r->now)))
		taken++;
	assert_true(taken < 30); // memory is bounded
	assert_error(cdr_add(r->cdr, taken + 2, BYTES("{}"), r->now), E_FULL); // also a small one: order is kept
	assert_int_equal(r->acked, 1);
	r->room = INT64_MAX;
	run_later(r, CDR_RETRY_MS);
	assert_int_equal(r->acked, taken);
	assert_false(r->full); // told, so that the rest is sent again
	assert_true(r->states >= 2);
	add(r, taken + 1, "{\"again\":1}");
	run_later(r, CDR_BATCH_MS);
	assert_int_equal(r->acked, taken + 1);
	struct stat st;
	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_size, taken * 60001 + 12);
	slurp(r->path, text, 4);
	free(big);
}

static void drops_and_counts_when_told_so(void **state)
{
	struct rig *r = *state;
	open_cdr(r, CDR_FILE_MAX, 2, 65536, true);
	cdr_run(r->cdr, r->now);
	char *big = calloc(1, CDR_LINE_MAX + 1);
	memset(big, 'x', 60000);
	r->room = 0;
	for (uint32_t i = 1; i <= 4; i++) {
		add(r, i, big);
		run_later(r, CDR_BATCH_MS);
	}
	assert_int_equal(r->acked, 4);
	assert_int_equal(cdr_counts(r->cdr).spilled, 1);
	assert_int_equal(cdr_counts(r->cdr).dropped, 3);
	assert_int_equal(r->states, 0);
	free(big);
}

static void a_failing_sync_is_no_success(void **state)
{
	struct rig *r = *state;
	char text[256];
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	r->sync_fails = true;
	add(r, 1, "{}");
	run_later(r, CDR_BATCH_MS);
	assert_int_equal(r->acks, 0); // neither file nor spill is safe
	assert_true(r->full);
	assert_string_equal(slurp(r->path, text, sizeof(text)), "");
	r->sync_fails = false;
	run_later(r, CDR_RETRY_MS);
	assert_int_equal(r->acked, 1);
	assert_string_equal(slurp(r->path, text, sizeof(text)), "{}\n");
	assert_false(r->full);
}

static void what_a_crash_left_is_kept(void **state)
{
	struct rig *r = *state;
	char text[256];
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	r->room = 0;
	add(r, 1, "{\"n\":1}");
	run_later(r, CDR_BATCH_MS);
	cdr_free(r->cdr, r->now);
	FILE *f = fopen(r->path, "wb"); // power was lost in the middle of a line
	fputs("{\"n\":0}\n{\"half", f);
	fclose(f);
	r->room = INT64_MAX;
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	assert_int_equal(cdr_counts(r->cdr).spill_octets, 8);
	cdr_run(r->cdr, r->now);
	assert_string_equal(slurp(r->path, text, sizeof(text)), "{\"n\":0}\n{\"n\":1}\n");
	assert_int_equal(cdr_counts(r->cdr).spill_octets, 0);
}

// Killed between writing and acknowledging: what is in the file, or in the spill file, is told by its end.
static void what_was_written_is_known_again(void **state)
{
	struct rig *r = *state;
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	assert_null(cdr_last_written(r->cdr));
	cdr_run(r->cdr, r->now);
	add(r, 1, "{\"n\":11}");
	add(r, 2, "{\"n\":2}");
	run_later(r, CDR_BATCH_MS);
	r->room = 0;
	add(r, 3, "{\"n\":3}");
	run_later(r, CDR_BATCH_MS);
	cdr_free(r->cdr, r->now);
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	char *text = cdr_last_written(r->cdr);
	assert_non_null(text);
	assert_true(cdr_line_written(text, "{\"n\":11}"));
	assert_true(cdr_line_written(text, "{\"n\":2}"));
	assert_true(cdr_line_written(text, "{\"n\":3}"));
	assert_false(cdr_line_written(text, "{\"n\":4}"));
	assert_false(cdr_line_written(text, "\"n\":11}")); // part of a line
	memory_free(text);
	r->room = INT64_MAX;
}

static void what_was_written_before_a_rotation_is_known_again(void **state)
{
	struct rig *r = *state;
	char name[128];
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	add(r, 1, "{\"n\":1}");
	run_later(r, CDR_BATCH_MS);
	cdr_free(r->cdr, r->now);
	snprintf(name, sizeof(name), "%s.1", r->path);
	assert_int_equal(rename(r->path, name), 0); // killed before the new file was begun
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	char *text = cdr_last_written(r->cdr);
	assert_non_null(text);
	assert_true(cdr_line_written(text, "{\"n\":1}"));
	memory_free(text);
}

// Killed after the spill file was moved in part: the rest follows, nothing comes twice.
static void a_move_that_was_cut_short_goes_on(void **state)
{
	struct rig *r = *state;
	char text[8192];
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	r->room = 0;
	for (uint32_t i = 1; i <= 3; i++) {
		snprintf(text, sizeof(text), "{\"n\":%u}", i);
		add(r, i, text);
	}
	run_later(r, CDR_BATCH_MS);
	cdr_free(r->cdr, r->now);
	FILE *f = fopen(r->path, "wb");
	fputs("{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\"", f);
	fclose(f);
	r->room = INT64_MAX;
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	assert_string_equal(slurp(r->path, text, sizeof(text)), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	assert_string_equal(slurp(r->spill, text, sizeof(text)), "");
}

static void rotation_is_bounded(void **state)
{
	struct rig *r = *state;
	char text[256], name[128];
	open_cdr(r, 16, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	for (uint32_t i = 1; i <= 5; i++) {
		snprintf(text, sizeof(text), "{\"number\":%u}", i); // 12 octets and a newline: one a file
		add(r, i, text);
		run_later(r, CDR_BATCH_MS);
	}
	assert_string_equal(slurp(r->path, text, sizeof(text)), "{\"number\":5}\n");
	snprintf(name, sizeof(name), "%s.1", r->path);
	assert_string_equal(slurp(name, text, sizeof(text)), "{\"number\":4}\n");
	snprintf(name, sizeof(name), "%s.2", r->path);
	assert_string_equal(slurp(name, text, sizeof(text)), "{\"number\":3}\n");
	snprintf(name, sizeof(name), "%s.3", r->path);
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(cdr_counts(r->cdr).rotated, 4);
	assert_int_equal(cdr_counts(r->cdr).removed, 2);
}

static void a_missing_folder_is_told_at_once(void **state)
{
	struct rig *r = *state;
	snprintf(r->path, sizeof(r->path), "%s/none/records.jsonl", r->folder);
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	assert_true(r->full);
	assert_int_equal(cdr_counts(r->cdr).last_errno, ENOENT);
	uint32_t told = r->states;
	run_later(r, CDR_RETRY_MS);
	assert_int_equal(r->states, told + 1); // a signaller that was started anew learns it
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct rig *r = *state;
	assert_int_equal(symlink("/dev/null", r->path), 0);
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	assert_true(cdr_counts(r->cdr).failing);
}

static void lines_are_bounded(void **state)
{
	struct rig *r = *state;
	open_cdr(r, CDR_FILE_MAX, 2, 65536, false);
	cdr_run(r->cdr, r->now);
	char *big = calloc(1, CDR_LINE_MAX + 2);
	memset(big, 'x', CDR_LINE_MAX + 1);
	assert_error(cdr_add(r->cdr, 1, bytes_make(big, CDR_LINE_MAX + 1), r->now), E_TOO_LONG);
	assert_ok(cdr_add(r->cdr, 2, bytes_make(big, CDR_LINE_MAX), r->now));
	assert_int_equal(cdr_counts(r->cdr).dropped, 1);
	free(big);
}

static void no_memory(void **state)
{
	struct rig *r = *state;
	struct cdr_config c = {.path = r->path, .disk = &r->disk, .file_max = 1000, .files_kept = 1, .spill_max = 4096,
		.ctx = r, .ack = ack_h, .state = state_h};
	for (uint64_t n = 1; n <= 2; n++) {
		memory_fail_nth(n);
		assert_error(cdr_new(&r->cdr, &c), E_NO_MEMORY);
		assert_null(r->cdr);
	}
	memory_fail_nth(0);
}

static void quiet(const char *line, size_t len, void *ctx)
{
	(void)line;
	(void)len;
	(void)ctx;
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(batches),
		WITH_RIG(a_full_disk_spills_and_recovers),
		WITH_RIG(refuses_new_calls_when_all_is_full),
		WITH_RIG(drops_and_counts_when_told_so),
		WITH_RIG(a_failing_sync_is_no_success),
		WITH_RIG(what_a_crash_left_is_kept),
		WITH_RIG(what_was_written_is_known_again),
		WITH_RIG(what_was_written_before_a_rotation_is_known_again),
		WITH_RIG(a_move_that_was_cut_short_goes_on),
		WITH_RIG(rotation_is_bounded),
		WITH_RIG(a_missing_folder_is_told_at_once),
		WITH_RIG(a_symbolic_link_is_not_followed),
		WITH_RIG(lines_are_bounded),
		WITH_RIG(no_memory),
	};
	log_set_sink(quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
