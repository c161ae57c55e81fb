// SPDX-License-Identifier: Apache-2.0
// The monitor's questions: where a domain is served (RFC 3263). Several at one time, so that a slow one holds up no other
// (LRF-A2, LRF-A3); what there is when time is up is the answer.
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "lrf/locate.h"
#include "main/control.h"
#include "main/resolver.h"

#include <event2/event.h>
#include <stdio.h>

struct run {
	struct resolver_locate *of;
	struct locate *locate; // NULL: free
	struct event *timer;
	uint32_t request;
	uint32_t waiting;      // questions
	bool pumping;
	char domain[DOMAIN_MAX];
};

struct resolver_locate {
	struct dns_resolver *dns;
	int control;
	struct run run[RESOLVER_LOCATE_MAX];
};

static void fill(struct ipc_control *a, const struct located *found)
{
	for (uint32_t i = 0; i < found->count && i < WAYS_MAX; i++) {
		const struct located_hop *h = &found->hop[i];
		a->way[a->way_count++] = (struct way){.transport = h->transport, .origin = h->secure ? HOP_DNS_SECURE : HOP_DNS_INSECURE, .priority = h->priority,
			.weight = h->weight, .address = h->address};
	}
	a->verdict = found->verdict;
	a->stale = found->stale;
	a->ttl_s = found->ttl_s;
	snprintf(a->reason, sizeof(a->reason), "%s", found->reason);
	a->error = (int32_t)(found->count > 0 ? E_OK : E_NOT_FOUND);
}

// The lines of the run, as many as there is room for: the first ones tell which records led on.
static void tell(const struct locate *l, char *out, size_t room)
{
	size_t n = 0;
	out[0] = '\0';
	for (uint32_t i = 0; locate_note(l, i) != NULL && n < room; i++) {
		size_t line = strlen(locate_note(l, i)) + 1;
		if (line >= room - n)
			return;
		n += (size_t)snprintf(out + n, room - n, "%s\n", locate_note(l, i));
	}
}

static void send_answer(const struct run *r, const struct located *found)
{
	struct ipc_control a = control_make(IPC_CONTROL_RESOLVED);
	a.request = r->request;
	snprintf(a.text, sizeof(a.text), "%s", r->domain);
	fill(&a, found);
	tell(r->locate, a.story, sizeof(a.story));
	if (!is_ok(control_send(r->of->control, &a, -1)))
		log_write(LOG_LEVEL_WARNING, "resolver.answer-lost", LOG_STR("name", r->domain));
}

static void finish(struct run *r)
{
	struct located *found = memory_alloc(sizeof(*found));
	if (found != NULL) { // else the monitor asks again
		locate_result(r->locate, found);
		send_answer(r, found);
	}
	memory_free(found);
	dns_forget(r->of->dns, r);
	evtimer_del(r->timer);
	locate_free(r->locate);
	r->locate = NULL;
}

static void late_h(int fd, short what, void *arg)
{
	UNUSED(fd);
	UNUSED(what);
	finish(arg);
}

static void pump(struct run *r);

static void answered_h(void *ctx, const struct dns_answer *a)
{
	struct run *r = ctx;
	r->waiting--;
	locate_answer(r->locate, a);
	pump(r);
}

// Answers may come while we ask: they are taken there, and the loop goes on.
static void pump(struct run *r)
{
	struct dns_question q;
	if (r->pumping)
		return;
	r->pumping = true;
	while (r->waiting < LOCATE_UNDER_WAY_MAX && locate_question(r->locate, &q)) {
		r->waiting++;
		dns_ask(r->of->dns, &q, RESOLVER_QUESTION_MS, DNS_FOR_PEERS, answered_h, r);
	}
	r->pumping = false;
	if (locate_done(r->locate))
		finish(r);
}

static void refuse(struct resolver_locate *l, const struct ipc_control *q, const char *why)
{
	struct ipc_control a = control_make(IPC_CONTROL_RESOLVED);
	a.request = q->request;
	a.error = (int32_t)E_NOT_FOUND;
	snprintf(a.text, sizeof(a.text), "%s", q->text);
	snprintf(a.reason, sizeof(a.reason), "%s", why);
	IGNORE_RESULT(control_send(l->control, &a, -1)); // the monitor asks again
}

static struct run *run_free(struct resolver_locate *l)
{
	for (uint32_t i = 0; i < RESOLVER_LOCATE_MAX; i++)
		if (l->run[i].locate == NULL)
			return &l->run[i];
	return NULL;
}

void resolver_locate_ask(struct resolver_locate *l, const struct ipc_control *q)
{
	static const struct timeval until = {RESOLVER_LOCATE_MS / 1000, RESOLVER_LOCATE_MS % 1000 * 1000};
	struct locate_want want = {.port = q->place.port, .transport = q->place.transport, .transport_fixed = q->place.fixed,
		.transports = q->place.transports, .families = q->place.families};
	struct run *r = run_free(l);
	if (r == NULL || strnlen(q->text, DOMAIN_MAX) == DOMAIN_MAX) {
		refuse(l, q, r == NULL ? "too many names under way" : "no name");
		return;
	}
	memcpy(want.domain, q->text, strlen(q->text) + 1);
	memcpy(r->domain, want.domain, sizeof(r->domain));
	r->request = q->request;
	r->waiting = 0;
	if (!is_ok(locate_new(&r->locate, &want))) {
		r->locate = NULL;
		refuse(l, q, "no name, or memory is short");
		return;
	}
	evtimer_add(r->timer, &until);
	pump(r);
}

result resolver_locate_new(struct resolver_locate **out, struct event_base *base, struct dns_resolver *dns, int control)
{
	struct resolver_locate *l = memory_alloc(sizeof(*l));
	*out = NULL;
	REQUIRE(l != NULL, E_NO_MEMORY);
	l->dns = dns;
	l->control = control;
	for (uint32_t i = 0; i < RESOLVER_LOCATE_MAX; i++) {
		l->run[i] = (struct run){.of = l, .timer = evtimer_new(base, late_h, &l->run[i])};
		if (l->run[i].timer == NULL) {
			resolver_locate_free(l);
			return FAIL(E_NO_MEMORY);
		}
	}
	*out = l;
	return OK;
}

void resolver_locate_free(struct resolver_locate *l)
{
	for (uint32_t i = 0; l != NULL && i < RESOLVER_LOCATE_MAX; i++) {
		struct run *r = &l->run[i];
		if (r->locate != NULL) {
			dns_forget(l->dns, r);
			locate_free(r->locate);
		}
		if (r->timer != NULL)
			event_free(r->timer);
	}
	memory_free(l);
}
