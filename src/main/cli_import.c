// SPDX-License-Identifier: Apache-2.0
// import and diff: a file of rows becomes one change set, or is compared as if it were.
#include "main/cli_registry.h"

#include <string.h>
#include <unistd.h>

enum { FAULTS_TOLD_MAX = 100, BAR = 40 };

struct importing {
	const struct cli *cli;
	struct store *store, *reader; // reader: for diff, to see what stands there
	struct store_error why;
	uint64_t read, bad, differences, size;
	uint64_t told[FAULTS_TOLD_MAX]; // lines of the first faults
	bool kind_seen[ROW_KINDS + 1], bar;
};

static void tell_bad(struct importing *x, uint64_t line, const char *text)
{
	if (x->bad < FAULTS_TOLD_MAX)
		x->told[x->bad] = line;
	if (x->bad++ < FAULTS_TOLD_MAX)
		fprintf(stderr, "%s:%llu: %s\n", x->cli->argument[0], (unsigned long long)line, text);
}

static result bad_h(void *ctx, uint64_t line, enum row_kind kind, const struct row_fault *fault)
{
	struct importing *x = ctx;
	x->read++;
	tell_bad(x, line, fault->text);
	return kind < ROW_KINDS ? store_refuse(x->store, line, kind, fault) : OK;
}

static void print_row(char mark, const struct row *row)
{
	printf("%c ", mark);
	if (!export_json(stdout, row))
		clearerr(stdout); // the summary's end tells
}

// What this row would change, one line.
static result show(struct importing *x, const struct row *row, bool remove)
{
	struct row before;
	result r = store_get(x->reader, row, &before, &x->why);
	if (!is_ok(r) && r.error != E_NOT_FOUND)
		return r;
	bool there = is_ok(r), same = there && !remove && row_equal(row, &before);
	if (same || (!there && remove))
		return OK;
	x->differences++;
	print_row(remove ? '-' : there ? '~' : '+', remove ? &before : row);
	return OK;
}

static result row_h(void *ctx, uint64_t line, const struct row *row, bool remove)
{
	struct importing *x = ctx;
	x->read++;
	x->kind_seen[row->kind] = true;
	if (x->reader != NULL)
		TRY(show(x, row, remove));
	return remove ? store_delete(x->store, line, row, &x->why) : store_put(x->store, line, row, &x->why);
}

static void progress_h(void *ctx, uint64_t octets)
{
	struct importing *x = ctx;
	if (!x->bar || x->size == 0)
		return;
	uint64_t done = octets < x->size ? octets : x->size;
	int filled = (int)(done * BAR / x->size);
	fprintf(stderr, "\r[%.*s%*s] %3d %%, %llu rows", filled, "########################################", BAR - filled, "",
		(int)(done * 100 / x->size), (unsigned long long)x->read);
}

// The file is the whole truth of the kinds that stand in it.
static result replace(struct importing *x)
{
	for (unsigned k = ROW_PEER; x->cli->replace && k < ROW_KINDS; k++)
		if (x->kind_seen[k])
			TRY(store_delete_others(x->store, (enum row_kind)k, &x->why));
	return OK;
}

static result stage(struct importing *x, FILE *from, enum import_format format, enum row_kind kind)
{
	const struct import_sink sink = {x, row_h, bad_h, progress_h};
	struct row_fault fault = {""};
	char reason[STORE_WHY_MAX];
	snprintf(reason, sizeof(reason), "import %.100s", x->cli->argument[0]);
	TRY(store_begin(x->store, cli_who(), reason, &x->why));
	result r = import_read(from, format, kind, &sink, &fault);
	if (x->bar)
		fprintf(stderr, "\r%*s\r", BAR + 40, "");
	if (!is_ok(r) && fault.text[0] != '\0')
		cli_say(x->cli, "%s: %s", x->cli->argument[0], fault.text);
	return is_ok(r) ? replace(x) : r;
}

static bool was_told(const struct importing *x, uint64_t line)
{
	for (uint64_t i = 0; i < x->bad && i < FAULTS_TOLD_MAX; i++)
		if (x->told[i] == line)
			return true;
	return false;
}

// Faults of single rows were told as they were read, and stand in the report once more.
static void tell_report_faults(struct importing *x, const struct store_report *report)
{
	for (uint32_t i = 0; i < report->told; i++)
		if (!was_told(x, report->fault[i].number))
			tell_bad(x, report->fault[i].number, report->fault[i].fault.text);
	if (x->bad < report->faults) // beyond those that the report tells
		x->bad = report->faults;
}

static int finish(struct importing *x, enum store_commit how)
{
	struct store_report report = {0};
	bool unknown_bad = x->bad > 0; // also of no kind, which the store does not know of
	if (unknown_bad && how == STORE_ALL_OR_NOTHING)
		how = STORE_DRY;
	result r = store_commit(x->store, how, &report, &x->why);
	int status = CLI_FAILED;
	if (!is_ok(r)) {
		cli_say(x->cli, "%s", x->why.text);
	} else {
		tell_report_faults(x, &report);
		report.faults = x->bad;
		if (x->bad > FAULTS_TOLD_MAX)
			fprintf(stderr, "%llu faults more are not shown\n", (unsigned long long)(x->bad - FAULTS_TOLD_MAX));
		status = cli_report(x->cli, &report, x->read);
		if (how == STORE_DRY)
			status = x->bad > 0 ? CLI_FAILED : report.put + report.changed + report.deleted > 0 ? CLI_FAILED : CLI_OK;
		else if (x->bad > 0 && !x->cli->skip_bad)
			status = CLI_FAILED;
	}
	store_report_free(&report);
	return status;
}

int cli_report(const struct cli *c, const struct store_report *r, uint64_t read)
{
	char hash[2 * STORE_HASH_LEN + 1] = "";
	for (uint32_t i = 0; r->change_set > 0 && i < STORE_HASH_LEN; i++)
		snprintf(hash + 2 * i, 3, "%02x", r->hash[i]);
	if (c->json) {
		json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:s}", "read", (json_int_t)read, "put", (json_int_t)r->put, "changed",
			(json_int_t)r->changed, "unchanged", (json_int_t)r->unchanged, "deleted", (json_int_t)r->deleted, "faults",
			(json_int_t)r->faults, "applied", (int)r->applied, "change_set", (json_int_t)r->change_set, "hash", hash);
		json_dumpf(o, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(o);
		return r->applied ? CLI_OK : CLI_FAILED;
	}
	printf("%llu new, %llu changed, %llu as before, %llu deleted, %llu faults: ", (unsigned long long)r->put, (unsigned long long)r->changed,
		(unsigned long long)r->unchanged, (unsigned long long)r->deleted, (unsigned long long)r->faults);
	if (!r->applied)
		printf("nothing was applied\n");
	else if (r->change_set == 0)
		printf("nothing was to be changed\n");
	else
		printf("change set %llu, hash %s\n", (unsigned long long)r->change_set, hash);
	return r->applied ? CLI_OK : CLI_FAILED;
}

static int run(const struct cli *c, bool diff)
{
	struct importing x = {.cli = c, .bar = isatty(STDERR_FILENO) == 1 && !diff};
	enum import_format format;
	enum row_kind kind;
	if (!cli_kind(c, &kind) || !cli_format(c, &format))
		return CLI_USAGE;
	FILE *from = cli_open_file(c, c->argument[0], &x.size);
	if (from == NULL)
		return CLI_FAILED;
	int status = CLI_FAILED;
	bool open = cli_store_open(c, false, &x.store) && (!diff || cli_store_open(c, true, &x.reader));
	if (open) {
		result r = stage(&x, from, format, kind);
		if (is_ok(r)) {
			status = finish(&x, diff ? STORE_DRY : c->skip_bad ? STORE_SKIP_BAD : STORE_ALL_OR_NOTHING);
		} else {
			if (x.why.text[0] != '\0')
				cli_say(c, "%s", x.why.text);
			store_rollback(x.store);
		}
	}
	store_close(x.reader);
	store_close(x.store);
	if (from != stdin)
		fclose(from);
	return status;
}

int cli_import(const struct cli *c)
{
	return run(c, false);
}

int cli_diff(const struct cli *c)
{
	return run(c, true);
}
