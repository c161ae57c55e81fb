// SPDX-License-Identifier: Apache-2.0
// The sandbox of each child: own user, no core dumps, no new privileges, Landlock, seccomp (BE-2, SF-A3).
//
// Every layer is probed: what the kernel offers is used, what it lacks is told. Works on Debian 12's kernel 6.1
// (Landlock ABI 2: files only) and gains TCP and signal rules on newer ones.
#ifndef GUARD_SANDBOX_H
#define GUARD_SANDBOX_H

#include "base/result.h"
#include "terms/ipc_control.h"

enum { SANDBOX_REPORT_MAX = 256, SANDBOX_PATHS_MAX = 4 };

struct sandbox_path { // a folder that the process may write into, or a file or folder that it may read
	const char *path;
	bool write;
};

struct sandbox_config {
	unsigned role;     // enum process_role
	const char *user;  // to become when started as root; NULL: stay
	uint32_t path_count;
	struct sandbox_path path[SANDBOX_PATHS_MAX];
	bool connect;      // TCP to a server of its own: the directory's PostgreSQL (the resolver may in any case)
	bool seccomp_off;  // sanitizer builds need system calls that the filter kills; said in the report
};

struct sandbox_report {
	char text[SANDBOX_REPORT_MAX]; // "user=sallyport landlock=7 seccomp=54 calls no-new-privs no-dump"
};

// No core of this process, and nobody without privilege looks into it. TRACEABLE: a sanitizer must. E_SYSTEM.
MUST_USE result sandbox_no_dumps(bool traceable);
// Warm up what opens files later (time zone, OpenSSL's random and error texts, name service), then enter. Threads may be made
// afterwards. E_SYSTEM when a layer that the kernel has could not be entered: the child must not go on.
MUST_USE result sandbox_enter(const struct sandbox_config *c, struct sandbox_report *report);

#endif
