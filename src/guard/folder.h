// SPDX-License-Identifier: Apache-2.0
// Folders that root makes for a process without rights, in places where that process may write: whatever was put there
// instead is not handed over (BE-2).
#ifndef GUARD_FOLDER_H
#define GUARD_FOLDER_H

#include "base/result.h"

#include <sys/types.h>

// Make the folder PATH with mode 0700. E_DUPLICATE: something is there already. E_SYSTEM, E_TOO_LONG.
MUST_USE result folder_make(const char *path);
// Give the folder PATH to UID and GID. The last part of PATH is not followed when it is a link. E_POLICY: it is no folder,
// or not ours any more. E_SYSTEM, E_TOO_LONG.
MUST_USE result folder_give(const char *path, uid_t uid, gid_t gid);

// Whom a process becomes as USER (guard/sandbox.h): without such a user nobody.
void folder_owner(const char *user, uid_t *uid, gid_t *gid);
// The folder PATH for a process that becomes USER: made and given unless something is there already; NULL, or not root: it stays ours. Errors of
// both.
MUST_USE result folder_make_for(const char *path, const char *user);

#endif
