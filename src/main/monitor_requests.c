// SPDX-License-Identifier: Apache-2.0
// What children ask of the monitor: checked against the table of permitted requests, then done.
#include "base/clock.h"
#include "base/log.h"
#include "guard/requests.h"
#include "main/control.h"
#include "main/monitor_state.h"
#include "main/sockets.h"
#include "net/open.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REQUESTS_PER_TURN = 64 }; // of one child, so that no child keeps the monitor from the others

void monitor_answer(struct monitor *m, unsigned role, struct ipc_control *a, const struct ipc_control *q, int fd)
{
	a->request = q->request;
	a->worker = q->worker;
	if (!is_ok(control_send(m->child[role].control, a, fd)))
		log_write(LOG_LEVEL_WARNING, "monitor.answer-lost", LOG_STR("to", process_role_name(role)));
}

static void on_ready(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control begin = control_make(IPC_CONTROL_BEGIN);
	m->child[role].ready = true;
	if (role == ROLE_SIGNER)
		IGNORE_RESULT(control_send(m->child[role].control, &begin, -1)); // its first message: there is room
	monitor_child_ready(m, role);
	log_write(LOG_LEVEL_INFO, "monitor.child-ready", LOG_STR("child", process_role_name(role)),
		LOG_NUM("pid", m->child[role].pid), LOG_STR("sandbox", q->text));
}

static void on_dial(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	const struct snapshot *s = m->conf.snapshot;
	const struct listener *l = &s->listener[q->listener];
	struct ipc_control a = control_make(IPC_CONTROL_DIALED);
	struct net_open_options o = {.interface = l->interface, .dscp = l->dscp_sip};
	struct address local = sockets_source(l, (uint8_t)q->index, q->address[0].family); // that the peer knows us by
	int fd = -1;
	result r = net_open_connect(&local, &q->address[0], &o, &fd);
	a.error = (int32_t)r.error;
	a.peer = q->peer;
	monitor_answer(m, role, &a, q, fd);
	if (fd >= 0)
		close(fd);
}

// All or nothing: read, sealed, and with another key a signer that is ready, before anything in force is given up.
static result reload(struct monitor *m)
{
	struct conf_result next;
	int fd = -1;
	TRY(monitor_load(m, m->conf.snapshot, &next));
	snprintf(m->why, sizeof(m->why), "memory is short");
	result r = monitor_seal(next.snapshot, next.size, &fd);
	if (is_ok(r))
		r = monitor_signer_prepare(m, &next, fd);
	if (!is_ok(r)) {
		if (fd >= 0)
			close(fd);
		conf_result_free(&next);
		return r;
	}
	monitor_put_in_force(m, &next, fd);
	monitor_names_learn(m);
	names_hurry(m->names, clock_now().mono_us);
	return OK;
}

static void on_reload(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control a = control_make(IPC_CONTROL_RELOADED);
	result r = reload(m);
	if (is_ok(r)) {
		log_write(LOG_LEVEL_NOTICE, "monitor.reload", LOG_STR("result", "reloaded"),
			LOG_NUM("generation", m->conf.snapshot->generation));
		monitor_answer_later(m, role, q, ACKNOWLEDGE_MS);
		return;
	}
	log_write(LOG_LEVEL_WARNING, "monitor.reload", LOG_STR("result", "refused"), LOG_STR("why", m->why));
	// E_CONFIG whatever it was: the same to the operator, and the text tells
	a.error = (int32_t)E_CONFIG;
	snprintf(a.text, sizeof(a.text), "%s; the old configuration stays", m->why);
	if (q != NULL)
		monitor_answer(m, role, &a, q, -1);
}

static void on_drain(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control msg = control_make(IPC_CONTROL_DRAIN);
	m->draining = q->flag != 0;
	msg.flag = q->flag;
	if (m->child[ROLE_SIGNALLER].control >= 0)
		IGNORE_RESULT(control_send(m->child[ROLE_SIGNALLER].control, &msg, -1)); // a restart is told with START
	struct ipc_control a = control_make(IPC_CONTROL_RELOADED);
	monitor_answer(m, role, &a, q, -1);
}

static void on_block(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control a = control_make(IPC_CONTROL_RELOADED);
	result r = monitor_block(m, q->peer, q->flag != 0);
	a.error = (int32_t)r.error;
	if (is_ok(r))
		monitor_answer_later(m, role, q, ACKNOWLEDGE_BLOCK_MS);
	else
		monitor_answer(m, role, &a, q, -1);
}

static void on_story(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control a = control_make(IPC_CONTROL_STORY);
	monitor_story(m, q->peer, a.story, sizeof(a.story));
	monitor_answer(m, role, &a, q, -1);
}

static void on_processes(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	for (unsigned r = ROLE_SIGNALLER; r <= ROLE_COUNT; r++) {
		if (!monitor_has(m, r))
			continue;
		struct ipc_control a = control_make(IPC_CONTROL_PROCESS);
		a.role = (uint16_t)r;
		if (r < ROLE_COUNT) {
			a.index = (uint16_t)m->child[r].restarts;
			a.worker = (uint32_t)m->child[r].pid;
			a.flag = m->child[r].ready;
			a.generation = m->child[r].generation;
			memcpy(a.tally, m->child[r].tally, sizeof(a.tally));
		}
		a.request = q->request;
		IGNORE_RESULT(control_send(m->child[role].control, &a, -1)); // admin's own loss: it asks again
	}
}

static void carry_out(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	switch (q->type) {
	case IPC_CONTROL_READY:
		on_ready(m, role, q);
		break;
	case IPC_CONTROL_DIAL:
		on_dial(m, role, q);
		break;
	case IPC_CONTROL_RELOAD:
		on_reload(m, role, q);
		break;
	case IPC_CONTROL_DRAIN_ASK:
		on_drain(m, role, q);
		break;
	case IPC_CONTROL_BLOCK_ASK:
		on_block(m, role, q);
		break;
	case IPC_CONTROL_DEMAND:
		monitor_demand(m, role, q);
		break;
	case IPC_CONTROL_STORY_ASK:
		on_story(m, role, q);
		break;
	case IPC_CONTROL_PROCESSES:
		on_processes(m, role, q);
		break;
	case IPC_CONTROL_RESOLVED:
		monitor_resolved(m, q);
		break;
	case IPC_CONTROL_TAKEN:
		monitor_taken(m, role, q);
		break;
	case IPC_CONTROL_TALLY:
		memcpy(m->child[role].tally, q->tally, sizeof(q->tally));
		break;
	default:
		break; // CANNOT: it stands in the log, and the child ends
	}
}

static void refuse(struct monitor *m, unsigned role, const struct ipc_control *q, result why)
{
	log_write(LOG_LEVEL_ALARM, "monitor.request-refused", LOG_STR("child", process_role_name(role)),
		LOG_NUM("type", q->type), LOG_STR("why", error_name(why.error)));
	if (why.error == E_NOT_FOUND && q->type == IPC_CONTROL_DIAL) { // a peer that was blocked meanwhile: lawful
		struct ipc_control a = control_make(IPC_CONTROL_DIALED);
		a.error = (int32_t)why.error;
		monitor_answer(m, role, &a, q, -1);
	} else if (why.error != E_NOT_FOUND) {
		kill(m->child[role].pid, SIGKILL); // it speaks what it must not: no longer ours
	}
}

void monitor_request(struct monitor *m, unsigned role)
{
	for (uint32_t i = 0; i < REQUESTS_PER_TURN && m->child[role].control >= 0; i++) {
		struct ipc_control q;
		size_t len;
		int fd;
		result r = control_receive(m->child[role].control, &q, &len, &fd);
		if (r.error == E_CLOSED) {
			close(m->child[role].control);
			m->child[role].control = -1;
		}
		if (!is_ok(r))
			return;
		if (fd >= 0)
			close(fd); // no child has a descriptor to give
		result allowed = request_check(role, &q, len, m->conf.snapshot);
		if (is_ok(allowed))
			carry_out(m, role, &q);
		else
			refuse(m, role, &q, allowed);
	}
}

bool monitor_serve_calls(struct monitor *m, int fd, uint64_t until_us)
{
	static const unsigned served[] = {ROLE_SIGNALLER, ROLE_RESOLVER};
	struct pollfd p[ARRAY_LEN(served) + 1] = {{.fd = fd, .events = POLLIN}};
	uint64_t now = clock_now().mono_us;
	for (uint32_t i = 0; i < ARRAY_LEN(served); i++)
		p[i + 1] = (struct pollfd){.fd = m->child[served[i]].control, .events = POLLIN};
	if (now >= until_us || poll(p, ARRAY_LEN(p), (int)((until_us - now) / MS) + 1) <= 0)
		return false;
	for (uint32_t i = 0; i < ARRAY_LEN(served); i++)
		if (p[i + 1].revents != 0)
			monitor_request(m, served[i]);
	return p[0].revents != 0;
}

void monitor_reload(struct monitor *m)
{
	on_reload(m, ROLE_MONITOR, NULL);
}

bool monitor_await_ready(struct monitor *m, unsigned role)
{
	uint64_t until = clock_now().mono_us + CHILD_READY_MS * MS;
	while (!m->child[role].ready && m->child[role].control >= 0 && clock_now().mono_us < until)
		if (control_wait(m->child[role].control, 100))
			monitor_request(m, role);
	return m->child[role].ready;
}
