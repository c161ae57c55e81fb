// SPDX-License-Identifier: Apache-2.0
// How look-ups are answered: rows for administrators, one message for workers and the portal. A channel that is full loses the
// answer: whoever asked has a deadline of his own.
#include "base/log.h"
#include "lrf/select.h"
#include "main/directory.h"
#include "terms/ipc_admin.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

static void put(const struct asked *a, const void *m, size_t n)
{
	if (send(a->fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_write(LOG_LEVEL_WARNING, "directory.answer-lost", LOG_NUM("request", a->request));
}

// ---- rows for administrators

static struct ipc_admin *row(const struct asked *a, enum ipc_admin_type type, size_t body)
{
	static struct ipc_admin m; // large, one thread
	memset(&m, 0, IPC_ADMIN_HEAD + body);
	m.version = IPC_ADMIN_VERSION;
	m.type = (uint16_t)type;
	m.request = a->request;
	m.peer = PEER_NONE;
	return &m;
}

void inquiry_note(const struct asked *a, const char *format, ...)
{
	va_list arguments;
	if (!a->story || !a->administrator)
		return;
	struct ipc_admin *m = row(a, IPC_ADMIN_NOTE, sizeof(m->u.note));
	va_start(arguments, format);
	vsnprintf(m->u.note, sizeof(m->u.note), format, arguments);
	va_end(arguments);
	put(a, m, IPC_ADMIN_HEAD + sizeof(m->u.note));
}

static void send_rows(struct directory_process *d, const struct asked *a, const struct query *q, const struct lookup_answer *l,
	const struct sed *sed, const struct now *now)
{
	struct ipc_admin *m = row(a, IPC_ADMIN_FOUND, sizeof(m->u.found));
	m->u.found = *l;
	put(a, m, IPC_ADMIN_HEAD + sizeof(m->u.found));
	for (uint8_t i = 0; i < sed->count && i < ROUTE_TARGETS_MAX; i++) {
		const struct hop *h = &sed->hop[i];
		m = row(a, IPC_ADMIN_HOP, sizeof(m->u.hop));
		m->peer = h->peer;
		m->u.hop.transport = (uint8_t)h->transport;
		m->u.hop.listener = h->listener;
		m->u.hop.origin = h->origin;
		m->u.hop.address = h->remote;
		m->u.hop.dead = lrf_hop_dead(d->memory, h, now);
		snprintf(m->u.hop.domain, sizeof(m->u.hop.domain), "%s",
			h->peer == l->peer ? l->domain : luf_domain(d->registry, q, h->peer));
		put(a, m, IPC_ADMIN_HEAD + sizeof(m->u.hop));
	}
	put(a, row(a, IPC_ADMIN_END, 0), IPC_ADMIN_HEAD + sizeof(m->u.hop));
}

// ---- one message

static void send_answer(const struct asked *a, const struct lookup_answer *l, const struct sed *sed)
{
	static struct ipc_lookup m; // large, one thread
	size_t n = IPC_LOOKUP_HEAD + (a->story ? sizeof(m.u.answer) : sizeof(m.u.answer.lookup));
	memset(&m, 0, n);
	m.version = IPC_LOOKUP_VERSION;
	m.type = IPC_LOOKUP_ANSWER;
	m.request = a->request;
	m.u.answer.lookup = *l;
	if (a->story)
		m.u.answer.sed = *sed;
	put(a, &m, n);
}

// ---- the hops

static void peer_hops(struct directory_process *d, const struct asked *a, peer_id id, const struct now *now, struct sed *sed)
{
	const struct peer *p = snapshot_peer(d->snapshot, id);
	uint8_t before = sed->count;
	if (!is_ok(lrf_route_also(d->registry, d->memory, id, 0, now, sed)))
		inquiry_note(a, "route: peer %s has no next hop that our listeners of its zone reach; see reach and `sallyport status`", p->name);
	else
		inquiry_note(a, "route: %u next hops of peer %s, transport at least %s", sed->count - before, p->name,
			transport_via_name((enum transport)p->reach_transport));
}

// The peers of a group in the order to be tried, and their hops.
static void route(struct directory_process *d, const struct asked *a, const struct query *q, const struct target *found,
	struct lookup_answer *l, const struct now *now, struct sed *sed)
{
	peer_id id[ROUTE_PEERS_MAX] = {found->peer};
	uint8_t n = snapshot_peer(d->snapshot, found->peer) != NULL;
	const struct ldr *ldr = registry_ldr(d->registry);
	if (found->group != GROUP_NONE && ldr != NULL) {
		n = lrf_select(d->registry, d->memory, found->group, q, 0, now, id);
		inquiry_note(a, "group %s: %u of its peers may have it now", groups_name(ldr->groups, found->group), n);
	}
	if (n == 0) {
		l->outcome = LOOKUP_NONE;
		return;
	}
	l->peer = id[0];
	snprintf(l->domain, sizeof(l->domain), "%s", luf_domain(d->registry, q, id[0]));
	for (uint8_t i = 0; a->story && i < n; i++)
		peer_hops(d, a, id[i], now, sed);
}

void inquiry_answer(struct directory_process *d, const struct asked *a, const struct query *q, const struct target *t,
	struct lookup_answer *l, const struct now *now)
{
	static struct sed sed; // large, one thread
	sed.count = 0;
	sed.peer = PEER_NONE;
	if (l->outcome == LOOKUP_FOUND)
		route(d, a, q, t, l, now, &sed);
	if (a->administrator)
		send_rows(d, a, q, l, &sed, now);
	else
		send_answer(a, l, &sed);
}
