// SPDX-License-Identifier: Apache-2.0
// One thread receives; readers of the set are others. A part is unmapped when no set has it any more.
#include "main/ldr_client.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/channel.h"
#include "terms/ipc_ldr.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct channel_kind kind = {sizeof(struct ipc_ldr), IPC_LDR_VERSION};

enum { MESSAGES_PER_TURN = 256 };

static void want(struct ldr_client *c)
{
	struct ipc_ldr m = {.version = IPC_LDR_VERSION, .type = IPC_LDR_WANT};
	IGNORE_RESULT(channel_put(c->fd, &m, sizeof(m), NULL, 0)); // full: the directory is about to send all the same
}

void ldr_client_begin(struct ldr_client *c, int fd, ldr_use_h use, void *ctx)
{
	*c = (struct ldr_client){.fd = fd, .use = use, .ctx = ctx};
	if (fd >= 0)
		want(c);
}

static void part_drop(struct ldr_part *p)
{
	if (p == NULL || --p->users > 0)
		return;
	munmap(p->at, p->size);
	memory_free(p);
}

// Nobody may change or shorten it under us, the sender included: what was checked stays so, and reading it raises no signal.
static bool is_sealed(int fd)
{
	static const int needed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & needed) == needed;
}

static struct ldr_part *part_map(int fd)
{
	struct stat st;
	struct ldr_part *p = memory_alloc(sizeof(*p));
	if (p == NULL || !is_sealed(fd) || fstat(fd, &st) != 0 || st.st_size <= 0) {
		memory_free(p);
		return NULL;
	}
	p->size = (size_t)st.st_size;
	p->users = 1;
	p->at = mmap(NULL, p->size, PROT_READ, MAP_SHARED, fd, 0);
	if (p->at != MAP_FAILED)
		return p;
	memory_free(p);
	return NULL;
}

static void set_free(struct ldr_set *s)
{
	if (s == NULL)
		return;
	if (s->own_overlay)
		overlay_free(s->ldr.overlay);
	part_drop(s->ranges);
	part_drop(s->groups);
	memory_free(s);
}

static struct ldr_set *set_new(uint32_t epoch, struct ldr_part *ranges, struct ldr_part *groups, struct overlay *overlay)
{
	struct ldr_set *s = memory_alloc(sizeof(*s));
	bool good = s != NULL && ranges != NULL && groups != NULL && overlay != NULL && is_ok(ranges_check(ranges->at, ranges->size, false)) &&
		    is_ok(groups_check(groups->at, groups->size, false));
	if (!good) {
		memory_free(s);
		return NULL;
	}
	*s = (struct ldr_set){.ldr = {epoch, ranges->at, groups->at, overlay}, .ranges = ranges, .groups = groups, .own_overlay = true};
	return s;
}

static void replace(struct ldr_client *c, struct ldr_set *next)
{
	struct ldr_set *old = c->set;
	result r = c->use(c->ctx, next);
	if (!is_ok(r)) {
		log_write(LOG_LEVEL_ALARM, "registry.not-used", LOG_STR("why", error_name(r.error)));
		if (old != NULL && next->ldr.overlay == old->ldr.overlay)
			next->own_overlay = false;
		set_free(next);
		return;
	}
	c->set = next;
	c->behind = false;
	if (old != NULL && old->ldr.overlay == next->ldr.overlay)
		old->own_overlay = false;
	set_free(old);
}

static void take_base(struct ldr_client *c, const struct ipc_ldr *m, const int *fds)
{
	struct overlay *overlay = NULL;
	c->behind = true;
	if (m->remembered != 0 && c->set != NULL)
		return; // a directory that was started again, before it has read the database: ours is as new, or newer (LUF-I3)
	struct ldr_part *ranges = part_map(fds[0]), *groups = part_map(fds[1]);
	struct ldr_set *next = is_ok(overlay_new(&overlay)) ? set_new(m->epoch, ranges, groups, overlay) : NULL;
	if (next != NULL) {
		replace(c, next);
		return;
	}
	log_write(LOG_LEVEL_ALARM, "registry.not-mapped", LOG_NUM("epoch", m->epoch));
	overlay_free(overlay);
	part_drop(ranges);
	part_drop(groups);
}

static void take_groups(struct ldr_client *c, int fd)
{
	if (c->behind) {
		want(c);
		return;
	}
	struct ldr_part *groups = part_map(fd);
	struct ldr_set *next = set_new(c->set->ldr.epoch, c->set->ranges, groups, c->set->ldr.overlay);
	if (next == NULL) {
		log_write(LOG_LEVEL_ALARM, "registry.not-mapped", LOG_NUM("epoch", c->set->ldr.epoch));
		part_drop(groups);
		return;
	}
	c->set->ranges->users++;
	replace(c, next);
}

static void take_changes(struct ldr_client *c, const struct ipc_ldr *m)
{
	if (c->behind || c->set == NULL || c->set->ldr.epoch != m->epoch || overlay_count(c->set->ldr.overlay) != m->position) {
		want(c); // some are missing
		return;
	}
	for (uint32_t i = 0; i < m->count && i < IPC_LDR_CHANGES; i++) {
		const struct ipc_ldr_change *x = &m->change[i];
		const struct range_change change = {{x->key, x->target, x->rn}, x->gone != 0};
		if (is_ok(overlay_put(c->set->ldr.overlay, &change)))
			continue;
		want(c);
		return;
	}
}

static void handle(struct ldr_client *c, const struct ipc_ldr *m, const int *fds, uint32_t passed)
{
	if (m->type == IPC_LDR_BASE && passed == 2)
		take_base(c, m, fds);
	else if (m->type == IPC_LDR_GROUPS && passed == 1 && c->set != NULL && (c->behind || c->set->ldr.epoch == m->epoch))
		take_groups(c, fds[0]);
	else if (m->type == IPC_LDR_CHANGED)
		take_changes(c, m);
	else
		c->bad++;
}

result ldr_client_receive(struct ldr_client *c)
{
	static struct ipc_ldr m; // one thread of each process receives
	for (uint32_t i = 0; i < MESSAGES_PER_TURN; i++) {
		int fds[CHANNEL_FDS_MAX];
		uint32_t passed = 0;
		result r = channel_get(c->fd, &kind, &m, fds, &passed);
		if (r.error == E_AGAIN)
			return OK;
		if (r.error == E_CLOSED)
			return r;
		if (is_ok(r))
			handle(c, &m, fds, passed);
		else
			c->bad++;
		while (is_ok(r) && passed > 0)
			close(fds[--passed]);
	}
	return OK;
}

const struct ldr *ldr_client_ldr(const struct ldr_client *c)
{
	return c->set != NULL ? &c->set->ldr : NULL;
}
