// SPDX-License-Identifier: Apache-2.0
// Method, route, right, budget, grammar, in this order; then the answer. All three keys become one URI, read by the one parser
// of URIs.
#include "portal/service.h"

#include "base/log.h"
#include "luf/luf.h"
#include "portal/profile.h"
#include "wire/sip/sip.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_LOOKUP "/lookup?"
#define PATH_PROFILE "/profile"

static void reply_error(struct service_reply *r, uint16_t status, uint32_t retry_after_s, const char *error)
{
	json_t *o = json_pack("{s:s}", "error", error);
	*r = (struct service_reply){.status = status, .retry_after_s = retry_after_s, .body = o != NULL ? profile_text(o) : NULL};
	json_decref(o);
}

// The one answer for nobody, not for you, no right and no route (LUF-C1): nothing tells them apart.
void service_none(struct service_reply *r)
{
	reply_error(r, 404, 0, "none");
}

void service_later(struct service_reply *r)
{
	reply_error(r, 503, SERVICE_RETRY_S, "later");
}

static const char *name_of(const struct snapshot *s, peer_id id)
{
	const struct peer *p = snapshot_peer(s, id);
	return p != NULL ? p->name : "?";
}

// Every look-up has its line, hence a site of its own; how many there can be is bounded by the budget.
static void journal(const struct snapshot *s, const struct service_querier *q, const struct query *asked, const char *outcome)
{
	struct log_site site = {0};
	char shown[SERVICE_NUMBER_SHOWN + 1] = "";
	if (asked != NULL)
		snprintf(shown, sizeof(shown), "%.*s", (int)SERVICE_NUMBER_SHOWN, asked->number);
	const struct log_field fields[] = {LOG_STR("peer", name_of(s, q->peer)), LOG_STR("number", shown),
		LOG_STR("domain", asked != NULL ? asked->domain : ""), LOG_STR("outcome", outcome)};
	log_event(&site, LOG_LEVEL_NOTICE, "portal.lookup", fields, (uint32_t)ARRAY_LEN(fields));
}

static int hex_value(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// VALUE unescaped (RFC3986#2.1) behind PREFIX into OUT, NUL-terminated; '+' stands for itself. False: malformed, too long, or
// with a control octet.
static bool unescape(const char *prefix, struct bytes value, char out[SERVICE_TARGET_MAX])
{
	size_t n = strlen(prefix);
	memcpy(out, prefix, n);
	for (size_t i = 0; i < value.len; i++) {
		int c = value.at[i];
		if (c == '%') {
			int high = i + 2 < value.len ? hex_value(value.at[i + 1]) : -1, low = high >= 0 ? hex_value(value.at[i + 2]) : -1;
			c = low >= 0 ? high << 4 | low : -1;
			i += 2;
		}
		if (c <= 0x20 || c >= 0x7f || n + 1 >= SERVICE_TARGET_MAX)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return value.len > 0;
}

static bool digits_alone(const char *number)
{
	size_t n = strlen(number);
	return n >= 2 && n <= 16 && number[0] == '+' && strspn(number + 1, "0123456789") == n - 1;
}

static result query_of_uri(const char *text, struct query *q)
{
	const uint8_t *buf = (const uint8_t *)text;
	uint32_t n = (uint32_t)strlen(text);
	struct sip_uri u;
	char number[NUMBER_MAX];
	TRY(sip_uri_parse(buf, n, span_make(0, n), &u));
	REQUIRE(u.scheme != SIP_SCHEME_OTHER && span_empty(u.headers) && span_empty(u.password), E_UNSUPPORTED);
	sip_uri_number(buf, n, &u, number, sizeof(number));
	REQUIRE(u.scheme != SIP_SCHEME_TEL || number[0] != '\0', E_SYNTAX);
	uint8_t kind = u.scheme == SIP_SCHEME_TEL ? URI_KIND_TEL : u.scheme == SIP_SCHEME_SIPS ? URI_KIND_SIPS : URI_KIND_SIP;
	return luf_query_make(q, kind, span_bytes(buf, n, u.user), span_bytes(buf, n, u.host), number, "");
}

// The one parameter of a look-up: number, domain or uri.
static result query_of(struct bytes parameter, struct query *q)
{
	char text[SERVICE_TARGET_MAX];
	if (bytes_begin(parameter, BYTES("number="))) {
		REQUIRE(unescape("tel:", bytes_make(parameter.at + 7, parameter.len - 7), text) && digits_alone(text + 4), E_SYNTAX);
		return query_of_uri(text, q);
	}
	if (bytes_begin(parameter, BYTES("domain="))) {
		REQUIRE(unescape("sip:", bytes_make(parameter.at + 7, parameter.len - 7), text), E_SYNTAX);
		REQUIRE(strpbrk(text + 4, "@:;?[]") == NULL, E_SYNTAX);
		return query_of_uri(text, q);
	}
	REQUIRE(bytes_begin(parameter, BYTES("uri=")), E_SYNTAX);
	REQUIRE(unescape("", bytes_make(parameter.at + 4, parameter.len - 4), text), E_SYNTAX);
	return query_of_uri(text, q);
}

static bool within_budget(const struct service_querier *q, const struct now *now, struct service_reply *reply)
{
	if (gcra_admit(q->budget, gcra_rate_make(q->rights->lookups_per_second, SERVICE_LOOKUP_BURST), now->mono_us))
		return true;
	reply_error(reply, 429, SERVICE_RETRY_S, "budget spent");
	return false;
}

static enum service_next lookup(const struct snapshot *s, const struct service_querier *q, struct bytes parameter,
	const struct now *now, struct ipc_lookup *ask, struct service_reply *reply)
{
	const struct peer *p = snapshot_peer(s, q->peer);
	if (!q->rights->lookup) {
		journal(s, q, NULL, "no right");
		service_none(reply);
		return SERVICE_REPLY;
	}
	if (!within_budget(q, now, reply))
		return SERVICE_REPLY;
	*ask = (struct ipc_lookup){.version = IPC_LOOKUP_VERSION, .type = IPC_LOOKUP_ASK, .deadline_ms = SERVICE_DEADLINE_MS};
	if (!is_ok(query_of(parameter, &ask->u.query))) {
		journal(s, q, NULL, "syntax");
		reply_error(reply, 400, 0, "syntax");
		return SERVICE_REPLY;
	}
	if (luf_key(&ask->u.query)[0] != '\0' && !luf_harvest_admits(q->harvest, now)) {
		journal(s, q, &ask->u.query, "harvest");
		service_none(reply);
		return SERVICE_REPLY;
	}
	ask->u.query.from_peer = q->peer;
	ask->u.query.from_zone = p->zone;
	ask->u.query.tell = 1;
	return SERVICE_ASK;
}

enum service_next service_request(const struct snapshot *s, const struct service_querier *q, struct bytes method, struct bytes target,
	const struct now *now, struct ipc_lookup *ask, struct service_reply *reply)
{
	const struct peer *p = snapshot_peer(s, q->peer);
	if (p == NULL || p->removed || p->blocked || p->zone >= s->zone_count)
		reply_error(reply, 403, 0, "forbidden");
	else if (!bytes_equal(method, BYTES("GET")))
		reply_error(reply, 405, 0, "method");
	else if (target.len > SERVICE_TARGET_MAX)
		reply_error(reply, 414, 0, "too long");
	else if (bytes_begin(target, BYTES(PATH_LOOKUP)))
		return lookup(s, q, bytes_make(target.at + sizeof(PATH_LOOKUP) - 1, target.len - sizeof(PATH_LOOKUP) + 1), now, ask, reply);
	else if (bytes_equal(target, BYTES(PATH_PROFILE)) && q->rights->profile)
		return within_budget(q, now, reply) ? SERVICE_PROFILE : SERVICE_REPLY;
	else
		service_none(reply);
	return SERVICE_REPLY;
}

// Whom the querier is told: us for what is behind us, another provider by his domain where the directory shows him one.
static const char *told_domain(const struct snapshot *s, const struct lookup_answer *a, bool *ours)
{
	const struct peer *p = snapshot_peer(s, a->peer);
	*ours = p == NULL || p->zone >= s->zone_count || s->zone[p->zone].is_core;
	return *ours ? s->settings.domain : p->reach_domain;
}

static json_t *found(const struct snapshot *s, const struct service_querier *q, const struct lookup_answer *a)
{
	bool ours;
	const char *domain = told_domain(s, a, &ours);
	json_t *o = json_pack("{s:s, s:b, s:s, s:s, s:I}", "domain", domain, "npdi", a->npdi != 0, "number", a->number, "routing_number",
		a->rn, "ttl", (json_int_t)a->ttl_s);
	json_t *hops = o != NULL && ours && q->rights->profile ? profile_ingress(s, snapshot_peer(s, q->peer)) : NULL;
	if (hops != NULL && json_object_set_new(o, "hops", hops) != 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static bool answers(const struct ipc_lookup *ask, const struct ipc_lookup *answer)
{
	const struct lookup_answer *a = answer != NULL ? &answer->u.answer.lookup : NULL;
	return a != NULL && answer->version == IPC_LOOKUP_VERSION && answer->type == IPC_LOOKUP_ANSWER &&
	       answer->request == ask->request && memchr(a->number, 0, sizeof(a->number)) != NULL && memchr(a->rn, 0, sizeof(a->rn)) != NULL;
}

void service_answer(const struct snapshot *s, const struct service_querier *q, const struct ipc_lookup *ask,
	const struct ipc_lookup *answer, const struct now *now, struct service_reply *reply)
{
	enum lookup_outcome outcome = answers(ask, answer) ? (enum lookup_outcome)answer->u.answer.lookup.outcome : LOOKUP_LATER;
	const char *key = luf_key(&ask->u.query);
	json_t *o = NULL;
	if (key[0] != '\0' && (outcome == LOOKUP_FOUND || outcome == LOOKUP_NONE))
		luf_harvest_note(q->harvest, key, outcome == LOOKUP_FOUND, true, now);
	switch (outcome) {
	case LOOKUP_FOUND:
		journal(s, q, &ask->u.query, "found");
		o = snapshot_peer(s, q->peer) != NULL ? found(s, q, &answer->u.answer.lookup) : NULL;
		*reply = (struct service_reply){.status = 200, .body = o != NULL ? profile_text(o) : NULL};
		json_decref(o);
		return;
	case LOOKUP_NONE:
		journal(s, q, &ask->u.query, "none");
		service_none(reply);
		return;
	case LOOKUP_SYNTAX:
		journal(s, q, &ask->u.query, "syntax");
		reply_error(reply, 400, 0, "syntax");
		return;
	case LOOKUP_BOGUS: // LUF-I2: never taken for an answer; the querier learns no more than that there is none now
	case LOOKUP_LATER:
	default:
		journal(s, q, &ask->u.query, outcome == LOOKUP_BOGUS ? "bogus" : "later");
		service_later(reply);
		return;
	}
}
