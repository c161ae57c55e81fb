// SPDX-License-Identifier: Apache-2.0
// Forking children, connecting them with one another, and starting again those that die.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/sanitizer.h"
#include "main/control.h"
#include "main/monitor_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int (*const entry[ROLE_COUNT])(struct process_start *) = {
	[ROLE_SIGNALLER] = signaller_main,
	[ROLE_MEDIA] = media_main,
	[ROLE_RESOLVER] = resolver_main,
	[ROLE_DIRECTORY] = directory_main,
	[ROLE_SIGNER] = signer_main,
	[ROLE_ADMIN] = admin_main,
	[ROLE_PORTAL] = portal_main,
};

struct kept { // descriptors that stay open in a child
	int *fd;
	uint32_t count;
};

static void keep(void *ctx, int fd)
{
	struct kept *k = ctx;
	if (fd >= 0)
		k->fd[k->count++] = fd;
}

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

static void close_between(int *kept, uint32_t count)
{
	qsort(kept, count, sizeof(*kept), compare);
	unsigned from = 3;
	for (uint32_t i = 0; i < count; i++) {
		unsigned fd = (unsigned)kept[i];
		if (fd > from)
			close_range(from, fd - 1, 0);
		if (fd >= from)
			from = fd + 1;
	}
	close_range(from, ~0u, 0);
}

enum { KEPT_FIXED_MAX = 10 + PORTAL_ADDRESSES_MAX + 2 * NET_WORKERS_MAX + 2 * NET_HANDSHAKERS_MAX };

static void keep_sockets(struct kept *k, unsigned role, const struct sockets *s)
{
	for (uint32_t i = 0; role == ROLE_SIGNALLER && i < s->sip_count; i++)
		keep(k, s->sip[i].fd);
	for (uint32_t i = 0; role == ROLE_MEDIA && i < s->media_count; i++)
		keep(k, s->media[i].fd);
	for (uint32_t i = 0; role == ROLE_PORTAL && i < s->portal_count; i++)
		keep(k, s->portal[i]);
	if (role == ROLE_ADMIN) {
		keep(k, s->admin);
		keep(k, s->metrics);
	}
}

// Only what the role works with stays open; everything else of the monitor's is closed in the child.
static void close_others(const struct monitor *m, const struct process_start *s)
{
	const struct sockets *sockets = s->sockets;
	size_t room = KEPT_FIXED_MAX + (sockets != NULL ? sockets->sip_count + sockets->media_count : 0);
	struct kept k = {memory_array(room, sizeof(int)), 0};
	if (k.fd == NULL)
		_exit(1);
	keep(&k, s->control);
	keep(&k, s->snapshot_fd);
	channels_of_role(&m->channels, s->role, keep, &k);
	if (sockets != NULL) { // the first resolver starts before there are any
		for (int i = 0; s->role == ROLE_SIGNALLER && i < CALL_RECORD_KINDS; i++)
			keep(&k, m->calls_fd[i]);
		keep(&k, s->role == ROLE_SIGNALLER ? m->ended_fd : -1);
		keep(&k, s->role == ROLE_MEDIA ? m->sessions_fd : -1);
		keep_sockets(&k, s->role, sockets);
	}
	close_between(k.fd, k.count);
	memory_free(k.fd);
}

// "sqlite:FILE" is relative to the folder of the configuration, as every path in it.
static void fill_registry(const struct monitor *m, const struct files_root *root, struct process_start *s)
{
	static const char scheme[] = "sqlite:";
	const char *uri = m->conf.private.registry;
	size_t n = sizeof(scheme) - 1;
	char path[FILES_PATH_MAX];
	if (uri[0] == '\0')
		return;
	if (strncmp(uri, scheme, n) != 0)
		snprintf(s->registry, sizeof(s->registry), "%s", uri);
	else if (is_ok(files_path(root, uri + n, path)) && strlen(path) + n < sizeof(s->registry))
		snprintf(s->registry, sizeof(s->registry), "%s%.*s", scheme, (int)(sizeof(s->registry) - n - 1), path);
	IGNORE_RESULT(files_path(root, "registry-cache.key", s->registry_key)); // too long: there is no cache
}

static void fill_start(struct monitor *m, const struct spawn *as, int control, struct process_start *s)
{
	*s = (struct process_start){
		.role = as->role,
		.control = control,
		.snapshot_fd = as->snapshot_fd,
		.calls_fd = {m->calls_fd[0], m->calls_fd[1], m->calls_fd[2]},
		.ended_fd = m->ended_fd,
		.sessions_fd = m->sessions_fd,
		.workers = m->workers,
		.handshake_threads = m->handshake_threads,
		.restarts = m->child[as->role].restarts,
		.sockets = m->sockets,
		.channels = &m->channels,
		.draining = m->draining,
		.user = m->user,
		.sanitizer = sanitizer_inside(),
	};
	if (as->role == ROLE_SIGNALLER) {
		memcpy(s->token_key, m->token_key, sizeof(s->token_key));
		s->token_current = m->token_current;
		memcpy(s->secret, m->secret, sizeof(s->secret));
	}
	struct files_root root;
	files_root_of(&root, m->config_path);
	if (as->role == ROLE_DIRECTORY)
		fill_registry(m, &root, s);
	if (as->key_path[0] != '\0')
		IGNORE_RESULT(files_path(&root, as->key_path, s->key_path)); // too long: the signer says so
}

// In the child: forget what is not its own, then run its role.
static _Noreturn void child_begin(struct monitor *m, struct process_start *s)
{
	sigset_t none;
	sigemptyset(&none);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, process_role_name(s->role));
	signal(SIGTERM, SIG_IGN); // the monitor says when to stop
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_others(m, s);
	memory_wipe(m->token_key, sizeof(m->token_key));
	memory_wipe(m->secret, sizeof(m->secret));
	log_setup(process_role_name(s->role), LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	_exit(entry[s->role](s));
}

result monitor_spawn_as(struct monitor *m, const struct spawn *as, struct child *c)
{
	struct process_start start;
	int fd[2];
	TRY(control_pair(fd));
	fill_start(m, as, fd[1], &start);
	pid_t pid = fork();
	if (pid == 0)
		child_begin(m, &start);
	close(fd[1]);
	memory_wipe(&start, sizeof(start));
	if (pid < 0) {
		close(fd[0]);
		return FAIL(E_SYSTEM);
	}
	c->pid = pid;
	c->control = fd[0];
	c->ready = false;
	c->restart_at_us = 0;
	c->given = as->generation;
	c->generation = 0;
	memset(c->tally, 0, sizeof(c->tally));
	c->started_us = clock_now().mono_us;
	return OK;
}

result monitor_spawn(struct monitor *m, unsigned role)
{
	const struct spawn as = {role, m->snapshot_fd, m->conf.snapshot != NULL ? m->conf.snapshot->generation : 0,
		role == ROLE_SIGNER ? m->conf.private.key_path : ""};
	if (role == ROLE_SIGNER)
		monitor_signer_stamp(m);
	return monitor_spawn_as(m, &as, &m->child[role]);
}

void monitor_child_gone(struct child *c)
{
	if (c->control >= 0)
		close(c->control);
	c->pid = 0;
	c->control = -1;
	c->ready = false;
}

static void child_died(struct monitor *m, unsigned role, int status, uint64_t now_us)
{
	struct child *c = &m->child[role];
	bool calm = now_us - c->started_us > RESTART_CALM_MS * MS;
	monitor_child_gone(c);
	if (role == ROLE_RESOLVER && m->names != NULL)
		names_unasked(m->names);
	if (m->stopping || (role == ROLE_SIGNER && monitor_signer_step_in(m)))
		return;
	c->restarts++;
	c->backoff_ms = calm || c->backoff_ms == 0 ? RESTART_BACKOFF_MIN_MS : c->backoff_ms * 2;
	if (c->backoff_ms > RESTART_BACKOFF_MAX_MS)
		c->backoff_ms = RESTART_BACKOFF_MAX_MS;
	c->restart_at_us = now_us + c->backoff_ms * MS;
	log_write(LOG_LEVEL_ALARM, "monitor.child-died", LOG_STR("child", process_role_name(role)),
		LOG_NUM("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
		LOG_NUM("status", WIFEXITED(status) ? WEXITSTATUS(status) : 0), LOG_NUM("restart_in_ms", c->backoff_ms));
}

void monitor_reap(struct monitor *m, uint64_t now_us)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (monitor_signer_died(m, pid))
			continue;
		for (unsigned role = ROLE_SIGNALLER; role < ROLE_COUNT; role++)
			if (m->child[role].pid == pid) {
				child_died(m, role, status, now_us);
				break; // another may stand in its place now
			}
	}
}

static bool is_late(const struct child *c)
{
	return c->pid > 0 && !c->ready;
}

// One that hangs before it is ready would hang for ever: killed, it is started again like one that died.
static void end_late(struct monitor *m, unsigned role, uint64_t now_us)
{
	struct child *c = &m->child[role];
	if (!is_late(c) || now_us < c->started_us + CHILD_READY_MS * MS)
		return;
	log_write(LOG_LEVEL_ALARM, "monitor.child-not-ready", LOG_STR("child", process_role_name(role)), LOG_NUM("pid", c->pid));
	kill(c->pid, SIGKILL);
	c->started_us = now_us; // its death is told by a signal
}

void monitor_restart_due(struct monitor *m, uint64_t now_us)
{
	for (unsigned role = ROLE_SIGNALLER; role < ROLE_COUNT; role++) {
		struct child *c = &m->child[role];
		end_late(m, role, now_us);
		if (c->restart_at_us == 0 || c->restart_at_us > now_us)
			continue;
		c->restart_at_us = 0;
		if (!is_ok(monitor_spawn(m, role)))
			c->restart_at_us = now_us + RESTART_BACKOFF_MAX_MS * MS;
	}
}

uint64_t monitor_next_restart(const struct monitor *m)
{
	uint64_t next = NO_DEADLINE;
	for (unsigned role = ROLE_SIGNALLER; role < ROLE_COUNT; role++) {
		const struct child *c = &m->child[role];
		uint64_t at = is_late(c) ? c->started_us + CHILD_READY_MS * MS : c->restart_at_us;
		if (at != 0 && at < next)
			next = at;
	}
	return next;
}

void monitor_stop_children(struct monitor *m)
{
	// Signaller first: it ends its calls in the records; admin last, because it writes them.
	static const unsigned order[] = {ROLE_SIGNALLER, ROLE_MEDIA, ROLE_PORTAL, ROLE_DIRECTORY, ROLE_RESOLVER, ROLE_SIGNER, ROLE_ADMIN};
	struct ipc_control stop = control_make(IPC_CONTROL_STOP);
	m->stopping = true;
	monitor_signer_cancel(m);
	for (uint32_t i = 0; i < ARRAY_LEN(order); i++) {
		struct child *c = &m->child[order[i]];
		if (c->pid == 0)
			continue;
		bool told = is_ok(control_send(c->control, &stop, -1));
		uint64_t until = clock_now().mono_us + STOP_MS * MS;
		while (told && c->pid != 0 && clock_now().mono_us < until) {
			usleep(2000);
			monitor_reap(m, clock_now().mono_us);
		}
		if (c->pid != 0) {
			kill(c->pid, SIGKILL);
			waitpid(c->pid, NULL, 0);
			c->pid = 0;
		}
	}
}
