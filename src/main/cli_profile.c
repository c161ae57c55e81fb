// SPDX-License-Identifier: Apache-2.0
// Sub-commands about peering profiles: `profile` makes ours for one peer, `peer import` makes a peer from a partner's.
//
// Both are run by the administrator, in a process of their own, as `check` is. `profile` signs by the form that the signer
// grants for profiles, with the key of the configuration when it may read it.
#include "base/clock.h"
#include "base/memory.h"
#include "guard/signer.h"
#include "main/cli.h"
#include "main/cli_conf.h"
#include "main/files.h"
#include "portal/partner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONE_DEFAULT "peering"

// TEXT to --output, which is either as it was or whole, or to standard output.
static int put_out(const struct cli *c, const char *text)
{
	char part[CLI_PATH_MAX];
	if (c->output == NULL)
		return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
	int n = snprintf(part, sizeof(part), "%s.new", c->output);
	int fd = n > 0 && n < CLI_PATH_MAX ? open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644) : -1;
	size_t len = strlen(text);
	bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (good && rename(part, c->output) == 0)
		return CLI_OK;
	cli_say(c, "%s cannot be written (%s); mend the folder, or remove %s.new", c->output, strerror(errno), c->output);
	if (fd >= 0)
		unlink(part);
	return CLI_FAILED;
}

static peer_id find_peer(const struct snapshot *s, const char *name)
{
	for (uint32_t i = 0; i < s->peer_count; i++) {
		const struct peer *p = snapshot_peer(s, (peer_id)i);
		if (p != NULL && strcmp(p->name, name) == 0)
			return (peer_id)i;
	}
	return PEER_NONE;
}

static result sign_h(void *ctx, struct tls_sign_request *q, struct tls_sign_answer *a)
{
	struct now now = clock_now();
	signer_answer(ctx, q, sizeof(*q), &now, a);
	return a->refused == TLS_SIGN_OK ? OK : FAIL(E_AUTH);
}

// The key of the configuration; NULL, said why, when it cannot be used.
static struct signer *load_signer(const struct cli *c, const struct conf_result *conf)
{
	struct files_root root;
	char path[FILES_PATH_MAX];
	uint8_t *pem = NULL;
	size_t len = 0;
	struct signer *s = NULL;
	files_root_of(&root, c->config);
	result r = files_path(&root, conf->private.key_path, path);
	if (is_ok(r))
		r = files_read_whole(path, CONF_PEM_MAX, &pem, &len);
	if (is_ok(r))
		r = signer_new(&s, bytes_make(pem, len));
	if (pem != NULL) {
		memory_wipe(pem, len);
		memory_free(pem);
	}
	if (is_ok(r))
		r = signer_fits(s, snapshot_blob(conf->snapshot, conf->snapshot->settings.certificate));
	if (is_ok(r))
		return s;
	cli_say(c, "the profile is NOT signed: tls.key cannot be used (%s); run this as a user who may read the key", error_name(r.error));
	signer_free(s);
	return NULL;
}

static int print_profile(const struct cli *c, const struct conf_result *conf, const json_t *profile)
{
	struct signer *s = load_signer(c, conf);
	char *text = NULL;
	result r = OK;
	if (s != NULL)
		r = envelope_seal(profile, snapshot_blob(conf->snapshot, conf->snapshot->settings.certificate), sign_h, s, &text);
	else
		text = envelope_unsigned(profile);
	bool was_signed = s != NULL && is_ok(r);
	signer_free(s);
	if (text == NULL) {
		cli_say(c, "the profile cannot be signed (%s); mend tls.certificate", error_name(r.error));
		return CLI_FAILED;
	}
	int status = put_out(c, text);
	if (c->output == NULL)
		putchar('\n');
	free(text);
	return was_signed ? status : CLI_FAILED;
}

static const char *why_no_profile(enum error e)
{
	switch (e) {
	case E_NOT_FOUND: return "there is no such peer; `sallyport check` and the section peers tell which there are";
	case E_POLICY: return "the peer lives in a core zone; profiles are for peering zones";
	case E_MISSING: return "domain, or a listener in the peer's zone at or above his transport, is missing; add it";
	case E_TOO_MANY: return "our numbers are more prefixes than a profile holds; write shorter ones";
	default: return "memory ran out; free some";
	}
}

int cli_profile(const struct cli *c)
{
	struct conf_result conf = {0};
	json_t *profile = NULL;
	if (c->config == NULL || c->made_for == NULL) {
		cli_say(c, "for whom, or of which configuration, is not told; write --for PEER --config FILE");
		return CLI_USAGE;
	}
	if (!is_ok(cli_conf_load(c, c->config, &conf)) || conf.snapshot == NULL) {
		cli_say(c, "%s is no valid configuration; see `sallyport check %s`", c->config, c->config);
		conf_result_free(&conf);
		return CLI_FAILED;
	}
	result r = profile_make(conf.snapshot, find_peer(conf.snapshot, c->made_for), clock_now().wall_ms, &profile);
	if (!is_ok(r))
		cli_say(c, "%.64s: %s", c->made_for, why_no_profile(r.error));
	int status = is_ok(r) ? print_profile(c, &conf, profile) : CLI_FAILED;
	json_decref(profile);
	conf_result_free(&conf);
	return status;
}

// ---- import

static bool source(const struct cli *c, uint8_t **text, size_t *len)
{
	const char *from = c->argument[1];
	if (strncmp(from, "https://", 8) == 0)
		return cli_fetch(c, from, ENVELOPE_OCTETS_MAX, text, len);
	if (strstr(from, "://") != NULL) {
		cli_say(c, "%.200s is neither a file nor https; a profile is not fetched in clear", from);
		return false;
	}
	result r = files_read_whole(from, ENVELOPE_OCTETS_MAX, text, len);
	if (!is_ok(r))
		cli_say(c, "%.200s cannot be read (%s); name the file that the partner gave you", from, error_name(r.error));
	return is_ok(r);
}

static result verify(const struct cli *c, struct bytes text, uint64_t wall_ms, struct partner *p)
{
	struct envelope_fault fault = {"memory ran out; free some"};
	uint8_t *anchors;
	size_t len;
	json_t *profile = NULL;
	result r = files_read_whole(c->trust, CONF_PEM_MAX, &anchors, &len);
	if (!is_ok(r)) {
		cli_say(c, "%.200s cannot be read (%s); name the partner's authority after --trust", c->trust, error_name(r.error));
		return r;
	}
	r = envelope_open(text, bytes_make(anchors, len), wall_ms, &profile, &fault);
	memory_free(anchors);
	if (is_ok(r))
		r = partner_read(profile, p, &fault);
	json_decref(profile);
	if (!is_ok(r))
		cli_say(c, "refused: %s", fault.text);
	return r;
}

// A profile made for somebody else tells his numbers and his limits.
static bool made_for_us(const struct cli *c, const struct partner *p)
{
	struct conf_result conf = {0};
	bool same = true;
	if (c->config == NULL)
		return true;
	if (!is_ok(cli_conf_load(c, c->config, &conf)) || conf.snapshot == NULL) {
		cli_say(c, "%s is no valid configuration; see `sallyport check %s`", c->config, c->config);
		same = false;
	} else if (p->made_for[0] != '\0') {
		same = bytes_equal_nocase(bytes_of_string(p->made_for), bytes_of_string(conf.snapshot->settings.domain));
		if (!same)
			cli_say(c, "refused: the profile was made for %.64s, we are %.64s; ask for ours", p->made_for, conf.snapshot->settings.domain);
	}
	conf_result_free(&conf);
	return same;
}

// What stands in --output from before must be of the same partner and not newer. No file: nothing to compare with.
static bool follows(const struct cli *c, const struct partner *p)
{
	struct envelope_fault fault;
	uint8_t *head;
	size_t len;
	if (c->output == NULL || (access(c->output, F_OK) != 0 && errno == ENOENT))
		return true;
	result r = files_read_whole(c->output, CONF_FILE_MAX, &head, &len);
	if (!is_ok(r)) {
		cli_say(c, "%s is there and cannot be read (%s); name another file", c->output, error_name(r.error));
		return false;
	}
	r = partner_follows(p, bytes_make(head, len), &fault);
	memory_free(head);
	if (!is_ok(r))
		cli_say(c, "refused: %s", fault.text);
	return is_ok(r);
}

static int write_peer(const struct cli *c, const struct partner *p, uint64_t wall_ms)
{
	char *trust = realpath(c->trust, NULL), *text = NULL;
	size_t len = 0;
	struct partner_local local = {c->name != NULL ? c->name : p->domain, c->zone != NULL ? c->zone : ZONE_DEFAULT, trust, wall_ms};
	int status = CLI_FAILED;
	FILE *to = NULL;
	if (!partner_name_good(local.name) || !partner_name_good(local.zone))
		cli_say(c, "\"%.64s\" or \"%.64s\" is no name for a peer or zone; write letters, digits, \".\", \"_\", \"-\"", local.name, local.zone);
	else if (trust == NULL || strlen(trust) >= CONF_PATH_MAX || strpbrk(trust, "\"\\\n\r\t") != NULL)
		cli_say(c, "the path of --trust cannot stand in a configuration; name a shorter one without quotes");
	else
		to = open_memstream(&text, &len);
	if (to != NULL) {
		bool good = partner_write(p, &local, to);
		if (fclose(to) == 0 && good)
			status = put_out(c, text);
	}
	free(text);
	free(trust);
	return status;
}

int cli_peer_import(const struct cli *c)
{
	uint64_t wall_ms = clock_now().wall_ms;
	uint8_t *text;
	size_t len;
	if (c->trust == NULL || (c->certificate == NULL) != (c->key == NULL)) {
		cli_say(c, "%s", c->trust == NULL ? "whose signature counts is not told; write --trust ANCHOR.pem"
						  : "--certificate and --key belong together; give both or none");
		return CLI_USAGE;
	}
	struct partner *p = memory_alloc(sizeof(*p));
	if (p == NULL || !source(c, &text, &len)) {
		memory_free(p);
		return CLI_FAILED;
	}
	int status = CLI_FAILED;
	if (is_ok(verify(c, bytes_make(text, len), wall_ms, p)) && made_for_us(c, p) && follows(c, p))
		status = write_peer(c, p, wall_ms);
	memory_free(text);
	memory_free(p);
	return status;
}
