// SPDX-License-Identifier: Apache-2.0
// SF-I4, and SF-A4 towards strangers: requests that do not belong at a peering border, and people who do not.
#include "audit/inside.h"

static bool request_send(struct audit *a, enum audit_role role, const char *method, char id[AUDIT_TEXT_MAX])
{
	char buf[AUDIT_MESSAGE_MAX], branch[AUDIT_TEXT_MAX], tag[AUDIT_TEXT_MAX], extra[512], at[ADDRESS_TEXT_MAX];
	struct audit_text t;

	audit_identifier(a, "z9hG4bK", branch);
	audit_identifier(a, "unwanted-", id);
	audit_identifier(a, "ct", tag);
	bool events = strcmp(method, "SUBSCRIBE") == 0 || strcmp(method, "PUBLISH") == 0;
	(void)snprintf(extra, sizeof(extra), "Contact: <sip:%s@%s>\r\n%s%s", a->s->from,
		address_text(&a->end[role].local, at), events ? "Event: presence\r\n" : "",
		strcmp(method, "INVITE") == 0 ? "" : "Expires: 600\r\n");
	struct audit_request r = {.method = method, .via = &a->end[role].local, .branch = branch, .call_id = id,
		.from_tag = tag, .from = a->s->from, .to = a->s->to, .cseq = 1, .max_forwards = 70, .extra = extra};
	audit_text_init(&t, buf, sizeof(buf));
	return audit_request_write(a, &r, &t) && audit_send(a, &a->end[role], &a->s->target, t.at, t.len);
}

static void unwanted_try(struct audit *a, const char *method, struct audit_result *r)
{
	struct audit_end *e = &a->end[AUDIT_CALLER];
	char id[AUDIT_TEXT_MAX];

	if (!request_send(a, AUDIT_CALLER, method, id))
		return;
	bool answered = audit_await(a, e, NULL, 200, 699, id, AUDIT_WAIT_MS);
	if (a->end[AUDIT_CALLED].fd >= 0 && audit_await(a, &a->end[AUDIT_CALLED], method, 0, 0, NULL, 0)) {
		audit_find(r, false, "%s reached the called side", method);
		audit_refuse(a, &a->end[AUDIT_CALLED]);
	} else if (!answered)
		audit_find(r, false, "%s got no answer", method);
	else if (e->msg.status < 400 || (e->msg.status != 405 && e->msg.status != 403 && e->msg.status != 501))
		audit_find(r, false, "%s got %u instead of 405", method, e->msg.status);
	else if (e->msg.status == 405 && sip_first(&e->msg, SIP_HDR_ALLOW) == NULL)
		audit_find(r, false, "%s got 405 without Allow", method); // RFC3261#21.4.6
	else
		audit_find(r, true, "%s %u", method, e->msg.status);
}

void audit_probe_unwanted(struct audit *a, struct audit_result *r)
{
	static const char *const methods[] = {"REGISTER", "PUBLISH", "SUBSCRIBE", "FROBNICATE"};

	if (!audit_alive(a)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the target does not answer OPTIONS of the caller");
		return;
	}
	for (uint32_t i = 0; i < ARRAY_LEN(methods); i++)
		unwanted_try(a, methods[i], r);
}

// Silence proves something only of a target that lives.
static void silence_judge(struct audit *a, struct audit_result *r)
{
	if (r->verdict != AUDIT_V_HELD)
		return;
	if (a->end[AUDIT_CALLER].fd < 0)
		audit_say(r, AUDIT_V_INCONCLUSIVE, "silence, but without --caller nothing shows that the target lives");
	else if (!audit_alive(a))
		audit_say(r, AUDIT_V_INCONCLUSIVE, "silence, but the target does not answer OPTIONS of the caller either");
}

void audit_probe_stranger(struct audit *a, struct audit_result *r)
{
	static const char *const methods[] = {"OPTIONS", "INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE", "FROBNICATE"};
	struct audit_end *e = &a->end[AUDIT_STRANGER];
	char id[AUDIT_TEXT_MAX];

	for (uint32_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (!request_send(a, AUDIT_STRANGER, methods[i], id)) {
			audit_say(r, AUDIT_V_INCONCLUSIVE, "the stranger cannot send; name a local address by --stranger");
			return;
		}
		if (audit_receive(a, e, AUDIT_QUIET_MS))
			audit_find(r, false, "%s was answered with %.*s", methods[i], e->in_len < 11 ? (int)e->in_len : 11,
				(const char *)e->in);
		if (a->end[AUDIT_CALLED].fd >= 0 && audit_await(a, &a->end[AUDIT_CALLED], methods[i], 0, 0, NULL, 0) &&
			i != 0) { // OPTIONS may be the target's own
			audit_find(r, false, "the stranger's %s reached the called side", methods[i]);
			audit_refuse(a, &a->end[AUDIT_CALLED]);
		}
	}
	while (audit_receive(a, &a->end[AUDIT_CALLED], AUDIT_QUIET_MS)) // what came through late
		audit_refuse(a, &a->end[AUDIT_CALLED]);
	audit_find(r, true, "%zu requests: silence", ARRAY_LEN(methods));
	silence_judge(a, r);
}

struct packet {
	const char *name;
	struct bytes octets;
};

void audit_probe_amplification(struct audit *a, struct audit_result *r)
{
	enum { LINGER_MS = 4000 }; // answers that are sent again come after 0.5, 1 and 2 s
	static const char *const methods[] = {"OPTIONS", "INVITE", "REGISTER", "BYE"};
	const struct packet raw[] = {
		{"ping", BYTES("\r\n\r\n")},
		{"garbage", BYTES("x")},
		{"STUN", BYTES("\x00\x01\x00\x00\x21\x12\xa4\x42" "abcdefghijkl")},
		{"short request", BYTES("INVITE sip:a@b SIP/2.0\r\n\r\n")},
		{"DTLS", BYTES("\x16\xfe\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00")},
	};
	struct audit_end *e = &a->end[AUDIT_STRANGER];
	char id[AUDIT_TEXT_MAX];

	for (uint32_t i = 0; i < ARRAY_LEN(methods) + ARRAY_LEN(raw); i++) {
		uint64_t sent = e->sent, received = e->received;
		const char *name = i < ARRAY_LEN(methods) ? methods[i] : raw[i - ARRAY_LEN(methods)].name;
		bool out = i < ARRAY_LEN(methods) ? request_send(a, AUDIT_STRANGER, name, id)
			: audit_send(a, e, &a->s->target, raw[i - ARRAY_LEN(methods)].octets.at,
				(uint32_t)raw[i - ARRAY_LEN(methods)].octets.len);
		if (!out) {
			audit_say(r, AUDIT_V_INCONCLUSIVE, "the stranger cannot send; name a local address by --stranger");
			return;
		}
		while (audit_receive(a, e, AUDIT_QUIET_MS))
			;
		if (e->received - received > e->sent - sent)
			audit_find(r, false, "%s of %llu octets was answered with %llu", name, (unsigned long long)(e->sent - sent),
				(unsigned long long)(e->received - received));
	}
	while (audit_receive(a, e, LINGER_MS) && audit_time_left(a))
		;
	audit_find(r, e->received <= e->sent, "%llu octets sent, %llu came back", (unsigned long long)e->sent,
		(unsigned long long)e->received);
	silence_judge(a, r);
}
