// SPDX-License-Identifier: Apache-2.0
// Typed channels between processes: one sequenced-packet socket, messages of one fixed size that begin with
// `uint16_t version, type`, and descriptors beside them (SCM_RIGHTS).
//
// Sending never blocks: what the kernel does not take waits in a bounded queue. A message of another size or
// version is dropped and counted, and its descriptors are closed.
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include "net/loop.h"

enum {
	CHANNEL_FDS_MAX = 4,          // descriptors beside one message
	CHANNEL_BATCH = 16,           // messages taken with one system call
	CHANNEL_ROUNDS = 4,           // batches in one turn
	CHANNEL_MESSAGE_MAX = 65536,  // [octets] largest message of any pair
	CHANNEL_QUEUE_MAX = 1024,     // messages that wait for a slow receiver
	CHANNEL_BUFFER = 1024 * 1024, // [octets] of the kernel's buffers that channel_pair asks for
};

struct channel_kind { // what may pass
	uint32_t size;    // [octets] of every message: 4..CHANNEL_MESSAGE_MAX
	uint16_t version; // that it must begin with
};

struct channel_handlers {
	// A message of the right size and version, valid during the call. COUNT descriptors belong to the channel
	// unless the handler takes one and puts -1 in its place.
	void (*receive)(void *ctx, const void *message, int *fds, uint32_t count);
	// The other process is gone; called once. May be NULL.
	void (*ended)(void *ctx);
	void *ctx;
};

struct channel; // opaque

// Two connected descriptors, non-blocking and close-on-exec: for the monitor. E_SYSTEM.
MUST_USE result channel_pair(int fd[2]);

// A channel on FD (taken over, closed on failure) in the loop L, on whose thread everything happens.
// E_CONFIG for a size out of range, E_NO_MEMORY.
MUST_USE result channel_new(struct channel **out, struct loop *l, int fd, const struct channel_kind *kind,
	const struct channel_handlers *h);
void channel_free(struct channel *c);
// Send MESSAGE (of the kind's size) with COUNT descriptors, which stay the caller's. E_FULL: the queue is at its
// bound; E_CLOSED: the other process is gone; E_TOO_MANY, E_NO_MEMORY.
MUST_USE result channel_send(struct channel *c, const void *message, const int *fds, uint32_t count);
// Messages waiting.
uint32_t channel_waiting(const struct channel *c);

// Without a loop, for the monitor and the signer. Put: E_AGAIN when the kernel takes no more, E_CLOSED.
MUST_USE result channel_put(int fd, const void *message, uint32_t size, const int *fds, uint32_t count);
// Take one message of exactly KIND; the descriptors in FDS (CHANNEL_FDS_MAX) are the caller's. E_AGAIN: none there;
// E_CLOSED: the other process is gone; E_SYNTAX: not of this kind, dropped.
MUST_USE result channel_get(int fd, const struct channel_kind *kind, void *message, int *fds, uint32_t *count);

#endif
