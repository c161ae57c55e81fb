// SPDX-License-Identifier: Apache-2.0
// LUF-I1, LUF-C1, LRF-I2, LRF-I4, LRF-A1: what a target makes of the keys by which it is asked to look up, and of the ways that it is told.
#include "audit/inside.h"

#include <stdio.h>

enum {
	FLOOD = 150,          // look-ups of one flood: within the message limits of a usual peer
	HARVEST = 120,        // numbers that nobody has; a target that counts is content with fewer
	UNALLOCATED = 990000, // +CC and these: no country has the code 999 (E.164)
	FLOOD_WAIT_MS = 3000,
};

// ---- LUF-I1

void audit_probe_injection_keys(struct audit *a, struct audit_result *r)
{
	static const char *const user[] = {"%s'%%20OR%%20'1'%%3d'1", "%s'%%3bDROP%%20TABLE%%20range%%3b--", "%s%%00", "%s%%0d%%0aVia:x", "%sx", "..%%2f..%%2fetc%%2fpasswd",
		"%s%s%s%s", "!%s!\\1!", "%%25s%%25n%%25n", "%%ff%%fe%s", "*.9.4.e164.arpa."};
	struct audit_end *e = &a->end[AUDIT_CALLER];
	uint32_t refused = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(user) && audit_time_left(a); i++) {
		char key[6 * AUDIT_TEXT_MAX], uri[8 * AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX];
		const char *to = a->s->to;
		(void)snprintf(key, sizeof(key), user[i], to, to, to, to); // each has as many as it names
		(void)snprintf(uri, sizeof(uri), "sip:%s@%s", key, a->s->domain);
		const struct audit_asked q = {AUDIT_CALLER, &a->s->target, a->s->from, uri};
		if (!audit_look_up(a, &q, id))
			continue;
		unsigned status = audit_status_of(a, AUDIT_CALLER, id);
		if (audit_reached(a, AUDIT_CALLED, 0))
			audit_find(r, false, "key %u (%.24s) reached the called side", i + 1, user[i]);
		else if (status < 400)
			audit_find(r, false, "key %u (%.24s) got %u", i + 1, user[i], status);
		else
			refused++;
	}
	(void)audit_drain(a, e, 0);
	audit_find(r, audit_alive(a), "%u hostile keys refused, the target goes on", refused);
}

// ---- LUF-C1

// Numbers of a country code that is nobody's, then one that somebody has: whoever goes through numbers learns no more from it.
void audit_probe_harvest(struct audit *a, struct audit_result *r)
{
	char uri[4 * AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX];
	const struct audit_asked q = {AUDIT_CALLED, &a->s->called_target, a->s->to, uri};
	unsigned first = 0, last = 0;
	uint32_t sent = 0;

	(void)snprintf(uri, sizeof(uri), "sip:%s@%s", a->s->from, a->s->domain);
	if (!audit_look_up(a, &q, id) || !audit_reached(a, AUDIT_CALLER, AUDIT_WAIT_MS)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "a MESSAGE of the called side does not reach the caller in the first place");
		return;
	}
	(void)audit_drain(a, &a->end[AUDIT_CALLED], AUDIT_QUIET_MS);
	for (uint32_t i = 0; i < HARVEST && last != 503 && audit_time_left(a); i++) {
		(void)snprintf(uri, sizeof(uri), "sip:+999%u@%s", UNALLOCATED + 37 * i, a->s->domain);
		if (!audit_look_up(a, &q, id))
			break;
		sent++;
		last = audit_status_of(a, AUDIT_CALLED, id);
		first = first == 0 ? last : first;
		if (last < 400 || audit_reached(a, AUDIT_CALLER, 0)) {
			audit_find(r, false, "a number that nobody has was passed on (%u)", last);
			return;
		}
	}
	(void)snprintf(uri, sizeof(uri), "sip:%s@%s", a->s->from, a->s->domain);
	bool still = audit_look_up(a, &q, id) && audit_reached(a, AUDIT_CALLER, AUDIT_QUIET_MS);
	audit_find(r, !still, "after %u numbers that nobody has (%u) an allocated one is %s", sent, first,
		still ? "told all the same" : "told no more");
	(void)audit_drain(a, &a->end[AUDIT_CALLED], AUDIT_QUIET_MS);
}

// ---- LRF-I4

// A peer's own number, asked for by that peer: through the target it would come back to him, and go round.
void audit_probe_round(struct audit *a, struct audit_result *r)
{
	char uri[4 * AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX];
	const struct audit_asked q = {AUDIT_CALLED, &a->s->called_target, a->s->to, uri};

	(void)snprintf(uri, sizeof(uri), "sip:%s@%s", a->s->to, a->s->domain);
	if (!audit_look_up(a, &q, id)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the called side cannot send");
		return;
	}
	struct audit_end *e = &a->end[AUDIT_CALLED];
	while (audit_receive(a, e, AUDIT_WAIT_MS)) { // request and answer come to one socket
		if (e->parsed && e->msg.is_request && e->msg.method == SIP_MESSAGE) {
			audit_refuse(a, e);
			audit_find(r, false, "a request of the called side for its own number came back to it");
			return;
		}
		if (e->parsed && !e->msg.is_request && e->msg.status >= 200) {
			audit_find(r, e->msg.status >= 400, "its own number, asked for by the called side: %u", e->msg.status);
			return;
		}
	}
	audit_find(r, false, "its own number, asked for by the called side: no answer");
}

// ---- LRF-I2

// The called side answers 302 with the address of a stranger: no packet may go there.
void audit_probe_elsewhere(struct audit *a, struct audit_result *r)
{
	static struct audit_call c; // large
	char contact[3 * AUDIT_TEXT_MAX], at[ADDRESS_TEXT_MAX];
	struct audit_end *s = &a->end[AUDIT_STRANGER];

	c = (struct audit_call){0};
	(void)audit_drain(a, s, 0);
	uint64_t before = s->received;
	if (!audit_call_invite(a, &c, r))
		return;
	(void)snprintf(contact, sizeof(contact), "Contact: <sip:thief@%s>\r\n", address_text(&s->local, at));
	if (!audit_call_respond(a, &c, 302, "Moved Temporarily", contact, false)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "the called side cannot answer");
		return;
	}
	bool came = audit_receive(a, s, AUDIT_WAIT_MS);
	audit_find(r, !came && s->received == before, came ? "an INVITE went to an address that only a 302 names" : "nothing went to the address in a 302");
	audit_call_abandon(a, &c);
}

// ---- LRF-A1

void audit_probe_lookup_flood(struct audit *a, struct audit_result *r)
{
	static struct audit_call c; // large
	char uri[4 * AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX];
	const struct audit_asked q = {AUDIT_CALLER, &a->s->target, a->s->from, uri};
	struct audit_end *e = &a->end[AUDIT_CALLER];
	uint32_t sent = 0, answered = 0;

	for (uint32_t i = 0; i < FLOOD && audit_time_left(a); i++) {
		(void)snprintf(uri, sizeof(uri), "sip:+999%u@%s", UNALLOCATED + 37 * i, a->s->domain);
		sent += audit_look_up(a, &q, id);
		while (audit_await(a, e, NULL, 200, 699, NULL, 0))
			answered++;
	}
	while (answered < sent && audit_await(a, e, NULL, 200, 699, NULL, FLOOD_WAIT_MS))
		answered++;
	if (answered < sent - sent / 20) // datagrams may be lost
		audit_find(r, false, "%u of %u look-ups at once were answered", answered, sent);
	if (!audit_alive(a)) {
		audit_find(r, false, "after %u look-ups at once OPTIONS are not answered any more", sent);
		return;
	}
	c = (struct audit_call){0};
	struct audit_result call = {0};
	bool up = audit_call_set_up(a, &c, &call);
	audit_find(r, up, "%u look-ups at once, %u answered; a call behind them %s", sent, answered, up ? "came about" : "did not come about");
	if (up && !audit_call_end(a, &c, &call))
		audit_call_abandon(a, &c);
}
