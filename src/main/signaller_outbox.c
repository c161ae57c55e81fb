// SPDX-License-Identifier: Apache-2.0
// Rows on their way to admin: made by workers, queued and sent by the control loop as fast as admin reads.
//
// A list of thousands of calls does not fit the socket's buffer; waiting is the control loop's affair, never a worker's.
#include "base/memory.h"
#include "main/signaller.h"

#include <errno.h>
#include <sys/socket.h>

enum { OUTBOX_MAX = 32 * 1024 * 1024 }; // [octets] 60 000 calls; beyond it a list is cut and says so

bool outgoing_add(struct outgoing_chain *c, const struct ipc_admin *m, size_t size)
{
	struct outgoing *o = memory_alloc(sizeof(*o) + size);
	if (o == NULL)
		return false;
	o->size = (uint32_t)size;
	memcpy(o->octets, m, size);
	if (c->last != NULL)
		c->last->next = o;
	else
		c->first = o;
	c->last = o;
	return true;
}

static void outbox_flush(struct signaller *s)
{
	struct outbox *b = &s->outbox;
	while (b->chain.first != NULL) {
		struct outgoing *o = b->chain.first;
		if (send(s->admin, o->octets, o->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			event_add(b->writable, NULL);
			return;
		}
		b->chain.first = o->next;
		if (b->chain.first == NULL)
			b->chain.last = NULL;
		b->octets -= o->size;
		memory_free(o);
	}
}

static void writable_h(evutil_socket_t fd, short what, void *arg)
{
	struct signaller *s = arg;
	UNUSED(fd);
	UNUSED(what);
	outbox_flush(s);
	records_send(s);
}

void outbox_wait(struct signaller *s)
{
	event_add(s->outbox.writable, NULL);
}

result outbox_init(struct signaller *s)
{
	s->outbox.writable = event_new(s->loop.base, s->admin, EV_WRITE, writable_h, s);
	return s->outbox.writable != NULL ? OK : FAIL(E_NO_MEMORY);
}

static void outbox_put(struct signaller *s, struct outgoing *first)
{
	struct outbox *b = &s->outbox;
	while (first != NULL) {
		struct outgoing *o = first;
		first = o->next;
		o->next = NULL;
		if (b->octets + o->size > OUTBOX_MAX) {
			net_count(&s->counters, NET_CHANNEL_FULL, 1);
			memory_free(o);
			continue;
		}
		if (b->chain.last != NULL)
			b->chain.last->next = o;
		else
			b->chain.first = o;
		b->chain.last = o;
		b->octets += o->size;
	}
	outbox_flush(s);
}

void admin_send(struct signaller *s, const struct ipc_admin *m, size_t size)
{
	struct outgoing_chain c = {NULL, NULL};
	if (outgoing_add(&c, m, size))
		outbox_put(s, c.first);
	else
		net_count(&s->counters, NET_NO_MEMORY, 1);
}

static void chain_h(struct mail *m, void *ctx)
{
	struct loop *l = ctx;
	struct signaller *s = (struct signaller *)((char *)l - offsetof(struct signaller, loop));
	outbox_put(s, (struct outgoing *)m);
}

bool outgoing_post(struct worker *w, struct outgoing_chain *c)
{
	if (c->first == NULL)
		return true;
	c->first->mail.deliver = chain_h;
	if (is_ok(loop_post(&w->home->loop, &c->first->mail, net_worker_counters(w->net))))
		return true;
	while (c->first != NULL) {
		struct outgoing *o = c->first;
		c->first = o->next;
		memory_free(o);
	}
	return false;
}
