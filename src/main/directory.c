// SPDX-License-Identifier: Apache-2.0
// The directory process: look-up and routing over the registry, for the administrators' questions. Today the registry is
// the configuration's snapshot; signalling reads the same snapshot in its own memory.
#include "base/clock.h"
#include "base/log.h"
#include "guard/sandbox.h"
#include "lrf/lrf.h"
#include "luf/luf.h"
#include "main/control.h"
#include "main/process.h"
#include "terms/ipc_admin.h"

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct directory_process {
	const struct process_start *start;
	const struct snapshot *snapshot;
	size_t size;
	struct registry *registry;
	struct lrf_memory *memory;
	int admin;
	bool stop;
};

static result use_snapshot(struct directory_process *d, int fd)
{
	const struct snapshot *s;
	size_t size;
	struct registry *r;
	TRY(process_map_snapshot(fd, &s, &size));
	result made = registry_new(&r, s);
	if (!is_ok(made)) {
		process_unmap_snapshot(s, size);
		return made;
	}
	registry_free(d->registry);
	process_unmap_snapshot(d->snapshot, d->size);
	d->registry = r;
	d->snapshot = s;
	d->size = size;
	return OK;
}

static void on_control(struct directory_process *d)
{
	struct ipc_control m;
	size_t len;
	int fd;
	result r = control_receive(d->start->control, &m, &len, &fd);
	if (r.error == E_CLOSED || (is_ok(r) && m.type == IPC_CONTROL_STOP))
		d->stop = true;
	if (!is_ok(r) || fd < 0)
		return;
	if (m.type == IPC_CONTROL_SNAPSHOT)
		process_taken(d->start->control, m.generation, use_snapshot(d, fd));
	close(fd);
}

static void say(struct directory_process *d, const struct ipc_admin *m)
{
	if (send(d->admin, m, IPC_ADMIN_HEAD + sizeof(m->u.hop), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_write(LOG_LEVEL_WARNING, "directory.answer-lost", LOG_NUM("request", m->request));
}

// A key that begins with "+" or a digit is a number, anything else a domain.
static result look_up(struct directory_process *d, const struct ipc_admin *q, struct sed *sed, struct target *target)
{
	struct query query;
	struct now now = clock_now();
	bool number = q->u.key[0] == '+' || (q->u.key[0] >= '0' && q->u.key[0] <= '9');
	struct bytes key = bytes_of_string(q->u.key), none = {NULL, 0};
	const struct peer *asking = snapshot_peer(d->snapshot, q->peer);
	REQUIRE(asking != NULL, E_NOT_FOUND);
	TRY(luf_query_make(&query, URI_KIND_SIP, number ? key : none, number ? none : key, number ? q->u.key : "", ""));
	query.from_peer = q->peer;
	query.from_zone = asking->zone;
	TRY(luf_lookup(d->registry, &query, target));
	return lrf_route(d->registry, d->memory, target, 0, &now, sed);
}

static void on_admin(struct directory_process *d)
{
	static struct ipc_admin q, a; // large, one thread
	ssize_t n = recv(d->admin, &q, sizeof(q), MSG_DONTWAIT | MSG_TRUNC);
	if (n == 0) {
		close(d->admin);
		d->admin = -1;
	}
	if (n < (ssize_t)(IPC_ADMIN_HEAD + 1) || n > (ssize_t)sizeof(q) || q.version != IPC_ADMIN_VERSION || q.type != IPC_ADMIN_LOOKUP)
		return;
	q.u.key[sizeof(q.u.key) - 1] = '\0';
	struct sed sed = {.count = 0};
	struct target target;
	result r = look_up(d, &q, &sed, &target);
	for (uint8_t i = 0; is_ok(r) && i < sed.count; i++) {
		a = (struct ipc_admin){.version = IPC_ADMIN_VERSION, .type = IPC_ADMIN_HOP, .request = q.request, .peer = target.peer};
		a.u.hop.transport = (uint8_t)sed.hop[i].transport;
		a.u.hop.listener = sed.hop[i].listener;
		a.u.hop.address = sed.hop[i].remote;
		snprintf(a.u.hop.domain, sizeof(a.u.hop.domain), "%s", target.domain);
		say(d, &a);
	}
	a = (struct ipc_admin){.version = IPC_ADMIN_VERSION, .type = IPC_ADMIN_END, .request = q.request, .error = (int32_t)r.error};
	say(d, &a);
}

int directory_main(struct process_start *start)
{
	static struct directory_process d;
	d = (struct directory_process){.start = start, .admin = start->channels->directory.end[1]};
	if (!is_ok(use_snapshot(&d, start->snapshot_fd)) || !is_ok(lrf_memory_new(&d.memory)) || !is_ok(process_ready(start, NULL, 0)))
		return 1;
	while (!d.stop) {
		struct pollfd p[2] = {{.fd = start->control, .events = POLLIN}, {.fd = d.admin, .events = POLLIN}};
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].fd >= 0 && p[1].revents != 0)
			on_admin(&d);
		if (p[0].revents != 0)
			on_control(&d);
	}
	registry_free(d.registry);
	lrf_memory_free(d.memory);
	return 0;
}
