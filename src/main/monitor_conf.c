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

static void remember(struct monitor *m, const struct ipc_control *a)
{
	uint32_t count = a->error == E_OK ? a->address_count : 0;
	result r = names_put(m->names, a->text, a->address, count, clock_now().mono_us);
	if (!is_ok(r))
		log_write(LOG_LEVEL_WARNING, "monitor.name-lost", LOG_STR("host", a->text), LOG_STR("why", error_name(r.error)));
}

// One that comes too late is nobody's: it must not be taken for the next name's.
void monitor_resolved(struct monitor *m, const struct ipc_control *a)
{
	if (names_answered(m->names, a->request, a->text)) {
		remember(m, a);
	} else if (m->load.request != 0 && a->request == m->load.request && strcmp(a->text, m->load.host) == 0) {
		m->load.request = 0;
		remember(m, a);
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

static result ask(struct monitor *m, const char *host)
{
	struct ipc_control q = control_make(IPC_CONTROL_RESOLVE);
	uint64_t now = clock_now().mono_us, until = now + RESOLVE_MS * MS;
	REQUIRE(m->child[ROLE_RESOLVER].ready, E_NOT_FOUND);
	REQUIRE((size_t)snprintf(q.text, sizeof(q.text), "%s", host) < sizeof(q.text), E_TOO_LONG);
	if (until > m->load.until_us)
		until = m->load.until_us;
	REQUIRE(now < until, E_TIMEOUT);
	q.request = names_number(m->names);
	TRY(control_send(m->child[ROLE_RESOLVER].control, &q, -1));
	m->load.request = q.request;
	m->load.host = host;
	return await_answer(m, until);
}

// What is known of the name, with ports.
static result known(void *ctx, const char *host, uint16_t port, enum transport transport, struct address *out,
	uint32_t room, uint32_t *count)
{
	struct monitor *m = ctx;
	names_get(m->names, host, out, room, count);
	for (uint32_t i = 0; i < *count; i++)
		out[i].port = port != 0 ? port : transport_port(transport);
	return *count > 0 ? OK : FAIL(E_NOT_FOUND);
}

// A name is resolved by the resolver; the monitor waits, because there is nothing else to do before the sockets are open.
// At a reload it waits for new names alone, and shortly: of the others the last answer counts, and all are asked for again
// when it is done. The answer's addresses were parsed there.
static result resolve(void *ctx, const char *host, uint16_t port, enum transport transport, struct address *out,
	uint32_t room, uint32_t *count)
{
	struct monitor *m = ctx;
	result r = m->load.again && names_knows(m->names, host) ? OK : ask(m, host);
	if (!is_ok(r))
		log_write(LOG_LEVEL_WARNING, "monitor.not-resolved", LOG_STR("host", host), LOG_STR("why", error_name(r.error)));
	return known(ctx, host, port, transport, out, room, count);
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
	struct files_hooks ctx = {.root = &root, .resolver_ctx = m, .resolve = resolve};
	const struct conf_hooks hooks = {.ctx = &ctx, .read = files_conf_read, .resolver = files_conf_resolve,
		.cores = process_cores()};
	files_root_of(&root, m->config_path);
	m->load.again = previous != NULL;
	m->load.until_us = clock_now().mono_us + (m->load.again ? RESOLVE_RELOAD_MS : RESOLVE_ALL_MS) * MS;
	result r = conf_load(m->config_path, text, &hooks, clock_now().wall_ms, previous, next);
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

static void set_targets(struct snapshot *s, void *ctx)
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
	result r = monitor_edit(m, set_targets, m);
	log_write(is_ok(r) ? LOG_LEVEL_NOTICE : LOG_LEVEL_ALARM, is_ok(r) ? "monitor.names-changed" : "monitor.publish-failed",
		LOG_NUM("generation", m->conf.snapshot->generation), LOG_STR("why", error_name(r.error)));
}

void monitor_names_learn(struct monitor *m)
{
	if (!is_ok(names_keep(m->names, m->conf.private.name, m->conf.private.name_count, clock_now().mono_us)))
		log_write(LOG_LEVEL_ALARM, "monitor.names-lost", LOG_STR("mend", "memory is short; reload later"));
}

void monitor_names_run(struct monitor *m, uint64_t now_us)
{
	struct ipc_control q = control_make(IPC_CONTROL_RESOLVE);
	const char *host = m->child[ROLE_RESOLVER].ready ? names_ask(m->names, &q.request, now_us) : NULL;
	if (host != NULL) {
		snprintf(q.text, sizeof(q.text), "%s", host);
		if (!is_ok(control_send(m->child[ROLE_RESOLVER].control, &q, -1)))
			names_answered(m->names, q.request, host); // it does not read: asked again when it is due again
	}
	if (names_changed(m->names, now_us))
		retarget(m);
}

uint64_t monitor_names_deadline(const struct monitor *m)
{
	return m->child[ROLE_RESOLVER].ready ? names_deadline(m->names) : NO_DEADLINE;
}
