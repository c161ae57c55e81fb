// SPDX-License-Identifier: Apache-2.0
// The directory's questions over their channel: answered by number, and what is no question is dropped, whatever it is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/memory.h"
#include "main/resolver.h"
#include "net/channel.h"
#include "terms/ipc_dns.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
	struct event_base *base;
	struct dns_resolver *dns;
	struct resolver_questions *questions;
	int fd[2];
	struct ipc_dns got;
};

static void quiet(const char *line, size_t len, void *ctx)
{
	(void)line;
	(void)len;
	(void)ctx;
}

static int begin(void **state)
{
	struct world *w = memory_alloc(sizeof(*w));
	struct dns_settings s = {.upstream_count = 1, .upstream = {{.family = 4, .port = 9, .ip = {127, 0, 0, 1}}}, .only_count = 1,
		.only = {"b.example"}};

	log_set_sink(quiet, NULL);
	w->base = event_base_new();
	assert_true(is_ok(channel_pair(w->fd)));
	assert_true(is_ok(dns_resolver_new(&w->dns, w->base, &s, (struct bytes){NULL, 0})));
	assert_true(is_ok(resolver_questions_new(&w->questions, w->base, w->dns, w->fd[1])));
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	resolver_questions_free(w->questions);
	dns_resolver_free(w->dns);
	event_base_free(w->base);
	close(w->fd[0]);
	close(w->fd[1]);
	memory_free(w);
	return 0;
}

static struct ipc_dns question(uint32_t request, const char *name)
{
	struct ipc_dns m = {.version = IPC_DNS_VERSION, .type = IPC_DNS_ASK, .request = request, .deadline_ms = 50};

	m.u.question.type = DNS_A;
	snprintf(m.u.question.name, sizeof(m.u.question.name), "%s", name);
	return m;
}

static void put(struct world *w, const struct ipc_dns *m, size_t len)
{
	assert_int_equal(send(w->fd[0], m, len, MSG_DONTWAIT), len);
}

// The next answer; false: none within a while.
static bool answer(struct world *w)
{
	const struct timeval t = {0, 20000};

	for (uint32_t i = 0; i < 100; i++) {
		ssize_t n = recv(w->fd[0], &w->got, sizeof(w->got), MSG_DONTWAIT);
		if (n > 0) {
			assert_int_equal(n, IPC_DNS_ANSWER_HEAD + w->got.u.answer.used);
			assert_int_equal(w->got.type, IPC_DNS_ANSWER);
			return true;
		}
		if (i > 20)
			return false;
		event_base_loopexit(w->base, &t);
		event_base_dispatch(w->base);
	}
	return false;
}

static void each_has_its_answer(void **state)
{
	struct world *w = *state;
	struct ipc_dns outside = question(7, "evil.test"), silent = question(8, "b.example");

	put(w, &outside, IPC_DNS_QUESTION_SIZE);
	assert_true(answer(w));
	assert_int_equal(w->got.request, 7);
	assert_int_equal(w->got.u.answer.outcome, DNS_REFUSED);
	assert_string_equal(w->got.u.answer.question.name, "evil.test");
	put(w, &silent, IPC_DNS_QUESTION_SIZE);
	assert_true(answer(w)); // within its deadline, whatever the server does
	assert_int_equal(w->got.request, 8);
	assert_true(w->got.u.answer.outcome == DNS_TIMEOUT || w->got.u.answer.outcome == DNS_SERVFAIL);
	assert_false(answer(w)); // once
}

static void what_is_no_question_is_dropped(void **state)
{
	struct world *w = *state;
	struct ipc_dns m, good = question(9, "evil.test");

	put(w, &good, 1);
	put(w, &good, IPC_DNS_QUESTION_SIZE - 1);
	put(w, &good, IPC_DNS_QUESTION_SIZE + 1);
	put(w, &good, sizeof(good));
	for (int i = 0; i < 6; i++) {
		m = good;
		if (i == 0)
			m.version++;
		else if (i == 1)
			m.type = IPC_DNS_ANSWER;
		else if (i == 2)
			m.deadline_ms = 0;
		else if (i == 3)
			m.deadline_ms = DNS_DEADLINE_MAX_MS + 1;
		else if (i == 4)
			memset(m.u.question.name, 'a', sizeof(m.u.question.name));
		else
			m.u.question.type = 0;
		put(w, &m, IPC_DNS_QUESTION_SIZE);
	}
	assert_false(answer(w));
	put(w, &good, IPC_DNS_QUESTION_SIZE); // and it goes on
	assert_true(answer(w));
	assert_int_equal(w->got.request, 9);
}

// More than can wait: each is answered, most of them at once with a refusal.
static void more_than_can_wait(void **state)
{
	struct world *w = *state;
	char name[32];

	for (uint32_t i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "n%u.b.example", i);
		struct ipc_dns m = question(i, name);
		put(w, &m, IPC_DNS_QUESTION_SIZE);
	}
	for (uint32_t i = 0; i < 400; i++)
		assert_true(answer(w));
	assert_false(answer(w));
}

static void freed_while_they_wait(void **state)
{
	struct world *w = *state;
	struct ipc_dns m = question(1, "b.example");
	const struct timeval t = {0, 5000};

	m.deadline_ms = 5000;
	put(w, &m, IPC_DNS_QUESTION_SIZE);
	event_base_loopexit(w->base, &t);
	event_base_dispatch(w->base);
}

static void no_memory(void **state)
{
	struct world *w = *state;
	struct resolver_questions *q;

	memory_fail_nth(1);
	assert_int_equal(resolver_questions_new(&q, w->base, w->dns, w->fd[1]).error, E_NO_MEMORY);
	memory_fail_nth(0);
	assert_null(q);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(each_has_its_answer),
		IN_WORLD(what_is_no_question_is_dropped),
		IN_WORLD(more_than_can_wait),
		IN_WORLD(freed_while_they_wait),
		IN_WORLD(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
