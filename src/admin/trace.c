// SPDX-License-Identifier: Apache-2.0
// One trace at a time, bounded in time and octets, redacted, journalled at its beginning and end. It goes to the
// administrator's connection, or to one of a few files in the folder of traces.
#include "admin/inside.h"
#include "admin/pcapng.h"
#include "admin/redact.h"
#include "base/log.h"
#include "base/memory.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TRACE_FILES_MAX = 8,               // the oldest is written over
	TRACE_UNSENT_MAX = 4 * 1024 * 1024, // [octets] a reader that is slower loses the rest
};

struct trace {
	struct evhttp_request *req; // NULL: to the file
	int fd;
	off_t at;
	uint64_t until_us;
	uint64_t octets_left, packets, redacted;
	uid_t uid;
	char target[API_TEXT_MAX];
	uint8_t block[PCAPNG_PACKET_MAX];
};

static void ignore_h(void *ctx, const struct ask_reply *r)
{
	UNUSED(ctx);
	UNUSED(r);
}

static result tell_signaller(struct admin *a, peer_id peer, const char *call_id, bool on, ask_h handler, void *ctx)
{
	struct ipc_admin *m = a->packet;
	memset(m, 0, IPC_ADMIN_HEAD + sizeof(m->u.key));
	m->type = IPC_ADMIN_TRACE;
	m->flag = on;
	m->peer = peer;
	REQUIRE((size_t)snprintf(m->u.key, sizeof(m->u.key), "%s", call_id) < sizeof(m->u.key), E_TOO_LONG);
	return ask_admin(&a->ask, ASK_SIGNALLER, m, sizeof(m->u.key), admin_now(a).mono_us, handler, ctx);
}

static void finish(struct admin *a, const char *why)
{
	struct trace *t = a->trace;
	char outcome[128];
	if (t == NULL)
		return;
	a->trace = NULL;
	IGNORE_RESULT(tell_signaller(a, PEER_NONE, "", false, ignore_h, NULL)); // else what comes is dropped
	snprintf(outcome, sizeof(outcome), "%s: %llu messages, %llu secrets redacted", why, (unsigned long long)t->packets,
		(unsigned long long)t->redacted);
	IGNORE_RESULT(journal_write(&a->journal, admin_now(a).wall_ms, t->uid, "trace-end", t->target, outcome)); // logged
	if (t->req != NULL)
		evhttp_send_reply_end(t->req);
	if (t->fd >= 0)
		close(t->fd);
	memory_free(t);
}

static void write_out(struct admin *a, const uint8_t *octets, uint32_t n)
{
	struct trace *t = a->trace;
	if (n > t->octets_left) {
		finish(a, "size reached");
		return;
	}
	t->octets_left -= n;
	if (t->req == NULL) {
		result r = disk_write_all(a->config.disk, t->fd, octets, n, t->at);
		t->at += n;
		if (!is_ok(r))
			finish(a, "the disk takes no more");
		return;
	}
	struct evhttp_connection *c = evhttp_request_get_connection(t->req);
	struct bufferevent *b = c != NULL ? evhttp_connection_get_bufferevent(c) : NULL;
	struct evbuffer *out = evbuffer_new();
	bool good = b != NULL && out != NULL && evbuffer_get_length(bufferevent_get_output(b)) < TRACE_UNSENT_MAX &&
		    evbuffer_add(out, octets, n) == 0;
	if (good)
		evhttp_send_reply_chunk(t->req, out);
	if (out != NULL)
		evbuffer_free(out);
	if (!good)
		finish(a, "the reader is away or too slow");
}

// A file that is free, or the oldest.
static int open_file(const struct admin *a, char path[ROTATE_PATH_MAX])
{
	struct stat st;
	int chosen = 1;
	int64_t oldest = INT64_MAX;
	for (int i = 1; i <= TRACE_FILES_MAX; i++) {
		snprintf(path, ROTATE_PATH_MAX, "%.255s/trace-%d.pcapng", a->snapshot->settings.trace_path, i);
		int64_t age = stat(path, &st) == 0 ? (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec : INT64_MIN;
		if (age < oldest) {
			oldest = age;
			chosen = i;
		}
	}
	snprintf(path, ROTATE_PATH_MAX, "%.255s/trace-%d.pcapng", a->snapshot->settings.trace_path, chosen);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || ftruncate(fd, 0) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void begin_stream(struct trace *t, struct answer *a)
{
	t->req = a->req;
	evhttp_add_header(evhttp_request_get_output_headers(a->req), "Content-Type", "application/x-pcapng");
	evhttp_add_header(evhttp_request_get_output_headers(a->req), "Connection", "close");
	evhttp_send_reply_start(a->req, 200, "OK");
	answer_none(a);
}

// The signaller has the filter.
static void started_h(void *ctx, const struct ask_reply *r)
{
	struct answer *a = ctx;
	struct admin *admin = a->admin;
	struct trace *t = admin->trace;
	uint8_t head[PCAPNG_HEAD_MAX];
	if (!r->end)
		return;
	if (r->error != E_OK || t == NULL) {
		if (t != NULL)
			finish(admin, "the signaller did not begin");
		answer_failed(a, r->error != E_OK ? r->error : E_CLOSED, "signaller", NULL);
		return;
	}
	if (t->fd >= 0)
		answer_send(a);
	else
		begin_stream(t, a);
	write_out(admin, head, pcapng_head("sallyport", head));
}

static bool prepare(struct answer *a, bool to_file, uint32_t seconds, uint32_t octets)
{
	struct admin *admin = a->admin;
	char path[ROTATE_PATH_MAX] = "";
	struct trace *t = memory_alloc(sizeof(*t));
	int fd = t != NULL && to_file ? open_file(admin, path) : -1;
	a->root = json_pack("{s:s, s:i, s:i}", "file", path, "seconds", (int)seconds, "octets", (int)octets);
	if (t == NULL || a->root == NULL || (to_file && fd < 0)) {
		if (fd >= 0)
			close(fd);
		memory_free(t);
		if (to_file && fd < 0)
			answer_error(a, 503, "the trace file cannot be opened", admin->snapshot->settings.trace_path,
				"make the folder, writable for the user of sallyport, or mend `trace: {path: ...}`");
		else
			answer_failed(a, E_NO_MEMORY, "admin", NULL);
		return false;
	}
	t->fd = fd;
	t->uid = a->uid;
	t->octets_left = octets;
	t->until_us = admin_now(admin).mono_us + seconds * SECOND;
	snprintf(t->target, sizeof(t->target), "%s", a->target);
	admin->trace = t;
	return true;
}

void trace_begin(struct answer *a, peer_id peer, const char *call_id, uint32_t seconds, uint32_t octets, bool to_file)
{
	struct admin *admin = a->admin;
	if (call_id[0] != '\0')
		snprintf(a->target, sizeof(a->target), "call %.*s", API_TEXT_MAX - 6, call_id);
	else
		snprintf(a->target, sizeof(a->target), "peer %s", view_peer_name(admin->snapshot, peer));
	if (admin->trace != NULL) {
		answer_error(a, 409, "another trace runs", admin->trace->target, "wait for its end");
		return;
	}
	// Nobody listens in without an entry in the journal (BE-1).
	if (!is_ok(journal_write(&admin->journal, admin_now(admin).wall_ms, a->uid, "trace", a->target, "begins"))) {
		answer_error(a, 503, "the journal takes no entry, so nothing is traced", admin->journal.file.path,
			"free space in that folder");
		return;
	}
	if (!prepare(a, to_file, seconds, octets))
		return;
	result r = tell_signaller(admin, peer, call_id, true, started_h, a);
	if (!is_ok(r)) {
		finish(admin, "the signaller is away");
		answer_failed(a, r.error, "signaller", NULL);
	}
}

void trace_packet(struct admin *a, const struct ipc_admin *m, size_t n)
{
	struct trace *t = a->trace;
	if (t == NULL || (t->req == NULL && t->fd < 0))
		return;
	if (m->u.traced.len > n - IPC_ADMIN_HEAD - offsetof(struct ipc_admin_traced, octets)) {
		a->ask.lost++;
		return;
	}
	struct ipc_admin *own = (struct ipc_admin *)(uintptr_t)m; // our receive buffer
	t->redacted += redact_message(own->u.traced.octets, own->u.traced.len);
	t->packets++;
	write_out(a, t->block, pcapng_packet(&own->u.traced, t->block));
}

void trace_run(struct admin *a, uint64_t now_us)
{
	if (a->trace != NULL && a->trace->until_us <= now_us && (a->trace->req != NULL || a->trace->fd >= 0))
		finish(a, "time reached");
}

uint64_t trace_deadline(const struct admin *a)
{
	return a->trace != NULL && (a->trace->req != NULL || a->trace->fd >= 0) ? a->trace->until_us : NO_DEADLINE;
}

void trace_end(struct admin *a, const char *why)
{
	finish(a, why);
}
