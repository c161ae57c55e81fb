// SPDX-License-Identifier: Apache-2.0
// The metrics endpoint: loopback TCP, open to every local user, so it answers one question and nothing else. libevent's
// HTTP server has no bound on connections; here there are METRICS_MAX, each with a deadline and a bounded request head.
#include "admin/inside.h"
#include "admin/prom.h"
#include "base/memory.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <string.h>
#include <unistd.h>

enum {
	METRICS_MAX = 8,          // connections at once
	METRICS_HEAD_MAX = 4096,  // [octets] of a request
	METRICS_DEADLINE_S = 10,  // of one connection, whatever it does
};

struct scrape {
	struct metrics *home;
	struct bufferevent *stream; // NULL: free, or only waiting for its gather to end
	struct event *deadline;
	bool gathering, answered;
};

struct metrics {
	struct admin *admin;
	struct evconnlistener *listener;
	struct scrape scrape[METRICS_MAX];
};

static void scrape_close(struct scrape *s)
{
	if (s->stream != NULL)
		bufferevent_free(s->stream);
	if (s->deadline != NULL)
		event_free(s->deadline);
	s->stream = NULL;
	s->deadline = NULL;
	s->answered = false;
}

static void reply(struct scrape *s, const char *status, struct evbuffer *body)
{
	struct evbuffer *out = bufferevent_get_output(s->stream);
	s->answered = true;
	evbuffer_add_printf(out, "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
		"Content-Length: %zu\r\n\r\n", status, body != NULL ? evbuffer_get_length(body) : (size_t)0);
	if (body != NULL)
		evbuffer_add_buffer(out, body);
}

static void gathered_h(void *ctx, json_t *status)
{
	struct scrape *s = ctx;
	struct evbuffer *body = evbuffer_new();
	s->gathering = false;
	if (s->stream != NULL) {
		bool good = status != NULL && body != NULL && is_ok(prom_write(status, body));
		reply(s, good ? "200 OK" : "503 Out of memory", good ? body : NULL);
	}
	if (body != NULL)
		evbuffer_free(body);
	json_decref(status);
}

static void read_h(struct bufferevent *stream, void *ctx)
{
	struct scrape *s = ctx;
	struct evbuffer *in = bufferevent_get_input(stream);
	if (s->gathering || s->answered) {
		evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	if (end.pos < 0) {
		if (evbuffer_get_length(in) >= METRICS_HEAD_MAX)
			scrape_close(s);
		return;
	}
	static const char want[] = "GET /metrics ";
	const unsigned char *head = evbuffer_pullup(in, sizeof(want) - 1);
	bool good = head != NULL && memcmp(head, want, sizeof(want) - 1) == 0;
	evbuffer_drain(in, evbuffer_get_length(in));
	if (!good) {
		reply(s, "404 Not found", NULL);
		return;
	}
	s->gathering = true;
	status_gather(s->home->admin, STATUS_ALL, gathered_h, s);
	admin_rearm(s->home->admin);
}

static void written_h(struct bufferevent *stream, void *ctx)
{
	struct scrape *s = ctx;
	UNUSED(stream);
	if (s->answered)
		scrape_close(s);
}

static void event_h(struct bufferevent *stream, short what, void *ctx)
{
	UNUSED(stream);
	UNUSED(what);
	scrape_close(ctx); // far end closed, or an error
}

static void deadline_h(evutil_socket_t fd, short what, void *ctx)
{
	UNUSED(fd);
	UNUSED(what);
	scrape_close(ctx);
}

static struct scrape *scrape_free(struct metrics *m)
{
	for (uint32_t i = 0; i < METRICS_MAX; i++)
		if (m->scrape[i].stream == NULL && !m->scrape[i].gathering)
			return &m->scrape[i];
	return NULL;
}

static void accept_h(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len, void *ctx)
{
	struct metrics *m = ctx;
	struct scrape *s = scrape_free(m);
	struct timeval after = {METRICS_DEADLINE_S, 0};
	UNUSED(l);
	UNUSED(from);
	UNUSED(len);
	if (s == NULL) {
		m->admin->refused_requests++;
		close(fd);
		return;
	}
	*s = (struct scrape){.home = m};
	s->stream = bufferevent_socket_new(m->admin->config.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (s->stream == NULL) {
		close(fd);
		return;
	}
	s->deadline = event_new(m->admin->config.base, -1, 0, deadline_h, s);
	bufferevent_setcb(s->stream, read_h, written_h, event_h, s);
	bufferevent_setwatermark(s->stream, EV_READ, 0, METRICS_HEAD_MAX);
	if (s->deadline == NULL || event_add(s->deadline, &after) != 0 || bufferevent_enable(s->stream, EV_READ | EV_WRITE) != 0)
		scrape_close(s);
}

static void accept_error_h(struct evconnlistener *l, void *ctx)
{
	struct metrics *m = ctx;
	api_pause(m->admin, l);
}

void metrics_resume(struct admin *a)
{
	if (a->metrics != NULL)
		evconnlistener_enable(a->metrics->listener);
}

result metrics_open(struct admin *a)
{
	if (a->config.metrics < 0)
		return OK;
	a->metrics = memory_alloc(sizeof(*a->metrics));
	REQUIRE(a->metrics != NULL, E_NO_MEMORY);
	a->metrics->admin = a;
	a->metrics->listener = evconnlistener_new(a->config.base, accept_h, a->metrics, LEV_OPT_CLOSE_ON_EXEC, 0,
		a->config.metrics);
	REQUIRE(a->metrics->listener != NULL, E_NO_MEMORY);
	evconnlistener_set_error_cb(a->metrics->listener, accept_error_h);
	return OK;
}

void metrics_close(struct admin *a)
{
	if (a->metrics == NULL)
		return;
	if (a->metrics->listener != NULL)
		evconnlistener_free(a->metrics->listener);
	for (uint32_t i = 0; i < METRICS_MAX; i++)
		scrape_close(&a->metrics->scrape[i]);
	memory_free(a->metrics);
	a->metrics = NULL;
}
