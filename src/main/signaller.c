// SPDX-License-Identifier: Apache-2.0
// The signaller process: workers, handshake threads, and the control loop that ties them to the other processes.
#include "main/signaller.h"

#include "base/log.h"
#include "base/memory.h"
#include "guard/sandbox.h"
#include "main/control.h"
#include "wire/sip/sip.h"

#include <malloc.h>
#include <sodium.h>
#include <unistd.h>

static result use_first_snapshot(struct signaller *s)
{
	TRY(process_map_snapshot(s->start->snapshot_fd, &s->snapshot, &s->snapshot_size));
	return registry_new(&s->registry, s->snapshot);
}

static struct net_limits limits_of(const struct settings *set)
{
	return (struct net_limits){
		.connections_per_source = set->max_connections_per_source,
		.handshake_us = set->handshake_timeout_s * SECOND,
		.frame_us = set->frame_timeout_s * SECOND,
		.idle_us = set->idle_timeout_s * SECOND,
	};
}

// All or nothing: a snapshot that cannot be used leaves the one in force.
static result next_snapshot(struct signaller *s, int fd)
{
	const struct snapshot *next;
	size_t size;
	struct registry *r;
	TRY(process_map_snapshot(fd, &next, &size));
	result made = registry_make(next, ldr_client_ldr(&s->ldr), &r);
	if (!is_ok(made)) {
		process_unmap_snapshot(next, size);
		return made;
	}
	const struct net_limits limits = limits_of(&next->settings);
	net_set_limits(s->net, &limits, &s->counters);
	struct registry *old = net_swap_registry(s->net, r);
	registry_free(old);
	process_unmap_snapshot(s->snapshot, s->snapshot_size);
	s->snapshot = next;
	s->snapshot_size = size;
	s->registry = r;
	log_write(LOG_LEVEL_NOTICE, "signaller.snapshot", LOG_NUM("generation", next->generation));
	return OK;
}

struct dialled_mail {
	struct mail mail;
	struct worker *to;
	uint32_t request;
	int fd;
};

static void dialled_h(struct mail *m, void *ctx)
{
	struct dialled_mail *d = (struct dialled_mail *)m;
	UNUSED(ctx);
	worker_dialled(d->to, d->request, d->fd);
	memory_free(d);
}

static void on_dialled(struct signaller *s, const struct ipc_control *m, int fd)
{
	struct dialled_mail *d = m->worker < s->workers ? memory_alloc(sizeof(*d)) : NULL;
	if (d != NULL) {
		*d = (struct dialled_mail){{.deliver = dialled_h}, &s->worker[m->worker], m->request, fd};
		if (is_ok(loop_post(s->worker[m->worker].loop, &d->mail, &s->counters)))
			return;
	}
	memory_free(d);
	if (fd >= 0)
		close(fd); // the connection's own deadline ends it
}

static void linger_h(evutil_socket_t fd, short what, void *arg)
{
	struct signaller *s = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_stop(&s->loop);
}

// An orderly stop ends its calls: both sides hear BYE, and every call has its record.
static void begin_stop(struct signaller *s)
{
	const struct timeval linger = {0, STOP_LINGER_MS * 1000};
	worker_drain(s, true, true);
	s->linger = event_new(s->loop.base, -1, 0, linger_h, s);
	if (s->linger == NULL || event_add(s->linger, &linger) != 0)
		loop_stop(&s->loop);
}

static void on_control(struct signaller *s, const struct ipc_control *m, int fd)
{
	switch (m->type) {
	case IPC_CONTROL_SNAPSHOT:
		if (fd >= 0) {
			process_taken(s->control, m->generation, next_snapshot(s, fd));
			close(fd);
		}
		break;
	case IPC_CONTROL_DIALED:
		on_dialled(s, m, fd);
		break;
	case IPC_CONTROL_DRAIN:
		worker_drain(s, m->flag != 0, false);
		break;
	case IPC_CONTROL_TOKEN_KEY:
		token_key_spread(s, (uint8_t)m->index, m->key);
		break;
	case IPC_CONTROL_STOP:
		begin_stop(s);
		break;
	default:
		if (fd >= 0)
			close(fd);
		break;
	}
}

static void control_h(evutil_socket_t fd, short what, void *arg)
{
	struct signaller *s = arg;
	struct ipc_control m;
	size_t len;
	int passed;
	UNUSED(what);
	for (;;) {
		result r = control_receive(fd, &m, &len, &passed);
		if (r.error == E_CLOSED)
			loop_stop(&s->loop); // without a monitor there is nothing to serve
		if (!is_ok(r))
			return;
		if (len == sizeof(m))
			on_control(s, &m, passed);
		else if (passed >= 0)
			close(passed);
		memory_wipe(m.key, sizeof(m.key));
	}
}

static void admin_h(evutil_socket_t fd, short what, void *arg)
{
	UNUSED(fd);
	UNUSED(what);
	admin_receive(arg);
}

// The monitor answers nothing: the peer is in a snapshot, or is not.
static void demand_h(void *ctx, peer_id of, const char *domain)
{
	const struct signaller *s = ctx;
	struct ipc_control m = control_make(IPC_CONTROL_DEMAND);
	m.peer = of;
	m.flag = 1;
	snprintf(m.text, sizeof(m.text), "%s", domain);
	IGNORE_RESULT(control_send(s->start->control, &m, -1)); // lost: whoever waits comes again
}

static result make_net(struct signaller *s)
{
	const struct settings *set = &s->snapshot->settings;
	const struct net_limits limits = limits_of(set);
	for (uint32_t i = 0; i < s->start->handshake_threads; i++) {
		sign_client_init(&s->sign[i], s->start->channels->sign[i].end[0], SIGN_TIMEOUT_US, &s->sign_counters[i]);
		s->keyless[i] = (struct keyless_signer){sign_client_sign, &s->sign[i]};
	}
	struct net_config c = {
		.workers = s->workers,
		.handshake_threads = set->certificate.len > 0 ? s->start->handshake_threads : 0,
		.signer = s->keyless,
		.max_connections = set->max_connections,
		.max_connections_per_source = limits.connections_per_source,
		.message_max = SIP_MESSAGE_MAX_STREAM,
		.handshake_us = limits.handshake_us,
		.frame_us = limits.frame_us,
		.idle_us = limits.idle_us,
		.demand = demand_h,
		.demand_ctx = s,
	};
	TRY(net_new(&s->net, &c));
	struct registry *none = net_swap_registry(s->net, s->registry);
	registry_free(none);
	return OK;
}

static void restore_one(uint32_t slot, struct bytes octets, void *ctx)
{
	struct signaller *s = ctx;
	struct kept_call head;
	static struct sf_call_image image; // before there are threads
	bool good = octets.len > sizeof(head);
	if (good) {
		memcpy(&head, octets.at, sizeof(head));
		good = head.worker < s->workers && head.call_length <= SF_CALL_IMAGE_MAX &&
		       octets.len == sizeof(head) + (size_t)head.call_length + head.media_length;
	}
	if (good && ended_has(s->recorded, s->recorded_count, &(struct ended_ref){head.worker, head.ref})) {
		records_erase(s->records[s->restoring], slot); // it has ended: its record is on its way
		return;
	}
	if (good) {
		struct worker *w = &s->worker[head.worker];
		struct now now = clock_now();
		image.length = head.call_length;
		memcpy(image.octets, octets.at + sizeof(head), head.call_length);
		struct bytes media = {octets.at + sizeof(head) + head.call_length, head.media_length};
		good = is_ok(flow_restore(w->flow, &image, media, &now));
		if (good && head.ref.slot < s->snapshot->settings.max_calls)
			w->kind[head.ref.slot] = (uint8_t)s->restoring;
	}
	if (!good) {
		net_count(&s->counters, NET_IMPOSSIBLE, 1);
		records_erase(s->records[s->restoring], slot);
	}
}

static result restore_calls(struct signaller *s)
{
	uint32_t damaged, all_damaged = 0, calls = 0;
	for (int i = 0; i < CALL_RECORD_KINDS; i++)
		TRY(records_map(s->start->calls_fd[i], &s->records[i]));
	TRY(records_restore(s));
	if (s->start->restarts == 0)
		return OK;
	for (s->restoring = 0; s->restoring < CALL_RECORD_KINDS; s->restoring++) {
		records_each(s->records[s->restoring], restore_one, s, &damaged);
		all_damaged += damaged;
	}
	memory_free(s->recorded);
	s->recorded = NULL;
	s->recorded_count = 0;
	for (uint32_t i = 0; i < s->workers; i++)
		calls += sf_call_count(flow_sf(s->worker[i].flow));
	log_write(LOG_LEVEL_NOTICE, "signaller.restored", LOG_NUM("calls", calls), LOG_NUM("damaged", all_damaged));
	return OK;
}

static result make_workers(struct signaller *s)
{
	s->load = memory_array(PEERS_MAX, sizeof(*s->load));
	REQUIRE(s->load != NULL, E_NO_MEMORY);
	for (uint32_t i = 0; i < s->workers; i++)
		TRY(worker_init(&s->worker[i], s, (uint8_t)i));
	return restore_calls(s);
}

static result watch(struct signaller *s)
{
	struct event *control = event_new(s->loop.base, s->control, EV_READ | EV_PERSIST, control_h, s);
	struct event *admin = event_new(s->loop.base, s->admin, EV_READ | EV_PERSIST, admin_h, s);
	REQUIRE(control != NULL && admin != NULL, E_NO_MEMORY);
	REQUIRE(event_add(control, NULL) == 0 && event_add(admin, NULL) == 0, E_SYSTEM);
	return OK;
}

enum {
	HEAP_TRIM = 32 * 1024 * 1024, // [octets] kept for the next calls instead of given back and asked for again
	HEAP_PAD = 1024 * 1024,       // [octets] asked for at once
};

static result prepare(struct signaller *s)
{
	mallopt(M_TRIM_THRESHOLD, HEAP_TRIM);
	mallopt(M_TOP_PAD, HEAP_PAD);
	REQUIRE(sodium_init() >= 0, E_SYSTEM);
	TRY(use_first_snapshot(s));
	TRY(make_net(s));
	TRY(loop_init(&s->loop, &s->counters, s->holder));
	TRY(make_workers(s));
	TRY(watch(s));
	TRY(ldr_watch(s));
	TRY(outbox_init(s));
	TRY(counters_init(s));
	records_send(s); // what a predecessor left
	TRY(process_ready(s->start, NULL, 0));
	return net_start(s->net); // threads are made after the sandbox has closed
}

int signaller_main(struct process_start *start)
{
	static struct holder holder; // of the control loop: it reads no registry
	static struct signaller only; // large, once per process; cache-line aligned members
	struct signaller *s = &only;
	s->start = start;
	s->holder = &holder;
	s->workers = start->workers;
	s->control = start->control;
	s->admin = start->channels->signaller.end[1];
	result r = prepare(s);
	if (!is_ok(r)) {
		log_write(LOG_LEVEL_ALARM, "signaller.cannot-start", LOG_STR("why", error_name(r.error)));
		return 1;
	}
	loop_run(&s->loop);
	net_stop(s->net);
	return 0;
}
