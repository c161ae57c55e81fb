// SPDX-License-Identifier: Apache-2.0
// Octets that wait for a stream: filled at the end, taken from the front, bounded by the caller.
#ifndef NET_OCTETS_H
#define NET_OCTETS_H

#include "base/result.h"
#include "base/span.h"

enum { OCTETS_KEEP = 16384 }; // [octets] a drained buffer up to this size is kept for the next message

struct octets {
	uint8_t *at;
	uint32_t from, to, size; // [from, to) is waiting
};

static inline uint32_t octets_len(const struct octets *o)
{
	return o->to - o->from;
}

// Append B. E_FULL when more than MAX would wait, E_NO_MEMORY; nothing is appended then.
MUST_USE result octets_put(struct octets *o, struct bytes b, uint32_t max);
// Forget the first N.
void octets_drop(struct octets *o, uint32_t n);
void octets_free(struct octets *o);
// Send to FD what waits. OK: all gone; E_AGAIN: the kernel takes no more now; E_CLOSED: it never will.
// *SENT gets the number of octets.
MUST_USE result octets_send(struct octets *o, int fd, uint32_t *sent);

#endif
