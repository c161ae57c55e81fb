// SPDX-License-Identifier: Apache-2.0
// sendmsg and recvmsg with one descriptor; a second one in a message is closed, not leaked.
#include "main/control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct ipc_control control_make(enum ipc_control_type type)
{
	return (struct ipc_control){.version = IPC_CONTROL_VERSION, .type = (uint16_t)type, .peer = PEER_NONE};
}

result control_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0 ? OK : FAIL(E_SYSTEM);
}

result control_send(int fd, const struct ipc_control *m, int pass_fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec iov = {(void *)(uintptr_t)m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (pass_fd >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &pass_fd, sizeof(int));
	}
	ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == (ssize_t)sizeof(*m))
		return OK;
	return FAIL(errno == EAGAIN || errno == EWOULDBLOCK ? E_FULL : E_CLOSED);
}

// Take the first descriptor of MSG, close any further one.
static int take_descriptor(struct msghdr *msg)
{
	int first = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

result control_receive(int fd, struct ipc_control *m, size_t *len, int *passed)
{
	union {
		char room[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room)};
	*passed = -1;
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return FAIL(errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? E_AGAIN : E_CLOSED);
	if (n == 0)
		return FAIL(E_CLOSED);
	*passed = take_descriptor(&msg);
	*len = (size_t)n;
	if (*len != sizeof(*m) || m->version != IPC_CONTROL_VERSION)
		*len = 0; // the caller's request_check() refuses it
	return OK;
}

bool control_wait(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, timeout_ms) > 0;
}
