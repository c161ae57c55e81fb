// SPDX-License-Identifier: Apache-2.0
// A socket that never blocks; waiting is poll() for what is left of the time.
#include "publish/link.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LENGTH_OCTETS = 2, US_PER_MS = 1000 };

static result failed(const struct publish_link *l, enum publish_trouble what, struct publish_fault *why)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	struct address a;
	char text[ADDRESS_TEXT_MAX] = "";
	if (l->fd >= 0 && getpeername(l->fd, (struct sockaddr *)&peer, &len) == 0 &&
		is_ok(address_from_sockaddr((struct sockaddr *)&peer, len, &a)))
		address_text(&a, text);
	return publish_fail(why, what, text);
}

static result wait_for(struct publish_link *l, short events, struct publish_fault *why)
{
	for (;;) {
		uint64_t now = clock_now().mono_us;
		struct pollfd p = {.fd = l->fd, .events = events};
		if (now >= l->deadline_us)
			return failed(l, PUBLISH_TIMEOUT, why);
		int n = poll(&p, 1, (int)((l->deadline_us - now) / US_PER_MS) + 1);
		if (n > 0)
			return OK;
		if (n < 0 && errno != EINTR)
			return failed(l, PUBLISH_GONE, why);
	}
}

static result connected(struct publish_link *l, const char *where, struct publish_fault *why)
{
	int error = 0;
	socklen_t len = sizeof(error);
	TRY(wait_for(l, POLLOUT, why));
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
		return publish_fail(why, PUBLISH_UNREACHABLE, where);
	return OK;
}

result publish_link_open(struct publish_link *l, const struct address *server, uint32_t timeout_ms, struct publish_fault *why)
{
	struct sockaddr_storage to;
	socklen_t len = address_to_sockaddr(server, &to);
	char where[ADDRESS_TEXT_MAX];
	result r;
	address_text(server, where);
	l->deadline_us = clock_now().mono_us + (uint64_t)timeout_ms * US_PER_MS;
	l->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return publish_fail(why, PUBLISH_UNREACHABLE, where);
	if (connect(l->fd, (struct sockaddr *)&to, len) == 0)
		return OK;
	r = errno == EINPROGRESS ? connected(l, where, why) : publish_fail(why, PUBLISH_UNREACHABLE, where);
	if (!is_ok(r))
		publish_link_close(l);
	return r;
}

void publish_link_close(struct publish_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static result send_all(struct publish_link *l, const uint8_t *at, size_t len, struct publish_fault *why)
{
	while (len > 0) {
		ssize_t n;
		TRY(wait_for(l, POLLOUT, why));
		n = send(l->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return failed(l, PUBLISH_GONE, why);
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return OK;
}

result publish_link_send(struct publish_link *l, struct bytes message, struct publish_fault *why)
{
	uint8_t length[LENGTH_OCTETS] = {(uint8_t)(message.len >> 8), (uint8_t)message.len};
	if (message.len > PUBLISH_MESSAGE_MAX)
		return publish_fail(why, PUBLISH_TOO_MUCH, "");
	TRY(send_all(l, length, sizeof(length), why));
	return send_all(l, message.at, message.len, why);
}

// ENDED: what the end of the stream means here.
static result receive_all(struct publish_link *l, uint8_t *to, size_t len, enum publish_trouble ended, struct publish_fault *why)
{
	for (size_t have = 0; have < len;) {
		ssize_t n;
		TRY(wait_for(l, POLLIN, why));
		n = recv(l->fd, to + have, len - have, 0);
		if (n == 0)
			return failed(l, have > 0 ? PUBLISH_TRUNCATED : ended, why);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return failed(l, PUBLISH_GONE, why);
		have += n > 0 ? (size_t)n : 0;
	}
	return OK;
}

result publish_link_receive(struct publish_link *l, struct bytes *out, struct publish_fault *why)
{
	uint8_t length[LENGTH_OCTETS];
	size_t len;
	TRY(receive_all(l, length, sizeof(length), PUBLISH_GONE, why));
	len = (size_t)length[0] << 8 | length[1];
	TRY(receive_all(l, l->message, len, PUBLISH_TRUNCATED, why));
	*out = bytes_make(l->message, len);
	return OK;
}
