// SPDX-License-Identifier: Apache-2.0
// A Signalling Function between two fake peers: fake network, fake clock, fixed random numbers.
//
// Peer 0 "core" (10.0.0.5, zone core) calls; peer 1 "far" (192.0.2.7, zone peering) is called. What the SF
// sends is kept in a list; answers and requests of the far ends are written from it.
#ifndef TEST_SF_CALL_RIG_H
#define TEST_SF_CALL_RIG_H

#include "base/memory.h"
#include "sf/inside.h"

enum { RIG_SENT_MAX = 2048, RIG_TEXT_MAX = 8192, RIG_CORE = 0, RIG_FAR = 1 };

struct rig_sent {
	struct hop hop;
	uint32_t len;
	char text[RIG_TEXT_MAX];
};

struct rig {
	struct sf *sf;
	struct snapshot *snapshot;
	struct registry *registry;
	struct sf_token_keys *keys;
	struct now now;
	struct leg_plan plan;
	uint64_t seed;
	uint32_t sent_count;
	struct rig_sent sent[RIG_SENT_MAX];
	uint32_t alarms[SF_ALARM_COUNT];
	uint32_t offers, answers, rollbacks, media_ends, media_confirms, keeps, erased, ended, admits, releases, hops_dead,
		hops_alive;
	enum sf_sdp_role last_role;
	bool wait_next, refuse_next, no_admit, send_fails, stream_fails;
	int full_peer; // 1 + the peer that admits no call; 0: none
	struct pool_ref last_call;
	uint8_t last_branch, last_confirmed;
	uint16_t last_status;
	char last_reason[64];
	struct sip_msg msg; // last parsed
};

struct peer *rig_peer(struct rig *r, int peer); // to be changed before it is used
// Route dialog-forming requests to PEER; rig_new routes to RIG_FAR.
void rig_route_to(struct rig *r, int peer);
struct rig *rig_new(void); // NULL: out of memory (the sweep)
void rig_free(struct rig *r);
struct origin rig_origin(const struct rig *r, int peer);
// Hand TEXT in as PEER would send it; the verdict of the last step that it reached.
struct verdict rig_in(struct rig *r, int peer, const char *text);
struct verdict rig_in_from(struct rig *r, const struct origin *o, peer_id peer, const char *text);
// Let S seconds go by in small steps.
void rig_wait(struct rig *r, double s);
// The last message sent (to PEER, -1: anyone) that begins with START; NULL.
const char *rig_last(const struct rig *r, int peer, const char *start);
uint32_t rig_count(const struct rig *r, int peer, const char *start);
// The value of header NAME of TEXT, in a ring of static buffers; "" when absent.
const char *rig_header(const char *text, const char *name);
const char *rig_tag(const char *text, const char *name); // its tag parameter
const char *rig_uri(const char *text, const char *name); // the URI between < and >
// PEER answers REQUEST (that we sent) with STATUS; TAG "" : none. MORE: header lines with CRLF. SDP: body or
// "".
void rig_answer(struct rig *r, int peer, const char *request, int status, const char *tag, const char *more,
	const char *sdp);
// The caller's INVITE with BRANCH number and MORE header lines.
struct verdict rig_invite(struct rig *r, const char *more, const char *sdp);
// A request of PEER in the dialog that RESPONSE or REQUEST (ours, to PEER) shows.
struct verdict rig_in_dialog(struct rig *r, int peer, const char *ours, const char *method, int cseq,
	const char *more, const char *sdp);
// Whole set-up: INVITE, 100, 180, 200, ACK. The texts of our 200 to the caller and INVITE to the far side
// stay in the list.
void rig_call(struct rig *r);
extern const char rig_sdp[];

#endif
