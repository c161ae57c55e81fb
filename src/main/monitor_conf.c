// SPDX-License-Identifier: Apache-2.0
// The monitor's configuration: files read here, names resolved by the resolver process, the result sealed in a memfd.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "main/control.h"
#include "main/files.h"
#include "main/monitor_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// The answer to Q. One that comes too late must not be taken for the next name's.
static result resolved(struct monitor *m, const struct ipc_control *q, struct ipc_control *a)
{
	int control = m->child[ROLE_RESOLVER].control;
	uint64_t until = clock_now().mono_us + RESOLVE_MS * MS, now;
	while ((now = clock_now().mono_us) < until) {
		size_t len;
		int fd;
		if (!control_wait(control, (int)((until - now) / MS) + 1))
			continue;
		TRY(control_receive(control, a, &len, &fd));
		if (fd >= 0)
			close(fd);
		if (len != sizeof(*a) || a->type != IPC_CONTROL_RESOLVED || a->request != q->request)
			continue;
		bool same = memchr(a->text, '\0', sizeof(a->text)) != NULL && strcmp(a->text, q->text) == 0;
		return same && a->error == E_OK && a->address_count <= IPC_CONTROL_ADDRESSES_MAX ? OK : FAIL(E_NOT_FOUND);
	}
	return FAIL(E_TIMEOUT);
}

// A name is resolved by the resolver; the monitor waits, because there is nothing else to do before the sockets are open,
// and a reload is rare. The answer's addresses were parsed there.
static result resolve(void *ctx, const char *host, uint16_t port, enum transport transport, struct address *out,
	uint32_t room, uint32_t *count)
{
	struct monitor *m = ctx;
	struct ipc_control q = control_make(IPC_CONTROL_RESOLVE), a;
	*count = 0;
	REQUIRE(m->child[ROLE_RESOLVER].control >= 0, E_NOT_FOUND);
	REQUIRE((size_t)snprintf(q.text, sizeof(q.text), "%s", host) < sizeof(q.text), E_TOO_LONG);
	q.request = ++m->resolve_number;
	TRY(control_send(m->child[ROLE_RESOLVER].control, &q, -1));
	TRY(resolved(m, &q, &a));
	for (uint32_t i = 0; i < a.address_count && i < IPC_CONTROL_ADDRESSES_MAX && *count < room; i++) {
		out[*count] = a.address[i];
		out[(*count)++].port = port != 0 ? port : (transport_is_secure(transport) ? 5061 : 5060);
	}
	return *count > 0 ? OK : FAIL(E_NOT_FOUND);
}

static void print_messages(const struct conf_result *r)
{
	char text[CONF_PATH_MAX + CONF_TEXT_MAX + 64];
	for (uint32_t i = 0; i < r->message_count; i++)
		fprintf(stderr, "%s\n", conf_message_text(r, i, text, sizeof(text)));
	if (r->messages_lost > 0)
		fprintf(stderr, "%s: %u more messages\n", r->file_name, r->messages_lost);
}

result monitor_load(struct monitor *m, bool first)
{
	uint8_t *text = NULL;
	size_t len = 0;
	struct conf_result next;
	struct files_root root;
	files_root_of(&root, m->config_path);
	result r = files_read_whole(m->config_path, CONF_FILE_MAX, &text, &len);
	if (!is_ok(r)) {
		fprintf(stderr, "%s: cannot be read; name an existing file of at most %d octets with --config\n",
			m->config_path, (int)CONF_FILE_MAX);
		return r;
	}
	struct files_hooks hooks_ctx = {.root = &root, .resolver_ctx = m};
	struct conf_hooks hooks = {.ctx = &hooks_ctx, .read = files_conf_read, .resolver = files_conf_resolve};
	hooks_ctx.resolve = resolve;
	r = conf_load(m->config_path, bytes_make(text, len), &hooks, clock_now().wall_ms,
		first ? NULL : m->conf.snapshot, &next);
	memory_free(text);
	print_messages(&next);
	if (!is_ok(r)) {
		conf_result_free(&next);
		return r;
	}
	if (!first)
		conf_result_free(&m->conf);
	m->conf = next;
	return OK;
}

static result write_whole(int fd, const uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		REQUIRE(n > 0, E_SYSTEM);
		at += n;
		len -= (size_t)n;
	}
	return OK;
}

static result seal_memfd(const struct conf_result *conf, int *out)
{
	int fd = memfd_create("sallyport-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	REQUIRE(fd >= 0, E_SYSTEM);
	result r = write_whole(fd, (const uint8_t *)conf->snapshot, conf->size);
	if (is_ok(r) && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
		r = FAIL(E_SYSTEM);
	if (!is_ok(r)) {
		close(fd);
		return r;
	}
	*out = fd;
	return OK;
}

result monitor_publish(struct monitor *m)
{
	int fd;
	TRY(seal_memfd(&m->conf, &fd));
	if (m->snapshot_fd >= 0)
		close(m->snapshot_fd);
	m->snapshot_fd = fd;
	struct ipc_control msg = control_make(IPC_CONTROL_SNAPSHOT);
	for (unsigned role = ROLE_SIGNALLER; role < ROLE_COUNT; role++)
		if (m->child[role].control >= 0 && m->child[role].ready)
			IGNORE_RESULT(control_send(m->child[role].control, &msg, fd)); // a dead child gets it at its restart
	return OK;
}

void monitor_block(struct monitor *m, peer_id peer, bool block)
{
	struct peer *p = (struct peer *)(uintptr_t)snapshot_peer(m->conf.snapshot, peer);
	if (p == NULL)
		return;
	p->blocked = block;
	m->conf.snapshot->generation++;
	snapshot_seal(m->conf.snapshot, m->conf.size);
	if (!is_ok(monitor_publish(m)))
		log_write(LOG_LEVEL_ALARM, "monitor.publish-failed", LOG_STR("peer", p->name));
}
