// SPDX-License-Identifier: Apache-2.0
// A connection: how many there may be, from where, how long they may take, and whom they prove. LUF-A1.
//
// libevent accepts it and owns its octets; we learn its address at its admission, which is the first thing that its timer does.
#include "portal/server_inside.h"

#include "base/log.h"
#include "base/memory.h"

#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <sys/socket.h>

void connections_pause(struct portal_server *p)
{
	bool full = p->unusable || (!p->config.caps_off && p->connections >= p->snapshot->settings.portal.connections);
	if (full == p->paused)
		return;
	p->paused = full;
	for (uint32_t i = 0; i < PORTAL_ADDRESSES_MAX; i++)
		if (p->listener[i] != NULL && full)
			evconnlistener_disable(p->listener[i]); // further ones wait in the kernel
		else if (p->listener[i] != NULL)
			evconnlistener_enable(p->listener[i]);
}

// With the SSL, whoever ends it.
static void freed_h(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	struct connection *c = ptr;
	UNUSED(parent);
	UNUSED(ad);
	UNUSED(index);
	UNUSED(argl);
	UNUSED(argp);
	if (c == NULL)
		return;
	struct portal_server *p = c->server;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		p->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	p->connections--;
	connections_pause(p);
	if (c->timer != NULL)
		event_free(c->timer);
	memory_free(c);
}

static int connection_index(void)
{
	static int index = -1; // of OpenSSL's tables, once a process
	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, freed_h);
	return index;
}

// libevent reads the end then, and frees it.
static void end(struct connection *c, enum portal_counter why, const char *what)
{
	char text[ADDRESS_TEXT_MAX];
	c->ended = true;
	c->server->count[why]++;
	log_write(LOG_LEVEL_NOTICE, "portal.closed", LOG_STR("why", what),
		LOG_STR("from", c->claim.remote.family != 0 ? address_text(&c->claim.remote, text) : "?"));
	shutdown(SSL_get_fd(c->ssl), SHUT_RDWR);
}

static bool has_right(const struct portal_server *p, const struct peer *peer)
{
	return peer != NULL && peer->zone == p->snapshot->settings.portal.zone && !peer->removed && (peer->portal.lookup || peer->portal.profile);
}

// Can anybody with a right here be at address A? A peer without addresses can be anywhere.
static bool may_be_peer(const struct portal_server *p, const struct address *a)
{
	const struct snapshot *s = p->snapshot;
	for (peer_id id = 0; id < s->peer_count; id++) {
		const struct peer *peer = snapshot_peer(s, id);
		if (has_right(p, peer) && (peer->address_count == 0 || prefixes_contain(peer->address, peer->address_count, a)))
			return true;
	}
	return false;
}

static bool source_full(const struct portal_server *p, const struct address *a)
{
	uint32_t n = 0;
	for (const struct connection *c = p->first; c != NULL; c = c->next)
		n += c->admitted && address_same_host(&c->claim.remote, a);
	return n >= p->snapshot->settings.portal.connections_per_source && !p->config.caps_off;
}

void connection_await(struct connection *c, bool request)
{
	struct timeval t = {.tv_sec = c->server->snapshot->settings.portal.request_timeout_s};
	if (c->server->config.deadline_off)
		return;
	if (request)
		event_add(c->timer, &t);
	else
		event_del(c->timer);
}

// Once, by what comes first, the timer or the handshake.
static void admit(struct connection *c)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	struct portal_server *p = c->server;
	if (getpeername(SSL_get_fd(c->ssl), (struct sockaddr *)&from, &n) != 0 ||
		!is_ok(address_from_sockaddr((struct sockaddr *)&from, n, &c->claim.remote))) {
		c->ended = true;
		shutdown(SSL_get_fd(c->ssl), SHUT_RDWR); // gone already
		return;
	}
	if (!may_be_peer(p, &c->claim.remote))
		end(c, PORTAL_STRANGER, "address of no peer that has a right here");
	else if (source_full(p, &c->claim.remote))
		end(c, PORTAL_SOURCE, "too many connections from this address");
	else
		c->admitted = true;
	if (c->admitted)
		connection_await(c, true);
}

static void timer_h(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	UNUSED(fd);
	UNUSED(what);
	if (c->admitted && !c->ended)
		end(c, PORTAL_LATE, "no whole request in time");
	else if (!c->ended)
		admit(c);
}

// A handshake may begin before the timer has run: its address must be known before its certificate is looked at.
static void info_h(const SSL *ssl, int where, int value)
{
	struct connection *c = SSL_get_ex_data(ssl, connection_index());
	UNUSED(value);
	if ((where & SSL_CB_HANDSHAKE_START) != 0 && c != NULL && !c->admitted && !c->ended)
		admit(c);
}

static struct connection *make(struct portal_server *p)
{
	static const struct timeval at_once = {0, 0};
	struct connection *c = memory_alloc(sizeof(*c));
	if (c == NULL)
		return NULL;
	c->server = p;
	c->claim = (struct tls_claim){.zone = p->snapshot->settings.portal.zone, .expected = PEER_NONE, .peer = PEER_NONE};
	c->timer = event_new(p->config.base, -1, 0, timer_h, c);
	if (c->timer == NULL || event_add(c->timer, &at_once) != 0 || !is_ok(tls_refresh(p->tls, p->registry)) ||
		!is_ok(tls_session_new(p->tls, NULL, &c->claim, NULL, &c->ssl))) {
		if (c->timer != NULL)
			event_free(c->timer);
		memory_free(c);
		return NULL;
	}
	return c;
}

struct bufferevent *connection_new(struct event_base *base, void *server)
{
	struct portal_server *p = server;
	struct connection *c = make(p);
	if (c == NULL || SSL_set_ex_data(c->ssl, connection_index(), c) != 1) {
		if (c != NULL) {
			SSL_free(c->ssl);
			event_free(c->timer);
			memory_free(c);
		}
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE); // its request is refused: no peer is proved
	}
	c->next = p->first;
	if (c->next != NULL)
		c->next->prev = c;
	p->first = c;
	p->connections++;
	connections_pause(p);
	SSL_set_info_callback(c->ssl, info_h);
	struct bufferevent *b = bufferevent_openssl_socket_new(base, -1, c->ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (b == NULL)
		SSL_free(c->ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(b, 1); // whether the far side says goodbye is his matter
	return b != NULL ? b : bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
}

struct connection *connection_proved(struct portal_server *p, struct evhttp_request *http)
{
	struct evhttp_connection *e = evhttp_request_get_connection(http);
	struct bufferevent *b = e != NULL ? evhttp_connection_get_bufferevent(e) : NULL;
	SSL *ssl = b != NULL ? bufferevent_openssl_get_ssl(b) : NULL;
	struct connection *c = ssl != NULL ? SSL_get_ex_data(ssl, connection_index()) : NULL;
	bool proved = c != NULL && c->claim.peer != PEER_NONE && SSL_is_init_finished(ssl) &&
		      tls_peer_print(p->snapshot, c->claim.peer) == c->claim.print;
	if (!proved)
		p->count[PORTAL_UNPROVED]++;
	return proved ? c : NULL;
}

static bool still_served(const struct portal_server *p, const struct connection *c)
{
	peer_id id = c->claim.peer;
	if (id == PEER_NONE) // in its handshake, which goes on with the new snapshot
		return may_be_peer(p, &c->claim.remote);
	return has_right(p, snapshot_peer(p->snapshot, id)) && tls_peer_print(p->snapshot, id) == c->claim.print;
}

void connections_recheck(struct portal_server *p)
{
	for (struct connection *c = p->first; c != NULL; c = c->next)
		if (c->admitted && !c->ended && !still_served(p, c))
			end(c, PORTAL_REVOKED, "a reload took the right away");
}

// Those whose bufferevent libevent frees later than the server: they end without it.
void connections_end(struct portal_server *p)
{
	for (struct connection *c = p->first, *next; c != NULL; c = next) {
		next = c->next;
		SSL_set_ex_data(c->ssl, connection_index(), NULL);
		event_free(c->timer);
		memory_free(c);
	}
	p->first = NULL;
}
