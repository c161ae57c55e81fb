// SPDX-License-Identifier: Apache-2.0
// Debian 12's header knows ABI 2 only; the newer constants stand here, and the structure's size follows the
// version that the kernel reports.
#include "guard/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5, ABI_SCOPE = 6,
	RULE_PATH = 1,
};

#define FS_ABI1 ((1ull << 13) - 1) // execute .. make_sym
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL (1ull << 15)
#define FS_READ ((1ull << 2) | (1ull << 3))                       // read file, read folder
#define FS_WRITE (FS_READ | (1ull << 1) | (1ull << 5) | (1ull << 8)) // write file, remove file, make regular file
#define NET_TCP 3ull   // bind, connect
#define SCOPE_ALL 3ull // abstract Unix sockets, signals

struct ruleset { // struct landlock_ruleset_attr of the newest ABI
	uint64_t fs, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

static size_t ruleset_fill(struct ruleset *r, int abi, bool may_connect)
{
	*r = (struct ruleset){.fs = FS_ABI1};
	if (abi >= ABI_REFER)
		r->fs |= FS_REFER;
	if (abi >= ABI_TRUNCATE)
		r->fs |= FS_TRUNCATE;
	if (abi >= ABI_IOCTL)
		r->fs |= FS_IOCTL;
	if (abi >= ABI_NET)
		r->net = may_connect ? 1ull : NET_TCP;
	if (abi >= ABI_SCOPE)
		r->scoped = SCOPE_ALL;
	return abi >= ABI_SCOPE ? 24 : abi >= ABI_NET ? 16 : 8;
}

static result add_path(int ruleset, const struct sandbox_path *p, int abi)
{
	int fd = open(p->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return OK; // a path that is not there needs no permission
	struct path_rule rule = {p->write ? FS_WRITE : FS_READ, fd};
	if (p->write && abi >= ABI_TRUNCATE)
		rule.allowed |= FS_TRUNCATE;
	long rc = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0);
	if (rc != 0) { // a file, not a folder: folder rights do not apply
		rule.allowed &= (1ull << 1) | (1ull << 2) | (abi >= ABI_TRUNCATE ? FS_TRUNCATE : 0);
		rc = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0);
	}
	close(fd);
	return rc == 0 ? OK : FAIL(E_SYSTEM);
}

static result restrict_self(int ruleset, const struct sandbox_config *c, int abi)
{
	for (uint32_t i = 0; i < c->path_count; i++)
		TRY(add_path(ruleset, &c->path[i], abi));
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? OK : FAIL(E_SYSTEM);
}

result landlock_enter(const struct sandbox_config *c, int *abi)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	*abi = version > 0 ? (int)version : 0;
	if (*abi == 0)
		return OK;
	struct ruleset attr;
	size_t size = ruleset_fill(&attr, *abi, c->role == ROLE_RESOLVER || c->connect);
	long ruleset = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	REQUIRE(ruleset >= 0, E_SYSTEM);
	result r = restrict_self((int)ruleset, c, *abi);
	close((int)ruleset);
	return r;
}
