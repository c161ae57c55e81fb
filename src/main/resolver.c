// SPDX-License-Identifier: Apache-2.0
// The resolver process: A and AAAA of targets that the configuration names. No registry, no credentials here.
#include "base/log.h"
#include "guard/sandbox.h"
#include "main/control.h"
#include "main/process.h"

#include <stdio.h>
#include <unbound.h>
#include <unistd.h>

enum { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28, DNS_CLASS_IN = 1 };

static result context_new(struct ub_ctx **out)
{
	struct ub_ctx *ctx = ub_ctx_create();
	REQUIRE(ctx != NULL, E_NO_MEMORY);
	// What the host is configured with; files that are not there leave the library's own defaults.
	ub_ctx_resolvconf(ctx, NULL);
	ub_ctx_hosts(ctx, NULL);
	ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
	ub_ctx_set_option(ctx, "use-syslog:", "no");
	*out = ctx;
	return OK;
}

static void add_addresses(const struct ub_result *r, uint8_t family, struct ipc_control *a)
{
	int want = family == 4 ? 4 : 16;
	for (int i = 0; r->data != NULL && r->data[i] != NULL && a->address_count < IPC_CONTROL_ADDRESSES_MAX; i++) {
		if (r->len[i] != want)
			continue; // not what its type says: not used
		struct address *to = &a->address[a->address_count++];
		*to = (struct address){.family = family};
		memcpy(to->ip, r->data[i], (size_t)want);
	}
}

static void ask(struct ub_ctx *ctx, const char *host, int type, struct ipc_control *a)
{
	struct ub_result *r = NULL;
	if (ub_resolve(ctx, host, type, DNS_CLASS_IN, &r) != 0 || r == NULL)
		return;
	if (r->havedata && !r->bogus)
		add_addresses(r, type == DNS_TYPE_A ? 4 : 6, a);
	ub_resolve_free(r);
}

static void on_resolve(struct ub_ctx *ctx, int control, struct ipc_control *q)
{
	struct ipc_control a = control_make(IPC_CONTROL_RESOLVED);
	a.request = q->request;
	q->text[DOMAIN_MAX - 1] = '\0';
	snprintf(a.text, sizeof(a.text), "%s", q->text);
	ask(ctx, q->text, DNS_TYPE_AAAA, &a);
	ask(ctx, q->text, DNS_TYPE_A, &a);
	a.error = (int32_t)(a.address_count > 0 ? E_OK : E_NOT_FOUND);
	if (!is_ok(control_send(control, &a, -1)))
		log_write(LOG_LEVEL_WARNING, "resolver.answer-lost", LOG_STR("host", q->text));
}

int resolver_main(struct process_start *start)
{
	struct ub_ctx *ctx;
	static const struct sandbox_path paths[] = {{"/etc", false}, {"/dev/urandom", false}};
	if (!is_ok(context_new(&ctx)) || !is_ok(process_ready(start, paths, ARRAY_LEN(paths))))
		return 1;
	for (;;) {
		struct ipc_control m;
		size_t len;
		int fd;
		if (!control_wait(start->control, -1))
			continue;
		result r = control_receive(start->control, &m, &len, &fd);
		if (fd >= 0)
			close(fd);
		if (r.error == E_CLOSED || (is_ok(r) && len == sizeof(m) && m.type == IPC_CONTROL_STOP))
			break;
		if (is_ok(r) && len == sizeof(m) && m.type == IPC_CONTROL_RESOLVE)
			on_resolve(ctx, start->control, &m);
	}
	ub_ctx_delete(ctx);
	return 0;
}
