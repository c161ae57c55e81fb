// SPDX-License-Identifier: Apache-2.0
// Beginning, next snapshot, end.
#include "portal/server_inside.h"

#include "base/memory.h"

#include <event2/listener.h>
#include <sodium.h>

static result tables(struct portal_server *p)
{
	p->question = memory_array(PORTAL_ASKS_MAX, sizeof(*p->question));
	p->budget = memory_array(PEERS_MAX, sizeof(*p->budget));
	p->harvest = memory_array(PEERS_MAX, sizeof(*p->harvest));
	return p->question != NULL && p->budget != NULL && p->harvest != NULL ? OK : FAIL(E_NO_MEMORY);
}

static result listen_all(struct portal_server *p)
{
	for (uint32_t i = 0; i < p->config.listeners && i < PORTAL_ADDRESSES_MAX; i++) {
		p->listener[i] = evconnlistener_new(p->config.base, NULL, NULL, 0, 0, p->config.listener[i]);
		REQUIRE(p->listener[i] != NULL, E_NO_MEMORY);
		if (evhttp_bind_listener(p->http, p->listener[i]) == NULL) {
			evconnlistener_free(p->listener[i]);
			p->listener[i] = NULL;
			return FAIL(E_NO_MEMORY);
		}
	}
	return OK;
}

// Every method comes to us, so that it is answered as service.h says.
static result serve_http(struct portal_server *p)
{
	p->http = evhttp_new(p->config.base);
	REQUIRE(p->http != NULL, E_NO_MEMORY);
	evhttp_set_allowed_methods(p->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						    EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
	evhttp_set_max_headers_size(p->http, PORTAL_HEAD_MAX);
	evhttp_set_max_body_size(p->http, PORTAL_BODY_MAX);
	evhttp_set_default_content_type(p->http, NULL);
	evhttp_set_timeout(p->http, PORTAL_IDLE_S);
	evhttp_set_gencb(p->http, request_h, p);
	evhttp_set_bevcb(p->http, connection_new, p);
	return listen_all(p);
}

static result begin(struct portal_server *p, const struct registry *r)
{
	TRY(tables(p));
	TRY(tls_new(&p->tls, &p->config.signer, NULL));
	TRY(portal_server_use(p, r));
	p->directory = event_new(p->config.base, p->config.directory, EV_READ | EV_PERSIST, directory_h, p);
	REQUIRE(p->directory != NULL && event_add(p->directory, NULL) == 0, E_NO_MEMORY);
	return serve_http(p);
}

result portal_server_new(struct portal_server **out, const struct portal_server_config *c, const struct registry *r)
{
	*out = NULL;
	struct portal_server *p = memory_alloc(sizeof(*p));
	REQUIRE(p != NULL, E_NO_MEMORY);
	p->config = *c;
	// The channel outlives a portal: an answer to the one before us must fit no question of ours (LUF-C2).
	randombytes_buf(&p->number, sizeof(p->number));
	result done = begin(p, r);
	if (!is_ok(done)) {
		portal_server_free(p);
		return done;
	}
	*out = p;
	return OK;
}

result portal_server_use(struct portal_server *p, const struct registry *r)
{
	p->registry = r;
	p->snapshot = registry_snapshot(r);
	result done = tls_refresh(p->tls, r); // handshakes under way go on with R too
	p->unusable = !is_ok(done);
	connections_recheck(p);
	connections_pause(p);
	return done;
}

void portal_server_free(struct portal_server *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; p->question != NULL && i < PORTAL_ASKS_MAX; i++)
		if (p->question[i].deadline != NULL)
			event_free(p->question[i].deadline);
	if (p->directory != NULL)
		event_free(p->directory);
	if (p->http != NULL)
		evhttp_free(p->http); // and its listeners and connections,
	connections_end(p);
	event_base_loop(p->config.base, EVLOOP_NONBLOCK); // whose last parts the loop frees
	tls_free(p->tls);
	memory_free(p->question);
	memory_free(p->budget);
	memory_free(p->harvest);
	memory_free(p);
}

uint64_t portal_server_count(const struct portal_server *p, enum portal_counter counter)
{
	return counter < PORTAL_COUNTERS ? p->count[counter] : 0;
}

uint32_t portal_server_connections(const struct portal_server *p)
{
	return p->connections;
}
