// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what admin asks of the signaller (src/main/signaller_admin.c, signaller_records.c), over a real channel and
// with a live call behind it. Mail between threads is delivered at once: one worker, one thread. Whatever an admin that was
// taken over sends, each answer is whole, and the call can still be worked with.
#include "../support/flow_rig.c"
#include "../support/ldr_rig.c"
#include "../support/flow_play.c"

#include "main/signaller.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net_counters counters;

static result post_now(struct loop *l, struct mail *m)
{
	m->deliver(m, l);
	return OK;
}

#define loop_post(l, m, c) post_now((l), (m))
#define net_worker_counters(w) (&counters)
#define net_total(n, k) ((uint64_t)0)
#define net_connections(n) ((uint64_t)0)
#include "../../src/main/signaller_admin.c"
#include "../../src/main/signaller_records.c"
#include "../../src/main/ended.c"

static const uint8_t live_call[] = {0, 0, 2, 0, 1, 1, 0, 4, 0, 0, 1, 4, 0, 0, 0x80, 0}; // a call that is up

static uint64_t rows, ends;

// Where the control loop would send: every octet of a row is read, and its form is right.
void admin_send(struct signaller *s, const struct ipc_admin *m, size_t size)
{
	volatile uint8_t seen = 0;

	UNUSED(s);
	if (size < IPC_ADMIN_HEAD || size > sizeof(*m) || m->version != IPC_ADMIN_VERSION || m->type <= IPC_ADMIN_RECORD_STATE)
		abort();
	for (size_t i = 0; i < size; i++)
		seen ^= ((const uint8_t *)m)[i];
	rows++;
	ends += m->type == IPC_ADMIN_END;
}

bool outgoing_add(struct outgoing_chain *c, const struct ipc_admin *m, size_t size)
{
	UNUSED(c);
	admin_send(NULL, m, size);
	return true;
}

bool outgoing_post(struct worker *w, struct outgoing_chain *c)
{
	UNUSED(w);
	*c = (struct outgoing_chain){NULL, NULL};
	return true;
}

void worker_enter(struct worker *w)
{
	UNUSED(w);
}

void outbox_wait(struct signaller *s)
{
	UNUSED(s);
}

void admin_end(struct signaller *s, uint32_t request, enum error error)
{
	struct ipc_admin m = {.version = IPC_ADMIN_VERSION, .type = IPC_ADMIN_END, .request = request, .error = (int32_t)error};

	admin_send(s, &m, IPC_ADMIN_HEAD);
}

// Counters are gathered by other threads' mail and media's answers (signaller_counters.c): not of this target.
void counters_asked(struct signaller *s, uint32_t request)
{
	admin_end(s, request, E_OK);
}

// The places of ended calls, mapped once.
static void places(struct signaller *s, struct ended *e)
{
	static struct record_pending pending[ENDED_MAX];
	static int fd = -1;

	if (fd < 0 && (!is_ok(ended_create(&fd)) || !is_ok(ended_map(e, fd))))
		abort();
	s->ended.records = e->records;
	s->ended.memory = e->memory;
	s->pending = pending;
}

static struct signaller *signaller(struct play *p, struct process_start *start, struct loop *l, int fd)
{
	static struct signaller s;
	static struct ipc_admin out;
	static struct ended ended;

	memset(&s, 0, sizeof(s));
	places(&s, &ended);
	s.start = start;
	s.admin = fd;
	s.workers = 1;
	s.load = p->rig.load;
	s.snapshot = p->rig.conf.snapshot;
	s.registry = p->rig.registry;
	s.worker[0] = (struct worker){.home = &s, .loop = l, .flow = p->rig.flow, .registry = p->rig.registry, .out = &out};
	s.worker[0].record_end = &s.worker[0].record_chain;
	return &s;
}

// A question: type, peer and flag, then the key or the message. What is shorter ends where the input ends.
static size_t question_make(struct ipc_admin *q, const uint8_t *at, size_t n)
{
	memset(q, 'x', IPC_ADMIN_HEAD + sizeof(q->u.key)); // a key without an end
	q->version = IPC_ADMIN_VERSION;
	if (n < 4) {
		memcpy(q, at, n);
		return n;
	}
	q->type = at[0] % (IPC_ADMIN_TYPES + 1);
	q->request = at[1];
	q->peer = at[2] & 0x80 ? PEER_NONE : at[2] & 7;
	q->flag = at[2] >> 4 & 1;
	if (q->type == IPC_ADMIN_DRY_RUN) {
		q->u.raw.len = at[3] & 1 ? (uint32_t)(n - 4) : (uint32_t)at[3] << 10;
		memcpy(q->u.raw.octets, at + 4, n - 4);
		return IPC_ADMIN_HEAD + offsetof(struct ipc_admin, u.raw.octets) - offsetof(struct ipc_admin, u) + n - 4;
	}
	memcpy(q->u.key, at + 4, n - 4 < sizeof(q->u.key) ? n - 4 : sizeof(q->u.key));
	return at[3] & 1 ? IPC_ADMIN_HEAD + sizeof(q->u.key) : IPC_ADMIN_HEAD + n - 4;
}

static void ended_call(struct signaller *s)
{
	static struct call_ended call;

	call.info.end_reason = "Operator";
	call.plan.count = MEDIA_STREAMS_MAX;
	call.trail.count = TRAIL_MAX;
	records_add(&s->worker[0], &call);
	records_hand_over(&s->worker[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p;
	static struct process_start start;
	static struct loop loop;
	static struct ipc_admin q;
	int fd[2];

	if (size > 4096)
		return 0;
	if (!(p.rig.flow == NULL ? play_open(&p) : play_renew(&p)) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0)
		abort();
	play_run(&p, live_call, sizeof(live_call));
	struct signaller *s = signaller(&p, &start, &loop, fd[0]);
	loop.now = p.now;
	ended_call(s);
	while (size > 2) {
		size_t n = (size_t)data[0] << 1 < size - 1 ? (size_t)data[0] << 1 : size - 1;
		size_t len = question_make(&q, data + 1, n);
		if (data[0] == 1 && n == 2) { // the live call by its name
			snprintf(q.u.key, sizeof(q.u.key), "core-secret-%u", p.serial);
			struct sf_call *c = sf_find_call(flow_sf(p.rig.flow), bytes_of_string(q.u.key));
			q.type = c == NULL ? IPC_ADMIN_CALLS : data[1] & 1 ? IPC_ADMIN_HANGUP : IPC_ADMIN_EXPLAIN;
			len = IPC_ADMIN_HEAD + sizeof(q.u.key);
		}
		send(fd[1], &q, len, MSG_NOSIGNAL);
		admin_receive(s);
		flow_rig_media(&p.rig, &p.now);
		while (recv(fd[1], &q, sizeof(q), MSG_DONTWAIT) > 0) // records
			continue;
		data += 1 + n;
		size -= 1 + n;
	}
	free(atomic_exchange(&s->trace, NULL));
	record_acknowledged(s, UINT32_MAX / 2);
	play_wait(&p, SECOND);
	if (p.fault != NULL)
		abort();
	close(fd[0]);
	close(fd[1]);
	return 0;
}
