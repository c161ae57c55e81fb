// SPDX-License-Identifier: Apache-2.0
// LUF-A1: connections that say nothing, against the portal. With its caps and deadline off they stay, all of them; with them on
// there are never more than allowed, and none outlives the deadline. Strangers are closed at once in any case.
#include "../unit/portal/rig.h"

#include "portal/server.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ATTACK = 48, TOTAL = 24, PER_SOURCE = 4, SOURCES = 12 };

static const char text[] =
	"domain: a.example\ntls: {certificate: a.pem, key: a.key}\n"
	"listen:\n  - {name: edge, zone: peering, sip: [\"tls:192.0.2.10:5061\"], media: \"192.0.2.10:30000-30009\"}\n"
	"portal: {listen: \"127.0.0.1:9\", zone: peering, connections: 24, connections_per_source: 4, request: 1}\n"
	"peers:\n  - name: b\n    zone: peering\n    reach: {domain: b.example, transport: tls, targets: [\"tls:127.9.0.1:5061\"]}\n"
	"    known_by: {tls_names: [b.example], trust: b-ca.pem, addresses: [127.9.0.0/16]}\n"
	"    numbers: {calls_from: [\"+4989\"], calls_to: [\"+4989\"]}\n    limits: {calls_per_second: 5, concurrent_calls: 5, messages_per_second: 50}\n"
	"    media: {srtp: required, addresses: [127.9.0.0/16]}\n    headers: strict\n    portal: {lookup: yes}\n"
	"    waivers: [{control: identity, reason: \"none yet\", until: 2099-12-31}]\n";

struct attack {
	struct rig rig;
	struct conf_result conf;
	struct registry *registry;
	struct event_base *base;
	struct portal_server *server;
	int listener, directory[2], fd[ATTACK];
	uint16_t port;
};

static result no_key(void *ctx, struct tls_sign_request *q, struct tls_sign_answer *a)
{
	(void)ctx;
	(void)q;
	(void)a;
	return FAIL(E_CLOSED);
}

static void listen_on(struct attack *a)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(in);
	a->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(a->listener, (struct sockaddr *)&in, n), 0);
	assert_int_equal(listen(a->listener, 128), 0);
	assert_int_equal(getsockname(a->listener, (struct sockaddr *)&in, &n), 0);
	a->port = ntohs(in.sin_port);
}

static struct attack *begin(bool off)
{
	struct attack *a = calloc(1, sizeof(*a));
	assert_non_null(a);
	rig_begin(&a->rig, PKI_P256);
	a->conf = rig_load(&a->rig, text);
	assert_non_null(a->conf.snapshot);
	assert_true(is_ok(registry_new(&a->registry, a->conf.snapshot)));
	a->base = event_base_new();
	assert_non_null(a->base);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, a->directory), 0);
	listen_on(a);
	const struct portal_server_config c = {.base = a->base, .listener = &a->listener, .listeners = 1, .signer = {no_key, NULL},
		.directory = a->directory[0], .clock = clock_now, .caps_off = off, .deadline_off = off};
	assert_true(is_ok(portal_server_new(&a->server, &c, a->registry)));
	return a;
}

static void end(struct attack *a)
{
	for (uint32_t i = 0; i < ATTACK; i++)
		if (a->fd[i] > 0)
			close(a->fd[i]);
	portal_server_free(a->server);
	event_base_free(a->base);
	close(a->listener);
	close(a->directory[0]);
	close(a->directory[1]);
	registry_free(a->registry);
	conf_result_free(&a->conf);
	rig_end(&a->rig);
	free(a);
}

static int connect_from(const struct attack *a, const char *source)
{
	struct sockaddr_in in = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(a->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(inet_pton(AF_INET, source, &in.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0); // into the backlog: the server need not run
	return fd;
}

static void turns(struct attack *a, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		event_base_loop(a->base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 1);
	}
}

static bool closed(int fd)
{
	uint8_t octet;
	ssize_t n = recv(fd, &octet, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

static uint32_t left(const struct attack *a)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < ATTACK; i++)
		n += !closed(a->fd[i]);
	return n;
}

// 48 from 12 addresses of a peer, four each.
static void fill(struct attack *a)
{
	char source[32];
	for (uint32_t i = 0; i < ATTACK; i++) {
		snprintf(source, sizeof(source), "127.9.0.%u", 1 + i % SOURCES);
		a->fd[i] = connect_from(a, source);
	}
	turns(a, 60);
}

static void gates_off(void **state)
{
	struct attack *a = begin(true);
	(void)state;
	fill(a);
	assert_int_equal(portal_server_connections(a->server), ATTACK);
	turns(a, 1300);
	assert_int_equal(left(a), ATTACK); // for ever
	end(a);
}

static void gates_on(void **state)
{
	struct attack *a = begin(false);
	(void)state;
	fill(a);
	assert_int_equal(portal_server_connections(a->server), TOTAL);
	turns(a, 2600); // those that waited had their turn too
	assert_int_equal(left(a), 0);
	assert_int_equal(portal_server_connections(a->server), 0);
	assert_int_equal(portal_server_count(a->server, PORTAL_LATE), ATTACK);
	end(a);
}

static void one_source(void **state)
{
	struct attack *a = begin(false);
	(void)state;
	for (uint32_t i = 0; i < 12; i++)
		a->fd[i] = connect_from(a, "127.9.0.1");
	turns(a, 60);
	assert_int_equal(portal_server_connections(a->server), PER_SOURCE);
	assert_int_equal(portal_server_count(a->server, PORTAL_SOURCE), 12 - PER_SOURCE);
	end(a);
}

static void strangers(void **state)
{
	struct attack *a = begin(false);
	(void)state;
	for (uint32_t i = 0; i < ATTACK; i++)
		a->fd[i] = connect_from(a, "127.0.0.77");
	turns(a, 100);
	assert_int_equal(left(a), 0);
	assert_int_equal(portal_server_count(a->server, PORTAL_STRANGER), ATTACK);
	assert_int_equal(portal_server_connections(a->server), 0);
	end(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(gates_off), cmocka_unit_test(gates_on), cmocka_unit_test(one_source),
		cmocka_unit_test(strangers)};

	signal(SIGPIPE, SIG_IGN); // as in the process
	return cmocka_run_group_tests(tests, NULL, NULL);
}
