// SPDX-License-Identifier: Apache-2.0
// Sub-commands of the registry's database: import, export, diff, undo, journal. They open it themselves; a running system follows.
#include "main/cli_registry.h"

#include "admin/text.h"
#include "base/clock.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Who changes it, for the journal: whoever became root by sudo, else the user that we run as.
const char *cli_who(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = geteuid() == 0 && sudo != NULL ? getpwnam(sudo) : getpwuid(getuid());
	return pw != NULL ? pw->pw_name : "unknown";
}

bool cli_store_open(const struct cli *c, bool read_only, struct store **out)
{
	char uri[CLI_PATH_MAX];
	struct store_error why = {""};
	if (!cli_registry_uri(c, uri))
		return false;
	result r = store_open(out, uri, read_only, &why);
	if (!is_ok(r))
		cli_say(c, "%s", why.text);
	return is_ok(r);
}

bool cli_kind(const struct cli *c, enum row_kind *out)
{
	*out = ROW_KINDS;
	if (c->kind == NULL)
		return true;
	*out = row_kind_of(bytes_of_string(c->kind));
	if (*out != ROW_KINDS)
		return true;
	cli_say(c, "--kind %.40s is none of peer, group, route, range, domain, sed", c->kind);
	return false;
}

bool cli_format(const struct cli *c, enum import_format *out)
{
	*out = c->format == NULL ? IMPORT_DETECT : strcmp(c->format, "csv") == 0 ? IMPORT_CSV : IMPORT_JSON;
	if (c->format == NULL || *out == IMPORT_CSV || strcmp(c->format, "json") == 0)
		return true;
	cli_say(c, "--format %.40s is neither csv nor json", c->format);
	return false;
}

FILE *cli_open_file(const struct cli *c, const char *path, uint64_t *size)
{
	struct stat st;
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	*size = 0;
	if (f == NULL || fstat(fileno(f), &st) != 0 || S_ISDIR(st.st_mode)) {
		cli_say(c, "%s cannot be read (%s); name a file of CSV or JSON", path, f != NULL ? "it is a folder" : strerror(errno));
		if (f != NULL && f != stdin)
			fclose(f);
		return NULL;
	}
	*size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return f;
}

// ---- export

struct exporting {
	FILE *to;
	bool csv, failed;
};

static bool export_h(void *ctx, const struct row *row)
{
	struct exporting *x = ctx;
	x->failed = x->csv ? !export_csv(x->to, row) : !export_json(x->to, row);
	return !x->failed;
}

static result export_kinds(struct store *s, enum row_kind only, struct exporting *x, struct store_error *why)
{
	static const enum row_kind order[] = {ROW_PEER, ROW_GROUP, ROW_ROUTE, ROW_RANGE, ROW_DOMAIN, ROW_SED}; // what is named comes first
	TRY(store_read_begin(s, NULL, why));
	result r = OK;
	for (size_t i = 0; is_ok(r) && i < ARRAY_LEN(order); i++)
		if (only == ROW_KINDS || only == order[i])
			r = store_each(s, order[i], export_h, x, why);
	store_read_end(s);
	return r;
}

int cli_export(const struct cli *c)
{
	enum row_kind kind;
	enum import_format format;
	struct store *s;
	struct store_error why = {""};
	struct exporting x = {.to = stdout};
	if (!cli_kind(c, &kind) || !cli_format(c, &format))
		return CLI_USAGE;
	x.csv = format == IMPORT_CSV || (format == IMPORT_DETECT && kind != ROW_KINDS);
	if (x.csv && kind == ROW_KINDS) {
		cli_say(c, "one file of CSV holds one kind of rows; add --kind range, or write --format json");
		return CLI_USAGE;
	}
	if (!cli_store_open(c, true, &s))
		return CLI_FAILED;
	if (c->output != NULL && strcmp(c->output, "-") != 0 && (x.to = fopen(c->output, "we")) == NULL) {
		cli_say(c, "%s cannot be written (%s); name another file after -o", c->output, strerror(errno));
		store_close(s);
		return CLI_FAILED;
	}
	result r = !x.csv || export_csv_header(x.to, kind) ? export_kinds(s, kind, &x, &why) : FAIL(E_FULL);
	store_close(s);
	bool written = fflush(x.to) == 0 && !x.failed && (x.to == stdout || fclose(x.to) == 0);
	if (is_ok(r) && written)
		return CLI_OK;
	cli_say(c, "%s", is_ok(r) ? "the output cannot be written to its end; is the disk full?" : why.text);
	return CLI_FAILED;
}

// ---- undo

int cli_undo(const struct cli *c)
{
	struct store *s;
	struct store_error why = {""};
	struct store_report report = {0};
	char *end;
	unsigned long long number = strtoull(c->argument[0], &end, 10);
	if (*end != '\0' || c->argument[0][0] < '1' || c->argument[0][0] > '9') {
		cli_say(c, "\"%.40s\" is no number of a change set; `sallyport journal` lists them", c->argument[0]);
		return CLI_USAGE;
	}
	if (!cli_store_open(c, false, &s))
		return CLI_FAILED;
	result r = store_undo(s, number, cli_who(), &report, &why);
	store_close(s);
	if (!is_ok(r))
		cli_say(c, "%s", why.text);
	int status = is_ok(r) ? cli_report(c, &report, 0) : CLI_FAILED;
	store_report_free(&report);
	return status;
}

// ---- journal

struct listing {
	const struct cli *cli;
	json_t *list; // NULL: for people
	uint64_t change_set, entries;
	struct store_change last;
};

// Person and reason are told as they stand in the database, whoever wrote them there.
static void set_end(struct listing *l)
{
	char at[UTC_TEXT_MAX], who[STORE_WHO_MAX], why[STORE_WHY_MAX];
	if (l->change_set == 0)
		return;
	utc_text(l->last.at_ms, at);
	if (l->list != NULL)
		json_array_append_new(l->list, json_pack("{s:I, s:s, s:o, s:o, s:I}", "change_set", (json_int_t)l->change_set, "at", at, "who",
			text_json(l->last.who, sizeof(l->last.who)), "why", text_json(l->last.why, sizeof(l->last.why)), "entries",
			(json_int_t)l->entries));
	else
		printf("%6llu  %s  %-16s %8llu rows  %s\n", (unsigned long long)l->change_set, at,
			text_terminal(l->last.who, who, sizeof(who)), (unsigned long long)l->entries, text_terminal(l->last.why, why, sizeof(why)));
}

static bool journal_h(void *ctx, const struct store_change *change)
{
	struct listing *l = ctx;
	if (change->change_set != l->change_set) {
		set_end(l);
		l->change_set = change->change_set;
		l->entries = 0;
	}
	l->last = *change;
	l->entries++;
	return true;
}

static int verify(const struct cli *c, struct store *s)
{
	uint64_t broken = 0;
	struct store_error why = {""};
	result r = store_verify(s, &broken, &why);
	if (is_ok(r)) {
		printf("the journal is whole\n");
		return CLI_OK;
	}
	if (r.error == E_FORGED)
		cli_say(c, "change set %llu is not as it was written, or one before it is missing; compare with a backup", (unsigned long long)broken);
	else
		cli_say(c, "%s", why.text);
	return CLI_FAILED;
}

int cli_journal(const struct cli *c)
{
	struct store *s;
	struct store_error why = {""};
	struct listing l = {.cli = c, .list = c->json ? json_array() : NULL};
	uint64_t last = 0;
	if (!cli_store_open(c, true, &s))
		return CLI_FAILED;
	if (c->verify) {
		int status = verify(c, s);
		store_close(s);
		return status;
	}
	result r = store_changes(s, 0, UINT32_MAX, journal_h, &l, &last, &why);
	store_close(s);
	set_end(&l);
	if (l.list != NULL) {
		json_dumpf(l.list, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(l.list);
	}
	if (is_ok(r))
		return CLI_OK;
	cli_say(c, "%s", why.text[0] != '\0' ? why.text : error_name(r.error));
	return CLI_FAILED;
}
