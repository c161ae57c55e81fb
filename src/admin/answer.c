// SPDX-License-Identifier: Apache-2.0
// The end of an API request: JSON, or {what, where, mend}. Each change is journalled with its outcome.
#include "admin/inside.h"
#include "admin/text.h"
#include "base/memory.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>

static void end(struct answer *a)
{
	struct admin *admin = a->admin;
	json_decref(a->root);
	memory_free(a);
	admin->answers--;
	admin_rearm(admin);
}

static void journal(struct answer *a, const char *outcome)
{
	if (a->action != NULL) // a loss is counted, logged and told in status; the change stands in the log
		IGNORE_RESULT(journal_write(&a->admin->journal, admin_now(a->admin).wall_ms, a->uid, a->action, a->target,
			outcome));
}

static void reply(struct evhttp_request *req, int status, json_t *o)
{
	struct evbuffer *out = evbuffer_new();
	char *text = o != NULL ? json_dumps(o, JSON_INDENT(1)) : NULL;
	struct evkeyvalq *head = evhttp_request_get_output_headers(req);
	evhttp_add_header(head, "Content-Type", "application/json");
	evhttp_add_header(head, "Cache-Control", "no-store");
	evhttp_add_header(head, "Connection", "close");
	if (out == NULL || text == NULL || evbuffer_add(out, text, strlen(text)) != 0 || evbuffer_add(out, "\n", 1) != 0)
		evhttp_send_reply(req, 503, "Out of memory", NULL);
	else
		evhttp_send_reply(req, status, status < 400 ? "OK" : "Refused", out);
	memory_free(text);
	if (out != NULL)
		evbuffer_free(out);
}

void answer_send(struct answer *a)
{
	if (a->left_off > 0 && a->root != NULL)
		json_object_set_new(a->root, "left_off", json_integer(a->left_off));
	journal(a, "done");
	reply(a->req, 200, a->root);
	end(a);
}

void answer_error(struct answer *a, int status, const char *what, const char *where, const char *mend)
{
	json_t *o = json_pack("{s:{s:o, s:o, s:o}}", "error", "what", text_json(what, API_TEXT_MAX), "where",
		text_json(where, API_TEXT_MAX), "mend", text_json(mend, 2 * API_TEXT_MAX));
	journal(a, what);
	a->admin->refused_requests++;
	reply(a->req, status, o);
	json_decref(o);
	end(a);
}

static const struct {
	enum error error;
	int status;
	const char *what, *mend;
} failures[] = {
	{E_NOT_FOUND, 404, "there is none", "list what there is with `sallyport calls` or `sallyport peers`"},
	{E_TIMEOUT, 504, "no answer in time", "look at the processes with `sallyport status`, then try again"},
	{E_FULL, 503, "too much under way", "try again in a moment"},
	{E_TOO_MANY, 503, "more rows than are believed", "look at the log"},
	{E_NO_MEMORY, 503, "out of memory", "give the machine more memory"},
	{E_CLOSED, 503, "the other process is away", "it is restarted by itself; try again in a moment"},
	{E_SYNTAX, 400, "not understood", "mend the input"},
	{E_TOO_LONG, 413, "too long", "shorten the input"},
	{E_CONFIG, 409, "the configuration is refused", "run `sallyport check`"},
	{E_POLICY, 409, "refused", "look at the reason"},
};

void answer_failed(struct answer *a, enum error error, const char *where, const char *text)
{
	for (uint32_t i = 0; i < ARRAY_LEN(failures); i++) {
		if (failures[i].error != error)
			continue;
		answer_error(a, failures[i].status, failures[i].what, where,
			text != NULL && text[0] != '\0' ? text : failures[i].mend);
		return;
	}
	answer_error(a, 500, error_name(error), where, text != NULL && text[0] != '\0' ? text : "look at the log");
}

void answer_none(struct answer *a)
{
	end(a);
}

bool answer_param(struct answer *a, const char *key, char out[API_TEXT_MAX])
{
	result r = text_query(a->query, key, out, API_TEXT_MAX);
	if (is_ok(r) && out[0] != '\0')
		return true;
	char what[96];
	snprintf(what, sizeof(what), "parameter %s is %s", key, r.error == E_TOO_LONG ? "too long" : "missing or malformed");
	answer_error(a, 400, what, "query", "give it once, percent-encoded");
	return false;
}

bool answer_flag(struct answer *a, const char *key, uint8_t *out)
{
	char text[API_TEXT_MAX];
	if (!answer_param(a, key, text))
		return false;
	if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
		answer_error(a, 400, "parameter is neither 0 nor 1", key, "write 1 for on, 0 for off");
		return false;
	}
	*out = text[0] == '1';
	return true;
}

peer_id admin_peer_by_name(const struct admin *a, const char *name)
{
	for (uint32_t i = 0; i < a->snapshot->peer_count; i++) {
		const struct peer *p = snapshot_peer(a->snapshot, (peer_id)i);
		if (p != NULL && !p->removed && strcmp(p->name, name) == 0)
			return (peer_id)i;
	}
	return PEER_NONE;
}

bool answer_peer(struct answer *a, const char *key, peer_id *out)
{
	char name[API_TEXT_MAX];
	if (!answer_param(a, key, name))
		return false;
	*out = admin_peer_by_name(a->admin, name);
	if (*out != PEER_NONE)
		return true;
	answer_error(a, 404, "no peer has that name", name, "list the names with `sallyport peers`");
	return false;
}
