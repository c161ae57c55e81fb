// SPDX-License-Identifier: Apache-2.0
// The resolver process: the only one that speaks DNS, and the only one that may open sockets. It reads what strangers send, so
// it holds nothing: no registry, no credentials, of the snapshot the section `dns` alone.
//
// One loop: libunbound's sockets, the monitor's questions (resolver_locate.c) and the directory's (resolver_questions.c).
#include "base/log.h"
#include "guard/folder.h"
#include "guard/sandbox.h"
#include "main/control.h"
#include "main/process.h"
#include "main/resolver.h"

#include <event2/event.h>
#include <sys/stat.h>
#include <unistd.h>

struct resolver_process {
	const struct process_start *start;
	const struct snapshot *snapshot; // mapped
	size_t size;
	struct event_base *base;
	struct dns_resolver *dns;
	struct resolver_locate *locate;
	struct resolver_questions *questions;
};

static struct bytes anchors_of(const struct snapshot *s)
{
	return snapshot_blob(s, s->settings.dns.trust_anchors);
}

static result use(struct resolver_process *p, const struct snapshot *s)
{
	if (p->dns == NULL)
		return dns_resolver_new(&p->dns, p->base, &s->settings.dns, anchors_of(s));
	if (snapshot_same_dns(p->snapshot, s))
		return OK;
	TRY(dns_resolver_configure(p->dns, &s->settings.dns, anchors_of(s)));
	log_write(LOG_LEVEL_NOTICE, "resolver.configured", LOG_NUM("generation", s->generation),
		LOG_NUM("upstreams", s->settings.dns.upstream_count));
	return OK;
}

static result use_snapshot(struct resolver_process *p, int fd)
{
	const struct snapshot *s;
	size_t size;
	TRY(process_map_snapshot(fd, &s, &size));
	result r = use(p, s);
	if (!is_ok(r)) {
		process_unmap_snapshot(s, size);
		return r;
	}
	process_unmap_snapshot(p->snapshot, p->size);
	p->snapshot = s;
	p->size = size;
	return OK;
}

static void on_message(struct resolver_process *p, struct ipc_control *m, int fd)
{
	m->text[sizeof(m->text) - 1] = '\0';
	if (m->type == IPC_CONTROL_STOP)
		event_base_loopbreak(p->base);
	else if (m->type == IPC_CONTROL_RESOLVE)
		resolver_locate_ask(p->locate, m);
	else if (m->type == IPC_CONTROL_SNAPSHOT && fd >= 0)
		process_taken(p->start->control, m->generation, use_snapshot(p, fd));
}

static void control_h(int control, short what, void *arg)
{
	struct resolver_process *p = arg;
	struct ipc_control m;
	size_t len;
	int fd;
	UNUSED(what);
	result r = control_receive(control, &m, &len, &fd);
	if (r.error == E_CLOSED)
		event_base_loopbreak(p->base);
	if (!is_ok(r))
		return;
	if (len == sizeof(m))
		on_message(p, &m, fd);
	if (fd >= 0)
		close(fd);
}

// Made while it is still allowed. What is wrong with one that is there is told when it is used.
static uint32_t prepare_folder(struct resolver_process *p, struct sandbox_path *paths, uint32_t count)
{
	const char *folder = p->snapshot->settings.dns.managed_anchors;
	if (folder[0] == '\0')
		return count;
	result r = folder_make_for(folder, p->start->user);
	if (!is_ok(r) && r.error != E_DUPLICATE)
		log_write(LOG_LEVEL_ALARM, "resolver.no-folder", LOG_STR("path", folder), LOG_STR("why", error_name(r.error)));
	umask(077); // the library makes files with whatever is left
	paths[count] = (struct sandbox_path){folder, true};
	return count + 1;
}

// As its own user: a state file of another one is not believed.
static result follow_anchors(struct resolver_process *p)
{
	const struct dns_settings *d = &p->snapshot->settings.dns;
	if (d->managed_anchors[0] == '\0')
		return OK;
	TRY(dns_resolver_follow(p->dns, d->managed_anchors, 0));
	return dns_resolver_configure(p->dns, d, anchors_of(p->snapshot));
}

static result begin(struct resolver_process *p)
{
	struct sandbox_path paths[SANDBOX_PATHS_MAX] = {{"/etc", false}, {"/dev/urandom", false}};
	p->base = event_base_new();
	REQUIRE(p->base != NULL, E_NO_MEMORY);
	TRY(use_snapshot(p, p->start->snapshot_fd));
	TRY(resolver_locate_new(&p->locate, p->base, p->dns, p->start->control));
	TRY(resolver_questions_new(&p->questions, p->base, p->dns, p->start->channels->dns.end[1]));
	TRY(process_ready(p->start, paths, prepare_folder(p, paths, 2)));
	TRY(follow_anchors(p));
	dns_resolver_begin(p->dns);
	return OK;
}

static result run(struct resolver_process *p)
{
	TRY(begin(p));
	struct event *control = event_new(p->base, p->start->control, EV_READ | EV_PERSIST, control_h, p);
	REQUIRE(control != NULL && event_add(control, NULL) == 0, E_NO_MEMORY);
	event_base_dispatch(p->base);
	event_free(control);
	return OK;
}

int resolver_main(struct process_start *start)
{
	struct resolver_process p = {.start = start};
	result r = run(&p);
	resolver_questions_free(p.questions);
	resolver_locate_free(p.locate);
	dns_resolver_free(p.dns);
	process_unmap_snapshot(p.snapshot, p.size);
	if (p.base != NULL)
		event_base_free(p.base);
	return is_ok(r) ? 0 : 1;
}
