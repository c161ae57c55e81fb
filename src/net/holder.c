// SPDX-License-Identifier: Apache-2.0
// RCU around one pointer. liburcu's barriers are in the library, unseen by the thread sanitizer; the two
// annotations tell it that the end of every read comes before the end of a grace period.
#include "net/holder.h"

#include "base/sanitizer.h"

#ifdef SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>
#define READ_ENDS(h) __tsan_release(h)
#define GRACE_ENDS(h) __tsan_acquire(h)
#else
#define READ_ENDS(h) ((void)(h))
#define GRACE_ENDS(h) ((void)(h))
#endif

void holder_thread_begin(void)
{
	rcu_register_thread();
}

void holder_thread_end(void)
{
	rcu_unregister_thread();
}

void holder_read_begin(void)
{
	rcu_read_lock();
}

void holder_read_end(struct holder *h)
{
	READ_ENDS(h);
	rcu_read_unlock();
}

struct registry *holder_swap(struct holder *h, struct registry *next)
{
	struct registry *old = atomic_exchange_explicit(&h->current, next, memory_order_acq_rel);
	synchronize_rcu();
	GRACE_ENDS(h);
	return old;
}
