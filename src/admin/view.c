// SPDX-License-Identifier: Apache-2.0
// One function per kind of row. Numbers from other processes are checked before they index a table.
#include "admin/view.h"

#include "admin/text.h"
#include "base/clock.h"

#include <stdio.h>

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

static json_t *time_json(uint64_t wall_ms)
{
	char out[UTC_TEXT_MAX];
	return wall_ms == 0 ? json_null() : json_string(utc_text(wall_ms, out));
}

json_t *view_address(const struct address *a)
{
	char out[ADDRESS_TEXT_MAX];
	return a->family == 0 ? json_null() : json_string(address_text(a, out));
}

static json_t *leg_json(const struct snapshot *s, const struct ipc_admin_call *c, int side)
{
	return json_pack("{s:o, s:s, s:s, s:s}", "call_id", text_json(c->call_id[side], sizeof(c->call_id[side])),
		"peer", view_peer_name(s, c->peer[side]), "transport", transport_via_name((enum transport)c->transport[side]),
		"listener", listener_name(s, c->listener[side]));
}

json_t *view_call(const struct snapshot *s, const struct ipc_admin_call *c)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:i, s:i, s:i, s:[o, o]}", "state", state_word(c->state),
		"from", text_json(c->from, sizeof(c->from)), "to", text_json(c->to, sizeof(c->to)),
		"started", time_json(c->start_ms), "answered", time_json(c->answer_ms), "ended", time_json(c->end_ms),
		"duration_ms", (json_int_t)(c->duration_us / 1000), "status", (int)c->final_status,
		"attempts", (int)c->attempts, "worker", (int)c->worker, "legs", leg_json(s, c, 0), leg_json(s, c, 1));
}

json_t *view_mark(const struct ipc_admin_mark *m)
{
	return json_pack("{s:o, s:s, s:b, s:i, s:o, s:o, s:I}", "step", text_json(m->step, sizeof(m->step)),
		"verdict", action_word(m->action), "shadow", (int)(m->shadow != 0), "status", (int)m->status,
		"reason", text_json(m->reason, sizeof(m->reason)), "threats", text_json(m->threats, sizeof(m->threats)),
		"after_us", (json_int_t)m->after_us);
}

static json_t *side_json(const struct ipc_admin_stream *t, int side)
{
	const struct media_stats *m = &t->stats[side];
	return json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I}}",
		"remote", view_address(&t->remote[side]), "protection", suite_word(t->suite[side]),
		"packets", (json_int_t)m->packets, "octets", (json_int_t)m->octets, "lost", (json_int_t)m->lost,
		"jitter_us", (json_int_t)m->jitter_us, "rtt_us", (json_int_t)m->rtt_us, "dropped",
		"source", (json_int_t)m->dropped_source, "syntax", (json_int_t)m->dropped_syntax,
		"payload", (json_int_t)m->dropped_payload, "auth", (json_int_t)m->dropped_auth,
		"replay", (json_int_t)m->dropped_replay, "rate", (json_int_t)m->dropped_rate);
}

json_t *view_stream(const struct ipc_admin_stream *t)
{
	return json_pack("{s:i, s:s, s:s, s:b, s:o, s:[o, o]}", "index", (int)t->index, "kind", stream_word(t->kind),
		"keying", keying_word(t->keying), "active", (int)(t->active != 0),
		"codec", text_json(t->codec, sizeof(t->codec)), "sides", side_json(t, 0), side_json(t, 1));
}

// Array of rows; NULL as soon as one is missing.
static bool push(json_t *list, json_t *row)
{
	return json_array_append_new(list, row) == 0;
}

// The same record, written twice, has the same id: time and Call-ID of the caller.
static json_t *record_id(const struct ipc_admin_call *c)
{
	char id[IPC_ADMIN_ID_MAX + 64];
	snprintf(id, sizeof(id), "%llx-%x-%x-%.*s", (unsigned long long)c->start_ms, c->worker, c->ref.slot,
		(int)strnlen(c->call_id[0], sizeof(c->call_id[0])), c->call_id[0]);
	return text_json(id, sizeof(id));
}

// The gates of a record line: the names of those passed in one text, the others in full.
static bool gates_line(json_t *call, const struct ipc_admin_record *r)
{
	char passed[TRAIL_MAX * IPC_ADMIN_TEXT_MAX];
	size_t n = 0;
	json_t *other = json_array();
	bool good = other != NULL;
	for (uint8_t i = 0; good && i < r->mark_count && i < TRAIL_MAX; i++) {
		const struct ipc_admin_mark *m = &r->mark[i];
		size_t len = strnlen(m->step, sizeof(m->step));
		if (m->action != VERDICT_PASS || m->shadow) {
			good = push(other, view_mark(m));
			continue;
		}
		if (n > 0)
			passed[n++] = ' ';
		memcpy(passed + n, m->step, len);
		n += len;
	}
	good = good && json_object_set_new(call, "gates_passed", text_json(passed, n)) == 0 &&
	       json_object_set(call, "gates", other) == 0;
	json_decref(other);
	return good;
}

static bool gates_whole(json_t *call, const struct ipc_admin_record *r)
{
	json_t *gates = json_array();
	bool good = gates != NULL;
	for (uint8_t i = 0; good && i < r->mark_count && i < TRAIL_MAX; i++)
		good = push(gates, view_mark(&r->mark[i]));
	good = good && json_object_set(call, "gates", gates) == 0;
	json_decref(gates);
	return good;
}

static json_t *record_json(const struct snapshot *s, const struct ipc_admin_record *r,
	bool (*gates)(json_t *call, const struct ipc_admin_record *r))
{
	json_t *call = view_call(s, &r->call), *streams = json_array();
	bool good = call != NULL && streams != NULL;
	for (uint8_t i = 0; good && i < r->stream_count && i < MEDIA_STREAMS_MAX; i++)
		good = push(streams, view_stream(&r->stream[i]));
	good = good && json_object_set_new(call, "id", record_id(&r->call)) == 0 &&
	       json_object_set_new(call, "released_by", json_string(end_word(r->call.end_side))) == 0 &&
	       json_object_set_new(call, "reason", text_json(r->call.end_reason, sizeof(r->call.end_reason))) == 0 &&
	       json_object_set(call, "streams", streams) == 0 && gates(call, r);
	json_decref(streams);
	if (good) {
		json_object_del(call, "state"); // of a record: always ended
		return call;
	}
	json_decref(call);
	return NULL;
}

json_t *view_record(const struct snapshot *s, const struct ipc_admin_record *r)
{
	return record_json(s, r, gates_whole);
}

json_t *view_record_line(const struct snapshot *s, const struct ipc_admin_record *r)
{
	return record_json(s, r, gates_line);
}
