// SPDX-License-Identifier: Apache-2.0
// One snapshot is in force. It is sealed before the former one is given up, sent to every child that uses one, and sent
// again until the child says that it has taken it: nobody works on with an old one unnoticed.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "main/control.h"
#include "main/monitor_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const unsigned takers[] = {ROLE_SIGNALLER, ROLE_MEDIA, ROLE_RESOLVER, ROLE_DIRECTORY, ROLE_SIGNER, ROLE_ADMIN, ROLE_PORTAL};

static result write_whole(int fd, const uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		REQUIRE(n > 0, E_SYSTEM);
		at += n;
		len -= (size_t)n;
	}
	return OK;
}

result monitor_seal(const struct snapshot *s, size_t size, int *out)
{
	int fd = memfd_create("sallyport-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	REQUIRE(fd >= 0, E_SYSTEM);
	result r = write_whole(fd, (const uint8_t *)s, size);
	if (is_ok(r) && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
		r = FAIL(E_SYSTEM);
	if (!is_ok(r)) {
		close(fd);
		return r;
	}
	*out = fd;
	return OK;
}

static uint32_t in_force(const struct monitor *m)
{
	return m->conf.snapshot->generation;
}

// A signer that is about to go keeps the certificate that its key belongs to.
static bool must_take(const struct monitor *m, unsigned role)
{
	const struct child *c = &m->child[role];
	return c->ready && c->control >= 0 && c->generation != in_force(m) && !(role == ROLE_SIGNER && m->swap.next.pid > 0);
}

static void send_to(struct monitor *m, unsigned role, uint64_t now_us)
{
	struct ipc_control msg = control_make(IPC_CONTROL_SNAPSHOT);
	msg.generation = in_force(m);
	m->child[role].publish_at_us = now_us + PUBLISH_AGAIN_MS * MS;
	IGNORE_RESULT(control_send(m->child[role].control, &msg, m->snapshot_fd)); // tried again until it is taken
}

static void send_to_all(struct monitor *m)
{
	uint64_t now_us = clock_now().mono_us;
	for (uint32_t i = 0; i < ARRAY_LEN(takers); i++)
		if (must_take(m, takers[i]))
			send_to(m, takers[i], now_us);
}

static void replace_fd(struct monitor *m, int fd)
{
	if (m->snapshot_fd >= 0)
		close(m->snapshot_fd);
	m->snapshot_fd = fd;
	send_to_all(m);
}

void monitor_put_in_force(struct monitor *m, struct conf_result *next, int fd)
{
	if (m->conf.snapshot == NULL || !snapshot_same_dns(m->conf.snapshot, next->snapshot))
		m->dns_since = next->snapshot->generation;
	conf_result_free(&m->conf);
	m->conf = *next;
	replace_fd(m, fd);
}

result monitor_edit(struct monitor *m, void (*change)(struct snapshot *s, void *ctx), void *ctx)
{
	int fd = -1;
	struct snapshot *next = memory_alloc(m->conf.size);
	REQUIRE(next != NULL, E_NO_MEMORY);
	memcpy(next, m->conf.snapshot, m->conf.size);
	change(next, ctx);
	next->generation++;
	snapshot_seal(next, m->conf.size);
	result r = monitor_seal(next, m->conf.size, &fd);
	if (!is_ok(r)) {
		memory_free(next);
		return r;
	}
	memory_free(m->conf.snapshot);
	m->conf.snapshot = next;
	replace_fd(m, fd);
	return OK;
}

void monitor_taken(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct child *c = &m->child[role];
	if (q->error == E_OK) {
		c->generation = q->generation;
		return;
	}
	log_write(LOG_LEVEL_ALARM, "monitor.snapshot-refused", LOG_STR("child", process_role_name(role)),
		LOG_NUM("generation", q->generation), LOG_STR("why", error_name((enum error)q->error)));
}

void monitor_child_ready(struct monitor *m, unsigned role)
{
	m->child[role].generation = m->child[role].given;
	for (uint32_t i = 0; m->conf.snapshot != NULL && i < ARRAY_LEN(takers); i++)
		if (takers[i] == role && must_take(m, role))
			send_to(m, role, clock_now().mono_us);
}

// Is ROLE what GENERATION is still waiting for? The resolver uses the section `dns` alone: while that is the same, a reload does not
// wait for it, whatever it is busy with.
static bool is_lacking(const struct monitor *m, unsigned role, uint32_t generation)
{
	const struct child *c = &m->child[role];
	uint32_t least = role == ROLE_RESOLVER && (int32_t)(m->dns_since - generation) < 0 ? m->dns_since : generation;
	return monitor_has(m, role) && (!c->ready || (int32_t)(c->generation - least) < 0);
}

bool monitor_all_have(const struct monitor *m, uint32_t generation)
{
	for (uint32_t i = 0; i < ARRAY_LEN(takers); i++)
		if (is_lacking(m, takers[i], generation))
			return false;
	return true;
}

static void name_lacking(const struct monitor *m, uint32_t generation, char *out, size_t room)
{
	size_t n = (size_t)snprintf(out, room, "in force, but not yet taken by");
	for (uint32_t i = 0; i < ARRAY_LEN(takers) && n < room; i++)
		if (is_lacking(m, takers[i], generation))
			n += (size_t)snprintf(out + n, room - n, " %s", process_role_name(takers[i]));
	if (n < room)
		snprintf(out + n, room - n, "; see `sallyport status`");
}

static void answer(struct monitor *m, struct pending *p, bool complete)
{
	struct ipc_control a = control_make(IPC_CONTROL_RELOADED);
	const struct ipc_control q = {.request = p->request, .worker = p->worker};
	p->used = false;
	a.generation = p->generation;
	a.error = complete ? E_OK : E_TIMEOUT;
	if (complete)
		snprintf(a.text, sizeof(a.text), "in use by all processes");
	else
		name_lacking(m, p->generation, a.text, sizeof(a.text));
	log_write(complete ? LOG_LEVEL_NOTICE : LOG_LEVEL_ALARM, "monitor.published", LOG_NUM("generation", p->generation),
		LOG_STR("result", a.text));
	if (p->role != ROLE_MONITOR && m->child[p->role].control >= 0)
		monitor_answer(m, p->role, &a, &q, -1);
}

void monitor_answer_later(struct monitor *m, unsigned role, const struct ipc_control *q, uint32_t wait_ms)
{
	struct pending p = {.used = true, .role = role, .request = q != NULL ? q->request : 0,
		.worker = q != NULL ? q->worker : 0, .generation = in_force(m),
		.until_us = clock_now().mono_us + wait_ms * MS};
	for (uint32_t i = 0; i < PENDING_MAX; i++) {
		if (m->pending[i].used)
			continue;
		m->pending[i] = p;
		return;
	}
	answer(m, &p, monitor_all_have(m, p.generation)); // more than an operator asks at once: as it stands now
}

void monitor_publish_run(struct monitor *m, uint64_t now_us)
{
	for (uint32_t i = 0; i < ARRAY_LEN(takers); i++)
		if (must_take(m, takers[i]) && m->child[takers[i]].publish_at_us <= now_us)
			send_to(m, takers[i], now_us);
	for (uint32_t i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &m->pending[i];
		bool complete = p->used && monitor_all_have(m, p->generation);
		if (p->used && (complete || p->until_us <= now_us))
			answer(m, p, complete);
	}
}

uint64_t monitor_publish_deadline(const struct monitor *m)
{
	uint64_t next = NO_DEADLINE;
	for (uint32_t i = 0; i < ARRAY_LEN(takers); i++)
		if (must_take(m, takers[i]) && m->child[takers[i]].publish_at_us < next)
			next = m->child[takers[i]].publish_at_us;
	for (uint32_t i = 0; i < PENDING_MAX; i++)
		if (m->pending[i].used && m->pending[i].until_us < next)
			next = m->pending[i].until_us;
	return next;
}
