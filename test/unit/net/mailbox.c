// SPDX-License-Identifier: Apache-2.0
// Mailboxes: order, bound, nothing lost between threads, one bell for a sleeper.
#include "fixture.h"

#include "base/memory.h"
#include "net/mailbox.h"

enum { SENDERS = 3, EACH = 20000 };

struct letter {
	struct mail mail;
	uint32_t sender, number;
};

struct reader {
	uint32_t next[SENDERS];
	uint32_t total;
	bool in_order;
};

static void read_h(struct mail *m, void *ctx)
{
	struct letter *l = (struct letter *)m;
	struct reader *r = ctx;
	r->in_order = r->in_order && r->next[l->sender] == l->number;
	r->next[l->sender] = l->number + 1;
	r->total++;
	memory_free(l);
}

static struct letter *write_letter(uint32_t sender, uint32_t number)
{
	struct letter *l = memory_alloc(sizeof(*l));
	assert_non_null(l);
	l->mail.deliver = read_h;
	l->sender = sender;
	l->number = number;
	return l;
}

static void bounded_and_in_order(void **state)
{
	struct mailbox mb;
	struct reader r = {.in_order = true};
	UNUSED(state);
	assert_true(is_ok(mailbox_init(&mb, 10)));
	for (uint32_t i = 0; i < 10; i++)
		assert_true(is_ok(mailbox_post(&mb, &write_letter(0, i)->mail, NULL)));
	struct letter *extra = write_letter(0, 10);
	assert_int_equal(mailbox_post(&mb, &extra->mail, NULL).error, E_FULL);
	assert_int_equal(mailbox_drain(&mb, 4, &r), 4);
	assert_true(is_ok(mailbox_post(&mb, &extra->mail, NULL)));
	assert_int_equal(mailbox_drain(&mb, 100, &r), 7);
	assert_true(r.in_order);
	assert_int_equal(r.total, 11);
	mailbox_end(&mb);
}

static void only_a_sleeper_is_woken(void **state)
{
	struct mailbox mb;
	struct reader r = {.in_order = true};
	bool woke = true;
	UNUSED(state);
	assert_true(is_ok(mailbox_init(&mb, 10)));
	assert_true(is_ok(mailbox_post(&mb, &write_letter(0, 0)->mail, &woke)));
	assert_false(woke);
	assert_false(mailbox_sleep(&mb)); // there is mail: no sleep
	mailbox_drain(&mb, 10, &r);
	assert_true(mailbox_sleep(&mb));
	assert_true(is_ok(mailbox_post(&mb, &write_letter(0, 1)->mail, &woke)));
	assert_true(woke);
	assert_true(is_ok(mailbox_post(&mb, &write_letter(0, 2)->mail, &woke)));
	assert_false(woke); // once a sleep
	mailbox_clear(&mb);
	mailbox_awake(&mb);
	assert_int_equal(mailbox_drain(&mb, 10, &r), 2);
	mailbox_end(&mb);
}

static void limits(void **state)
{
	struct mailbox mb;
	UNUSED(state);
	assert_int_equal(mailbox_init(&mb, 0).error, E_IMPOSSIBLE);
	assert_int_equal(mailbox_init(&mb, MAILBOX_MAX + 1).error, E_IMPOSSIBLE);
	assert_true(is_ok(mailbox_init(&mb, MAILBOX_MAX)));
	mailbox_end(&mb);
}

struct sender {
	struct loop *loop;
	uint32_t number;
	struct net_counters counters;
};

struct reading_loop {
	struct loop loop; // first
	struct reader reader;
};

static void count_h(struct mail *m, void *ctx)
{
	struct reading_loop *rl = ctx;
	read_h(m, &rl->reader);
	if (rl->reader.total == SENDERS * EACH)
		loop_stop(&rl->loop);
}

static void *send_counted(void *arg)
{
	struct sender *s = arg;
	for (uint32_t i = 0; i < EACH;) {
		struct letter *l = write_letter(s->number, i);
		l->mail.deliver = count_h;
		if (is_ok(loop_post(s->loop, &l->mail, &s->counters)))
			i++;
		else
			memory_free(l);
	}
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	static struct reading_loop rl;
	static struct sender s[SENDERS];
	struct net_counters c = {0};
	struct holder h = {NULL};
	pthread_t t[SENDERS];
	UNUSED(state);
	rl.reader.in_order = true;
	assert_true(is_ok(loop_init(&rl.loop, &c, &h)));
	for (uint32_t i = 0; i < SENDERS; i++) {
		s[i].loop = &rl.loop;
		s[i].number = i;
		assert_int_equal(pthread_create(&t[i], NULL, send_counted, &s[i]), 0);
	}
	loop_run(&rl.loop); // until everything has come
	for (uint32_t i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_true(rl.reader.in_order);
	assert_int_equal(rl.reader.total, SENDERS * EACH);
	loop_end(&rl.loop);
}

struct deadline {
	uint64_t at_us, fired_us;
	struct loop *loop;
};

static uint64_t next_h(void *ctx)
{
	return ((struct deadline *)ctx)->at_us;
}

static void expire_h(void *ctx, const struct now *now)
{
	struct deadline *d = ctx;
	d->fired_us = now->mono_us;
	d->at_us = NO_DEADLINE;
	loop_stop(d->loop);
}

static void deadline_is_kept(void **state)
{
	struct loop l;
	struct net_counters c = {0};
	struct holder h = {NULL};
	UNUSED(state);
	assert_true(is_ok(loop_init(&l, &c, &h)));
	uint64_t at = clock_now().mono_us + 30 * MS;
	struct deadline d = {at, 0, &l};
	loop_set_protocol(&l, &(struct loop_protocol){next_h, expire_h, &d});
	loop_run(&l);
	assert_true(d.fired_us >= at);
	assert_true(d.fired_us < at + 2 * SECOND);
	loop_end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounded_and_in_order),
		cmocka_unit_test(only_a_sleeper_is_woken),
		cmocka_unit_test(limits),
		cmocka_unit_test(nothing_is_lost_between_threads),
		cmocka_unit_test(deadline_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
