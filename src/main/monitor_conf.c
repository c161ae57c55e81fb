// SPDX-License-Identifier: Apache-2.0
// The monitor's configuration: files read here, names resolved by the resolver process, now and again while we run.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "main/control.h"
#include "main/files.h"
#include "main/monitor_state.h"

#include <stdio.h>
#include <string.h>

static const char *verdict_name(uint8_t verdict)
{
	return verdict == DNS_SECURE ? "secure" : verdict == DNS_BOGUS ? "bogus" : "insecure";
}

// What came of a name, when it is another thing than before: once, not with each refresh (LRF-A1).
static void tell(const struct locate_want *want, const struct names_found *f, const char *reason)
{
	log_write(f->count > 0 && !f->stale ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING, "monitor.name-answered",
		LOG_STR("name", want->domain), LOG_NUM("ways", f->count), LOG_STR("dnssec", verdict_name(f->verdict)),
		LOG_NUM("stale", f->stale), LOG_NUM("ttl_s", f->ttl_s), LOG_STR("reason", reason));
}

struct names_found monitor_found(const struct ipc_control *a)
{
	struct names_found f = {.count = a->error == E_OK ? a->way_count : 0, .ttl_s = a->ttl_s, .verdict = a->verdict, .stale = a->stale != 0};
	memcpy(f.way, a->way, sizeof(f.way));
	return f;
}

static void remember(struct monitor *m, const struct locate_want *want, const struct ipc_control *a)
{
	struct names_found f = monitor_found(a);
	struct locate_want asked = *want; // the table may move
	bool news = false;
	result r = names_put(m->names, &asked, &f, clock_now().mono_us, &news);
	if (!is_ok(r))
		log_write(LOG_LEVEL_WARNING, "monitor.name-lost", LOG_STR("name", asked.domain), LOG_STR("why", error_name(r.error)));
	names_tell(m->names, &asked, a->story);
	if (news)
		tell(&asked, &f, a->reason);
}

void monitor_story(const struct monitor *m, peer_id peer, char *out, size_t room)
{
	const struct conf_private *p = &m->conf.private;
	size_t n = 0;
	out[0] = '\0';
	for (uint32_t i = 0; i < p->name_count; i++) {
		const char *story = p->name[i].peer == peer ? names_story(m->names, &p->name[i].want) : "";
		if (strlen(story) >= room - n)
			return; // of several names the first ones
		n += (size_t)snprintf(out + n, room - n, "%s", story);
	}
}

// One that comes too late is nobody's: it must not be taken for the next name's.
void monitor_resolved(struct monitor *m, const struct ipc_control *a)
{
	if (monitor_demand_located(m, a))
		return;
	const struct locate_want *want = names_answered(m->names, a->request);
	if (want != NULL) {
		remember(m, want, a);
	} else if (m->load.request != 0 && a->request == m->load.request) {
		m->load.request = 0;
		remember(m, m->load.want, a);
	}
}

static result await_answer(struct monitor *m, uint64_t until)
{
	while (m->load.request != 0 && m->child[ROLE_RESOLVER].control >= 0 && clock_now().mono_us < until)
		monitor_serve_calls(m, -1, until);
	bool answered = m->load.request == 0;
	m->load.request = 0;
	return answered ? OK : FAIL(E_TIMEOUT);
}

struct ipc_control monitor_question(const struct locate_want *want, uint32_t request)
{
	struct ipc_control q = control_make(IPC_CONTROL_RESOLVE);
	q.request = request;
	q.place.port = want->port;
	q.place.transport = want->transport;
	q.place.fixed = want->transport_fixed;
	q.place.transports = want->transports;
	q.place.families = want->families;
	snprintf(q.text, sizeof(q.text), "%s", want->domain);
	return q;
}

static result ask(struct monitor *m, const struct locate_want *want)
{
	uint64_t now = clock_now().mono_us;
	REQUIRE(m->child[ROLE_RESOLVER].ready, E_NOT_FOUND);
	REQUIRE(now < m->load.until_us, E_TIMEOUT);
	struct ipc_control q = monitor_question(want, names_number(m->names));
	TRY(control_send(m->child[ROLE_RESOLVER].control, &q, -1));
	m->load.request = q.request;
	m->load.want = want;
	return await_answer(m, m->load.until_us);
}

static result known(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count)
{
	struct monitor *m = ctx;
	names_get(m->names, want, out, room, count);
	return *count > 0 ? OK : FAIL(E_NOT_FOUND);
}

// A name is located by the resolver. At the start all were asked for together before; at a reload the monitor waits for new names
// alone, and shortly: of the others the last answer counts, and all are asked for again when it is done.
static result resolve(void *ctx, const struct locate_want *want, struct way *out, uint32_t room, uint32_t *count)
{
	struct monitor *m = ctx;
	result r = names_knows(m->names, want) ? OK : ask(m, want);
	if (!is_ok(r))
		log_write(LOG_LEVEL_WARNING, "monitor.not-resolved", LOG_STR("name", want->domain), LOG_STR("why", error_name(r.error)));
	return known(ctx, want, out, room, count);
}

static void print_messages(const struct conf_result *r)
{
	char text[CONF_PATH_MAX + CONF_TEXT_MAX + 64];
	for (uint32_t i = 0; i < r->message_count; i++)
		fprintf(stderr, "%s\n", conf_message_text(r, i, text, sizeof(text)));
	if (r->messages_lost > 0)
		fprintf(stderr, "%s: %u more messages\n", r->file_name, r->messages_lost);
}

static void first_error(struct monitor *m, const struct conf_result *r)
{
	for (uint32_t i = 0; i < r->message_count; i++)
		if (r->message[i].severity == CONF_ERROR) {
			conf_message_text(r, i, m->why, sizeof(m->why));
			return;
		}
}

static result load_text(struct monitor *m, struct bytes text, const struct snapshot *previous, struct conf_result *next)
{
	struct files_root root;
	bool first = m->child[ROLE_RESOLVER].pid == 0; // its own settings are in the text
	struct files_hooks ctx = {.root = &root, .resolver_ctx = m, .resolve = first ? NULL : resolve};
	const struct conf_hooks hooks = {.ctx = &ctx, .read = files_conf_read, .resolver = files_conf_resolve,
		.cores = process_cores()};
	files_root_of(&root, m->config_path);
	m->load.until_us = clock_now().mono_us + RESOLVE_RELOAD_MS * MS;
	result r = conf_load(m->config_path, text, &hooks, clock_now().wall_ms, previous, next);
	if (!first || !is_ok(r))
		print_messages(next);
	if (!is_ok(r)) {
		first_error(m, next);
		conf_result_free(next);
	}
	return r;
}

result monitor_load(struct monitor *m, const struct snapshot *previous, struct conf_result *next)
{
	uint8_t *text = NULL;
	size_t len = 0;
	snprintf(m->why, sizeof(m->why), "%s: cannot be read; name an existing file of at most %d octets with --config",
		m->config_path, (int)CONF_FILE_MAX);
	result r = files_read_whole(m->config_path, CONF_FILE_MAX, &text, &len);
	if (!is_ok(r)) {
		fprintf(stderr, "%s\n", m->why);
		return r;
	}
	snprintf(m->why, sizeof(m->why), "%s", error_name(E_NO_MEMORY));
	r = load_text(m, bytes_make(text, len), previous, next);
	memory_free(text);
	return r;
}

struct blocking {
	peer_id peer;
	bool block;
};

static void set_blocked(struct snapshot *s, void *ctx)
{
	const struct blocking *b = ctx;
	struct peer *p = (struct peer *)(uintptr_t)snapshot_peer(s, b->peer);
	if (p != NULL)
		p->blocked = b->block;
}

result monitor_block(struct monitor *m, peer_id peer, bool block)
{
	struct blocking b = {peer, block};
	result r = monitor_edit(m, set_blocked, &b);
	if (!is_ok(r))
		log_write(LOG_LEVEL_ALARM, "monitor.publish-failed", LOG_STR("why", error_name(r.error)));
	return r;
}

void monitor_set_targets(struct snapshot *s, void *ctx)
{
	struct monitor *m = ctx;
	conf_retarget(&m->conf, s, known, m);
}

// Names that were learnt may still lead to where they did.
static void retarget(struct monitor *m)
{
	struct snapshot *copy = memory_alloc(m->conf.size);
	if (copy == NULL)
		return; // the next change tries again
	memcpy(copy, m->conf.snapshot, m->conf.size);
	bool changes = conf_retarget(&m->conf, copy, known, m);
	memory_free(copy);
	if (!changes)
		return;
	result r = monitor_edit(m, monitor_set_targets, m);
	log_write(is_ok(r) ? LOG_LEVEL_NOTICE : LOG_LEVEL_ALARM, is_ok(r) ? "monitor.names-changed" : "monitor.publish-failed",
		LOG_NUM("generation", m->conf.snapshot->generation), LOG_STR("why", error_name(r.error)));
}

void monitor_names_learn(struct monitor *m)
{
	if (!is_ok(names_keep(m->names, m->conf.private.name, m->conf.private.name_count, clock_now().mono_us)))
		log_write(LOG_LEVEL_ALARM, "monitor.names-lost", LOG_STR("mend", "memory is short; reload later"));
}

static void ask_due(struct monitor *m, uint64_t now_us)
{
	const struct locate_want *want;
	uint32_t request;
	while (m->child[ROLE_RESOLVER].ready && (want = names_ask(m->names, &request, now_us)) != NULL) {
		struct ipc_control q = monitor_question(want, request);
		if (!is_ok(control_send(m->child[ROLE_RESOLVER].control, &q, -1))) {
			names_answered(m->names, request); // it does not read: asked again when it is due again
			return;
		}
	}
}

void monitor_names_first(struct monitor *m)
{
	uint64_t now, until = clock_now().mono_us + RESOLVE_ALL_MS * MS;
	while (names_lacking(m->names) && m->child[ROLE_RESOLVER].control >= 0 && (now = clock_now().mono_us) < until) {
		ask_due(m, now);
		monitor_serve_calls(m, -1, until);
	}
}

void monitor_names_run(struct monitor *m, uint64_t now_us)
{
	ask_due(m, now_us);
	if (names_changed(m->names, now_us))
		retarget(m);
}

uint64_t monitor_names_deadline(const struct monitor *m)
{
	return m->child[ROLE_RESOLVER].ready ? names_deadline(m->names) : NO_DEADLINE;
}
