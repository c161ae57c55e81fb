// SPDX-License-Identifier: Apache-2.0
// TLS by OpenSSL: what the target says over a connection that it makes to us, and HTTPS to its portal. Nothing is verified here: it
// is the target that has to.
#include "audit/inside.h"
#include "base/clock.h"
#include "base/memory.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SAY_S = 2,        // [s] for each octet that is waited for
	BACKLOG = 64,
	FIRST_MAX = 4096, // [octets] of SIP that are read: one is enough
	STATUS_AT = 9,    // behind "HTTP/1.1 "
	HANDSHAKE_RECORD = 0x16, // RFC8446#5.1
};

static void bound_time(int fd)
{
	const struct timeval t = {.tv_sec = SAY_S};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)); // without it the probe's own bound ends the wait
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

static SSL_CTX *context(const SSL_METHOD *method, const char *certificate, const char *key)
{
	SSL_CTX *x = SSL_CTX_new(method);
	if (x != NULL && certificate != NULL && (SSL_CTX_use_certificate_chain_file(x, certificate) != 1 ||
						SSL_CTX_use_PrivateKey_file(x, key, SSL_FILETYPE_PEM) != 1)) {
		SSL_CTX_free(x);
		return NULL;
	}
	return x;
}

// ---- connections that the target makes

int audit_listen(const struct address *local)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(local, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 && bind(fd, (struct sockaddr *)&sa, len) == 0 &&
		listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static void shake(int fd, const char *certificate, const char *key, struct audit_served *out)
{
	uint8_t text[FIRST_MAX];
	SSL_CTX *x = context(TLS_server_method(), certificate, key);
	SSL *ssl = x != NULL ? SSL_new(x) : NULL;

	if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
		out->shaken = true;
		int n = SSL_read(ssl, text, sizeof(text));
		out->octets = n > 0 ? (uint32_t)n : 0;
	}
	SSL_free(ssl);
	SSL_CTX_free(x);
}

void audit_serve(struct audit *a, int listener, const char *certificate, const char *key, uint32_t ms, struct audit_served *out)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	uint8_t first[FIRST_MAX];

	*out = (struct audit_served){0};
	int fd = audit_time_left(a) && poll(&p, 1, (int)ms) == 1 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
	if (fd < 0)
		return;
	out->came = true;
	bound_time(fd);
	ssize_t n = recv(fd, first, sizeof(first), MSG_PEEK);
	if (n > 0 && first[0] == HANDSHAKE_RECORD) {
		shake(fd, certificate, key, out);
	} else if (n > 0) {
		out->clear = true;
		out->octets = (uint32_t)n;
	}
	(void)close(fd);
}

// ---- the portal

struct audit_https {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

void audit_https_close(struct audit_https *h)
{
	if (h == NULL)
		return;
	SSL_free(h->ssl);
	SSL_CTX_free(h->context);
	if (h->fd >= 0)
		(void)close(h->fd);
	memory_free(h);
}

static void wait_for_octets(int fd, bool wait)
{
	int flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, wait ? flags & ~O_NONBLOCK : flags | O_NONBLOCK); // cannot fail on a socket of ours
}

struct audit_https *audit_https_open(struct audit *a, const struct address *local, const char *certificate, const char *key)
{
	struct audit_https *h = memory_alloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	*h = (struct audit_https){.fd = audit_dial(a, local, &a->s->portal), .context = context(TLS_client_method(), certificate, key)};
	h->ssl = h->fd >= 0 && h->context != NULL ? SSL_new(h->context) : NULL;
	if (h->ssl != NULL) {
		wait_for_octets(h->fd, true);
		bound_time(h->fd);
		if (SSL_set_fd(h->ssl, h->fd) == 1 && SSL_connect(h->ssl) == 1)
			return h;
	}
	audit_https_close(h);
	return NULL;
}

bool audit_https_say(struct audit_https *h, const char *text)
{
	size_t n = strlen(text);
	return SSL_write(h->ssl, text, (int)n) == (int)n;
}

bool audit_https_ended(struct audit_https *h, uint32_t ms)
{
	struct pollfd p = {.fd = h->fd, .events = POLLIN};
	uint8_t text[FIRST_MAX];
	int n = 1;

	if (SSL_pending(h->ssl) == 0 && poll(&p, 1, (int)ms) != 1)
		return false;
	wait_for_octets(h->fd, false);
	while (n > 0) // an answer, or a session ticket in front of nothing
		n = SSL_read(h->ssl, text, sizeof(text));
	int error = SSL_get_error(h->ssl, n);
	wait_for_octets(h->fd, true);
	return error != SSL_ERROR_WANT_READ;
}

// The length of the body behind HEAD, 0 when it does not say.
static size_t length_in(const char *head)
{
	const char *at = strcasestr(head, "\r\nContent-Length:");
	return at != NULL ? strtoul(at + 17, NULL, 10) : 0;
}

// Take the line of NAME out of TEXT.
static void take_out(char *text, const char *name)
{
	char *at = strcasestr(text, name), *end = at != NULL ? strstr(at + 2, "\r\n") : NULL;
	if (end != NULL)
		memmove(at, end, strlen(end) + 1);
}

unsigned audit_https_ask(struct audit_https *h, const char *method, const char *target, const char *body, char *out, uint32_t cap)
{
	char head[1024];
	size_t n = 0, whole = 0;

	out[0] = '\0';
	int length = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: portal\r\nContent-Length: %zu\r\n\r\n%s", method, target, strlen(body), body);
	if (length < 0 || (size_t)length >= sizeof(head) || !audit_https_say(h, head))
		return 0;
	do {
		int got = SSL_read(h->ssl, out + n, (int)(cap - 1 - n));
		if (got <= 0)
			return 0;
		n += (size_t)got;
		out[n] = '\0';
		const char *end = strstr(out, "\r\n\r\n");
		whole = end != NULL ? (size_t)(end - out) + 4 + length_in(out) : cap;
	} while (n < whole && n < cap - 1);
	take_out(out, "\r\nDate:");
	unsigned long status = strncmp(out, "HTTP/1.", 7) == 0 && n > STATUS_AT ? strtoul(out + STATUS_AT, NULL, 10) : 0;
	return status <= 999 ? (unsigned)status : 0;
}
