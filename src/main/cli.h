// SPDX-License-Identifier: Apache-2.0
// The command line: what its sub-commands share.
#ifndef MAIN_CLI_H
#define MAIN_CLI_H

#include "base/result.h"
#include "conf/conf.h"

#include <jansson.h>
#include <stdio.h>

enum cli_exit { // documented in sallyport(1)
	CLI_OK = 0,
	CLI_FAILED = 1,      // refused, not found, or the configuration has errors
	CLI_USAGE = 2,       // the command line is wrong
	CLI_UNREACHABLE = 3, // no sallyport answers on the socket
};

enum { CLI_ARGUMENTS_MAX = 4, CLI_PATH_MAX = 4096 };

struct cli { // one invocation
	const char *program, *command;
	bool json, off, skip_bad, replace, verify, dry_run;
	const char *registry, *kind, *format;
	const char *socket, *config, *user, *peer, *call, *output, *from, *seconds, *out;
	const char *made_for, *trust, *name, *zone, *certificate, *key; // of profiles
	const char *argument[CLI_ARGUMENTS_MAX];
	int arguments;
};

struct cli_command {
	const char *name;
	const char *usage;     // after the name
	const char *does;      // one line of help
	int least, most;       // arguments
	const char *options;   // that it takes, of: c(onfig) s(ocket) j(son) u(ser) p(eer) f(rom) k(call) o(utput) x(off) t(seconds)
			       // r(egistry) K(ind) F(ormat) b(skip-bad) R(eplace) v(erify) O(out) n(dry-run)
			// A(for) T(rust) N(ame) Z(one) C(ertificate) Y(key)
	int (*run)(const struct cli *c);
};

extern const struct cli_command cli_commands[];
extern const uint32_t cli_command_count;

// Read ARGV of a sub-command into C. False: said on standard error what is wrong.
bool cli_parse(struct cli *c, const struct cli_command *command, int argc, char **argv);
// The table's row of NAME; NULL.
const struct cli_command *cli_find(const char *name);
void cli_usage(FILE *to);
// "sallyport COMMAND: what; how to mend" on standard error.
void cli_say(const struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3);

// cli_config.c
int cli_check(const struct cli *c);
int cli_run(const struct cli *c);
int cli_version(const struct cli *c);
int cli_dns_forwarder(const struct cli *c); // cli_dns.c
// The admin socket of C: --socket, else that of --config, else the default. False: said why not.
bool cli_socket_path(const struct cli *c, char out[CLI_PATH_MAX]);

// The configuration at PATH; OUT is to be freed by conf_result_free() also when it fails, and holds the messages then. Names are not
// resolved: that is the resolver's work, in its own process. A file that cannot be read was said.
MUST_USE result cli_conf_load(const struct cli *c, const char *path, struct conf_result *out);

// cli_publish.c
int cli_luf(const struct cli *c);

// The database that --registry or the configuration of --config names, as store_open wants it. False: said why not.
bool cli_registry_uri(const struct cli *c, char out[CLI_PATH_MAX]);

// cli_registry.c, cli_import.c
int cli_import(const struct cli *c);
int cli_export(const struct cli *c);
int cli_diff(const struct cli *c);
int cli_undo(const struct cli *c);
int cli_journal(const struct cli *c);

// cli_ask.c
int cli_status(const struct cli *c);
int cli_calls(const struct cli *c);
int cli_peers(const struct cli *c);
int cli_peer(const struct cli *c);
int cli_hangup(const struct cli *c);
int cli_lookup(const struct cli *c);
int cli_route(const struct cli *c);
int cli_explain(const struct cli *c);
int cli_dry_run(const struct cli *c);
int cli_trace(const struct cli *c);
int cli_reload(const struct cli *c);
int cli_drain(const struct cli *c);

// cli_profile.c: our profile for a peer, and a peer from a partner's profile
int cli_profile(const struct cli *c);
int cli_peer_import(const struct cli *c);

// cli_fetch.c: at most MAX octets of the https URL, by mutual TLS with --certificate and --key, verified by --trust alone.
// *OUT is NUL-terminated; free with memory_free. False: said why not.
bool cli_fetch(const struct cli *c, const char *url, size_t max, uint8_t **out, size_t *len);

// cli_http.c: one request to the local API. PATH and QUERY_VALUE are encoded here; QUERY_KEY may be NULL.
struct cli_request {
	const char *method;  // "GET", "POST"
	const char *path;    // "/hangup/", fixed
	const char *segment; // appended, percent-encoded; NULL
	const char *suffix;  // "/block"; NULL
	struct { const char *key, *value; } query[4];
	const void *body;
	size_t body_len;
	FILE *to;            // a stream (trace) goes here; NULL: the answer is JSON
};
// The answer as JSON (*OUT belongs to the caller; NULL for a stream). CLI_OK, or said why not.
int cli_request(const struct cli *c, const struct cli_request *r, json_t **out);

// cli_table.c
struct cli_table { // aligned columns; cells are cleaned for the terminal
	const char *const *title;
	uint32_t columns, rows;
	char *(*cell)[8]; // rows x columns, on the heap
	uint32_t room;
	bool failed;
};
void cli_table_begin(struct cli_table *t, const char *const *title, uint32_t columns);
void cli_table_row(struct cli_table *t, const char *const *cell);
// Print and free. False: out of memory.
bool cli_table_end(struct cli_table *t, FILE *to);
// Members of a JSON object as text; "" when absent. Numbers print into BUF.
const char *cli_member(const json_t *o, const char *key, char buf[32]);

// cli_show.c: JSON of the API for people
void cli_show_status(const json_t *status);
void cli_show_peers(const json_t *status);
void cli_show_calls(const json_t *o);
void cli_show_steps(const json_t *o);
void cli_show_explain(const json_t *o);
void cli_show_lookup(const json_t *o);

#endif
