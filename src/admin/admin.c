// SPDX-License-Identifier: Apache-2.0
// The event loop's handlers: packets of signaller and directory, deadlines, and the hand-shake about records.
//
// "Send again": the signaller keeps what is not acknowledged. To begin anew without losing or doubling one, admin asks a
// harmless question (trace off), then says RECORD_STATE 0. The signaller handles both in order: every record before the
// question's END is one that will come again, so it is ignored; every record after it is new here.
#include "admin/inside.h"

#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OWED_MS = 50 }; // when to try again what the channel did not take

static void sync_begin(struct admin *a);

struct now admin_now(const struct admin *a)
{
	return a->config.clock();
}

static uint64_t least(uint64_t x, uint64_t y)
{
	return x < y ? x : y;
}

void admin_rearm(struct admin *a)
{
	uint64_t next = least(ask_deadline(&a->ask), trace_deadline(a)), now = admin_now(a).mono_us;
	next = least(next, least(a->ack_owed_us, a->state_owed_us));
	if (a->cdr != NULL)
		next = least(next, cdr_deadline(a->cdr));
	if (next == NO_DEADLINE) {
		evtimer_del(a->tick);
		return;
	}
	uint64_t wait = next > now ? next - now : 0;
	struct timeval tv = {(time_t)(wait / SECOND), (suseconds_t)(wait % SECOND)};
	if (evtimer_add(a->tick, &tv) != 0)
		log_write(LOG_LEVEL_ALARM, "admin.no-timer", LOG_NUM("wait_us", wait));
}

static bool tell(struct admin *a, uint16_t type, uint32_t request, uint8_t flag)
{
	struct ipc_admin *m = a->packet;
	memset(m, 0, IPC_ADMIN_HEAD);
	m->version = IPC_ADMIN_VERSION;
	m->type = type;
	m->request = request;
	m->flag = flag;
	m->peer = PEER_NONE;
	return send(a->config.signaller, m, IPC_ADMIN_HEAD, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)IPC_ADMIN_HEAD;
}

static void ack_h(void *ctx, uint32_t number)
{
	struct admin *a = ctx;
	a->ack_owed = a->record_acked = number;
	a->ack_owed_us = tell(a, IPC_ADMIN_RECORD_ACK, number, 0) ? NO_DEADLINE : admin_now(a).mono_us + OWED_MS * MS;
}

static void state_h(void *ctx, bool full)
{
	struct admin *a = ctx;
	a->full = full;
	if (!full)
		sync_begin(a);
	else if (!tell(a, IPC_ADMIN_RECORD_STATE, 0, 1))
		a->state_owed_us = admin_now(a).mono_us + OWED_MS * MS;
}

static void sync_end(void *ctx, const struct ask_reply *r)
{
	struct admin *a = ctx;
	if (r->end && r->error == E_OK)
		a->syncing = false;
	else if (r->end)
		a->state_owed_us = admin_now(a).mono_us + OWED_MS * MS; // once more: no record is taken before
}

static void sync_begin(struct admin *a)
{
	struct ipc_admin *m = a->packet;
	memset(m, 0, IPC_ADMIN_HEAD + sizeof(m->u.key));
	m->type = IPC_ADMIN_TRACE; // off; also ends what a predecessor of ours had begun
	m->peer = PEER_NONE;
	a->syncing = true;
	a->state_owed_us = NO_DEADLINE;
	if (!is_ok(ask_admin(&a->ask, ASK_SIGNALLER, m, sizeof(m->u.key), admin_now(a).mono_us, sync_end, a)) ||
		!tell(a, IPC_ADMIN_RECORD_STATE, 0, 0))
		a->state_owed_us = admin_now(a).mono_us + OWED_MS * MS;
}

static void pay_owed(struct admin *a, uint64_t now_us)
{
	if (a->ack_owed_us <= now_us)
		ack_h(a, a->ack_owed);
	if (a->state_owed_us > now_us)
		return;
	a->state_owed_us = NO_DEADLINE;
	state_h(a, a->full);
}

static bool not_after(uint32_t number, uint32_t other)
{
	return (int32_t)(number - other) <= 0; // they may wrap
}

// Those of the file's last lines that were not acknowledged before a crash of ours come once more, in the same order. The
// first one that is not there is new, and so are all that follow.
static bool is_written(struct admin *a, const char *line)
{
	if (a->written == NULL)
		return false;
	if (cdr_line_written(a->written, line))
		return true;
	memory_free(a->written);
	a->written = NULL;
	return false;
}

// A signaller that begins anew sends all that it has no acknowledgement for. True: this one was taken before.
static bool came_before(struct admin *a, uint32_t number)
{
	if (!a->numbered || !not_after(number, a->record_taken))
		return false;
	a->records_again++;
	if (not_after(number, a->record_acked))
		ack_h(a, a->record_acked);
	return true;
}

static result record_add(struct admin *a, uint32_t number, const char *line)
{
	if (!is_written(a, line))
		return cdr_add(a->cdr, number, bytes_of_string(line), admin_now(a).mono_us);
	a->records_again++;
	ack_h(a, number);
	return OK;
}

// The streams that did not come are none: what an earlier packet left behind them is not read.
static void on_record(struct admin *a, struct ipc_admin *m, size_t n)
{
	const size_t head = IPC_ADMIN_HEAD + offsetof(struct ipc_admin_record, stream);
	size_t streams = n > head ? (n - head) / sizeof(m->u.record.stream[0]) : 0;
	if (m->u.record.stream_count > streams)
		m->u.record.stream_count = (uint8_t)streams;
	if (a->syncing || a->cdr == NULL || came_before(a, m->request))
		return;
	char line[VIEW_RECORD_MAX];
	bool made = view_record_line(a->snapshot, &a->config.steps, &m->u.record, line);
	if (made)
		recent_add(&a->recent, &m->u.record);
	result r = made ? record_add(a, m->request, line) : FAIL(E_TOO_LONG);
	if (is_ok(r) || r.error == E_TOO_LONG) {
		a->numbered = true;
		a->record_taken = m->request;
	}
	if (r.error == E_TOO_LONG)
		a->records_unreadable++;
}

static void on_packet(struct admin *a, enum ask_where where, size_t n)
{
	if (ask_packet(&a->ask, where, a->packet, n) || where != ASK_SIGNALLER)
		return;
	if (a->packet->type == IPC_ADMIN_RECORD)
		on_record(a, a->packet, n);
	else
		trace_packet(a, a->packet, n);
}

// False: nothing waits any more.
static bool receive(struct admin *a, int fd, enum ask_where where)
{
	ssize_t n = recv(fd, a->packet, sizeof(*a->packet), MSG_DONTWAIT | MSG_TRUNC);
	if (n > 0 && (size_t)n <= sizeof(*a->packet)) // a longer one was cut
		on_packet(a, where, (size_t)n);
	return n > 0;
}

static void packets_h(evutil_socket_t fd, short what, void *ctx)
{
	struct admin *a = ctx;
	UNUSED(what);
	enum ask_where where = fd == a->config.directory ? ASK_DIRECTORY : ASK_SIGNALLER;
	for (int i = 0; i < PACKETS_PER_TURN && receive(a, fd, where); i++)
		continue;
	admin_rearm(a);
}

static void tick_h(evutil_socket_t fd, short what, void *ctx)
{
	struct admin *a = ctx;
	uint64_t now_us = admin_now(a).mono_us;
	UNUSED(fd);
	UNUSED(what);
	ask_run(&a->ask, now_us);
	if (a->cdr != NULL)
		cdr_run(a->cdr, now_us);
	trace_run(a, now_us);
	pay_owed(a, now_us);
	admin_rearm(a);
}

static result open_records(struct admin *a)
{
	const struct settings *s = &a->snapshot->settings;
	struct cdr_config c = {.path = s->records_path, .disk = a->config.disk, .file_max = CDR_FILE_MAX,
		.files_kept = CDR_FILES_KEPT, .spill_max = CDR_SPILL_MAX, .drop_when_full = s->records_when_full_drop != 0,
		.ctx = a, .ack = ack_h, .state = state_h};
	TRY(journal_init(&a->journal, a->config.disk, s->records_path));
	if (s->records_path[0] == '\0')
		return OK;
	TRY(cdr_new(&a->cdr, &c));
	a->written = cdr_last_written(a->cdr);
	return OK;
}

static struct event *watch(struct admin *a, int fd)
{
	struct event *e = event_new(a->config.base, fd, EV_READ | EV_PERSIST, packets_h, a);
	if (e != NULL && event_add(e, NULL) == 0)
		return e;
	if (e != NULL)
		event_free(e);
	return NULL;
}

static result open_all(struct admin *a)
{
	a->packet = memory_alloc(sizeof(*a->packet));
	a->tick = evtimer_new(a->config.base, tick_h, a);
	REQUIRE(a->packet != NULL && a->tick != NULL, E_NO_MEMORY);
	TRY(open_records(a));
	a->signaller = a->config.signaller >= 0 ? watch(a, a->config.signaller) : NULL;
	a->directory = a->config.directory >= 0 ? watch(a, a->config.directory) : NULL;
	REQUIRE(a->signaller != NULL || a->config.signaller < 0, E_NO_MEMORY);
	REQUIRE(a->directory != NULL || a->config.directory < 0, E_NO_MEMORY);
	TRY(api_open(a));
	return metrics_open(a);
}

result admin_new(struct admin **out, const struct admin_config *c, const struct snapshot *s)
{
	*out = NULL;
	json_set_alloc_funcs(memory_alloc, memory_free);
	struct admin *a = memory_alloc(sizeof(*a));
	REQUIRE(a != NULL, E_NO_MEMORY);
	a->config = *c;
	a->snapshot = s;
	a->draining = c->draining;
	a->journal.file.fd = -1;
	a->ack_owed_us = a->state_owed_us = NO_DEADLINE;
	a->ask = (struct ask){.signaller = c->signaller, .directory = c->directory, .monitor = c->monitor, .ctx = c->ctx, .next = c->first_request};
	result r = open_all(a);
	if (!is_ok(r)) {
		admin_free(a);
		return r;
	}
	if (c->signaller >= 0)
		sync_begin(a);
	admin_rearm(a);
	*out = a;
	return OK;
}

void admin_set_snapshot(struct admin *a, const struct snapshot *s)
{
	a->snapshot = s;
	if (a->cdr != NULL)
		cdr_set_policy(a->cdr, s->settings.records_when_full_drop != 0);
}

void admin_on_control(struct admin *a, const struct ipc_control *m)
{
	ask_control(&a->ask, m);
	admin_rearm(a);
}

void admin_free(struct admin *a)
{
	while (a->packet != NULL && a->config.signaller >= 0 && receive(a, a->config.signaller, ASK_SIGNALLER))
		continue; // the last records of the signaller
	if (a->trace != NULL)
		trace_end(a, "the process ends");
	cdr_free(a->cdr, admin_now(a).mono_us);
	a->cdr = NULL;
	for (uint32_t i = 0; i < ASK_MAX; i++) // nobody answers any more
		if (a->ask.slot[i].request != 0)
			a->ask.slot[i].deadline_us = 0;
	if (a->tick != NULL)
		ask_run(&a->ask, admin_now(a).mono_us);
	metrics_close(a);
	api_close(a);
	journal_close(&a->journal);
	struct event *events[] = {a->signaller, a->directory, a->tick};
	for (uint32_t i = 0; i < ARRAY_LEN(events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	recent_clear(&a->recent);
	memory_free(a->written);
	memory_free(a->packet);
	memory_free(a);
}
