// SPDX-License-Identifier: Apache-2.0
// The directory's questions (terms/ipc_dns.h). Their names are out of messages: strangers choose them, and the caps of src/dns
// hold. What is no question is counted and dropped.
#include "base/log.h"
#include "base/memory.h"
#include "main/resolver.h"
#include "terms/ipc_dns.h"

#include <event2/event.h>
#include <sys/socket.h>

enum { QUESTIONS_PER_TURN = 64 }; // so that answers are not kept waiting

struct question {
	struct resolver_questions *of;
	bool used;
	uint32_t request;
};

struct resolver_questions {
	struct dns_resolver *dns;
	int channel;
	struct event *readable;
	uint64_t malformed, lost;
	struct ipc_dns out; // large
	struct question question[DNS_UNDER_WAY_MAX];
};

static void send_answer(struct resolver_questions *q, uint32_t request, const struct dns_answer *a)
{
	size_t head = offsetof(struct dns_answer, octets);
	uint32_t used = a->used <= DNS_OCTETS_MAX ? a->used : 0;
	q->out.version = IPC_DNS_VERSION;
	q->out.type = IPC_DNS_ANSWER;
	q->out.request = request;
	memcpy(&q->out.u.answer, a, head + used);
	if (send(q->channel, &q->out, IPC_DNS_ANSWER_HEAD + used, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		q->lost++;
		log_write(LOG_LEVEL_WARNING, "resolver.answer-lost", LOG_STR("name", a->question.name), LOG_NUM("lost", q->lost));
	}
}

static void answered_h(void *ctx, const struct dns_answer *a)
{
	struct question *q = ctx;
	q->used = false;
	send_answer(q->of, q->request, a);
}

static bool well_formed(const struct ipc_dns *m, ssize_t n)
{
	return n == (ssize_t)IPC_DNS_QUESTION_SIZE && m->version == IPC_DNS_VERSION && m->type == IPC_DNS_ASK && m->deadline_ms >= 1 &&
	       m->deadline_ms <= DNS_DEADLINE_MAX_MS && m->u.question.type != 0 &&
	       memchr(m->u.question.name, '\0', sizeof(m->u.question.name)) != NULL;
}

static void ask(struct resolver_questions *q, const struct ipc_dns *m)
{
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++) {
		struct question *one = &q->question[i];
		if (one->used)
			continue;
		one->used = true;
		one->request = m->request;
		dns_ask(q->dns, &m->u.question, m->deadline_ms, DNS_FOR_STRANGERS, answered_h, one);
		return;
	}
	struct dns_answer a = {.question = m->u.question, .outcome = DNS_REFUSED, .reason = "budget: too many questions under way"};
	send_answer(q, m->request, &a);
}

static void readable_h(int fd, short what, void *arg)
{
	struct resolver_questions *q = arg;
	struct ipc_dns m;
	UNUSED(what);
	for (uint32_t i = 0; i < QUESTIONS_PER_TURN; i++) {
		ssize_t n = recv(fd, &m, IPC_DNS_QUESTION_SIZE, MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0)
			return;
		if (n == 0) { // the pair outlives every child: it is gone for good
			event_del(q->readable);
			return;
		}
		if (well_formed(&m, n)) {
			ask(q, &m);
			continue;
		}
		q->malformed++;
		log_write(LOG_LEVEL_ALARM, "resolver.question-malformed", LOG_NUM("octets", n), LOG_NUM("dropped", q->malformed));
	}
}

result resolver_questions_new(struct resolver_questions **out, struct event_base *base, struct dns_resolver *dns, int channel)
{
	struct resolver_questions *q = memory_alloc(sizeof(*q));
	*out = NULL;
	REQUIRE(q != NULL, E_NO_MEMORY);
	q->dns = dns;
	q->channel = channel;
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++)
		q->question[i].of = q;
	q->readable = event_new(base, channel, EV_READ | EV_PERSIST, readable_h, q);
	if (q->readable == NULL || event_add(q->readable, NULL) != 0) {
		resolver_questions_free(q);
		return FAIL(E_NO_MEMORY);
	}
	*out = q;
	return OK;
}

void resolver_questions_free(struct resolver_questions *q)
{
	if (q == NULL)
		return;
	for (uint32_t i = 0; i < DNS_UNDER_WAY_MAX; i++)
		if (q->question[i].used)
			dns_forget(q->dns, &q->question[i]);
	if (q->readable != NULL)
		event_free(q->readable);
	memory_free(q);
}
