// SPDX-License-Identifier: Apache-2.0
// SF-A4: requests that would go round for ever, or arrive by several ways.
#include "audit/inside.h"

// The caller's INVITE with MAX_FORWARDS and BRANCH; identifiers of C.
static bool invite_again(struct audit *a, const struct audit_call *c, uint32_t max_forwards, const char *branch)
{
	char buf[AUDIT_MESSAGE_MAX], sdp[1024] = "", extra[AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX];
	struct audit_text t, body;
	struct address media = a->end[AUDIT_CALLER].local;

	media.port = 40000;
	audit_text_init(&body, sdp, sizeof(sdp));
	audit_sdp_write(&media, NULL, &body);
	(void)snprintf(extra, sizeof(extra), "Contact: <sip:x@%s>\r\n", address_text(&a->end[AUDIT_CALLER].local, at));
	struct audit_request r = {.method = "INVITE", .via = &a->end[AUDIT_CALLER].local, .branch = branch,
		.call_id = c->call_id, .from_tag = c->from_tag, .from = a->s->from, .to = a->s->to, .cseq = 1,
		.max_forwards = max_forwards, .extra = extra, .sdp = sdp};
	audit_text_init(&t, buf, sizeof(buf));
	return audit_request_write(a, &r, &t) && audit_send(a, &a->end[AUDIT_CALLER], &a->s->target, t.at, t.len);
}

static void relayed(struct audit *a, struct audit_result *r, const char *what)
{
	audit_find(r, false, "%s", what);
	audit_refuse(a, &a->end[AUDIT_CALLED]);
}

static void hop_limit(struct audit *a, struct audit_result *r)
{
	struct audit_call c = {0};
	struct audit_end *e = &a->end[AUDIT_CALLER];

	audit_identifier(a, "hops-", c.call_id);
	audit_identifier(a, "ct", c.from_tag);
	audit_identifier(a, "z9hG4bK", c.branch);
	if (!invite_again(a, &c, 0, c.branch))
		return;
	bool answered = audit_await(a, e, NULL, 200, 699, c.call_id, AUDIT_WAIT_MS);
	unsigned status = answered ? e->msg.status : 0;
	if (audit_await(a, &a->end[AUDIT_CALLED], "INVITE", 0, 0, NULL, AUDIT_QUIET_MS))
		relayed(a, r, "an INVITE with Max-Forwards 0 was relayed");
	else
		audit_find(r, status == 483, "Max-Forwards 0: %u", status);
}

// What the called side got comes back by the caller's peer, as if a network behind had sent it home: everything about
// it is permitted but the loop.
static void own_via(struct audit *a, const struct audit_call *c, struct audit_result *r)
{
	char buf[AUDIT_INBOX_MAX], branch[AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX], id[AUDIT_TEXT_MAX];
	struct audit_end *e = &a->end[AUDIT_CALLER], *there = &a->end[AUDIT_CALLED];
	const uint8_t *line = memmem(c->invite, c->invite_len, "\r\n", 2);
	struct audit_text t;

	if (line == NULL)
		return; // it was parsed: it has lines
	audit_identifier(a, "z9hG4bK", branch);
	audit_text_init(&t, buf, sizeof(buf));
	audit_put(&t, "INVITE sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport", a->s->to, a->s->domain,
		address_text(&e->local, at), branch);
	audit_put_octets(&t, line, c->invite_len - (size_t)(line - c->invite));
	if (t.overflow || !audit_send(a, e, &a->s->target, t.at, t.len))
		return;
	audit_copy(&c->in, c->in.call_id, id, sizeof(id));
	bool answered = audit_await(a, e, NULL, 300, 699, id, AUDIT_WAIT_MS);
	unsigned status = answered ? e->msg.status : 0;
	if (audit_await(a, there, "INVITE", 0, 0, NULL, AUDIT_QUIET_MS) &&
		!bytes_equal(sip_bytes(&there->msg, there->msg.branch), sip_bytes(&c->in, c->in.branch)))
		relayed(a, r, "an INVITE with the target's own Via went round again");
	else
		audit_find(r, true, "own Via: %u", status); // 482 or 483; a policy that refuses it sooner ends the loop too
}

static void merged(struct audit *a, const struct audit_call *c, struct audit_result *r)
{
	char branch[AUDIT_TEXT_MAX];
	struct audit_end *e = &a->end[AUDIT_CALLER];

	audit_identifier(a, "z9hG4bK", branch);
	if (!invite_again(a, c, 70, branch))
		return;
	bool answered = audit_await(a, e, NULL, 300, 699, c->call_id, AUDIT_WAIT_MS);
	unsigned status = answered ? e->msg.status : 0;
	if (audit_await(a, &a->end[AUDIT_CALLED], "INVITE", 0, 0, NULL, AUDIT_QUIET_MS) &&
		!bytes_equal(sip_bytes(&a->end[AUDIT_CALLED].msg, a->end[AUDIT_CALLED].msg.branch), sip_bytes(&c->in, c->in.branch)))
		relayed(a, r, "the same request by another way was relayed a second time");
	else
		audit_find(r, true, "merged request: %u", status); // 482 (RFC3261#8.2.2.2), or nothing
}

void audit_probe_loop(struct audit *a, struct audit_result *r)
{
	struct audit_call c = {0};

	if (!audit_call_invite(a, &c, r))
		return;
	(void)audit_call_respond(a, &c, 180, "Ringing", NULL, false); // so that it is not sent again
	(void)audit_drain(a, &a->end[AUDIT_CALLER], AUDIT_QUIET_MS);
	own_via(a, &c, r);
	merged(a, &c, r);
	audit_call_abandon(a, &c);
	(void)audit_drain(a, &a->end[AUDIT_CALLED], AUDIT_QUIET_MS);
	hop_limit(a, r);
}
