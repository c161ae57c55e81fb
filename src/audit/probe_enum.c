// SPDX-License-Identifier: Apache-2.0
// LUF-C3, LUF-I2, LUF-A2, LUF-A3: what a target makes of the ENUM tree that it asks for numbers. We are the DNS server.
#include "audit/dns.h"
#include "base/clock.h"

enum {
	EXPIRY_MS = 2500,     // [ms] an answer has lived for by then
	LOOP_QUESTIONS_MAX = 64, // of one number: far above what a chain that ends needs
	AGAIN_MS = 500,       // [ms] between two tries whether look-ups work
	KNOWN = 2,            // numbers that the target knew before its server was lost
};

bool audit_enum_works(struct audit *a, struct audit_result *r, char number[AUDIT_TEXT_MAX])
{
	const struct audit_dns_script good = {.mode = AUDIT_DNS_GOOD};
	uint64_t end = clock_now().mono_us + AUDIT_REFRESH_MS * MS;
	uint32_t mark = audit_dns_play(a->dns, &good);
	enum audit_landed at;
	unsigned status;

	for (;;) { // a target may have asked for its peers before we were there, and ask again after a while
		audit_number(a, number);
		at = audit_follow(a, number, AUDIT_ANSWER_MS, &status);
		if (at == AUDIT_AT_RESOLVED)
			return true;
		if (clock_now().mono_us >= end || !audit_time_left(a))
			break;
		audit_pause(a, AGAIN_MS);
	}
	audit_unjudged(r, "a number that ENUM gives to the resolved peer %s (%u) in the first place; %u questions came",
		audit_landed_name[at], status, audit_dns_asked_all(a->dns, mark));
	return false;
}

void audit_dns_good(struct audit *a)
{
	const struct audit_dns_script good = {.mode = AUDIT_DNS_GOOD};
	(void)audit_dns_play(a->dns, &good); // its mark is not needed
}

// ---- LUF-C3

// The digits of NUMBER as they stand in front of a tree.
static void digits_of(const char *number, const char *apex, char out[AUDIT_NAME_MAX])
{
	audit_dns_name(number, apex, out);
	size_t n = strlen(out), k = strlen(apex);
	if (n > k)
		out[n - k] = '\0';
}

static void stays_here(struct audit *a, struct audit_result *r, uint32_t mark, const char *number, const char *what)
{
	char digits[AUDIT_NAME_MAX], name[AUDIT_NAME_MAX];

	digits_of(number, a->s->apex, digits);
	if (audit_dns_find(a->dns, mark, digits, name))
		audit_find(r, false, "%s was asked for as %.80s", what, name);
}

void audit_probe_public_tree(struct audit *a, struct audit_result *r)
{
	const struct audit_dns_script outside = {.mode = AUDIT_DNS_OUTSIDE};
	char number[AUDIT_TEXT_MAX];
	unsigned status;

	if (!audit_enum_works(a, r, number))
		return;
	uint32_t mark = audit_dns_play(a->dns, &outside);
	audit_number(a, number);
	(void)audit_follow(a, number, AUDIT_ANSWER_MS, &status); // where to is no matter, only what is asked meanwhile
	uint32_t in_tree = audit_dns_asked(a->dns, mark, a->s->apex, true) + audit_dns_asked(a->dns, mark, a->s->signed_apex, true);
	uint32_t public = audit_dns_asked(a->dns, mark, "e164.arpa", true);
	if (public > 0)
		audit_find(r, false, "%u questions went to e164.arpa", public);
	(void)audit_follow(a, a->s->to, AUDIT_ANSWER_MS, &status);
	stays_here(a, r, mark, a->s->to, "a number that the target knows itself");
	audit_dns_good(a);
	if (in_tree == 0 && public == 0)
		audit_unjudged(r, "no question about the number came at all");
	else
		audit_find(r, true, "a record that leads to e164.arpa led to no question there (%u in the configured tree); a number "
			"that the target knows itself was asked of nobody", in_tree);
}

// ---- LUF-I2

static void forged(struct audit *a, struct audit_result *r, const struct audit_dns_script *script, const char *number, const char *what)
{
	unsigned status;

	uint32_t mark = audit_dns_play(a->dns, script);
	enum audit_landed at = audit_follow(a, number, AUDIT_ANSWER_MS, &status);
	audit_find(r, at == AUDIT_AT_RESOLVED, "%s: the look-up %s (%u; %u questions)", what, audit_landed_name[at], status,
		audit_dns_asked_all(a->dns, mark));
}

static void unproved(struct audit *a, struct audit_result *r, enum audit_dns_mode mode, const char *what)
{
	const struct audit_dns_script script = {.mode = mode};
	char number[AUDIT_TEXT_MAX];
	unsigned status;

	uint32_t mark = audit_dns_play(a->dns, &script);
	audit_number(a, number);
	enum audit_landed at = audit_follow(a, number, AUDIT_ANSWER_MS, &status);
	if (audit_dns_asked(a->dns, mark, a->s->signed_apex, true) == 0)
		audit_unjudged(r, "nothing is asked below %s", a->s->signed_apex);
	else
		audit_find(r, at == AUDIT_NOWHERE && status >= 400, "%s where DNSSEC is required: the look-up %s (%u)", what,
			audit_landed_name[at], status);
}

void audit_probe_forged_answer(struct audit *a, struct audit_result *r)
{
	const struct audit_dns_script lies = {.mode = AUDIT_DNS_FORGED};
	struct audit_dns_script poison = {.mode = AUDIT_DNS_POISON};
	char number[AUDIT_TEXT_MAX], victim[AUDIT_TEXT_MAX];

	if (!audit_enum_works(a, r, number))
		return;
	audit_number(a, number);
	forged(a, r, &lies, number, "a wrong number and a wrong source ahead of the answer");
	audit_number(a, number);
	audit_number(a, victim);
	audit_dns_name(victim, a->s->apex, poison.other);
	forged(a, r, &poison, number, "an answer that also speaks of another number");
	forged(a, r, &poison, victim, "that other number");
	unproved(a, r, AUDIT_DNS_UNSIGNED, "an unsigned answer");
	unproved(a, r, AUDIT_DNS_FALSELY_SIGNED, "a falsely signed answer");
	audit_dns_good(a);
}

// ---- LUF-A3

static void exhaust(struct audit *a, struct audit_result *r, enum audit_dns_mode mode, const char *what)
{
	const struct audit_dns_script script = {.mode = mode};
	char number[AUDIT_TEXT_MAX];
	unsigned status;

	uint32_t mark = audit_dns_play(a->dns, &script);
	audit_number(a, number);
	uint64_t began = clock_now().mono_us;
	enum audit_landed at = audit_follow(a, number, AUDIT_ANSWER_MS, &status);
	uint64_t ms = (clock_now().mono_us - began) / MS;
	uint32_t asked = audit_dns_asked_all(a->dns, mark);
	bool alive = audit_alive(a);
	bool held = at == AUDIT_NOWHERE && status >= 400 && asked <= LOOP_QUESTIONS_MAX && alive;
	audit_find(r, held, "%s: %u after %u ms and %u questions%s", what, status, (unsigned)ms, asked, alive ? "" : ", then no answer to OPTIONS");
}

void audit_probe_exhausting(struct audit *a, struct audit_result *r)
{
	char number[AUDIT_TEXT_MAX];
	struct audit_result after = {0};

	if (!audit_enum_works(a, r, number))
		return;
	exhaust(a, r, AUDIT_DNS_HUGE, "400 records");
	exhaust(a, r, AUDIT_DNS_RECORD_LOOP, "records without end");
	exhaust(a, r, AUDIT_DNS_ALIAS_LOOP, "aliases without end");
	exhaust(a, r, AUDIT_DNS_PATTERN, "explosive patterns");
	audit_find(r, audit_enum_works(a, &after, number), "a look-up afterwards %s", after.verdict == AUDIT_V_HELD ? "works" : "does not work");
}

// ---- LUF-A2

static void lose(struct audit *a, struct audit_result *r, enum audit_dns_mode mode, const char *what)
{
	const struct audit_dns_script lost = {.mode = mode};
	char known[KNOWN][AUDIT_TEXT_MAX], unknown[AUDIT_TEXT_MAX];
	unsigned status;
	uint32_t served = 0;

	for (uint32_t i = 0; i < KNOWN; i++)
		if (!audit_enum_works(a, r, known[i]))
			return;
	(void)audit_dns_play(a->dns, &lost); // from here on
	audit_pause(a, EXPIRY_MS);
	for (uint32_t i = 0; i < KNOWN; i++)
		served += audit_follow(a, known[i], AUDIT_ANSWER_MS, &status) == AUDIT_AT_RESOLVED;
	bool own = audit_follow(a, a->s->to, AUDIT_WAIT_MS, &status) == AUDIT_AT_CALLED;
	audit_number(a, unknown);
	enum audit_landed at = audit_follow(a, unknown, AUDIT_ANSWER_MS, &status);
	audit_find(r, served == KNOWN, "%s: %u of %u numbers that were known before are served", what, served, (unsigned)KNOWN);
	audit_find(r, own, "a number of its own %s", own ? "too" : "is not");
	audit_find(r, at == AUDIT_NOWHERE && status >= 400, "an unknown one %s (%u)", audit_landed_name[at], status);
}

void audit_probe_lost(struct audit *a, struct audit_result *r)
{
	lose(a, r, AUDIT_DNS_FAILING, "a server that fails");
	audit_dns_good(a);
	if (r->verdict != AUDIT_V_INCONCLUSIVE)
		lose(a, r, AUDIT_DNS_SILENT, "a silent one");
	audit_dns_good(a);
}
