// SPDX-License-Identifier: Apache-2.0
// Level-triggered epoll, recvmmsg and sendmmsg; one packet costs three system calls at low rates, and less than one in a
// burst. How many datagrams are asked for at once follows what a socket last had, because asking for one more than
// there are costs an extra walk into the kernel.
#include "net/media_io.h"

#include "base/clock.h"
#include "base/memory.h"
#include "mf/engine.h"
#include "mf/store.h"
#include "wire/rtp/rtp.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BATCH = 32,         // datagrams in one system call
	EVENTS = 64,        // sockets in one epoll round
	BUFFER = 1600,      // RTP_DATAGRAM_MAX, one octet to see that it was exceeded, and the SRTP trailer
	HANDOVER_RING = 64, // messages for another worker
	OUTBOX_RING = 256,  // answers that a control channel had no room for
	RETRY_MS = 1,       // [ms] between tries to empty the outbox
	CONTROL_BATCH = 16, // messages read from a channel before media has its turn again
	DRAIN_MAX = 512,    // late datagrams thrown away before a port serves a new stream (MF-C5)
	STORE_PAGE = 4096,
};

#define EVENT_WAKE UINT64_MAX
#define EVENT_CONTROL (1ull << 62)

struct endpoint { // one socket
	int fd;
	uint32_t stream;
	uint8_t side;
	bool rtcp;
	bool open;
	uint8_t ask;    // datagrams to ask for next time
	uint32_t round; // of the last read
};

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct letter {
	uint32_t owner;
	struct ipc_media message;
};

struct ring { // letters from other workers
	pthread_mutex_t lock;
	struct letter *letter; // HANDOVER_RING
	uint32_t first, count;
};

struct io;

struct worker {
	struct io *io;
	uint32_t number;
	pthread_t thread;
	int epoll, wake;
	struct mf_engine *engine;
	struct address *address;      // RTP addresses of its pairs, listener after listener
	struct endpoint *endpoint;    // two per pair: RTP, RTCP
	uint32_t first[MF_LISTENERS_MAX]; // a listener's first pair in those lists
	struct mf_listener listener[MF_LISTENERS_MAX];
	int (*out)[2][2];             // [stream][side][rtcp] descriptor
	struct ring ring;
	struct letter *outbox; // OUTBOX_RING
	uint32_t out_first, out_count;
	uint64_t answers_lost;
	struct now now;
	uint32_t round;
	struct mmsghdr rx[BATCH], tx[BATCH];
	struct iovec rx_iov[BATCH], tx_iov[BATCH];
	union name rx_name[BATCH], tx_name[BATCH];
	uint8_t buffer[BATCH][BUFFER];
	struct ipc_media control; // being read
};

struct io {
	const struct media_io_config *config;
	struct worker *worker;
	uint32_t next_worker; // for new sessions, when there are fewer channels than workers
	_Atomic uint32_t channels_open;
	_Atomic bool stop;
};

static void wake(struct worker *w)
{
	uint64_t one = 1;
	ssize_t n = w->wake > 0 ? write(w->wake, &one, sizeof(one)) : 0; // fails only when it is already awake

	(void)n;
}

/* ---- datagrams ---- */

static bool name_read(const union name *n, socklen_t len, struct address *out)
{
	*out = (struct address){0};
	if (n->any.sa_family == AF_INET && len >= sizeof(n->v4)) {
		out->family = 4;
		out->port = ntohs(n->v4.sin_port);
		memcpy(out->ip, &n->v4.sin_addr, 4);
		return true;
	}
	if (n->any.sa_family == AF_INET6 && len >= sizeof(n->v6)) {
		out->family = 6;
		out->port = ntohs(n->v6.sin6_port);
		memcpy(out->ip, &n->v6.sin6_addr, 16);
		return true;
	}
	return false;
}

static socklen_t name_write(const struct address *a, union name *out)
{
	if (a->family == 4) {
		out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
		memcpy(&out->v4.sin_addr, a->ip, 4);
		return sizeof(out->v4);
	}
	out->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
	memcpy(&out->v6.sin6_addr, a->ip, 16);
	return sizeof(out->v6);
}

// Send what has been gathered for one socket. A datagram that the kernel refuses is lost, as on any hop.
static void flush(struct worker *w, int fd, uint32_t count)
{
	uint32_t done = 0;

	while (done < count) {
		int n = sendmmsg(fd, w->tx + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		done += n > 0 ? (uint32_t)n : 1;
	}
}

static bool datagram_walk(struct worker *w, const struct endpoint *e, uint32_t i, struct mf_datagram *d)
{
	const struct msghdr *h = &w->rx[i].msg_hdr;

	if (h->msg_flags & MSG_TRUNC || !name_read(&w->rx_name[i], h->msg_namelen, &d->from))
		return false;
	d->stream = e->stream;
	d->side = e->side;
	d->rtcp = e->rtcp;
	d->buf = w->buffer[i];
	d->len = w->rx[i].msg_len;
	d->cap = BUFFER;
	return mf_packet(w->engine, d, &w->now) == MF_PASSED;
}

static uint32_t gather(struct worker *w, uint32_t slot, const struct mf_datagram *d)
{
	w->tx_iov[slot] = (struct iovec){d->buf, d->len};
	w->tx[slot].msg_hdr.msg_namelen = name_write(&d->to, &w->tx_name[slot]);
	return slot + 1;
}

// As many as asked for, and ready again in the very next round: there is a queue, so ask for more.
static void ask_adapt(const struct worker *w, struct endpoint *e, uint32_t got)
{
	if (got < e->ask)
		e->ask = (uint8_t)got;
	else if (w->round - e->round == 1 && e->ask < BATCH)
		e->ask = (uint8_t)(e->ask * 2);
	e->round = w->round;
}

static void endpoint_read(struct worker *w, struct endpoint *e)
{
	uint32_t gathered = 0, ask = e->ask;
	struct mf_datagram d;
	int got, fd = -1;

	got = recvmmsg(e->fd, w->rx, ask, MSG_DONTWAIT, NULL);
	if (got <= 0)
		return;
	ask_adapt(w, e, (uint32_t)got);
	for (uint32_t i = 0; i < (uint32_t)got; i++) {
		bool passed = datagram_walk(w, e, i, &d);
		w->rx[i].msg_hdr.msg_namelen = sizeof(union name);
		if (!passed)
			continue;
		int next = w->out[d.stream][d.out_side][d.out_rtcp];
		if (next != fd && gathered > 0) {
			flush(w, fd, gathered);
			gathered = 0;
		}
		fd = next;
		gathered = gather(w, gathered, &d);
	}
	flush(w, fd, gathered);
}

/* ---- what the engine asks for ---- */

static void drain(int fd)
{
	uint8_t octet;

	for (uint32_t i = 0; i < DRAIN_MAX; i++)
		if (recv(fd, &octet, 1, MSG_DONTWAIT | MSG_TRUNC) < 0)
			return;
}

static void port_h(void *ctx, const struct mf_port_change *c)
{
	struct worker *w = ctx;
	uint32_t at = (w->first[c->listener] + c->pair) * 2;

	for (uint32_t rtcp = 0; rtcp < 2; rtcp++) {
		struct endpoint *e = &w->endpoint[at + rtcp];
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = at + rtcp};

		w->out[c->stream][c->side][rtcp] = c->open ? e->fd : -1;
		if (e->open)
			epoll_ctl(w->epoll, EPOLL_CTL_DEL, e->fd, NULL);
		e->open = c->open;
		if (!c->open)
			continue;
		drain(e->fd);
		e->stream = c->stream;
		e->side = c->side;
		e->rtcp = rtcp != 0;
		e->ask = 1;
		epoll_ctl(w->epoll, EPOLL_CTL_ADD, e->fd, &event);
	}
}

static bool answer_send(struct worker *w, uint32_t owner, const struct ipc_media *m)
{
	const struct media_io_config *c = w->io->config;

	if (owner >= c->control_count)
		return true; // a channel of before the restart: nobody is there
	if (send(c->control[owner], m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	return errno != EAGAIN && errno != ENOBUFS; // closed: nobody to tell
}

static void outbox_retry(struct worker *w)
{
	while (w->out_count > 0) {
		const struct letter *l = &w->outbox[w->out_first];
		if (!answer_send(w, l->owner, &l->message))
			return;
		w->out_first = (w->out_first + 1) % OUTBOX_RING;
		w->out_count--;
	}
}

static void answer_h(void *ctx, uint32_t owner, const struct ipc_media *m)
{
	struct worker *w = ctx;

	outbox_retry(w);
	if (w->out_count == 0 && answer_send(w, owner, m))
		return;
	if (w->out_count == OUTBOX_RING) {
		w->answers_lost++; // the signaller asks again, or its lease ends the session
		return;
	}
	w->outbox[(w->out_first + w->out_count++) % OUTBOX_RING] = (struct letter){owner, *m};
}

/* ---- control ---- */

static bool ring_put(struct worker *w, uint32_t owner, const struct ipc_media *m)
{
	bool room;

	pthread_mutex_lock(&w->ring.lock);
	room = w->ring.count < HANDOVER_RING;
	if (room)
		w->ring.letter[(w->ring.first + w->ring.count++) % HANDOVER_RING] = (struct letter){owner, *m};
	pthread_mutex_unlock(&w->ring.lock);
	return room;
}

static bool ring_get(struct worker *w, struct letter *l)
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

static void ring_read(struct worker *w)
{
	struct letter l;
	uint64_t n;
	ssize_t got = read(w->wake, &n, sizeof(n)); // only to silence it

	(void)got;
	while (ring_get(w, &l))
		mf_engine_message(w->engine, l.owner, &l.message, &w->now);
}

// While the other's ring is full our own is emptied, so that two workers never wait for each other.
static void handover(struct worker *from, struct worker *to, uint32_t owner, const struct ipc_media *m)
{
	while (!ring_put(to, owner, m) && !from->io->stop) {
		wake(to);
		ring_read(from);
		sched_yield();
	}
	wake(to);
}

static uint32_t worker_choose(struct worker *w, const struct ipc_media *m)
{
	const struct media_io_config *c = w->io->config;

	if (m->session.generation != 0)
		return (m->session.slot >> 24) % c->workers;
	if (m->type != IPC_MEDIA_CREATE || c->control_count >= c->workers)
		return w->number;
	return w->io->next_worker++ % c->workers; // only one worker reads when there are fewer channels
}

static void dispatch(struct worker *w, uint32_t owner, const struct ipc_media *m)
{
	uint32_t target = worker_choose(w, m);

	for (uint32_t i = 0; i < w->io->config->workers; i++) {
		if (m->type != IPC_MEDIA_LEASE && i != target)
			continue;
		if (i == w->number)
			mf_engine_message(w->engine, owner, m, &w->now);
		else
			handover(w, &w->io->worker[i], owner, m);
	}
}

static void stop_all(struct io *io)
{
	io->stop = true;
	for (uint32_t i = 0; i < io->config->workers; i++)
		wake(&io->worker[i]);
}

// One message; false when there is none (any more).
static bool control_take(struct worker *w, uint32_t channel)
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

static void control_read(struct worker *w, uint32_t channel)
{
	for (uint32_t i = 0; i < CONTROL_BATCH && control_take(w, channel); i++)
		;
	memory_wipe(&w->control.u, sizeof(w->control.u)); // keys (MF-C4)
}

/* ---- the loop ---- */

static int wait_ms(const struct worker *w)
{
	uint64_t at = mf_engine_deadline(w->engine), ms;

	if (w->out_count > 0)
		return RETRY_MS;
	if (at == NO_DEADLINE)
		return -1;
	ms = at > w->now.mono_us ? (at - w->now.mono_us + MS - 1) / MS : 0;
	return ms > 60000 ? 60000 : (int)ms;
}

static void event_handle(struct worker *w, uint64_t data)
{
	if (data == EVENT_WAKE)
		ring_read(w);
	else if (data & EVENT_CONTROL)
		control_read(w, (uint32_t)(data & ~EVENT_CONTROL));
	else if (w->endpoint[data].open) // it may have been closed earlier in this round
		endpoint_read(w, &w->endpoint[data]);
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct epoll_event event[EVENTS];

	while (!w->io->stop) {
		int n = epoll_wait(w->epoll, event, EVENTS, wait_ms(w));
		w->now = clock_now();
		w->round++;
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

static void messages_prepare(struct worker *w)
{
	for (uint32_t i = 0; i < BATCH; i++) {
		w->rx_iov[i] = (struct iovec){w->buffer[i], RTP_DATAGRAM_MAX + 1};
		w->rx[i].msg_hdr = (struct msghdr){.msg_name = &w->rx_name[i], .msg_namelen = sizeof(union name),
			.msg_iov = &w->rx_iov[i], .msg_iovlen = 1};
		w->tx[i].msg_hdr = (struct msghdr){
			.msg_name = &w->tx_name[i], .msg_iov = &w->tx_iov[i], .msg_iovlen = 1};
	}
}

// Pair i of a listener belongs to worker i modulo N.
static uint32_t pairs_take(struct worker *w, bool fill)
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
		w->listener[l] = (struct mf_listener){w->address == NULL ? NULL : w->address + first, n - first};
	}
	return n;
}

static bool tables_make(struct worker *w, uint32_t streams)
{
	uint32_t pairs = pairs_take(w, false);

	w->address = memory_array(pairs, sizeof(*w->address));
	w->endpoint = memory_array(2 * (size_t)pairs, sizeof(*w->endpoint));
	w->out = memory_array(streams, sizeof(*w->out));
	w->ring.letter = memory_array(HANDOVER_RING, sizeof(*w->ring.letter));
	w->outbox = memory_array(OUTBOX_RING, sizeof(*w->outbox));
	if (w->address == NULL || w->endpoint == NULL || w->out == NULL || w->ring.letter == NULL || w->outbox == NULL)
		return false;
	pairs_take(w, true);
	return true;
}

static bool polls_make(struct worker *w)
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

static bool worker_make(struct worker *w, struct io *io, uint32_t number)
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
		.hooks = {port_h, answer_h, w}};

	w->io = io;
	w->number = number;
	w->now = clock_now();
	messages_prepare(w);
	if (pthread_mutex_init(&w->ring.lock, NULL) != 0)
		return false;
	if (!tables_make(w, engine.streams_max) || !polls_make(w))
		return false;
	return is_ok(mf_engine_new(&w->engine, &engine, &w->now));
}

static void worker_free(struct worker *w)
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
static void resume(struct io *io)
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
	struct io io = {.config = c};
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
