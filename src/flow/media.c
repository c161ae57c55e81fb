// SPDX-License-Identifier: Apache-2.0
// Offers and answers on their way through: sf hands each description over, the plan decides, media is told.
#include "flow/media.h"

#include "base/memory.h"
#include "flow/state.h"

struct plan_context flow_media_context(struct flow *f, const struct sf_call_info *info)
{
	const struct snapshot *s = flow_snapshot(f);
	struct flow_media_table *t = f->media;
	struct plan_context c = {
		.snapshot = s,
		.hidden = t->hidden,
		.hidden_count = t->hidden_count,
		.hidden_net = t->hidden_net,
		.hidden_net_count = t->hidden_net_count,
		.random = f->config.port.random,
		.random_ctx = f->config.port.ctx,
	};
	for (int side = 0; side < 2; side++) {
		c.leg[side].peer = snapshot_peer(s, info->peer[side]);
		c.leg[side].listener = info->listener[side] < s->listener_count ? &s->listener[info->listener[side]] : NULL;
		c.leg[side].secure = transport_is_secure((enum transport)info->transport[side]);
		c.leg[side].core = info->zone[side] < s->zone_count && s->zone[info->zone[side]].is_core;
	}
	return c;
}

static bool context_whole(const struct plan_context *c)
{
	return c->leg[0].peer != NULL && c->leg[1].peer != NULL && c->leg[0].listener != NULL && c->leg[1].listener != NULL;
}

static result media_make(struct flow *f, struct plan_session *plan, struct flow_media **out)
{
	void *object;
	struct pool_ref ref;
	TRY(pool_get(f->media->branches, &object, &ref));
	*out = object;
	(*out)->self = ref;
	(*out)->plan = plan;
	return OK;
}

// The plan of this branch; an answering branch of a fork gets a copy of the first one's and shares its session.
static result media_of(struct flow *f, const struct sf_call_info *info, struct sf_branch *branch,
	struct plan_context *c, bool offer, struct flow_media **out)
{
	struct plan_session *plan = NULL;
	struct flow_media *first = info->branch != NULL && info->branch != branch ? info->branch->media : NULL;
	*out = branch->media;
	if (*out != NULL)
		return OK;
	TRY(first != NULL && !offer ? plan_clone(first->plan, &plan) : plan_begin(&plan, c));
	result r = media_make(f, plan, out);
	if (!is_ok(r)) {
		plan_free(plan);
		return r;
	}
	if (first != NULL && !offer && first->session != NULL) {
		(*out)->session = first->session;
		first->session->refs++;
		branch->session = first->session->session;
	}
	branch->media = *out;
	return OK;
}

static struct verdict unavailable(const char *phrase)
{
	return (struct verdict){VERDICT_REPLY, 503, phrase, 5};
}

static void tell_media(struct flow *f, const struct flow_media *m, const struct plan_context *c)
{
	struct media_plan plan;
	if (m->session == NULL || m->session->state != MEDIA_SESSION_READY)
		return;
	plan_media(m->plan, c, &plan);
	media_session_update(f, m->session, &plan);
	m->session->told = m->self;
	memory_wipe(&plan, sizeof(plan)); // it holds keys
}

// More streams than before, or none yet: a new session; the old one's ports go with the next answer.
static struct verdict ask_ports(struct flow *f, const struct sf_call_info *info, struct sf_branch *branch,
	struct flow_media *m, uint8_t streams)
{
	struct media_session *s;
	if (!is_ok(media_session_ask(f, info, branch->index, streams, &s)))
		return unavailable("No Media Function");
	if (m->session != NULL)
		media_session_release(f, m->session, NULL);
	m->session = s;
	m->waiting = true;
	return WAIT;
}

static struct verdict write_offer(struct flow *f, struct sf_branch *branch, struct flow_media *m, struct plan_context *c,
	int side, struct bytes sdp, struct sdp_writer *w)
{
	if (m->waiting && m->session->state != MEDIA_SESSION_READY) {
		m->waiting = false;
		return unavailable("No Media Port");
	}
	if (m->session != NULL)
		branch->session = m->session->session;
	m->waiting = false;
	struct verdict v = plan_offer_write(m->plan, c, side, sdp, w);
	if (v.action == VERDICT_PASS)
		tell_media(f, m, c);
	return v;
}

static struct verdict offer(struct flow *f, const struct sf_call_info *info, struct sf_branch *branch,
	struct flow_media *m, struct plan_context *c, int side, struct bytes sdp, struct sdp_writer *w)
{
	uint8_t streams = 0;
	if (m->waiting && m->session->state != MEDIA_SESSION_ASKED)
		return write_offer(f, branch, m, c, side, sdp, w); // asked again after WAIT
	struct verdict v = plan_offer(m->plan, c, side, sdp, &streams);
	if (v.action != VERDICT_PASS)
		return v;
	if (plan_needs_ports(m->plan))
		return ask_ports(f, info, branch, m, streams);
	return write_offer(f, branch, m, c, side, sdp, w);
}

static struct verdict answer(struct flow *f, struct flow_media *m, struct plan_context *c, int side,
	enum sf_sdp_role role, struct bytes sdp, struct sdp_writer *w)
{
	struct verdict v = role == SF_SDP_EARLY_ANSWER ? plan_early(m->plan, c, side, sdp, w)
						       : plan_answer(m->plan, c, side, sdp, w);
	if (v.action == VERDICT_PASS)
		tell_media(f, m, c);
	return v;
}

struct verdict flow_media_sdp(struct flow *f, struct sf_call *call, struct sf_branch *branch, int side,
	enum sf_sdp_role role, struct bytes sdp, struct sip_writer *out)
{
	struct sf_call_info info;
	struct flow_media *m;
	struct sdp_writer w;
	if (sdp.len == 0)
		return PASS; // a late offer: the other side will make it
	sf_call_info(call, &info);
	struct plan_context c = flow_media_context(f, &info);
	if (!context_whole(&c))
		return unavailable("No Media Policy"); // the peer went with a reload
	if (!is_ok(media_of(f, &info, branch, &c, role == SF_SDP_OFFER, &m)))
		return unavailable("Media Table Full");
	sdp_write_init(&w, out->at + out->len, out->cap - out->len);
	struct verdict v = role == SF_SDP_OFFER ? offer(f, &info, branch, m, &c, side, sdp, &w)
						: answer(f, m, &c, side, role, sdp, &w);
	uint32_t len = 0;
	if (v.action == VERDICT_PASS && !is_ok(sdp_write_end(&w, &len)))
		return REPLY(513, "Message Too Large");
	if (v.action == VERDICT_PASS)
		out->len += len;
	return v;
}

void flow_media_rollback(struct flow *f, struct sf_call *call, struct sf_branch *branch)
{
	struct flow_media *m = branch->media;
	struct sf_call_info info;
	if (m == NULL)
		return;
	sf_call_info(call, &info);
	struct plan_context c = flow_media_context(f, &info);
	m->waiting = false;
	plan_rollback(m->plan);
	if (context_whole(&c) && plan_agreed(m->plan))
		tell_media(f, m, &c);
}

// Branches of a fork share the session, and the last one to answer had its plan set: addresses, keys and codecs of a branch
// that lost must not stay (MF-I1, MF-C1). Where nobody else spoke nothing is told.
void flow_media_confirm(struct flow *f, struct sf_call *call, struct sf_branch *branch)
{
	struct flow_media *m = branch->media;
	struct sf_call_info info;
	if (m == NULL || m->session == NULL)
		return;
	media_session_fork_end(f, m->session);
	const struct pool_ref *told = &m->session->told;
	if (told->slot == m->self.slot && told->generation == m->self.generation)
		return;
	sf_call_info(call, &info);
	struct plan_context c = flow_media_context(f, &info);
	if (context_whole(&c))
		tell_media(f, m, &c);
}

void flow_media_end(struct flow *f, struct sf_call *call, struct sf_branch *branch)
{
	struct flow_media *m = branch->media;
	struct sf_call_info info;
	if (m == NULL)
		return;
	branch->media = NULL;
	sf_call_info(call, &info);
	struct plan_context c = flow_media_context(f, &info);
	struct media_plan plan = {.count = 0};
	if (context_whole(&c))
		plan_media(m->plan, &c, &plan);
	if (m->session != NULL)
		media_session_release(f, m->session, &plan);
	memory_wipe(&plan, sizeof(plan));
	plan_free(m->plan);
	pool_put(f->media->branches, m->self);
}

bool flow_call_media(struct flow *f, const struct sf_call *call, struct media_plan *plan)
{
	struct sf_call_info info;
	sf_call_info(call, &info);
	const struct flow_media *m = info.branch != NULL ? info.branch->media : NULL;
	struct plan_context c = flow_media_context(f, &info);
	if (m == NULL || !context_whole(&c))
		return false;
	plan_media(m->plan, &c, plan);
	return true;
}

// ---- the crash record: session, listeners, plan ----------------------------------------------------------

struct media_image_head {
	struct session_ref session;
	listener_id listener[2];
	uint8_t anchored, reserved;
};

_Static_assert(sizeof(struct media_image_head) + PLAN_IMAGE_MAX <= FLOW_MEDIA_IMAGE_MAX, "every plan fits");

size_t flow_media_save(struct flow *f, const struct sf_call *call, uint8_t *out)
{
	struct sf_call_info info;
	uint32_t len = 0;
	sf_call_info(call, &info);
	const struct flow_media *m = info.branch != NULL ? info.branch->media : NULL;
	UNUSED(f);
	if (m == NULL)
		return 0;
	struct media_image_head head = {.anchored = m->session != NULL};
	if (m->session != NULL) {
		head.session = m->session->session;
		memcpy(head.listener, m->session->listener, sizeof(head.listener));
	}
	memcpy(out, &head, sizeof(head));
	if (!is_ok(plan_save(m->plan, out + sizeof(head), (uint32_t)(FLOW_MEDIA_IMAGE_MAX - sizeof(head)), &len)))
		return 0;
	return sizeof(head) + len;
}

static result session_adopt(struct flow *f, const struct media_image_head *head, struct sf_call *call, uint8_t branch,
	struct media_session **out)
{
	void *object;
	struct pool_ref ref;
	TRY(pool_get(f->media->sessions, &object, &ref));
	*out = object;
	**out = (struct media_session){.self = ref, .session = head->session, .call = sf_call_ref(call), .branch = branch,
		.refs = 1, .state = MEDIA_SESSION_READY, .listener = {head->listener[0], head->listener[1]}};
	return OK;
}

result flow_media_restore(struct flow *f, struct sf_call *call, struct bytes image)
{
	struct sf_call_info info;
	struct media_image_head head;
	struct plan_session *plan;
	struct flow_media *m;
	sf_call_info(call, &info);
	struct sf_branch *branch = (struct sf_branch *)(uintptr_t)info.branch;
	REQUIRE(image.len > sizeof(head) && branch != NULL, E_FORGED);
	memcpy(&head, image.at, sizeof(head));
	TRY(plan_restore(&plan, image.at + sizeof(head), (uint32_t)(image.len - sizeof(head))));
	result r = media_make(f, plan, &m);
	if (!is_ok(r)) {
		plan_free(plan);
		return r;
	}
	branch->media = m;
	if (!head.anchored)
		return OK;
	TRY(session_adopt(f, &head, call, branch->index, &m->session));
	branch->session = head.session;
	return OK;
}
