// SPDX-License-Identifier: Apache-2.0
// The library ends the process when it cannot write a state file (1.17: fatal_exit), so room is tried before it is given one.
#include "dns/managed.h"

#include "base/log.h"
#include "base/memory.h"
#include "dns/policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEND_FILE "remove the file to begin anew from dns.trust_anchors, then restart"
#define TRY_FILE "try.key"

enum {
	TRY_OCTETS = 32 * 1024, // [octets] far more than a state has
	CLEAN_MAX = 4096,       // entries looked at: a folder of our own has some dozens
	OTHERS = 077,           // mode bits: none of them
};

result dns_managed_new(struct dns_managed **out, const char *folder, uint32_t holddown_s, struct bytes anchors)
{
	struct dns_managed *m = memory_alloc(sizeof(*m));
	*out = NULL;
	REQUIRE(m != NULL, E_NO_MEMORY);
	m->anchors = memory_alloc(anchors.len + 1);
	bool fits = strlen(folder) < sizeof(m->folder);
	if (m->anchors == NULL || !fits) {
		dns_managed_free(m);
		return FAIL(fits ? E_NO_MEMORY : E_TOO_LONG);
	}
	snprintf(m->folder, sizeof(m->folder), "%s", folder);
	m->holddown_s = holddown_s;
	m->anchors_len = anchors.len;
	if (anchors.len > 0)
		memcpy(m->anchors, anchors.at, anchors.len);
	m->anchors[anchors.len] = '\0';
	*out = m;
	return OK;
}

void dns_managed_free(struct dns_managed *m)
{
	if (m == NULL)
		return;
	memory_free(m->anchors);
	memory_free(m);
}

// ---- zones

// What may stand in a file's name without another meaning.
static bool is_plain(const char *apex)
{
	return strspn(apex, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(apex) && strlen(apex) <= DOMAIN_MAX - 32 && apex[0] != '.';
}

static struct dns_managed_zone *zone_of(struct dns_managed *m, const char *owner)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (strcmp(m->zone[i].apex, owner) == 0)
			return &m->zone[i];
	return NULL;
}

static struct dns_managed_zone *zone_new(struct dns_managed *m, const char *owner)
{
	if (m->count == DNS_MANAGED_ZONES_MAX) {
		log_write(LOG_LEVEL_WARNING, "dns.anchor-not-followed", LOG_STR("zone", owner), LOG_STR("why", "more zones than are followed"));
		return NULL;
	}
	struct dns_managed_zone *z = &m->zone[m->count++];
	*z = (struct dns_managed_zone){.unfit = !is_plain(owner)};
	snprintf(z->apex, sizeof(z->apex), "%s", owner);
	return z;
}

static void add_record(struct dns_managed *m, const struct dns_settings *s, const char *line)
{
	struct dns_record r;
	if (!is_ok(dns_record_read(&r, line)) || dns_policy_of(s, r.owner) == DNSSEC_OFF)
		return; // the library says what it does not take
	struct dns_managed_zone *z = zone_of(m, r.owner);
	if (z == NULL)
		z = zone_new(m, r.owner);
	if (z == NULL)
		return;
	z->unfit |= !r.secure_entry;
	z->seed += r.print;
}

static const char *begin_of(const char *line)
{
	return line + strspn(line, " \t\r");
}

static const char *next_of(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

// Its records as configured, one a line.
static size_t seed_text(const struct dns_managed *m, const struct dns_managed_zone *z, char *out, size_t room)
{
	struct dns_record r;
	size_t used = 0;
	for (const char *line = (const char *)m->anchors; *line != '\0'; line = next_of(line)) {
		const char *from = begin_of(line);
		size_t n = strcspn(from, ";\r\n");
		if (!is_ok(dns_record_read(&r, from)) || strcmp(r.owner, z->apex) != 0)
			continue;
		if (n + 2 > room - used)
			return 0;
		used += (size_t)snprintf(out + used, room - used, "%.*s\n", (int)n, from);
	}
	return used;
}

// ---- their states

static void refused(const struct dns_managed *m, const struct dns_managed_zone *z, const char *why)
{
	log_write(LOG_LEVEL_ALARM, "dns.anchor-state-refused", LOG_STR("zone", z->apex[0] != '\0' ? z->apex : "."), LOG_STR("folder", m->folder),
		LOG_STR("file", z->name), LOG_STR("why", why), LOG_STR("mend", MEND_FILE));
}

static void unwritable(struct dns_managed *m, const char *file)
{
	m->unwritable = true;
	log_write(LOG_LEVEL_ALARM, "dns.anchor-state-unwritable", LOG_STR("folder", m->folder), LOG_STR("file", file), LOG_NUM("errno", errno),
		LOG_STR("mend", "make room; it is tried again within an hour"));
}

static void begin_anew(struct dns_managed *m, struct dns_managed_zone *z, int folder)
{
	size_t n = seed_text(m, z, m->state.text, DNS_STATE_MAX);
	if (n > 0 && is_ok(dns_state_write(folder, z->name, bytes_make((const uint8_t *)m->state.text, n))))
		z->how = DNS_FOLLOWED;
	else
		unwritable(m, z->name);
}

static void prepare_zone(struct dns_managed *m, struct dns_managed_zone *z, int folder)
{
	struct dns_state *s = &m->state;
	snprintf(z->name, sizeof(z->name), "%s.%016" PRIx64 ".key", z->apex[0] != '\0' ? z->apex : "@", z->seed);
	dns_state_read(s, folder, z->name, z->apex);
	if (s->fault == NULL && !s->absent && !s->kept && s->seed != z->seed)
		s->fault = "damaged: not what it was seeded with";
	if (s->fault != NULL)
		refused(m, z, s->fault);
	else if (m->unwritable)
		z->how = s->absent ? DNS_CONFIGURED : DNS_LEARNT;
	else if (s->absent)
		begin_anew(m, z, folder);
	else
		z->how = DNS_FOLLOWED;
}

static void try_room(struct dns_managed *m, int folder)
{
	static const uint8_t octets[TRY_OCTETS];
	if (!is_ok(dns_state_write(folder, TRY_FILE, bytes_make(octets, sizeof(octets)))))
		unwritable(m, TRY_FILE);
	unlinkat(folder, TRY_FILE, 0);
}

static int open_folder(const struct dns_managed *m)
{
	return open(m->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int usable_folder(const struct dns_managed *m)
{
	char why[DNS_MANAGED_WHY_MAX] = "dns.managed_anchors: it cannot be opened";
	int fd = dns_managed_folder_ok(m->folder, geteuid(), "the resolver's user", why) ? open_folder(m) : -1;
	if (fd < 0)
		log_write(LOG_LEVEL_ALARM, "dns.anchor-folder-refused", LOG_STR("folder", m->folder), LOG_STR("why", why));
	return fd;
}

void dns_managed_prepare(struct dns_managed *m, const struct dns_settings *s)
{
	for (const char *line = (const char *)m->anchors; *line != '\0'; line = next_of(line))
		add_record(m, s, begin_of(line));
	int folder = m->count > 0 ? usable_folder(m) : -1;
	if (folder < 0)
		return;
	try_room(m, folder);
	for (uint32_t i = 0; i < m->count; i++)
		if (!m->zone[i].unfit)
			prepare_zone(m, &m->zone[i], folder);
		else
			log_write(LOG_LEVEL_WARNING, "dns.anchor-not-followed", LOG_STR("zone", m->zone[i].apex),
				LOG_STR("why", "an unusual name, or a key without the flag SEP"));
	close(folder);
}

void dns_managed_give_up(struct dns_managed *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->zone[i].how != DNS_CONFIGURED)
			refused(m, &m->zone[i], "the resolver library does not take this file or another one");
		m->zone[i].how = DNS_CONFIGURED;
	}
}

enum dns_managed_how dns_managed_how_of(const struct dns_managed *m, const char *owner)
{
	for (uint32_t i = 0; m != NULL && i < m->count; i++)
		if (strcmp(m->zone[i].apex, owner) == 0)
			return m->zone[i].how;
	return DNS_CONFIGURED;
}

char *dns_managed_path(const struct dns_managed *m, uint32_t i, char out[DNS_MANAGED_PATH_MAX])
{
	snprintf(out, DNS_MANAGED_PATH_MAX, "%s/%s", m->folder, m->zone[i].name);
	return out;
}

void dns_managed_read(struct dns_managed *m, uint32_t i)
{
	int folder = open_folder(m);
	dns_state_read(&m->state, folder, m->zone[i].name, m->zone[i].apex);
	if (folder >= 0)
		close(folder);
}

// ---- what the log is told

static void tell(struct dns_managed *m, struct dns_managed_zone *z)
{
	const struct dns_state *s = &m->state;
	char text[DNS_STATE_TEXT_MAX];
	const char *zone = z->apex[0] != '\0' ? z->apex : ".";
	const char *fault = s->absent ? "is not there any more" : s->fault;
	if (fault == NULL)
		dns_state_text(s, text);
	else
		snprintf(text, sizeof(text), "%s", fault);
	if (strcmp(text, z->told) == 0)
		return;
	snprintf(z->told, sizeof(z->told), "%s", text);
	if (fault != NULL)
		refused(m, z, fault);
	else if (s->all_revoked)
		log_write(LOG_LEVEL_ALARM, "dns.anchors-all-revoked", LOG_STR("zone", zone), LOG_STR("keys", text),
			LOG_STR("mend", "the zone has revoked every key: put its new ones into dns.trust_anchors"));
	else
		log_write(LOG_LEVEL_NOTICE, "dns.anchors", LOG_STR("zone", zone), LOG_STR("keys", text), LOG_NUM("trusted", s->trusted),
			LOG_STR("from", s->kept ? "state" : "dns.trust_anchors"));
}

void dns_managed_look(struct dns_managed *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->zone[i].how == DNS_CONFIGURED)
			continue;
		dns_managed_read(m, i);
		tell(m, &m->zone[i]);
	}
}

// ---- files that nobody needs

static bool is_needed(const struct dns_managed *m, const char *name)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (strcmp(m->zone[i].name, name) == 0)
			return true;
	return strstr(name, ".key") == NULL; // none of ours
}

void dns_managed_clean(const struct dns_managed *m)
{
	int fd = open_folder(m);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	const struct dirent *e;
	for (int i = 0; i < CLEAN_MAX && (e = readdir(d)) != NULL; i++)
		if (!is_needed(m, e->d_name))
			unlinkat(fd, e->d_name, 0);
	closedir(d);
}

// ---- the folder

static bool parent_ok(const char *folder, char why[DNS_MANAGED_WHY_MAX])
{
	char parent[256];
	struct stat st;
	const char *end = strrchr(folder, '/');
	snprintf(parent, sizeof(parent), "%.*s", end == NULL || end == folder ? 1 : (int)(end - folder), end == NULL ? "." : folder);
	if (stat(parent, &st) == 0 && S_ISDIR(st.st_mode))
		return true; // made at the start
	snprintf(why, DNS_MANAGED_WHY_MAX, "dns.managed_anchors: %s cannot be made, because %s is no folder; make that one", folder, parent);
	return false;
}

bool dns_managed_folder_ok(const char *folder, uid_t uid, const char *name, char why[DNS_MANAGED_WHY_MAX])
{
	struct stat st;
	const char *what = NULL, *mend = "";
	int failed = lstat(folder, &st) == 0 ? 0 : errno;
	if (failed == ENOENT)
		return parent_ok(folder, why);
	if (failed != 0) {
		snprintf(why, DNS_MANAGED_WHY_MAX, "dns.managed_anchors: %s cannot be looked at (errno %d); mend the path", folder, failed);
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		what = "is a link, or no folder";
		mend = "remove it, or name a folder that the resolver may make";
	} else if (st.st_uid != uid) {
		what = "belongs to another user";
		mend = "give it by chown";
	} else if ((st.st_mode & OTHERS) != 0) {
		what = "is open to others";
		mend = "chmod it to 0700";
	}
	if (what != NULL)
		snprintf(why, DNS_MANAGED_WHY_MAX, "dns.managed_anchors: %s %s; %s (it must be of %s alone)", folder, what, mend, name);
	return what == NULL;
}
