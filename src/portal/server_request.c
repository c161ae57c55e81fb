// SPDX-License-Identifier: Apache-2.0
// A request: answered at once, or when the directory has answered, or when its deadline passes.
#include "portal/server_inside.h"

#include "portal/envelope.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static const char *method_name(enum evhttp_cmd_type m)
{
	return m == EVHTTP_REQ_GET ? "GET" : "another"; // of the others none is served
}

static struct service_querier querier(const struct portal_server *p, const struct connection *c)
{
	static const struct service_rights none = {0};
	const struct peer *peer = snapshot_peer(p->snapshot, c->claim.peer);
	return (struct service_querier){c->claim.peer, peer != NULL ? &peer->portal : &none, &p->budget[c->claim.peer],
		&p->harvest[c->claim.peer]};
}

static const char *reason_of(uint16_t status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 414:
		return "URI Too Long";
	case 429:
		return "Too Many Requests";
	case 503:
		return "Service Unavailable";
	default:
		return "Forbidden";
	}
}

// Takes R's body over.
static void reply(struct portal_server *p, struct connection *c, struct evhttp_request *http, struct service_reply *r, const char *type)
{
	struct evkeyvalq *head = evhttp_request_get_output_headers(http);
	struct evbuffer *out = r->body != NULL ? evbuffer_new() : NULL;
	char seconds[16];
	p->count[r->status == 429 ? PORTAL_LIMITED : PORTAL_ANSWERED]++;
	if (out == NULL || evbuffer_add(out, r->body, strlen(r->body)) != 0)
		r->status = 503;
	snprintf(seconds, sizeof(seconds), "%u", r->retry_after_s);
	if (r->retry_after_s != 0)
		evhttp_add_header(head, "Retry-After", seconds);
	if (r->status == 405)
		evhttp_add_header(head, "Allow", "GET");
	evhttp_add_header(head, "Content-Type", type);
	evhttp_add_header(head, "Cache-Control", "no-store");
	connection_await(c, true); // the next one
	evhttp_send_reply(http, r->status, reason_of(r->status), out);
	if (out != NULL)
		evbuffer_free(out);
	free(r->body);
	r->body = NULL;
}

// ---- questions to the directory

static struct question *question_free(struct portal_server *p)
{
	for (uint32_t i = 0; i < PORTAL_ASKS_MAX; i++)
		if (!p->question[i].used)
			return &p->question[i];
	return NULL;
}

static void question_end(struct question *q)
{
	if (q->http != NULL)
		evhttp_connection_set_closecb(evhttp_request_get_connection(q->http), NULL, NULL);
	event_del(q->deadline);
	q->http = NULL;
	q->used = false;
}

// ANSWER NULL: none came in time.
static void answered(struct question *q, const struct ipc_lookup *answer)
{
	struct portal_server *p = q->server;
	struct evhttp_request *http = q->http;
	struct connection *c = q->connection;
	struct now now = p->config.clock();
	struct service_reply r = {0};
	question_end(q);
	if (http == NULL)
		return; // nobody waits for it
	struct service_querier who = querier(p, c);
	service_answer(p->snapshot, &who, &q->ask, answer, &now, &r);
	reply(p, c, http, &r, "application/json");
}

static void deadline_h(evutil_socket_t fd, short what, void *arg)
{
	UNUSED(fd);
	UNUSED(what);
	answered(arg, NULL);
}

// The connection ends while its request waits for us. libevent frees the request with it, unless it has cut it loose: then it is ours.
static void closed_h(struct evhttp_connection *e, void *arg)
{
	struct question *q = arg;
	UNUSED(e);
	if (q->http != NULL && evhttp_request_get_connection(q->http) == NULL)
		evhttp_request_free(q->http);
	q->http = NULL;
	q->connection = NULL;
}

static bool send_question(struct portal_server *p, struct question *q)
{
	static const struct timeval deadline = {SERVICE_DEADLINE_MS / 1000, SERVICE_DEADLINE_MS % 1000 * 1000};
	size_t n = IPC_LOOKUP_HEAD + sizeof(q->ask.u.query);
	if (q->deadline == NULL)
		q->deadline = event_new(p->config.base, -1, 0, deadline_h, q);
	q->ask.request = ++p->number;
	return q->deadline != NULL && event_add(q->deadline, &deadline) == 0 &&
	       send(p->config.directory, &q->ask, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
}

static void ask(struct portal_server *p, struct connection *c, struct evhttp_request *http, const struct ipc_lookup *m)
{
	struct question *q = question_free(p);
	struct service_reply r = {0};
	if (q != NULL) {
		q->server = p;
		q->connection = c;
		memcpy(&q->ask, m, IPC_LOOKUP_HEAD + sizeof(m->u.query));
		if (send_question(p, q)) {
			q->used = true;
			q->http = http;
			evhttp_connection_set_closecb(evhttp_request_get_connection(http), closed_h, q);
			return;
		}
		if (q->deadline != NULL)
			event_del(q->deadline);
	}
	service_later(&r);
	reply(p, c, http, &r, "application/json");
}

void directory_h(evutil_socket_t fd, short what, void *server)
{
	static struct ipc_lookup m; // large, one thread
	struct portal_server *p = server;
	UNUSED(what);
	for (uint32_t k = 0; k < PORTAL_TURN_MAX; k++) {
		ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
		if (n <= 0)
			return;
		if ((size_t)n != IPC_LOOKUP_HEAD + sizeof(m.u.answer.lookup))
			continue; // whoever asked has a deadline
		for (uint32_t i = 0; i < PORTAL_ASKS_MAX; i++)
			if (p->question[i].used && p->question[i].ask.request == m.request) {
				answered(&p->question[i], &m);
				break;
			}
	}
}

// ---- requests

static void profile(struct portal_server *p, struct connection *c, struct evhttp_request *http, const struct now *now)
{
	const struct snapshot *s = p->snapshot;
	struct service_reply r = {.status = 200};
	json_t *o = NULL;
	result made = profile_make(s, c->claim.peer, now->wall_ms, &o);
	if (is_ok(made))
		made = envelope_seal(o, snapshot_blob(s, s->settings.certificate), p->config.signer.sign, p->config.signer.ctx, &r.body);
	json_decref(o);
	if (!is_ok(made))
		service_later(&r);
	reply(p, c, http, &r, "application/json");
}

void request_h(struct evhttp_request *http, void *server)
{
	static struct ipc_lookup m; // large, one thread
	struct portal_server *p = server;
	struct connection *c = connection_proved(p, http);
	struct service_reply r = {0};
	struct now now = p->config.clock();
	const char *target = evhttp_request_get_uri(http);
	if (c == NULL) {
		evhttp_add_header(evhttp_request_get_output_headers(http), "Connection", "close");
		evhttp_send_reply(http, 403, reason_of(403), NULL);
		return;
	}
	connection_await(c, false);
	struct service_querier who = querier(p, c);
	switch (service_request(p->snapshot, &who, bytes_of_string(method_name(evhttp_request_get_command(http))),
		bytes_of_string(target != NULL ? target : ""), &now, &m, &r)) {
	case SERVICE_ASK:
		ask(p, c, http, &m);
		return;
	case SERVICE_PROFILE:
		profile(p, c, http, &now);
		return;
	case SERVICE_REPLY:
	default:
		reply(p, c, http, &r, "application/json");
		return;
	}
}
