// SPDX-License-Identifier: Apache-2.0
// Another key at a reload. Only a process that has not yet entered its sandbox can read one: a second signer is started
// beside the one in service, and must say that it has read the key and that it belongs to the certificate. Only then
// is the configuration put in force, the old signer stopped and the new one told to begin. A reload with a key that
// cannot be used changes nothing.
#include "base/clock.h"
#include "base/log.h"
#include "guard/requests.h"
#include "main/control.h"
#include "main/monitor_state.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

// Of a file that cannot be seen all is zero: never like one that was read.
static struct key_stamp stamp_of(const struct monitor *m, const struct conf_private *private)
{
	struct key_stamp k = {.path = ""};
	struct files_root root;
	struct stat st;
	files_root_of(&root, m->config_path);
	if (private->key_path[0] == '\0' || !is_ok(files_path(&root, private->key_path, k.path)) || stat(k.path, &st) != 0)
		return k;
	k.device = st.st_dev;
	k.inode = st.st_ino;
	k.size = st.st_size;
	k.changed = st.st_ctim;
	return k;
}

static bool same_stamp(const struct key_stamp *a, const struct key_stamp *b)
{
	return strcmp(a->path, b->path) == 0 && a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool same_certificate(const struct monitor *m, const struct conf_result *next)
{
	struct bytes a = snapshot_blob(m->conf.snapshot, m->conf.snapshot->settings.certificate);
	struct bytes b = snapshot_blob(next->snapshot, next->snapshot->settings.certificate);
	return bytes_equal(a, b);
}

void monitor_signer_stamp(struct monitor *m)
{
	m->key_stamp = stamp_of(m, &m->conf.private);
}

static void end(struct child *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	monitor_child_gone(c);
}

void monitor_signer_cancel(struct monitor *m)
{
	end(&m->swap.next);
}

// READY, or why not. It may say nothing else yet.
static result first_word(struct monitor *m, const struct conf_result *next)
{
	struct child *c = &m->swap.next;
	uint64_t until = c->started_us + SIGNER_READY_MS * MS;
	while (clock_now().mono_us < until) {
		struct ipc_control q;
		size_t len;
		int fd;
		if (!monitor_serve_calls(m, c->control, until))
			continue;
		result r = control_receive(c->control, &q, &len, &fd);
		if (r.error == E_AGAIN)
			continue;
		TRY(r);
		if (fd >= 0)
			close(fd);
		TRY(request_check(ROLE_SIGNER, &q, len, next->snapshot));
		if (q.type == IPC_CONTROL_CANNOT)
			snprintf(m->why, sizeof(m->why), "%.*s", (int)sizeof(m->why) - 1, q.text);
		REQUIRE(q.type == IPC_CONTROL_READY, E_CONFIG);
		log_write(LOG_LEVEL_INFO, "monitor.child-ready", LOG_STR("child", process_role_name(ROLE_SIGNER)),
			LOG_NUM("pid", c->pid), LOG_STR("sandbox", q.text));
		c->ready = true;
		return OK;
	}
	return FAIL(E_TIMEOUT);
}

// Of a reload shortly before, which is in force: its signer serves before another is tried.
static void finish(struct monitor *m)
{
	if (m->swap.next.pid <= 0)
		return;
	end(&m->child[ROLE_SIGNER]);
	m->child[ROLE_SIGNER].restart_at_us = 0;
	monitor_signer_step_in(m);
}

result monitor_signer_prepare(struct monitor *m, const struct conf_result *next, int fd)
{
	const struct spawn as = {ROLE_SIGNER, fd, next->snapshot->generation, next->private.key_path};
	struct key_stamp stamp = stamp_of(m, &next->private);
	bool known = stamp.inode != 0 || next->private.key_path[0] == '\0';
	finish(m);
	if (known && same_stamp(&stamp, &m->key_stamp) && same_certificate(m, next) && m->child[ROLE_SIGNER].ready)
		return OK;
	snprintf(m->why, sizeof(m->why), "tls.key: no signer could be started with it; see the log");
	TRY(monitor_spawn_as(m, &as, &m->swap.next));
	result r = first_word(m, next);
	if (!is_ok(r)) {
		monitor_signer_cancel(m);
		return r;
	}
	m->swap.stamp = stamp;
	m->swap.begun_us = clock_now().mono_us;
	m->swap.stopped_us = 0;
	return OK;
}

bool monitor_signer_step_in(struct monitor *m)
{
	struct child *c = &m->child[ROLE_SIGNER];
	struct ipc_control begin = control_make(IPC_CONTROL_BEGIN);
	if (m->swap.next.pid <= 0)
		return false;
	uint32_t restarts = c->restarts;
	*c = m->swap.next;
	c->restarts = restarts;
	c->generation = c->given;
	m->key_stamp = m->swap.stamp;
	m->swap.next = (struct child){.control = -1};
	log_write(LOG_LEVEL_NOTICE, "monitor.signer-replaced", LOG_NUM("pid", c->pid), LOG_NUM("generation", c->generation));
	if (!is_ok(control_send(c->control, &begin, -1)))
		kill(c->pid, SIGKILL); // it would wait for ever: started again like any other
	return true;
}

// It dies while it waits: the next start of a signer reads the key again, so the one in service makes way.
bool monitor_signer_died(struct monitor *m, pid_t pid)
{
	if (pid != m->swap.next.pid)
		return false;
	log_write(LOG_LEVEL_ALARM, "monitor.signer-not-replaced", LOG_NUM("pid", pid));
	monitor_child_gone(&m->swap.next);
	if (m->child[ROLE_SIGNER].pid > 0)
		kill(m->child[ROLE_SIGNER].pid, SIGKILL);
	return true;
}

// The certificate first, then the key: handshakes of the moment between may fail, and are tried again by who dials.
void monitor_signer_run(struct monitor *m, uint64_t now_us)
{
	struct ipc_control stop = control_make(IPC_CONTROL_STOP);
	const struct child *signaller = &m->child[ROLE_SIGNALLER];
	struct child *old = &m->child[ROLE_SIGNER];
	if (m->swap.next.pid <= 0)
		return;
	if (old->pid <= 0) {
		old->restart_at_us = 0;
		monitor_signer_step_in(m);
	} else if (m->swap.stopped_us == 0) {
		bool taken = !signaller->ready || signaller->generation == m->conf.snapshot->generation;
		if (!taken && now_us < m->swap.begun_us + SIGNER_SWAP_MS * MS)
			return;
		m->swap.stopped_us = now_us;
		if (!is_ok(control_send(old->control, &stop, -1)))
			kill(old->pid, SIGKILL);
	} else if (now_us >= m->swap.stopped_us + SIGNER_STOP_MS * MS) {
		kill(old->pid, SIGKILL);
		m->swap.stopped_us = now_us;
	}
}

uint64_t monitor_signer_deadline(const struct monitor *m)
{
	if (m->swap.next.pid <= 0)
		return NO_DEADLINE;
	return m->swap.stopped_us == 0 ? m->swap.begun_us + SIGNER_SWAP_MS * MS : m->swap.stopped_us + SIGNER_STOP_MS * MS;
}
