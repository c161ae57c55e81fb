// SPDX-License-Identifier: Apache-2.0
// Socket options in one place. IPv6 sockets speak IPv6 only, so that an IPv4 address never comes in the
// mapped form that address ranges would not match.
#include "net/open.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static bool set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static void set_buffers(int fd, uint32_t octets)
{
	int n = octets > INT32_MAX ? INT32_MAX : (int)octets;
	if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, n)) // needs CAP_NET_ADMIN, else the system's bound holds
		set(fd, SOL_SOCKET, SO_RCVBUF, n);
	if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, n))
		set(fd, SOL_SOCKET, SO_SNDBUF, n);
}

static bool set_common(int fd, int family, const struct net_open_options *o)
{
	bool good = o->exclusive || set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6)
		good = good && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
		       set(fd, IPPROTO_IPV6, IPV6_TCLASS, o->dscp << 2);
	else
		good = good && set(fd, IPPROTO_IP, IP_TOS, o->dscp << 2);
	if (o->interface != NULL && o->interface[0] != '\0') {
		size_t n = strnlen(o->interface, NET_INTERFACE_MAX);
		good = good && n < NET_INTERFACE_MAX &&
		       setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->interface, (socklen_t)n) == 0;
	}
	return good;
}

static bool is_any(const struct address *a)
{
	static const uint8_t zero[16];
	return memcmp(a->ip, zero, sizeof(zero)) == 0;
}

// Ask for the local address of each datagram where the socket is bound to all of them.
static bool want_destination(int fd, const struct address *local)
{
	if (!is_any(local))
		return true;
	return local->family == 6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
				  : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

static result bind_to(int fd, const struct address *local)
{
	struct sockaddr_storage ss;
	socklen_t n = address_to_sockaddr(local, &ss);
	REQUIRE(bind(fd, (struct sockaddr *)&ss, n) == 0, E_CONFIG);
	return OK;
}

static result make(const struct address *like, int type, const struct net_open_options *o, int *fd)
{
	REQUIRE(like->family == 4 || like->family == 6, E_CONFIG);
	int family = like->family == 6 ? AF_INET6 : AF_INET;
	*fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	REQUIRE(*fd >= 0, E_SYSTEM);
	set_buffers(*fd, o->buffer != 0 ? o->buffer : type == SOCK_DGRAM ? NET_SOCKET_BUFFER : NET_STREAM_BUFFER);
	REQUIRE(set_common(*fd, family, o), E_CONFIG);
	return OK;
}

static result give(result r, int *fd)
{
	if (!is_ok(r) && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return r;
}

static result open_udp(const struct address *local, const struct net_open_options *o, int *fd)
{
	TRY(make(local, SOCK_DGRAM, o, fd));
	REQUIRE(o->exclusive || set(*fd, SOL_SOCKET, SO_REUSEPORT, 1), E_CONFIG);
	REQUIRE(want_destination(*fd, local), E_CONFIG);
	return bind_to(*fd, local);
}

result net_open_udp(const struct address *local, const struct net_open_options *o, int *fd)
{
	*fd = -1;
	return give(open_udp(local, o, fd), fd);
}

// No delay for small messages; a dead path is noticed. What is accepted inherits both.
static bool set_stream(int fd)
{
	return set(fd, IPPROTO_TCP, TCP_NODELAY, 1) && set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, NET_STREAM_DEAD_MS);
}

static result open_listen(const struct address *local, const struct net_open_options *o, int *fd)
{
	TRY(make(local, SOCK_STREAM, o, fd));
	// Alone: a listener in TIME_WAIT may be succeeded, a living one may not be joined.
	REQUIRE(set(*fd, SOL_SOCKET, o->exclusive ? SO_REUSEADDR : SO_REUSEPORT, 1), E_CONFIG);
	REQUIRE(set_stream(*fd), E_CONFIG);
	TRY(bind_to(*fd, local));
	REQUIRE(listen(*fd, NET_LISTEN_BACKLOG) == 0, E_CONFIG);
	return OK;
}

result net_open_listen(const struct address *local, const struct net_open_options *o, int *fd)
{
	*fd = -1;
	return give(open_listen(local, o, fd), fd);
}

static result open_connect(const struct address *local, const struct address *remote,
	const struct net_open_options *o, int *fd)
{
	TRY(make(remote, SOCK_STREAM, o, fd));
	REQUIRE(set_stream(*fd), E_CONFIG);
	if (local->family != 0) {
		struct address from = *local;
		REQUIRE(local->family == remote->family, E_CONFIG);
		from.port = 0;
		set(*fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1); // ports are shared by destination
		TRY(bind_to(*fd, &from));
	}
	struct sockaddr_storage ss;
	socklen_t n = address_to_sockaddr(remote, &ss);
	if (connect(*fd, (struct sockaddr *)&ss, n) != 0)
		REQUIRE(errno == EINPROGRESS, E_CLOSED);
	return OK;
}

result net_open_connect(const struct address *local, const struct address *remote,
	const struct net_open_options *o, int *fd)
{
	*fd = -1;
	return give(open_connect(local, remote, o, fd), fd);
}

struct address net_local_address(int fd)
{
	struct address a = {0};
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0 ||
		!is_ok(address_from_sockaddr((struct sockaddr *)&ss, n, &a)))
		memset(&a, 0, sizeof(a));
	return a;
}
