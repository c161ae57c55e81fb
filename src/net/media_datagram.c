// SPDX-License-Identifier: Apache-2.0
// Datagrams of the media process. How many are asked for at once follows what a socket last had, because
// asking for one more than there are costs an extra walk into the kernel. Packets change in place and leave
// in batches per socket.
#include "net/media_worker.h"

#include "mf/store.h"
#include "wire/rtp/rtp.h"

#include <string.h>
#include <sys/epoll.h>

enum { DRAIN_MAX = 512 }; // late datagrams thrown away before a port serves a new stream (MF-C5)

static bool name_read(const union media_name *n, socklen_t len, struct address *out)
{
	*out = (struct address){0};
	if (n->any.sa_family == AF_INET && len >= sizeof(n->v4)) {
		out->family = 4;
		out->port = ntohs(n->v4.sin_port);
		memcpy(out->ip, &n->v4.sin_addr, 4);
		return true;
	}
	if (n->any.sa_family == AF_INET6 && len >= sizeof(n->v6)) {
		out->family = 6;
		out->port = ntohs(n->v6.sin6_port);
		memcpy(out->ip, &n->v6.sin6_addr, 16);
		return true;
	}
	return false;
}

static socklen_t name_write(const struct address *a, union media_name *out)
{
	if (a->family == 4) {
		out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
		memcpy(&out->v4.sin_addr, a->ip, 4);
		return sizeof(out->v4);
	}
	out->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
	memcpy(&out->v6.sin6_addr, a->ip, 16);
	return sizeof(out->v6);
}

// Send what has been gathered for one socket. A datagram that the kernel refuses is lost, as on any hop.
static void flush(struct media_worker *w, int fd, uint32_t count)
{
	uint32_t done = 0;

	while (done < count) {
		int n = sendmmsg(fd, w->tx + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		done += n > 0 ? (uint32_t)n : 1;
	}
}

static bool datagram_walk(
	struct media_worker *w, const struct media_endpoint *e, uint32_t i, struct mf_datagram *d)
{
	const struct msghdr *h = &w->rx[i].msg_hdr;

	if (!name_read(&w->rx_name[i], h->msg_namelen, &d->from))
		return false;
	d->stream = e->stream;
	d->side = e->side;
	d->rtcp = e->rtcp;
	d->buf = w->buffer[i];
	d->len = w->rx[i].msg_len;
	d->cap = MEDIA_BUFFER;
	return mf_packet(w->engine, d, &w->now) == MF_PASSED;
}

static uint32_t gather(struct media_worker *w, uint32_t slot, const struct mf_datagram *d)
{
	w->tx_iov[slot] = (struct iovec){d->buf, d->len};
	w->tx[slot].msg_hdr.msg_namelen = name_write(&d->to, &w->tx_name[slot]);
	return slot + 1;
}

// As many as asked for, and ready again in the very next round, or so many sockets are ready that this one
// had to wait: there is a queue, so ask for more.
static void ask_adapt(const struct media_worker *w, struct media_endpoint *e, uint32_t got)
{
	if (got < e->ask)
		e->ask = (uint8_t)got;
	else if ((w->busy || w->round - e->round == 1) && e->ask < MEDIA_BATCH)
		e->ask = (uint8_t)(e->ask * 2);
	e->round = w->round;
}

void media_endpoint_read(struct media_worker *w, struct media_endpoint *e)
{
	uint32_t gathered = 0, ask = e->ask;
	struct mf_datagram d;
	int got, fd = -1;

	got = recvmmsg(e->fd, w->rx, ask, MSG_DONTWAIT, NULL);
	if (got <= 0)
		return;
	ask_adapt(w, e, (uint32_t)got);
	for (uint32_t i = 0; i < (uint32_t)got; i++) {
		bool passed = datagram_walk(w, e, i, &d);
		w->rx[i].msg_hdr.msg_namelen = sizeof(union media_name);
		if (!passed)
			continue;
		int next = w->out[d.stream][d.out_side][d.out_rtcp];
		if (next != fd && gathered > 0) {
			flush(w, fd, gathered);
			gathered = 0;
		}
		fd = next;
		gathered = gather(w, gathered, &d);
	}
	flush(w, fd, gathered);
}

static void drain(int fd)
{
	uint8_t octet;

	for (uint32_t i = 0; i < DRAIN_MAX; i++)
		if (recv(fd, &octet, 1, MSG_DONTWAIT | MSG_TRUNC) < 0)
			return;
}

void media_port_h(void *ctx, const struct mf_port_change *c)
{
	struct media_worker *w = ctx;
	uint32_t at = (w->first[c->listener] + c->pair) * 2;

	for (uint32_t rtcp = 0; rtcp < 2; rtcp++) {
		struct media_endpoint *e = &w->endpoint[at + rtcp];
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = at + rtcp};

		w->out[c->stream][c->side][rtcp] = c->open ? e->fd : -1;
		if (e->open)
			epoll_ctl(w->epoll, EPOLL_CTL_DEL, e->fd, NULL);
		e->open = c->open;
		if (!c->open)
			continue;
		drain(e->fd);
		e->stream = c->stream;
		e->side = c->side;
		e->rtcp = rtcp != 0;
		e->ask = 1;
		epoll_ctl(w->epoll, EPOLL_CTL_ADD, e->fd, &event);
	}
}

void media_messages_prepare(struct media_worker *w)
{
	for (uint32_t i = 0; i < MEDIA_BATCH; i++) {
		w->rx_iov[i] = (struct iovec){w->buffer[i], RTP_DATAGRAM_MAX + 1};
		w->rx[i].msg_hdr = (struct msghdr){.msg_name = &w->rx_name[i],
			.msg_namelen = sizeof(union media_name),
			.msg_iov = &w->rx_iov[i],
			.msg_iovlen = 1};
		w->tx[i].msg_hdr = (struct msghdr){
			.msg_name = &w->tx_name[i], .msg_iov = &w->tx_iov[i], .msg_iovlen = 1};
	}
}
