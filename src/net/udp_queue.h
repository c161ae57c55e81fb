// SPDX-License-Identifier: Apache-2.0
// What one UDP socket still has to send: a bounded queue in one block, flushed with sendmmsg.
#ifndef NET_UDP_QUEUE_H
#define NET_UDP_QUEUE_H

#include "base/address.h"
#include "base/span.h"
#include "net/loop.h"

struct udp_queue;
typedef void (*udp_queue_fail_h)(void *ctx, const struct address *to, uint64_t cookie);

// Make the queue of the descriptor FD, which stays the caller's. E_NO_MEMORY.
MUST_USE result udp_queue_new(struct udp_queue **out, struct loop *l, int fd, udp_queue_fail_h fail, void *ctx);
void udp_queue_free(struct udp_queue *q);
// Append a copy of OCTETS to TO. When the queue is at its bound what waits is sent first; E_FULL when the
// kernel takes nothing (counted).
MUST_USE result udp_queue_put(
	struct udp_queue *q, const struct address *to, struct bytes octets, uint64_t cookie);
// Send what waits; the rest, when the kernel takes no more, leaves as soon as it does.
void udp_queue_flush(struct udp_queue *q);

#endif
