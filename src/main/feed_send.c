// SPDX-License-Identifier: Apache-2.0
// Each consumer gets what it lacks, in order: blocks, then changes. One that does not read holds up no other.
#include "main/feed_inside.h"

#include "net/channel.h"

#include <poll.h>
#include <unistd.h>

enum { HEARD_PER_TURN = 16 }; // messages of one consumer: one that never stops asking keeps nobody else waiting (LUF-A1)

static const struct channel_kind kind = {sizeof(struct ipc_ldr), IPC_LDR_VERSION};

// False: the channel is full, or gone.
static bool put(struct feed_consumer *c, const struct ipc_ldr *m, const int *fds, uint32_t count)
{
	result r = channel_put(c->fd, m, sizeof(*m), fds, count);
	if (r.error == E_CLOSED)
		c->fd = -1;
	return is_ok(r);
}

static bool send_base(struct feed *f, struct feed_consumer *c)
{
	struct ipc_ldr m = {.version = IPC_LDR_VERSION, .type = IPC_LDR_BASE, .epoch = f->epoch, .remembered = f->remembered};
	const int fds[] = {f->ranges.fd, f->groups.fd};
	if (!put(c, &m, fds, 2))
		return false;
	c->epoch = f->epoch;
	c->serial = f->serial;
	c->position = 0;
	return true;
}

static bool send_groups(struct feed *f, struct feed_consumer *c)
{
	struct ipc_ldr m = {.version = IPC_LDR_VERSION, .type = IPC_LDR_GROUPS, .epoch = f->epoch};
	if (!put(c, &m, &f->groups.fd, 1))
		return false;
	c->serial = f->serial;
	return true;
}

static bool send_changes(struct feed *f, struct feed_consumer *c)
{
	struct ipc_ldr m = {.version = IPC_LDR_VERSION, .type = IPC_LDR_CHANGED, .epoch = f->epoch, .position = c->position};
	while (m.count < IPC_LDR_CHANGES && c->position + m.count < f->logged) {
		m.change[m.count] = f->log[c->position + m.count];
		m.count++;
	}
	if (!put(c, &m, NULL, 0))
		return false;
	c->position += m.count;
	return true;
}

static void hear(struct feed_consumer *c)
{
	static struct ipc_ldr m; // under the lock
	int fds[CHANNEL_FDS_MAX];
	uint32_t passed = 0;
	for (uint32_t i = 0; i < HEARD_PER_TURN && c->fd >= 0; i++) {
		result r = channel_get(c->fd, &kind, &m, fds, &passed);
		if (r.error == E_AGAIN)
			return;
		if (r.error == E_CLOSED)
			c->fd = -1;
		while (is_ok(r) && passed > 0)
			close(fds[--passed]); // nobody has any to give
		if (is_ok(r) && m.type == IPC_LDR_WANT)
			c->epoch = 0;
	}
}

static void send_all(struct feed *f, struct feed_consumer *c)
{
	bool more = true;
	while (more && c->fd >= 0 && f->epoch != 0) {
		if (c->epoch != f->epoch)
			more = send_base(f, c);
		else if (c->serial != f->serial)
			more = send_groups(f, c);
		else if (c->position < f->logged)
			more = send_changes(f, c);
		else
			break;
	}
}

void feed_send(struct feed *f)
{
	pthread_mutex_lock(&f->lock);
	for (uint32_t i = 0; i < FEED_CONSUMERS; i++) {
		hear(&f->consumer[i]);
		send_all(f, &f->consumer[i]);
	}
	pthread_mutex_unlock(&f->lock);
}

void feed_attend(struct feed *f)
{
	struct pollfd p[FEED_CONSUMERS];
	pthread_mutex_lock(&f->lock);
	for (uint32_t i = 0; i < FEED_CONSUMERS; i++)
		p[i] = (struct pollfd){.fd = f->consumer[i].fd, .events = POLLIN};
	pthread_mutex_unlock(&f->lock);
	poll(p, FEED_CONSUMERS, FEED_POLL_MS);
	feed_send(f);
}
