// SPDX-License-Identifier: Apache-2.0
// The media process: the Media Function on the sockets that the monitor opened.
#include "main/media.h"

#include "base/log.h"
#include "base/memory.h"
#include "main/control.h"
#include "main/process.h"
#include "mf/engine.h"
#include "mf/srtp.h"
#include "net/holder.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STREAMS_PER_SESSION = 2 }; // on average at the most: audio, and video or image for each

// Bounds of the media process by the configuration; sockets and channels are left empty.
static void media_config(const struct snapshot *s, uint32_t workers, struct media_io_config *out)
{
	*out = (struct media_io_config){
		.workers = workers,
		.sessions_max = s->settings.max_sessions,
		.streams_max = s->settings.max_sessions * STREAMS_PER_SESSION,
		.quarantine_s = s->settings.port_quarantine_s,
		.lease_s = MF_LEASE_S,
		.control_count = workers,
	};
}

result media_memfd(const struct snapshot *s, uint32_t workers, int *fd)
{
	struct media_io_config c;
	media_config(s, workers, &c);
	size_t size = media_io_store_size(&c);
	int f = memfd_create("sallyport-sessions", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	REQUIRE(f >= 0, E_SYSTEM);
	if (ftruncate(f, (off_t)size) != 0 || fcntl(f, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		close(f);
		return FAIL(E_SYSTEM);
	}
	*fd = f;
	return OK;
}

// Even ports with the odd one above, in the order in which they were opened.
static void pairs_of(const struct sockets *s, listener_id id, struct media_io_pair *out, uint32_t *count,
	const struct listener *l)
{
	*count = 0;
	for (uint32_t i = 0; i + 1 < s->media_count; i++) {
		const struct media_descriptor *d = &s->media[i];
		if (d->listener != id || d->port % 2 != 0 || d[1].listener != id || d[1].port != d->port + 1)
			continue;
		struct media_io_pair *p = &out[(*count)++];
		*p = (struct media_io_pair){d->fd, d[1].fd, l->media};
		p->rtp.port = d->port;
	}
}

static result fill_listeners(struct media_io_config *c, const struct process_start *start, const struct snapshot *s)
{
	struct media_io_listener *listener = memory_array(LISTENERS_MAX, sizeof(*listener));
	struct media_io_pair *pairs = memory_array(start->sockets->media_count + 1, sizeof(*pairs));
	REQUIRE(listener != NULL && pairs != NULL, E_NO_MEMORY); // the process ends then: nothing leaks
	for (listener_id id = 0; id < s->listener_count; id++) {
		uint32_t count;
		pairs_of(start->sockets, id, pairs, &count, &s->listener[id]);
		listener[id] = (struct media_io_listener){pairs, count};
		pairs += count;
	}
	c->listener = listener;
	c->listener_count = s->listener_count;
	return OK;
}

struct watch { // of the monitor
	int control;
	_Atomic uint32_t quarantine_s; // [s] in force; the watcher writes, the workers follow
};

// Plans come from the signaller; only the quarantine is ours.
static result use_snapshot(struct watch *w, int fd)
{
	const struct snapshot *s;
	size_t size;
	TRY(process_map_snapshot(fd, &s, &size));
	atomic_store(&w->quarantine_s, s->settings.port_quarantine_s);
	process_unmap_snapshot(s, size);
	return OK;
}

// A thread of its own listens to the monitor. The sessions stand in the memfd: the process may end at any time.
static void *watch_monitor(void *arg)
{
	struct watch *w = arg;
	for (;;) {
		struct ipc_control m;
		size_t len;
		int fd;
		if (!control_wait(w->control, -1))
			continue;
		result r = control_receive(w->control, &m, &len, &fd);
		if (is_ok(r) && len == sizeof(m) && m.type == IPC_CONTROL_SNAPSHOT && fd >= 0)
			process_taken(w->control, m.generation, use_snapshot(w, fd));
		if (fd >= 0)
			close(fd);
		if (r.error == E_CLOSED || (is_ok(r) && len == sizeof(m) && m.type == IPC_CONTROL_STOP))
			_exit(0);
	}
	return NULL;
}

static result map_store(struct media_io_config *c, int fd)
{
	c->store_size = media_io_store_size(c);
	c->store = mmap(NULL, c->store_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(c->store != MAP_FAILED, E_SYSTEM);
	madvise(c->store, c->store_size, MADV_DONTDUMP);
	// As in guard/records.c: keys stay out of swap where the limit for locked memory allows it.
	if (mlock2(c->store, c->store_size, MLOCK_ONFAULT) != 0)
		log_write(LOG_LEVEL_NOTICE, "media.memory-not-locked", LOG_STR("mend", "raise LimitMEMLOCK"));
	return OK;
}

static result prepare(struct media_io_config *c, struct process_start *start, int *control)
{
	const struct snapshot *s;
	size_t size;
	TRY(process_map_snapshot(start->snapshot_fd, &s, &size));
	media_config(s, start->workers, c);
	TRY(fill_listeners(c, start, s));
	process_unmap_snapshot(s, size);
	TRY(map_store(c, start->sessions_fd));
	for (uint32_t i = 0; i < start->workers; i++)
		control[i] = start->channels->media[i].end[1];
	c->control = control;
	return OK;
}

int media_main(struct process_start *start)
{
	struct media_io_config c;
	static int control[NET_WORKERS_MAX];
	static struct watch watch; // the watcher's, to the end of the process
	pthread_t watcher;
	result r = prepare(&c, start, control);
	if (is_ok(r) && sodium_init() < 0)
		r = FAIL(E_SYSTEM);
	if (is_ok(r))
		r = mf_srtp_warm_up();
	if (is_ok(r))
		r = process_ready(start, NULL, 0);
	if (!is_ok(r)) {
		log_write(LOG_LEVEL_ALARM, "media.cannot-start", LOG_STR("why", error_name(r.error)));
		return 1;
	}
	watch.control = start->control;
	atomic_store(&watch.quarantine_s, c.quarantine_s);
	c.quarantine_now = &watch.quarantine_s;
	if (pthread_create(&watcher, NULL, watch_monitor, &watch) != 0)
		return 1;
	return media_io_run(&c) == 0 ? 0 : 1;
}
