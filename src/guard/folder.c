// SPDX-License-Identifier: Apache-2.0
// The parent is opened once; its entry is then named relative to it and never followed.
#include "guard/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, NOBODY = 65534 };

// The parent of PATH, and the name in it.
static result parent_open(const char *path, char name[PATH_ROOM], int *fd)
{
	char parent[PATH_ROOM];
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--; // "folder/" would be followed
	REQUIRE(n > 0 && n < PATH_ROOM, E_TOO_LONG);
	size_t at = n;
	while (at > 0 && path[at - 1] != '/')
		at--;
	REQUIRE(at < n, E_POLICY); // "/"
	snprintf(name, PATH_ROOM, "%.*s", (int)(n - at), path + at);
	REQUIRE(strcmp(name, "..") != 0 && strcmp(name, ".") != 0, E_POLICY);
	snprintf(parent, sizeof(parent), "%.*s", at == 0 ? 1 : (int)at, at == 0 ? "." : path);
	*fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 ? OK : FAIL(E_SYSTEM);
}

result folder_make(const char *path)
{
	char name[PATH_ROOM];
	int parent;
	TRY(parent_open(path, name, &parent));
	int failed = mkdirat(parent, name, 0700) == 0 ? 0 : errno;
	close(parent);
	REQUIRE(failed != EEXIST, E_DUPLICATE);
	return failed == 0 ? OK : FAIL(E_SYSTEM);
}

static result give(int folder, uid_t uid, gid_t gid)
{
	struct stat st;
	REQUIRE(fstat(folder, &st) == 0, E_SYSTEM);
	REQUIRE(S_ISDIR(st.st_mode) && st.st_uid == geteuid(), E_POLICY);
	return fchown(folder, uid, gid) == 0 ? OK : FAIL(E_SYSTEM);
}

result folder_give(const char *path, uid_t uid, gid_t gid)
{
	char name[PATH_ROOM];
	int parent;
	TRY(parent_open(path, name, &parent));
	int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	REQUIRE(folder >= 0, E_POLICY);
	result r = give(folder, uid, gid);
	close(folder);
	return r;
}

void folder_owner(const char *user, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(user);
	*uid = pw != NULL ? pw->pw_uid : NOBODY;
	*gid = pw != NULL ? pw->pw_gid : NOBODY;
}

result folder_make_for(const char *path, const char *user)
{
	uid_t uid;
	gid_t gid;
	TRY(folder_make(path));
	if (geteuid() != 0 || user == NULL)
		return OK;
	folder_owner(user, &uid, &gid);
	return folder_give(path, uid, gid);
}
