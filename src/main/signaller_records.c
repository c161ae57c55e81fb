// SPDX-License-Identifier: Apache-2.0
// Records of ended calls on their way to admin: numbered, sent, kept until acknowledged. Never blocks a worker.
#include "base/log.h"
#include "base/memory.h"
#include "flow/steps.h"
#include "main/signaller.h"

#include <errno.h>
#include <sys/socket.h>

static void text(char *out, size_t room, struct bytes b)
{
	size_t n = b.len < room - 1 ? b.len : room - 1;
	if (n > 0)
		memcpy(out, b.at, n);
	out[n] = '\0';
}

void fill_call_row(const struct worker *w, const struct sf_call_info *info, uint64_t now_us, struct ipc_admin_call *out)
{
	*out = (struct ipc_admin_call){.ref = info->ref, .worker = w->index, .state = (uint8_t)info->state,
		.end_side = info->end_side, .attempts = info->attempts, .final_status = info->final_status,
		.start_ms = info->start_ms, .answer_ms = info->answer_ms, .end_ms = info->end_ms};
	for (int side = 0; side < 2; side++) {
		out->peer[side] = info->peer[side];
		out->transport[side] = info->transport[side];
		out->listener[side] = info->listener[side];
		text(out->call_id[side], sizeof(out->call_id[side]), info->call_id[side]);
	}
	if (info->answer_us != 0 && now_us > info->answer_us)
		out->duration_us = now_us - info->answer_us;
	text(out->from, sizeof(out->from), info->from_number);
	text(out->to, sizeof(out->to), info->to_number);
	text(out->end_reason, sizeof(out->end_reason), bytes_of_string(info->end_reason != NULL ? info->end_reason : ""));
}

void fill_mark_row(const struct trail *t, uint8_t i, struct ipc_admin_mark *out)
{
	const struct trail_mark *m = &t->mark[i];
	const char *reason = trail_reason(t, i);
	const struct step *s = step_by_id((enum step_id)m->step);
	*out = (struct ipc_admin_mark){.action = m->action, .shadow = m->shadow, .status = m->status, .after_us = m->after_us};
	text(out->step, sizeof(out->step), bytes_of_string(s->name));
	text(out->threats, sizeof(out->threats), bytes_of_string(s->threats));
	text(out->reason, sizeof(out->reason), bytes_of_string(reason != NULL ? reason : ""));
}

static void fill_streams(const struct call_ended *call, struct ipc_admin_record *out)
{
	uint8_t n = call->plan.count < MEDIA_STREAMS_MAX ? call->plan.count : MEDIA_STREAMS_MAX;
	for (uint8_t i = 0; i < n; i++) {
		const struct media_stream *m = &call->plan.stream[i];
		struct ipc_admin_stream *s = &out->stream[i];
		*s = (struct ipc_admin_stream){.index = i, .keying = m->keying, .active = m->active, .kind = m->kind};
		for (int side = 0; side < 2; side++) {
			s->suite[side] = m->side[side].in.suite;
			s->remote[side] = m->side[side].remote_rtp;
			s->stats[side] = call->stats[i][side];
		}
		text(s->codec, sizeof(s->codec), bytes_make(m->codec, strnlen(m->codec, sizeof(m->codec))));
	}
	out->stream_count = n;
}

static struct record_pending *pending_of(struct signaller *s, uint32_t place)
{
	return place < ENDED_MAX ? &s->pending[place] : NULL;
}

static uint32_t place_of(const struct signaller *s, const struct record_pending *r)
{
	return (uint32_t)(r - s->pending);
}

static void fill_gates(const struct trail *t, struct ipc_admin_record *out)
{
	out->mark_count = t->count < TRAIL_MAX ? t->count : TRAIL_MAX;
	memcpy(out->mark, t->mark, out->mark_count * sizeof(out->mark[0])); // no more: the rest was never set
	for (uint8_t i = 0; i < t->reasons && i < TRAIL_REASONS; i++)
		text(out->reason[i], sizeof(out->reason[i]), bytes_of_string(t->reason[i]));
}

static uint32_t record_size(const struct ipc_admin_record *r)
{
	return (uint32_t)(IPC_ADMIN_HEAD + offsetof(struct ipc_admin_record, stream) + r->stream_count * sizeof(r->stream[0]));
}

// Written where it is kept; what an earlier record left there was wiped.
static uint32_t record_make(struct worker *w, const struct call_ended *call)
{
	struct ended *ended = &w->home->ended;
	uint32_t place = ended_take(ended, w->index);
	if (place == ENDED_NONE)
		return ENDED_NONE;
	struct ipc_admin *m = ended_message(ended, place);
	struct ipc_admin_record *out = &m->u.record;
	memset(m, 0, IPC_ADMIN_HEAD);
	m->version = IPC_ADMIN_VERSION;
	m->type = IPC_ADMIN_RECORD;
	fill_call_row(w, &call->info, 0, &out->call);
	if (call->info.answer_us != 0 && call->info.end_us > call->info.answer_us)
		out->call.duration_us = call->info.end_us - call->info.answer_us;
	fill_gates(&call->trail, out);
	fill_streams(call, out);
	ended_whole(ended, place, record_size(out));
	return place;
}

uint32_t records_begin(struct worker *w, const struct call_ended *call)
{
	uint32_t place = record_make(w, call);
	return place == ENDED_NONE ? 0 : place + 1;
}

// The place of the record of CALL, complete with its figures.
static uint32_t record_complete(struct worker *w, const struct call_ended *call)
{
	if (call->place == 0)
		return record_make(w, call);
	struct ipc_admin_record *out = &ended_message(&w->home->ended, call->place - 1)->u.record;
	fill_streams(call, out);
	ended_whole(&w->home->ended, call->place - 1, record_size(out));
	return call->place - 1;
}

static void queue(struct signaller *s, struct record_pending *r)
{
	uint32_t place = place_of(s, r);
	r->number = ended_message(&s->ended, place)->request = ended_number(&s->ended, place);
	r->sent = false;
	r->next = NULL;
	if (s->record_last != NULL)
		s->record_last->next = r;
	else
		s->record_first = r;
	s->record_last = r;
}

// On the control loop: a chain of records from one worker.
static void records_accept_h(struct mail *m, void *ctx)
{
	struct loop *l = ctx;
	struct signaller *s = (struct signaller *)((char *)l - offsetof(struct signaller, loop));
	struct record_pending *next;
	for (struct record_pending *r = (struct record_pending *)m; r != NULL; r = next) {
		next = r->next;
		queue(s, r);
	}
	records_send(s);
}

static void records_lose(struct worker *w, struct record_pending *chain)
{
	while (chain != NULL) {
		struct record_pending *r = chain;
		chain = r->next;
		ended_free(&w->home->ended, place_of(w->home, r));
		atomic_fetch_sub_explicit(&w->home->record_count, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&w->home->records_lost, 1, memory_order_relaxed);
	}
}

void records_hand_over(struct worker *w)
{
	struct record_pending *chain = w->record_chain;
	w->record_chain = NULL;
	w->record_end = &w->record_chain;
	w->records_waiting = 0;
	w->records_due_us = NO_DEADLINE;
	if (chain != NULL && !is_ok(loop_post(&w->home->loop, &chain->mail, net_worker_counters(w->net))))
		records_lose(w, chain);
}

void records_add(struct worker *w, const struct call_ended *call)
{
	struct signaller *s = w->home;
	bool room = atomic_load_explicit(&s->record_count, memory_order_relaxed) < 2 * RECORDS_PENDING_MAX;
	if (!room && call->place != 0)
		ended_free(&s->ended, call->place - 1);
	struct record_pending *r = room ? pending_of(s, record_complete(w, call)) : NULL;
	if (r == NULL) {
		atomic_fetch_add_explicit(&s->records_lost, 1, memory_order_relaxed);
		return;
	}
	r->mail.deliver = records_accept_h;
	r->next = NULL;
	atomic_fetch_add_explicit(&s->record_count, 1, memory_order_relaxed);
	if (w->records_waiting++ == 0)
		w->records_due_us = w->loop->now.mono_us + RECORDS_WAIT_US;
	*w->record_end = r;
	w->record_end = &r->next;
	if (w->records_waiting >= RECORDS_BATCH)
		records_hand_over(w);
}

static result restore_queue(struct signaller *s)
{
	uint32_t damaged, *place = memory_array(ENDED_MAX, sizeof(*place));
	REQUIRE(place != NULL, E_NO_MEMORY);
	uint32_t n = s->recorded_count = ended_restore(&s->ended, place, &damaged);
	ended_calls(&s->ended, place, n, s->recorded);
	for (uint32_t i = 0; i < n; i++)
		queue(s, &s->pending[place[i]]);
	atomic_store(&s->record_count, n);
	memory_free(place);
	log_write(LOG_LEVEL_NOTICE, "signaller.records-restored", LOG_NUM("records", n), LOG_NUM("damaged", damaged));
	return OK;
}

result records_restore(struct signaller *s)
{
	TRY(ended_map(&s->ended, s->start->ended_fd));
	s->pending = memory_array(ENDED_MAX, sizeof(*s->pending));
	REQUIRE(s->pending != NULL, E_NO_MEMORY);
	if (s->start->restarts == 0)
		return OK;
	s->recorded = memory_array(ENDED_MAX, sizeof(*s->recorded));
	REQUIRE(s->recorded != NULL, E_NO_MEMORY);
	return restore_queue(s);
}

void record_acknowledged(struct signaller *s, uint32_t number)
{
	while (s->record_first != NULL && (int32_t)(number - s->record_first->number) >= 0) {
		struct record_pending *r = s->record_first;
		s->record_first = r->next;
		if (s->record_first == NULL)
			s->record_last = NULL;
		ended_free(&s->ended, place_of(s, r));
		atomic_fetch_sub_explicit(&s->record_count, 1, memory_order_relaxed);
	}
}

void records_send(struct signaller *s)
{
	for (struct record_pending *r = s->record_first; r != NULL; r = r->next) {
		if (r->sent)
			continue;
		uint32_t place = place_of(s, r), size = ended_size(&s->ended, place);
		if (send(s->admin, ended_message(&s->ended, place), size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size) {
			if (errno == EAGAIN)
				outbox_wait(s); // the channel is full: it goes on here when admin has read
			return;
		}
		r->sent = true;
	}
}
