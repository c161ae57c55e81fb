// SPDX-License-Identifier: Apache-2.0
// SF-I1, SF-I5 to SF-I8: requests and responses forged into a live call, from addresses that do not own its legs.
#include "audit/inside.h"

enum { ANSWERS_MAX = 16 }; // of one volley: refused INVITEs are answered again and again, since nobody sends an ACK

static bool fire(struct audit *a, enum audit_role from, const struct address *to, const struct audit_text *t)
{
	return !t->overflow && audit_send(a, &a->end[from], to, t->at, t->len);
}

static const char *const role_name[AUDIT_ROLES] = {"the caller", "the other peer", "a stranger"};

// METHOD of the caller's leg from the stranger and the other peer, of the called leg from the stranger and the
// caller, each with stolen identifiers; and with guessed ones from those who own the address.
static void requests_fire(struct audit *a, const struct audit_call *c, const char *method, const char *sdp)
{
	char one[AUDIT_MESSAGE_MAX], two[AUDIT_MESSAGE_MAX];
	struct audit_text t, u;

	for (uint32_t ids = 0; ids < 2; ids++) {
		audit_text_init(&t, one, sizeof(one));
		audit_text_init(&u, two, sizeof(two));
		(void)audit_call_request(a, c, method, ids != 0, sdp, &t);   // overflow is seen by fire
		(void)audit_called_request(a, c, method, ids != 0, sdp, &u);
		(void)fire(a, AUDIT_STRANGER, &a->s->target, &t);
		(void)fire(a, AUDIT_CALLED, &a->s->called_target, &t);
		(void)fire(a, AUDIT_STRANGER, &a->s->called_target, &u);
		(void)fire(a, AUDIT_CALLER, &a->s->target, &u);
		if (ids == 0) {
			(void)fire(a, AUDIT_CALLER, &a->s->target, &t);
			(void)fire(a, AUDIT_CALLED, &a->s->called_target, &u);
		}
	}
}

// Did the METHOD come through to a peer, or an acceptance back to one who forged it?
static void requests_judge(struct audit *a, const char *method, struct audit_result *r)
{
	static const enum audit_role sides[] = {AUDIT_CALLED, AUDIT_CALLER};

	for (uint32_t i = 0; i < ARRAY_LEN(sides); i++) {
		struct audit_end *e = &a->end[sides[i]];
		uint32_t through = 0, accepted = 0;
		for (uint32_t n = 0; n < ANSWERS_MAX && audit_receive(a, e, AUDIT_QUIET_MS); n++) {
			if (!e->parsed)
				continue;
			audit_refuse(a, e);
			through += e->msg.is_request && bytes_equal(sip_bytes(&e->msg, e->msg.method_name), bytes_of_string(method));
			accepted += !e->msg.is_request && e->msg.status >= 200 && e->msg.status < 300 &&
				e->msg.cseq_method == sip_method_of(bytes_of_string(method));
		}
		if (through > 0)
			audit_find(r, false, "%u forged %s reached %s", through, method, role_name[sides[i]]);
		if (accepted > 0)
			audit_find(r, false, "forged %s of %s accepted with 2xx", method, role_name[sides[i]]);
	}
	if (audit_receive(a, &a->end[AUDIT_STRANGER], AUDIT_QUIET_MS)) {
		const struct audit_end *e = &a->end[AUDIT_STRANGER];
		bool good = e->parsed && !e->msg.is_request && e->msg.status < 300;
		audit_find(r, !good && !(e->parsed && e->msg.is_request), "the stranger got %.*s",
			e->in_len < 40 ? (int)e->in_len : 12, (const char *)e->in);
		(void)audit_drain(a, &a->end[AUDIT_STRANGER], 0);
	}
}

void audit_probe_forged_bye(struct audit *a, struct audit_result *r)
{
	struct audit_call c = {0};

	if (!audit_call_set_up(a, &c, r))
		return;
	requests_fire(a, &c, "BYE", NULL);
	requests_judge(a, "BYE", r);
	(void)audit_call_end(a, &c, r); // its finding is in R
	audit_find(r, true, "10 forged BYE (stranger, other peer, guessed and stolen identifiers) passed by; the caller's own ended the call");
}

void audit_probe_forged_reinvite(struct audit *a, struct audit_result *r)
{
	static const char *const methods[] = {"INVITE", "UPDATE", "INFO", "REFER"};
	struct audit_call c = {0};
	char sdp[1024] = "";
	struct audit_text body;

	if (!audit_call_set_up(a, &c, r))
		return;
	struct address theft = a->end[AUDIT_STRANGER].local;
	theft.port = 44000;
	audit_text_init(&body, sdp, sizeof(sdp));
	audit_sdp_write(&theft, NULL, &body);
	for (uint32_t i = 0; i < ARRAY_LEN(methods); i++) {
		requests_fire(a, &c, methods[i], i < 2 ? sdp : NULL);
		requests_judge(a, methods[i], r);
	}
	c.cseq += 1; // a forged one may have used the number
	(void)audit_call_end(a, &c, r);
	audit_find(r, true, "10 each of forged INVITE, UPDATE, INFO, REFER passed by; the call went on and ended by the caller's BYE");
}

void audit_probe_forged_cancel(struct audit *a, struct audit_result *r)
{
	struct audit_call c = {0};
	char buf[AUDIT_MESSAGE_MAX], id[AUDIT_TEXT_MAX], tag[AUDIT_TEXT_MAX], branch[AUDIT_TEXT_MAX];
	struct audit_text t;

	if (!audit_call_invite(a, &c, r))
		return;
	(void)audit_call_respond(a, &c, 180, "Ringing", NULL, false); // the call can also be cancelled without
	audit_copy(&c.in, c.in.call_id, id, sizeof(id));
	audit_copy(&c.in, c.in.from_tag, tag, sizeof(tag));
	audit_copy(&c.in, c.in.branch, branch, sizeof(branch));
	for (uint32_t leg = 0; leg < 2; leg++) {
		struct audit_request q = {.method = "CANCEL", .via = &a->end[leg == 0 ? AUDIT_CALLER : AUDIT_CALLED].local,
			.branch = leg == 0 ? c.branch : branch, .call_id = leg == 0 ? c.call_id : id,
			.from_tag = leg == 0 ? c.from_tag : tag, .from = a->s->from, .to = a->s->to, .cseq = c.cseq,
			.max_forwards = 70};
		audit_text_init(&t, buf, sizeof(buf));
		(void)audit_request_write(a, &q, &t);
		(void)fire(a, AUDIT_STRANGER, leg == 0 ? &a->s->target : &a->s->called_target, &t);
		(void)fire(a, AUDIT_CALLED, leg == 0 ? &a->s->target : &a->s->called_target, &t);
		(void)fire(a, AUDIT_CALLED, &a->s->called_target, &t);
	}
	if (audit_await(a, &a->end[AUDIT_CALLED], "CANCEL", 0, 0, NULL, AUDIT_QUIET_MS))
		audit_find(r, false, "a forged CANCEL reached the called side");
	if (audit_await(a, &a->end[AUDIT_CALLER], NULL, 300, 699, c.call_id, AUDIT_QUIET_MS))
		audit_find(r, false, "the caller got %u after a forged CANCEL", a->end[AUDIT_CALLER].msg.status);
	if (r->verdict == AUDIT_V_FAILED || !audit_call_answer(a, &c, r)) {
		if (r->verdict == AUDIT_V_INCONCLUSIVE)
			r->verdict = AUDIT_V_FAILED; // the reason stands: the call could no longer be answered
		audit_call_abandon(a, &c);
		return;
	}
	(void)audit_call_end(a, &c, r);
	audit_find(r, true, "6 forged CANCEL with the right branch (stranger, other peer) passed by; the call was answered and ended");
}

struct forged { // one response
	unsigned status;
	const char *phrase;
	const char *extra;
	bool sdp;
	bool ringing_first;
};

// From the stranger, the other peer, and another port of the called side's own host, to where the INVITE came from.
static uint32_t responses_fire(struct audit *a, const struct audit_call *c, const struct forged *f, const char *tag)
{
	char buf[AUDIT_MESSAGE_MAX], sdp[1024] = "";
	struct audit_text t, body;
	struct audit_end other;
	struct address port = a->end[AUDIT_CALLED].local, theft = a->end[AUDIT_STRANGER].local;
	uint32_t n = 0;

	theft.port = 44000;
	audit_text_init(&body, sdp, sizeof(sdp));
	if (f->sdp)
		audit_sdp_write(&theft, NULL, &body);
	audit_text_init(&t, buf, sizeof(buf));
	(void)audit_response_write(&c->in, f->status, f->phrase, tag, f->extra, sdp, &t); // overflow is seen by fire
	n += fire(a, AUDIT_STRANGER, &c->in_from, &t);
	n += fire(a, AUDIT_CALLER, &c->in_from, &t);
	port.port = 0;
	if (is_ok(audit_end_open(&other, &port)))
		n += audit_send(a, &other, &c->in_from, t.at, t.len);
	audit_end_close(&other);
	return n;
}

static void response_judge(struct audit *a, const struct audit_call *c, const struct forged *f, struct audit_result *r)
{
	struct audit_end *e = &a->end[AUDIT_CALLER];

	for (uint32_t n = 0; n < ANSWERS_MAX && audit_receive(a, e, AUDIT_QUIET_MS); n++) {
		if (!e->parsed || e->msg.is_request || !bytes_equal(sip_bytes(&e->msg, e->msg.call_id), bytes_of_string(c->call_id)))
			continue;
		if (e->msg.status == f->status || e->msg.status >= 200)
			audit_find(r, false, "the caller got %u from a forged %u", e->msg.status, f->status);
	}
	if (audit_await(a, &a->end[AUDIT_CALLED], "CANCEL", 0, 0, NULL, 0))
		audit_find(r, false, "the target gave the called side up");
	if (!audit_receive(a, &a->end[AUDIT_STRANGER], AUDIT_QUIET_MS))
		return;
	e = &a->end[AUDIT_STRANGER];
	if (e->parsed && e->msg.is_request) // ACK of the forged 200, INVITE to the forged contact
		audit_find(r, false, "the target sent %.*s to the stranger", (int)span_len(e->msg.method_name),
			(const char *)sip_bytes(&e->msg, e->msg.method_name).at);
}

static void response_probe(struct audit *a, struct audit_result *r, const struct forged *f)
{
	struct audit_call c = {0};
	char tag[AUDIT_TEXT_MAX];

	if (!audit_call_invite(a, &c, r))
		return;
	if (f->ringing_first)
		(void)audit_call_respond(a, &c, 180, "Ringing", NULL, false); // for a branch that can end
	if (f->ringing_first && !audit_await(a, &a->end[AUDIT_CALLER], NULL, 180, 180, c.call_id, AUDIT_WAIT_MS)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the 180 did not reach the caller");
		audit_call_abandon(a, &c);
		return;
	}
	audit_identifier(a, "ft", tag);
	uint32_t n = responses_fire(a, &c, f, f->ringing_first ? c.called_tag : tag);
	response_judge(a, &c, f, r);
	if (r->verdict == AUDIT_V_FAILED || !audit_call_answer(a, &c, r)) {
		if (r->verdict == AUDIT_V_INCONCLUSIVE)
			r->verdict = AUDIT_V_FAILED; // the reason stands: the true answer came too late
		audit_call_abandon(a, &c);
		return;
	}
	n += responses_fire(a, &c, f, tag); // once more, into the call that stands
	response_judge(a, &c, f, r);
	(void)audit_call_end(a, &c, r);
	audit_find(r, true, "%u forged %u with the right branch (stranger, other peer, other port) passed by; the true 200 counted",
		n, f->status);
}

void audit_probe_forged_199(struct audit *a, struct audit_result *r)
{
	response_probe(a, r, &(struct forged){199, "Early Dialog Terminated", "Reason: SIP;cause=404\r\n", false, true});
}

void audit_probe_forged_200(struct audit *a, struct audit_result *r)
{
	char extra[AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX];

	(void)snprintf(extra, sizeof(extra), "Contact: <sip:thief@%s>\r\n", address_text(&a->end[AUDIT_STRANGER].local, at));
	response_probe(a, r, &(struct forged){200, "OK", extra, true, false});
}

void audit_probe_forged_302(struct audit *a, struct audit_result *r)
{
	char extra[AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX];

	(void)snprintf(extra, sizeof(extra), "Contact: <sip:thief@%s>\r\n", address_text(&a->end[AUDIT_STRANGER].local, at));
	response_probe(a, r, &(struct forged){302, "Moved Temporarily", extra, false, false});
}

void audit_probe_forged_404(struct audit *a, struct audit_result *r)
{
	response_probe(a, r, &(struct forged){404, "Not Found", NULL, false, false});
}
