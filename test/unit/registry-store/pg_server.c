// SPDX-License-Identifier: Apache-2.0
// PostgreSQL refuses to run as root: then it runs as the user that its package made.
#include "pg_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIN "/usr/lib/postgresql/15/bin/"
enum { START_TRIES = 200, START_WAIT_US = 50000 };

bool pg_server_present(void)
{
	return access(BIN "postgres", X_OK) == 0 && access(BIN "initdb", X_OK) == 0 &&
	       (geteuid() != 0 || getpwnam("postgres") != NULL);
}

static pid_t run(const struct pg_server *s, const char *const *argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
	if (user != NULL && (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGQUIT); // a test that crashes leaves no server behind
	int null = open("/dev/null", O_RDWR);
	if (null < 0 || chdir(s->folder) != 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static bool run_wait(const struct pg_server *s, const char *const *argv)
{
	int status = 1;
	pid_t pid = run(s, argv);

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	close(fd);
	return ntohs(a.sin_port);
}

static bool folder_make(struct pg_server *s)
{
	char path[128];
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;

	snprintf(s->folder, sizeof(s->folder), "/tmp/sallyport-pg-XXXXXX");
	if (mkdtemp(s->folder) == NULL || (user != NULL && chown(s->folder, user->pw_uid, user->pw_gid) != 0))
		return false;
	snprintf(path, sizeof(path), "%s/password", s->folder);
	FILE *f = fopen(path, "w");
	if (f == NULL)
		return false;
	fprintf(f, "secret\n");
	return fclose(f) == 0;
}

void pg_server_uri(const struct pg_server *s, const char *database, char *out)
{
	snprintf(out, 512, "postgresql://sally:secret@127.0.0.1:%u/%s", s->port, database);
}

static bool started(const struct pg_server *s)
{
	char uri[512];

	pg_server_uri(s, "postgres", uri);
	for (int i = 0; i < START_TRIES; i++) {
		if (PQping(uri) == PQPING_OK)
			return true;
		usleep(START_WAIT_US);
	}
	return false;
}

bool pg_server_start(struct pg_server *s)
{
	char data[128], password[128], port[16];

	if (!folder_make(s))
		return false;
	s->port = free_port();
	snprintf(data, sizeof(data), "%s/data", s->folder);
	snprintf(password, sizeof(password), "--pwfile=%s/password", s->folder);
	snprintf(port, sizeof(port), "%u", s->port);
	const char *const make[] = {BIN "initdb", "-D", data, "-A", "scram-sha-256", "-U", "sally", password, "--no-sync", "--locale=C", NULL};
	const char *const serve[] = {BIN "postgres", "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-k", s->folder, "-c",
		"fsync=off", NULL};
	if (!run_wait(s, make))
		return false;
	s->pid = run(s, serve);
	return s->pid > 0 && started(s);
}

static int remove_h(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void pg_server_stop(struct pg_server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGINT); // fast shutdown
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
	if (s->folder[0] != '\0')
		nftw(s->folder, remove_h, 16, FTW_DEPTH | FTW_PHYS);
}

bool pg_server_run(const struct pg_server *s, const char *database, const char *statement)
{
	char uri[512];

	pg_server_uri(s, database, uri);
	PGconn *c = PQconnectdb(uri);
	PGresult *set = PQexec(c, "SET search_path = sallyport, pg_temp; SET client_min_messages = error");
	PGresult *r = PQexec(c, statement);
	bool good = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
	if (!good)
		fprintf(stderr, "%s", PQerrorMessage(c));
	PQclear(set);
	PQclear(r);
	PQfinish(c);
	return good;
}
