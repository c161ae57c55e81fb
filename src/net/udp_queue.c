// SPDX-License-Identifier: Apache-2.0
// A block of octets and a list of datagrams in it, both filled from the front and emptied as a whole or from
// the front. When the kernel takes no more (EAGAIN) the rest waits for the socket to become writable.
//
// What it refuses is only noted, and told at the end of the turn: whoever hears of a failure sends to the next
// target, and would come back here from within a send.
#include "net/udp_queue.h"

#include "base/memory.h"
#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>

union udp_source { // room for one PKTINFO of either family
	struct cmsghdr head;
	uint8_t at[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_failed {
	struct address dest;
	uint64_t cookie;
};

struct udp_queue {
	struct loop *loop;
	int fd;
	udp_queue_fail_h fail;
	void *ctx;
	struct event *writable;
	bool waiting;        // for the socket to become writable
	uint32_t from, to;   // datagrams [from, to) are waiting
	uint32_t used;       // octets of the block
	uint8_t *block;      // UDP_QUEUE_OCTETS
	struct mmsghdr msg[UDP_QUEUE];
	struct iovec iov[UDP_QUEUE];
	struct sockaddr_in6 name[UDP_QUEUE];
	struct address dest[UDP_QUEUE];
	uint64_t cookie[UDP_QUEUE];
	union udp_source *source; // UDP_QUEUE of them; NULL: the socket is bound to one address
	uint32_t told, refused;   // of `failed`, [told, refused) are not told yet
	struct udp_failed failed[UDP_QUEUE];
};

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct udp_queue *q = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(q->loop);
	q->waiting = false;
	udp_queue_flush(q);
}

result udp_queue_new(
	struct udp_queue **out, struct loop *l, int fd, bool sources, udp_queue_fail_h fail, void *ctx)
{
	*out = NULL;
	struct udp_queue *q = memory_alloc(sizeof(*q));
	REQUIRE(q != NULL, E_NO_MEMORY);
	*q = (struct udp_queue){.loop = l, .fd = fd, .fail = fail, .ctx = ctx};
	q->block = memory_alloc(UDP_QUEUE_OCTETS);
	q->source = sources ? memory_array(UDP_QUEUE, sizeof(*q->source)) : NULL;
	q->writable = event_new(l->base, fd, EV_WRITE, on_writable, q);
	if (q->block == NULL || q->writable == NULL || (sources && q->source == NULL)) {
		udp_queue_free(q);
		return FAIL(E_NO_MEMORY);
	}
	for (uint32_t i = 0; i < UDP_QUEUE; i++)
		q->msg[i].msg_hdr = (struct msghdr){.msg_name = &q->name[i], .msg_iov = &q->iov[i], .msg_iovlen = 1};
	*out = q;
	return OK;
}

void udp_queue_free(struct udp_queue *q)
{
	if (q == NULL)
		return;
	if (q->writable != NULL)
		event_free(q->writable);
	memory_free(q->source);
	memory_free(q->block);
	memory_free(q);
}

static void put_name(struct udp_queue *q, uint32_t i, const struct address *to)
{
	if (to->family == 4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(to->port)};
		memcpy(&in.sin_addr, to->ip, 4);
		memcpy(&q->name[i], &in, sizeof(in));
		q->msg[i].msg_hdr.msg_namelen = sizeof(in);
	} else {
		q->name[i] = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
		memcpy(&q->name[i].sin6_addr, to->ip, 16);
		q->msg[i].msg_hdr.msg_namelen = sizeof(q->name[i]);
	}
	q->dest[i] = *to;
}

static void put_source(struct udp_queue *q, uint32_t i, const struct address *from)
{
	struct msghdr *m = &q->msg[i].msg_hdr;
	struct cmsghdr *c = &q->source[i].head;
	m->msg_control = from->family != 0 ? c : NULL;
	m->msg_controllen = 0;
	if (from->family == 4) {
		struct in_pktinfo p = {0};
		memcpy(&p.ipi_spec_dst, from->ip, 4);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(p)), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(c), &p, sizeof(p));
		m->msg_controllen = CMSG_SPACE(sizeof(p));
	} else if (from->family == 6) {
		struct in6_pktinfo p = {0};
		memcpy(&p.ipi6_addr, from->ip, 16);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(p)), IPPROTO_IPV6, IPV6_PKTINFO};
		memcpy(CMSG_DATA(c), &p, sizeof(p));
		m->msg_controllen = CMSG_SPACE(sizeof(p));
	}
}

result udp_queue_put(struct udp_queue *q, const struct address *from, const struct address *to,
	struct bytes octets, uint64_t cookie)
{
	if (q->to == UDP_QUEUE || octets.len > UDP_QUEUE_OCTETS - q->used)
		udp_queue_flush(q);
	if (q->to == UDP_QUEUE || octets.len > UDP_QUEUE_OCTETS - q->used) {
		net_count(q->loop->counters, NET_UDP_QUEUE_FULL, 1);
		return FAIL(E_FULL);
	}
	uint32_t i = q->to++;
	memcpy(q->block + q->used, octets.at, octets.len);
	q->iov[i] = (struct iovec){q->block + q->used, octets.len};
	q->used += (uint32_t)octets.len;
	q->cookie[i] = cookie;
	put_name(q, i, to);
	if (from != NULL && q->source != NULL)
		put_source(q, i, from);
	return OK;
}

static void wait_writable(struct udp_queue *q)
{
	if (!q->waiting && event_add(q->writable, NULL) == 0)
		q->waiting = true;
}

// The first datagram was refused: it is lost, the others may go.
static void refused(struct udp_queue *q)
{
	uint32_t i = q->from++;
	net_count(q->loop->counters, NET_UDP_SEND_ERROR, 1);
	q->failed[q->refused++] = (struct udp_failed){q->dest[i], q->cookie[i]};
}

bool udp_queue_tell(struct udp_queue *q)
{
	bool some = q->told < q->refused;
	while (q->told < q->refused) {
		struct udp_failed f = q->failed[q->told++];
		if (q->told == q->refused)
			q->told = q->refused = 0; // room again before new ones come
		q->fail(q->ctx, &f.dest, f.cookie);
	}
	return some;
}

static void sent(struct udp_queue *q, uint32_t n)
{
	uint64_t octets = 0;
	for (uint32_t i = 0; i < n; i++)
		octets += q->iov[q->from + i].iov_len;
	q->from += n;
	net_count(q->loop->counters, NET_UDP_SENT, n);
	net_count(q->loop->counters, NET_UDP_SENT_OCTETS, octets);
}

void udp_queue_flush(struct udp_queue *q)
{
	while (q->from < q->to && !q->waiting && q->refused < UDP_QUEUE) { // what could not be told stays
		int n = sendmmsg(q->fd, &q->msg[q->from], q->to - q->from, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			sent(q, (uint32_t)n);
		else if (errno == EAGAIN)
			wait_writable(q);
		else if (errno != EINTR)
			refused(q);
	}
	if (q->from == q->to)
		q->from = q->to = q->used = 0;
}
