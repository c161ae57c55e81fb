// SPDX-License-Identifier: Apache-2.0
// The do-nothing relay: epoll, recvmmsg, sendmmsg, no look at the packet. What any relay on this machine must
// cost.
#include "media.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BATCH = 32 };

struct idle { // a socket, and where its packets go
	int fd, out;
	struct sockaddr_in to;
};

static struct mmsghdr idle_rx[BATCH], idle_tx[BATCH];
static struct iovec idle_iov[BATCH];
static struct sockaddr_in idle_from[BATCH];
static uint8_t idle_buf[BATCH][2048];

static void idle_forward(const struct idle *s)
{
	int got = recvmmsg(s->fd, idle_rx, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < got; i++) {
		idle_iov[i].iov_len = idle_rx[i].msg_len;
		idle_tx[i].msg_hdr.msg_iov = &idle_iov[i];
		idle_tx[i].msg_hdr.msg_iovlen = 1;
		idle_tx[i].msg_hdr.msg_name = (void *)(uintptr_t)&s->to;
		idle_tx[i].msg_hdr.msg_namelen = sizeof(s->to);
	}
	if (got > 0)
		sendmmsg(s->out, idle_tx, (unsigned)got, MSG_DONTWAIT);
	for (int i = 0; i < got; i++) {
		idle_iov[i].iov_len = sizeof(idle_buf[i]);
		idle_rx[i].msg_hdr.msg_namelen = sizeof(idle_from[i]);
	}
}

void bench_idle_run(const struct rig *r)
{
	struct idle *s = calloc(r->sessions * 2, sizeof(*s));
	struct epoll_event ev[64];
	int ep = epoll_create1(0);

	for (uint32_t i = 0; i < BATCH; i++) {
		idle_iov[i] = (struct iovec){idle_buf[i], sizeof(idle_buf[i])};
		idle_rx[i].msg_hdr = (struct msghdr){.msg_iov = &idle_iov[i],
			.msg_iovlen = 1,
			.msg_name = &idle_from[i],
			.msg_namelen = sizeof(idle_from[i])};
	}
	for (uint32_t i = 0; i < r->sessions * 2; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
		s[i] = (struct idle){r->pair[i].rtp_fd, r->pair[i ^ 1].rtp_fd, r->leg[i ^ 1].self};
		epoll_ctl(ep, EPOLL_CTL_ADD, s[i].fd, &e);
	}
	for (;;) {
		int n = epoll_wait(ep, ev, 64, 100);
		for (int i = 0; i < n; i++)
			idle_forward(&s[ev[i].data.u32]);
	}
}
