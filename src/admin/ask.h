// SPDX-License-Identifier: Apache-2.0
// Questions under way to the signaller, the directory and the monitor: numbered, bounded, each with a deadline.
//
// Answers of nobody's question are dropped: they belong to a question that timed out, or to our predecessor.
#ifndef ADMIN_ASK_H
#define ADMIN_ASK_H

#include "base/clock.h"
#include "terms/ipc_admin.h"
#include "terms/ipc_control.h"

enum {
	ASK_MAX = 64,             // questions under way; an API request asks three at the most
	ASK_ROWS_MAX = 100000,    // rows of one answer: more is no answer of ours
	ASK_DEADLINE_MS = 3000,   // the workers answer within a turn
	ASK_RELOAD_MS = 20000,    // a reload resolves names
};

enum ask_where { ASK_SIGNALLER, ASK_DIRECTORY, ASK_MONITOR };

// One row (ROW or PROCESS is set, END false), or the end with its error and TEXT (may be NULL).
struct ask_reply {
	bool end;
	enum error error;
	const struct ipc_admin *row;
	const struct ipc_control *process;
	const char *text;
};
typedef void (*ask_h)(void *ctx, const struct ask_reply *r);

struct ask_slot {
	uint32_t request; // 0: free
	enum ask_where where;
	uint32_t rows;
	uint64_t deadline_us;
	ask_h handler;
	void *ctx;
};

struct ask {
	int signaller, directory; // sequenced-packet sockets; -1: none
	result (*monitor)(void *ctx, const struct ipc_control *m);
	void *ctx;
	uint32_t next;
	struct ask_slot slot[ASK_MAX];
	uint64_t lost, stale;     // answers that were malformed; of nobody's question
};

// Ask M (its request number is filled in); USED octets after the head are sent. E_FULL: too many under way, or the
// other process does not read. E_CLOSED. HANDLER is called until the end, at the latest at the deadline.
MUST_USE result ask_admin(struct ask *a, enum ask_where where, struct ipc_admin *m, size_t used, uint64_t now_us,
	ask_h handler, void *ctx);
MUST_USE result ask_monitor(struct ask *a, struct ipc_control *m, uint64_t now_us, ask_h handler, void *ctx);
// A packet of N octets came from WHERE. False: it is no answer to a question (a record, a traced message).
bool ask_packet(struct ask *a, enum ask_where where, const struct ipc_admin *m, size_t n);
// RELOADED or PROCESS came from the monitor.
void ask_control(struct ask *a, const struct ipc_control *m);
// End what is past its deadline with E_TIMEOUT.
void ask_run(struct ask *a, uint64_t now_us);
uint64_t ask_deadline(const struct ask *a);
// How many octets after the head a message of TYPE must hold at least; SIZE_MAX: no type that comes from others.
size_t ask_size_least(uint16_t type);

#endif
