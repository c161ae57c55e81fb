// SPDX-License-Identifier: Apache-2.0
// The portal process: HTTPS of peers on the sockets and channels that the monitor made. It holds the snapshot, which is public
// knowledge of this host, no key and no registry: look-ups are the directory's, signatures the signer's.
#include "base/log.h"
#include "guard/sandbox.h"
#include "main/control.h"
#include "main/process.h"
#include "net/sign_client.h"
#include "portal/server.h"

#include <jansson.h>
#include <unistd.h>

enum { TALLY_S = 1 }; // [s] how often what was done is told to the monitor

struct portal_process {
	const struct process_start *start;
	const struct snapshot *snapshot;
	size_t size;
	struct registry *registry;
	struct event_base *base;
	struct portal_server *server;
	struct sign_client sign;
	struct net_counters counters;
	uint64_t told; // requests and refusals that the monitor knows of
};

static result use_snapshot(struct portal_process *p, int fd)
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
	if (p->server != NULL && !is_ok(portal_server_use(p->server, r)))
		log_write(LOG_LEVEL_ALARM, "portal.no-certificate", LOG_STR("mend", "tls.certificate cannot be used; nobody is served"));
	registry_free(p->registry);
	process_unmap_snapshot(p->snapshot, p->size);
	p->registry = r;
	p->snapshot = s;
	p->size = size;
	return OK;
}

static void control_h(evutil_socket_t control, short what, void *arg)
{
	struct portal_process *p = arg;
	struct ipc_control m;
	size_t len;
	int fd;
	UNUSED(what);
	result r = control_receive(control, &m, &len, &fd);
	if (r.error == E_CLOSED || (is_ok(r) && m.type == IPC_CONTROL_STOP))
		event_base_loopbreak(p->base);
	if (!is_ok(r) || fd < 0)
		return;
	if (len == sizeof(m) && m.type == IPC_CONTROL_SNAPSHOT)
		process_taken(control, m.generation, use_snapshot(p, fd));
	close(fd);
}

static void tell_h(evutil_socket_t none, short what, void *arg)
{
	struct portal_process *p = arg;
	struct ipc_control m = control_make(IPC_CONTROL_TALLY);
	UNUSED(none);
	UNUSED(what);
	m.tally[IPC_TALLY_SIGNED] = portal_server_count(p->server, PORTAL_ANSWERED);
	m.tally[IPC_TALLY_LIMITED] = portal_server_count(p->server, PORTAL_LIMITED);
	for (unsigned i = PORTAL_STRANGER; i < PORTAL_COUNTERS; i++)
		m.tally[IPC_TALLY_REFUSED] += portal_server_count(p->server, (enum portal_counter)i);
	uint64_t all = m.tally[IPC_TALLY_SIGNED] + m.tally[IPC_TALLY_LIMITED] + m.tally[IPC_TALLY_REFUSED];
	if (all != p->told && is_ok(control_send(p->start->control, &m, -1)))
		p->told = all;
}

static result begin(struct portal_process *p)
{
	const struct process_start *start = p->start;
	TRY(use_snapshot(p, start->snapshot_fd));
	p->base = event_base_new();
	REQUIRE(p->base != NULL, E_NO_MEMORY);
	json_object_seed(0); // while the random device can still be opened
	sign_client_init(&p->sign, start->channels->portal_sign.end[0], SIGN_TIMEOUT_US, &p->counters);
	const struct portal_server_config c = {
		.base = p->base,
		.listener = start->sockets->portal,
		.listeners = start->sockets->portal_count,
		.signer = {sign_client_sign, &p->sign},
		.directory = start->channels->portal_lookup.end[0],
		.clock = clock_now,
	};
	TRY(portal_server_new(&p->server, &c, p->registry));
	return process_ready(start, NULL, 0);
}

static result run(struct portal_process *p)
{
	static const struct timeval often = {TALLY_S, 0};
	TRY(begin(p));
	struct event *control = event_new(p->base, p->start->control, EV_READ | EV_PERSIST, control_h, p);
	struct event *tell = event_new(p->base, -1, EV_PERSIST, tell_h, p);
	bool good = control != NULL && tell != NULL && event_add(control, NULL) == 0 && event_add(tell, &often) == 0;
	if (good)
		event_base_dispatch(p->base);
	if (control != NULL)
		event_free(control);
	if (tell != NULL)
		event_free(tell);
	return good ? OK : FAIL(E_NO_MEMORY);
}

int portal_main(struct process_start *start)
{
	struct portal_process p = {.start = start};
	result r = run(&p);
	if (!is_ok(r))
		log_write(LOG_LEVEL_ALARM, "portal.cannot-start", LOG_STR("why", error_name(r.error)));
	portal_server_free(p.server);
	registry_free(p.registry);
	process_unmap_snapshot(p.snapshot, p.size);
	if (p.base != NULL)
		event_base_free(p.base);
	return is_ok(r) ? 0 : 1;
}
