// SPDX-License-Identifier: Apache-2.0
// Look-ups that ask ENUM, with a snapshot that goes away under them (LUF-A1), and one peer that asks for more than the others (LRF-A1).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "flow_play.h"
#include "main/directory.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct now at = {.mono_us = 1000000};

struct world {
	struct play play;
	struct directory_process d;
	int asker[2], dns[2];
	peer_id peer, other;
};

// A copy of the snapshot with a tree of numbers, in pages of its own.
static void use(struct world *w, const char *tree)
{
	const struct snapshot *of = registry_snapshot(w->play.rig.registry);
	struct snapshot *s = mmap(NULL, of->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(s != MAP_FAILED);
	memcpy(s, of, of->size);
	s->settings.luf.apex_count = 1;
	snprintf(s->settings.luf.apex[0].domain, sizeof(s->settings.luf.apex[0].domain), "%s", tree);
	registry_free(w->d.registry);
	if (w->d.snapshot != NULL)
		munmap((void *)(uintptr_t)w->d.snapshot, w->d.size);
	w->d.snapshot = s;
	w->d.size = of->size;
	assert_true(is_ok(registry_new(&w->d.registry, s)));
}

static struct world *world(void)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	assert_true(play_open(&w->play));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, w->asker), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, w->dns), 0);
	w->d.dns = w->dns[0];
	w->peer = flow_rig_peer(&w->play.rig, "softswitch");
	w->other = flow_rig_peer(&w->play.rig, "ssp-b");
	assert_true(w->peer != PEER_NONE && w->other != PEER_NONE);
	use(w, "e164.arpa");
	assert_true(is_ok(inquiries_new(&w->d)));
	assert_true(is_ok(lrf_memory_new(&w->d.memory)));
	return w;
}

static void end(struct world *w)
{
	for (int i = 0; i < 2; i++) {
		close(w->asker[i]);
		close(w->dns[i]);
	}
	registry_free(w->d.registry);
	munmap((void *)(uintptr_t)w->d.snapshot, w->d.size);
	lrf_memory_free(w->d.memory);
	memory_free(w->d.inquiry);
	play_close(&w->play);
	free(w);
}

static void begin(struct world *w, peer_id from, const char *number, uint32_t request)
{
	struct query q;
	const struct asked a = {.fd = w->asker[0], .request = request, .deadline_ms = INQUIRY_MS_MAX};
	assert_true(is_ok(luf_query_make(&q, URI_KIND_SIP, bytes_of_string(number), bytes_of_string(""), number, "")));
	q.from_peer = from;
	q.from_zone = snapshot_peer(w->d.snapshot, from)->zone;
	inquiry_begin(&w->d, &a, &q, &at);
}

static bool question(struct world *w, struct ipc_dns *m)
{
	return recv(w->dns[1], m, sizeof(*m), MSG_DONTWAIT) == (ssize_t)IPC_DNS_QUESTION_SIZE;
}

// The number's name is not there.
static void deny(struct world *w, struct ipc_dns *m)
{
	const struct dns_question q = m->u.question;
	memset(&m->u.answer, 0, offsetof(struct dns_answer, octets));
	m->type = IPC_DNS_ANSWER;
	m->u.answer.question = q;
	m->u.answer.outcome = DNS_NXDOMAIN;
	m->u.answer.ttl_s = 60;
	assert_int_equal(send(w->dns[1], m, IPC_DNS_ANSWER_HEAD, 0), (ssize_t)IPC_DNS_ANSWER_HEAD);
	inquiry_dns(&w->d, &at);
}

// The outcome that was told, or -1.
static int told(struct world *w, uint32_t *request)
{
	static struct ipc_lookup m;
	ssize_t n = recv(w->asker[1], &m, sizeof(m), MSG_DONTWAIT);
	if (n <= 0)
		return -1;
	*request = m.request;
	return m.u.answer.lookup.outcome;
}

static void a_reload_takes_no_ground_from_under_a_look_up(void **state)
{
	struct world *w = world();
	static struct ipc_dns m, late;
	uint32_t request = 0;
	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		begin(w, w->peer, "+995551", i);
	assert_true(question(w, &late) && question(w, &m) && question(w, &m));
	use(w, "numbers.example"); // the former one is gone
	inquiries_again(&w->d, &at);
	assert_int_equal(w->d.under_way, 3);
	deny(w, &late); // an answer to what was asked before
	assert_int_equal(told(w, &request), -1);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_true(question(w, &m));
		assert_string_equal(m.u.question.name, "1.5.5.5.9.9.numbers.example");
		assert_in_range(m.deadline_ms, 1, INQUIRY_MS_MAX);
		deny(w, &m);
		assert_int_equal(told(w, &request), LOOKUP_NONE);
		assert_int_equal(request, i);
	}
	assert_int_equal(w->d.under_way, 0);
	assert_false(question(w, &m));
	end(w);
}

static void one_peer_takes_his_share_alone(void **state)
{
	struct world *w = world();
	static struct ipc_dns m;
	uint32_t request = 0;
	char number[NUMBER_MAX];
	(void)state;
	for (uint32_t i = 1; i <= INQUIRIES_PEER; i++) {
		snprintf(number, sizeof(number), "+9955%u", i);
		begin(w, w->peer, number, i);
		assert_true(question(w, &m));
	}
	assert_int_equal(told(w, &request), -1);
	begin(w, w->peer, "+9956", 1000);
	assert_int_equal(told(w, &request), LOOKUP_LATER);
	assert_int_equal(request, 1000);
	assert_false(question(w, &m));
	begin(w, w->other, "+9956", 1001);
	assert_int_equal(told(w, &request), -1);
	assert_true(question(w, &m));
	deny(w, &m);
	assert_int_equal(told(w, &request), LOOKUP_NONE);
	at.mono_us += INQUIRY_MS_MAX * MS; // what nobody answers gives its place back
	inquiry_run(&w->d, &at);
	assert_int_equal(w->d.under_way, 0);
	end(w);
}

// LUF-C2: what a portal that was taken over might ask: as somebody of the core, without telling whom, with the story, of a peer without
// the right. Only one bit differs from what it may.
static void the_portal_asks_for_its_peers_alone(void **state)
{
	static struct ipc_lookup good;
	struct world *w = world();
	struct snapshot *s = (struct snapshot *)(uintptr_t)w->d.snapshot;
	struct peer *p = (struct peer *)(uintptr_t)snapshot_peer(s, w->other);
	(void)state;
	s->settings.portal.zone = p->zone;
	p->portal.lookup = 1;
	good.u.query = (struct query){.from_peer = w->other, .from_zone = p->zone, .tell = 1};
	assert_true(inquiry_portal_may(&w->d, &good));
	for (int i = 0; i < 5; i++) {
		struct ipc_lookup m = good;
		if (i == 0)
			m.u.query.from_peer = w->peer; // of the core
		else if (i == 1)
			m.u.query.from_zone++;
		else if (i == 2)
			m.u.query.tell = 0;
		else if (i == 3)
			m.notes = 1;
		else
			m.u.query.from_peer = PEER_NONE;
		assert_false(inquiry_portal_may(&w->d, &m));
	}
	p->portal.lookup = 0;
	assert_false(inquiry_portal_may(&w->d, &good));
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_reload_takes_no_ground_from_under_a_look_up),
		cmocka_unit_test(one_peer_takes_his_share_alone), cmocka_unit_test(the_portal_asks_for_its_peers_alone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
