// SPDX-License-Identifier: Apache-2.0
// The resolver process, private to src/main/resolver*.c: what its two kinds of work share. No registry, no credentials here.
#ifndef MAIN_RESOLVER_H
#define MAIN_RESOLVER_H

#include "dns/resolver.h"
#include "terms/ipc_control.h"

struct event_base;

struct resolver_locate; // resolver_locate.c: the monitor's questions, servers of domains (RFC 3263)
// E_NO_MEMORY.
MUST_USE result resolver_locate_new(struct resolver_locate **out, struct event_base *base, struct dns_resolver *dns, int control);
void resolver_locate_free(struct resolver_locate *l);
// Question Q of the monitor; it has its answer within RESOLVER_LOCATE_MS.
void resolver_locate_ask(struct resolver_locate *l, const struct ipc_control *q);

struct resolver_questions; // resolver_questions.c: the directory's questions, one record set each
// E_NO_MEMORY.
MUST_USE result resolver_questions_new(struct resolver_questions **out, struct event_base *base, struct dns_resolver *dns, int channel);
void resolver_questions_free(struct resolver_questions *q);

enum {
	RESOLVER_LOCATE_MS = 5000,   // NAPTR, SRV and addresses, one after another; within what the monitor waits for at its start
	RESOLVER_QUESTION_MS = 2500, // one of them: servers that live answer in 1 s
	RESOLVER_LOCATE_MAX = 32,    // domains at one time: twice NAMES_UNDER_WAY_MAX, for those that a monitor gave up
};

#endif
