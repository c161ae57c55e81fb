// SPDX-License-Identifier: Apache-2.0
// Answers to administrators: each question goes to the workers that know, rows go straight back, the last one ends it.
#include "base/log.h"
#include "base/memory.h"
#include "main/signaller.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUESTIONS_PER_TURN = 16 };

struct question { // shared by the workers that answer it
	_Atomic uint32_t left;   // workers still to answer
	_Atomic int32_t error;   // E_OK, or of the first that failed; E_NOT_FOUND until one found it
	struct signaller *home;
	uint32_t refs_size;
	struct ipc_admin ask;
};

struct question_mail {
	struct mail mail;
	struct worker *to;
	struct question *question;
};

struct walk { // one worker answers one question
	struct worker *worker;
	struct question *question;
	struct outgoing_chain rows;
};

static struct ipc_admin *row(const struct walk *k, enum ipc_admin_type type, size_t body)
{
	const struct worker *w = k->worker;
	memset(w->out, 0, IPC_ADMIN_HEAD + body);
	w->out->version = IPC_ADMIN_VERSION;
	w->out->type = (uint16_t)type;
	w->out->request = k->question->ask.request;
	return w->out;
}

static void send_row(struct walk *k, size_t body)
{
	if (!outgoing_add(&k->rows, k->worker->out, IPC_ADMIN_HEAD + body))
		atomic_store(&k->question->error, (int32_t)E_FULL); // the list is cut, and says so
}

// ---- on a worker -------------------------------------------------------------------------------------------

static void call_row(const struct sf_call *c, void *ctx)
{
	struct walk *k = ctx;
	struct sf_call_info info;
	sf_call_info(c, &info);
	struct ipc_admin *m = row(k, IPC_ADMIN_CALL, sizeof(m->u.call));
	fill_call_row(k->worker, &info, k->worker->loop->now.mono_us, &m->u.call);
	send_row(k, sizeof(m->u.call));
}

static void answer_calls(struct walk *k)
{
	sf_each_call(flow_sf(k->worker->flow), call_row, k);
}

static void stream_rows(struct walk *k, const struct sf_call *c)
{
	struct media_plan plan;
	if (!flow_call_media(k->worker->flow, c, &plan))
		return;
	for (uint8_t i = 0; i < plan.count && i < MEDIA_STREAMS_MAX; i++) {
		struct ipc_admin *m = row(k, IPC_ADMIN_STREAM, sizeof(m->u.stream));
		m->u.stream = (struct ipc_admin_stream){.index = i, .keying = plan.stream[i].keying, .kind = plan.stream[i].kind,
			.active = plan.stream[i].active};
		for (int side = 0; side < 2; side++) {
			m->u.stream.suite[side] = plan.stream[i].side[side].in.suite;
			m->u.stream.remote[side] = plan.stream[i].side[side].remote_rtp;
		}
		snprintf(m->u.stream.codec, sizeof(m->u.stream.codec), "%s", plan.stream[i].codec);
		send_row(k, sizeof(m->u.stream));
	}
	memory_wipe(&plan, sizeof(plan));
}

static void answer_explain(struct walk *k)
{
	struct worker *w = k->worker;
	struct question *q = k->question;
	struct sf_call *c = sf_find_call(flow_sf(w->flow), bytes_of_string(q->ask.u.key));
	if (c == NULL)
		return;
	atomic_store(&q->error, (int32_t)E_OK);
	call_row(c, k);
	const struct trail *t = sf_call_trail(c);
	for (uint8_t i = 0; i < t->count && i < TRAIL_MAX; i++) {
		struct ipc_admin *m = row(k, IPC_ADMIN_MARK, sizeof(m->u.mark));
		fill_mark_row(t, i, &m->u.mark);
		send_row(k, sizeof(m->u.mark));
	}
	stream_rows(k, c);
}

static void answer_hangup(struct walk *k)
{
	struct worker *w = k->worker;
	struct question *q = k->question;
	struct sf_call *c = sf_find_call(flow_sf(w->flow), bytes_of_string(q->ask.u.key));
	if (c == NULL)
		return;
	result r = sf_hangup(flow_sf(w->flow), sf_call_ref(c), "Operator", &w->loop->now);
	atomic_store(&q->error, (int32_t)r.error);
}

static struct origin dry_origin(const struct worker *w, const struct peer *p, peer_id id)
{
	const struct snapshot *s = registry_snapshot(w->registry);
	struct origin o = {.transport = (enum transport)p->reach_transport, .zone = p->zone, .tls_peer = id};
	for (listener_id i = 0; i < s->listener_count; i++)
		for (uint8_t k = 0; s->listener[i].zone == p->zone && k < s->listener[i].sip_count; k++)
			if (s->listener[i].sip[k].transport == p->reach_transport) {
				o.listener = i;
				o.local = s->listener[i].sip[k].address;
			}
	if (p->address_count > 0) {
		o.remote = (struct address){.family = p->address[0].family, .port = 5060};
		memcpy(o.remote.ip, p->address[0].ip, sizeof(o.remote.ip));
	}
	return o;
}

static void answer_dry_run(struct walk *k)
{
	struct worker *w = k->worker;
	struct question *q = k->question;
	struct trail trail = {0};
	const struct peer *p = snapshot_peer(registry_snapshot(w->registry), q->ask.peer);
	if (p == NULL || q->ask.u.raw.len > IPC_ADMIN_OCTETS_MAX)
		return;
	atomic_store(&q->error, (int32_t)E_OK);
	struct origin o = dry_origin(w, p, q->ask.peer);
	flow_dry_run(w->flow, &o, q->ask.u.raw.octets, q->ask.u.raw.len, &trail, &w->loop->now);
	for (uint8_t i = 0; i < trail.count; i++) {
		struct ipc_admin *m = row(k, IPC_ADMIN_MARK, sizeof(m->u.mark));
		fill_mark_row(&trail, i, &m->u.mark);
		send_row(k, sizeof(m->u.mark));
	}
}

// The last worker says END, after the rows of all.
static void question_end(struct walk *k)
{
	struct question *q = k->question;
	struct ipc_admin *m = row(k, IPC_ADMIN_END, 0);
	m->error = atomic_load(&q->error);
	k->rows = (struct outgoing_chain){NULL, NULL};
	if (!outgoing_add(&k->rows, m, IPC_ADMIN_HEAD) || !outgoing_post(k->worker, &k->rows))
		net_count(net_worker_counters(k->worker->net), NET_CHANNEL_FULL, 1); // admin's deadline answers then
	memory_free(q);
}

static void question_h(struct mail *mail, void *ctx)
{
	struct question_mail *m = (struct question_mail *)mail;
	struct question *q = m->question;
	struct walk k = {m->to, q, {NULL, NULL}};
	UNUSED(ctx);
	memory_free(m);
	worker_enter(k.worker);
	switch (q->ask.type) {
	case IPC_ADMIN_CALLS:
		answer_calls(&k);
		break;
	case IPC_ADMIN_EXPLAIN:
		answer_explain(&k);
		break;
	case IPC_ADMIN_HANGUP:
		answer_hangup(&k);
		break;
	case IPC_ADMIN_DRY_RUN:
		answer_dry_run(&k);
		break;
	default:
		break;
	}
	if (!outgoing_post(k.worker, &k.rows))
		atomic_store(&q->error, (int32_t)E_FULL);
	if (atomic_fetch_sub(&q->left, 1) == 1)
		question_end(&k);
}

// ---- on the control loop -----------------------------------------------------------------------------------

static void end(struct signaller *s, const struct ipc_admin *q, enum error error)
{
	admin_end(s, q->request, error);
}

// Hand the question to the first WORKERS workers.
static void question_spread(struct signaller *s, const struct ipc_admin *ask, size_t n, uint32_t workers, enum error until)
{
	struct question *q = memory_alloc(sizeof(*q));
	if (q == NULL)
		return;
	memcpy(&q->ask, ask, n);
	q->home = s;
	atomic_store(&q->error, (int32_t)until);
	atomic_store(&q->left, workers);
	for (uint32_t i = 0; i < workers; i++) {
		struct question_mail *m = memory_alloc(sizeof(*m));
		if (m != NULL)
			*m = (struct question_mail){{.deliver = question_h}, &s->worker[i], q};
		if (m != NULL && is_ok(loop_post(s->worker[i].loop, &m->mail, &s->counters)))
			continue;
		memory_free(m);
		atomic_store(&q->error, (int32_t)E_FULL);
		if (atomic_fetch_sub(&q->left, 1) == 1) { // all others answered already, or could not be asked
			end(s, ask, E_FULL);
			memory_free(q);
			return;
		}
	}
}

static uint64_t get(const _Atomic uint64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static void add_media(struct ipc_admin_peer *to, const struct peer_media *m)
{
	to->packets += get(&m->packets);
	to->octets += get(&m->octets);
	to->lost += get(&m->lost);
	for (uint32_t i = 0; i < PEER_MEDIA_GATES; i++)
		to->dropped[i] += get(&m->dropped[i]);
}

static void answer_peers(struct signaller *s, const struct ipc_admin *q)
{
	for (peer_id id = 0; id < s->snapshot->peer_count; id++) {
		struct ipc_admin m;
		const struct peer *p = snapshot_peer(s->snapshot, id);
		if (p == NULL || peer_is_free(p))
			continue;
		memset(&m, 0, IPC_ADMIN_HEAD + sizeof(m.u.peer));
		m.version = IPC_ADMIN_VERSION;
		m.type = IPC_ADMIN_PEER;
		m.request = q->request;
		m.u.peer.peer = id;
		m.u.peer.concurrent = atomic_load(&s->load[id].concurrent);
		m.u.peer.step_count = STEP_COUNT;
		for (uint32_t w = 0; w < s->workers; w++)
			add_media(&m.u.peer, &flow_counters(s->worker[w].flow)->media_by_peer[id]);
		for (uint32_t w = 0; w < s->workers; w++)
			for (uint32_t k = 0; k < STEP_COUNT; k++)
				m.u.peer.refused[k] += atomic_load_explicit(
					&flow_counters(s->worker[w].flow)->refused_by_peer[id][k], memory_order_relaxed);
		for (uint32_t k = 0; k < STEP_COUNT; k++)
			m.u.peer.refused_count += m.u.peer.refused[k];
		admin_send(s, &m, IPC_ADMIN_HEAD + sizeof(m.u.peer));
	}
}

static void set_trace(struct signaller *s, const struct ipc_admin *q)
{
	struct trace_filter *f = NULL;
	if (q->flag != 0) {
		f = memory_alloc(sizeof(*f));
		if (f == NULL)
			return;
		f->serial = ++s->trace_serial;
		f->peer = q->peer;
		snprintf(f->call_id, sizeof(f->call_id), "%.*s", TRACE_KEY_MAX - 1, q->u.key);
	}
	struct trace_filter *old = atomic_exchange(&s->trace, f);
	synchronize_rcu(); // each worker holds the read side during a turn
	memory_free(old);
}

static void on_record_state(struct signaller *s, const struct ipc_admin *q)
{
	atomic_store(&s->records_full, q->flag != 0);
	if (q->flag != 0)
		return;
	for (struct record_pending *r = s->record_first; r != NULL; r = r->next)
		r->sent = false; // admin begins anew: what it did not acknowledge, it does not have
	records_send(s);
}

static void carry_out(struct signaller *s, struct ipc_admin *q, size_t n)
{
	switch (q->type) {
	case IPC_ADMIN_COUNTERS:
		counters_asked(s, q->request);
		break;
	case IPC_ADMIN_PEERS:
		answer_peers(s, q);
		end(s, q, E_OK);
		break;
	case IPC_ADMIN_CALLS:
		question_spread(s, q, n, s->workers, E_OK);
		break;
	case IPC_ADMIN_EXPLAIN:
	case IPC_ADMIN_HANGUP:
		question_spread(s, q, n, s->workers, E_NOT_FOUND);
		break;
	case IPC_ADMIN_DRY_RUN:
		question_spread(s, q, n, 1, E_NOT_FOUND);
		break;
	case IPC_ADMIN_TRACE:
		set_trace(s, q);
		end(s, q, E_OK);
		break;
	case IPC_ADMIN_RECORD_ACK:
		record_acknowledged(s, q->request);
		records_send(s);
		break;
	case IPC_ADMIN_RECORD_STATE:
		on_record_state(s, q);
		break;
	default:
		end(s, q, E_UNSUPPORTED);
		break;
	}
}

void admin_receive(struct signaller *s)
{
	static struct ipc_admin q; // large; the control thread alone
	for (int i = 0; i < QUESTIONS_PER_TURN; i++) {
		ssize_t n = recv(s->admin, &q, sizeof(q), MSG_DONTWAIT | MSG_TRUNC);
		if (n < (ssize_t)IPC_ADMIN_HEAD)
			return;
		if (n > (ssize_t)sizeof(q))
			continue; // cut: not what was asked
		bool keyed = q.type == IPC_ADMIN_EXPLAIN || q.type == IPC_ADMIN_HANGUP || q.type == IPC_ADMIN_TRACE;
		if (q.version != IPC_ADMIN_VERSION || (keyed && (size_t)n < IPC_ADMIN_HEAD + sizeof(q.u.key)))
			continue;
		q.u.key[sizeof(q.u.key) - 1] = keyed ? '\0' : q.u.key[sizeof(q.u.key) - 1];
		carry_out(s, &q, (size_t)n);
	}
}
