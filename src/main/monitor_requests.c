// SPDX-License-Identifier: Apache-2.0
// What children ask of the monitor: checked against the table of permitted requests, then done.
#include "base/clock.h"
#include "base/log.h"
#include "guard/requests.h"
#include "main/control.h"
#include "main/monitor_state.h"
#include "main/sockets.h"
#include "net/open.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { REQUESTS_PER_TURN = 64 }; // of one child, so that no child keeps the monitor from the others

static void answer(struct monitor *m, unsigned role, struct ipc_control *a, const struct ipc_control *q, int fd)
{
	a->request = q->request;
	a->worker = q->worker;
	if (!is_ok(control_send(m->child[role].control, a, fd)))
		log_write(LOG_LEVEL_WARNING, "monitor.answer-lost", LOG_STR("to", process_role_name(role)));
}

static void on_ready(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	m->child[role].ready = true;
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
	answer(m, role, &a, q, fd);
	if (fd >= 0)
		close(fd);
}

// The key may have changed with the certificate: a new signer reads it before its sandbox closes.
static void renew_signer(struct monitor *m)
{
	if (m->child[ROLE_SIGNER].pid <= 0)
		return;
	m->child[ROLE_SIGNER].renewing = true;
	kill(m->child[ROLE_SIGNER].pid, SIGKILL);
}

static void on_reload(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control a = control_make(IPC_CONTROL_RELOADED);
	result r = monitor_load(m, false);
	if (is_ok(r))
		r = monitor_publish(m);
	if (is_ok(r))
		renew_signer(m);
	a.error = (int32_t)r.error;
	snprintf(a.text, sizeof(a.text), "%s", is_ok(r) ? "reloaded" : "refused, the old configuration stays; run sallyport check");
	log_write(LOG_LEVEL_NOTICE, "monitor.reload", LOG_STR("result", a.text));
	if (q != NULL)
		answer(m, role, &a, q, -1);
}

static void on_drain(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control msg = control_make(IPC_CONTROL_DRAIN);
	m->draining = q->flag != 0;
	msg.flag = q->flag;
	if (m->child[ROLE_SIGNALLER].control >= 0)
		IGNORE_RESULT(control_send(m->child[ROLE_SIGNALLER].control, &msg, -1)); // a restart is told with START
	struct ipc_control a = control_make(IPC_CONTROL_RELOADED);
	answer(m, role, &a, q, -1);
}

static void on_block(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	struct ipc_control a = control_make(IPC_CONTROL_RELOADED);
	monitor_block(m, q->peer, q->flag != 0);
	answer(m, role, &a, q, -1);
}

static void on_processes(struct monitor *m, unsigned role, const struct ipc_control *q)
{
	for (unsigned r = ROLE_SIGNALLER; r <= ROLE_COUNT; r++) {
		struct ipc_control a = control_make(IPC_CONTROL_PROCESS);
		a.role = (uint16_t)r;
		if (r < ROLE_COUNT) {
			a.index = (uint16_t)m->child[r].restarts;
			a.worker = (uint32_t)m->child[r].pid;
			a.flag = m->child[r].ready;
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
	case IPC_CONTROL_PROCESSES:
		on_processes(m, role, q);
		break;
	default:
		break; // RESOLVED that came too late
	}
}

static void refuse(struct monitor *m, unsigned role, const struct ipc_control *q, result why)
{
	log_write(LOG_LEVEL_ALARM, "monitor.request-refused", LOG_STR("child", process_role_name(role)),
		LOG_NUM("type", q->type), LOG_STR("why", error_name(why.error)));
	if (why.error == E_NOT_FOUND && q->type == IPC_CONTROL_DIAL) { // a peer that was blocked meanwhile: lawful
		struct ipc_control a = control_make(IPC_CONTROL_DIALED);
		a.error = (int32_t)why.error;
		answer(m, role, &a, q, -1);
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
