// SPDX-License-Identifier: Apache-2.0
// `sallyport luf publish`: the numbers of configuration and registry into the published ENUM zone. A process of its own that the
// administrator starts, by a timer or after a change of the registry; the running system has no part in it.
#include "main/cli_publish.h"

#include "base/memory.h"
#include "main/cli_registry.h"
#include "main/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_FILE_MAX = 512 }; // [octets]

static bool read_secret(const struct cli *c, const char *path, uint8_t *buf, size_t *len)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		cli_say(c, "%s cannot be read; make it: openssl rand -base64 32 > FILE, mode 0600", path);
	else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0))
		cli_say(c, "%s may be read or changed by others; give it to the user of this command, mode 0600", path);
	else
		n = read(fd, buf, SECRET_FILE_MAX);
	if (fd >= 0)
		close(fd);
	*len = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

bool cli_publish_key(const struct cli *c, const char *config, const struct conf_publish_key *k, struct tsig_key *out)
{
	struct files_root root;
	char path[FILES_PATH_MAX];
	uint8_t text[SECRET_FILE_MAX];
	size_t len;
	bool good;
	*out = (struct tsig_key){.name = k->name, .algorithm = k->algorithm};
	files_root_of(&root, config);
	if (!is_ok(files_path(&root, k->secret_path, path)) || !read_secret(c, path, text, &len))
		return false;
	good = is_ok(tsig_secret_read(bytes_make(text, len), out));
	memory_wipe(text, sizeof(text));
	if (!good)
		cli_say(c, "%s is no secret of %d to %d octets in base64; make one: openssl rand -base64 32", path, TSIG_SECRET_MIN,
			TSIG_SECRET_MAX);
	return good;
}

struct ranges {
	const struct conf_publish *conf;
	const struct snapshot *snapshot;
	enum publish_pass pass;
	struct publish_numbers *out;
	result failed;
};

static bool range_h(void *ctx, const struct row *row)
{
	struct ranges *r = ctx;
	r->failed = publish_numbers_add_range(r->conf, r->snapshot, r->pass, &row->u.range, r->out);
	return is_ok(r->failed);
}

static result read_pass(struct store *s, struct ranges *to, enum publish_pass pass, struct store_error *why)
{
	to->pass = pass;
	TRY(publish_numbers_of(to->conf, to->snapshot, pass, to->out));
	if (s != NULL)
		TRY(store_each(s, ROW_RANGE, range_h, to, why));
	return to->failed;
}

static result read_passes(struct store *s, struct ranges *to, struct store_error *why)
{
	TRY(read_pass(s, to, PUBLISH_OURS, why));
	publish_numbers_sort(to->out);
	return read_pass(s, to, PUBLISH_HOLES, why);
}

// As of one change set.
static result read_all(struct store *s, struct ranges *to, struct store_error *why)
{
	if (s != NULL)
		TRY(store_read_begin(s, NULL, why));
	result r = read_passes(s, to, why);
	if (s != NULL)
		store_read_end(s);
	return r;
}

// The whole set or none: half a set would take the other half out of the zone.
static bool gather(const struct cli *c, const struct conf_result *conf, struct publish_numbers *out)
{
	struct ranges to = {.conf = &conf->private.publish, .snapshot = conf->snapshot, .out = out};
	struct store_error why = {""};
	struct store *s = NULL;
	if (conf->private.registry[0] != '\0' && !cli_store_open(c, true, &s))
		return false;
	result r = read_all(s, &to, &why);
	if (s != NULL)
		store_close(s);
	if (r.error == E_TOO_MANY)
		cli_say(c, "more than %d numbers and ranges for one zone; split it", PUBLISH_NUMBERS_MAX);
	else if (!is_ok(r))
		cli_say(c, "the numbers cannot be read (%s) %s; nothing was published", error_name(r.error), why.text);
	return is_ok(r);
}

static void show_json(const struct cli *c, const char *zone, const struct publish_report *r, const struct publish_fault *why)
{
	json_t *o = json_pack("{s:s, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:s}", "zone", zone, "dry_run", c->dry_run, "added",
		(int)r->added, "removed", (int)r->removed, "unchanged", (int)r->unchanged, "outside", (int)r->outside, "updates",
		(int)r->updates, "updates_done", (int)r->updates_done, "trouble", publish_trouble_name(why->what), "text", why->text);
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}

static int show(const struct cli *c, const char *zone, const struct publish_report *r, const struct publish_fault *why)
{
	if (c->json)
		show_json(c, zone, r, why);
	if (why->what != PUBLISH_FINE) {
		cli_say(c, "%s: %s (%s)", zone, why->text, publish_trouble_name(why->what));
		if (r->updates_done > 0)
			cli_say(c, "%u of the updates were done and stay", r->updates_done);
		return CLI_FAILED;
	}
	if (r->outside > 0)
		cli_say(c, "%u ranges lie outside %s and are not published", r->outside, zone);
	if (!c->json)
		printf("%s: %srecords added %u, removed %u, unchanged %u\n", zone, c->dry_run ? "would be " : "", r->added, r->removed,
			r->unchanged);
	return CLI_OK;
}

static int publish(const struct cli *c, const struct conf_result *conf)
{
	const struct conf_publish *p = &conf->private.publish;
	struct publish_zone zone = {.zone = p->zone, .apex = p->apex, .uri = p->uri, .ttl_s = p->ttl_s};
	struct publish_server server = {.address = p->primary, .update_timeout_ms = PUBLISH_UPDATE_TIMEOUT_MS,
		.transfer_timeout_ms = PUBLISH_TRANSFER_TIMEOUT_MS};
	struct publish_numbers numbers = {0};
	struct publish_report report = {0};
	struct publish_fault why = {0};
	int status = CLI_FAILED;
	if (cli_publish_key(c, c->config, &p->key, &server.key) && gather(c, conf, &numbers)) {
		result r = publish_run(&zone, &numbers, &server, c->dry_run, &report, &why);
		status = is_ok(r) || why.what != PUBLISH_FINE ? show(c, p->zone, &report, &why) : CLI_FAILED;
	}
	memory_wipe(&server.key, sizeof(server.key));
	publish_numbers_free(&numbers);
	return status;
}

int cli_luf(const struct cli *c)
{
	struct conf_result conf = {0};
	int status = CLI_FAILED;
	if (strcmp(c->argument[0], "publish") != 0 || c->config == NULL) {
		cli_say(c, "write `sallyport luf publish --config FILE`");
		return CLI_USAGE;
	}
	if (!is_ok(cli_conf_load(c, c->config, &conf)) || conf.snapshot == NULL)
		cli_say(c, "%s is no valid configuration; see `sallyport check %s`", c->config, c->config);
	else if (conf.private.publish.zone[0] == '\0')
		cli_say(c, "%s has no `publish`; add it, see sallyport.yaml(5)", c->config);
	else
		status = c->out != NULL ? cli_publish_out(c, &conf.private.publish, conf.snapshot->settings.domain) : publish(c, &conf);
	conf_result_free(&conf);
	return status;
}
