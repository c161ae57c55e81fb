// SPDX-License-Identifier: Apache-2.0
// SF-A3: a torture set in the manner of RFC 4475 and mutated messages, from a peer and from a stranger. The target must
// go on answering, and a call must still work.
#include "audit/inside.h"

enum {
	MUTATIONS = 400,      // with the set four seconds at the default rate
	ANSWERS = 40,         // mutated responses to each of ROUNDS calls
	ROUNDS = 4,
	BATCH = 50,           // messages between two looks whether the target lives
	EDITS_MAX = 6,        // of one mutated message
};

// Marks: @V Via with a fresh branch, @F From, @T To, @I Call-ID, @U Request-URI of the called number.
static const char *const torture[] = {
	"INVITE @U SIP/7.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE  @U  SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0 \r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE <@U> SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U; lr SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE nobodyKnowsThisScheme:totallyopaque SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 9999\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: -999\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 4294967297\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 18446744073709551617\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\nContent-Length: 7\r\n\r\nabcdefg",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 36893488147419103232 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nCSeq: 2 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@I@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nMax-Forwards: 300\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContact: \"quote <sip:a@b>\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContact: <sip:a@[::1>;expires=<<<<\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:99999;branch=\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nRequire: nothingSupportsThis, orThis\r\nProxy-Require: norThis\r\n"
		"Content-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nDate: Fri, 01 Jan 2010 16:00:00 EST\r\nExpires: 1 2 3\r\n"
		"Content-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nSession-Expires: 0;refresher=\r\nMin-SE: 99999999999\r\n"
		"Content-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=9",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Type: multipart/mixed;boundary=\"\"\r\nContent-Length: 4\r\n\r\n----",
	"INVITE @U SIP/2.0\n@V@F@T@ICSeq: 1 INVITE\nContent-Length: 0\n\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\n folded\r\n\t\tmore\r\n Content-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nX: \xc3\x28\xff\xfe\r\nContent-Length: 0\r\n\r\n",
	"INVITE @U SIP/2.0\r\n@V@F@T@ICSeq: 1 INVITE\r\nRoute: <sip:127.0.0.1;lr>, <sip:[::1]>, <tel:1>\r\n"
		"Record-Route: <sip:;lr>\r\nContent-Length: 0\r\n\r\n",
	"ACK @U SIP/2.0\r\n@V@F@T@ICSeq: 0 ACK\r\nContent-Length: 0\r\n\r\n",
	"PRACK @U SIP/2.0\r\n@V@F@T@ICSeq: 1 PRACK\r\nRAck: 4294967296 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"!interesting-Method0123456789_*+`.%indeed'~ @U SIP/2.0\r\n@V@F@T@ICSeq: 1 !interesting-Method0123456789_*+`.%indeed'~"
		"\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 4294967301 better not break the receiver\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200\r\n@V@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKz9hG4bK\r\n@F@T@ICSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: target\r\n\r\n",
	"\r\n\r\n\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01",
	"SIP/2.0",
};

static void expand(struct audit *a, const char *pattern, struct audit_text *t)
{
	char id[AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX];
	const struct audit_settings *s = a->s;

	for (const char *p = pattern; *p != '\0'; p++) {
		if (p[0] != '@' || strchr("VFTIU", p[1]) == NULL || p[1] == '\0') {
			audit_put_octets(t, p, 1);
			continue;
		}
		audit_identifier(a, *++p == 'V' ? "z9hG4bK" : "tort", id);
		if (*p == 'V')
			audit_put(t, "Via: SIP/2.0/UDP %s;branch=%s;rport\r\n",
				address_text(&a->end[AUDIT_CALLER].local, at), id);
		else if (*p == 'F')
			audit_put(t, "From: <sip:%s@%s>;tag=%s\r\n", s->from, s->domain, id);
		else if (*p == 'T')
			audit_put(t, "To: <sip:%s@%s>\r\n", s->to, s->domain);
		else if (*p == 'I')
			audit_put(t, "Call-ID: %s\r\n", id);
		else
			audit_put(t, "sip:%s@%s", s->to, s->domain);
	}
}

// Up to EDITS_MAX edits: an octet changed, a piece taken out, doubled, or made long.
static void edit(struct audit *a, struct audit_text *t)
{
	char copy[256];

	for (uint64_t edits = 1 + audit_random(a) % EDITS_MAX; edits > 0 && t->len > sizeof(copy); edits--) {
		uint64_t dice = audit_random(a);
		uint32_t at = (uint32_t)((dice >> 8) % t->len), n = 1 + (uint32_t)((dice >> 40) % sizeof(copy));
		n = n > t->len - at ? t->len - at : n;
		if ((dice & 3) == 0) {
			t->at[at] = (char)(dice >> 32);
		} else if ((dice & 3) == 1) {
			memmove(t->at + at, t->at + at + n, t->len - at - n);
			t->len -= n;
		} else if (n <= t->cap - t->len) {
			memcpy(copy, t->at + at, n);
			if ((dice & 3) == 3)
				memset(copy, copy[0], n);
			memmove(t->at + at + n, t->at + at, t->len - at);
			memcpy(t->at + at, copy, n);
			t->len += n;
		}
	}
}

static void mutate(struct audit *a, struct audit_text *t)
{
	char sdp[1024] = "";
	struct audit_text body;

	audit_text_init(&body, sdp, sizeof(sdp));
	audit_sdp_write(&a->end[AUDIT_CALLER].local, NULL, &body);
	expand(a, "INVITE @U SIP/2.0\r\n@VMax-Forwards: 70\r\n@F@T@ICSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1>\r\n"
		"Session-Expires: 1800;refresher=uac\r\nSupported: 100rel, timer\r\nContent-Type: application/sdp\r\n", t);
	audit_put(t, "Content-Length: %zu\r\n\r\n%s", strlen(sdp), sdp);
	edit(a, t);
}

// The called side itself answers a call with mutated responses: the target waits for just these.
static uint32_t answer_badly(struct audit *a)
{
	static const unsigned status[] = {100, 180, 183, 199, 200, 302, 401, 404, 500, 603};
	struct audit_call c = {0};
	struct audit_result r = {0};
	char buf[AUDIT_MESSAGE_MAX], sdp[1024] = "";
	uint32_t n = 0;

	if (!audit_call_invite(a, &c, &r))
		return 0;
	for (; n < ANSWERS && !a->spent; n++) {
		struct audit_text t, body;
		audit_text_init(&t, buf, sizeof(buf));
		audit_text_init(&body, sdp, sizeof(sdp));
		audit_sdp_write(&c.called_media, NULL, &body);
		(void)audit_response_write(&c.in, status[n % ARRAY_LEN(status)], "Mutated", c.called_tag,
			"Contact: <sip:x@127.0.0.1>\r\nRequire: 100rel\r\nRSeq: 1\r\nAllow: INVITE, UPDATE\r\n", sdp, &t); // it fits
		edit(a, &t);
		(void)audit_send(a, &a->end[AUDIT_CALLED], &c.in_from, t.at, t.len); // loss is lawful
	}
	audit_call_abandon(a, &c);
	return n;
}

// Refuse what came through of them, so that the target is not left with half-open calls of ours.
static uint32_t refuse_all(struct audit *a)
{
	struct audit_end *e = &a->end[AUDIT_CALLED];
	uint32_t n = 0;

	while (audit_receive(a, e, 1)) {
		n += e->parsed && e->msg.is_request && e->msg.method != SIP_ACK;
		audit_refuse(a, e);
	}
	(void)audit_drain(a, &a->end[AUDIT_CALLER], 0);
	(void)audit_drain(a, &a->end[AUDIT_STRANGER], 0);
	return n;
}

// Send message number I; false: the target lives no more, or the bound is reached.
static bool step(struct audit *a, uint32_t i, uint32_t *through)
{
	char buf[AUDIT_MESSAGE_MAX];
	struct audit_text t;

	audit_text_init(&t, buf, sizeof(buf));
	if (i < ARRAY_LEN(torture))
		expand(a, torture[i], &t);
	else
		mutate(a, &t);
	(void)audit_send(a, &a->end[AUDIT_CALLER], &a->s->target, t.at, t.len);
	if (i % 4 == 0) // a quarter of them from a stranger too
		(void)audit_send(a, &a->end[AUDIT_STRANGER], &a->s->target, t.at, t.len);
	*through += refuse_all(a);
	return i % BATCH != BATCH - 1 || audit_alive(a);
}

void audit_probe_malformed(struct audit *a, struct audit_result *r)
{
	struct audit_call c = {0};
	uint32_t through = 0, n = ARRAY_LEN(torture) + MUTATIONS;

	if (!audit_alive(a)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the target did not answer OPTIONS of the caller before the attack");
		return;
	}
	if (!audit_call_set_up(a, &c, r) || !audit_call_end(a, &c, r))
		return; // what does not work before shows nothing afterwards
	c = (struct audit_call){0};
	for (uint32_t i = 0; i < n && !a->spent; i++)
		if (!step(a, i, &through)) {
			audit_say(r, a->spent ? AUDIT_V_INCONCLUSIVE : AUDIT_V_FAILED,
				"no answer to OPTIONS after %u malformed messages (seed %llu)", i + 1, (unsigned long long)a->s->seed);
			return;
		}
	uint32_t answers = 0;
	for (uint32_t i = 0; i < ROUNDS; i++)
		answers += answer_badly(a);
	audit_pause(a, 1000); // budgets refill, refused calls end
	(void)refuse_all(a);
	if (!audit_alive(a) || !audit_call_set_up(a, &c, r)) {
		audit_say(r, a->spent ? AUDIT_V_INCONCLUSIVE : AUDIT_V_FAILED, "after %u malformed messages no call could be set up",
			n + answers);
		return;
	}
	(void)audit_call_end(a, &c, r);
	audit_find(r, true, "%zu torture, %u mutated requests (%u lawful enough to be relayed), %u mutated answers (seed %llu); a call works",
		ARRAY_LEN(torture), (unsigned)MUTATIONS, through, answers, (unsigned long long)a->s->seed);
}
