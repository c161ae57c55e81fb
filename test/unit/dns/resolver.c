// SPDX-License-Identifier: Apache-2.0
// Questions through libunbound to a server of this test's own, in one loop: caps, equal questions, deadlines, stale answers, another
// configuration under way. The attack is always a server or an asker that the caps must hold.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "dns/resolver.h"
#include "packets.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

struct server { // answers any A question with 192.0.2.1; names that begin with "silent" with nothing
	int fd;
	struct event *event;
	struct address address;
	uint32_t packets, ttl_s;
	bool silent;
};

struct world {
	struct event_base *base;
	struct server server, other;
	struct dns_settings settings;
	struct dns_resolver *dns;
	struct dns_answer answer; // the last
	uint32_t answers, refused;
};

static void query_h(int fd, short what, void *arg)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1};
	struct server *s = arg;
	uint8_t q[512 + sizeof(record)];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, q, 512, 0, (struct sockaddr *)&from, &len);
	size_t end = 12;

	(void)what;
	if (n < 17)
		return;
	s->packets++;
	if (s->silent || memcmp(q + 13, "silent", 6) == 0)
		return;
	while (end < (size_t)n && q[end] != 0)
		end += q[end] + 1u;
	end += 5;
	memcpy(q + 2, "\x81\x80\0\1\0\1\0\0\0\0", 10);
	memcpy(q + end, record, sizeof(record));
	q[end + 9] = (uint8_t)s->ttl_s;
	sendto(fd, q, end + sizeof(record), 0, (struct sockaddr *)&from, len);
}

static void server_start(struct server *s, struct event_base *base)
{
	struct sockaddr_storage at;
	socklen_t len;
	struct address any = {.family = 4, .ip = {127, 0, 0, 1}};

	s->ttl_s = 60;
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	len = address_to_sockaddr(&any, &at);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, len), 0);
	len = sizeof(at);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
	assert_true(is_ok(address_from_sockaddr((struct sockaddr *)&at, len, &s->address)));
	s->event = event_new(base, s->fd, EV_READ | EV_PERSIST, query_h, s);
	event_add(s->event, NULL);
}

static int begin(void **state)
{
	struct world *w = memory_alloc(sizeof(*w));

	w->base = event_base_new();
	server_start(&w->server, w->base);
	server_start(&w->other, w->base);
	w->settings.upstream_count = 1;
	w->settings.upstream[0] = w->server.address;
	w->settings.stale_s = 3600;
	assert_true(is_ok(dns_resolver_new(&w->dns, w->base, &w->settings, (struct bytes){NULL, 0})));
	*state = w;
	return 0;
}

static void server_stop(struct server *s)
{
	event_free(s->event);
	close(s->fd);
}

static int end(void **state)
{
	struct world *w = *state;

	dns_resolver_free(w->dns);
	server_stop(&w->server);
	server_stop(&w->other);
	event_base_free(w->base);
	memory_free(w);
	return 0;
}

static void answer_h(void *ctx, const struct dns_answer *a)
{
	struct world *w = ctx;

	w->answer = *a;
	w->answers++;
	w->refused += a->outcome == DNS_REFUSED;
}

static void ask(struct world *w, const char *name, uint32_t deadline_ms, enum dns_class class)
{
	struct dns_question q = question(name, DNS_A);

	dns_ask(w->dns, &q, deadline_ms, class, answer_h, w);
}

static void run_for(struct world *w, uint32_t ms)
{
	const struct timeval t = {ms / 1000, (ms % 1000) * 1000};

	event_base_loopexit(w->base, &t);
	event_base_dispatch(w->base);
}

static void run_until(struct world *w, uint32_t answers)
{
	uint64_t until = clock_now().mono_us + 10 * SECOND;

	while (w->answers < answers && clock_now().mono_us < until)
		run_for(w, 5);
	assert_int_equal(w->answers, answers);
}

static void found_and_kept(void **state)
{
	struct world *w = *state;

	ask(w, "b.example", 3000, DNS_FOR_STRANGERS);
	run_until(w, 1);
	assert_int_equal(w->answer.outcome, DNS_FOUND);
	assert_int_equal(w->answer.verdict, DNS_INSECURE);
	assert_true(bytes_equal(dns_record(&w->answer, 0), bytes_make("\xc0\x00\x02\x01", 4)));
	uint32_t packets = w->server.packets;
	ask(w, "b.example", 3000, DNS_FOR_STRANGERS);
	assert_int_equal(w->answers, 2); // at once
	assert_int_equal(w->server.packets, packets);
	assert_int_equal(dns_resolver_counters(w->dns)->from_cache, 1);
}

static void equal_questions_are_one(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < 100; i++)
		ask(w, "b.example", 3000, DNS_FOR_STRANGERS);
	run_until(w, 100);
	assert_int_equal(w->server.packets, 1);
	assert_int_equal(dns_resolver_counters(w->dns)->coalesced, 99);
	assert_int_equal(dns_resolver_under_way(w->dns), 0);
}

static void names_that_are_refused_never_leave(void **state)
{
	struct world *w = *state;

	w->settings.only_count = 1;
	snprintf(w->settings.only[0], DOMAIN_MAX, "example");
	assert_true(is_ok(dns_resolver_configure(w->dns, &w->settings, (struct bytes){NULL, 0})));
	ask(w, "+498912345.evil.test", 3000, DNS_FOR_STRANGERS);
	ask(w, "498912345.evil.test", 3000, DNS_FOR_PEERS);
	assert_int_equal(w->refused, 2);
	ask(w, "b.example", 3000, DNS_FOR_PEERS);
	run_until(w, 3);
	assert_int_equal(w->answer.outcome, DNS_FOUND);
	assert_int_equal(w->server.packets, 1);
}

// The attack: numbers whose questions nobody answers, more than anybody can wait for. Names of our own peers go through all the same.
static void a_flood_that_nobody_answers(void **state)
{
	struct world *w = *state;
	char name[32];

	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "silent%u.example", i);
		ask(w, name, 5000, DNS_FOR_STRANGERS);
	}
	assert_int_equal(dns_resolver_under_way(w->dns), DNS_UNDER_WAY_MAX - DNS_RESERVED);
	assert_int_equal(w->refused, 1000 - (DNS_UNDER_WAY_MAX - DNS_RESERVED));
	assert_non_null(strstr(w->answer.reason, "budget"));
	uint32_t before = w->answers;
	ask(w, "b.example", 5000, DNS_FOR_PEERS);
	run_until(w, before + 1);
	assert_int_equal(w->answer.outcome, DNS_FOUND);
}

// The same with askers that give up at once: the library's own work is bounded too.
static void a_flood_of_askers_that_leave(void **state)
{
	struct world *w = *state;
	const struct dns_counters *c = dns_resolver_counters(w->dns);
	uint64_t until = clock_now().mono_us + 4 * SECOND;
	char name[32];

	for (uint32_t i = 0; clock_now().mono_us < until && c->refused_budget == 0; i++) {
		snprintf(name, sizeof(name), "silent%u.example", i);
		ask(w, name, 1, DNS_FOR_STRANGERS);
		if (i % 50 == 49)
			run_for(w, 30);
	}
	assert_true(c->refused_budget > 0);
	uint32_t before = w->answers;
	ask(w, "b.example", 5000, DNS_FOR_PEERS);
	assert_int_equal(w->answers, before); // it was admitted
}

static void questions_a_second(void **state)
{
	struct world *w = *state;
	const struct dns_counters *c = dns_resolver_counters(w->dns);
	char name[32];

	for (uint32_t i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask(w, name, 5000, i < 300 ? DNS_FOR_STRANGERS : DNS_FOR_PEERS);
		if (i % 100 == 99)
			run_until(w, i + 1);
	}
	assert_true(w->server.packets <= 400 - c->refused_rate);
	assert_int_equal(c->refused_budget, 0);
	for (uint32_t i = 0; c->refused_rate == 0 && i < 150; i++) { // a fast burst beyond what has come back
		snprintf(name, sizeof(name), "m%u.example", i);
		ask(w, name, 5000, DNS_FOR_STRANGERS);
	}
	assert_true(c->refused_rate > 0);
}

static void nobody_answers_in_time(void **state)
{
	struct world *w = *state;
	uint64_t from = clock_now().mono_us;

	ask(w, "silent.example", 200, DNS_FOR_STRANGERS);
	ask(w, "silent.example", 60, DNS_FOR_STRANGERS);
	run_until(w, 1);
	assert_int_equal(w->answer.outcome, DNS_TIMEOUT);
	assert_int_equal(dns_resolver_under_way(w->dns), 1); // each has its own time
	run_until(w, 2);
	assert_true(clock_now().mono_us - from >= 190 * MS);
	assert_int_equal(dns_resolver_under_way(w->dns), 0);
	ask(w, "silent.example", 0, DNS_FOR_STRANGERS); // nonsense is bounded
	run_until(w, 3);
}

// Servers die: the last good answer is served, said to be stale, and at once from then on. Without `stale` there is none.
static void stale_when_servers_die(void **state)
{
	struct world *w = *state;

	w->server.ttl_s = 1;
	ask(w, "b.example", 3000, DNS_FOR_PEERS);
	run_until(w, 1);
	w->server.silent = true;
	run_for(w, 2200); // the library counts in whole seconds
	ask(w, "b.example", 100, DNS_FOR_PEERS);
	assert_int_equal(w->answers, 1); // servers have their chance
	run_until(w, 2);
	assert_int_equal(w->answer.outcome, DNS_FOUND);
	assert_true(w->answer.stale);
	assert_int_equal(w->answer.count, 1);
	ask(w, "b.example", 3000, DNS_FOR_PEERS);
	assert_int_equal(w->answers, 3); // nobody waits again
	assert_true(w->answer.stale);
	assert_int_equal(dns_resolver_counters(w->dns)->stale, 2);
	w->settings.stale_s = 0;
	assert_true(is_ok(dns_resolver_configure(w->dns, &w->settings, (struct bytes){NULL, 0})));
	ask(w, "b.example", 100, DNS_FOR_PEERS);
	run_until(w, 4);
	assert_int_equal(w->answer.outcome, DNS_TIMEOUT);
	assert_int_equal(w->answer.count, 0);
}

static void another_configuration_under_way(void **state)
{
	struct world *w = *state;

	w->server.silent = true;
	ask(w, "b.example", 5000, DNS_FOR_PEERS);
	ask(w, "c.example", 5000, DNS_FOR_PEERS);
	run_for(w, 20);
	w->settings.upstream[0] = w->other.address;
	assert_true(is_ok(dns_resolver_configure(w->dns, &w->settings, (struct bytes){NULL, 0})));
	run_until(w, 2);
	assert_int_equal(w->answer.outcome, DNS_FOUND);
	assert_int_equal(w->other.packets, 2);
}

static void one_that_is_refused_changes_nothing(void **state)
{
	struct world *w = *state;

	assert_false(is_ok(dns_resolver_configure(w->dns, &w->settings, bytes_of_string("nonsense"))));
	ask(w, "b.example", 5000, DNS_FOR_PEERS);
	run_until(w, 1);
	assert_int_equal(w->answer.outcome, DNS_FOUND);
}

static void forgotten(void **state)
{
	struct world *w = *state;

	ask(w, "b.example", 3000, DNS_FOR_PEERS);
	dns_forget(w->dns, &w->answer); // of somebody else
	assert_int_equal(dns_resolver_under_way(w->dns), 1);
	dns_forget(w->dns, w);
	assert_int_equal(dns_resolver_under_way(w->dns), 0);
	run_for(w, 100);
	assert_int_equal(w->answers, 0);
	ask(w, "b.example", 3000, DNS_FOR_PEERS); // the answer reached the cache
	assert_int_equal(w->answers, 1);
}

struct nested {
	struct world *w;
	uint32_t depth, calls;
};

static void nested_h(void *ctx, const struct dns_answer *a)
{
	struct nested *n = ctx;
	struct dns_question q;
	char name[32];

	assert_int_equal(a->outcome, DNS_FOUND);
	n->calls++;
	if (n->calls == 3)
		dns_forget(n->w->dns, n->w); // who waits for the same
	if (n->depth-- == 0)
		return;
	snprintf(name, sizeof(name), "d%u.example", n->depth);
	q = question(name, DNS_A);
	dns_ask(n->w->dns, &q, 3000, DNS_FOR_PEERS, nested_h, n);
}

// A handler that asks on and forgets others, as a search of servers does.
static void handlers_may_ask_and_forget(void **state)
{
	struct world *w = *state;
	struct nested n = {.w = w, .depth = 20};
	struct dns_question q = question("d19.example", DNS_A);

	dns_ask(w->dns, &q, 3000, DNS_FOR_PEERS, nested_h, &n);
	ask(w, "d17.example", 3000, DNS_FOR_PEERS);
	dns_forget(w->dns, w);
	ask(w, "silent.example", 3000, DNS_FOR_PEERS);
	for (uint32_t i = 0; i < 400 && n.calls < 21; i++)
		run_for(w, 5);
	assert_int_equal(n.calls, 21);
	assert_int_equal(w->answers, 0);
}

static void no_memory(void **state)
{
	struct world *w = *state;
	struct dns_resolver *r;

	for (uint64_t n = 1; n < 5; n++) {
		memory_fail_nth(n);
		result made = dns_resolver_new(&r, w->base, &w->settings, (struct bytes){NULL, 0});
		memory_fail_nth(0);
		assert_true(is_ok(made) == (r != NULL));
		dns_resolver_free(r);
	}
	assert_true(memory_alloc_count() > 0);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(found_and_kept),
		IN_WORLD(equal_questions_are_one),
		IN_WORLD(names_that_are_refused_never_leave),
		IN_WORLD(a_flood_that_nobody_answers),
		IN_WORLD(a_flood_of_askers_that_leave),
		IN_WORLD(questions_a_second),
		IN_WORLD(nobody_answers_in_time),
		IN_WORLD(stale_when_servers_die),
		IN_WORLD(another_configuration_under_way),
		IN_WORLD(one_that_is_refused_changes_nothing),
		IN_WORLD(forgotten),
		IN_WORLD(handlers_may_ask_and_forget),
		IN_WORLD(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
