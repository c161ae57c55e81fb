// SPDX-License-Identifier: Apache-2.0
// What the portal's server is made of; private to src/portal/server*.c.
#ifndef PORTAL_SERVER_INSIDE_H
#define PORTAL_SERVER_INSIDE_H

#include "net/tls.h"
#include "portal/server.h"

#include <event2/http.h>

struct connection { // made when it is accepted, freed with its SSL
	struct tls_claim claim; // first: the SSL's application data
	struct portal_server *server;
	SSL *ssl;
	struct event *timer;     // first its admission, then its deadline
	bool admitted, ended;    // ended: on its way to be closed
	struct connection *next, *prev;
};

struct question { // a request that waits for the directory
	struct evhttp_request *http; // NULL: free, or the connection is gone
	bool used;
	struct connection *connection;
	struct event *deadline;
	struct portal_server *server;
	struct ipc_lookup ask;
};

struct portal_server {
	struct portal_server_config config;
	const struct registry *registry;
	const struct snapshot *snapshot;
	struct tls *tls;
	struct evhttp *http;
	struct evconnlistener *listener[PORTAL_ADDRESSES_MAX];
	struct event *directory;
	struct connection *first;
	uint32_t connections;
	uint32_t number; // of the last question; begins anywhere
	bool paused;   // as many connections as there may be, or
	bool unusable; // no certificate to show
	struct question *question; // PORTAL_ASKS_MAX
	struct gcra *budget;       // by peer
	struct luf_harvest *harvest;
	uint64_t count[PORTAL_COUNTERS];
};

// server_connection.c
// The bufferevent of a connection that was accepted just now; for evhttp_set_bevcb.
struct bufferevent *connection_new(struct event_base *base, void *server);
// The one that HTTP came over, with its peer proved and still the same; NULL: not.
struct connection *connection_proved(struct portal_server *p, struct evhttp_request *http);
// Its next request must be whole by the deadline from now on; or nothing is awaited from it.
void connection_await(struct connection *c, bool request);
// Accept further ones, or not: as many as there may be are there, or none can be served.
void connections_pause(struct portal_server *p);
// After another snapshot: close those whose peer has no right any more, is not the same as before, or can no longer be at that address.
void connections_recheck(struct portal_server *p);
void connections_end(struct portal_server *p);

// server_request.c
void request_h(struct evhttp_request *http, void *server); // for evhttp_set_gencb
void directory_h(evutil_socket_t fd, short what, void *server);

#endif
