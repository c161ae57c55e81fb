// SPDX-License-Identifier: Apache-2.0
// One list for all children, and what a role needs beyond it. No role may execute a program, make memory executable, trace, or
// (but resolver, directory and admin) open sockets and files. Landlock does not cover UDP: this does.
#include "guard/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const int common[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmmsg), SCMP_SYS(close),
	SCMP_SYS(shutdown), SCMP_SYS(accept4), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(eventfd2), SCMP_SYS(pipe2),
	SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(sched_yield), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall), SCMP_SYS(newfstatat),
	SCMP_SYS(fstat), SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(mlock), SCMP_SYS(mlock2),
	SCMP_SYS(munlock), SCMP_SYS(get_mempolicy), SCMP_SYS(sysinfo),
};

// A reload makes the library read its configuration, out of a memfd, and /etc again; Landlock says which files.
static const int resolver_calls[] = {SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(openat), SCMP_SYS(lseek), SCMP_SYS(memfd_create)};
// The state of trust anchors (RFC 5011), where a folder is configured for it.
static const int resolver_folder_calls[] = {SCMP_SYS(fsync), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(getdents64)};
static const int admin_calls[] = {SCMP_SYS(openat), SCMP_SYS(lseek), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(ftruncate), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(statx), SCMP_SYS(fstatfs), SCMP_SYS(statfs)};

// The registry's database: SQLite's files with their locks, or a connection to PostgreSQL (whose library lists the folders of Kerberos);
// blocks of memory for others; the cache.
static const int directory_calls[] = {SCMP_SYS(openat), SCMP_SYS(lseek), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
	SCMP_SYS(rename), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(statx), SCMP_SYS(access),
	SCMP_SYS(readlink), SCMP_SYS(getcwd), SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(memfd_create), SCMP_SYS(fallocate), SCMP_SYS(uname), SCMP_SYS(getdents64)};
static const int database_calls[] = {SCMP_SYS(connect), SCMP_SYS(bind)}; // of the directory, where the database is a server

static const struct {
	const int *calls;
	uint32_t count;
} extra[ROLE_COUNT] = {
	[ROLE_RESOLVER] = {resolver_calls, ARRAY_LEN(resolver_calls)},
	[ROLE_DIRECTORY] = {directory_calls, ARRAY_LEN(directory_calls)},
	[ROLE_ADMIN] = {admin_calls, ARRAY_LEN(admin_calls)},
};

static bool allow(scmp_filter_ctx f, const int *calls, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) != 0)
			return false;
	return true;
}

static bool allow_folder(scmp_filter_ctx f, const struct sandbox_config *c)
{
	bool writes = false;
	for (uint32_t i = 0; c->role == ROLE_RESOLVER && i < c->path_count; i++)
		writes |= c->path[i].write;
	return !writes || allow(f, resolver_folder_calls, ARRAY_LEN(resolver_folder_calls));
}

// Sending connects nothing: with MSG_FASTOPEN a stream socket that was shut down would, to anybody (SF-I12). Signals go
// to ourselves alone: children share a user.
static bool allow_sending(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0)) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0)) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendmmsg), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0)) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)) == 0;
}

// Who speaks to servers does so over IP: DNS, PostgreSQL and the names of its hosts; or to one on this host. No netlink, no raw packets:
// asked for by libraries, which live without. A directory whose database is a file has no sockets at all.
static bool allow_sockets(scmp_filter_ctx f, const struct sandbox_config *c)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
	bool database = c->role == ROLE_DIRECTORY && c->connect;
	uint32_t count = c->role == ROLE_RESOLVER ? 2 : database ? 3 : 0;
	for (uint32_t i = 0; i < count; i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0)) != 0)
			return false;
	if (database && (!allow(f, database_calls, ARRAY_LEN(database_calls)) ||
				seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0)) != 0))
		return false;
	// its library tells its thread what to do through such a pair
	return c->role != ROLE_RESOLVER ||
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0)) == 0;
}

// The resolver's library tries MSG_FASTOPEN before each question by TCP, which every answer that is cut leads to; told that there is
// none, it connects, within what Landlock allows (LUF-A3).
static bool refuse_fastopen(scmp_filter_ctx f, unsigned role)
{
	return role != ROLE_RESOLVER || seccomp_rule_add(f, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(sendmsg), 1,
						SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN)) == 0;
}

// No owner of a descriptor: with F_SETOWN the kernel would send signals to others for us. Nor leases; locks and seals only where
// there is a database.
static bool allow_fcntl(scmp_filter_ctx f, unsigned role)
{
	static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GET_SEALS, F_GETLK, F_SETLK, F_SETLKW, F_ADD_SEALS};
	uint32_t count = role == ROLE_DIRECTORY ? ARRAY_LEN(commands) : ARRAY_LEN(commands) - 4;
	for (uint32_t i = 0; i < count; i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i], 0)) != 0)
			return false;
	return true;
}

// Threads yes, processes no; memory yes, executable memory no.
static bool allow_by_argument(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
}

// Refused with an error instead of the end: libraries try these and live without.
static bool refuse_softly(scmp_filter_ctx f, unsigned role)
{
	if (role != ROLE_RESOLVER && role != ROLE_ADMIN && role != ROLE_DIRECTORY &&
		seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0) != 0)
		return false;
	return refuse_fastopen(f, role) && seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0) == 0 && // FIOSETOWN is one
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 0) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(sched_setaffinity), 0) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 0) == 0;
}

result filter_enter(const struct sandbox_config *c, uint32_t *calls)
{
	*calls = 0;
	if (c->seccomp_off || c->role >= ROLE_COUNT)
		return OK;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	REQUIRE(f != NULL, E_SYSTEM);
	bool good = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) == 0 && allow(f, common, ARRAY_LEN(common)) &&
		    allow(f, extra[c->role].calls, extra[c->role].count) && allow_folder(f, c) && allow_sockets(f, c) && allow_sending(f) && allow_fcntl(f, c->role) && allow_by_argument(f) &&
		    refuse_softly(f, c->role) && seccomp_load(f) == 0;
	*calls = (uint32_t)ARRAY_LEN(common) + extra[c->role].count + 8;
	seccomp_release(f);
	return good ? OK : FAIL(E_SYSTEM);
}
