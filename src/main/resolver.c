// SPDX-License-Identifier: Apache-2.0
// The resolver process: A and AAAA of targets that the configuration names. No registry, no credentials here.
//
// Both are asked for at once, and the answer comes in time with what there is by then: the next name waits for it. The
// library's thread goes on, so that the same question finds in the cache what came too late.
#include "base/clock.h"
#include "base/log.h"
#include "guard/sandbox.h"
#include "main/control.h"
#include "main/process.h"

#include <stdio.h>
#include <unbound.h>
#include <unistd.h>

enum { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28, DNS_CLASS_IN = 1 };
enum { LOOKUP_MS = 2500 }; // within what the monitor waits for at its start (RESOLVE_MS); servers that live answer in 1 s

struct half { // of a question: one family
	uint8_t family;
	bool under_way;
	int id; // of the library
	uint32_t count;
	struct address address[IPC_CONTROL_ADDRESSES_MAX];
};

static result context_new(struct ub_ctx **out)
{
	struct ub_ctx *ctx = ub_ctx_create();
	REQUIRE(ctx != NULL, E_NO_MEMORY);
	// What the host is configured with; files that are not there leave the library's own defaults.
	ub_ctx_resolvconf(ctx, NULL);
	ub_ctx_hosts(ctx, NULL);
	ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
	ub_ctx_set_option(ctx, "use-syslog:", "no");
	ub_ctx_async(ctx, 1); // a thread: the sandbox lets no process be forked
	*out = ctx;
	return OK;
}

static void arrived_h(void *arg, int error, struct ub_result *r)
{
	struct half *h = arg;
	int want = h->family == 4 ? 4 : 16;
	h->under_way = false;
	bool good = error == 0 && r != NULL && r->havedata && !r->bogus && r->data != NULL;
	for (int i = 0; good && r->data[i] != NULL && h->count < IPC_CONTROL_ADDRESSES_MAX; i++) {
		if (r->len[i] != want)
			continue; // not what its type says: not used
		struct address *to = &h->address[h->count++];
		*to = (struct address){.family = h->family};
		memcpy(to->ip, r->data[i], (size_t)want);
	}
	ub_resolve_free(r);
}

static void ask(struct ub_ctx *ctx, const char *host, struct half *h)
{
	int type = h->family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA;
	h->under_way = true; // the answer may be there at once
	if (ub_resolve_async(ctx, host, type, DNS_CLASS_IN, h, arrived_h, &h->id) != 0)
		h->under_way = false;
}

static void await(struct ub_ctx *ctx, const struct half *a, const struct half *b)
{
	uint64_t until = clock_now().mono_us + LOOKUP_MS * MS, now;
	while ((a->under_way || b->under_way) && (now = clock_now().mono_us) < until)
		if (control_wait(ub_fd(ctx), (int)((until - now) / MS) + 1) && ub_process(ctx) != 0)
			return;
}

static void add(struct ub_ctx *ctx, struct half *h, struct ipc_control *a)
{
	if (h->under_way)
		ub_cancel(ctx, h->id); // its handler is called no more
	for (uint32_t i = 0; i < h->count && a->address_count < IPC_CONTROL_ADDRESSES_MAX; i++)
		a->address[a->address_count++] = h->address[i];
}

static void on_resolve(struct ub_ctx *ctx, int control, struct ipc_control *q)
{
	struct ipc_control a = control_make(IPC_CONTROL_RESOLVED);
	struct half six = {.family = 6}, four = {.family = 4};
	a.request = q->request;
	q->text[DOMAIN_MAX - 1] = '\0';
	snprintf(a.text, sizeof(a.text), "%s", q->text);
	ask(ctx, q->text, &six);
	ask(ctx, q->text, &four);
	await(ctx, &six, &four);
	add(ctx, &six, &a);
	add(ctx, &four, &a);
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
