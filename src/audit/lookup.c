// SPDX-License-Identifier: Apache-2.0
// Questions to the target, and where they came out.
#include "audit/inside.h"
#include "base/clock.h"

enum {
	NUMBERS = 1000000, // six digits behind the prefix
	STRIDE = 7919,     // prime to them: no number twice in a run, and neighbours far apart
	SLICE_MS = 20,     // [ms] between two looks at the same role
};

const char *const audit_landed_name[AUDIT_LANDED] = {"reached nobody", "reached the called side", "reached the stranger",
	"reached the resolved peer", "reached the secured peer"};

bool audit_look_up(struct audit *a, const struct audit_asked *q, char id[AUDIT_TEXT_MAX])
{
	// As long as a usual request: a target may refuse to answer with more octets than came (SF-A4).
	static const char usual[] = "Subject: a look-up of the audit, as long as requests of a usual peer are, so that each answer is shorter\r\n"
				    "User-Agent: sallyport-audit\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, MESSAGE\r\n";
	char buf[AUDIT_MESSAGE_MAX], branch[AUDIT_TEXT_MAX], tag[AUDIT_TEXT_MAX];
	struct audit_text t;

	audit_identifier(a, "z9hG4bK", branch);
	audit_identifier(a, "look-up-", id);
	audit_identifier(a, "ct", tag);
	struct audit_request r = {.method = "MESSAGE", .uri = q->uri, .via = &a->end[q->role].local, .branch = branch, .call_id = id,
		.from_tag = tag, .from = q->from, .to = q->from, .cseq = 1, .max_forwards = 70, .extra = usual};
	audit_text_init(&t, buf, sizeof(buf));
	return audit_request_write(a, &r, &t) && audit_send(a, &a->end[q->role], q->target, t.at, t.len);
}

bool audit_reached(struct audit *a, enum audit_role role, uint32_t ms)
{
	bool came = a->end[role].fd >= 0 && audit_await(a, &a->end[role], "MESSAGE", 0, 0, NULL, ms);

	if (came)
		audit_refuse(a, &a->end[role]);
	return came;
}

unsigned audit_status_of(struct audit *a, enum audit_role role, const char *id)
{
	return audit_await(a, &a->end[role], NULL, 200, 699, id, AUDIT_WAIT_MS) ? a->end[role].msg.status : 0;
}

void audit_number(struct audit *a, char out[AUDIT_TEXT_MAX])
{
	uint64_t n = (a->run % NUMBERS + (uint64_t)STRIDE * ++a->numbers) % NUMBERS; // caches know none of an earlier run
	(void)snprintf(out, AUDIT_TEXT_MAX, "%.*s%06u", AUDIT_PREFIX_MAX, a->s->prefix, (unsigned)n);
}

static enum audit_landed landed(struct audit *a)
{
	static const enum audit_role role[AUDIT_LANDED] = {[AUDIT_AT_CALLED] = AUDIT_CALLED, [AUDIT_AT_STRANGER] = AUDIT_STRANGER,
		[AUDIT_AT_RESOLVED] = AUDIT_RESOLVED, [AUDIT_AT_SECURED] = AUDIT_SECURED};

	for (uint32_t i = AUDIT_AT_CALLED; i < AUDIT_LANDED; i++)
		if (audit_reached(a, role[i], 0))
			return (enum audit_landed)i;
	return AUDIT_NOWHERE;
}

enum audit_landed audit_follow(struct audit *a, const char *number, uint32_t ms, unsigned *status)
{
	char uri[4 * AUDIT_TEXT_MAX], id[AUDIT_TEXT_MAX];
	const struct audit_asked q = {AUDIT_CALLER, &a->s->target, a->s->from, uri};
	uint64_t end = clock_now().mono_us + ms * MS;
	enum audit_landed at = AUDIT_NOWHERE;

	*status = 0;
	(void)snprintf(uri, sizeof(uri), "sip:%s@%s", number, a->s->domain);
	if (!audit_look_up(a, &q, id))
		return AUDIT_NOWHERE;
	while (at == AUDIT_NOWHERE && *status == 0 && clock_now().mono_us < end && audit_time_left(a)) {
		if (audit_await(a, &a->end[AUDIT_CALLER], NULL, 200, 699, id, SLICE_MS))
			*status = a->end[AUDIT_CALLER].msg.status;
		at = landed(a);
	}
	if (at != AUDIT_NOWHERE && *status == 0 && audit_await(a, &a->end[AUDIT_CALLER], NULL, 200, 699, id, AUDIT_QUIET_MS))
		*status = a->end[AUDIT_CALLER].msg.status;
	return at;
}
