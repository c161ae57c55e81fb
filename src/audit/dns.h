// SPDX-License-Identifier: Apache-2.0
// The DNS server that the audit plays: a thread of its own answers what the target asks, by a script that each probe sets, and
// notes every question. Its zones: two ENUM trees and the domains of the resolved and the secured peer. Whatever else is asked
// for does not exist.
#ifndef AUDIT_DNS_H
#define AUDIT_DNS_H

#include "audit/inside.h"

enum {
	AUDIT_ANSWER_MS = 5000,    // [ms] within which whoever asks is told something: a caller waits no longer
	AUDIT_REFRESH_MS = 25000,  // [ms] within which a target has asked again for an answer of one second
	AUDIT_NAME_MAX = 256,      // [octets] RFC1035#2.3.4 and the end
	AUDIT_QUESTIONS_MAX = 1024, // kept; further ones are counted. Nobody needs so many for one probe
	AUDIT_ZONE_MAX = 65536,    // [octets] lines of one answer
	AUDIT_SET_MAX = 400,       // records of the largest: an answer over TCP is half full
};

enum audit_dns_mode {
	AUDIT_DNS_GOOD = 0,   // numbers lead to script.domain, domains to their peers
	AUDIT_DNS_FORGED,     // before the good answer one with another number and one from another source lead to the stranger
	AUDIT_DNS_POISON,     // the good answer holds a record of script.other that leads to the stranger
	AUDIT_DNS_UNSIGNED,   // the open tree knows nothing; the signed one answers without signatures
	AUDIT_DNS_FALSELY_SIGNED, // likewise, with a signature that is none
	AUDIT_DNS_OUTSIDE,    // numbers lead to the public tree
	AUDIT_DNS_HUGE,       // as many records as an answer holds, none of which is of use
	AUDIT_DNS_RECORD_LOOP, // each record leads to the next, for ever
	AUDIT_DNS_ALIAS_LOOP, // each name is an alias of the next, for ever
	AUDIT_DNS_PATTERN,    // substitution expressions that take exponential time
	AUDIT_DNS_SILENT,     // no answer to anything
	AUDIT_DNS_FAILING,    // server failure for everything
	AUDIT_DNS_HOSTS_SILENT, // numbers as before; of domains and hosts nothing
	AUDIT_DNS_ELSEWHERE,  // the hosts of both peers stand at the stranger's address
	AUDIT_DNS_LOWER,      // the secured peer is offered over UDP and clear TCP alone
};

struct audit_dns_script {
	enum audit_dns_mode mode;
	char domain[AUDIT_TEXT_MAX]; // where numbers lead to; "": the resolved peer's
	char other[AUDIT_NAME_MAX];  // of AUDIT_DNS_POISON
};

struct audit_dns_reply { // what a question is answered with
	bool silent;
	uint8_t rcode;
	char *lines; // of a zone file, AUDIT_ZONE_MAX
	uint32_t len;
};

struct audit_dns;

// Bind A->s->dns for UDP and TCP and begin to answer. E_SYSTEM, E_NO_MEMORY.
MUST_USE result audit_dns_open(struct audit_dns **out, const struct audit *a);
void audit_dns_close(struct audit_dns *d);
// From now on SCRIPT. Answers how many questions there were: a mark for the two below.
uint32_t audit_dns_play(struct audit_dns *d, const struct audit_dns_script *script);
// How many questions since MARK were for TEXT: the whole name, or when END, a name that ends so.
uint32_t audit_dns_asked(struct audit_dns *d, uint32_t mark, const char *text, bool end);
uint32_t audit_dns_asked_all(struct audit_dns *d, uint32_t mark);
// The first question since MARK that begins with TEXT; false: none.
bool audit_dns_find(struct audit_dns *d, uint32_t mark, const char *text, char out[AUDIT_NAME_MAX]);

// probe_enum.c: may a probe begin, does a number that DNS gives to the resolved peer reach it? It is left in NUMBER; false: R says why.
bool audit_enum_works(struct audit *a, struct audit_result *r, char number[AUDIT_TEXT_MAX]);
// Back to answers that are true.
void audit_dns_good(struct audit *a);

// dns_script.c: what NAME, asked for TYPE (of the registry of types), is answered with. Pure.
void audit_dns_answer(const struct audit *a, const struct audit_dns_script *s, const char *name, unsigned type, struct audit_dns_reply *r);
// An answer that leads NAME to the stranger.
void audit_dns_lie(const struct audit *a, const char *name, struct audit_dns_reply *r);
// The name of NUMBER below APEX, "" when it has none.
void audit_dns_name(const char *number, const char *apex, char out[AUDIT_NAME_MAX]);

#endif
