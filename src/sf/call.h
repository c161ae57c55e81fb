// SPDX-License-Identifier: Apache-2.0
// A call: one caller's leg, up to eight called branches, and what ties them. Read by flow, admin and records.
#ifndef SF_CALL_H
#define SF_CALL_H

#include "sf/sf.h"

enum {
	SF_BRANCHES_MAX = 8, // early dialogs of one call (forking downstream)
	SF_ROUTES_MAX = 8,   // route set of one leg, values: one network's proxies, of which 2 to 4 stay; kept for the whole call
};

enum sf_call_state { SF_CALL_ROUTING, SF_CALL_RINGING, SF_CALL_CONFIRMED, SF_CALL_ENDING, SF_CALL_ENDED, SF_CALL_STATES };

struct sf_leg; // sf/leg.h: one dialog of ours (RFC3261#12)

struct sf_branch { // one early or confirmed dialog on the called side, and its own dialog towards the caller
	uint8_t index;
	bool used;
	void *media;             // of the port's implementation: plan of this branch
	struct session_ref session; // media session; generation 0: none
	struct sf_leg *leg;      // called side
	struct sf_leg *caller;   // caller's side: own To tag of ours per branch
};

struct sf_call_info { // a plain view for records, explain and the command line; texts live as long as the call
	struct pool_ref ref;
	enum sf_call_state state;
	peer_id peer[2];
	zone_id zone[2];
	listener_id listener[2];
	uint8_t transport[2];
	struct bytes call_id[2];    // theirs (caller), ours (called)
	struct bytes from_number, to_number; // as asked, canonical where they are numbers
	uint64_t start_ms, answer_ms, end_ms; // wall clock; 0 not yet
	uint64_t start_us, answer_us, end_us; // monotonic; 0 not yet
	uint16_t final_status;
	const char *end_reason;     // static text
	uint8_t end_side;           // 0 caller, 1 called, 2 us
	uint8_t attempts;           // hops tried
	const struct trail *trail;
	const struct sf_branch *branch; // the confirmed one, or the first
};

void sf_call_info(const struct sf_call *c, struct sf_call_info *out);
// What the port keeps with that branch (branch->media); NULL when there is none.
void *sf_call_branch_media(const struct sf_call *c, uint8_t branch);
struct pool_ref sf_call_ref(const struct sf_call *c);
struct trail *sf_call_trail(struct sf_call *c);
// The call with this Call-ID on either leg; NULL.
struct sf_call *sf_find_call(struct sf *sf, struct bytes call_id);
struct sf_call *sf_call_at(struct sf *sf, struct pool_ref ref);

// Every cell of the call table, for generated pictures and the coverage test.
void sf_call_describe(void (*cell)(const char *state, const char *event, const char *handler, void *ctx), void *ctx);

#endif
