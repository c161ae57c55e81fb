// SPDX-License-Identifier: Apache-2.0
// Askers wait for lookups; a lookup is one question in the library. The library cannot be told to give one up, so a lookup may
// outlive its askers: what it finds reaches the cache.
#include "dns/resolver.h"

#include "base/clock.h"
#include "base/gcra.h"
#include "base/log.h"
#include "base/memory.h"
#include "dns/cache.h"
#include "dns/library.h"
#include "dns/managed.h"
#include "dns/packet.h"
#include "dns/policy.h"

#include <event2/event.h>
#include <stdio.h>

enum { CLASS_IN = 1, TYPE_DNSKEY = 48 };

struct lookup {
	bool used;
	struct dns_resolver *of;
	struct dns_question question;
};

struct waiter {
	struct lookup *lookup; // NULL: free
	struct dns_resolver *of;
	struct event *timer;
	dns_handler handler;
	void *ctx;
};

struct dns_resolver {
	struct event_base *base;
	struct ub_ctx *library;
	struct event *readable; // the library has answers
	bool begun;
	struct dns_managed *managed; // NULL: anchors are not followed
	struct event *look;
	uint32_t looked_s;           // since the zones were asked last
	struct dns_settings settings;
	struct dns_cache *cache;
	struct gcra rate;
	struct lookup lookup[DNS_LOOKUPS_MAX];
	struct waiter asker[DNS_UNDER_WAY_MAX];
	uint32_t lookups, askers;
	struct dns_counters counters;
};

static uint64_t now_us(void)
{
	return clock_now().mono_us;
}

static bool is_good(const struct dns_answer *a)
{
	return a->outcome <= DNS_NXDOMAIN;
}

// What stands in for A, a failure: the last good answer, if it is not too old. Never for a bogus one.
static void or_stale(struct dns_resolver *r, struct dns_answer *a)
{
	if (is_good(a) || a->verdict == DNS_BOGUS || a->outcome == DNS_REFUSED)
		return;
	if (dns_cache_get(r->cache, &a->question, r->settings.stale_s, now_us(), a) == DNS_CACHE_STALE)
		r->counters.stale++;
}

// Bogus, or not as our policy and caps want it: refused, and said (LUF-I2).
static void say_refused(const struct dns_answer *a)
{
	log_write(LOG_LEVEL_WARNING, "dns.refused", LOG_STR("name", a->question.name), LOG_NUM("type", a->question.type),
		LOG_STR("dnssec", a->verdict == DNS_BOGUS ? "bogus" : a->verdict == DNS_SECURE ? "secure" : "insecure"),
		LOG_STR("reason", a->reason));
}

static void hand_on(struct dns_resolver *r, struct dns_answer *a, dns_handler handler, void *ctx)
{
	bool before = a->outcome == DNS_REFUSED;
	dns_policy_apply(&r->settings, a);
	r->counters.refused_policy += a->outcome == DNS_REFUSED && !before;
	if (a->verdict == DNS_BOGUS || a->outcome == DNS_REFUSED)
		say_refused(a);
	handler(ctx, a);
}

static void release(struct waiter *k)
{
	evtimer_del(k->timer);
	k->lookup = NULL;
	k->of->askers--;
}

// Time is up for one asker; the lookup goes on.
static void late_h(int fd, short what, void *arg)
{
	struct waiter *k = arg;
	struct dns_resolver *r = k->of;
	struct dns_answer a;
	UNUSED(fd);
	UNUSED(what);
	dns_refusal(&a, &k->lookup->question, DNS_TIMEOUT, "nobody answered in time");
	dns_cache_failed(r->cache, &a.question, now_us());
	r->counters.timeouts++;
	release(k);
	or_stale(r, &a);
	hand_on(r, &a, k->handler, k->ctx);
}

// The lookup of Q is over with A. Handlers may ask more, so its place is free and its askers are set apart before the first of them.
static void finish(struct lookup *l, struct dns_answer *a)
{
	struct dns_resolver *r = l->of;
	struct lookup over = *l;
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++)
		if (r->asker[i].lookup == l)
			r->asker[i].lookup = &over;
	l->used = false;
	r->lookups--;
	if (is_good(a))
		dns_cache_put(r->cache, a, now_us());
	else if (a->verdict != DNS_BOGUS)
		dns_cache_failed(r->cache, &a->question, now_us());
	r->counters.bogus += a->verdict == DNS_BOGUS;
	r->counters.failures += !is_good(a);
	or_stale(r, a);
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++) {
		struct waiter *k = &r->asker[i];
		if (k->lookup != &over)
			continue;
		release(k);
		hand_on(r, a, k->handler, k->ctx);
	}
}

// "validation failure <name A IN>: why": the question is known, and room is short.
static const char *reason_of(const char *why)
{
	const char *after = why != NULL ? strstr(why, ">: ") : NULL;
	return why == NULL ? "bogus" : after != NULL ? after + 3 : why;
}

static void library_h(void *arg, int error, struct ub_result *found)
{
	struct lookup *l = arg;
	struct dns_answer a;
	if (error != 0 || found == NULL) {
		dns_refusal(&a, &l->question, DNS_SERVFAIL, "the resolver library fails");
	} else if (found->bogus) {
		dns_refusal(&a, &l->question, DNS_SERVFAIL, reason_of(found->why_bogus));
		a.verdict = DNS_BOGUS;
	} else if (found->answer_packet == NULL || found->answer_len <= 0) {
		dns_refusal(&a, &l->question, DNS_SERVFAIL, "servers do not answer, or refuse");
	} else { // the answer tells what is wrong with it
		IGNORE_RESULT(dns_packet_read(bytes_make(found->answer_packet, (size_t)found->answer_len), &l->question, &a));
		a.verdict = found->secure ? DNS_SECURE : DNS_INSECURE;
	}
	ub_resolve_free(found);
	finish(l, &a);
}

static void readable_h(int fd, short what, void *arg)
{
	struct dns_resolver *r = arg;
	UNUSED(fd);
	UNUSED(what);
	ub_process(r->library);
}

// The handler may run before this returns, and the lookup be gone.
static void begin(struct lookup *l)
{
	struct dns_answer a;
	if (ub_resolve_async(l->of->library, l->question.name, l->question.type, CLASS_IN, l, library_h, NULL) == 0)
		return;
	dns_refusal(&a, &l->question, DNS_SERVFAIL, "the resolver library does not take the question");
	finish(l, &a);
}

static void drop(struct ub_ctx *library, struct event *readable)
{
	if (readable != NULL)
		event_free(readable);
	if (library != NULL)
		ub_ctx_delete(library); // its questions are dropped without an answer
}

static void ask_again(struct dns_resolver *r)
{
	bool again[DNS_LOOKUPS_MAX];
	for (uint32_t i = 0; i < DNS_LOOKUPS_MAX; i++)
		again[i] = r->lookup[i].used;
	for (uint32_t i = 0; i < DNS_LOOKUPS_MAX; i++)
		if (again[i])
			begin(&r->lookup[i]);
}

static void nothing_h(void *arg, int error, struct ub_result *found)
{
	UNUSED(arg);
	UNUSED(error);
	ub_resolve_free(found);
}

// A question at the apex makes the library look at the zone's keys when those that it knows have lived.
static void ask_keys(struct dns_resolver *r)
{
	char name[DOMAIN_MAX + 1];
	r->looked_s = 0;
	for (uint32_t i = 0; r->managed != NULL && i < r->managed->count; i++) {
		snprintf(name, sizeof(name), "%s.", r->managed->zone[i].apex);
		if (r->managed->zone[i].how == DNS_FOLLOWED)
			ub_resolve_async(r->library, name, TYPE_DNSKEY, CLASS_IN, NULL, nothing_h, NULL);
	}
}

// A name that the library answers by itself (RFC6761#6.3).
void dns_resolver_begin(struct dns_resolver *r)
{
	r->begun = true;
	ask_keys(r);
	ub_resolve_async(r->library, "localhost", DNS_A, CLASS_IN, NULL, nothing_h, NULL);
}

// *M: what is followed, the caller's; NULL: nothing.
static result make_library(struct dns_resolver *r, const struct dns_settings *s, struct bytes anchors, struct ub_ctx **out,
	struct dns_managed **m)
{
	*m = NULL;
	if (r->managed != NULL) {
		TRY(dns_managed_new(m, r->managed->folder, r->managed->holddown_s, anchors));
		dns_managed_prepare(*m, s);
	}
	result made = dns_library_new(out, s, anchors, *m);
	if (is_ok(made) || *m == NULL)
		return made;
	dns_managed_give_up(*m);
	made = dns_library_new(out, s, anchors, *m);
	if (!is_ok(made))
		dns_managed_free(*m);
	return made;
}

// The former library has ended: what it may have written belongs to nobody.
static void take_managed(struct dns_resolver *r, struct dns_managed *m)
{
	if (m == NULL)
		return;
	dns_managed_free(r->managed);
	r->managed = m;
	dns_managed_clean(m);
	dns_managed_look(m);
}

result dns_resolver_configure(struct dns_resolver *r, const struct dns_settings *s, struct bytes anchors)
{
	struct ub_ctx *next, *before = r->library;
	struct dns_managed *managed;
	TRY(make_library(r, s, anchors, &next, &managed));
	struct event *readable = event_new(r->base, ub_fd(next), EV_READ | EV_PERSIST, readable_h, r);
	if (readable == NULL || event_add(readable, NULL) != 0) {
		drop(next, readable);
		dns_managed_free(managed);
		return FAIL(E_NO_MEMORY);
	}
	drop(before, r->readable);
	take_managed(r, managed);
	r->library = next;
	r->readable = readable;
	r->settings = *s;
	dns_cache_clear(r->cache); // verdicts were made under other anchors
	if (r->begun)
		dns_resolver_begin(r);
	ask_again(r);
	return OK;
}

static void look_h(int fd, short what, void *arg)
{
	struct dns_resolver *r = arg;
	UNUSED(fd);
	UNUSED(what);
	dns_managed_look(r->managed);
	r->looked_s += DNS_FOLLOW_LOOK_S;
	if (r->looked_s < DNS_FOLLOW_ASK_S)
		return;
	ask_keys(r);
	if (!r->managed->unwritable)
		return;
	const struct dns_settings s = r->settings;
	IGNORE_RESULT(dns_resolver_configure(r, &s, bytes_make(r->managed->anchors, r->managed->anchors_len))); // tried again in an hour
}

result dns_resolver_follow(struct dns_resolver *r, const char *folder, uint32_t holddown_s)
{
	const struct timeval every = {DNS_FOLLOW_LOOK_S, 0};
	struct dns_managed *m;
	TRY(dns_managed_new(&m, folder, holddown_s, (struct bytes){NULL, 0}));
	dns_managed_free(r->managed);
	r->managed = m;
	if (r->look == NULL)
		r->look = event_new(r->base, -1, EV_PERSIST, look_h, r);
	return r->look != NULL && event_add(r->look, &every) == 0 ? OK : FAIL(E_NO_MEMORY);
}

static result make(struct dns_resolver *r, const struct dns_settings *s, struct bytes anchors)
{
	TRY(dns_cache_new(&r->cache, DNS_CACHE_MAX));
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++) {
		r->asker[i] = (struct waiter){.of = r, .timer = evtimer_new(r->base, late_h, &r->asker[i])};
		REQUIRE(r->asker[i].timer != NULL, E_NO_MEMORY);
	}
	for (uint32_t i = 0; i < DNS_LOOKUPS_MAX; i++)
		r->lookup[i].of = r;
	return dns_resolver_configure(r, s, anchors);
}

result dns_resolver_new(struct dns_resolver **out, struct event_base *base, const struct dns_settings *s, struct bytes anchors)
{
	struct dns_resolver *r = memory_alloc(sizeof(*r));
	*out = NULL;
	REQUIRE(r != NULL, E_NO_MEMORY);
	r->base = base;
	result made = make(r, s, anchors);
	if (is_ok(made))
		*out = r;
	else
		dns_resolver_free(r);
	return made;
}

void dns_resolver_free(struct dns_resolver *r)
{
	if (r == NULL)
		return;
	drop(r->library, r->readable);
	if (r->look != NULL)
		event_free(r->look);
	dns_managed_free(r->managed);
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++)
		if (r->asker[i].timer != NULL)
			event_free(r->asker[i].timer);
	dns_cache_free(r->cache);
	memory_free(r);
}

static struct lookup *lookup_of(struct dns_resolver *r, const struct dns_question *q)
{
	for (uint32_t i = 0; i < DNS_LOOKUPS_MAX; i++)
		if (r->lookup[i].used && r->lookup[i].question.type == q->type && strcmp(r->lookup[i].question.name, q->name) == 0)
			return &r->lookup[i];
	return NULL;
}

static struct lookup *lookup_new(struct dns_resolver *r, const struct dns_question *q)
{
	for (uint32_t i = 0; i < DNS_LOOKUPS_MAX; i++) {
		struct lookup *l = &r->lookup[i];
		if (l->used)
			continue;
		l->used = true;
		l->question = *q;
		r->lookups++;
		return l;
	}
	return NULL; // excluded by has_room()
}

static bool has_room(const struct dns_resolver *r, bool lookup, enum dns_class class)
{
	uint32_t kept = class == DNS_FOR_PEERS ? 0 : DNS_RESERVED;
	return r->askers + kept < DNS_UNDER_WAY_MAX && (!lookup || r->lookups + kept < DNS_LOOKUPS_MAX);
}

static void wait_for(struct dns_resolver *r, struct lookup *l, uint32_t wait_ms, dns_handler handler, void *ctx)
{
	const struct timeval wait = {wait_ms / 1000, (wait_ms % 1000) * 1000};
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++) {
		struct waiter *k = &r->asker[i];
		if (k->lookup != NULL)
			continue;
		k->lookup = l;
		k->handler = handler;
		k->ctx = ctx;
		r->askers++;
		evtimer_add(k->timer, &wait);
		return;
	}
}

static void refuse(struct dns_resolver *r, const struct dns_question *q, const char *why, dns_handler handler, void *ctx)
{
	struct dns_answer a;
	dns_refusal(&a, q, DNS_REFUSED, why);
	if (dns_cache_get(r->cache, q, r->settings.stale_s, now_us(), &a) != DNS_CACHE_NONE)
		r->counters.stale++; // what is refused for want of room may be served stale as well
	hand_on(r, &a, handler, ctx);
}

static uint32_t bounded(uint32_t deadline_ms, enum dns_cache_state have)
{
	uint32_t most = have == DNS_CACHE_STALE ? DNS_STALE_WAIT_MS : DNS_DEADLINE_MAX_MS;
	return deadline_ms > most ? most : deadline_ms > 0 ? deadline_ms : 1;
}

// Q is admitted, and no fresh answer is at hand.
static void ask_library(struct dns_resolver *r, const struct dns_question *q, uint32_t wait_ms, enum dns_class class,
	dns_handler handler, void *ctx)
{
	struct lookup *l = lookup_of(r, q);
	bool fresh = l == NULL;
	if (!has_room(r, fresh, class)) {
		r->counters.refused_budget++;
		refuse(r, q, "budget: too many questions under way", handler, ctx);
		return;
	}
	if (fresh && !gcra_admit(&r->rate, gcra_rate_make(DNS_PER_SECOND_MAX, DNS_BURST_MAX), now_us()) && class == DNS_FOR_STRANGERS) {
		r->counters.refused_rate++;
		refuse(r, q, "budget: too many questions a second", handler, ctx);
		return;
	}
	r->counters.coalesced += !fresh;
	if (fresh)
		l = lookup_new(r, q);
	wait_for(r, l, wait_ms, handler, ctx);
	if (fresh)
		begin(l);
}

void dns_ask(struct dns_resolver *r, const struct dns_question *q, uint32_t deadline_ms, enum dns_class class, dns_handler handler,
	void *ctx)
{
	struct dns_answer a;
	const char *why;
	r->counters.asked++;
	if (!dns_policy_admits(&r->settings, q, &why)) {
		r->counters.refused_name++;
		dns_refusal(&a, q, DNS_REFUSED, why);
		hand_on(r, &a, handler, ctx);
		return;
	}
	enum dns_cache_state have = dns_cache_get(r->cache, q, r->settings.stale_s, now_us(), &a);
	if (have == DNS_CACHE_FRESH || (have == DNS_CACHE_STALE && dns_cache_rests(r->cache, q, now_us()))) {
		*(have == DNS_CACHE_FRESH ? &r->counters.from_cache : &r->counters.stale) += 1;
		hand_on(r, &a, handler, ctx);
		return;
	}
	ask_library(r, q, bounded(deadline_ms, have), class, handler, ctx);
}

void dns_forget(struct dns_resolver *r, const void *ctx)
{
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++)
		if (r->asker[i].lookup != NULL && r->asker[i].ctx == ctx)
			release(&r->asker[i]);
}

const struct dns_counters *dns_resolver_counters(const struct dns_resolver *r)
{
	return &r->counters;
}

uint32_t dns_resolver_under_way(const struct dns_resolver *r)
{
	return r->askers;
}
