// SPDX-License-Identifier: Apache-2.0
// A whole worker without network and clock: configuration text in, a flow with all its rooms out.
//
// What flow sends goes to a hook. The Media Function is played: each session asked for gets ports at once, is counted, and
// is answered when it is deleted. Random numbers are fixed, so that a run can be repeated.
#ifndef SUPPORT_FLOW_RIG_H
#define SUPPORT_FLOW_RIG_H

#include "conf/conf.h"
#include "flow/flow.h"
#include "ldr_rig.h"
#include "mf/plan/plan.h"

enum { FLOW_RIG_MEDIA = 32, FLOW_RIG_SESSIONS = 1024 };
#define FLOW_RIG_WALL_MS 1800000000000ull // 2027-01-15, within the test certificate's dates

struct flow_rig {
	void *ctx; // of the hooks
	result (*on_send)(void *ctx, const struct hop *to, struct bytes octets);
	void (*on_event)(void *ctx, const char *text); // NULL: nobody listens
	struct conf_result conf;
	struct registry *registry;
	struct sf_token_keys *keys;
	struct peer_load *load;
	struct flow *flow;
	struct sf_cookie cookie; // of what was sent last
	bool media_hold, media_fail, records_full;
	uint32_t media_count;
	struct ipc_media media[FLOW_RIG_MEDIA]; // answers on their way
	uint32_t sessions_made, sessions_live, updates;
	bool session[FLOW_RIG_SESSIONS];
	struct media_plan plan; // of the last update
	uint32_t kept, erased, ended;
	struct pool_ref last_call;
	struct sf_call_image image;       // of the call kept last, and of its media
	uint8_t media_image[PLAN_IMAGE_MAX];
	uint32_t media_image_len;
	uint64_t refused[STEP_COUNT], shadowed[STEP_COUNT], alarms[SF_ALARM_COUNT]; // as told so far
	uint64_t seed;
	struct ldr_rig ldr;            // the registry database, once flow_rig_registry was called
	bool lookup_full;              // the directory takes no more questions
	uint32_t lookups, lookup_last; // asked of the directory; the number of the last
};

// Load YAML and open a flow of MAX_CALLS. False: the configuration was refused (told as an event) or memory is out.
// The hooks and ctx must be set before.
bool flow_rig_open(struct flow_rig *r, struct bytes yaml, uint32_t max_calls, const struct now *now);
void flow_rig_close(struct flow_rig *r);
// Forget all calls, transactions and limits: a new flow with the same configuration. False: out of memory.
bool flow_rig_renew(struct flow_rig *r, uint32_t max_calls, const struct now *now);
// As flow_receive and flow_run; then the answers of media are handed in and refusals told.
void flow_rig_receive(struct flow_rig *r, const struct origin *o, struct bytes octets, const struct now *now);
void flow_rig_run(struct flow_rig *r, const struct now *now);
void flow_rig_media(struct flow_rig *r, const struct now *now); // hand in what waits
void flow_rig_tell(struct flow_rig *r);                          // refusals and alarms since the last time
// Attach a registry database of the rows in TEXT, one a line (ldr_rig.h). False: a row was refused.
bool flow_rig_registry(struct flow_rig *r, struct bytes text);
// The directory answers its last question. "found PEER VERDICT TTL [RN]", "none", "bogus PEER", "later". False: no such answer.
bool flow_rig_answer(struct flow_rig *r, const char *text, const struct now *now);
// The peer of that name, or PEER_NONE.
peer_id flow_rig_peer(const struct flow_rig *r, const char *name);
// The first step of that name; STEP_COUNT when there is none.
enum step_id flow_rig_step(const char *name);

#endif
