// SPDX-License-Identifier: Apache-2.0
// What the Signalling Function asks of the world, answered by the other rooms: limits, routing memory, media, records.
#include "base/log.h"
#include "base/memory.h"
#include "flow/media.h"
#include "flow/state.h"

// The address that a message to HOP leaves from, for traces.
static struct address local_address(const struct flow *f, const struct hop *to)
{
	if (to->local.family != 0)
		return to->local;
	const struct snapshot *s = flow_snapshot(f);
	const struct listener *l = to->listener < s->listener_count ? &s->listener[to->listener] : NULL;
	for (uint8_t i = 0; l != NULL && i < l->sip_count; i++)
		if (l->sip[i].transport == (uint8_t)to->transport && l->sip[i].address.family == to->remote.family)
			return l->sip[i].address;
	return (struct address){0};
}

static result port_send(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie)
{
	struct flow *f = ctx;
	const struct flow_port *port = &f->config.port;
	atomic_fetch_add_explicit(&f->counters.sent, 1, memory_order_relaxed);
	if (port->trace != NULL) {
		struct address local = local_address(f, to);
		flow_trace_in(f);
		port->trace(port->ctx, &local, &to->remote, true, to->transport, to->peer, octets, f->now);
	}
	return port->send(port->ctx, to, octets, cookie);
}

static struct verdict port_sdp(void *ctx, struct sf_call *call, struct sf_branch *branch, int side, enum sf_sdp_role role,
	struct bytes sdp, struct sip_writer *out)
{
	return flow_media_sdp(ctx, call, branch, side, role, sdp, out);
}

static void port_sdp_rollback(void *ctx, struct sf_call *call, struct sf_branch *branch)
{
	flow_media_rollback(ctx, call, branch);
}

static void port_media_confirm(void *ctx, struct sf_call *call, struct sf_branch *branch)
{
	flow_media_confirm(ctx, call, branch);
}

static void port_media_end(void *ctx, struct sf_call *call, struct sf_branch *branch)
{
	flow_media_end(ctx, call, branch);
}

static void port_keep(void *ctx, struct sf_call *call, bool keep)
{
	struct flow *f = ctx;
	const struct flow_port *port = &f->config.port;
	struct sf_call_image image;
	uint8_t media[FLOW_MEDIA_IMAGE_MAX];
	struct bytes media_image = {media, 0};
	if (!keep || !is_ok(sf_call_save(call, &image))) {
		port->keep(port->ctx, sf_call_ref(call), NULL, media_image);
		return;
	}
	media_image.len = flow_media_save(f, call, media);
	port->keep(port->ctx, sf_call_ref(call), &image, media_image);
	memory_wipe(media, media_image.len > 0 ? media_image.len : sizeof(media)); // it holds keys, also when it did not fit
}

static void port_ended(void *ctx, struct sf_call *call, const struct now *now)
{
	struct flow *f = ctx;
	struct sf_call_info info;
	sf_call_info(call, &info);
	struct peer_load *load = flow_load(f, info.peer[0]);
	if (load != NULL)
		atomic_fetch_sub_explicit(&load->concurrent, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&f->counters.calls_ended, 1, memory_order_relaxed);
	if (info.answer_us != 0)
		atomic_fetch_add_explicit(&f->counters.calls_answered, 1, memory_order_relaxed);
	flow_media_call_ended(f, &info, now);
}

// The called peer has limits of its own: a call counts for both (RFC 6404 section 4.9: what stands behind counts).
static bool port_admit(void *ctx, peer_id peer, const struct now *now)
{
	struct flow *f = ctx;
	const struct peer *p = snapshot_peer(flow_snapshot(f), peer);
	struct peer_load *load = flow_load(f, peer);
	UNUSED(now);
	if (p == NULL || load == NULL || !p->in_service || p->blocked)
		return false;
	if (atomic_fetch_add_explicit(&load->concurrent, 1, memory_order_relaxed) < p->concurrent_calls)
		return true;
	atomic_fetch_sub_explicit(&load->concurrent, 1, memory_order_relaxed);
	return false;
}

static void port_release(void *ctx, peer_id peer)
{
	struct peer_load *load = flow_load(ctx, peer);
	if (load != NULL)
		atomic_fetch_sub_explicit(&load->concurrent, 1, memory_order_relaxed);
}

static void port_hop_result(void *ctx, const struct hop *hop, bool alive, const struct now *now)
{
	struct flow *f = ctx;
	lrf_hop_result(f->dead_targets, hop, alive, now);
}

static const char *const alarm_names[SF_ALARM_COUNT] = {
	[SF_ALARM_FOREIGN_2XX] = "foreign-2xx",
	[SF_ALARM_FOREIGN_RESPONSE] = "foreign-response",
	[SF_ALARM_FOREIGN_REQUEST] = "foreign-request",
	[SF_ALARM_FORGED_TOKEN] = "forged-token",
	[SF_ALARM_OLD_CSEQ] = "old-cseq",
	[SF_ALARM_EXTRA_2XX] = "extra-2xx",
	[SF_ALARM_SESSION_EXPIRED] = "session-expired",
	[SF_ALARM_MEDIA_SILENT] = "media-silent",
	[SF_ALARM_LOOP] = "loop",
	[SF_ALARM_CONTACT_ELSEWHERE] = "contact-elsewhere",
	[SF_ALARM_VIA_ELSEWHERE] = "via-elsewhere",
	[SF_ALARM_TABLE_FULL] = "table-full",
	[SF_ALARM_IMPOSSIBLE] = "impossible-event",
};

const char *flow_alarm_name(uint32_t alarm)
{
	return alarm < SF_ALARM_COUNT && alarm_names[alarm] != NULL ? alarm_names[alarm] : "unknown";
}

static void port_alarm(void *ctx, enum sf_alarm alarm, peer_id peer, const struct now *now)
{
	struct flow *f = ctx;
	UNUSED(now);
	if ((unsigned)alarm >= SF_ALARM_COUNT)
		return;
	atomic_fetch_add_explicit(&f->counters.alarm[alarm], 1, memory_order_relaxed);
	const struct peer *p = snapshot_peer(flow_snapshot(f), peer);
	log_write(LOG_LEVEL_WARNING, "sf.alarm", LOG_STR("what", flow_alarm_name(alarm)),
		LOG_STR("peer", p != NULL ? p->name : "none"));
}

static void port_random(void *ctx, void *out, size_t n)
{
	struct flow *f = ctx;
	f->config.port.random(f->config.port.ctx, out, n);
}

struct sf_port flow_sf_port(struct flow *f)
{
	return (struct sf_port){
		.ctx = f,
		.send = port_send,
		.sdp = port_sdp,
		.sdp_rollback = port_sdp_rollback,
		.media_confirm = port_media_confirm,
		.media_end = port_media_end,
		.keep = port_keep,
		.ended = port_ended,
		.admit = port_admit,
		.release = port_release,
		.hop_result = port_hop_result,
		.alarm = port_alarm,
		.random = port_random,
	};
}
