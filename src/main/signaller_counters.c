// SPDX-License-Identifier: Apache-2.0
// Every counter as a row for admin. Each worker is asked first what is alive, and worker 0 asks media for its totals, over
// its own channel; when an answer does not come in time, the last one known is told.
#include "base/memory.h"
#include "main/signaller.h"
#include "mf/engine.h"

#include <stdio.h>
#include <sys/socket.h>

enum { COUNTING_MS = 200 }; // media answers within a millisecond, unless it is being started

void admin_end(struct signaller *s, uint32_t request, enum error error)
{
	struct ipc_admin m;
	memset(&m, 0, IPC_ADMIN_HEAD);
	m.version = IPC_ADMIN_VERSION;
	m.type = IPC_ADMIN_END;
	m.request = request;
	m.error = (int32_t)error;
	admin_send(s, &m, IPC_ADMIN_HEAD);
}

static void counter_row(struct signaller *s, uint32_t request, const char *name, uint64_t value)
{
	struct ipc_admin m;
	memset(&m, 0, IPC_ADMIN_HEAD + sizeof(m.u.counter));
	m.version = IPC_ADMIN_VERSION;
	m.type = IPC_ADMIN_COUNTER;
	m.request = request;
	snprintf(m.u.counter.name, sizeof(m.u.counter.name), "%s", name);
	m.u.counter.value = value;
	admin_send(s, &m, IPC_ADMIN_HEAD + sizeof(m.u.counter));
}

static uint64_t sum(const struct signaller *s, size_t offset)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < s->workers; i++) {
		const char *base = (const char *)flow_counters(s->worker[i].flow);
		n += atomic_load_explicit((const _Atomic uint64_t *)(const void *)(base + offset), memory_order_relaxed);
	}
	return n;
}

static void step_rows(struct signaller *s, uint32_t request)
{
	char name[IPC_ADMIN_TEXT_MAX];
	for (uint32_t i = 0; i < STEP_COUNT; i++) {
		const char *step = step_by_id((enum step_id)i)->name;
		size_t at = offsetof(struct flow_counters, step) + i * sizeof(struct step_counter);
		snprintf(name, sizeof(name), "step.%u.%s.passed", i, step);
		counter_row(s, request, name, sum(s, at + offsetof(struct step_counter, passed)));
		snprintf(name, sizeof(name), "step.%u.%s.refused", i, step);
		counter_row(s, request, name, sum(s, at + offsetof(struct step_counter, refused)));
		snprintf(name, sizeof(name), "step.%u.%s.shadowed", i, step);
		counter_row(s, request, name, sum(s, at + offsetof(struct step_counter, shadowed)));
	}
}

// Workers and handshake threads, the control loop, and the clients of the signer.
static uint64_t net_sum(const struct signaller *s, enum net_counter k)
{
	uint64_t n = net_total(s->net, k) + net_counter_get(&s->counters, k);
	for (uint32_t i = 0; i < s->start->handshake_threads && i < NET_HANDSHAKERS_MAX; i++)
		n += net_counter_get(&s->sign_counters[i], k);
	return n;
}

static uint64_t media_sum(const struct signaller *s, size_t offset)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < s->workers; i++)
		n += *(const uint64_t *)(const void *)((const char *)&s->counting.media[i] + offset);
	return n;
}

static void media_rows(struct signaller *s, uint32_t request)
{
	char name[IPC_ADMIN_TEXT_MAX];
	uint64_t sessions = 0, ports = 0;
	static const struct {
		const char *name;
		size_t offset;
	} total[] = {
		{"media.sessions", offsetof(struct media_counters, sessions)},
		{"media.ended", offsetof(struct media_counters, ended)},
		{"media.restored", offsetof(struct media_counters, restored)},
		{"media.passed", offsetof(struct media_counters, passed)},
		{"media.records_bad", offsetof(struct media_counters, records_bad)},
		{"media.messages_bad", offsetof(struct media_counters, messages_bad)},
		{"media.leases_expired", offsetof(struct media_counters, leases_expired)},
	};
	for (uint32_t i = 0; i < ARRAY_LEN(total); i++)
		counter_row(s, request, total[i].name, media_sum(s, total[i].offset));
	for (uint32_t i = MF_PASSED + 1; i < MF_GATE_COUNT; i++) {
		snprintf(name, sizeof(name), "media.refused.%s", mf_gate_name((enum mf_gate)i));
		counter_row(s, request, name, media_sum(s, offsetof(struct media_counters, refused) + i * sizeof(uint64_t)));
	}
	for (uint32_t i = 0; i < s->workers; i++) {
		sessions += s->counting.media[i].sessions_now;
		ports += s->counting.media[i].ports_now;
	}
	counter_row(s, request, "media.sessions_now", sessions);
	counter_row(s, request, "media.ports_now", ports);
}

static void rows(struct signaller *s, uint32_t request)
{
	char name[IPC_ADMIN_TEXT_MAX];
	static const struct {
		const char *name;
		size_t offset;
	} flow[] = {
		{"messages.received", offsetof(struct flow_counters, received)},
		{"messages.sent", offsetof(struct flow_counters, sent)},
		{"calls.started", offsetof(struct flow_counters, calls_started)},
		{"calls.answered", offsetof(struct flow_counters, calls_answered)},
		{"calls.ended", offsetof(struct flow_counters, calls_ended)},
	};
	for (uint32_t i = 0; i < ARRAY_LEN(flow); i++)
		counter_row(s, request, flow[i].name, sum(s, flow[i].offset));
	for (uint32_t i = 0; i < SF_ALARM_COUNT; i++) {
		snprintf(name, sizeof(name), "alarm.%s", flow_alarm_name(i));
		counter_row(s, request, name, sum(s, offsetof(struct flow_counters, alarm) + i * sizeof(uint64_t)));
	}
	step_rows(s, request);
	for (uint32_t i = 0; i < NET_COUNTER_COUNT; i++) {
		snprintf(name, sizeof(name), "net.%s", net_counter_name((enum net_counter)i));
		counter_row(s, request, name, net_sum(s, (enum net_counter)i));
	}
	counter_row(s, request, "net.connections", net_connections(s->net));
	for (uint32_t i = 0; i < s->workers; i++) { // rows of one name add up
		counter_row(s, request, "media.channel_full", atomic_load(&s->worker[i].media_full));
		counter_row(s, request, "calls.now", atomic_load_explicit(&flow_counters(s->worker[i].flow)->calls_now, memory_order_relaxed));
		counter_row(s, request, "transactions.now",
			atomic_load_explicit(&flow_counters(s->worker[i].flow)->transactions_now, memory_order_relaxed));
	}
	media_rows(s, request);
	counter_row(s, request, "records.pending", atomic_load(&s->record_count));
	counter_row(s, request, "records.lost", atomic_load(&s->records_lost));
}

// ---- asked on the workers, gathered on the control loop -------------------------------------------------------

enum { NO_MEDIA = UINT32_MAX }; // a worker's own answer

struct counting_mail {
	struct mail mail;
	struct signaller *home;
	uint32_t round, worker;
	struct media_counters counters;
};

static void finish(struct signaller *s)
{
	struct counting *c = &s->counting;
	event_del(c->deadline);
	for (uint32_t i = 0; i < c->count; i++) {
		rows(s, c->request[i]);
		admin_end(s, c->request[i], E_OK);
	}
	c->count = c->left = 0;
}

static void deadline_h(evutil_socket_t fd, short what, void *arg)
{
	UNUSED(fd);
	UNUSED(what);
	finish(arg);
}

result counters_init(struct signaller *s)
{
	s->counting.deadline = event_new(s->loop.base, -1, 0, deadline_h, s);
	return s->counting.deadline != NULL ? OK : FAIL(E_NO_MEMORY);
}

static void counted_h(struct mail *m, void *ctx)
{
	struct counting_mail *k = (struct counting_mail *)m;
	struct signaller *s = k->home;
	UNUSED(ctx);
	if (k->worker < s->workers)
		s->counting.media[k->worker] = k->counters;
	if (k->round == s->counting.round && s->counting.left > 0 && --s->counting.left == 0)
		finish(s);
	memory_free(k);
}

static void ask_media(struct worker *w, uint32_t round)
{
	static _Thread_local struct ipc_media q;
	q.version = IPC_MEDIA_VERSION;
	q.type = IPC_MEDIA_COUNT;
	q.request = round;
	if (send(w->media, &q, sizeof(q), MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof(q))
		atomic_fetch_add_explicit(&w->media_full, 1, memory_order_relaxed); // the deadline answers
}

static void ask_h(struct mail *m, void *ctx)
{
	struct counting_mail *k = (struct counting_mail *)m;
	struct worker *w = &k->home->worker[k->worker];
	UNUSED(ctx);
	flow_gauge(w->flow);
	if (w->index == 0)
		ask_media(w, k->round);
	k->worker = NO_MEDIA;
	k->mail = (struct mail){.deliver = counted_h};
	if (!is_ok(loop_post(&k->home->loop, &k->mail, net_worker_counters(w->net))))
		memory_free(k);
}

static struct counting_mail *mail_new(struct signaller *s, uint32_t round, void (*deliver)(struct mail *m, void *ctx))
{
	struct counting_mail *k = memory_alloc(sizeof(*k));
	if (k == NULL)
		return NULL;
	k->mail.deliver = deliver;
	k->home = s;
	k->round = round;
	return k;
}

static bool ask_worker(struct signaller *s, uint32_t i)
{
	struct counting_mail *k = mail_new(s, s->counting.round, ask_h);
	if (k == NULL)
		return false;
	k->worker = i;
	if (is_ok(loop_post(s->worker[i].loop, &k->mail, &s->counters)))
		return true;
	memory_free(k);
	return false;
}

void counters_asked(struct signaller *s, uint32_t request)
{
	const struct timeval wait = {0, COUNTING_MS * 1000};
	struct counting *c = &s->counting;
	if (c->count >= COUNTING_MAX)
		finish(s);
	c->request[c->count++] = request;
	if (c->left > 0)
		return; // the answers that are under way serve this one too
	c->round++;
	c->left = 2 * s->workers; // those of media too
	bool good = event_add(c->deadline, &wait) == 0;
	for (uint32_t i = 0; good && i < s->workers; i++)
		good = ask_worker(s, i);
	if (!good)
		finish(s);
}

void counters_of_media(struct worker *w, const struct ipc_media *m)
{
	struct counting_mail *k = mail_new(w->home, m->request, counted_h);
	if (k == NULL)
		return;
	k->worker = m->session.slot >> 24; // as IPC_MEDIA_COUNTERS says
	k->counters = m->u.counters;
	if (!is_ok(loop_post(&w->home->loop, &k->mail, net_worker_counters(w->net))))
		memory_free(k);
}
