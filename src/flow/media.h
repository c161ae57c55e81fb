// SPDX-License-Identifier: Apache-2.0
// Media of the calls of one worker: the plan of each branch, its session in the media process, and the records of ended
// calls that wait for their figures. Private to src/flow.
//
// Branches of one fork share the session (the offer named one set of ports) and have a plan each.
#ifndef FLOW_MEDIA_H
#define FLOW_MEDIA_H

#include "base/share.h"
#include "flow/flow.h"
#include "mf/plan/plan.h"

enum {
	FLOW_STATS_WAIT_US = 2 * 1000 * 1000,        // a record waits so long for the figures of its media [us]
	FLOW_FORK_SESSIONS = 4,                      // every fourth call may have a branch with ports of its own
	FLOW_SPARE_SESSIONS = 8,                     // offers with more streams than before: the new session is there first
	FLOW_LEASE_US = 30 * 1000 * 1000,            // media is told that we live [us]; it reaps after three times that
};

enum media_session_state { MEDIA_SESSION_NONE, MEDIA_SESSION_ASKED, MEDIA_SESSION_READY, MEDIA_SESSION_FAILED };

struct media_session { // in the media process; shared by the branches of a fork
	struct pool_ref self;
	struct session_ref session;
	struct pool_ref call;
	uint8_t branch;          // that asked for it
	uint8_t refs;
	uint8_t state;           // enum media_session_state
	bool forked;             // counts in the fork_share of the called peer
	peer_id called;
	listener_id listener[2];
	uint32_t request;
	struct media_ports ports;
	struct pool_ref told;    // whose plan was told last: each branch of a fork tells its own
};

struct flow_media { // branch->media
	struct pool_ref self;
	struct plan_session *plan;
	struct media_session *session; // NULL: not anchored, or nothing asked yet
	bool waiting; // the offer under way waits for its ports
};

struct ended_call; // flow/media_ended.c
struct flow_media_table {
	struct pool *branches, *sessions;
	struct share fork_share; // sessions of branches beyond the first, by the called peer
	uint32_t next_request;
	uint64_t lease_at_us;
	struct ended_call *first, *last; // wait for figures, oldest first
	uint32_t ended_count;
	uint32_t hidden_count, hidden_net_count;
	struct bytes hidden[PLAN_HIDDEN_MAX];
	char hidden_text[PLAN_HIDDEN_MAX][ADDRESS_TEXT_MAX];
	struct prefix hidden_net[PLAN_HIDDEN_MAX];
};

// For the calls of one worker. E_NO_MEMORY.
MUST_USE result flow_media_new(struct flow_media_table **out, uint32_t max_calls);
void flow_media_free(struct flow_media_table *t);
// What of the core must not cross: gathered from the snapshot whenever it changes.
void flow_media_hide(struct flow_media_table *t, const struct snapshot *s);

// The two legs of a call as the media plan sees them.
struct plan_context flow_media_context(struct flow *f, const struct sf_call_info *info);

// The port functions of the Signalling Function: sdp, sdp_rollback, media_confirm, media_end of sf/port.h, which tells what
// they owe. A description is planned (mf/plan), its session asked for and told, the other side's text written.
struct verdict flow_media_sdp(struct flow *f, struct sf_call *call, struct sf_branch *branch, int side,
	enum sf_sdp_role role, struct bytes sdp, struct sip_writer *out);
void flow_media_rollback(struct flow *f, struct sf_call *call, struct sf_branch *branch);
void flow_media_confirm(struct flow *f, struct sf_call *call, struct sf_branch *branch);
void flow_media_end(struct flow *f, struct sf_call *call, struct sf_branch *branch);

// flow/media_session.c: messages to and from the media process.
// Ask for a session of so many STREAMS for BRANCH; ports come later. E_FULL: its share or the table is used up, or the
// channel takes no more.
MUST_USE result media_session_ask(struct flow *f, const struct sf_call_info *info, uint8_t branch, uint8_t streams,
	struct media_session **out);
// Tell the plan of a session that is ready.
void media_session_update(struct flow *f, const struct media_session *s, const struct media_plan *plan);
// The only one of its call: no share is due.
void media_session_fork_end(struct flow *f, struct media_session *s);
// One branch less uses S; with the last it ends, and PLAN (NULL: none was agreed) goes into the record of the call.
void media_session_release(struct flow *f, struct media_session *s, const struct media_plan *plan);
// M came from the media process: ports, a failure, silence, the figures of an ended session.
void flow_media_message(struct flow *f, const struct ipc_media *m, const struct now *now);
// Renew the lease, write records that have waited long enough; [us] when it is due next.
void flow_media_run(struct flow *f, const struct now *now);
uint64_t flow_media_deadline(const struct flow *f);

// flow/media_ended.c: ended calls and the figures of their sessions meet here.
// Keep PLAN, without its keys, for the record of the call of SESSION.
void media_ended_plan(struct flow *f, struct session_ref session, const struct media_plan *plan);
// The figures of an ended session are here: its record is written, when the call has ended too.
void media_ended_stats(struct flow *f, const struct ipc_media *m);
// The call has ended: its record waits for the figures, or is written at once where no session is known.
void flow_media_call_ended(struct flow *f, const struct sf_call_info *info, const struct now *now);
// Records whose figures did not come in time are written without.
void media_ended_run(struct flow *f, const struct now *now);

// The crash record's part: returns the octets written to OUT (FLOW_MEDIA_IMAGE_MAX), 0: none.
size_t flow_media_save(struct flow *f, const struct sf_call *call, uint8_t *out);
// Make the plan and the session of CALL again from IMAGE. E_FORGED for damage, E_FULL, E_NO_MEMORY.
MUST_USE result flow_media_restore(struct flow *f, struct sf_call *call, struct bytes image);

#endif
