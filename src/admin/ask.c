// SPDX-License-Identifier: Apache-2.0
// Messages of other processes are checked for version, type and size before anyone looks inside.
#include "admin/ask.h"

#include <errno.h>
#include <sys/socket.h>

static struct ask_slot *slot_free(struct ask *a)
{
	for (uint32_t i = 0; i < ASK_MAX; i++)
		if (a->slot[i].request == 0)
			return &a->slot[i];
	return NULL;
}

static struct ask_slot *slot_of(struct ask *a, enum ask_where where, uint32_t request)
{
	for (uint32_t i = 0; request != 0 && i < ASK_MAX; i++)
		if (a->slot[i].request == request && a->slot[i].where == where)
			return &a->slot[i];
	return NULL;
}

static uint32_t next_request(struct ask *a)
{
	if (++a->next == 0)
		a->next = 1; // 0 marks a free slot
	return a->next;
}

static void slot_end(struct ask_slot *s, enum error error, const char *text)
{
	struct ask_reply r = {.end = true, .error = error, .text = text};
	ask_h handler = s->handler;
	void *ctx = s->ctx;
	s->request = 0; // first: the handler may ask again
	handler(ctx, &r);
}

static result send_packet(int fd, const struct ipc_admin *m, size_t n)
{
	REQUIRE(fd >= 0, E_CLOSED);
	if (send(fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n)
		return OK;
	return FAIL(errno == EAGAIN || errno == EWOULDBLOCK ? E_FULL : E_CLOSED);
}

result ask_admin(struct ask *a, enum ask_where where, struct ipc_admin *m, size_t used, uint64_t now_us, ask_h handler,
	void *ctx)
{
	struct ask_slot *s = slot_free(a);
	REQUIRE(s != NULL, E_FULL);
	m->version = IPC_ADMIN_VERSION;
	m->request = next_request(a);
	TRY(send_packet(where == ASK_DIRECTORY ? a->directory : a->signaller, m, IPC_ADMIN_HEAD + used));
	*s = (struct ask_slot){m->request, where, 0, now_us + ASK_DEADLINE_MS * MS, handler, ctx};
	return OK;
}

result ask_monitor(struct ask *a, struct ipc_control *m, uint64_t now_us, ask_h handler, void *ctx)
{
	struct ask_slot *s = slot_free(a);
	uint64_t wait = m->type == IPC_CONTROL_RELOAD ? ASK_RELOAD_MS : ASK_DEADLINE_MS;
	REQUIRE(s != NULL, E_FULL);
	m->request = next_request(a);
	TRY(a->monitor(a->ctx, m));
	*s = (struct ask_slot){m->request, ASK_MONITOR, 0, now_us + wait * MS, handler, ctx};
	return OK;
}

size_t ask_size_least(uint16_t type)
{
	static const struct ipc_admin *const m = NULL;
	switch (type) {
	case IPC_ADMIN_COUNTER:
		return sizeof(m->u.counter);
	case IPC_ADMIN_PEER:
		return sizeof(m->u.peer);
	case IPC_ADMIN_CALL:
		return sizeof(m->u.call);
	case IPC_ADMIN_MARK:
		return sizeof(m->u.mark);
	case IPC_ADMIN_STREAM:
		return sizeof(m->u.stream);
	case IPC_ADMIN_HOP:
		return sizeof(m->u.hop);
	case IPC_ADMIN_NOTE:
		return sizeof(m->u.note);
	case IPC_ADMIN_FOUND:
		return sizeof(m->u.found);
	case IPC_ADMIN_TRACED:
		return offsetof(struct ipc_admin_traced, octets);
	case IPC_ADMIN_RECORD:
		return offsetof(struct ipc_admin_record, stream);
	case IPC_ADMIN_END:
		return 0;
	default:
		return SIZE_MAX;
	}
}

bool ask_packet(struct ask *a, enum ask_where where, const struct ipc_admin *m, size_t n)
{
	size_t least = n >= IPC_ADMIN_HEAD && m->version == IPC_ADMIN_VERSION ? ask_size_least(m->type) : SIZE_MAX;
	if (least == SIZE_MAX || n < IPC_ADMIN_HEAD + least) {
		a->lost++;
		return true;
	}
	if (m->type == IPC_ADMIN_TRACED || m->type == IPC_ADMIN_RECORD)
		return false;
	struct ask_slot *s = slot_of(a, where, m->request);
	if (s == NULL) {
		a->stale++;
		return true;
	}
	if (m->type == IPC_ADMIN_END || ++s->rows > ASK_ROWS_MAX) {
		slot_end(s, m->type == IPC_ADMIN_END ? (enum error)m->error : E_TOO_MANY, NULL);
		return true;
	}
	struct ask_reply r = {.row = m};
	s->handler(s->ctx, &r);
	return true;
}

void ask_control(struct ask *a, const struct ipc_control *m)
{
	struct ask_slot *s = slot_of(a, ASK_MONITOR, m->request);
	if (s == NULL) {
		a->stale++;
	} else if (m->type == IPC_CONTROL_RELOADED) {
		slot_end(s, (enum error)m->error, m->text);
	} else if (m->type == IPC_CONTROL_STORY) {
		slot_end(s, (enum error)m->error, m->story);
	} else if (m->type == IPC_CONTROL_PROCESS && m->role >= ROLE_COUNT) {
		slot_end(s, E_OK, NULL);
	} else if (m->type == IPC_CONTROL_PROCESS) {
		struct ask_reply r = {.process = m};
		s->handler(s->ctx, &r);
	}
}

void ask_run(struct ask *a, uint64_t now_us)
{
	for (uint32_t i = 0; i < ASK_MAX; i++)
		if (a->slot[i].request != 0 && a->slot[i].deadline_us <= now_us)
			slot_end(&a->slot[i], E_TIMEOUT, NULL);
}

uint64_t ask_deadline(const struct ask *a)
{
	uint64_t next = NO_DEADLINE;
	for (uint32_t i = 0; i < ASK_MAX; i++)
		if (a->slot[i].request != 0 && a->slot[i].deadline_us < next)
			next = a->slot[i].deadline_us;
	return next;
}
