// SPDX-License-Identifier: Apache-2.0
// The snapshot in force inside one process, swapped by RCU (liburcu, memb flavour).
//
// Readers pay no lock: a loop holds the read side open for one turn, so what holder_get returns stays valid
// until the end of that turn. The writer swaps, waits until every reader has passed, then frees the old one.
#ifndef NET_HOLDER_H
#define NET_HOLDER_H

#include <stdatomic.h>
#include <stddef.h>
#include <urcu.h>

struct registry;

struct holder {
	_Atomic(struct registry *) current;
};

// Each reading thread: once at its beginning and end.
void holder_thread_begin(void);
void holder_thread_end(void);

// A stretch in which what holder_get returns stays valid. May nest.
void holder_read_begin(void);
void holder_read_end(struct holder *h);

// The registry in force; NULL before the first swap. Only between read_begin and read_end.
static inline struct registry *holder_get(struct holder *h)
{
	return atomic_load_explicit(&h->current, memory_order_acquire);
}

// Writer: put NEXT in force and return the former one (NULL at first) once no reader holds it any more: the
// caller frees it. Blocks for a grace period: not on a worker, not between read_begin and read_end.
struct registry *holder_swap(struct holder *h, struct registry *next);

#endif
