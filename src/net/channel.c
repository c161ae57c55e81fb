// SPDX-License-Identifier: Apache-2.0
// A channel in a loop: batches in, a bounded queue out. The receiver may free the channel only after the turn;
// handlers are called with messages that have passed the check of size and version.
#include "net/channel.h"

#include "base/memory.h"
#include "net/channel_message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct waiting {
	struct waiting *next;
	uint32_t fds;
	int fd[CHANNEL_FDS_MAX];
	uint8_t message[];
};

struct channel {
	struct loop *loop;
	struct channel_kind kind;
	struct channel_handlers handlers;
	int fd;
	bool ended, writing;
	struct event *readable, *writable;
	struct waiting *first, **last;
	uint32_t count;
	uint8_t *buffer; // CHANNEL_BATCH messages
	struct mmsghdr msg[CHANNEL_BATCH];
	struct iovec iov[CHANNEL_BATCH];
	_Alignas(struct cmsghdr) uint8_t control[CHANNEL_BATCH][CHANNEL_CONTROL];
};

static void end(struct channel *c)
{
	if (c->ended)
		return;
	c->ended = true;
	event_del(c->readable);
	event_del(c->writable);
	if (c->handlers.ended != NULL)
		c->handlers.ended(c->handlers.ctx);
}

static void take_one(struct channel *c, uint32_t i)
{
	int fds[CHANNEL_FDS_MAX];
	struct mmsghdr *m = &c->msg[i];
	uint32_t count = channel_take_fds(&m->msg_hdr, fds);
	if (channel_fits(&c->kind, c->iov[i].iov_base, m->msg_len, m->msg_hdr.msg_flags)) {
		net_count(c->loop->counters, NET_CHANNEL_RECEIVED, 1);
		c->handlers.receive(c->handlers.ctx, c->iov[i].iov_base, fds, count);
	} else {
		net_count(c->loop->counters, NET_CHANNEL_BAD, 1);
	}
	channel_close_fds(fds, count); // what the handler did not take
}

static uint32_t take_batch(struct channel *c)
{
	for (uint32_t i = 0; i < CHANNEL_BATCH; i++)
		c->msg[i].msg_hdr = (struct msghdr){.msg_iov = &c->iov[i], .msg_iovlen = 1,
			.msg_control = c->control[i], .msg_controllen = CHANNEL_CONTROL};
	int n = recvmmsg(c->fd, c->msg, CHANNEL_BATCH, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		end(c);
	for (uint32_t i = 0; n > 0 && i < (uint32_t)n; i++) {
		if (c->msg[i].msg_len == 0) { // end of the stream: no message is empty
			end(c);
			return 0;
		}
		take_one(c, i);
	}
	return n > 0 ? (uint32_t)n : 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(c->loop);
	for (uint32_t i = 0; i < CHANNEL_ROUNDS && !c->ended; i++)
		if (take_batch(c) < CHANNEL_BATCH)
			break;
}

static void drop_first(struct channel *c)
{
	struct waiting *w = c->first;
	c->first = w->next;
	if (c->first == NULL)
		c->last = &c->first;
	c->count--;
	channel_close_fds(w->fd, w->fds);
	memory_free(w);
}

static void want_write(struct channel *c)
{
	if (!c->writing)
		c->writing = event_add(c->writable, NULL) == 0;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;
	UNUSED(fd);
	UNUSED(what);
	loop_enter(c->loop);
	c->writing = false;
	while (c->first != NULL && !c->ended) {
		result r = channel_put(c->fd, c->first->message, c->kind.size, c->first->fd, c->first->fds);
		if (r.error == E_AGAIN) {
			want_write(c);
			return;
		}
		net_count(c->loop->counters, is_ok(r) ? NET_CHANNEL_SENT : NET_CHANNEL_ERROR, 1);
		if (is_ok(r))
			drop_first(c);
		else
			end(c);
	}
}

static bool start(struct channel *c)
{
	c->buffer = memory_array(CHANNEL_BATCH, c->kind.size);
	c->readable = event_new(c->loop->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(c->loop->base, c->fd, EV_WRITE, on_writable, c);
	if (c->buffer == NULL || c->readable == NULL || c->writable == NULL)
		return false;
	for (uint32_t i = 0; i < CHANNEL_BATCH; i++)
		c->iov[i] = (struct iovec){c->buffer + (size_t)i * c->kind.size, c->kind.size};
	return event_add(c->readable, NULL) == 0;
}

result channel_new(struct channel **out, struct loop *l, int fd, const struct channel_kind *kind,
	const struct channel_handlers *h)
{
	*out = NULL;
	bool good = kind->size >= 4 && kind->size <= CHANNEL_MESSAGE_MAX;
	struct channel *c = good ? memory_alloc(sizeof(*c)) : NULL;
	if (c == NULL) {
		close(fd);
		return good ? FAIL(E_NO_MEMORY) : FAIL(E_CONFIG);
	}
	c->loop = l;
	c->fd = fd;
	c->kind = *kind;
	c->handlers = *h;
	c->last = &c->first;
	if (!start(c)) {
		channel_free(c);
		return FAIL(E_NO_MEMORY);
	}
	*out = c;
	return OK;
}

void channel_free(struct channel *c)
{
	if (c == NULL)
		return;
	while (c->first != NULL)
		drop_first(c);
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	close(c->fd);
	memory_free(c->buffer);
	memory_free(c);
}

static result queue(struct channel *c, const void *message, const int *fds, uint32_t count)
{
	if (c->count >= CHANNEL_QUEUE_MAX) {
		net_count(c->loop->counters, NET_CHANNEL_FULL, 1);
		return FAIL(E_FULL);
	}
	struct waiting *w = memory_alloc(sizeof(*w) + c->kind.size);
	REQUIRE(w != NULL, E_NO_MEMORY);
	memcpy(w->message, message, c->kind.size);
	for (; w->fds < count; w->fds++) { // the caller may close its own before ours leave
		w->fd[w->fds] = fcntl(fds[w->fds], F_DUPFD_CLOEXEC, 0);
		if (w->fd[w->fds] < 0) {
			channel_close_fds(w->fd, w->fds);
			memory_free(w);
			return FAIL(E_FULL);
		}
	}
	*c->last = w;
	c->last = &w->next;
	c->count++;
	want_write(c);
	return OK;
}

result channel_send(struct channel *c, const void *message, const int *fds, uint32_t count)
{
	REQUIRE(!c->ended, E_CLOSED);
	REQUIRE(count <= CHANNEL_FDS_MAX, E_TOO_MANY);
	result r = c->first == NULL ? channel_put(c->fd, message, c->kind.size, fds, count) : FAIL(E_AGAIN);
	if (r.error == E_AGAIN)
		return queue(c, message, fds, count);
	net_count(c->loop->counters, is_ok(r) ? NET_CHANNEL_SENT : NET_CHANNEL_ERROR, 1);
	return r;
}

uint32_t channel_waiting(const struct channel *c)
{
	return c->count;
}
