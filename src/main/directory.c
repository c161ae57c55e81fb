// SPDX-License-Identifier: Apache-2.0
// The directory process: look-up and location for whoever may ask. It parses nothing of strangers; the database has a thread of its
// own, the DNS a process: nothing here waits for either.
#include "base/clock.h"
#include "base/log.h"
#include "guard/sandbox.h"
#include "main/control.h"
#include "main/directory.h"
#include "terms/ipc_admin.h"

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

// ---- snapshots

static result use_snapshot(struct directory_process *d, int fd, const struct now *now)
{
	const struct snapshot *s;
	size_t size;
	struct registry *r;
	const struct ldr *ldr = ldr_client_ldr(&d->ldr);
	TRY(process_map_snapshot(fd, &s, &size));
	result made = registry_new(&r, s);
	if (is_ok(made) && ldr != NULL && !is_ok(made = registry_attach(r, ldr)))
		registry_free(r);
	if (!is_ok(made)) {
		process_unmap_snapshot(s, size);
		return made;
	}
	registry_free(d->registry);
	process_unmap_snapshot(d->snapshot, d->size);
	d->registry = r;
	d->snapshot = s;
	d->size = size;
	inquiries_again(d, now); // what is under way points into the former one
	return OK;
}

static void on_control(struct directory_process *d, const struct now *now)
{
	struct ipc_control m;
	size_t len;
	int fd;
	result r = control_receive(d->start->control, &m, &len, &fd);
	if (r.error == E_CLOSED || (is_ok(r) && m.type == IPC_CONTROL_STOP))
		d->stop = true;
	if (is_ok(r) && m.type == IPC_CONTROL_DEMANDED)
		inquiry_demanded(d, &m, now);
	if (!is_ok(r) || fd < 0)
		return;
	if (m.type == IPC_CONTROL_SNAPSHOT)
		process_taken(d->start->control, m.generation, use_snapshot(d, fd, now));
	close(fd);
}

// ---- questions

// A key that begins with "+" or a digit is a number, anything else a domain.
static void on_admin(struct directory_process *d, const struct now *now)
{
	static struct ipc_admin m; // large, one thread
	struct query q;
	ssize_t n = recv(d->admin, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
	if (n < (ssize_t)(IPC_ADMIN_HEAD + 1) || n > (ssize_t)sizeof(m) || m.version != IPC_ADMIN_VERSION || m.type != IPC_ADMIN_LOOKUP)
		return;
	m.u.key[sizeof(m.u.key) - 1] = '\0';
	const struct asked a = {.fd = d->admin, .administrator = true, .request = m.request, .story = true, .deadline_ms = INQUIRY_MS};
	bool number = m.u.key[0] == '+' || (m.u.key[0] >= '0' && m.u.key[0] <= '9');
	struct bytes key = bytes_of_string(m.u.key), none = {NULL, 0};
	const struct peer *asking = snapshot_peer(d->snapshot, m.peer);
	result r = asking == NULL ? FAIL(E_NOT_FOUND)
				  : luf_query_make(&q, URI_KIND_SIP, number ? key : none, number ? none : key, number ? m.u.key : "", "");
	if (!is_ok(r)) {
		struct lookup_answer l = {.outcome = LOOKUP_SYNTAX, .peer = PEER_NONE};
		static const struct target nobody = {.peer = PEER_NONE, .group = GROUP_NONE};
		q = (struct query){.from_peer = PEER_NONE};
		snprintf(l.reason, sizeof(l.reason), "%s", asking == NULL ? "the asking peer is not configured" : "neither a number nor a domain");
		inquiry_answer(d, &a, &q, &nobody, &l, now);
		return;
	}
	q.from_peer = m.peer;
	q.from_zone = asking->zone;
	inquiry_begin(d, &a, &q, now);
}

// Every text ended: a worker parses what strangers send.
static bool whole(const struct query *q)
{
	return memchr(q->number, 0, sizeof(q->number)) != NULL && memchr(q->user, 0, sizeof(q->user)) != NULL &&
	       memchr(q->domain, 0, sizeof(q->domain)) != NULL && memchr(q->caller, 0, sizeof(q->caller)) != NULL &&
	       memchr(q->rn, 0, sizeof(q->rn)) != NULL;
}

static void on_lookup(struct directory_process *d, int fd, const struct now *now)
{
	bool portal = fd == d->portal;
	static struct ipc_lookup m; // large, one thread
	for (int i = 0; i < INQUIRIES_PER_TURN; i++) {
		ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
		if (n <= 0)
			return;
		bool lawful = (size_t)n == IPC_LOOKUP_HEAD + sizeof(m.u.query) && m.version == IPC_LOOKUP_VERSION && m.type == IPC_LOOKUP_ASK &&
			      whole(&m.u.query) && m.deadline_ms > 0 && snapshot_peer(d->snapshot, m.u.query.from_peer) != NULL;
		if (!lawful || (portal && !inquiry_portal_may(d, &m)))
			continue; // it has a deadline of its own
		const struct asked a = {.fd = fd, .request = m.request, .story = m.notes != 0,
			.deadline_ms = m.deadline_ms < INQUIRY_MS_MAX ? m.deadline_ms : INQUIRY_MS_MAX};
		inquiry_begin(d, &a, &m.u.query, now);
	}
}

// ---- the loop

enum { FIXED = 4 }; // control, admin, dns, registry

static uint32_t watch(const struct directory_process *d, struct pollfd *p)
{
	uint32_t n = FIXED;
	p[0].fd = d->start->control;
	p[1].fd = d->admin;
	p[2].fd = d->dns;
	p[3].fd = d->ldr.fd;
	for (uint32_t i = 0; i < d->lookups; i++)
		p[n++].fd = d->lookup[i];
	for (uint32_t i = 0; i < n; i++) {
		p[i].events = POLLIN;
		p[i].revents = 0;
	}
	return n;
}

static int patience_ms(const struct directory_process *d)
{
	uint64_t until = inquiry_deadline(d), now = clock_now().mono_us;
	return until == NO_DEADLINE ? -1 : until <= now ? 0 : (int)((until - now) / MS) + 1;
}

static void turn(struct directory_process *d)
{
	struct pollfd p[FIXED + LOOKUP_CHANNELS_MAX];
	uint32_t count = watch(d, p);
	if (poll(p, count, patience_ms(d)) < 0)
		return;
	struct now now = clock_now();
	if (p[1].revents != 0)
		on_admin(d, &now);
	if (p[2].revents != 0)
		inquiry_dns(d, &now);
	if (p[3].revents != 0 && !is_ok(ldr_client_receive(&d->ldr)))
		d->ldr.fd = -1;
	for (uint32_t i = FIXED; i < count; i++)
		if (p[i].revents != 0)
			on_lookup(d, p[i].fd, &now);
	inquiry_run(d, &now);
	if (p[0].revents != 0)
		on_control(d, &now);
}

int directory_main(struct process_start *start)
{
	static struct directory_process d;
	struct sandbox_path paths[SANDBOX_PATHS_MAX];
	const struct channels *c = start->channels;
	d = (struct directory_process){.start = start, .admin = c->directory.end[1], .dns = c->dns.end[0]};
	randombytes_buf(&d.serial, sizeof(d.serial)); // answers of the resolver to a directory before us fit no question of ours
	for (uint32_t i = 0; i < start->workers; i++)
		d.lookup[d.lookups++] = c->lookup[i].end[1];
	d.portal = d.lookup[d.lookups++] = c->portal_lookup.end[1];
	const struct now now = clock_now();
	if (!is_ok(use_snapshot(&d, start->snapshot_fd, &now)) || !is_ok(lrf_memory_new(&d.memory)) || !is_ok(inquiries_new(&d)))
		return 1;
	uint32_t count = directory_paths(&d, paths, ARRAY_LEN(paths));
	if (!is_ok(process_ready(start, paths, count)) || !is_ok(directory_feed(&d)))
		return 1;
	while (!d.stop)
		turn(&d);
	return 0;
}
