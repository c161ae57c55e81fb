// SPDX-License-Identifier: Apache-2.0
// Typed channels between processes: one sequenced-packet socket, messages of one fixed size that begin with
// `uint16_t version, type`, and descriptors beside them (SCM_RIGHTS).
//
// Nothing blocks and nothing waits here: what the kernel does not take is the sender's to keep. A message of another size
// or version is dropped, and its descriptors are closed.
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include "base/result.h"

enum {
	CHANNEL_FDS_MAX = 4,          // descriptors beside one message
	CHANNEL_BUFFER = 1024 * 1024, // [octets] of the kernel's buffers that channel_pair asks for
};

struct channel_kind { // what may pass
	uint32_t size;    // [octets] of every message, at least 4
	uint16_t version; // that it must begin with
};

// Two connected descriptors, non-blocking and close-on-exec: for the monitor. E_SYSTEM.
MUST_USE result channel_pair(int fd[2]);

// Send MESSAGE of SIZE octets with COUNT descriptors, which stay the caller's. E_TOO_MANY;
// E_AGAIN when the kernel takes no more, E_CLOSED.
MUST_USE result channel_put(int fd, const void *message, uint32_t size, const int *fds, uint32_t count);
// Take one message of exactly KIND; the descriptors in FDS (CHANNEL_FDS_MAX) are the caller's. E_AGAIN: none there;
// E_CLOSED: the other process is gone; E_SYNTAX: not of this kind, dropped.
MUST_USE result channel_get(int fd, const struct channel_kind *kind, void *message, int *fds, uint32_t *count);

#endif
