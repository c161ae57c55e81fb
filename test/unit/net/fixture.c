// SPDX-License-Identifier: Apache-2.0
// The fixture's inside.
#include "fixture.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct snapshot *fixture_snapshot(const struct fixture_options *o, uint32_t generation)
{
	const char *pem = o->own_pem != NULL ? o->own_pem : o->own != NULL ? o->own->pem : "";
	size_t size = sizeof(struct snapshot) + o->peers * sizeof(struct peer) + strlen(pem) + 64;
	for (uint32_t i = 0; i < o->peers; i++)
		size += strlen(o->peer[i].trust != NULL ? o->peer[i].trust : "") + 16;
	size = (size + 63) / 64 * 64;
	struct snapshot *s = calloc(1, size);
	assert_non_null(s);
	s->magic = SNAPSHOT_MAGIC;
	s->version = SNAPSHOT_VERSION;
	s->generation = generation;
	s->zone_count = 2;
	memcpy(s->zone[0].name, "core", 5);
	memcpy(s->zone[1].name, "peering", 8);
	s->listener_count = 2;
	s->listener[0].strangers_answer = s->listener[1].strangers_answer = 1; // clear TCP from anywhere
	memcpy(s->listener[0].name, "core", 5);
	memcpy(s->listener[1].name, "peering", 8);
	s->listener[1].zone = FIXTURE_ZONE;
	s->peer_count = (uint16_t)o->peers;
	uint32_t at = (uint32_t)((sizeof(*s) + 63) / 64 * 64);
	s->peers = (struct blob){at, (uint32_t)(o->peers * sizeof(struct peer))};
	struct peer *p = (struct peer *)(void *)((uint8_t *)s + at);
	at += s->peers.len;
	s->settings.certificate = (struct blob){at, (uint32_t)strlen(pem)};
	memcpy((uint8_t *)s + at, pem, strlen(pem));
	at += (uint32_t)strlen(pem);
	for (uint32_t i = 0; i < o->peers; i++) {
		const struct fixture_peer *q = &o->peer[i];
		snprintf(p[i].name, sizeof(p[i].name), "%s", q->name);
		p[i].in_service = 1;
		p[i].zone = FIXTURE_ZONE;
		p[i].reach_transport = TRANSPORT_TLS;
		if (q->tls_name != NULL)
			snprintf(p[i].tls_name[p[i].tls_name_count++], DOMAIN_MAX, "%s", q->tls_name);
		if (q->address != NULL)
			assert_true(is_ok(prefix_parse(bytes_of_string(q->address), &p[i].address[p[i].address_count++])));
		if (q->trust != NULL) {
			p[i].trust = (struct blob){at, (uint32_t)strlen(q->trust)};
			memcpy((uint8_t *)s + at, q->trust, strlen(q->trust));
			at += (uint32_t)strlen(q->trust);
		}
	}
	assert_true(at <= size);
	snapshot_seal(s, size);
	assert_true(is_ok(snapshot_check(s, size)));
	return s;
}

_Atomic uint64_t fixture_framed;

static void receive_h(void *ctx, uint8_t *octets, uint32_t n, const struct origin *from, const struct now *now);

struct above { // one worker's layer above
	struct fixture *fixture;
	struct net_worker *worker;
};

static void receive_h(void *ctx, uint8_t *octets, uint32_t n, const struct origin *from, const struct now *now)
{
	struct above *a = ctx;
	struct fixture_event *e = &a->fixture->seen;
	UNUSED(now);
	pthread_mutex_lock(&e->lock);
	e->received++;
	e->from = *from;
	e->last_len = n < sizeof(e->last) ? n : (uint32_t)sizeof(e->last);
	memcpy(e->last, octets, e->last_len);
	pthread_mutex_unlock(&e->lock);
	if (a->fixture->silent)
		return;
	struct hop hop = {from->transport, from->listener, from->tls_peer, from->conn, from->remote, from->local, HOP_CONFIGURED};
	IGNORE_RESULT(net_send(a->worker, &hop, bytes_make(octets, n), 0)); // a lost echo fails the test anyway
}

static result frame_h(const uint8_t *octets, uint32_t n, uint32_t seen, uint32_t max, uint32_t *length)
{
	uint32_t v = 0;
	assert_true(seen < n);
	atomic_fetch_add_explicit(&fixture_framed, n - seen, memory_order_relaxed);
	if (octets[0] != 'M')
		return FAIL(E_FRAMING);
	for (uint32_t i = 1; i < 6; i++) {
		if (i >= n)
			return FAIL(E_AGAIN);
		if (octets[i] == '?') // a header that never tells the length
			return FAIL(E_AGAIN);
		if (octets[i] < '0' || octets[i] > '9')
			return FAIL(E_FRAMING);
		v = v * 10 + (uint32_t)(octets[i] - '0');
	}
	REQUIRE(v >= 6 && v <= max, E_FRAMING);
	*length = v;
	return OK;
}

static void undeliverable_h(void *ctx, const struct hop *hop, uint64_t cookie, enum error why)
{
	struct above *a = ctx;
	UNUSED(hop);
	pthread_mutex_lock(&a->fixture->seen.lock);
	a->fixture->seen.undeliverable++;
	a->fixture->seen.cookie = cookie;
	a->fixture->seen.why = why;
	pthread_mutex_unlock(&a->fixture->seen.lock);
}

static void closed_h(void *ctx, const struct conn_ref *conn, peer_id peer)
{
	struct above *a = ctx;
	UNUSED(conn);
	UNUSED(peer);
	pthread_mutex_lock(&a->fixture->seen.lock);
	a->fixture->seen.closed++;
	pthread_mutex_unlock(&a->fixture->seen.lock);
}

static void dial_h(void *ctx, const struct conn_ref *conn, const struct hop *hop)
{
	struct above *a = ctx;
	struct net_open_options o = {0};
	struct address any = {0};
	int fd = -1;
	pthread_mutex_lock(&a->fixture->seen.lock);
	a->fixture->seen.dialled++;
	pthread_mutex_unlock(&a->fixture->seen.lock);
	if (!a->fixture->refuse_dial)
		IGNORE_RESULT(net_open_connect(&any, &hop->remote, &o, &fd)); // -1 says it
	net_dialled(a->worker, conn, fd);
}

static bool busy_h(void *ctx, peer_id peer)
{
	struct above *a = ctx;
	UNUSED(peer);
	return a->fixture->busy;
}

struct address fixture_address(const char *text, uint16_t port)
{
	struct address a;
	assert_true(is_ok(address_parse_host(bytes_of_string(text), port, &a)));
	return a;
}

static uint16_t add(struct fixture *f, enum transport t, uint16_t port, uint32_t workers)
{
	struct net_open_options o = {.dscp = 24};
	for (uint32_t i = 0; i < workers; i++) {
		struct address a = fixture_address("127.0.0.1", port);
		int fd;
		result r = t == TRANSPORT_UDP ? net_open_udp(&a, &o, &fd) : net_open_listen(&a, &o, &fd);
		assert_true(is_ok(r));
		port = net_local_address(fd).port;
		assert_true(is_ok(net_worker_add(net_worker(f->net, i), fd, t, FIXTURE_LISTENER, FIXTURE_ZONE)));
	}
	return port;
}

void fixture_start(struct fixture *f, const struct fixture_options *o)
{
	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->seen.lock, NULL);
	f->signer = (struct keyless_signer){pki_sign, (void *)(uintptr_t)o->own};
	struct net_config c = {.workers = o->workers != 0 ? o->workers : 2,
		.handshake_threads = o->own != NULL ? 1 : 0,
		.signer = &f->signer,
		.max_connections = o->total != 0 ? o->total : 1000,
		.max_connections_per_source = o->per_source != 0 ? o->per_source : 100,
		.message_max = FIXTURE_MESSAGE_MAX,
		.handshake_us = o->handshake_us != 0 ? o->handshake_us : 2 * SECOND,
		.frame_us = o->frame_us != 0 ? o->frame_us : SECOND,
		.ping_us = o->ping_us,
		.pong_us = o->pong_us,
		.idle_us = o->idle_us != 0 ? o->idle_us : 5 * SECOND};
	assert_true(is_ok(net_new(&f->net, &c)));
	for (uint32_t i = 0; i < c.workers; i++) {
		struct above *a = calloc(1, sizeof(*a));
		assert_non_null(a);
		*a = (struct above){f, net_worker(f->net, i)};
		struct net_handlers h = {receive_h, frame_h, undeliverable_h, closed_h, dial_h, a, busy_h};
		net_worker_handle(a->worker, &h, NULL);
	}
	f->snapshot = fixture_snapshot(o, o->generation != 0 ? o->generation : 1);
	assert_true(is_ok(registry_new(&f->registry, f->snapshot)));
	assert_null(net_swap_registry(f->net, f->registry));
	f->udp = add(f, TRANSPORT_UDP, 0, c.workers);
	f->tcp = add(f, TRANSPORT_TCP, 0, c.workers);
	if (o->own != NULL)
		f->tls = add(f, TRANSPORT_TLS, 0, c.workers);
	assert_true(is_ok(net_start(f->net)));
}

void fixture_stop(struct fixture *f)
{
	net_stop(f->net);
	for (uint32_t i = 0; net_worker(f->net, i) != NULL; i++)
		free(net_worker_above(net_worker(f->net, i)));
	net_free(f->net);
	registry_free(f->registry);
	free(f->snapshot);
	pthread_mutex_destroy(&f->seen.lock);
}

struct send_mail {
	struct mail mail;
	struct hop hop;
	uint64_t cookie;
	char text[256];
};

static void send_h(struct mail *m, void *ctx)
{
	struct send_mail *s = (struct send_mail *)m;
	struct net_worker *w = net_worker_of(ctx);
	char out[FIXTURE_MESSAGE_MAX];
	uint32_t n = fixture_message(out, s->text);
	result r = net_send(w, &s->hop, bytes_make(out, n), s->cookie);
	struct above *a = net_worker_above(w);
	if (!is_ok(r) && a != NULL)
		undeliverable_h(a, &s->hop, s->cookie, r.error);
	free(s);
}

void fixture_send(struct fixture *f, uint32_t worker, const struct hop *hop, const char *text, uint64_t cookie)
{
	static struct net_counters mine;
	struct send_mail *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->mail.deliver = send_h;
	s->hop = *hop;
	s->cookie = cookie;
	snprintf(s->text, sizeof(s->text), "%s", text);
	assert_true(is_ok(loop_post(net_worker_loop(net_worker(f->net, worker)), &s->mail, &mine)));
}

static void close_h(struct mail *m, void *ctx)
{
	struct send_mail *s = (struct send_mail *)m;
	IGNORE_RESULT(net_close(net_worker_of(ctx), &s->hop.conn)); // the test waits for the effect
	free(s);
}

void fixture_close(struct fixture *f, uint32_t worker, const struct conn_ref *conn)
{
	static struct net_counters mine;
	struct send_mail *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->mail.deliver = close_h;
	s->hop.conn = *conn;
	assert_true(is_ok(loop_post(net_worker_loop(net_worker(f->net, worker)), &s->mail, &mine)));
}

static void nap(void)
{
	nanosleep(&(struct timespec){0, 2000000}, NULL);
}

void fixture_await(struct fixture *f, enum net_counter k, uint64_t n)
{
	for (uint32_t i = 0; i < 2500 && net_total(f->net, k) < n; i++)
		nap();
	if (net_total(f->net, k) < n)
		fail_msg("%s is %llu, not %llu", net_counter_name(k), (unsigned long long)net_total(f->net, k),
			(unsigned long long)n);
}

uint32_t fixture_seen(struct fixture *f, const uint32_t *what)
{
	pthread_mutex_lock(&f->seen.lock);
	uint32_t n = *what;
	pthread_mutex_unlock(&f->seen.lock);
	return n;
}

void fixture_await_seen(struct fixture *f, const uint32_t *what, uint32_t n)
{
	for (uint32_t i = 0; i < 2500 && fixture_seen(f, what) < n; i++)
		nap();
	assert_true(fixture_seen(f, what) >= n);
}

int fixture_connect(uint16_t port, const char *from)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	struct timeval limit = {5, 0};
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	struct sockaddr_in a = {.sin_family = AF_INET};
	if (from != NULL) {
		assert_int_equal(inet_pton(AF_INET, from, &a.sin_addr), 1);
		assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	}
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(port);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

void fixture_write(int fd, const void *at, size_t n)
{
	assert_int_equal(send(fd, at, n, MSG_NOSIGNAL), (ssize_t)n);
}

bool fixture_read(int fd, void *to, size_t n)
{
	size_t have = 0;
	while (have < n) {
		ssize_t got = recv(fd, (char *)to + have, n - have, 0);
		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

bool fixture_ended(int fd)
{
	char c[4096];
	ssize_t n;
	while ((n = recv(fd, c, sizeof(c), 0)) > 0)
		continue;
	return n == 0 || errno == ECONNRESET || errno == EPIPE;
}

uint32_t fixture_message(char *out, const char *text)
{
	int n = snprintf(out, FIXTURE_MESSAGE_MAX, "M%05u%s", (unsigned)(strlen(text) + 6), text);
	assert_true(n > 6 && n < FIXTURE_MESSAGE_MAX);
	return (uint32_t)n;
}

SSL *fixture_tls(int fd, const struct pki *own, int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	assert_non_null(c);
	SSL_CTX_set_security_level(c, 0);
	if (version != 0) {
		SSL_CTX_set_min_proto_version(c, version);
		SSL_CTX_set_max_proto_version(c, version);
	}
	if (own != NULL) {
		assert_int_equal(SSL_CTX_use_certificate(c, own->certificate), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(c, own->key), 1);
	}
	SSL *s = SSL_new(c);
	SSL_CTX_free(c);
	assert_non_null(s);
	SSL_set_fd(s, fd);
	if (SSL_connect(s) == 1)
		return s;
	SSL_free(s);
	return NULL;
}

void fixture_tls_end(SSL *s)
{
	if (s == NULL)
		return;
	SSL_shutdown(s);
	SSL_free(s);
}

int fixture_listen_on(uint16_t *port)
{
	struct net_open_options o = {0};
	struct address a = fixture_address("127.0.0.1", 0);
	int fd;
	assert_true(is_ok(net_open_listen(&a, &o, &fd)));
	*port = net_local_address(fd).port;
	return fd;
}

int fixture_accept_on(int fd)
{
	for (int i = 0; i < 2000; i++) {
		int c = accept4(fd, NULL, NULL, 0);
		if (c >= 0) {
			struct timeval limit = {5, 0};
			setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
			return c;
		}
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	fail_msg("nobody connects");
	return -1;
}
