// SPDX-License-Identifier: Apache-2.0
// The do-nothing border: as many datagrams of the same sizes in and out, over the same two sockets, with
// epoll, recvmmsg and sendmmsg, and no SIP. What comes from the caller goes to the called side, and the other
// way about; an INVITE also gets a 100 that is its own header between Via and CSeq. It shows what wake-ups
// and the kernel cost.
//
//   bench-echo OUTER INNER CALLER CALLED          each IP:PORT; ends on a signal
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BATCH = 64, SOCKET_BUFFER = 4 << 20 };
static const char trying[] = "SIP/2.0 100 Trying\r\n", ending[] = "\r\nContent-Length: 0\r\n\r\n";

struct echo_side {
	int fd;
	struct sockaddr_in to; // the user agent on this side
};

struct echo_batch {
	struct mmsghdr in[BATCH], out[BATCH], answer[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH], answer_iov[BATCH][3];
	char buf[BATCH][LOAD_MESSAGE_MAX];
};

static int side_open(const char *here, const char *there, struct echo_side *s)
{
	struct load_end local, remote;
	int room = SOCKET_BUFFER;

	if (!load_end_parse(here, &local) || !load_end_parse(there, &remote))
		return -1;
	s->to = remote.in;
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return bind(s->fd, (struct sockaddr *)&local.in, sizeof(local.in));
}

static void address_to(struct mmsghdr *m, struct iovec *iov, size_t n, struct sockaddr_in *to)
{
	m->msg_hdr =
		(struct msghdr){.msg_iov = iov, .msg_iovlen = n, .msg_name = to, .msg_namelen = sizeof(*to)};
}

static bool answer_make(struct echo_batch *b, unsigned k, int i, size_t len, struct sockaddr_in *to)
{
	char *via, *end;

	if (strncmp(b->buf[i], "INVITE ", 7) != 0 || (via = memmem(b->buf[i], len, "Via:", 4)) == NULL ||
		(end = memmem(b->buf[i], len, "\r\nContact:", 10)) == NULL || end < via)
		return false;
	b->answer_iov[k][0] = (struct iovec){(void *)(uintptr_t)trying, sizeof(trying) - 1};
	b->answer_iov[k][1] = (struct iovec){via, (size_t)(end - via)};
	b->answer_iov[k][2] = (struct iovec){(void *)(uintptr_t)ending, sizeof(ending) - 1};
	address_to(&b->answer[k], b->answer_iov[k], 3, to);
	return true;
}

static void side_forward(struct echo_batch *b, struct echo_side *from, struct echo_side *to)
{
	unsigned answers = 0;
	int got;

	for (int i = 0; i < BATCH; i++) {
		b->in_iov[i] = (struct iovec){b->buf[i], sizeof(b->buf[i])};
		b->in[i].msg_hdr = (struct msghdr){.msg_iov = &b->in_iov[i], .msg_iovlen = 1};
	}
	got = recvmmsg(from->fd, b->in, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		b->out_iov[i] = (struct iovec){b->buf[i], b->in[i].msg_len};
		address_to(&b->out[i], &b->out_iov[i], 1, &to->to);
		answers += answer_make(b, answers, i, b->in[i].msg_len, &from->to);
	}
	if (answers > 0)
		sendmmsg(from->fd, b->answer, answers, MSG_DONTWAIT);
	if (got > 0)
		sendmmsg(to->fd, b->out, (unsigned)got, MSG_DONTWAIT);
}

int main(int argc, char **argv)
{
	static struct echo_batch batch;
	struct echo_side side[2];
	struct epoll_event ev[2];
	int ep = epoll_create1(0);

	if (argc != 5 || side_open(argv[1], argv[3], &side[0]) != 0 ||
		side_open(argv[2], argv[4], &side[1]) != 0) {
		fprintf(stderr, "usage: bench-echo OUTER INNER CALLER CALLED\n");
		return 2;
	}
	for (uint32_t i = 0; i < 2; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
		epoll_ctl(ep, EPOLL_CTL_ADD, side[i].fd, &e);
	}
	for (;;) {
		int n = epoll_wait(ep, ev, 2, -1);
		for (int i = 0; i < n; i++)
			side_forward(&batch, &side[ev[i].data.u32], &side[ev[i].data.u32 ^ 1]);
	}
}
