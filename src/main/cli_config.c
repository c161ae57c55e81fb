// SPDX-License-Identifier: Apache-2.0
// Sub-commands about the configuration: check, run, version, and where the socket of a running system is.
#include "base/clock.h"
#include "base/memory.h"
#include "guard/signer.h"
#include "main/cli.h"
#include "main/files.h"
#include "main/monitor.h"
#include "main/process.h"
#include "main/version.h"

#include <string.h>

#define SOCKET_DEFAULT "/run/sallyport/admin.sock"
#define USER_DEFAULT "sallyport"

// Names are not resolved here: that is the resolver's work, in its own process.
result cli_load(const struct cli *c, const char *path, struct conf_result *out)
{
	uint8_t *text;
	size_t len;
	struct files_root root;
	struct files_hooks ctx = {.root = &root};
	struct conf_hooks hooks = {.ctx = &ctx, .read = files_conf_read, .cores = process_cores()};
	files_root_of(&root, path);
	result r = files_read_whole(path, CONF_FILE_MAX, &text, &len);
	if (!is_ok(r)) {
		cli_say(c, "%s cannot be read (%s); name an existing file of at most %d octets", path, error_name(r.error),
			(int)CONF_FILE_MAX);
		return r;
	}
	r = conf_load(path, bytes_make(text, len), &hooks, clock_now().wall_ms, NULL, out);
	memory_free(text);
	return r;
}

bool cli_socket_path(const struct cli *c, char out[CLI_PATH_MAX])
{
	struct conf_result conf;
	int n;
	if (c->socket == NULL && c->config != NULL) {
		if (!is_ok(cli_load(c, c->config, &conf)) || conf.snapshot == NULL) {
			cli_say(c, "%s is no valid configuration; see `sallyport check %s`, or name the socket with --socket",
				c->config, c->config);
			return false;
		}
		n = snprintf(out, CLI_PATH_MAX, "%s", conf.snapshot->settings.admin_socket);
		conf_result_free(&conf);
	} else {
		n = snprintf(out, CLI_PATH_MAX, "%s", c->socket != NULL ? c->socket : SOCKET_DEFAULT);
	}
	if (n > 0 && n < CLI_PATH_MAX)
		return true;
	cli_say(c, "the path of the socket is empty or too long; write another after --socket");
	return false;
}

static const char *severity_word(enum conf_severity s)
{
	return s == CONF_ERROR ? "error" : s == CONF_OUT_OF_SERVICE ? "out of service" : "warning";
}

static void print_text(const struct conf_result *r, const char *extra)
{
	char text[CONF_PATH_MAX + CONF_TEXT_MAX + 64];
	for (uint32_t i = 0; i < r->message_count; i++)
		printf("%s\n", conf_message_text(r, i, text, sizeof(text)));
	if (extra[0] != '\0')
		printf("%s: error: %s\n", r->file_name, extra);
	printf("%s: %s (messages: error %u, out of service %u, warning %u)\n", r->file_name,
		conf_check_status(r) == 0 && extra[0] == '\0' ? "good" : "not good", r->errors + (extra[0] != '\0'),
		r->out_of_service, r->warnings);
	if (r->messages_lost > 0)
		printf("%s: %u more messages are not shown; mend these first\n", r->file_name, r->messages_lost);
}

static void print_json(const struct conf_result *r, const char *extra, int status)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < r->message_count; i++) {
		const struct conf_message *m = &r->message[i];
		json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s}", "severity", severity_word(m->severity), "line",
			(int)m->line, "column", (int)m->column, "text", m->text));
	}
	if (extra[0] != '\0')
		json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s}", "severity", "error", "line", 0, "column", 0,
			"text", extra));
	json_t *o = json_pack("{s:s, s:b, s:i, s:o}", "file", r->file_name, "good", status == 0, "messages_lost",
		(int)r->messages_lost, "messages", list);
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}

// Does the private key exist, may we read it, and does it belong to the certificate? WHY stays empty when all is well.
// Only the signer reads the key of a running system (BE-2); `check` is run by the administrator, in a process of its own.
static void check_key(const struct conf_result *r, const char *config, char *why, size_t room)
{
	struct files_root root;
	char path[FILES_PATH_MAX];
	uint8_t *pem;
	size_t len;
	struct signer *signer = NULL;
	why[0] = '\0';
	if (r->snapshot == NULL || r->private.key_path[0] == '\0')
		return;
	files_root_of(&root, config);
	result f = files_path(&root, r->private.key_path, path);
	if (is_ok(f))
		f = files_read_whole(path, CONF_PEM_MAX, &pem, &len);
	if (!is_ok(f)) {
		snprintf(why, room, "tls.key: %s cannot be read (%s); mend the path or its permissions", r->private.key_path,
			error_name(f.error));
		return;
	}
	f = signer_new(&signer, bytes_make(pem, len));
	memory_wipe(pem, len);
	memory_free(pem);
	if (!is_ok(f))
		snprintf(why, room, "tls.key: %s holds no private key that can be used; give an unencrypted PEM key",
			r->private.key_path);
	else if (!is_ok(signer_fits(signer, snapshot_blob(r->snapshot, r->snapshot->settings.certificate))))
		snprintf(why, room, "tls.key: %s is not the key of tls.certificate; give the pair that belongs together",
			r->private.key_path);
	signer_free(signer);
}

int cli_check(const struct cli *c)
{
	struct conf_result r = {0};
	char why[CONF_PATH_MAX + 128];
	const char *path = c->argument[0];
	result f = cli_load(c, path, &r);
	if (!is_ok(f) && r.message_count == 0)
		return CLI_FAILED; // was said
	check_key(&r, path, why, sizeof(why));
	int status = conf_check_status(&r) != 0 || why[0] != '\0' ? CLI_FAILED : CLI_OK;
	if (c->json)
		print_json(&r, why, status);
	else
		print_text(&r, why);
	conf_result_free(&r);
	return status;
}

int cli_run(const struct cli *c)
{
	if (c->config == NULL) {
		cli_say(c, "no configuration is named; write --config FILE");
		return CLI_USAGE;
	}
	return monitor_run(c->config, c->user != NULL ? c->user : USER_DEFAULT);
}

int cli_version(const struct cli *c)
{
	printf(c->json ? "{\"version\": \"%s\"}\n" : "sallyport %s\n", SALLYPORT_VERSION);
	return CLI_OK;
}
