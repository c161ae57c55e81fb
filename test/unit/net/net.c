// SPDX-License-Identifier: Apache-2.0
// The whole layer: a message goes in and comes back, over UDP, TCP and TLS.
#include "fixture.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

static void udp_echo(void **state)
{
	struct fixture f;
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(f.udp)};
	struct timeval limit = {5, 0};
	char back[64];
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(send(fd, "hello", 5, 0), 5);
	assert_int_equal(recv(fd, back, sizeof(back), 0), 5);
	assert_memory_equal(back, "hello", 5);
	assert_int_equal(f.seen.from.transport, TRANSPORT_UDP);
	assert_int_equal(f.seen.from.local.port, f.udp);
	assert_int_equal(f.seen.from.tls_peer, PEER_NONE);
	close(fd);
	fixture_stop(&f);
}

static void tcp_echo(void **state)
{
	struct fixture f;
	char out[64], back[64];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){0});
	int fd = fixture_connect(f.tcp, NULL);
	uint32_t n = fixture_message((char[FIXTURE_MESSAGE_MAX]){0}, "hello");
	assert_int_equal(snprintf(out, sizeof(out), "M%05uhello", n), (int)n);
	fixture_write(fd, out, n);
	assert_true(fixture_read(fd, back, n));
	assert_memory_equal(back, out, n);
	close(fd);
	fixture_stop(&f);
}

static void tls_echo(void **state)
{
	struct pki ours = pki_authority("our authority"), theirs = pki_authority("their authority");
	struct pki own = pki_issue_for(&ours, "ssp-a.example"), other = pki_issue_for(&theirs, "ssp-b.example");
	struct fixture_peer peer = {"ssp-b", "ssp-b.example", theirs.pem, NULL};
	struct fixture f;
	char back[64];
	UNUSED(state);
	fixture_start(&f, &(struct fixture_options){.own = &own, .peer = &peer, .peers = 1});
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		int fd = fixture_connect(f.tls, NULL);
		SSL *s = fixture_tls(fd, &other, version);
		assert_non_null(s);
		assert_int_equal(SSL_write(s, "M00011hello", 11), 11);
		assert_int_equal(SSL_read(s, back, sizeof(back)), 11);
		assert_memory_equal(back, "M00011hello", 11);
		assert_int_equal(f.seen.from.tls_peer, 0);
		fixture_tls_end(s);
		close(fd);
	}
	assert_int_equal(net_total(f.net, NET_TLS_DONE), 2);
	fixture_stop(&f);
	pki_free(&other);
	pki_free(&own);
	pki_free(&ours);
	pki_free(&theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_echo),
		cmocka_unit_test(tcp_echo),
		cmocka_unit_test(tls_echo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
