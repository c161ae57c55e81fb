// SPDX-License-Identifier: Apache-2.0
// What the registry's database says reaches the workers: each set makes a registry of its own, swapped whole; changes are seen as
// they are added.
#include "base/log.h"
#include "main/signaller.h"

#include <unistd.h>

result registry_make(const struct snapshot *snapshot, const struct ldr *ldr, struct registry **out)
{
	TRY(registry_new(out, snapshot));
	result r = ldr != NULL ? registry_attach(*out, ldr) : OK;
	if (!is_ok(r))
		registry_free(*out);
	return r;
}

static result use_h(void *ctx, const struct ldr_set *set)
{
	struct signaller *s = ctx;
	struct registry *next;
	TRY(registry_make(s->snapshot, &set->ldr, &next));
	registry_free(net_swap_registry(s->net, next)); // nobody reads the old one when it returns
	s->registry = next;
	log_write(LOG_LEVEL_NOTICE, "signaller.registry", LOG_NUM("epoch", set->ldr.epoch), LOG_NUM("ranges", ranges_count(set->ldr.ranges)),
		LOG_NUM("names", groups_names(set->ldr.groups)));
	return OK;
}

static void ldr_h(evutil_socket_t fd, short what, void *arg)
{
	struct signaller *s = arg;
	UNUSED(fd);
	UNUSED(what);
	IGNORE_RESULT(ldr_client_receive(&s->ldr)); // the monitor keeps the channel open: a new directory sends everything again
}

result ldr_watch(struct signaller *s)
{
	int fd = s->start->channels->ldr.end[0];
	struct event *e = event_new(s->loop.base, fd, EV_READ | EV_PERSIST, ldr_h, s);
	REQUIRE(e != NULL && event_add(e, NULL) == 0, E_NO_MEMORY);
	ldr_client_begin(&s->ldr, fd, use_h, s);
	return OK;
}
