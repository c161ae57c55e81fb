// SPDX-License-Identifier: Apache-2.0
// A worker's questions to the directory, over a channel of its own: what does not fit is refused, what comes back wrong is
// counted and dropped.
#include "main/signaller.h"
#include "terms/ipc_lookup.h"

#include <errno.h>
#include <sys/socket.h>

enum { LOOKUP_BATCH = 32 }; // answers in one turn, so that calls are not starved

// An answer that is told without its hops (`notes` 0).
#define LOOKUP_ANSWER_SIZE (offsetof(struct ipc_lookup, u) + sizeof(struct lookup_answer))

result port_lookup(void *ctx, uint32_t request, const struct query *q, uint32_t deadline_ms)
{
	struct worker *w = ctx;
	struct ipc_lookup m;
	memset(&m, 0, IPC_LOOKUP_HEAD); // no octet of ours beyond what is meant
	m.version = IPC_LOOKUP_VERSION;
	m.type = IPC_LOOKUP_ASK;
	m.request = request;
	m.deadline_ms = deadline_ms;
	m.u.query = *q;
	if (send(w->lookup, &m, IPC_LOOKUP_HEAD + sizeof(m.u.query), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		return OK;
	net_count(net_worker_counters(w->net), NET_CHANNEL_FULL, 1);
	return FAIL(errno == EAGAIN ? E_FULL : E_CLOSED);
}

// A reason or name without its end would be read beyond it.
static bool whole(struct lookup_answer *a)
{
	return memchr(a->rn, 0, sizeof(a->rn)) != NULL && memchr(a->number, 0, sizeof(a->number)) != NULL &&
	       a->outcome <= LOOKUP_SYNTAX && a->verdict <= DNS_BOGUS;
}

static void lookup_h(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	static _Thread_local struct ipc_lookup m;
	UNUSED(what);
	const struct now *now = loop_enter(w->loop);
	worker_enter(w);
	for (int i = 0; i < LOOKUP_BATCH; i++) {
		ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
		if (n <= 0)
			return;
		if ((size_t)n < LOOKUP_ANSWER_SIZE || (size_t)n > sizeof(m) || m.version != IPC_LOOKUP_VERSION ||
			m.type != IPC_LOOKUP_ANSWER || !whole(&m.u.answer.lookup))
			net_count(net_worker_counters(w->net), NET_CHANNEL_BAD, 1);
		else
			flow_lookup_answer(w->flow, m.request, &m.u.answer.lookup, now);
	}
}

result worker_watch_lookup(struct worker *w)
{
	w->lookup_event = event_new(w->loop->base, w->lookup, EV_READ | EV_PERSIST, lookup_h, w);
	return w->lookup_event != NULL && event_add(w->lookup_event, NULL) == 0 ? OK : FAIL(E_NO_MEMORY);
}
