// SPDX-License-Identifier: Apache-2.0
// The API: one row per method and path, one short handler per row.
#include "admin/inside.h"
#include "admin/text.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>

enum {
	TRACE_SECONDS_DEFAULT = 60, TRACE_SECONDS_MAX = 3600,
	TRACE_OCTETS_DEFAULT = 16 * 1024 * 1024, TRACE_OCTETS_MAX = 256 * 1024 * 1024,
};

// --- rows of answers

static void row_add(struct answer *a, json_t *row)
{
	if (json_array_size(a->rows) >= API_ROWS_MAX) {
		a->left_off++;
		json_decref(row);
	} else if (json_array_append_new(a->rows, row) != 0) {
		a->left_off++; // out of memory: told, not hidden
	}
}

static void row_of(struct answer *a, const struct ipc_admin *m)
{
	switch (m->type) {
	case IPC_ADMIN_CALL:
		if (json_object_get(a->root, "call") != NULL)
			json_object_set_new(a->root, "call", view_call(a->admin->snapshot, &m->u.call));
		else
			row_add(a, view_call(a->admin->snapshot, &m->u.call));
		break;
	case IPC_ADMIN_MARK:
		row_add(a, view_mark(&m->u.mark));
		break;
	case IPC_ADMIN_STREAM:
		json_array_append_new(json_object_get(a->root, "streams"), view_stream(&m->u.stream));
		break;
	default:
		break;
	}
}

static void rows_h(void *ctx, const struct ask_reply *r)
{
	struct answer *a = ctx;
	if (!r->end)
		row_of(a, r->row);
	else if (r->error == E_OK)
		answer_send(a);
	else
		answer_failed(a, r->error, a->target[0] != '\0' ? a->target : "signaller", NULL);
}

// --- look-ups

static const char *const outcomes[] = {"found", "none", "bogus", "later", "syntax"};
static const char *const sources[] = {"configuration", "registry", "enum", "cache"};
static const char *const verdicts[] = {"insecure", "secure", "bogus"};

static const char *word(const char *const *words, size_t count, uint8_t i)
{
	return i < count ? words[i] : "?";
}

static json_t *text_of(const char *text, size_t room)
{
	return text_json(text, strnlen(text, room) < room ? room : room - 1);
}

static void found_row(struct answer *a, const struct lookup_answer *f)
{
	struct lookup_answer whole = *f; // each text ends, whatever came
	whole.rn[NUMBER_MAX - 1] = whole.number[NUMBER_MAX - 1] = whole.domain[DOMAIN_MAX - 1] = '\0';
	whole.uri[sizeof(whole.uri) - 1] = whole.reason[LOOKUP_REASON_MAX - 1] = '\0';
	json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:I}", "outcome",
		word(outcomes, ARRAY_LEN(outcomes), whole.outcome), "source", word(sources, ARRAY_LEN(sources), whole.source), "verdict",
		word(verdicts, ARRAY_LEN(verdicts), whole.verdict), "number", text_of(whole.number, sizeof(whole.number)),
		"routing_number", text_of(whole.rn, sizeof(whole.rn)), "npdi", (int)(whole.npdi != 0), "uri",
		text_of(whole.uri, sizeof(whole.uri)), "reason", text_of(whole.reason, sizeof(whole.reason)), "ttl_s",
		(json_int_t)whole.ttl_s);
	if (o == NULL || json_object_update_new(a->root, o) != 0)
		a->left_off++;
	json_object_set_new(a->root, "domain", text_of(whole.domain, sizeof(whole.domain)));
	if (whole.outcome == LOOKUP_FOUND)
		json_object_set_new(a->root, "peer", json_string(view_peer_name(a->admin->snapshot, whole.peer)));
}

static void hop_row(struct answer *a, const struct ipc_admin *m)
{
	const struct snapshot *s = a->admin->snapshot;
	if (a->located == PEER_NONE && m->u.hop.origin >= HOP_DNS_INSECURE)
		a->located = m->peer;
	row_add(a, json_pack("{s:s, s:s, s:o, s:s, s:s, s:b}", "peer", view_peer_name(s, m->peer), "transport",
		transport_via_name((enum transport)m->u.hop.transport), "address", view_address(&m->u.hop.address), "listener",
		m->u.hop.listener < s->listener_count ? s->listener[m->u.hop.listener].name : "",
		"origin", hop_origin_name(m->u.hop.origin), "dead", (int)(m->u.hop.dead != 0)));
}

// The records that led to the located hops, as the monitor has them; without them the answer is none the less one.
static void story_h(void *ctx, const struct ask_reply *r)
{
	struct answer *a = ctx;
	json_t *lines = json_array();
	for (const char *at = r->text != NULL ? r->text : "", *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
		json_array_append_new(lines, text_json(at, (size_t)(end - at)));
	json_object_set_new(a->root, "records", lines);
	answer_send(a);
}

static void ask_story(struct answer *a)
{
	struct ipc_control m = {.version = IPC_CONTROL_VERSION, .type = IPC_CONTROL_STORY_ASK, .peer = a->located};
	if (a->located == PEER_NONE || !is_ok(ask_monitor(&a->admin->ask, &m, admin_now(a->admin).mono_us, story_h, a)))
		answer_send(a);
}

static void hops_h(void *ctx, const struct ask_reply *r)
{
	struct answer *a = ctx;
	if (r->end && r->error == E_OK)
		ask_story(a);
	else if (r->end)
		answer_failed(a, r->error, a->target, NULL);
	else if (r->row->type == IPC_ADMIN_HOP)
		hop_row(a, r->row);
	else if (r->row->type == IPC_ADMIN_FOUND)
		found_row(a, &r->row->u.found);
	else if (r->row->type == IPC_ADMIN_NOTE)
		json_array_append_new(json_object_get(a->root, "steps"), text_of(r->row->u.note, sizeof(r->row->u.note)));
}

// Ask and answer with the rows in LIST of the root.
static void ask_rows(struct answer *a, enum ask_where where, size_t used, const char *list, ask_h handler)
{
	struct admin *admin = a->admin;
	a->rows = json_object_get(a->root, list);
	if (a->root == NULL || a->rows == NULL) {
		answer_failed(a, E_NO_MEMORY, "admin", NULL);
		return;
	}
	result r = ask_admin(&admin->ask, where, admin->packet, used, admin_now(admin).mono_us, handler, a);
	if (!is_ok(r))
		answer_failed(a, r.error, where == ASK_DIRECTORY ? "directory" : "signaller", NULL);
}

// The question's key; false: the answer has ended.
static bool set_key(struct answer *a, uint16_t type, const char *key)
{
	struct ipc_admin *m = a->admin->packet;
	memset(m, 0, IPC_ADMIN_HEAD + sizeof(m->u.key));
	m->type = type;
	m->peer = PEER_NONE;
	snprintf(a->target, sizeof(a->target), "%s", key);
	if ((size_t)snprintf(m->u.key, sizeof(m->u.key), "%s", key) < sizeof(m->u.key))
		return true;
	answer_failed(a, E_TOO_LONG, "path", NULL);
	return false;
}

// --- views

static void status_done(void *ctx, json_t *status)
{
	struct answer *a = ctx;
	a->root = status;
	if (status == NULL)
		answer_failed(a, E_NO_MEMORY, "admin", NULL);
	else
		answer_send(a);
}

static void status_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	status_gather(a->admin, STATUS_ALL, status_done, a);
}

static void peers_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	status_gather(a->admin, STATUS_PEERS, status_done, a);
}

static void version_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	a->root = json_pack("{s:s, s:i}", "version", a->admin->config.version, "generation", (int)a->admin->snapshot->generation);
	answer_send(a);
}

// The channel takes some hundred rows at once; what did not fit is told, and what came is shown.
static void calls_h(void *ctx, const struct ask_reply *r)
{
	struct answer *a = ctx;
	if (r->end && (r->error == E_FULL || r->error == E_TIMEOUT) && json_array_size(a->rows) > 0) {
		json_object_set_new(a->root, "cut", json_true());
		answer_send(a);
	} else {
		rows_h(ctx, r);
	}
}

static void calls_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	a->root = json_pack("{s:[]}", "calls");
	if (set_key(a, IPC_ADMIN_CALLS, ""))
		ask_rows(a, ASK_SIGNALLER, 1, "calls", calls_h);
}

// A call that is over: from the last records.
static void explain_h(void *ctx, const struct ask_reply *r)
{
	struct answer *a = ctx;
	bool over = r->end && r->error == E_NOT_FOUND;
	const struct ipc_admin_record *found = over ? recent_find(&a->admin->recent, a->target) : NULL;
	json_t *record = found != NULL ? view_record(a->admin->snapshot, &a->admin->config.steps, found) : NULL;
	if (record == NULL) {
		rows_h(ctx, r);
		return;
	}
	json_decref(a->root);
	a->root = json_pack("{s:O, s:O, s:O}", "call", record, "steps", json_object_get(record, "gates"), "streams",
		json_object_get(record, "streams"));
	json_decref(record);
	answer_send(a);
}

static void explain_route(struct answer *a, const char *call_id)
{
	a->root = json_pack("{s:n, s:[], s:[]}", "call", "steps", "streams");
	if (set_key(a, IPC_ADMIN_EXPLAIN, call_id))
		ask_rows(a, ASK_SIGNALLER, sizeof(a->admin->packet->u.key), "steps", explain_h);
}

// FROM names the peer that asks: what may be reached depends on it.
static void look_up(struct answer *a, const char *key)
{
	char text[API_TEXT_MAX];
	peer_id from;
	if (!answer_param(a, key, text) || !answer_peer(a, "from", &from) || !set_key(a, IPC_ADMIN_LOOKUP, text))
		return;
	bool number = text[0] == '+' || (text[0] >= '0' && text[0] <= '9');
	if (number != (strcmp(key, "number") == 0)) {
		answer_error(a, 400, number ? "a number, not a domain" : "a domain, not a number", text,
			"use lookup for numbers (+4930123) and route for domains");
		return;
	}
	a->admin->packet->peer = from;
	a->root = json_pack("{s:n, s:n, s:s, s:[], s:[]}", "peer", "domain", "outcome", "none", "steps", "hops");
	ask_rows(a, ASK_DIRECTORY, sizeof(a->admin->packet->u.key), "hops", hops_h);
}

static void lookup_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	look_up(a, "number");
}

static void route_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	look_up(a, "domain");
}

static void dry_run_route(struct answer *a, const char *arg)
{
	struct ipc_admin *m = a->admin->packet;
	struct evbuffer *body = evhttp_request_get_input_buffer(a->req);
	size_t n = evbuffer_get_length(body);
	peer_id peer;
	UNUSED(arg);
	if (!answer_peer(a, "peer", &peer))
		return;
	if (n == 0 || n > sizeof(m->u.raw.octets)) {
		answer_error(a, n == 0 ? 400 : 413, n == 0 ? "no message" : "the message is too long", "body",
			"send one SIP message of at most 61440 octets");
		return;
	}
	memset(m, 0, IPC_ADMIN_HEAD);
	m->type = IPC_ADMIN_DRY_RUN;
	m->peer = peer;
	m->u.raw.len = (uint32_t)n;
	evbuffer_copyout(body, m->u.raw.octets, n);
	a->root = json_pack("{s:s, s:[]}", "peer", view_peer_name(a->admin->snapshot, peer), "steps");
	ask_rows(a, ASK_SIGNALLER, sizeof(m->u.raw) - sizeof(m->u.raw.octets) + n, "steps", rows_h);
}

// --- changes

static void hangup_route(struct answer *a, const char *call_id)
{
	a->root = json_pack("{s:s, s:[]}", "result", "the call ends", "rows");
	a->action = "hangup";
	if (set_key(a, IPC_ADMIN_HANGUP, call_id))
		ask_rows(a, ASK_SIGNALLER, sizeof(a->admin->packet->u.key), "rows", rows_h);
}

static void monitor_h(void *ctx, const struct ask_reply *r)
{
	struct answer *a = ctx;
	if (!r->end)
		return;
	if (r->error != E_OK) {
		answer_failed(a, r->error, "monitor", r->text);
		return;
	}
	a->root = json_pack("{s:s, s:o}", "result", "done", "text", text_json(r->text != NULL ? r->text : "", API_TEXT_MAX));
	answer_send(a);
}

static void ask_of_monitor(struct answer *a, enum ipc_control_type type, peer_id peer, uint8_t flag)
{
	struct ipc_control m = {.version = IPC_CONTROL_VERSION, .type = (uint16_t)type, .peer = peer, .flag = flag};
	result r = ask_monitor(&a->admin->ask, &m, admin_now(a->admin).mono_us, monitor_h, a);
	if (!is_ok(r))
		answer_failed(a, r.error, "monitor", NULL);
}

static void reload_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	a->action = "reload";
	ask_of_monitor(a, IPC_CONTROL_RELOAD, PEER_NONE, 0);
}

static void drain_route(struct answer *a, const char *arg)
{
	uint8_t on;
	UNUSED(arg);
	if (!answer_flag(a, "on", &on))
		return;
	a->action = on ? "drain" : "drain-off";
	a->admin->draining = on != 0;
	ask_of_monitor(a, IPC_CONTROL_DRAIN_ASK, PEER_NONE, on);
}

static void block_route(struct answer *a, const char *name)
{
	uint8_t on;
	if (!answer_flag(a, "on", &on))
		return;
	a->action = on ? "peer-block" : "peer-unblock";
	snprintf(a->target, sizeof(a->target), "%s", name);
	peer_id peer = admin_peer_by_name(a->admin, name);
	if (peer == PEER_NONE)
		answer_error(a, 404, "no peer has that name", name, "list the names with `sallyport peers`");
	else
		ask_of_monitor(a, IPC_CONTROL_BLOCK_ASK, peer, on);
}

static bool bounded(struct answer *a, const char *key, uint32_t initial, uint32_t max, uint32_t *out)
{
	char text[API_TEXT_MAX];
	*out = initial;
	result r = text_query(a->query, key, text, sizeof(text));
	if (r.error == E_NOT_FOUND)
		return true;
	if (is_ok(r) && is_ok(text_number(text, out)) && *out > 0 && *out <= max)
		return true;
	char mend[64];
	snprintf(mend, sizeof(mend), "give a number from 1 to %u", max);
	answer_error(a, 400, "out of bounds", key, mend);
	return false;
}

static void trace_route(struct answer *a, const char *arg)
{
	char call_id[API_TEXT_MAX], to[API_TEXT_MAX];
	uint32_t seconds, octets;
	peer_id peer = PEER_NONE;
	UNUSED(arg);
	if (!bounded(a, "seconds", TRACE_SECONDS_DEFAULT, TRACE_SECONDS_MAX, &seconds) ||
		!bounded(a, "octets", TRACE_OCTETS_DEFAULT, TRACE_OCTETS_MAX, &octets))
		return;
	bool to_file = is_ok(text_query(a->query, "to", to, sizeof(to))) && strcmp(to, "file") == 0;
	if (!is_ok(text_query(a->query, "call", call_id, sizeof(call_id))) || call_id[0] == '\0') {
		call_id[0] = '\0';
		if (!answer_peer(a, "peer", &peer))
			return;
	}
	trace_begin(a, peer, call_id, seconds, octets, to_file);
}

static void trace_stop_route(struct answer *a, const char *arg)
{
	UNUSED(arg);
	if (a->admin->trace == NULL) {
		answer_error(a, 404, "no trace runs", "trace", "begin one with `sallyport trace`");
		return;
	}
	trace_end(a->admin, "stopped");
	a->root = json_pack("{s:s}", "result", "the trace ends");
	answer_send(a);
}

const struct route api_routes[] = {
	{EVHTTP_REQ_GET, "/status", API_VIEWER, status_route},
	{EVHTTP_REQ_GET, "/peers", API_VIEWER, peers_route},
	{EVHTTP_REQ_GET, "/calls", API_VIEWER, calls_route},
	{EVHTTP_REQ_GET, "/explain/*", API_VIEWER, explain_route},
	{EVHTTP_REQ_GET, "/lookup", API_VIEWER, lookup_route},
	{EVHTTP_REQ_GET, "/route", API_VIEWER, route_route},
	{EVHTTP_REQ_GET, "/version", API_VIEWER, version_route},
	{EVHTTP_REQ_POST, "/dry-run", API_VIEWER, dry_run_route},
	{EVHTTP_REQ_POST, "/hangup/*", API_OPERATOR, hangup_route},
	{EVHTTP_REQ_POST, "/reload", API_OPERATOR, reload_route},
	{EVHTTP_REQ_POST, "/drain", API_OPERATOR, drain_route},
	{EVHTTP_REQ_POST, "/peers/*/block", API_OPERATOR, block_route},
	{EVHTTP_REQ_POST, "/trace", API_OPERATOR, trace_route},
	{EVHTTP_REQ_POST, "/trace/stop", API_OPERATOR, trace_stop_route},
};
const uint32_t api_route_count = ARRAY_LEN(api_routes);
