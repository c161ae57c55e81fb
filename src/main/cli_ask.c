// SPDX-License-Identifier: Apache-2.0
// Sub-commands that ask a running system: one request each, shown as JSON or for people.
#include "base/memory.h"
#include "main/cli.h"
#include "main/files.h"
#include "terms/ipc_admin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int show(const struct cli *c, const struct cli_request *r, void (*people)(const json_t *o))
{
	json_t *o;
	int status = cli_request(c, r, &o);
	if (status != CLI_OK)
		return status;
	if (c->json || people == NULL) {
		json_dumpf(o, stdout, JSON_INDENT(1));
		putchar('\n');
	} else {
		people(o);
	}
	json_decref(o);
	if (fflush(stdout) == 0)
		return CLI_OK;
	cli_say(c, "the output cannot be written (%s)", strerror(errno));
	return CLI_FAILED;
}

static void say_done(const json_t *o)
{
	char buf[32];
	const char *text = cli_member(o, "text", buf);
	printf("%s\n", text[0] != '\0' ? text : json_string_value(json_object_get(o, "result")));
}

int cli_status(const struct cli *c)
{
	return show(c, &(struct cli_request){.method = "GET", .path = "/status"}, cli_show_status);
}

int cli_calls(const struct cli *c)
{
	return show(c, &(struct cli_request){.method = "GET", .path = "/calls"}, cli_show_calls);
}

int cli_peers(const struct cli *c)
{
	return show(c, &(struct cli_request){.method = "GET", .path = "/peers"}, cli_show_peers);
}

int cli_peer(const struct cli *c)
{
	bool block = strcmp(c->argument[0], "block") == 0;
	if (strcmp(c->argument[0], "import") == 0)
		return cli_peer_import(c);
	if (!block && strcmp(c->argument[0], "unblock") != 0) {
		cli_say(c, "\"%.64s\" is neither block, unblock nor import", c->argument[0]);
		return CLI_USAGE;
	}
	return show(c, &(struct cli_request){.method = "POST", .path = "/peers/", .segment = c->argument[1], .suffix = "/block",
		.query = {{"on", block ? "1" : "0"}}}, say_done);
}

int cli_hangup(const struct cli *c)
{
	return show(c, &(struct cli_request){.method = "POST", .path = "/hangup/", .segment = c->argument[0]}, say_done);
}

int cli_explain(const struct cli *c)
{
	return show(c, &(struct cli_request){.method = "GET", .path = "/explain/", .segment = c->argument[0]}, cli_show_explain);
}

static bool has_from(const struct cli *c)
{
	if (c->from == NULL)
		cli_say(c, "which peer asks is not told; write --from PEER (`sallyport peers` lists them)");
	return c->from != NULL;
}

// The steps are shown in any case; the exit tells whether somebody is responsible.
static int look_up(const struct cli *c, const char *path, const char *key)
{
	json_t *o;
	char buf[32];
	if (!has_from(c))
		return CLI_USAGE;
	int status = cli_request(c, &(struct cli_request){.method = "GET", .path = path,
		.query = {{key, c->argument[0]}, {"from", c->from}}}, &o);
	if (status != CLI_OK)
		return status;
	if (c->json) {
		json_dumpf(o, stdout, JSON_INDENT(1));
		putchar('\n');
	} else {
		cli_show_lookup(o);
	}
	if (strcmp(cli_member(o, "outcome", buf), "found") != 0) {
		cli_say(c, "no peer is responsible for it (%s); see the steps above", cli_member(o, "outcome", buf));
		status = CLI_FAILED;
	}
	json_decref(o);
	if (fflush(stdout) == 0)
		return status;
	cli_say(c, "the output cannot be written (%s)", strerror(errno));
	return CLI_FAILED;
}

int cli_lookup(const struct cli *c)
{
	return look_up(c, "/lookup", "number");
}

int cli_route(const struct cli *c)
{
	return look_up(c, "/route", "domain");
}

// A file written with an editor ends its lines with LF alone; as a SIP message it is refused for its first line, which
// tells nobody why. It is walked as it is: it may be meant so.
static void hint_line_ends(const struct cli *c, const uint8_t *message, size_t len)
{
	const uint8_t *end = memchr(message, '\n', len);
	if (end != NULL && (end == message || end[-1] != '\r'))
		cli_say(c, "note: the lines of %s end with LF alone, SIP wants CR LF; mend: sed -i 's/$/\\r/' %s", c->argument[0],
			c->argument[0]);
}

int cli_dry_run(const struct cli *c)
{
	uint8_t *message;
	size_t len;
	if (!has_from(c))
		return CLI_USAGE;
	result r = files_read_whole(c->argument[0], IPC_ADMIN_OCTETS_MAX, &message, &len);
	if (!is_ok(r)) {
		cli_say(c, "%s cannot be read (%s); name a file of at most %d octets", c->argument[0], error_name(r.error),
			(int)IPC_ADMIN_OCTETS_MAX);
		return CLI_FAILED;
	}
	hint_line_ends(c, message, len);
	int status = show(c, &(struct cli_request){.method = "POST", .path = "/dry-run", .query = {{"peer", c->from}},
		.body = message, .body_len = len}, cli_show_steps);
	memory_free(message);
	return status;
}

static FILE *open_output(const struct cli *c)
{
	if (strcmp(c->output, "-") == 0)
		return stdout;
	int fd = open(c->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600); // calls of people
	FILE *to = fd >= 0 ? fdopen(fd, "wb") : NULL;
	if (to == NULL) {
		cli_say(c, "%s cannot be written (%s); name another file after -o", c->output, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return to;
}

static void say_trace(const json_t *o)
{
	char buf[32], seconds[32];
	printf("written for %s s to %s\n", cli_member(o, "seconds", seconds), cli_member(o, "file", buf));
}

int cli_trace(const struct cli *c)
{
	if (c->off)
		return show(c, &(struct cli_request){.method = "POST", .path = "/trace/stop"}, say_done);
	if ((c->peer == NULL) == (c->call == NULL)) {
		cli_say(c, "write either --peer NAME or --call CALL-ID");
		return CLI_USAGE;
	}
	struct cli_request r = {.method = "POST", .path = "/trace", .query = {{"peer", c->peer}, {"call", c->call},
		{"seconds", c->seconds}, {"to", c->output == NULL ? "file" : NULL}}};
	if (c->output == NULL)
		return show(c, &r, say_trace);
	r.to = open_output(c);
	if (r.to == NULL)
		return CLI_FAILED;
	int status = show(c, &r, NULL);
	if (r.to != stdout && fclose(r.to) != 0 && status == CLI_OK) {
		cli_say(c, "%s cannot be written (%s)", c->output, strerror(errno));
		status = CLI_FAILED;
	}
	return status;
}

int cli_reload(const struct cli *c)
{
	return show(c, &(struct cli_request){.method = "POST", .path = "/reload"}, say_done);
}

int cli_drain(const struct cli *c)
{
	return show(c, &(struct cli_request){.method = "POST", .path = "/drain", .query = {{"on", c->off ? "0" : "1"}}}, say_done);
}
