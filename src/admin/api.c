// SPDX-License-Identifier: Apache-2.0
// The HTTP server on the local socket: who asks (BE-1), which route, how many at once. Handlers stand in routes.c.
#include "admin/inside.h"
#include "admin/text.h"
#include "base/memory.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <string.h>
#include <sys/socket.h>

// The kernel says who connected; nothing that the client sends counts.
static bool caller_of(struct evhttp_request *req, uid_t *uid)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);
	struct evhttp_connection *c = evhttp_request_get_connection(req);
	struct bufferevent *b = c != NULL ? evhttp_connection_get_bufferevent(c) : NULL;
	if (b == NULL || getsockopt(bufferevent_getfd(b), SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 || n != sizeof(cred))
		return false;
	*uid = cred.uid;
	return true;
}

// Does PATH follow PATTERN? The segment at '*' is decoded into ARG. E_NOT_FOUND, E_SYNTAX, E_TOO_LONG.
static result path_match(const char *pattern, const char *path, char arg[API_TEXT_MAX])
{
	const char *star = strchr(pattern, '*');
	arg[0] = '\0';
	if (star == NULL)
		return strcmp(pattern, path) == 0 ? OK : FAIL(E_NOT_FOUND);
	size_t before = (size_t)(star - pattern), after = strlen(star + 1), n = strlen(path);
	REQUIRE(n > before + after && strncmp(pattern, path, before) == 0, E_NOT_FOUND);
	REQUIRE(strcmp(path + n - after, star + 1) == 0, E_NOT_FOUND);
	REQUIRE(memchr(path + before, '/', n - before - after) == NULL, E_NOT_FOUND);
	return text_percent_decode(path + before, n - before - after, arg, API_TEXT_MAX);
}

static const struct route *route_of(enum evhttp_cmd_type method, const char *path, char arg[API_TEXT_MAX], bool *other)
{
	*other = false;
	for (uint32_t i = 0; i < api_route_count; i++) {
		if (!is_ok(path_match(api_routes[i].path, path, arg)))
			continue;
		if (api_routes[i].method == method)
			return &api_routes[i];
		*other = true;
	}
	return NULL;
}

static void serve(struct answer *a, struct evhttp_request *req)
{
	char arg[API_TEXT_MAX];
	bool other_method;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	if (path == NULL) {
		answer_error(a, 400, "the request has no path", "request line", "see sallyport(1)");
		return;
	}
	a->query = evhttp_uri_get_query(uri);
	const struct route *r = route_of(evhttp_request_get_command(req), path, arg, &other_method);
	if (r == NULL)
		answer_error(a, other_method ? 405 : 404, other_method ? "wrong method" : "no such resource", path,
			"see sallyport(1) for the list");
	else if (a->role < r->role)
		answer_error(a, 403, "this role may only look", path, "ask as the owner of the system or as root");
	else
		r->handler(a, arg);
}

static void request_h(struct evhttp_request *req, void *ctx)
{
	struct admin *admin = ctx;
	uid_t uid;
	if (!caller_of(req, &uid) || (uid != 0 && uid != admin->config.owner)) {
		admin->refused_requests++;
		evhttp_send_error(req, 403, "Not the owner of this system");
		return;
	}
	struct answer *a = admin->answers < API_ANSWERS_MAX ? memory_alloc(sizeof(*a)) : NULL;
	if (a != NULL)
		a->located = PEER_NONE;
	if (a == NULL) {
		admin->refused_requests++;
		evhttp_send_error(req, 503, "Too many requests under way");
		return;
	}
	a->admin = admin;
	a->req = req;
	a->uid = uid;
	a->role = API_OPERATOR; // the owner and root; nobody else comes this far
	admin->answers++;
	serve(a, req);
	admin_rearm(admin);
}

void api_pause(struct admin *a, struct evconnlistener *l)
{
	const struct timeval pause = {0, ACCEPT_PAUSE_MS * 1000};
	a->accept_errors++;
	if (evtimer_add(a->doors, &pause) == 0)
		evconnlistener_disable(l);
}

static void doors_h(evutil_socket_t fd, short what, void *ctx)
{
	struct admin *a = ctx;
	UNUSED(fd);
	UNUSED(what);
	if (a->door != NULL)
		evconnlistener_enable(a->door);
	metrics_resume(a);
}

// banned-ok: libevent hands this handler its own pointer, not ours; there is one admin in a process
static struct admin *of_door;

static void accept_error_h(struct evconnlistener *l, void *http)
{
	UNUSED(http);
	api_pause(of_door, l);
}

result api_open(struct admin *a)
{
	a->doors = evtimer_new(a->config.base, doors_h, a);
	REQUIRE(a->doors != NULL, E_NO_MEMORY);
	if (a->config.api < 0)
		return OK;
	a->http = evhttp_new(a->config.base);
	REQUIRE(a->http != NULL, E_NO_MEMORY);
	evhttp_set_allowed_methods(a->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(a->http, API_HEAD_MAX);
	evhttp_set_max_body_size(a->http, API_BODY_MAX);
	evhttp_set_timeout(a->http, API_TIMEOUT_S);
	evhttp_set_gencb(a->http, request_h, a);
	struct evconnlistener *l = evconnlistener_new(a->config.base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, a->config.api);
	REQUIRE(l != NULL, E_NO_MEMORY);
	of_door = a;
	evconnlistener_set_error_cb(l, accept_error_h);
	a->door = l;
	if (evhttp_bind_listener(a->http, l) != NULL)
		return OK;
	a->door = NULL;
	evconnlistener_free(l);
	return FAIL(E_NO_MEMORY);
}

void api_close(struct admin *a)
{
	if (a->http != NULL)
		evhttp_free(a->http);
	a->http = NULL;
	a->door = NULL;
	if (a->doors != NULL)
		event_free(a->doors);
	a->doors = NULL;
}
