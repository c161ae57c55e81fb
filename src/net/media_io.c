// SPDX-License-Identifier: Apache-2.0
// The loop: level-triggered epoll, control messages, timers, making and ending of workers. One packet costs
// three system calls at low rates, and less than one in a burst (media_datagram.c).
#include "net/media_worker.h"

#include "base/memory.h"
#include "mf/store.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS = 64,        // sockets in one epoll round
	HANDOVER_RING = 64, // messages for another worker
	OUTBOX_RING = 256,  // answers that a control channel had no room for
	RETRY_MS = 1,       // [ms] between tries to empty the outbox
	CONTROL_BATCH = 16, // messages read from a channel before media has its turn again
	STORE_PAGE = 4096,
};

#define EVENT_WAKE UINT64_MAX
#define EVENT_CONTROL (1ull << 62)

static void wake(struct media_worker *w)
{
	uint64_t one = 1;
	ssize_t n =
		w->wake > 0 ? write(w->wake, &one, sizeof(one)) : 0; // fails only when it is already awake

	(void)n;
}

static bool answer_send(struct media_worker *w, uint32_t owner, const struct ipc_media *m)
{
	const struct media_io_config *c = w->io->config;

	if (owner >= c->control_count)
		return true; // a channel of before the restart: nobody is there
	if (send(c->control[owner], m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	return errno != EAGAIN && errno != ENOBUFS; // closed: nobody to tell
}

static void outbox_retry(struct media_worker *w)
{
	while (w->out_count > 0) {
		const struct media_letter *l = &w->outbox[w->out_first];
		if (!answer_send(w, l->owner, &l->message))
			return;
		w->out_first = (w->out_first + 1) % OUTBOX_RING;
		w->out_count--;
	}
}

static void answer_h(void *ctx, uint32_t owner, const struct ipc_media *m)
{
	struct media_worker *w = ctx;

	outbox_retry(w);
	if (w->out_count == 0 && answer_send(w, owner, m))
		return;
	if (w->out_count == OUTBOX_RING) {
		w->answers_lost++; // the signaller asks again, or its lease ends the session
		return;
	}
	w->outbox[(w->out_first + w->out_count++) % OUTBOX_RING] = (struct media_letter){owner, *m};
}

/* ---- control ---- */

static bool ring_put(struct media_worker *w, uint32_t owner, const struct ipc_media *m)
{
	bool room;

	pthread_mutex_lock(&w->ring.lock);
	room = w->ring.count < HANDOVER_RING;
	if (room)
		w->ring.letter[(w->ring.first + w->ring.count++) % HANDOVER_RING] =
			(struct media_letter){owner, *m};
	pthread_mutex_unlock(&w->ring.lock);
	return room;
}

static bool ring_get(struct media_worker *w, struct media_letter *l)
{
	bool some;

	pthread_mutex_lock(&w->ring.lock);
	some = w->ring.count > 0;
	if (some) {
		*l = w->ring.letter[w->ring.first];
		memory_wipe(&w->ring.letter[w->ring.first].message.u, sizeof(l->message.u)); // keys (MF-C4)
		w->ring.first = (w->ring.first + 1) % HANDOVER_RING;
		w->ring.count--;
	}
	pthread_mutex_unlock(&w->ring.lock);
	return some;
}

static void ring_read(struct media_worker *w)
{
	struct media_letter l;
	uint64_t n;
	ssize_t got = read(w->wake, &n, sizeof(n)); // only to silence it

	(void)got;
	while (ring_get(w, &l))
		mf_engine_message(w->engine, l.owner, &l.message, &w->now);
	memory_wipe(&l, sizeof(l)); // keys (MF-C4)
}

// While the other's ring is full our own is emptied, so that two workers never wait for each other.
static void handover(
	struct media_worker *from, struct media_worker *to, uint32_t owner, const struct ipc_media *m)
{
	while (!ring_put(to, owner, m) && !from->io->stop) {
		wake(to);
		ring_read(from);
		sched_yield();
	}
	wake(to);
}

static uint32_t worker_choose(struct media_worker *w, const struct ipc_media *m)
{
	const struct media_io_config *c = w->io->config;

	if (m->session.generation != 0)
		return (m->session.slot >> 24) % c->workers;
	if (m->type != IPC_MEDIA_CREATE || c->control_count >= c->workers)
		return w->number;
	return w->io->next_worker++ % c->workers; // only one worker reads when there are fewer channels
}

static void dispatch(struct media_worker *w, uint32_t owner, const struct ipc_media *m)
{
	uint32_t target = worker_choose(w, m);

	for (uint32_t i = 0; i < w->io->config->workers; i++) {
		if (m->type != IPC_MEDIA_LEASE && m->type != IPC_MEDIA_COUNT && i != target)
			continue;
		if (i == w->number)
			mf_engine_message(w->engine, owner, m, &w->now);
		else
			handover(w, &w->io->worker[i], owner, m);
	}
}

static void stop_all(struct media_io *io)
{
	io->stop = true;
	for (uint32_t i = 0; i < io->config->workers; i++)
		wake(&io->worker[i]);
}

// One message; false when there is none (any more).
static bool control_take(struct media_worker *w, uint32_t channel)
{
	int fd = w->io->config->control[channel];
	ssize_t n = recv(fd, &w->control, sizeof(w->control), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
		if (atomic_fetch_sub(&w->io->channels_open, 1) == 1)
			stop_all(w->io);
		return false;
	}
	if (n != sizeof(w->control))
		w->control.version = 0; // counted by the engine as unlawful
	dispatch(w, channel, &w->control);
	return true;
}

static void control_read(struct media_worker *w, uint32_t channel)
{
	for (uint32_t i = 0; i < CONTROL_BATCH && control_take(w, channel); i++)
		;
	memory_wipe(&w->control.u, sizeof(w->control.u)); // keys (MF-C4)
}

/* ---- the loop ---- */

static int wait_ms(const struct media_worker *w)
{
	uint64_t at = mf_engine_deadline(w->engine), ms;

	if (w->out_count > 0)
		return RETRY_MS;
	if (at == NO_DEADLINE)
		return -1;
	ms = at > w->now.mono_us ? (at - w->now.mono_us + MS - 1) / MS : 0;
	return ms > 60000 ? 60000 : (int)ms;
}

static void event_handle(struct media_worker *w, uint64_t data)
{
	if (data == EVENT_WAKE)
		ring_read(w);
	else if (data & EVENT_CONTROL)
		control_read(w, (uint32_t)(data & ~EVENT_CONTROL));
	else if (w->endpoint[data].open) // it may have been closed earlier in this round
		media_endpoint_read(w, &w->endpoint[data]);
}

// After a reload. Ports are given back and taken in this loop alone, so it is early enough to look once a round.
static void quarantine_follow(struct media_worker *w)
{
	const _Atomic uint32_t *now = w->io->config->quarantine_now;
	uint32_t s = now != NULL ? atomic_load_explicit(now, memory_order_relaxed) : w->quarantine_s;

	if (s == w->quarantine_s)
		return;
	w->quarantine_s = s;
	mf_engine_quarantine(w->engine, s, &w->now);
}

static void *worker_run(void *arg)
{
	struct media_worker *w = arg;
	struct epoll_event event[EVENTS];

	while (!w->io->stop) {
		int n = epoll_wait(w->epoll, event, EVENTS, wait_ms(w));
		w->now = clock_now();
		w->round++;
		w->busy = n == EVENTS;
		quarantine_follow(w);
		for (int i = 0; i < n; i++)
			event_handle(w, event[i].data.u64);
		if (w->out_count > 0)
			outbox_retry(w);
		if (mf_engine_deadline(w->engine) <= w->now.mono_us)
			mf_engine_run(w->engine, &w->now);
	}
	return NULL;
}

/* ---- making and ending ---- */

static uint32_t share(uint32_t total, uint32_t workers)
{
	return (total + workers - 1) / workers;
}

static size_t store_share(const struct media_io_config *c)
{
	size_t n = mf_store_size(share(c->streams_max, c->workers));

	return (n + STORE_PAGE - 1) / STORE_PAGE * STORE_PAGE;
}

size_t media_io_store_size(const struct media_io_config *c)
{
	return store_share(c) * c->workers;
}

// Pair i of a listener belongs to worker i modulo N.
static uint32_t pairs_take(struct media_worker *w, bool fill)
{
	const struct media_io_config *c = w->io->config;
	uint32_t n = 0;

	for (uint32_t l = 0; l < c->listener_count; l++) {
		uint32_t first = n;
		for (uint32_t i = w->number; i < c->listener[l].count; i += c->workers, n++) {
			const struct media_io_pair *p = &c->listener[l].pair[i];
			if (!fill)
				continue;
			w->address[n] = p->rtp;
			w->endpoint[2 * n].fd = p->rtp_fd;
			w->endpoint[2 * n + 1].fd = p->rtcp_fd;
		}
		w->first[l] = first;
		w->listener[l] =
			(struct mf_listener){w->address == NULL ? NULL : w->address + first, n - first};
	}
	return n;
}

static bool tables_make(struct media_worker *w, uint32_t streams)
{
	uint32_t pairs = pairs_take(w, false);

	w->address = memory_array(pairs, sizeof(*w->address));
	w->endpoint = memory_array(2 * (size_t)pairs, sizeof(*w->endpoint));
	w->out = memory_array(streams, sizeof(*w->out));
	w->ring.letter = memory_array(HANDOVER_RING, sizeof(*w->ring.letter));
	w->outbox = memory_array(OUTBOX_RING, sizeof(*w->outbox));
	if (w->address == NULL || w->endpoint == NULL || w->out == NULL || w->ring.letter == NULL ||
		w->outbox == NULL)
		return false;
	pairs_take(w, true);
	return true;
}

static bool polls_make(struct media_worker *w)
{
	const struct media_io_config *c = w->io->config;
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_WAKE};

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->epoll < 0 || w->wake < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->wake, &event) != 0)
		return false;
	for (uint32_t i = w->number; i < c->control_count; i += c->workers) {
		event.data.u64 = EVENT_CONTROL | i;
		if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, c->control[i], &event) != 0)
			return false;
	}
	return true;
}

static bool worker_make(struct media_worker *w, struct media_io *io, uint32_t number)
{
	const struct media_io_config *c = io->config;
	struct mf_engine_config engine = {.worker = (uint8_t)number,
		.sessions_max = share(c->sessions_max, c->workers),
		.streams_max = share(c->streams_max, c->workers),
		.quarantine_s = c->quarantine_s,
		.lease_s = c->lease_s,
		.listener = w->listener,
		.listener_count = c->listener_count,
		.store = c->store == NULL ? NULL : (uint8_t *)c->store + number * store_share(c),
		.store_size = store_share(c),
		.hooks = {media_port_h, answer_h, w}};

	w->io = io;
	w->number = number;
	w->quarantine_s = c->quarantine_s;
	w->now = clock_now();
	media_messages_prepare(w);
	if (pthread_mutex_init(&w->ring.lock, NULL) != 0)
		return false;
	if (!tables_make(w, engine.streams_max) || !polls_make(w))
		return false;
	return is_ok(mf_engine_new(&w->engine, &engine, &w->now));
}

static void worker_free(struct media_worker *w)
{
	mf_engine_free(w->engine);
	memory_free(w->address);
	memory_free(w->endpoint);
	memory_free(w->out);
	memory_free(w->ring.letter);
	memory_free(w->outbox);
	if (w->epoll > 0)
		close(w->epoll);
	if (w->wake > 0)
		close(w->wake);
}

// Sessions of an earlier process go on; the signaller is told so on every channel.
static void resume(struct media_io *io)
{
	struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_RESUMED};
	uint32_t sessions = 0;

	for (uint32_t i = 0; i < io->config->workers; i++)
		sessions += mf_engine_restore(io->worker[i].engine, &io->worker[i].now);
	m.request = sessions;
	for (uint32_t i = 0; io->config->store != NULL && i < io->config->control_count; i++)
		answer_h(&io->worker[0], i, &m);
}

static bool config_lawful(const struct media_io_config *c)
{
	return c->workers >= 1 && c->workers <= MF_WORKERS_MAX && c->listener_count <= MF_LISTENERS_MAX &&
	       c->control_count >= 1 && c->control_count <= MF_OWNERS_MAX && c->sessions_max >= 1 &&
	       c->streams_max >= 1 && (c->store == NULL || c->store_size >= media_io_store_size(c));
}

int media_io_run(const struct media_io_config *c)
{
	struct media_io io = {.config = c};
	uint32_t made = 0, threads = 0;
	bool good = config_lawful(c);

	io.worker = good ? memory_array(c->workers, sizeof(*io.worker)) : NULL;
	if (io.worker == NULL)
		return -1;
	io.channels_open = c->control_count;
	while (good && made < c->workers)
		good = worker_make(&io.worker[made], &io, made), made++;
	if (good)
		resume(&io);
	for (uint32_t i = 1; good && i < c->workers; i++, threads++)
		good = pthread_create(&io.worker[i].thread, NULL, worker_run, &io.worker[i]) == 0;
	if (good)
		worker_run(&io.worker[0]);
	else
		stop_all(&io);
	for (uint32_t i = 1; i <= threads && i < c->workers; i++)
		if (io.worker[i].thread != 0)
			pthread_join(io.worker[i].thread, NULL);
	for (uint32_t i = 0; i < made; i++)
		worker_free(&io.worker[i]);
	memory_free(io.worker);
	return good ? 0 : -1;
}
