// SPDX-License-Identifier: Apache-2.0
// The sandbox: each layer told, and what it forbids really ends or fails. Each try runs in a child of its own (BE-2, SF-A3).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guard/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int (*attempt)(void); // 0: it worked

static int try_exec(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

// Other families than IP: the routing table, other processes of this host.
static int try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? 0 : 1;
}

static int try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 1;
}

static int try_write_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : 1;
}

static int try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1;
}

static int try_fork(void)
{
	return fork() >= 0 ? 0 : 1;
}

// A connection without connect(): the kernel would look at the descriptor only after the filter.
// The way of the resolver's library: an error that lets it connect instead, for it alone; where there is no filter, none.
static int try_fastopen_message(void)
{
	struct msghdr m = {0};
	return sendmsg(-1, &m, MSG_FASTOPEN) < 0 && errno == EOPNOTSUPP ? 0 : 1;
}

static int try_fastopen(void)
{
	return sendto(-1, "x", 1, MSG_FASTOPEN, NULL, 0) < 0 && errno == EBADF ? 0 : 1;
}

static int try_signal_other(void)
{
	return tgkill(getppid(), getppid(), 0) == 0 ? 0 : 1;
}

static int try_signal_self(void)
{
	return tgkill(getpid(), gettid(), 0) == 0 && sendto(-1, "x", 1, MSG_NOSIGNAL, NULL, 0) < 0 && errno == EBADF ? 0 : 1;
}

// With an owner the kernel sends SIGIO or SIGURG, or what F_SETSIG says, to whom we name.
static int owned[2]; // made before the sandbox: within it nobody makes a socket

static int try_set_owner(void)
{
	return fcntl(owned[0], F_SETOWN, getppid()) == 0 ? 0 : 1;
}

static int try_set_signal(void)
{
	return fcntl(owned[0], F_SETSIG, SIGKILL) == 0 ? 0 : 1;
}

static int try_ioctl_owner(void)
{
	int pid = getppid();
	return ioctl(owned[0], FIOSETOWN, &pid) == 0 ? 0 : 1;
}

static int try_get_owner(void)
{
	return fcntl(owned[0], F_GETOWN) >= 0 ? 0 : 1;
}

static int try_fcntl(void) // what event loops and libraries need
{
	int flags = fcntl(owned[0], F_GETFL), copy = fcntl(owned[0], F_DUPFD_CLOEXEC, 10);
	return flags >= 0 && fcntl(owned[0], F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(owned[0], F_SETFD, FD_CLOEXEC) == 0 &&
	       fcntl(owned[0], F_GETFD) == FD_CLOEXEC && copy >= 10 ? 0 : 1;
}

static int try_live(void) // what a child needs every day
{
	void *p = malloc(100000);
	char c = 0;
	int ends[2];
	bool good = p != NULL && pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], "x", 1) == 1 && read(ends[0], &c, 1) == 1;

	free(p);
	return good ? 0 : 1;
}

static bool database_is_server;
static const char *own_folder; // of the resolver; NULL: none

static int try_replace(void) // as the state of trust anchors is
{
	char from[64], to[64];
	snprintf(from, sizeof(from), "%s/a", own_folder != NULL ? own_folder : "/tmp");
	snprintf(to, sizeof(to), "%s/b", own_folder != NULL ? own_folder : "/tmp");
	int fd = open(from, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	return fd >= 0 && fsync(fd) == 0 && rename(from, to) == 0 && unlink(to) == 0 ? 0 : 1;
}

static int try_rename_nothing(void) // the call itself
{
	return rename("/tmp/none", "/tmp/none-either") < 0 ? 0 : 1;
}

static int try_write_elsewhere(void)
{
	return open("/tmp/sallyport-elsewhere", O_WRONLY | O_CREAT, 0600) >= 0 ? 0 : 1;
}

// True when the attempt worked inside the sandbox of ROLE.
static bool works(unsigned role, bool off, attempt f)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sandbox_config c = {.role = role, .seccomp_off = off, .connect = database_is_server,
			.path_count = own_folder != NULL, .path = {{own_folder, true}}};
		struct sandbox_report report;
		struct rlimit core = {0, 0};
		if (!is_ok(sandbox_enter(&c, &report)))
			_exit(9);
		UNUSED(core);
		_exit(f() == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// A directory whose database is a server reaches it by IP, or on this host; no other family.
static bool server_works(attempt f)
{
	database_is_server = true;
	bool good = works(ROLE_DIRECTORY, false, f);
	database_is_server = false;
	return good;
}

static bool instrumented(void) // sanitizers make system calls that the filter ends
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return false;
#endif
}

static void each_role(void **state)
{
	(void)state;
	if (instrumented())
		skip();
	for (unsigned role = ROLE_SIGNALLER; role < ROLE_COUNT; role++) {
		assert_true(works(role, false, try_live));
		assert_false(works(role, false, try_exec));
		assert_false(works(role, false, try_write_exec));
		assert_false(works(role, false, try_ptrace));
		assert_false(works(role, false, try_fork));
		assert_false(works(role, false, try_fastopen));
		assert_int_equal(works(role, false, try_fastopen_message), role == ROLE_RESOLVER);
		assert_false(works(role, false, try_signal_other));
		assert_true(works(role, false, try_signal_self));
		assert_true(works(role, false, try_fcntl));
		assert_false(works(role, false, try_set_owner));
		assert_false(works(role, false, try_set_signal));
		assert_false(works(role, false, try_ioctl_owner));
		assert_false(works(role, false, try_get_owner));
		assert_false(works(role, false, try_open)); // nothing was listed
		assert_int_equal(works(role, false, try_socket), role == ROLE_RESOLVER); // it speaks IP alone
		assert_false(works(role, false, try_netlink));
		assert_false(works(role, false, try_unix_socket));
	}
	assert_true(server_works(try_socket) && server_works(try_unix_socket));
	assert_false(server_works(try_netlink));
}

// Without the filter the same attempts work: it is the filter that stops them.
static void filter_off(void **state)
{
	(void)state;
	if (instrumented())
		skip();
	assert_true(works(ROLE_MEDIA, true, try_socket));
	assert_true(works(ROLE_RESOLVER, true, try_netlink));
	assert_true(works(ROLE_RESOLVER, true, try_unix_socket));
	assert_true(works(ROLE_MEDIA, true, try_fastopen));
	assert_true(works(ROLE_MEDIA, true, try_fork));
	assert_true(works(ROLE_MEDIA, true, try_write_exec));
	assert_true(works(ROLE_MEDIA, true, try_set_signal));
	assert_true(works(ROLE_MEDIA, true, try_get_owner));
	assert_true(works(ROLE_MEDIA, true, try_set_owner));
	assert_true(works(ROLE_MEDIA, true, try_ioctl_owner));
}

// The monitor keeps its rights, and yet leaves no core and is not looked into (BE-3).
static void no_dumps(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit core;
		bool before = prctl(PR_GET_DUMPABLE) == 1;
		bool good = is_ok(sandbox_no_dumps(false)) && prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 &&
			    core.rlim_cur == 0 && core.rlim_max == 0;
		_exit(before && good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pid = fork();
	if (pid == 0)
		_exit(is_ok(sandbox_no_dumps(true)) && prctl(PR_GET_DUMPABLE) == 1 ? 0 : 1); // a sanitizer looks into itself
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void report(void **state)
{
	int ends[2], status;
	char text[SANDBOX_REPORT_MAX] = "";

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox_config c = {.role = ROLE_MEDIA, .seccomp_off = instrumented()};
		struct sandbox_report r = {""};
		bool good = is_ok(sandbox_enter(&c, &r));
		_exit(good && write(ends[1], r.text, sizeof(r.text)) == (ssize_t)sizeof(r.text) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], text, sizeof(text)), sizeof(text));
	assert_non_null(strstr(text, "no-new-privs"));
	assert_non_null(strstr(text, "no-dump"));
	assert_non_null(strstr(text, "landlock="));
	assert_non_null(strstr(text, instrumented() ? "seccomp=off" : "seccomp=calls:"));
	close(ends[0]);
	close(ends[1]);
}

// The resolver writes only into a folder that it was given, and without one renames nothing at all.
static void folder_of_the_resolver(void **state)
{
	char path[] = "/tmp/sallyport-own-XXXXXX";

	(void)state;
	assert_false(works(ROLE_RESOLVER, false, try_rename_nothing));
	own_folder = mkdtemp(path);
	assert_non_null(own_folder);
	assert_true(works(ROLE_RESOLVER, false, try_replace));
	assert_false(works(ROLE_RESOLVER, false, try_write_elsewhere));
	assert_false(works(ROLE_MEDIA, false, try_replace)); // files are none of its business
	own_folder = NULL;
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(folder_of_the_resolver),
		cmocka_unit_test(each_role), cmocka_unit_test(filter_off),
		cmocka_unit_test(no_dumps), cmocka_unit_test(report)};

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, owned) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
