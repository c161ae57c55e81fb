// SPDX-License-Identifier: Apache-2.0
// `sallyport luf publish --out`: files for the name servers. The configurations hold secrets, so only their owner may read them.
#include "main/cli_publish.h"

#include "base/memory.h"
#include "publish/knot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 32 };

struct writing {
	const struct cli *c;
	const struct conf_publish *p;
	const char *domain;
	struct tsig_key key, copy;
	bool has_copy;
};

// Nobody but us and root may put anything into the folder.
static bool folder_ours(const struct cli *c)
{
	struct stat st;
	if (mkdir(c->out, 0700) != 0 && errno != EEXIST)
		cli_say(c, "folder %s cannot be made (%s); name another after --out", c->out, strerror(errno));
	else if (stat(c->out, &st) != 0 || !S_ISDIR(st.st_mode))
		cli_say(c, "%s is no folder; name another after --out", c->out);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0))
		cli_say(c, "folder %s: others may write there, and secrets go into it; chmod go-w, or name another after --out", c->out);
	else
		return true;
	return false;
}

// A new file NAME in the folder, in the place of one that was there: whoever has that one open, or a link to it, gets nothing.
// NULL: said why.
static FILE *file_open(const struct cli *c, const char *name)
{
	char path[CLI_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", c->out, name);
	bool fits = n > 0 && n < (int)sizeof(path);
	int fd = fits && (unlink(path) == 0 || errno == ENOENT) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	FILE *f = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL && fd >= 0)
		close(fd);
	if (f == NULL)
		cli_say(c, "%s/%s cannot be written (%s); name a folder of yours after --out", c->out, name, strerror(errno));
	return f;
}

static bool file_close(const struct cli *c, FILE *f, const char *name)
{
	bool whole = ferror(f) == 0;
	whole &= fclose(f) == 0;
	if (!whole)
		cli_say(c, "%s/%s was not written whole; make room on the disk", c->out, name);
	return whole;
}

static bool write_zone(const struct writing *w)
{
	char name[DOMAIN_MAX + sizeof(".zone")];
	FILE *f;
	snprintf(name, sizeof(name), "%s.zone", w->p->zone);
	f = file_open(w->c, name);
	if (f == NULL)
		return false;
	publish_knot_zone(f, w->p, w->domain);
	return file_close(w->c, f, name);
}

static bool write_primary(const struct writing *w)
{
	FILE *f = file_open(w->c, "primary.conf");
	if (f == NULL)
		return false;
	publish_knot_primary(f, w->p, &w->key, w->has_copy ? &w->copy : NULL);
	return file_close(w->c, f, "primary.conf");
}

static bool write_secondary(const struct writing *w, uint32_t i)
{
	char name[NAME_ROOM];
	FILE *f;
	snprintf(name, sizeof(name), "secondary%u.conf", i + 1);
	f = file_open(w->c, name);
	if (f == NULL)
		return false;
	publish_knot_secondary(f, w->p, &w->copy, i);
	return file_close(w->c, f, name);
}

static void say_next(const struct writing *w)
{
	const char *out = w->c->out, *zone = w->p->zone;
	printf("Written to %s. On the primary (Knot DNS 3.2):\n"
	       "  install -o root -g knot -m 640 %s/primary.conf /etc/knot/knot.conf\n"
	       "  install -o knot -g knot -m 640 %s/%s.zone /var/lib/knot/%s.zone\n"
	       "  knotc conf-check && systemctl restart knot\n", out, out, out, zone, zone);
	for (uint32_t i = 0; w->has_copy && i < w->p->secondary_count; i++)
		printf("On secondary %u:\n"
		       "  install -o root -g knot -m 640 %s/secondary%u.conf /etc/knot/knot.conf\n"
		       "  knotc conf-check && systemctl restart knot\n", i + 1, out, i + 1);
	printf("Then:\n"
	       "  sallyport luf publish --config %s\n"
	       "  keymgr %s ds    # on the primary: this record goes into the zone above, or to those who ask\n", w->c->config, zone);
}

static bool write_all(const struct writing *w)
{
	bool good = write_zone(w) && write_primary(w);
	for (uint32_t i = 0; good && w->has_copy && i < w->p->secondary_count; i++)
		good = write_secondary(w, i);
	return good;
}

int cli_publish_out(const struct cli *c, const struct conf_publish *p, const char *domain)
{
	struct writing w = {.c = c, .p = p, .domain = domain, .has_copy = p->transfer_key.name[0] != '\0'};
	bool good = folder_ours(c) && cli_publish_key(c, c->config, &p->key, &w.key) &&
	       (!w.has_copy || cli_publish_key(c, c->config, &p->transfer_key, &w.copy)) && write_all(&w);
	memory_wipe(&w.key, sizeof(w.key));
	memory_wipe(&w.copy, sizeof(w.copy));
	if (good)
		say_next(&w);
	return good ? CLI_OK : CLI_FAILED;
}
