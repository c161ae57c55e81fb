// SPDX-License-Identifier: Apache-2.0
// A whole worker as a subject: configuration, gates, Signalling Function and media plan, with a fake network, clock and
// Media Function. CONFIG is the YAML of src/conf. The commands are in README.md.
#include "subject.h"

#include "flow_rig.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS_MAX = 64 };

struct subject {
	struct flow_rig rig;
	const struct replay_host *host;
	char state[64];
};

static result send_h(void *ctx, const struct hop *to, struct bytes octets)
{
	struct subject *s = ctx;

	return s->host->send(s->host->ctx, to, octets);
}

static void event_h(void *ctx, const char *text)
{
	struct subject *s = ctx;

	s->host->event(s->host->ctx, text);
}

static void *subject_open(const struct replay_host *host, struct bytes config, const struct now *now)
{
	struct subject *s = memory_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->host = host;
	s->rig.ctx = s;
	s->rig.on_send = send_h;
	s->rig.on_event = event_h;
	if (flow_rig_open(&s->rig, config, CALLS_MAX, now))
		return s;
	memory_free(s);
	return NULL;
}

static void subject_close(void *ctx)
{
	struct subject *s = ctx;

	s->rig.on_event = NULL;
	flow_rig_close(&s->rig);
	memory_free(s);
}

static void subject_receive(
	void *ctx, const struct origin *o, peer_id peer, struct bytes octets, const struct now *now)
{
	struct subject *s = ctx;

	UNUSED(peer);
	flow_rig_receive(&s->rig, o, octets, now);
}

static void subject_run(void *ctx, const struct now *now)
{
	flow_rig_run(&((struct subject *)ctx)->rig, now);
}

static uint64_t subject_deadline(void *ctx)
{
	return flow_deadline(((struct subject *)ctx)->rig.flow);
}

static peer_id subject_identify(void *ctx, const char *name)
{
	return flow_rig_peer(&((struct subject *)ctx)->rig, name);
}

// What media was last told, one event for each stream.
static void plan_tell(struct subject *s)
{
	static const char *const keying[] = {"undecided", "pass", "add", "convert", "refuse"};
	char text[256], a[2][ADDRESS_TEXT_MAX];

	for (uint32_t i = 0; i < s->rig.plan.count; i++) {
		const struct media_stream *m = &s->rig.plan.stream[i];
		for (int side = 0; side < 2; side++)
			snprintf(a[side], ADDRESS_TEXT_MAX, "none");
		for (int side = 0; side < 2; side++)
			if (m->side[side].remote_rtp.family != 0)
				address_text(&m->side[side].remote_rtp, a[side]);
		snprintf(text, sizeof(text), "stream %u %s %s %s %s%s%s%s", i, m->active ? keying[m->keying] : "off", a[0],
			a[1], m->codec, m->side[0].in.suite || m->side[0].out.suite ? " keyed-0" : "",
			m->side[1].in.suite || m->side[1].out.suite ? " keyed-1" : "",
			m->opaque ? " opaque" : "");
		event_h(s, text);
	}
}

// The first octets of the keys that media was last told for the called side: of which branch are they?
static void keys_tell(struct subject *s)
{
	char text[128];

	for (uint32_t i = 0; i < s->rig.plan.count; i++) {
		const uint8_t *in = s->rig.plan.stream[i].side[1].in.master, *out = s->rig.plan.stream[i].side[1].out.master;
		snprintf(text, sizeof(text), "stream %u keys in %02x%02x%02x out %02x%02x%02x", i, in[0], in[1], in[2], out[0],
			out[1], out[2]);
		event_h(s, text);
	}
}

static bool act_media(struct subject *s, const char *command, const struct now *now)
{
	if (strcmp(command, "HOLD") == 0)
		s->rig.media_hold = true;
	else if (strcmp(command, "READY") == 0)
		s->rig.media_hold = false;
	else if (strcmp(command, "FAIL") == 0)
		s->rig.media_fail = true;
	else if (strcmp(command, "SILENT") == 0) {
		struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_SILENCE,
			.call_slot = s->rig.last_call.slot, .call_generation = s->rig.last_call.generation,
			.cause = IPC_MEDIA_SILENCE_BOTH};
		flow_media(s->rig.flow, &m, now);
	} else
		return false;
	flow_rig_media(&s->rig, now);
	return true;
}

static bool act_gate(struct subject *s, const char *name, bool off)
{
	bool found = false;

	for (uint32_t i = 0; i < STEP_COUNT; i++) { // lists may have steps of the same name
		if (strcmp(step_by_id((enum step_id)i)->name, name) != 0)
			continue;
		flow_gate_off(s->rig.flow, (enum step_id)i, off);
		found = true;
	}
	return found;
}

static void newest(const struct sf_call *c, void *ctx)
{
	*(struct pool_ref *)ctx = sf_call_ref(c);
}

// The call recorded last, or, while none is, one that rings.
static void hang_up(struct subject *s, const struct now *now)
{
	struct pool_ref ref = s->rig.last_call;

	if (sf_call_at(flow_sf(s->rig.flow), ref) == NULL)
		sf_each_call(flow_sf(s->rig.flow), newest, &ref);
	IGNORE_RESULT(sf_hangup(flow_sf(s->rig.flow), ref, "operator", now));
}

static bool subject_act(void *ctx, const char *command, struct bytes octets, const struct now *now)
{
	struct subject *s = ctx;

	if (strcmp(command, "registry") == 0)
		return flow_rig_registry(&s->rig, octets);
	if (strncmp(command, "MEDIA ", 6) == 0)
		return act_media(s, command + 6, now);
	if (strncmp(command, "gate-off ", 9) == 0)
		return act_gate(s, command + 9, true);
	if (strncmp(command, "gate-on ", 8) == 0)
		return act_gate(s, command + 8, false);
	if (strncmp(command, "answer ", 7) == 0)
		return flow_rig_answer(&s->rig, command + 7, now);
	if (strcmp(command, "directory-full") == 0)
		s->rig.lookup_full = true;
	else if (strcmp(command, "drain") == 0)
		flow_drain(s->rig.flow, true);
	else if (strcmp(command, "records-full") == 0)
		s->rig.records_full = true;
	else if (strcmp(command, "undeliverable") == 0)
		flow_undeliverable(s->rig.flow, s->rig.cookie, now);
	else if (strcmp(command, "hangup") == 0)
		hang_up(s, now);
	else if (strcmp(command, "plan") == 0)
		plan_tell(s);
	else if (strcmp(command, "plan-keys") == 0)
		keys_tell(s);
	else
		return false;
	flow_rig_media(&s->rig, now);
	return true;
}

static const char *subject_state(void *ctx)
{
	struct subject *s = ctx;

	snprintf(s->state, sizeof(s->state), "calls %u sessions %u", sf_call_count(flow_sf(s->rig.flow)),
		s->rig.sessions_live);
	return s->state;
}

const struct replay_subject replay_flow = {"flow", subject_open, subject_close, subject_receive, subject_run,
	subject_deadline, subject_act, subject_state, subject_identify};
