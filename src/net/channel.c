// SPDX-License-Identifier: Apache-2.0
// sendmsg and recvmsg with descriptors. Every received descriptor ends in exactly one place: the caller's hands
// or close().
#include "net/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANNEL_CONTROL = 64 }; // [octets] CMSG_SPACE of CHANNEL_FDS_MAX descriptors

_Static_assert(CHANNEL_CONTROL >= CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int)), "descriptors fit");

result channel_pair(int fd[2])
{
	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0, E_SYSTEM);
	for (int i = 0; i < 2; i++) {
		int n = CHANNEL_BUFFER; // as far as the system allows; less only means an earlier queue
		if (setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &n, sizeof(n)) != 0)
			setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
	}
	return OK;
}

static void close_fds(const int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

// The descriptors that came with M, in FDS (CHANNEL_FDS_MAX); returns how many. Surplus ones are closed.
static uint32_t take_fds(struct msghdr *m, int *fds)
{
	uint32_t count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0))
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (count < CHANNEL_FDS_MAX)
				fds[count++] = fd;
			else
				close(fd);
		}
	}
	return count;
}

// Is this message (N octets, received with FLAGS) whole and of KIND?
static bool fits(const struct channel_kind *kind, const void *message, size_t n, int flags)
{
	uint16_t version;
	if (n != kind->size || (flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return false;
	memcpy(&version, message, sizeof(version));
	return version == kind->version;
}

static void put_fds(struct msghdr *m, uint8_t *control, const int *fds, uint32_t count)
{
	if (count == 0)
		return;
	memset(control, 0, CHANNEL_CONTROL);
	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(count * sizeof(int));
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
}

result channel_put(int fd, const void *message, uint32_t size, const int *fds, uint32_t count)
{
	_Alignas(struct cmsghdr) uint8_t control[CHANNEL_CONTROL];
	struct iovec iov = {(void *)(uintptr_t)message, size};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	REQUIRE(count <= CHANNEL_FDS_MAX, E_TOO_MANY);
	put_fds(&m, control, fds, count);
	ssize_t n;
	do {
		n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS))
		return FAIL(E_AGAIN);
	REQUIRE(n == (ssize_t)size, E_CLOSED);
	return OK;
}

result channel_get(int fd, const struct channel_kind *kind, void *message, int *fds, uint32_t *count)
{
	_Alignas(struct cmsghdr) uint8_t control[CHANNEL_CONTROL];
	struct iovec iov = {message, kind->size};
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	*count = 0;
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? FAIL(E_AGAIN) : FAIL(E_CLOSED);
	REQUIRE(n > 0, E_CLOSED);
	*count = take_fds(&m, fds);
	if (fits(kind, message, (size_t)n, m.msg_flags))
		return OK;
	close_fds(fds, *count);
	*count = 0;
	return FAIL(E_SYNTAX);
}
