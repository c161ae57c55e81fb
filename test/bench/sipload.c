// SPDX-License-Identifier: Apache-2.0
// SIP load, open loop: calls start when they are due, whatever became of those before. Caller and called side
// live in one process and one thread, so each one-way time is taken on one clock, and the daemon between them
// sees two addresses. A call that takes longer than T1 at any step is late; a run is clean when nothing is
// late, failed, doubled or unasked.
//
//   bench-sipload -u CALLER -s CALLED -p DAEMON [-r calls/s] [-n calls] [-g ring ms] [-d hold ms]
//                 [-P pid,...] [-M seconds] [-T DIR]       ends are IP:PORT
//
// -P: CPU time per call of these processes. -M: hold every call until all are up and that many seconds more,
// then print the memory in use by each process. -T: mutual TLS with the certificates in DIR. The printed line
// is name=value words.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, STEP_NS = 5 * NS_PER_MS, STALL_MS = 3000, AFTER_MS = 200 };
static const uint64_t NS_PER_S = 1000000000u;

struct run { // one measurement
	uint64_t cpu_before, cpu_after, begin, end;
	uint64_t pss_held_kib[LOAD_PIDS_MAX]; // of each process, all calls up
	uint64_t settled_at, release_begin;   // of held calls; 0: not yet
	uint64_t progress_at;
	uint32_t progress;
};

static void send_later(struct load *l, char **message, size_t len, const struct load_to *to)
{
	load_net_send(l, to, *message, len);
	free(*message);
	*message = NULL;
}

// Each of these does what is due and returns when the next of its kind is, UINT64_MAX when none is known.
static uint64_t start_due(struct load *l, const struct run *r)
{
	for (; l->started < l->calls; l->started++) {
		uint64_t due = r->begin + (uint64_t)((double)l->started * 1e9 / l->rate);
		if (due > load_now_ns())
			return due;
		load_call_start(l, l->started);
	}
	return UINT64_MAX;
}

static uint64_t answer_due(struct load *l)
{
	for (struct load_queue *q = &l->ringing; q->head < q->tail; q->head++) {
		struct load_call *k = &l->call[q->due[q->head].call];
		uint64_t now = load_now_ns();
		if (q->due[q->head].when > now)
			return q->due[q->head].when;
		k->ok_sent = now;
		send_later(l, &k->ok, k->ok_len, &k->ok_to);
	}
	return UINT64_MAX;
}

static uint64_t release_due(struct load *l, const struct run *r)
{
	if (l->settle_ns != 0 && r->release_begin == 0)
		return UINT64_MAX;
	for (struct load_queue *q = &l->holding; q->head < q->tail; q->head++, l->released++) {
		struct load_call *k = &l->call[q->due[q->head].call];
		uint64_t when = q->due[q->head].when, now = load_now_ns();
		if (l->settle_ns != 0)
			when = r->release_begin + (uint64_t)((double)l->released * 1e9 / l->rate);
		if (when > now)
			return when;
		k->bye_sent = now;
		send_later(l, &k->bye, k->bye_len, &k->bye_to);
	}
	return UINT64_MAX;
}

static void held(struct load *l, struct run *r, uint64_t now)
{
	if (l->settle_ns == 0 || r->release_begin != 0 || l->established < l->calls)
		return;
	if (r->settled_at == 0)
		r->settled_at = now + l->settle_ns;
	r->progress_at = now;
	if (now < r->settled_at)
		return;
	for (int i = 0; i < l->pid_count; i++)
		r->pss_held_kib[i] = load_pss_kib(l->pid[i]);
	r->release_begin = now;
}

// Nothing has moved for so long that nothing will.
static bool stalled(const struct load *l, struct run *r, uint64_t now)
{
	uint32_t progress = l->established + l->finished;

	if (progress != r->progress || l->started < l->calls) {
		r->progress = progress;
		r->progress_at = now;
	}
	return now - r->progress_at > (uint64_t)STALL_MS * NS_PER_MS + l->ring_ns + l->hold_ns;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void calls_run(struct load *l, struct run *r)
{
	r->cpu_before = load_cpu_ns(l);
	r->begin = r->progress_at = load_now_ns();
	while (l->finished < l->calls) {
		uint64_t now = load_now_ns(), next;
		held(l, r, now);
		if (stalled(l, r, now))
			break;
		next = least(now + STEP_NS, start_due(l, r));
		next = least(next, answer_due(l));
		next = least(next, release_due(l, r));
		load_net_wait(l, next);
	}
	r->end = load_now_ns();
	for (uint64_t until = r->end + (uint64_t)AFTER_MS * NS_PER_MS; load_now_ns() < until;)
		load_net_wait(l, until); // what still comes is unasked
	r->cpu_after = load_cpu_ns(l);
}

/* ---- report ---- */

static bool too_long(uint64_t from, uint64_t to)
{
	return from != 0 && to > from && to - from > (uint64_t)LOAD_T1_MS * NS_PER_MS;
}

static uint32_t count_late(const struct load *l)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->calls; i++) {
		const struct load_call *k = &l->call[i];
		n += too_long(k->invite_sent, k->first_seen) || too_long(k->ok_sent, k->ack_seen) ||
		     too_long(k->bye_sent, k->done);
	}
	return n;
}

static void print_times(const struct load *l)
{
	uint64_t *invite = calloc(l->calls, sizeof(*invite)), *setup = calloc(l->calls, sizeof(*setup));
	size_t n = 0;

	for (uint32_t i = 0; invite != NULL && setup != NULL && i < l->calls; i++) {
		const struct load_call *k = &l->call[i];
		if (k->invite_seen == 0 || k->ok_sent == 0 || k->ok_seen == 0)
			continue;
		invite[n] = k->invite_seen - k->invite_sent;
		setup[n] = invite[n] + (k->ok_seen - k->ok_sent);
		n++;
	}
	load_quantiles("invite", invite, n);
	load_quantiles("setup", setup, n);
	free(invite);
	free(setup);
}

static bool report(const struct load *l, const struct run *r)
{
	uint32_t ok = 0, late = count_late(l);
	double calls = (double)l->calls, cpu = (double)(r->cpu_after - r->cpu_before);
	bool clean;

	for (uint32_t i = 0; i < l->calls; i++)
		ok += l->call[i].done != 0 && l->call[i].ack_seen != 0;
	clean = ok == l->calls && late == 0 && l->duplicates == 0 && l->unexpected == 0;
	printf("calls=%u rate=%.0f achieved=%.0f failed=%u late=%u duplicate=%llu unexpected=%llu clean=%d",
		l->calls, l->rate, calls * 1e9 / (double)(r->end - r->begin), l->calls - ok, late,
		(unsigned long long)l->duplicates, (unsigned long long)l->unexpected, clean);
	if (l->pid_count > 0)
		printf(" cpu_us_per_call=%.2f cores=%.3f", cpu / 1e3 / calls,
			cpu / (double)(r->end - r->begin));
	for (int i = 0; l->settle_ns != 0 && i < l->pid_count; i++)
		printf(" pss_kib_%d=%llu", l->pid[i], (unsigned long long)r->pss_held_kib[i]);
	print_times(l);
	printf("\n");
	return ok == l->calls;
}

/* ---- command line ---- */

static bool pids_parse(struct load *l, const char *text)
{
	char *end;

	for (; *text != 0 && l->pid_count < LOAD_PIDS_MAX; text = *end == ',' ? end + 1 : end) {
		l->pid[l->pid_count++] = (int)strtol(text, &end, 10);
		if (end == text)
			return false;
	}
	return true;
}

static bool option_set(struct load *l, int o, const char *v)
{
	double number = strtod(v, NULL);

	switch (o) {
	case 'u':
		return load_end_parse(v, &l->caller);
	case 's':
		return load_end_parse(v, &l->called);
	case 'p':
		return load_end_parse(v, &l->daemon);
	case 'P':
		return pids_parse(l, v);
	case 'T':
		l->tls_dir = v;
		return true;
	case 'r':
		l->rate = number;
		return number >= 1 && number <= 200000;
	case 'n':
		l->calls = number > 0 ? (uint32_t)number : 0;
		return number >= 1 && number <= LOAD_CALLS_MAX;
	case 'g':
		l->ring_ns = (uint64_t)(number * NS_PER_MS);
		return number >= 0 && number <= 60000;
	case 'd':
		l->hold_ns = (uint64_t)(number * NS_PER_MS);
		return number >= 0 && number <= 60000;
	case 'M':
		l->settle_ns = (uint64_t)number * NS_PER_S;
		return number >= 1 && number <= 120;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static struct load l = {
		.rate = 400, .calls = 1000, .ring_ns = 20 * NS_PER_MS, .hold_ns = 50 * NS_PER_MS};
	static struct run r;
	bool ok = true;
	int o;

	while ((o = getopt(argc, argv, "u:s:p:r:n:g:d:P:M:T:")) != -1)
		ok = ok && option_set(&l, o, optarg);
	if (!ok || l.caller.text[0] == 0 || l.called.text[0] == 0 || l.daemon.text[0] == 0) {
		fprintf(stderr, "usage: bench-sipload -u CALLER -s CALLED -p DAEMON [-r calls/s] [-n calls] "
				"[-g ring ms] "
				"[-d hold ms] [-P pid,...] [-M seconds] [-T DIR]\n");
		return 2;
	}
	l.run_id = (uint32_t)getpid();
	l.call = calloc(l.calls, sizeof(*l.call));
	l.ringing.due = calloc(l.calls, sizeof(*l.ringing.due));
	l.holding.due = calloc(l.calls, sizeof(*l.holding.due));
	if (l.call == NULL || l.ringing.due == NULL || l.holding.due == NULL)
		load_die("memory");
	load_net_open(&l);
	calls_run(&l, &r);
	return report(&l, &r) ? 0 : 1;
}
