// SPDX-License-Identifier: Apache-2.0
// A call through the target: the auditor is its caller and its called side, each knows only what reached it.
#include "audit/inside.h"

#include "wire/sip/sip.h"

static struct audit_end *caller(struct audit *a)
{
	return &a->end[AUDIT_CALLER];
}

static struct audit_end *called(struct audit *a)
{
	return &a->end[AUDIT_CALLED];
}

static void contact_of(const struct audit_end *e, const char *user, char *out, uint32_t cap)
{
	char at[ADDRESS_TEXT_MAX];

	(void)snprintf(out, cap, "Contact: <sip:%.40s@%s>\r\n", user, address_text(&e->local, at));
}

static void call_init(struct audit *a, struct audit_call *c)
{
	audit_identifier(a, "audit-", c->call_id);
	audit_identifier(a, "ct", c->from_tag);
	audit_identifier(a, "z9hG4bK", c->branch);
	audit_identifier(a, "dt", c->called_tag);
	c->cseq = 1;
	if (c->caller_media.family == 0) {
		c->caller_media = caller(a)->local;
		c->caller_media.port = 40000;
	}
	if (c->called_media.family == 0) {
		c->called_media = called(a)->local;
		c->called_media.port = 42000;
	}
	(void)snprintf(c->contact, sizeof(c->contact), "sip:%s@%s", a->s->to, a->s->domain);
}

static bool invite_send(struct audit *a, struct audit_call *c)
{
	char buf[AUDIT_MESSAGE_MAX], sdp[1024] = "", contact[AUDIT_TEXT_MAX], extra[2048];
	struct audit_text t, body;

	audit_text_init(&body, sdp, sizeof(sdp));
	audit_sdp_write(&c->caller_media, c->mark, &body);
	contact_of(caller(a), a->s->from, contact, sizeof(contact));
	(void)snprintf(extra, sizeof(extra), "%sAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\nSupported: 199\r\n%s",
		contact, c->caller_extra != NULL ? c->caller_extra : "");
	audit_text_init(&t, buf, sizeof(buf));
	struct audit_request r = {.method = "INVITE", .via = &caller(a)->local, .branch = c->branch, .call_id = c->call_id,
		.from_tag = c->from_tag, .from = a->s->from, .to = a->s->to, .cseq = c->cseq, .max_forwards = 70,
		.extra = extra, .sdp = sdp};
	return audit_request_write(a, &r, &t) && audit_send(a, caller(a), &a->s->target, t.at, t.len);
}

static void tag_take(struct audit *a, struct audit_call *c)
{
	const struct sip_msg *m = &caller(a)->msg;
	const struct sip_line *l = sip_first(m, SIP_HDR_CONTACT);
	struct audit_text t;
	struct sip_addr addr;

	c->answered = m->status;
	audit_copy(m, m->to_tag, c->to_tag, sizeof(c->to_tag));
	if (l != NULL && is_ok(sip_addr_parse(m->buf, m->size, l->value, &addr)))
		audit_copy(m, addr.uri.whole, c->contact, sizeof(c->contact));
	(void)audit_sdp_media(sip_bytes(m, m->body), &c->target_caller_media); // a 180 has none
	audit_text_init(&t, c->route, sizeof(c->route));
	struct span values[8];
	uint32_t n = 0;
	struct sip_list it = sip_list_begin(m, SIP_HDR_RECORD_ROUTE);
	while (n < ARRAY_LEN(values) && sip_list_next(&it, &values[n]))
		n++;
	while (n > 0) { // in reverse (RFC3261#12.1.2)
		struct bytes b = sip_bytes(m, values[--n]);
		audit_put(&t, "Route: %.*s\r\n", (int)b.len, (const char *)b.at);
	}
	if (t.overflow || t.len == 0)
		c->route[0] = '\0';
}

bool audit_call_invite(struct audit *a, struct audit_call *c, struct audit_result *r)
{
	struct sip_fault fault;
	struct sip_addr addr;

	call_init(a, c);
	if (!invite_send(a, c)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the INVITE of the caller could not be sent");
		return false;
	}
	if (!audit_await(a, called(a), "INVITE", 0, 0, NULL, AUDIT_WAIT_MS)) {
		unsigned status = audit_await(a, caller(a), NULL, 200, 699, c->call_id, 0) ? caller(a)->msg.status : 0;
		audit_say(r, AUDIT_V_INCONCLUSIVE, "no INVITE reached the called side (the caller saw %u)", status);
		audit_call_abandon(a, c);
		return false;
	}
	c->invite_len = called(a)->in_len;
	memcpy(c->invite, called(a)->in, c->invite_len);
	c->in_from = called(a)->from;
	const struct sip_line *l = is_ok(sip_msg_parse(&c->in, c->invite, c->invite_len, &fault))
		? sip_first(&c->in, SIP_HDR_CONTACT) : NULL;
	if (l != NULL && is_ok(sip_addr_parse(c->in.buf, c->in.size, l->value, &addr)))
		audit_copy(&c->in, addr.uri.whole, c->called_contact, sizeof(c->called_contact));
	(void)audit_sdp_media(sip_bytes(&c->in, c->in.body), &c->target_called_media); // judged by who needs it
	return true;
}

bool audit_call_respond(struct audit *a, struct audit_call *c, unsigned status, const char *phrase, const char *extra,
	bool sdp)
{
	char buf[AUDIT_MESSAGE_MAX], body[1024] = "", lines[2048], contact[AUDIT_TEXT_MAX];
	struct audit_text t, s;

	audit_text_init(&s, body, sizeof(body));
	if (sdp)
		audit_sdp_write(&c->called_media, c->mark, &s);
	contact_of(called(a), a->s->to, contact, sizeof(contact));
	(void)snprintf(lines, sizeof(lines), "%sAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\n%s%s", contact,
		c->called_extra != NULL ? c->called_extra : "", extra != NULL ? extra : "");
	audit_text_init(&t, buf, sizeof(buf));
	return audit_response_write(&c->in, status, phrase, c->called_tag, lines, body, &t) &&
		audit_send(a, called(a), &c->in_from, t.at, t.len);
}

bool audit_call_request(struct audit *a, const struct audit_call *c, const char *method, bool ids, const char *sdp,
	struct audit_text *out)
{
	char branch[AUDIT_TEXT_MAX], guess[AUDIT_TEXT_MAX], contact[AUDIT_TEXT_MAX], extra[1024];

	audit_identifier(a, "z9hG4bK", branch);
	audit_identifier(a, "guess", guess);
	contact_of(caller(a), a->s->from, contact, sizeof(contact));
	bool ack = strcmp(method, "ACK") == 0, refer = strcmp(method, "REFER") == 0;
	(void)snprintf(extra, sizeof(extra), "%s%s%s", ids ? c->route : "", contact,
		refer ? "Refer-To: <sip:+15550666@127.66.6.6>\r\n" : "");
	struct audit_request r = {.method = method, .uri = c->contact, .via = &caller(a)->local, .branch = branch,
		.call_id = ids ? c->call_id : guess, .from_tag = ids ? c->from_tag : guess,
		.to_tag = ids ? c->to_tag : guess, .from = a->s->from, .to = a->s->to, .cseq = c->cseq + (ack ? 0u : 1u),
		.max_forwards = 70, .extra = extra, .sdp = sdp};
	return audit_request_write(a, &r, out);
}

bool audit_called_request(struct audit *a, const struct audit_call *c, const char *method, bool ids, const char *sdp,
	struct audit_text *out)
{
	char branch[AUDIT_TEXT_MAX], guess[AUDIT_TEXT_MAX], contact[AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX], tag[AUDIT_TEXT_MAX];

	audit_identifier(a, "z9hG4bK", branch);
	audit_identifier(a, "guess", guess);
	contact_of(called(a), a->s->to, contact, sizeof(contact));
	audit_copy(&c->in, c->in.call_id, id, sizeof(id));
	audit_copy(&c->in, c->in.from_tag, tag, sizeof(tag));
	struct audit_request r = {.method = method, .uri = c->called_contact, .via = &called(a)->local, .branch = branch,
		.call_id = ids ? id : guess, .from_tag = ids ? c->called_tag : guess, .to_tag = ids ? tag : guess,
		.from = a->s->to, .to = a->s->from, .cseq = 100, .max_forwards = 70, .extra = contact, .sdp = sdp};
	return audit_request_write(a, &r, out);
}

static bool request_send(struct audit *a, struct audit_call *c, const char *method)
{
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;

	audit_text_init(&t, buf, sizeof(buf));
	return audit_call_request(a, c, method, true, NULL, &t) && audit_send(a, caller(a), &a->s->target, t.at, t.len);
}

bool audit_call_answer(struct audit *a, struct audit_call *c, struct audit_result *r)
{
	if (!audit_call_respond(a, c, 200, "OK", NULL, true) ||
		!audit_await(a, caller(a), NULL, 200, 699, c->call_id, AUDIT_WAIT_MS)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the 200 of the called side did not reach the caller");
		return false;
	}
	tag_take(a, c);
	if (c->answered != 200) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the caller got %u instead of the called side's 200", c->answered);
		return false;
	}
	if (!request_send(a, c, "ACK") || !audit_await(a, called(a), "ACK", 0, 0, NULL, AUDIT_WAIT_MS)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the ACK did not reach the called side");
		return false;
	}
	return true;
}

bool audit_call_set_up(struct audit *a, struct audit_call *c, struct audit_result *r)
{
	if (!audit_call_invite(a, c, r))
		return false;
	(void)audit_call_respond(a, c, 180, "Ringing", NULL, false); // a lost one does not matter
	if (audit_call_answer(a, c, r))
		return true;
	audit_call_abandon(a, c);
	return false;
}

static bool respond_here(struct audit *a, struct audit_end *e)
{
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;

	audit_text_init(&t, buf, sizeof(buf));
	return audit_response_write(&e->msg, 200, "OK", NULL, NULL, NULL, &t) && audit_send(a, e, &e->from, t.at, t.len);
}

bool audit_call_end(struct audit *a, struct audit_call *c, struct audit_result *r)
{
	bool ended = request_send(a, c, "BYE");
	bool reached = ended && audit_await(a, called(a), "BYE", 0, 0, NULL, AUDIT_WAIT_MS);

	if (reached)
		(void)respond_here(a, called(a)); // it is sent again when this is lost
	ended = audit_await(a, caller(a), NULL, 200, 699, c->call_id, AUDIT_WAIT_MS) && caller(a)->msg.status == 200;
	if (!ended || !reached)
		audit_find(r, false, "the caller's own BYE did not end the call any more (%s)",
			reached ? "no 200" : "it reached nobody");
	return ended && reached;
}

// CANCEL, then BYE from either side: whichever fits. What is not there costs one answer.
void audit_call_abandon(struct audit *a, struct audit_call *c)
{
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;
	struct audit_request r = {.method = "CANCEL", .via = &caller(a)->local, .branch = c->branch, .call_id = c->call_id,
		.from_tag = c->from_tag, .from = a->s->from, .to = a->s->to, .cseq = 1, .max_forwards = 70};

	audit_text_init(&t, buf, sizeof(buf));
	if (audit_request_write(a, &r, &t))
		(void)audit_send(a, caller(a), &a->s->target, t.at, t.len);
	if (c->to_tag[0] != '\0')
		(void)request_send(a, c, "BYE");
	if (c->invite_len > 0)
		(void)audit_call_respond(a, c, 487, "Request Terminated", NULL, false);
	if (audit_await(a, called(a), "BYE", 0, 0, NULL, AUDIT_QUIET_MS))
		(void)respond_here(a, called(a));
	(void)audit_drain(a, caller(a), AUDIT_QUIET_MS);
}

void audit_refuse(struct audit *a, struct audit_end *e)
{
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;

	if (!e->parsed || !e->msg.is_request || e->msg.method == SIP_ACK)
		return;
	audit_text_init(&t, buf, sizeof(buf));
	bool ping = e->msg.method == SIP_OPTIONS; // the target asks whether its peer lives
	if (audit_response_write(&e->msg, ping ? 200 : 486, ping ? "OK" : "Busy Here", "busy", NULL, NULL, &t))
		(void)audit_send(a, e, &e->from, t.at, t.len); // it is sent again otherwise
}

bool audit_alive(struct audit *a)
{
	enum { TRIES = 4 }; // datagrams may be lost, budgets may be short after an attack
	char buf[AUDIT_MESSAGE_MAX], branch[AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX], tag[AUDIT_TEXT_MAX], uri[2 * AUDIT_TEXT_MAX];

	(void)audit_drain(a, caller(a), 0);
	for (uint32_t i = 0; i < TRIES; i++) {
		struct audit_text t;
		audit_text_init(&t, buf, sizeof(buf));
		audit_identifier(a, "z9hG4bK", branch);
		audit_identifier(a, "alive-", id);
		audit_identifier(a, "ct", tag);
		(void)snprintf(uri, sizeof(uri), "sip:%s", a->s->domain);
		struct audit_request r = {.method = "OPTIONS", .uri = uri, .via = &caller(a)->local, .branch = branch,
			.call_id = id, .from_tag = tag, .from = a->s->from, .to = a->s->to, .cseq = 1, .max_forwards = 70};
		if (audit_request_write(a, &r, &t) && audit_send(a, caller(a), &a->s->target, t.at, t.len) &&
			audit_await(a, caller(a), NULL, 200, 699, id, 1000))
			return true;
	}
	return false;
}
