// SPDX-License-Identifier: Apache-2.0
// The wait-free queue and its alarm bell.
//
// The bell rings once per sleep: the sender that turns `sleeping` from true to false writes the eventfd. The
// receiver sets `sleeping`, then looks at the queue again; a sender enqueues, then looks at `sleeping`. The
// full barriers between make it impossible that both miss each other.
#include "net/mailbox.h"

#include "base/sanitizer.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <urcu/arch.h>

// The queue hands a message over with barriers in assembler, which the thread sanitizer does not see.
#ifdef SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>
#define HANDED_OVER(m) __tsan_release(m)
#define TAKEN_OVER(m) __tsan_acquire(m)
#else
#define HANDED_OVER(m) ((void)(m))
#define TAKEN_OVER(m) ((void)(m))
#endif

result mailbox_init(struct mailbox *mb, uint32_t max)
{
	REQUIRE(max >= 1 && max <= MAILBOX_MAX, E_IMPOSSIBLE);
	__cds_wfcq_init(&mb->head, &mb->tail);
	atomic_init(&mb->count, 0);
	atomic_init(&mb->sleeping, false);
	mb->max = max;
	mb->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	REQUIRE(mb->wake_fd >= 0, E_SYSTEM);
	return OK;
}

void mailbox_end(struct mailbox *mb)
{
	if (mb->wake_fd >= 0)
		close(mb->wake_fd);
	mb->wake_fd = -1;
}

void mailbox_ring(struct mailbox *mb)
{
	uint64_t one = 1;
	ssize_t n = write(mb->wake_fd, &one, sizeof(one));
	UNUSED(n); // fails only when the counter is at its end, and then the receiver is woken anyway
}

result mailbox_post(struct mailbox *mb, struct mail *m, bool *woke)
{
	if (woke != NULL)
		*woke = false;
	if (atomic_fetch_add_explicit(&mb->count, 1, memory_order_relaxed) >= mb->max) {
		atomic_fetch_sub_explicit(&mb->count, 1, memory_order_relaxed);
		return FAIL(E_FULL);
	}
	cds_wfcq_node_init(&m->node);
	HANDED_OVER(m);
	cds_wfcq_enqueue(&mb->head, &mb->tail, &m->node);
	cmm_smp_mb();
	if (!atomic_load_explicit(&mb->sleeping, memory_order_relaxed))
		return OK;
	if (!atomic_exchange_explicit(&mb->sleeping, false, memory_order_acq_rel))
		return OK;
	mailbox_ring(mb);
	if (woke != NULL)
		*woke = true;
	return OK;
}

// The next message, or NULL; also while a sender is between its two steps, which never makes us wait.
static struct mail *take(struct mailbox *mb)
{
	struct cds_wfcq_node *n = __cds_wfcq_dequeue_nonblocking(&mb->head, &mb->tail);
	if (n == NULL || n == CDS_WFCQ_WOULDBLOCK)
		return NULL;
	struct mail *m = caa_container_of(n, struct mail, node);
	TAKEN_OVER(m);
	atomic_fetch_sub_explicit(&mb->count, 1, memory_order_relaxed);
	return m;
}

uint32_t mailbox_drain(struct mailbox *mb, uint32_t max, void *ctx)
{
	uint32_t done = 0;
	for (; done < max; done++) {
		struct mail *m = take(mb);
		if (m == NULL)
			break;
		m->deliver(m, ctx);
	}
	return done;
}

bool mailbox_sleep(struct mailbox *mb)
{
	atomic_store_explicit(&mb->sleeping, true, memory_order_relaxed);
	cmm_smp_mb();
	if (cds_wfcq_empty(&mb->head, &mb->tail))
		return true;
	atomic_store_explicit(&mb->sleeping, false, memory_order_relaxed);
	return false;
}

void mailbox_awake(struct mailbox *mb)
{
	if (atomic_load_explicit(&mb->sleeping, memory_order_relaxed))
		atomic_store_explicit(&mb->sleeping, false, memory_order_relaxed);
}

void mailbox_clear(struct mailbox *mb)
{
	uint64_t n;
	ssize_t got = read(mb->wake_fd, &n, sizeof(n));
	UNUSED(got); // EAGAIN: nothing rang since
}
