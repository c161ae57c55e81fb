// SPDX-License-Identifier: Apache-2.0
// The rig: a temporary folder, a sequenced-packet pair whose far end answers like a signaller, a disk that can be made to
// fail. Everything binds loopback or that folder, and is removed at the end.
#include "rig.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

uint64_t rig_offset_us;

static struct rig *current; // the hooks of the disk and the clock have no other way

static struct now test_clock(void)
{
	struct now n = clock_now();
	n.mono_us += rig_offset_us;
	return n;
}

static ssize_t write_at(void *ctx, int fd, const void *octets, size_t n, off_t at)
{
	(void)ctx;
	if (current->journal_fails) {
		errno = ENOSPC;
		return -1;
	}
	return pwrite(fd, octets, n, at);
}

static int sync_h(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

static const struct disk test_disk = {NULL, write_at, sync_h};

static const char *step_name(uint32_t i)
{
	static const char *const names[] = {"source", "rate", "headers", "headers"};
	return names[i];
}

static const char *step_threats(uint32_t step)
{
	return step == 0 ? "SF-I10 SF-A1" : "";
}

static uint8_t step_control(uint32_t i)
{
	static const uint8_t controls[] = {0xff, CONTROL_RATES, CONTROL_HEADERS, CONTROL_HEADERS};
	return controls[i];
}

void rig_send(struct rig *r, enum ipc_admin_type type, uint32_t request, size_t used)
{
	r->out->version = IPC_ADMIN_VERSION;
	r->out->type = (uint16_t)type;
	r->out->request = request;
	assert_true(send(r->signaller, r->out, IPC_ADMIN_HEAD + used, MSG_DONTWAIT | MSG_NOSIGNAL) > 0);
}

static void counter(struct rig *r, const char *name, uint64_t value)
{
	memset(r->out, 0, IPC_ADMIN_HEAD + sizeof(r->out->u.counter));
	snprintf(r->out->u.counter.name, sizeof(r->out->u.counter.name), "%s", name);
	r->out->u.counter.value = value;
	rig_send(r, IPC_ADMIN_COUNTER, r->last->request, sizeof(r->out->u.counter));
}

static void call_row(struct rig *r, const char *call_id)
{
	memset(r->out, 0, IPC_ADMIN_HEAD + sizeof(r->out->u.call));
	struct ipc_admin_call *c = &r->out->u.call;
	c->state = 2;
	c->peer[1] = 1;
	c->start_ms = 1700000000000;
	snprintf(c->call_id[0], sizeof(c->call_id[0]), "%s", call_id);
	snprintf(c->from, sizeof(c->from), "+4989123");
	rig_send(r, IPC_ADMIN_CALL, r->last->request, sizeof(*c));
}

static void mark_row(struct rig *r)
{
	memset(r->out, 0, IPC_ADMIN_HEAD + sizeof(r->out->u.mark));
	snprintf(r->out->u.mark.step, IPC_ADMIN_TEXT_MAX, "source");
	snprintf(r->out->u.mark.threats, IPC_ADMIN_TEXT_MAX, "SF-I10 SF-A1");
	r->out->u.mark.after_us = 42;
	rig_send(r, IPC_ADMIN_MARK, r->last->request, sizeof(r->out->u.mark));
}

static void end(struct rig *r, enum error error)
{
	memset(r->out, 0, IPC_ADMIN_HEAD);
	r->out->error = (int32_t)error;
	rig_send(r, IPC_ADMIN_END, r->last->request, 0);
}

static void answer_peers(struct rig *r)
{
	memset(r->out, 0, IPC_ADMIN_HEAD + sizeof(r->out->u.peer));
	r->out->u.peer.peer = 0;
	r->out->u.peer.concurrent = 7;
	r->out->u.peer.refused[1] = 3;
	r->out->u.peer.refused[2] = 2;
	r->out->u.peer.refused[3] = 4;
	r->out->u.peer.refused_count = 9;
	r->out->u.peer.packets = 1000;
	r->out->u.peer.dropped[3] = 12; // auth
	rig_send(r, IPC_ADMIN_PEER, r->last->request, sizeof(r->out->u.peer));
	r->out->u.peer.peer = 4095; // no such peer: a row to be ignored
	rig_send(r, IPC_ADMIN_PEER, r->last->request, sizeof(r->out->u.peer));
	end(r, E_OK);
}

static void answer(struct rig *r)
{
	switch (r->last->type) {
	case IPC_ADMIN_COUNTERS:
		counter(r, "net.udp_sent", 5);
		counter(r, "net.udp_sent", 6); // of another worker
		counter(r, "step.1.rate.refused", 1);
		counter(r, "media.refused.source", 4);
		counter(r, "media.sessions_now", 2);
		counter(r, "media.refused.replay", 5);
		counter(r, "alarm.evil\"}\n x 1", 2);
		end(r, E_OK);
		break;
	case IPC_ADMIN_PEERS:
		answer_peers(r);
		break;
	case IPC_ADMIN_CALLS:
		call_row(r, "a\"b\\\r\n{\"x\":1}\x1b[2J\xff");
		end(r, r->calls_end);
		break;
	case IPC_ADMIN_EXPLAIN:
		if (r->explain != E_OK) {
			end(r, r->explain);
			break;
		}
		call_row(r, "plain");
		mark_row(r);
		end(r, E_OK);
		break;
	case IPC_ADMIN_DRY_RUN:
		mark_row(r);
		end(r, E_OK);
		break;
	case IPC_ADMIN_HANGUP:
		end(r, r->hangup);
		break;
	default:
		end(r, E_OK);
		break;
	}
}

static void signaller_h(evutil_socket_t fd, short what, void *ctx)
{
	struct rig *r = ctx;
	(void)what;
	ssize_t n = recv(fd, r->last, sizeof(*r->last), MSG_DONTWAIT);
	if (n < (ssize_t)IPC_ADMIN_HEAD)
		return;
	assert_int_equal(r->last->version, IPC_ADMIN_VERSION);
	assert_true(r->last->type < IPC_ADMIN_TYPES);
	r->questions[r->last->type]++;
	if (r->last->type == IPC_ADMIN_RECORD_ACK) {
		r->acked = r->last->request;
	} else if (r->last->type == IPC_ADMIN_RECORD_STATE) {
		r->states++;
		r->state = r->last->flag;
	} else if (!r->mute) {
		answer(r);
	}
}

static result monitor_h(void *ctx, const struct ipc_control *m)
{
	struct rig *r = ctx;
	r->monitor_last = *m; // answered between turns: the real one is another process
	return OK;
}

static void monitor_answer(struct rig *r)
{
	struct ipc_control a = r->monitor_last;
	if (r->mute || a.type == 0)
		return;
	bool list = a.type == IPC_CONTROL_PROCESSES;
	r->monitor_last.type = 0;
	a.type = list ? IPC_CONTROL_PROCESS : IPC_CONTROL_RELOADED;
	a.role = ROLE_MEDIA;
	a.index = 2;
	a.worker = 4711;
	a.flag = 1;
	a.generation = 2; // one behind
	admin_on_control(r->admin, &a);
	if (list) {
		a.role = ROLE_SIGNER;
		a.tally[IPC_TALLY_SIGNED] = 5;
		a.tally[IPC_TALLY_LIMITED] = 1;
		admin_on_control(r->admin, &a);
		a.role = ROLE_RESOLVER;
		admin_on_control(r->admin, &a);
	}
	a.role = ROLE_COUNT;
	if (list)
		admin_on_control(r->admin, &a);
}

static struct snapshot *make_snapshot(const struct rig *r)
{
	size_t from = (sizeof(struct snapshot) + 63) / 64 * 64, size = from + 2 * sizeof(struct peer);
	struct snapshot *s = calloc(1, size);
	assert_non_null(s);
	s->magic = SNAPSHOT_MAGIC;
	s->version = SNAPSHOT_VERSION;
	s->generation = 3;
	s->zone_count = 2;
	snprintf(s->zone[0].name, NAME_MAX_LEN, "core");
	s->zone[0].is_core = 1;
	snprintf(s->zone[1].name, NAME_MAX_LEN, "peering");
	s->listener_count = 1;
	snprintf(s->listener[0].name, NAME_MAX_LEN, "edge");
	s->peer_count = 2;
	s->peers = (struct blob){(uint32_t)from, (uint32_t)(2 * sizeof(struct peer))};
	struct peer *p = (struct peer *)(void *)((char *)s + from);
	snprintf(p[0].name, NAME_MAX_LEN, "ssp-b");
	p[0].zone = 1;
	p[0].in_service = 1;
	p[0].anchor = 1;
	p[0].headers_strict = 1;
	p[0].waiver[CONTROL_SRTP] = (struct waiver){1, UINT64_MAX / 2, "old \"gear\""};
	p[0].shadow[CONTROL_NUMBERS] = 1;
	snprintf(p[1].name, NAME_MAX_LEN, "softswitch");
	p[1].blocked = 1;
	snprintf(s->settings.domain, sizeof(s->settings.domain), "ssp-a.example");
	snprintf(s->settings.records_path, sizeof(s->settings.records_path), "%s/records.jsonl", r->folder);
	snprintf(s->settings.trace_path, sizeof(s->settings.trace_path), "%s", r->folder);
	snapshot_seal(s, size);
	return s;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static int listen_tcp(uint16_t *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static void quiet(const char *line, size_t len, void *ctx)
{
	(void)line;
	(void)len;
	(void)ctx;
}

static void begin(struct rig *r)
{
	struct admin_config c = {.base = r->base, .api = listen_unix(r->socket), .metrics = listen_tcp(&r->metrics_port),
		.signaller = r->channel, .directory = -1, .owner = geteuid(), .version = "1.2.3",
		.steps = {4, step_name, step_threats, step_control}, .disk = &test_disk, .clock = test_clock, .monitor = monitor_h, .ctx = r};
	assert_ok(admin_new(&r->admin, &c, r->snapshot));
	rig_turn(r, 20);
}

int rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	int pair[2], big = 1048576;
	log_set_sink(quiet, NULL);
	signal(SIGPIPE, SIG_IGN); // as in every child of the monitor
	rig_offset_us = 0;
	current = r;
	snprintf(r->folder, sizeof(r->folder), "/tmp/unit-admin-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	snprintf(r->socket, sizeof(r->socket), "%s/admin.sock", r->folder);
	r->base = event_base_new();
	r->last = calloc(1, sizeof(*r->last));
	r->out = calloc(1, sizeof(*r->out));
	r->snapshot = make_snapshot(r);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	r->signaller = pair[1];
	r->signaller_event = event_new(r->base, r->signaller, EV_READ | EV_PERSIST, signaller_h, r);
	event_add(r->signaller_event, NULL);
	r->channel = pair[0];
	begin(r);
	*state = r;
	return 0;
}

void rig_restart(struct rig *r)
{
	admin_free(r->admin);
	unlink(r->socket);
	begin(r);
}

int rig_teardown(void **state)
{
	struct rig *r = *state;
	char command[128];
	admin_free(r->admin);
	event_free(r->signaller_event);
	event_base_free(r->base);
	libevent_global_shutdown();
	close(r->signaller);
	static const char *const names[] = {"records.jsonl", "records.jsonl.spill", "audit.jsonl", "admin.sock", "trace-1.pcapng", "trace-2.pcapng"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(command, sizeof(command), "%s/%s", r->folder, names[i]);
		unlink(command);
	}
	assert_int_equal(rmdir(r->folder), 0);
	free(r->answer);
	free(r->snapshot);
	free(r->last);
	free(r->out);
	free(r);
	return 0;
}

void rig_turn(struct rig *r, int ms)
{
	uint64_t until = clock_now().mono_us + (uint64_t)ms * 1000;
	while (clock_now().mono_us < until) {
		event_base_loop(r->base, EVLOOP_NONBLOCK);
		monitor_answer(r);
		usleep(500);
	}
}

int rig_connect(struct rig *r)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", r->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

enum { ANSWER_ROOM = 1 << 20 };

const char *rig_exchange(struct rig *r, int fd, const char *request, size_t len)
{
	uint64_t until = clock_now().mono_us + 5 * SECOND;
	size_t sent = 0;
	free(r->answer);
	r->answer = calloc(1, ANSWER_ROOM);
	r->answer_len = 0;
	while (clock_now().mono_us < until) {
		if (sent < len) {
			ssize_t n = send(fd, request + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += n > 0 ? (size_t)n : 0;
		}
		event_base_loop(r->base, EVLOOP_NONBLOCK);
		monitor_answer(r);
		ssize_t n = recv(fd, r->answer + r->answer_len, ANSWER_ROOM - 1 - r->answer_len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			break;
		r->answer_len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return r->answer;
}

const char *rig_ask(struct rig *r, const char *request)
{
	return rig_exchange(r, rig_connect(r), request, strlen(request));
}

json_t *rig_json(struct rig *r)
{
	const char *body = strstr(r->answer, "\r\n\r\n");
	assert_non_null(body);
	json_t *o = json_loads(body + 4, 0, NULL);
	assert_non_null(o);
	return o;
}

int rig_status(const struct rig *r)
{
	return strncmp(r->answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(r->answer + 9, NULL, 10) : 0;
}

void rig_record(struct rig *r, uint32_t number, const char *call_id)
{
	memset(r->out, 0, IPC_ADMIN_HEAD + sizeof(r->out->u.record));
	struct ipc_admin_record *k = &r->out->u.record;
	snprintf(k->call.call_id[0], IPC_ADMIN_ID_MAX, "%s", call_id);
	k->call.peer[1] = 1;
	k->call.start_ms = 1700000000000;
	k->call.answer_ms = 1700000001000;
	k->call.duration_us = 2500000;
	snprintf(k->call.end_reason, IPC_ADMIN_TEXT_MAX, "BYE");
	k->mark_count = 1;
	k->stream_count = 1;
	k->stream[0].suite[1] = SUITE_AEAD_AES_128_GCM;
	k->stream[0].keying = KEYING_ADD;
	k->stream[0].stats[0].packets = 125;
	snprintf(k->stream[0].codec, IPC_ADMIN_TEXT_MAX, "PCMA");
	rig_send(r, IPC_ADMIN_RECORD, number, sizeof(*k));
}

char *rig_file(struct rig *r, const char *name, char *out, size_t room)
{
	snprintf(r->path, sizeof(r->path), "%s/%s", r->folder, name);
	FILE *f = fopen(r->path, "rb");
	size_t n = f != NULL ? fread(out, 1, room - 1, f) : 0;
	out[n] = '\0';
	if (f != NULL)
		fclose(f);
	return out;
}
