// SPDX-License-Identifier: Apache-2.0
// One function per kind of row. Numbers from other processes are checked before they index a table.
#include "admin/view.h"

#include "admin/line.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static const char *word(const char *const *names, size_t count, unsigned i)
{
	return i < count && names[i] != NULL ? names[i] : "?";
}

static const char *keying_word(unsigned i)
{
	static const char *const names[] = {"undecided", "pass", "add", "convert", "refuse"};
	return word(names, ARRAY_LEN(names), i);
}

static const char *suite_word(unsigned i)
{
	static const char *const names[SUITE_COUNT] = {"none", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32",
		"AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "AES_256_CM_HMAC_SHA1_80"};
	return word(names, ARRAY_LEN(names), i);
}

static const char *action_word(unsigned i)
{
	static const char *const names[] = {"pass", "done", "drop", "reply", "close", "wait"};
	return word(names, ARRAY_LEN(names), i);
}

static const char *state_word(unsigned i)
{
	static const char *const names[] = {"routing", "ringing", "confirmed", "ending", "ended"};
	return word(names, ARRAY_LEN(names), i);
}

static const char *end_word(unsigned i)
{
	static const char *const names[] = {"caller", "called", "sallyport"};
	return word(names, ARRAY_LEN(names), i);
}

static const char *stream_word(unsigned i)
{
	static const char *const names[] = {"rtp", "udptl", "other"};
	return word(names, ARRAY_LEN(names), i);
}

const char *view_peer_name(const struct snapshot *s, peer_id id)
{
	const struct peer *p = id == PEER_NONE || s == NULL ? NULL : snapshot_peer(s, id);
	return p != NULL ? p->name : "";
}

static const char *listener_name(const struct snapshot *s, listener_id id)
{
	return s != NULL && id < s->listener_count ? s->listener[id].name : "";
}

static void write_time(struct line *l, const char *key, uint64_t wall_ms)
{
	char out[UTC_TEXT_MAX];
	if (wall_ms == 0)
		line_null(l, key);
	else
		line_word(l, key, utc_text(wall_ms, out));
}

static void write_address(struct line *l, const char *key, const struct address *a)
{
	char out[ADDRESS_TEXT_MAX];
	if (a->family == 0)
		line_null(l, key);
	else
		line_word(l, key, address_text(a, out));
}

json_t *view_address(const struct address *a)
{
	char out[ADDRESS_TEXT_MAX];
	return a->family == 0 ? json_null() : json_string(address_text(a, out));
}

static void write_leg(struct line *l, const struct snapshot *s, const struct ipc_admin_call *c, int side)
{
	line_open(l, NULL, '{');
	line_text(l, "call_id", c->call_id[side], sizeof(c->call_id[side]));
	line_word(l, "peer", view_peer_name(s, c->peer[side]));
	line_word(l, "transport", transport_via_name((enum transport)c->transport[side]));
	line_word(l, "listener", listener_name(s, c->listener[side]));
	line_close(l, '}');
}

// The members that a call and a record have in common.
static void write_call(struct line *l, const struct snapshot *s, const struct ipc_admin_call *c)
{
	line_text(l, "from", c->from, sizeof(c->from));
	line_text(l, "to", c->to, sizeof(c->to));
	write_time(l, "started", c->start_ms);
	write_time(l, "answered", c->answer_ms);
	write_time(l, "ended", c->end_ms);
	line_number(l, "duration_ms", c->duration_us / 1000);
	line_number(l, "status", c->final_status);
	line_number(l, "attempts", c->attempts);
	line_number(l, "worker", c->worker);
	line_open(l, "legs", '[');
	write_leg(l, s, c, 0);
	write_leg(l, s, c, 1);
	line_close(l, ']');
}

json_t *view_call(const struct snapshot *s, const struct ipc_admin_call *c)
{
	char text[VIEW_ROW_MAX];
	struct line l;
	line_begin(&l, text, sizeof(text));
	line_open(&l, NULL, '{');
	line_word(&l, "state", state_word(c->state));
	write_call(&l, s, c);
	line_close(&l, '}');
	return line_json(&l);
}

static void write_mark(struct line *l, const struct ipc_admin_mark *m)
{
	line_open(l, NULL, '{');
	line_text(l, "step", m->step, sizeof(m->step));
	line_word(l, "verdict", action_word(m->action));
	line_flag(l, "shadow", m->shadow != 0);
	line_number(l, "status", m->status);
	line_text(l, "reason", m->reason, sizeof(m->reason));
	line_text(l, "threats", m->threats, sizeof(m->threats));
	line_number(l, "after_us", m->after_us);
	line_close(l, '}');
}

json_t *view_mark(const struct ipc_admin_mark *m)
{
	char text[VIEW_ROW_MAX];
	struct line l;
	line_begin(&l, text, sizeof(text));
	write_mark(&l, m);
	return line_json(&l);
}

static void write_side(struct line *l, const struct ipc_admin_stream *t, int side)
{
	const struct media_stats *m = &t->stats[side];
	line_open(l, NULL, '{');
	write_address(l, "remote", &t->remote[side]);
	line_word(l, "protection", suite_word(t->suite[side]));
	line_number(l, "packets", m->packets);
	line_number(l, "octets", m->octets);
	line_number(l, "lost", m->lost);
	line_number(l, "jitter_us", m->jitter_us);
	line_number(l, "rtt_us", m->rtt_us);
	line_open(l, "dropped", '{');
	line_number(l, "source", m->dropped_source);
	line_number(l, "syntax", m->dropped_syntax);
	line_number(l, "payload", m->dropped_payload);
	line_number(l, "auth", m->dropped_auth);
	line_number(l, "replay", m->dropped_replay);
	line_number(l, "rate", m->dropped_rate);
	line_close(l, '}');
	line_close(l, '}');
}

static void write_stream(struct line *l, const struct ipc_admin_stream *t)
{
	line_open(l, NULL, '{');
	line_number(l, "index", t->index);
	line_word(l, "kind", stream_word(t->kind));
	line_word(l, "keying", keying_word(t->keying));
	line_flag(l, "active", t->active != 0);
	line_text(l, "codec", t->codec, sizeof(t->codec));
	line_open(l, "sides", '[');
	write_side(l, t, 0);
	write_side(l, t, 1);
	line_close(l, ']');
	line_close(l, '}');
}

json_t *view_stream(const struct ipc_admin_stream *t)
{
	char text[VIEW_ROW_MAX];
	struct line l;
	line_begin(&l, text, sizeof(text));
	write_stream(&l, t);
	return line_json(&l);
}

static uint8_t mark_count(const struct ipc_admin_record *r)
{
	return r->mark_count < TRAIL_MAX ? r->mark_count : TRAIL_MAX;
}

static const char *step_word(const struct view_steps *steps, const struct trail_mark *m)
{
	return m->step < steps->count ? steps->name(m->step) : "?";
}

static bool is_passed(const struct trail_mark *m)
{
	return m->action == VERDICT_PASS && m->shadow == 0;
}

static void write_gate(struct line *l, const struct view_steps *steps, const struct ipc_admin_record *r, uint8_t i)
{
	const struct trail_mark *m = &r->mark[i];
	struct ipc_admin_mark row = {.action = m->action, .shadow = m->shadow, .status = m->status, .after_us = m->after_us};
	snprintf(row.step, sizeof(row.step), "%s", step_word(steps, m));
	snprintf(row.threats, sizeof(row.threats), "%s", m->step < steps->count ? steps->threats(m->step) : "");
	if (m->reason > 0 && m->reason <= TRAIL_REASONS)
		memcpy(row.reason, r->reason[m->reason - 1], sizeof(row.reason));
	write_mark(l, &row);
}

// The gates of a record line: the names of those passed in one text, the others in full.
static void write_gates(struct line *l, const struct view_steps *steps, const struct ipc_admin_record *r, bool whole)
{
	char passed[TRAIL_MAX * IPC_ADMIN_TEXT_MAX];
	size_t n = 0;
	for (uint8_t i = 0; !whole && i < mark_count(r); i++) {
		const char *name = step_word(steps, &r->mark[i]);
		size_t len = strnlen(name, IPC_ADMIN_TEXT_MAX - 1);
		if (!is_passed(&r->mark[i]))
			continue;
		if (n > 0)
			passed[n++] = ' ';
		memcpy(passed + n, name, len);
		n += len;
	}
	if (!whole)
		line_text(l, "gates_passed", passed, n);
	line_open(l, "gates", '[');
	for (uint8_t i = 0; i < mark_count(r); i++)
		if (whole || !is_passed(&r->mark[i]))
			write_gate(l, steps, r, i);
	line_close(l, ']');
}

static size_t hex(char *out, uint64_t v)
{
	char digits[16];
	size_t at = sizeof(digits);
	do {
		digits[--at] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v != 0);
	memcpy(out, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

// The same record, written twice, has the same id: time, worker and place of the call, Call-ID of the caller.
static void write_id(struct line *l, const struct ipc_admin_call *c)
{
	char id[IPC_ADMIN_ID_MAX + 64];
	const uint64_t part[] = {c->start_ms, c->worker, c->ref.slot};
	size_t n = 0, len = strnlen(c->call_id[0], sizeof(c->call_id[0]));
	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		n += hex(id + n, part[i]);
		id[n++] = '-';
	}
	memcpy(id + n, c->call_id[0], len);
	line_text(l, "id", id, n + len);
}

static void write_record(struct line *l, const struct snapshot *s, const struct view_steps *steps,
	const struct ipc_admin_record *r, bool whole)
{
	line_open(l, NULL, '{');
	write_call(l, s, &r->call);
	write_id(l, &r->call);
	line_word(l, "released_by", end_word(r->call.end_side));
	line_text(l, "reason", r->call.end_reason, sizeof(r->call.end_reason));
	line_open(l, "streams", '[');
	for (uint8_t i = 0; i < r->stream_count && i < MEDIA_STREAMS_MAX; i++)
		write_stream(l, &r->stream[i]);
	line_close(l, ']');
	write_gates(l, steps, r, whole);
	line_close(l, '}');
}

json_t *view_record(const struct snapshot *s, const struct view_steps *steps, const struct ipc_admin_record *r)
{
	char text[VIEW_RECORD_MAX];
	struct line l;
	line_begin(&l, text, sizeof(text));
	write_record(&l, s, steps, r, true);
	return line_json(&l);
}

bool view_record_line(const struct snapshot *s, const struct view_steps *steps, const struct ipc_admin_record *r,
	char out[VIEW_RECORD_MAX])
{
	struct line l;
	line_begin(&l, out, VIEW_RECORD_MAX);
	write_record(&l, s, steps, r, false);
	return line_end(&l);
}
