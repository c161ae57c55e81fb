// SPDX-License-Identifier: Apache-2.0
// The generator's sockets: one UDP socket per side, or mutual TLS over OpenSSL, where the caller opens one
// connection and the called side accepts what the daemon opens. Certificates are in one folder: ca.crt, and
// crt and key of caller and called.
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 32, SOCKET_BUFFER = 4 << 20, WRITE_WAIT_MS = 100, WRITE_TRIES = 20 };

void load_die(const char *what)
{
	fprintf(stderr, "sipload: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

static struct load_conn *conn_add(struct load *l, int fd, enum load_side side)
{
	struct load_conn *c = &l->conn[l->conn_count];

	if (l->conn_count == LOAD_CONNS_MAX)
		load_die("too many connections");
	*c = (struct load_conn){.fd = fd, .side = side};
	l->conn_count++;
	return c;
}

static void udp_open(struct load *l, const struct load_end *end, enum load_side side)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&end->in, sizeof(end->in)) != 0)
		load_die("bind");
	conn_add(l, fd, side);
}

/* ---- TLS ---- */

static SSL_CTX *tls_context(const struct load *l, bool server)
{
	SSL_CTX *c = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	const char *name = server ? "called" : "caller";
	char crt[300], key[300], ca[300];

	snprintf(crt, sizeof(crt), "%s/%s.crt", l->tls_dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", l->tls_dir, name);
	snprintf(ca, sizeof(ca), "%s/ca.crt", l->tls_dir);
	if (c == NULL || SSL_CTX_use_certificate_chain_file(c, crt) != 1 ||
		SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_load_verify_locations(c, ca, NULL) != 1)
		load_die("certificates");
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return c;
}

static void tls_add(struct load *l, int fd, enum load_side side)
{
	struct load_conn *c = conn_add(l, fd, side);
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->ssl = SSL_new(l->tls[side]);
	c->in = malloc(LOAD_STREAM_MAX);
	if (c->ssl == NULL || c->in == NULL || SSL_set_fd(c->ssl, fd) != 1)
		load_die("connection");
	if (side == SIDE_CALLED)
		SSL_set_accept_state(c->ssl);
	else if (SSL_connect(c->ssl) != 1)
		load_die("handshake with the daemon");
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void tls_open(struct load *l)
{
	struct sockaddr_in from = l->caller.in;
	int one = 1, fd;

	l->tls[SIDE_CALLER] = tls_context(l, false);
	l->tls[SIDE_CALLED] = tls_context(l, true);
	l->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(l->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->listen_fd, (struct sockaddr *)&l->called.in, sizeof(l->called.in)) != 0 ||
		listen(l->listen_fd, 64) != 0)
		load_die("called side");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	from.sin_port = 0;
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
		connect(fd, (struct sockaddr *)&l->daemon.in, sizeof(l->daemon.in)) != 0)
		load_die("connect");
	tls_add(l, fd, SIDE_CALLER);
}

static void tls_send(struct load_conn *c, const char *m, size_t len)
{
	for (int tries = 0; len > 0 && tries < WRITE_TRIES;) {
		struct pollfd p = {.fd = c->fd, .events = POLLOUT};
		int n = SSL_write(c->ssl, m, (int)len);
		if (n > 0) {
			m += n;
			len -= (size_t)n;
		} else if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_WRITE)
			return; // the call will count as failed
		else if (poll(&p, 1, WRITE_WAIT_MS) <= 0)
			tries++;
	}
}

// The length of the first message in M; 0 when it is not whole.
static size_t frame(struct load_slice m)
{
	const char *end = memmem(m.at, m.len, "\r\n\r\n", 4);
	struct load_slice line;
	size_t head, body = 0;

	if (end == NULL)
		return 0;
	head = (size_t)(end - m.at) + 4;
	for (struct load_slice rest = {m.at, head}; load_line(&rest, &line);)
		if (load_is_header(line, "Content-Length"))
			body = strtoul((const char *)memchr(line.at, ':', line.len) + 1, NULL, 10);
	return m.len - head < body ? 0 : head + body;
}

static void tls_frames(struct load *l, int i, uint64_t now)
{
	struct load_conn *c = &l->conn[i];
	struct load_to from = {.conn = i};
	struct load_slice m = {c->in, c->have};
	size_t n;

	for (;;) {
		while (m.len > 0 && (*m.at == '\r' || *m.at == '\n'))
			m.at++, m.len--;
		if ((n = frame(m)) == 0)
			break;
		load_call_receive(l, c->side, &from, (struct load_slice){m.at, n}, now);
		m.at += n;
		m.len -= n;
	}
	memmove(c->in, m.at, m.len);
	c->have = m.len;
}

static void tls_receive(struct load *l, int i)
{
	struct load_conn *c = &l->conn[i];
	int n;

	while ((n = SSL_read(c->ssl, c->in + c->have, (int)(LOAD_STREAM_MAX - c->have))) > 0) {
		c->have += (size_t)n;
		tls_frames(l, i, load_now_ns());
	}
	n = SSL_get_error(c->ssl, n);
	if (n != SSL_ERROR_WANT_READ && n != SSL_ERROR_WANT_WRITE) {
		close(c->fd); // poll passes over negative descriptors
		c->fd = -1;
	}
}

/* ---- UDP ---- */

static void udp_receive(struct load *l, int i)
{
	static char buf[BATCH][LOAD_MESSAGE_MAX];
	struct load_to from[BATCH];
	struct mmsghdr mm[BATCH];
	struct iovec iov[BATCH];
	uint64_t now;
	int got;

	for (int k = 0; k < BATCH; k++) {
		iov[k] = (struct iovec){buf[k], sizeof(buf[k]) - 1};
		from[k].conn = i;
		mm[k].msg_hdr = (struct msghdr){.msg_iov = &iov[k],
			.msg_iovlen = 1,
			.msg_name = &from[k].in,
			.msg_namelen = sizeof(from[k].in)};
	}
	got = recvmmsg(l->conn[i].fd, mm, BATCH, MSG_DONTWAIT, NULL);
	now = load_now_ns();
	for (int k = 0; k < got; k++) {
		buf[k][mm[k].msg_len] = 0;
		load_call_receive(
			l, l->conn[i].side, &from[k], (struct load_slice){buf[k], mm[k].msg_len}, now);
	}
}

/* ---- both ---- */

void load_net_open(struct load *l)
{
	l->listen_fd = -1;
	if (l->tls_dir != NULL) {
		tls_open(l);
		return;
	}
	udp_open(l, &l->caller, SIDE_CALLER);
	udp_open(l, &l->called, SIDE_CALLED);
}

void load_net_send(struct load *l, const struct load_to *to, const char *m, size_t len)
{
	struct load_conn *c = &l->conn[to->conn];

	if (c->ssl != NULL)
		tls_send(c, m, len);
	else if (sendto(c->fd, m, len, 0, (const struct sockaddr *)&to->in, sizeof(to->in)) < 0)
		l->unexpected++;
}

void load_net_wait(struct load *l, uint64_t until)
{
	struct pollfd p[LOAD_CONNS_MAX + 1];
	uint64_t now = load_now_ns(), wait = until > now ? until - now : 0;
	struct timespec t = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
	int had = l->conn_count, fd;

	for (int i = 0; i < had; i++)
		p[i] = (struct pollfd){.fd = l->conn[i].fd, .events = POLLIN};
	p[had] = (struct pollfd){.fd = l->listen_fd, .events = POLLIN};
	if (ppoll(p, (nfds_t)(had + 1), &t, NULL) <= 0)
		return;
	for (int i = 0; i < had; i++) {
		if (p[i].revents == 0)
			continue;
		if (l->conn[i].ssl != NULL)
			tls_receive(l, i);
		else
			udp_receive(l, i);
	}
	if (p[had].revents != 0 && (fd = accept(l->listen_fd, NULL, NULL)) >= 0)
		tls_add(l, fd, SIDE_CALLED);
}
