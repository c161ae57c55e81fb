// SPDX-License-Identifier: Apache-2.0
// Batched datagrams. The receive slots are shared by all sockets of a worker, because a batch is handled to
// its end before the next is asked for. Each slot begins at another cache set, so that 64 messages do not
// fight for the same lines.
#include "net/udp.h"

#include "base/memory.h"
#include "net/open.h"
#include "net/udp_queue.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

enum {
	SLOT = UDP_DATAGRAM_MAX + 1, // one octet more shows a longer datagram
	SLOT_STRIDE = 65536 + 1088,  // a page-sized stride would map every slot to the same cache sets
	CONTROL = 64,                // [octets] one PKTINFO of either family
};

struct udp_socket {
	struct udp *owner;
	int fd;
	bool any; // bound to all addresses: the local one comes with each datagram
	uint8_t family;
	struct origin origin; // all but `remote` is the same for every datagram
	struct event *readable;
	struct udp_queue *queue;
	struct address source; // of an `any` socket, for what has no other; family 0: the kernel chooses
};

struct udp {
	struct loop *loop;
	struct udp_handlers handlers;
	uint8_t *slots;
	struct mmsghdr msg[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_in6 name[UDP_BATCH]; // the larger of the two families
	_Alignas(struct cmsghdr) uint8_t control[UDP_BATCH][CONTROL];
	uint32_t count;
	struct udp_socket socket[UDP_SOCKETS_MAX];
	uint8_t by_listener[256][2]; // listener, family -> socket + 1; 0 none
};

static void prepare(struct udp *u)
{
	for (uint32_t i = 0; i < UDP_BATCH; i++) {
		u->iov[i] = (struct iovec){u->slots + (size_t)i * SLOT_STRIDE, SLOT};
		u->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &u->name[i], .msg_namelen = sizeof(u->name[i]), .msg_iov = &u->iov[i], .msg_iovlen = 1};
	}
}

static void flush_hook(void *ctx)
{
	udp_flush(ctx);
}

result udp_new(struct udp **out, struct loop *l, const struct udp_handlers *h)
{
	*out = NULL;
	struct udp *u = memory_alloc(sizeof(*u));
	REQUIRE(u != NULL, E_NO_MEMORY);
	u->loop = l;
	u->handlers = *h;
	u->slots = memory_alloc((size_t)UDP_BATCH * SLOT_STRIDE);
	result r = u->slots != NULL ? loop_add_hook(l, flush_hook, u) : FAIL(E_NO_MEMORY);
	if (!is_ok(r)) {
		udp_free(u);
		return r;
	}
	prepare(u);
	*out = u;
	return OK;
}

void udp_free(struct udp *u)
{
	if (u == NULL)
		return;
	for (uint32_t i = 0; i < u->count; i++) {
		struct udp_socket *s = &u->socket[i];
		udp_queue_free(s->queue);
		event_free(s->readable);
		close(s->fd);
	}
	memory_free(u->slots);
	memory_free(u);
}

// The sender's address without the generic conversion: this runs for each datagram.
static bool take_source(const struct sockaddr_in6 *name, struct address *a)
{
	a->reserved = 0;
	if (name->sin6_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, name, sizeof(in));
		a->family = 4;
		a->port = ntohs(in.sin_port);
		memcpy(a->ip, &in.sin_addr, 4);
		memset(a->ip + 4, 0, 12);
	} else if (name->sin6_family == AF_INET6) {
		a->family = 6;
		a->port = ntohs(name->sin6_port);
		memcpy(a->ip, &name->sin6_addr, 16);
	} else {
		return false;
	}
	return a->port != 0; // an answer could not be sent to port 0
}

// The local address of a datagram that came to a socket bound to all of them (IP_PKTINFO).
static void take_destination(struct msghdr *m, struct address *a)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo p;
			memcpy(&p, CMSG_DATA(c), sizeof(p));
			memcpy(a->ip, &p.ipi_spec_dst, 4); // ours even when it was a broadcast
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo p;
			memcpy(&p, CMSG_DATA(c), sizeof(p));
			memcpy(a->ip, &p.ipi6_addr, 16);
		}
	}
}

static void deliver(struct udp *u, struct udp_socket *s, struct origin *from, uint32_t i)
{
	struct mmsghdr *m = &u->msg[i];
	struct net_counters *c = u->loop->counters;
	if (m->msg_len > UDP_DATAGRAM_MAX || (m->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
		net_count(c, NET_UDP_TRUNCATED, 1);
		return;
	}
	if (m->msg_len == 0) {
		net_count(c, NET_UDP_EMPTY, 1);
		return;
	}
	if (!take_source(&u->name[i], &from->remote)) {
		net_count(c, NET_UDP_BAD_SOURCE, 1);
		return;
	}
	if (s->any)
		take_destination(&m->msg_hdr, &from->local);
	u->handlers.receive(u->handlers.ctx, u->iov[i].iov_base, m->msg_len, from, &u->loop->now);
}

static uint32_t receive_batch(struct udp *u, struct udp_socket *s)
{
	struct net_counters *c = u->loop->counters;
	int n = recvmmsg(s->fd, u->msg, UDP_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0) {
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			net_count(c, NET_UDP_RECEIVE_ERROR, 1);
		return 0;
	}
	struct origin from = s->origin;
	uint64_t octets = 0;
	for (uint32_t i = 0; i < (uint32_t)n; i++) {
		octets += u->msg[i].msg_len;
		deliver(u, s, &from, i);
		u->msg[i].msg_hdr.msg_namelen = sizeof(u->name[i]);
		if (s->any)
			u->msg[i].msg_hdr.msg_controllen = CONTROL;
	}
	net_count(c, NET_UDP_BATCHES, 1);
	net_count(c, NET_UDP_RECEIVED, (uint64_t)n);
	net_count(c, NET_UDP_RECEIVED_OCTETS, octets);
	return (uint32_t)n;
}

static void set_control(struct udp *u, bool on)
{
	for (uint32_t i = 0; i < UDP_BATCH; i++) {
		u->msg[i].msg_hdr.msg_control = on ? u->control[i] : NULL;
		u->msg[i].msg_hdr.msg_controllen = on ? CONTROL : 0;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct udp_socket *s = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(s->owner->loop);
	if (s->any)
		set_control(s->owner, true);
	for (uint32_t round = 0; round < UDP_ROUNDS; round++)
		if (receive_batch(s->owner, s) < UDP_BATCH)
			break;
	if (s->any)
		set_control(s->owner, false);
}

static void on_failed(void *ctx, const struct address *to, uint64_t cookie)
{
	struct udp_socket *s = ctx;
	struct udp *u = s->owner;
	if (u->handlers.fail != NULL)
		u->handlers.fail(u->handlers.ctx, s->origin.listener, to, cookie);
}

static result start(struct udp *u, struct udp_socket *s)
{
	TRY(udp_queue_new(&s->queue, u->loop, s->fd, s->any, on_failed, s));
	s->readable = event_new(u->loop->base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
	if (s->readable != NULL && event_add(s->readable, NULL) == 0)
		return OK;
	if (s->readable != NULL)
		event_free(s->readable);
	udp_queue_free(s->queue);
	return FAIL(E_NO_MEMORY);
}

result udp_add(struct udp *u, int fd, listener_id listener, zone_id zone)
{
	struct address local = net_local_address(fd);
	uint8_t *by_listener = &u->by_listener[listener][local.family == 6];
	result r = u->count < UDP_SOCKETS_MAX && local.family != 0 && *by_listener == 0 ? OK : FAIL(E_FULL);
	struct udp_socket *s = NULL;
	if (is_ok(r)) {
		s = &u->socket[u->count];
		*s = (struct udp_socket){.owner = u, .fd = fd, .family = local.family};
		s->origin = (struct origin){.transport = TRANSPORT_UDP, .listener = listener, .zone = zone,
			.tls_peer = PEER_NONE, .local = local};
		s->any = address_classify(&local) == ADDRESS_UNSPECIFIED;
		r = start(u, s);
	}
	if (!is_ok(r)) {
		close(fd);
		return r;
	}
	*by_listener = (uint8_t)++u->count;
	return OK;
}

static struct udp_socket *socket_of(struct udp *u, listener_id listener, uint8_t family)
{
	uint8_t i = family == 4 || family == 6 ? u->by_listener[listener][family == 6] : 0;
	return i != 0 ? &u->socket[i - 1] : NULL;
}

void udp_source(struct udp *u, listener_id listener, const struct address *from)
{
	struct udp_socket *s = socket_of(u, listener, from->family);
	if (s != NULL && s->any)
		s->source = *from;
}

result udp_send(struct udp *u, const struct hop *hop, struct bytes octets, uint64_t cookie)
{
	struct udp_socket *s = socket_of(u, hop->listener, hop->remote.family);
	REQUIRE(s != NULL, E_NOT_FOUND);
	REQUIRE(octets.len > 0 && octets.len <= UDP_DATAGRAM_MAX, E_TOO_LONG);
	const struct address *from = NULL;
	if (s->any)
		from = hop->local.family == hop->remote.family ? &hop->local : &s->source;
	return udp_queue_put(s->queue, from, &hop->remote, octets, cookie);
}

// Whoever hears of a failure may send again, elsewhere: until nothing is left to tell.
void udp_flush(struct udp *u)
{
	bool told = true;
	while (told) {
		told = false;
		for (uint32_t i = 0; i < u->count; i++)
			udp_queue_flush(u->socket[i].queue);
		for (uint32_t i = 0; i < u->count; i++)
			told = udp_queue_tell(u->socket[i].queue) || told;
	}
}
