// SPDX-License-Identifier: Apache-2.0
// One request, one answer, one deadline. An answer to an earlier request, which was given up, is counted and
// skipped by its number, so that a slow signer never signs for the wrong handshake.
#include "net/sign_client.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>

void sign_client_init(struct sign_client *c, int fd, uint64_t timeout_us, struct net_counters *counters)
{
	*c = (struct sign_client){.fd = fd, .timeout_us = timeout_us, .counters = counters};
	// From anywhere on: the channel outlives a process, and an answer to the one before must be no answer to us. Without random octets
	// a signature for other octets would only fail.
	if (RAND_bytes((unsigned char *)&c->request, sizeof(c->request)) != 1)
		c->request = 0;
}

static result wait_for(struct sign_client *c, uint64_t deadline_us)
{
	for (;;) {
		uint64_t now_us = clock_now().mono_us;
		REQUIRE(now_us < deadline_us, E_TIMEOUT);
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		int n = poll(&p, 1, (int)((deadline_us - now_us) / MS + 1));
		if (n > 0)
			return OK;
		REQUIRE(n == 0 || errno == EINTR, E_CLOSED);
	}
}

static result receive(struct sign_client *c, struct tls_sign_answer *a)
{
	ssize_t n = recv(c->fd, a, sizeof(*a), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? FAIL(E_AGAIN) : FAIL(E_CLOSED);
	REQUIRE(n != 0, E_CLOSED);
	REQUIRE(n == (ssize_t)sizeof(*a) && a->version == IPC_SIGNER_VERSION && a->type == IPC_SIGNER_TLS_ANSWER &&
			a->len <= TLS_SIGNATURE_MAX,
		E_SYNTAX);
	return OK;
}

static result answer_to(struct sign_client *c, uint32_t request, struct tls_sign_answer *a)
{
	uint64_t deadline_us = clock_now().mono_us + c->timeout_us;
	for (;;) {
		TRY(wait_for(c, deadline_us));
		result r = receive(c, a);
		if (r.error == E_AGAIN)
			continue;
		TRY(r);
		if (a->request == request)
			return OK;
		net_count(c->counters, NET_SIGN_LATE, 1);
	}
}

static result exchange(struct sign_client *c, struct tls_sign_request *q, struct tls_sign_answer *a)
{
	q->version = IPC_SIGNER_VERSION;
	if (q->type != IPC_SIGNER_PROFILE_SIGN)
		q->type = IPC_SIGNER_TLS_SIGN;
	q->request = ++c->request;
	REQUIRE(q->len >= 1 && q->len <= TLS_SIGN_OCTETS_MAX, E_TOO_LONG);
	ssize_t n = send(c->fd, q, sizeof(*q), MSG_DONTWAIT | MSG_NOSIGNAL);
	REQUIRE(n == (ssize_t)sizeof(*q), n < 0 && errno == EAGAIN ? E_TIMEOUT : E_CLOSED);
	TRY(answer_to(c, q->request, a));
	REQUIRE(a->refused == TLS_SIGN_OK && a->len > 0, E_AUTH);
	return OK;
}

result sign_client_sign(void *ctx, struct tls_sign_request *request, struct tls_sign_answer *answer)
{
	struct sign_client *c = ctx;
	net_count(c->counters, NET_SIGN_ASKED, 1);
	result r = exchange(c, request, answer);
	if (r.error == E_TIMEOUT)
		net_count(c->counters, NET_SIGN_TIMEOUT, 1);
	else if (r.error == E_AUTH)
		net_count(c->counters, NET_SIGN_REFUSED, 1);
	else if (!is_ok(r))
		net_count(c->counters, NET_SIGN_ERROR, 1);
	return r;
}
