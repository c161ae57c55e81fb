// SPDX-License-Identifier: Apache-2.0
// What one UDP socket still has to send: a bounded queue in one block, flushed with sendmmsg.
#ifndef NET_UDP_QUEUE_H
#define NET_UDP_QUEUE_H

#include "base/address.h"
#include "base/span.h"
#include "net/loop.h"

struct udp_queue;
typedef void (*udp_queue_fail_h)(void *ctx, const struct address *to, uint64_t cookie);

// Make the queue of the descriptor FD, which stays the caller's. SOURCES: each datagram may name the address that it
// leaves from. E_NO_MEMORY.
MUST_USE result udp_queue_new(
	struct udp_queue **out, struct loop *l, int fd, bool sources, udp_queue_fail_h fail, void *ctx);
void udp_queue_free(struct udp_queue *q);
// Append a copy of OCTETS from FROM to TO. FROM: NULL, or family 0, for whatever the kernel chooses; else the queue was
// made with SOURCES. When the queue is at its bound what waits is sent first; E_FULL when the kernel takes nothing
// (counted). Never calls FAIL.
MUST_USE result udp_queue_put(struct udp_queue *q, const struct address *from, const struct address *to,
	struct bytes octets, uint64_t cookie);
// Send what waits; the rest, when the kernel takes no more, leaves as soon as it does. Never calls FAIL.
void udp_queue_flush(struct udp_queue *q);
// Call FAIL for each datagram that was refused; it may put new ones. False: there was none.
bool udp_queue_tell(struct udp_queue *q);

#endif
