// SPDX-License-Identifier: Apache-2.0
// Opening sockets: for the monitor alone. Every other process has its descriptors handed in.
#ifndef NET_OPEN_H
#define NET_OPEN_H

#include "base/address.h"

enum {
	NET_SOCKET_BUFFER = 4 * 1024 * 1024, // [octets] 0.1 s of 40 000 datagrams of 1 kB a second
	NET_STREAM_BUFFER = 256 * 1024,      // [octets] of one stream: what a slow reader may hold in the kernel (SF-A6)
	NET_STREAM_DEAD_MS = 20000,          // [ms] unacknowledged octets end a connection: before timer F (32 s) does
	NET_LISTEN_BACKLOG = 1024,           // connections completed but not yet accepted
	NET_INTERFACE_MAX = 16,              // IFNAMSIZ, NUL included
};

struct net_open_options {
	const char *interface; // device or VRF to bind to; NULL or "" for none
	uint8_t dscp;          // 0..63, written into IP_TOS or IPV6_TCLASS
	bool exclusive;        // nobody else may bind the same address: media ports
	uint32_t buffer;       // [octets] of the kernel's receive and send buffers; 0: NET_SOCKET_BUFFER, NET_STREAM_BUFFER
};

// A non-blocking UDP socket bound to LOCAL, of which each worker opens one (SO_REUSEPORT).
// E_CONFIG when the address or interface cannot be used, E_SYSTEM when there is no descriptor.
MUST_USE result net_open_udp(const struct address *local, const struct net_open_options *o, int *fd);
// A non-blocking TCP socket that listens on LOCAL; one for each worker. Errors as net_open_udp.
MUST_USE result net_open_listen(const struct address *local, const struct net_open_options *o, int *fd);
// A non-blocking TCP socket that is connecting to REMOTE, from the IP of LOCAL (any port; family 0: the
// kernel chooses). E_CLOSED when it is refused at once; else errors as net_open_udp.
MUST_USE result net_open_connect(const struct address *local, const struct address *remote,
	const struct net_open_options *o, int *fd);

// The address FD is bound to; family 0 when the kernel does not say.
struct address net_local_address(int fd);

#endif
