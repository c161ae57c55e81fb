// SPDX-License-Identifier: Apache-2.0
// Sub-commands about the configuration: check, run, version, and where the socket of a running system is.
#include "base/clock.h"
#include "base/memory.h"
#include "dns/managed.h"
#include "guard/folder.h"
#include "guard/signer.h"
#include "main/cli_conf.h"
#include "main/files.h"
#include "main/monitor.h"
#include "main/process.h"
#include "main/version.h"

#include <string.h>
#include <unistd.h>

#define SOCKET_DEFAULT "/run/sallyport/admin.sock"
#define USER_DEFAULT "sallyport"

// Names are not resolved here: that is the resolver's work, in its own process.
result cli_conf_load(const struct cli *c, const char *path, struct conf_result *out)
{
	uint8_t *text;
	size_t len;
	struct files_root root;
	struct files_hooks ctx = {.root = &root};
	struct conf_hooks hooks = {.ctx = &ctx, .read = files_conf_read, .cores = process_cores()};
	*out = (struct conf_result){0};
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
		if (!is_ok(cli_conf_load(c, c->config, &conf)) || conf.snapshot == NULL) {
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

// "sqlite:FILE" as it can be opened: relative to the folder of the configuration.
static bool uri_of(const struct cli *c, const struct conf_result *conf, char out[CLI_PATH_MAX])
{
	static const char scheme[] = "sqlite:";
	const char *uri = conf->private.registry;
	struct files_root root;
	char path[FILES_PATH_MAX];
	int n = -1;
	files_root_of(&root, c->config);
	if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0)
		n = snprintf(out, CLI_PATH_MAX, "%s", uri);
	else if (is_ok(files_path(&root, uri + sizeof(scheme) - 1, path)))
		n = snprintf(out, CLI_PATH_MAX, "%s%s", scheme, path);
	return n > 0 && n < CLI_PATH_MAX;
}

bool cli_registry_uri(const struct cli *c, char out[CLI_PATH_MAX])
{
	struct conf_result conf;
	if (c->registry != NULL)
		return snprintf(out, CLI_PATH_MAX, "%s", c->registry) < CLI_PATH_MAX;
	if (c->config == NULL) {
		cli_say(c, "which database is not told; write --config FILE, or --registry sqlite:FILE");
		return false;
	}
	if (!is_ok(cli_conf_load(c, c->config, &conf)) || conf.snapshot == NULL) {
		cli_say(c, "%s is no valid configuration; see `sallyport check %s`", c->config, c->config);
		conf_result_free(&conf);
		return false;
	}
	bool named = conf.private.registry[0] != '\0' && uri_of(c, &conf, out);
	conf_result_free(&conf);
	if (!named)
		cli_say(c, "%s names no database; add `registry: \"sqlite:FILE\"`", c->config);
	return named;
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

// Can the resolver keep the state of trust anchors? WHY stays empty when it can. Its user is who a start as root would make it.
static void check_anchors_folder(const struct conf_result *r, const char *user, char *why, size_t room)
{
	const char *folder = r->snapshot != NULL ? r->snapshot->settings.dns.managed_anchors : "";
	char text[DNS_MANAGED_WHY_MAX];
	uid_t uid;
	gid_t gid;
	if (folder[0] == '\0')
		return;
	folder_owner(user, &uid, &gid);
	if (geteuid() != 0 && dns_managed_folder_ok(folder, geteuid(), user, text))
		return; // whoever starts it without being root stays who he is
	if (!dns_managed_folder_ok(folder, uid, user, text))
		snprintf(why, room, "%s", text);
}

int cli_check(const struct cli *c)
{
	struct conf_result r = {0};
	char why[DNS_MANAGED_WHY_MAX];
	const char *path = c->argument[0];
	result f = cli_conf_load(c, path, &r);
	if (!is_ok(f) && r.message_count == 0)
		return CLI_FAILED; // was said
	check_key(&r, path, why, sizeof(why));
	if (why[0] == '\0')
		check_anchors_folder(&r, c->user != NULL ? c->user : USER_DEFAULT, why, sizeof(why));
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
