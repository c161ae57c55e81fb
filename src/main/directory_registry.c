// SPDX-License-Identifier: Apache-2.0
// The registry's database in the directory process: its folder and the key of its cache while files may still be opened, then the
// feeding threads.
#include "base/log.h"
#include "guard/folder.h"
#include "guard/sandbox.h"
#include "main/directory.h"
#include "main/control.h"
#include "main/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void folder_of(const char *path, char *out, size_t room)
{
	const char *end = strrchr(path, '/');
	if (end == NULL)
		snprintf(out, room, ".");
	else
		snprintf(out, room, "%.*s", end == path ? 1 : (int)(end - path), path);
}

// Whom the process becomes (guard/sandbox.h): without that user, nobody.
static void owner(const char *user, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(user);
	*uid = pw != NULL ? pw->pw_uid : NOBODY;
	*gid = pw != NULL ? pw->pw_gid : NOBODY;
}

// A folder that is not there yet is made for the user that the process becomes; one that is there is the operator's.
static void make_folder(const char *path, const char *user)
{
	if (!is_ok(folder_make(path)) || geteuid() != 0 || user == NULL)
		return;
	uid_t uid;
	gid_t gid;
	owner(user, &uid, &gid);
	result r = folder_give(path, uid, gid);
	if (!is_ok(r))
		log_write(LOG_LEVEL_WARNING, "directory.folder-not-handed-over", LOG_STR("path", path), LOG_STR("user", user));
}

// Root may have made the database with a command: it is the user's from here on. A link, or a file with a second name, is not followed.
static void give_file(const char *path, const char *user)
{
	struct stat st;
	uid_t uid;
	gid_t gid;
	int fd = user != NULL && geteuid() == 0 ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0)
		return;
	owner(user, &uid, &gid);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == 0 && fchown(fd, uid, gid) != 0)
		log_write(LOG_LEVEL_WARNING, "directory.file-not-handed-over", LOG_STR("path", path), LOG_STR("user", user));
	close(fd);
}

static void give_database(const char *path, const char *user)
{
	static const char *const parts[] = {"", "-wal", "-shm"};
	char name[FILES_PATH_MAX + 8];
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		snprintf(name, sizeof(name), "%s%s", path, parts[i]);
		give_file(name, user);
	}
}

// The key that signs the cache: made once, readable by whoever starts the system alone.
static bool key_of(const char *path, uint8_t key[FEED_KEY_LEN])
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		randombytes_buf(key, FEED_KEY_LEN);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		bool made = fd >= 0 && write(fd, key, FEED_KEY_LEN) == FEED_KEY_LEN && fsync(fd) == 0;
		if (fd >= 0)
			close(fd);
		return made;
	}
	bool read_whole = fd >= 0 && read(fd, key, FEED_KEY_LEN) == FEED_KEY_LEN;
	if (fd >= 0)
		close(fd);
	return read_whole;
}

static void prepare_cache(struct directory_process *d)
{
	const struct process_start *start = d->start;
	const struct snapshot *s = d->snapshot;
	struct database *b = &d->database;
	char records[FILES_PATH_MAX];
	folder_of(s->settings.records_path, records, sizeof(records));
	snprintf(b->cache_folder, sizeof(b->cache_folder), "%.4000s/registry", records);
	if (s->settings.records_path[0] == '\0' || sodium_init() < 0 || !key_of(start->registry_key, b->feed.key)) {
		log_write(LOG_LEVEL_WARNING, "directory.no-cache", LOG_STR("key", start->registry_key));
		b->cache_folder[0] = '\0';
		return;
	}
	make_folder(records, start->user);
	make_folder(b->cache_folder, start->user);
	snprintf(b->cache, sizeof(b->cache), "%.4000s/registry.cache", b->cache_folder);
}

uint32_t directory_paths(struct directory_process *d, struct sandbox_path *out, uint32_t room)
{
	static const char scheme[] = "sqlite:";
	const struct process_start *start = d->start;
	struct database *b = &d->database;
	uint32_t n = 0;
	b->own[0] = b->own[1] = -1;
	if (start->registry[0] == '\0' || room < 2)
		return 0;
	if (!is_ok(control_pair(b->own))) {
		log_write(LOG_LEVEL_ALARM, "directory.no-channel", LOG_NUM("errno", errno));
		return 0;
	}
	prepare_cache(d);
	if (b->cache_folder[0] != '\0')
		out[n++] = (struct sandbox_path){b->cache_folder, true};
	if (strncmp(start->registry, scheme, sizeof(scheme) - 1) != 0) {
		out[n++] = (struct sandbox_path){"/etc", false}; // names of hosts
		return n;
	}
	const char *path = start->registry + sizeof(scheme) - 1;
	folder_of(path, b->folder, sizeof(b->folder));
	make_folder(b->folder, start->user);
	give_database(path, start->user);
	out[n++] = (struct sandbox_path){b->folder, true};
	return n;
}

static result use_h(void *ctx, const struct ldr_set *set)
{
	struct directory_process *d = ctx;
	struct registry *next;
	TRY(registry_new(&next, d->snapshot));
	result r = registry_attach(next, &set->ldr);
	if (!is_ok(r)) {
		registry_free(next);
		return r;
	}
	registry_free(d->registry);
	d->registry = next;
	return OK;
}

result directory_feed(struct directory_process *d)
{
	struct database *b = &d->database;
	ldr_client_begin(&d->ldr, -1, use_h, d);
	if (b->own[0] < 0)
		return OK;
	b->feed.uri = d->start->registry;
	b->feed.cache = b->cache_folder[0] != '\0' ? b->cache : "";
	b->feed.consumer[0] = d->start->channels->ldr.end[1];
	b->feed.consumer[1] = b->own[1];
	ldr_client_begin(&d->ldr, b->own[0], use_h, d);
	return feed_start(&b->feed);
}
