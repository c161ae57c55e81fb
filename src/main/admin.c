// SPDX-License-Identifier: Apache-2.0
// The admin process: src/admin on the sockets and channels that the monitor made.
#include "admin/admin.h"

#include "base/log.h"
#include "flow/steps.h"
#include "guard/folder.h"
#include "guard/sandbox.h"
#include "main/control.h"
#include "main/process.h"
#include "main/version.h"

#include <event2/event.h>
#include <jansson.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

struct admin_process {
	const struct process_start *start;
	struct event_base *base;
	struct admin *admin;
	const struct snapshot *snapshot;
	size_t size;
};

static const char *step_name(uint32_t step)
{
	return step_by_id((enum step_id)step)->name;
}

static const char *step_threats(uint32_t step)
{
	return step_by_id((enum step_id)step)->threats;
}

static uint8_t step_control(uint32_t step)
{
	return step_by_id((enum step_id)step)->control;
}

static result to_monitor(void *ctx, const struct ipc_control *m)
{
	struct admin_process *p = ctx;
	return control_send(p->start->control, m, -1);
}

static result use_snapshot(struct admin_process *p, int fd)
{
	const struct snapshot *s;
	size_t size;
	TRY(process_map_snapshot(fd, &s, &size));
	admin_set_snapshot(p->admin, s);
	process_unmap_snapshot(p->snapshot, p->size);
	p->snapshot = s;
	p->size = size;
	return OK;
}

static void control_h(evutil_socket_t fd, short what, void *ctx)
{
	struct admin_process *p = ctx;
	struct ipc_control m;
	size_t len;
	int passed;
	UNUSED(what);
	result r = control_receive(fd, &m, &len, &passed);
	if (r.error == E_CLOSED || (is_ok(r) && m.type == IPC_CONTROL_STOP))
		event_base_loopbreak(p->base);
	if (is_ok(r) && len == sizeof(m) && m.type == IPC_CONTROL_SNAPSHOT && passed >= 0)
		process_taken(fd, m.generation, use_snapshot(p, passed));
	else if (is_ok(r) && len == sizeof(m)) {
		m.text[sizeof(m.text) - 1] = m.story[sizeof(m.story) - 1] = '\0';
		admin_on_control(p->admin, &m);
	}
	if (passed >= 0)
		close(passed);
}

enum { NOBODY = 65534 }; // as in the sandbox: who a child becomes when the user does not exist

// The folders of records and traces: made here, while it is still allowed, for the user that the process becomes.
static void make_folder(const char *path, const char *user)
{
	if (path[0] == '\0' || !is_ok(folder_make(path)) || geteuid() != 0 || user == NULL)
		return; // is there already, or cannot be made: the writer says so
	const struct passwd *pw = getpwnam(user);
	result r = folder_give(path, pw != NULL ? pw->pw_uid : NOBODY, pw != NULL ? pw->pw_gid : NOBODY);
	if (!is_ok(r))
		log_write(LOG_LEVEL_WARNING, "admin.folder-not-handed-over", LOG_STR("path", path), LOG_STR("user", user),
			LOG_STR("why", error_name(r.error)));
}

static void folder_of(const char *path, char *out, size_t room)
{
	const char *slash = strrchr(path, '/');
	snprintf(out, room, "%.*s", slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path), slash == NULL ? "." : path);
}

static result enter(struct admin_process *p)
{
	const struct settings *s = &p->snapshot->settings;
	char records[sizeof(s->records_path)];
	folder_of(s->records_path, records, sizeof(records));
	json_object_seed(0); // while the random device can still be opened
	make_folder(records, p->start->user);
	make_folder(s->trace_path, p->start->user);
	struct sandbox_path paths[] = {{records, true}, {s->trace_path, true}};
	return process_ready(p->start, paths, ARRAY_LEN(paths));
}

static result begin(struct admin_process *p)
{
	const struct process_start *start = p->start;
	TRY(process_map_snapshot(start->snapshot_fd, &p->snapshot, &p->size));
	p->base = event_base_new();
	REQUIRE(p->base != NULL, E_NO_MEMORY);
	TRY(enter(p));
	uint32_t first;
	randombytes_buf(&first, sizeof(first)); // answers to an admin before us fit no question of ours
	struct admin_config c = {
		.first_request = first,
		.base = p->base,
		.api = start->sockets->admin,
		.metrics = start->sockets->metrics,
		.signaller = start->channels->signaller.end[0],
		.directory = start->channels->directory.end[0],
		.owner = geteuid(),
		.draining = start->draining,
		.version = SALLYPORT_VERSION,
		.steps = {STEP_COUNT, step_name, step_threats, step_control},
		.disk = &disk_real,
		.clock = clock_now,
		.monitor = to_monitor,
		.ctx = p,
	};
	return admin_new(&p->admin, &c, p->snapshot);
}

int admin_main(struct process_start *start)
{
	struct admin_process p = {.start = start};
	result r = begin(&p);
	struct event *control = is_ok(r) ? event_new(p.base, start->control, EV_READ | EV_PERSIST, control_h, &p) : NULL;
	if (control == NULL || event_add(control, NULL) != 0) {
		log_write(LOG_LEVEL_ALARM, "admin.cannot-start", LOG_STR("why", error_name(r.error)));
		return 1;
	}
	event_base_dispatch(p.base);
	event_free(control);
	admin_free(p.admin);
	event_base_free(p.base);
	process_unmap_snapshot(p.snapshot, p.size);
	return 0;
}
