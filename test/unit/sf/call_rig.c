// SPDX-License-Identifier: Apache-2.0
// The rig: what flow would do around the SF, and two peers that write SIP by hand.
#include "call_rig.h"

#include <stdio.h>
#include <stdlib.h>

const char rig_sdp[] = "v=0\r\no=pbx 1 1 IN IP4 10.0.0.5\r\ns=secretname\r\nc=IN IP4 10.0.0.5\r\nt=0 "
		       "0\r\nm=audio 4000 RTP/AVP 8\r\n";

static result port_send(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie)
{
	struct rig *r = ctx;

	UNUSED(cookie);
	if (r->send_fails || (r->stream_fails && transport_is_stream(to->transport)))
		return FAIL(E_CLOSED);
	if (r->sent_count == RIG_SENT_MAX || octets.len >= RIG_TEXT_MAX)
		abort(); // a test that loops
	struct rig_sent *s = &r->sent[r->sent_count++];
	s->hop = *to;
	memcpy(s->text, octets.at, octets.len);
	s->text[octets.len] = 0;
	s->len = (uint32_t)octets.len;
	return OK;
}

static struct verdict port_sdp(void *ctx, struct sf_call *call, struct sf_branch *branch, int side,
	enum sf_sdp_role role, struct bytes sdp, struct sip_writer *out)
{
	struct rig *r = ctx;

	r->last_call = sf_call_ref(call);
	r->last_branch = branch->index;
	r->last_role = role;
	if (r->wait_next) {
		r->wait_next = false;
		return WAIT;
	}
	if (r->refuse_next) {
		r->refuse_next = false;
		return REPLY(488, "Not Acceptable Here");
	}
	*(role == SF_SDP_OFFER ? &r->offers : &r->answers) += 1;
	if (sdp.len > 0)
		sip_write_string(out, side == 0 ? "v=0\r\ns=from-caller\r\n" : "v=0\r\ns=from-called\r\n");
	return PASS;
}

static void port_rollback(void *ctx, struct sf_call *c, struct sf_branch *b)
{
	UNUSED(c);
	UNUSED(b);
	((struct rig *)ctx)->rollbacks++;
}

static void port_media_confirm(void *ctx, struct sf_call *c, struct sf_branch *b)
{
	struct rig *r = ctx;

	UNUSED(c);
	r->media_confirms++;
	r->last_confirmed = b->index;
}

static void port_media_end(void *ctx, struct sf_call *c, struct sf_branch *b)
{
	UNUSED(c);
	UNUSED(b);
	((struct rig *)ctx)->media_ends++;
}

static void port_keep(void *ctx, struct sf_call *c, bool keep)
{
	struct rig *r = ctx;

	UNUSED(c);
	*(keep ? &r->keeps : &r->erased) += 1;
}

static void port_ended(void *ctx, struct sf_call *c, const struct now *now)
{
	struct rig *r = ctx;
	struct sf_call_info info;

	UNUSED(now);
	sf_call_info(c, &info);
	r->ended++;
	r->last_status = info.final_status;
	snprintf(
		r->last_reason, sizeof(r->last_reason), "%s", info.end_reason != NULL ? info.end_reason : "");
}

static bool port_admit(void *ctx, peer_id peer, const struct now *now)
{
	struct rig *r = ctx;

	UNUSED(now);
	if (r->no_admit || (r->full_peer != 0 && peer == r->full_peer - 1))
		return false;
	r->admits++;
	return true;
}

static void port_release(void *ctx, peer_id peer)
{
	UNUSED(peer);
	((struct rig *)ctx)->releases++;
}

static void port_hop(void *ctx, const struct hop *hop, bool alive, const struct now *now)
{
	struct rig *r = ctx;

	UNUSED(hop);
	UNUSED(now);
	*(alive ? &r->hops_alive : &r->hops_dead) += 1;
}

static void port_alarm(void *ctx, enum sf_alarm alarm, peer_id peer, const struct now *now)
{
	UNUSED(peer);
	UNUSED(now);
	((struct rig *)ctx)->alarms[alarm]++;
}

static void port_random(void *ctx, void *out, size_t n)
{
	struct rig *r = ctx;

	for (size_t i = 0; i < n; i++) {
		r->seed = r->seed * 6364136223846793005ull + 1442695040888963407ull;
		((uint8_t *)out)[i] = (uint8_t)(r->seed >> 33);
	}
}

static struct address addr(const char *text)
{
	struct address a;

	if (!is_ok(address_parse(bytes_of_string(text), &a)))
		abort();
	return a;
}

static void peer_init(struct peer *p, const char *name, zone_id zone, const char *target, const char *prefix)
{
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->zone = zone;
	p->in_service = 1;
	snprintf(p->reach_domain, sizeof(p->reach_domain), "%s.example", name);
	p->target_count = 1;
	p->target[0].address = addr(target);
	p->address_count = 1;
	if (!is_ok(prefix_parse(bytes_of_string(prefix), &p->address[0])))
		abort();
	p->session_expires_s = 1800;
	p->min_se_s = 90;
	p->headers_strict = 1;
	p->reroute_count = 1;
	p->reroute_on[0] = 500;
}

#define PEERS_AT ((sizeof(struct snapshot) + 15) & ~(size_t)15) // as src/conf does

static void snapshot_init(struct snapshot *s, size_t size)
{
	s->magic = SNAPSHOT_MAGIC;
	s->version = SNAPSHOT_VERSION;
	s->generation = 1;
	snprintf(s->settings.domain, sizeof(s->settings.domain), "us.example");
	s->zone_count = s->listener_count = 2;
	s->peer_count = 2;
	snprintf(s->zone[0].name, NAME_MAX_LEN, "core");
	s->zone[0].is_core = 1;
	snprintf(s->zone[1].name, NAME_MAX_LEN, "peering");
	for (uint32_t i = 0; i < 2; i++) {
		snprintf(s->listener[i].name, NAME_MAX_LEN, "l%u", i);
		s->listener[i].zone = (zone_id)i;
		s->listener[i].sip_count = 2;
		s->listener[i].sip[0].transport = TRANSPORT_UDP;
		s->listener[i].sip[0].address = addr(i == 0 ? "10.0.0.1:5060" : "172.16.9.9:5060");
		s->listener[i].sip[1].transport = TRANSPORT_TLS;
		s->listener[i].sip[1].address = addr(i == 0 ? "10.0.0.1:5061" : "172.16.9.9:5061");
	}
	s->listener[1].advertise = addr("203.0.113.7:1");
	s->peers = (struct blob){(uint32_t)PEERS_AT, (uint32_t)(2 * sizeof(struct peer))};
	struct peer *p = (struct peer *)(void *)((uint8_t *)s + PEERS_AT);
	peer_init(&p[0], "core", 0, "10.0.0.5:5060", "10.0.0.0/28");
	peer_init(&p[1], "far", 1, "192.0.2.7:5060", "192.0.2.0/28");
	s->size = (uint32_t)size;
}

static void plan_init(struct leg_plan *p)
{
	p->sed.peer = RIG_FAR;
	p->sed.count = 1;
	for (uint32_t i = 0; i < 3; i++) {
		p->sed.hop[i] = (struct hop){.transport = TRANSPORT_UDP,
			.listener = 1,
			.peer = RIG_FAR,
			.remote = addr("192.0.2.7:5060")};
		p->sed.hop[i].remote.ip[3] = (uint8_t)(7 + i);
	}
	snprintf(p->ruri_user, sizeof(p->ruri_user), "+498912");
	p->peer_count = 1;
	p->peer[0] = (struct leg_peer){.peer = RIG_FAR, .hops_end = ROUTE_TARGETS_MAX, .ring_timeout_s = 120};
	snprintf(p->peer[0].ruri_host, sizeof(p->peer[0].ruri_host), "far.example");
}

struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));
	size_t size = PEERS_AT + 2 * sizeof(struct peer);
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {{.live = 1, .key = {1, 2, 3}}};

	r->now = (struct now){.mono_us = 1000 * SECOND, .wall_ms = 1700000000000};
	r->snapshot = calloc(1, size);
	snapshot_init(r->snapshot, size);
	plan_init(&r->plan);
	struct sf_config c = {.max_calls = 100,
		.max_transactions = 1000,
		.port = {.ctx = r,
			.send = port_send,
			.sdp = port_sdp,
			.sdp_rollback = port_rollback,
			.media_confirm = port_media_confirm,
			.media_end = port_media_end,
			.keep = port_keep,
			.ended = port_ended,
			.admit = port_admit,
			.release = port_release,
			.hop_result = port_hop,
			.alarm = port_alarm,
			.random = port_random}};
	if (!is_ok(registry_new(&r->registry, r->snapshot)) || !is_ok(sf_token_keys_new(&r->keys, key, 0))) {
		rig_free(r);
		return NULL;
	}
	c.registry = r->registry;
	c.keys = r->keys;
	if (!is_ok(sf_new(&r->sf, &c, &r->now))) {
		rig_free(r);
		return NULL;
	}
	return r;
}

void rig_free(struct rig *r)
{
	sf_free(r->sf);
	if (r->keys != NULL)
		sf_token_keys_free(r->keys);
	if (r->registry != NULL)
		registry_free(r->registry);
	free(r->snapshot);
	free(r);
}

struct peer *rig_peer(struct rig *r, int peer)
{
	return (struct peer *)(uintptr_t)snapshot_peer(r->snapshot, (peer_id)peer);
}

void rig_route_to(struct rig *r, int peer)
{
	r->plan.sed.peer = r->plan.peer[0].peer = (peer_id)peer;
	for (uint32_t i = 0; i < 3; i++)
		r->plan.sed.hop[i] = (struct hop){.transport = TRANSPORT_UDP,
			.listener = (listener_id)peer,
			.peer = (peer_id)peer,
			.remote = rig_peer(r, peer)->target[0].address};
}

struct origin rig_origin(const struct rig *r, int peer)
{
	struct origin o = {.transport = TRANSPORT_UDP,
		.listener = (listener_id)peer,
		.zone = (zone_id)peer,
		.tls_peer = PEER_NONE,
		.remote = addr(peer == RIG_CORE ? "10.0.0.5:5060" : "192.0.2.7:5060")};

	o.local = r->snapshot->listener[peer].sip[0].address;
	return o;
}

static struct verdict in_dialog(struct rig *r, const struct origin *o, peer_id peer)
{
	struct sf_dialog_ref ref;
	struct verdict v = sf_step_dialog_token(r->sf, &r->msg, &ref);

	if (v.action == VERDICT_PASS)
		v = sf_step_dialog_owner(r->sf, &ref, &r->msg, o, peer, &r->now);
	return v.action == VERDICT_PASS ? sf_step_dialog_request(r->sf, &ref, &r->msg, o, &r->now) : v;
}

static struct verdict request(struct rig *r, const struct origin *o, peer_id peer)
{
	struct trail trail = {0};
	struct verdict v = sf_step_transaction(r->sf, &r->msg, o, peer, &r->now);

	if (v.action != VERDICT_PASS)
		return v;
	if (!span_empty(r->msg.to_tag))
		return in_dialog(r, o, peer);
	switch (r->msg.method) {
	case SIP_INVITE:
		return sf_step_invite(r->sf, &r->msg, o, peer, &r->plan, &trail, &r->now);
	case SIP_OPTIONS:
		return sf_step_options(r->sf, &r->msg, o, peer, &r->now);
	case SIP_MESSAGE:
		return sf_step_standalone(r->sf, &r->msg, o, peer, &r->plan, &r->now);
	default:
		return REPLY(405, "Method Not Allowed");
	}
}

struct verdict rig_in_from(struct rig *r, const struct origin *o, peer_id peer, const char *text)
{
	struct sip_fault fault;
	size_t n = strlen(text);
	char *copy = malloc(n); // exact, so that a sanitizer sees every octet too far
	struct verdict v = PASS;
	struct sf_tx *tx = NULL;

	memcpy(copy, text, n);
	if (!is_ok(sip_msg_parse(&r->msg, (const uint8_t *)copy, (uint32_t)n, &fault))) {
		fprintf(stderr, "test message is malformed: %s\n%s", fault.phrase, text);
		abort();
	}
	if (r->msg.is_request) {
		v = request(r, o, peer);
		if (v.action == VERDICT_REPLY)
			sf_refuse(r->sf, &r->msg, o, &v, peer,
				r->msg.method == SIP_OPTIONS ? PEER_NONE : r->plan.sed.peer);
	} else {
		v = sf_step_response_token(r->sf, &r->msg, &tx);
		if (v.action == VERDICT_PASS)
			v = sf_step_response_source(r->sf, tx, &r->msg, o, peer, &r->now);
		if (v.action == VERDICT_PASS)
			sf_step_response(r->sf, tx, &r->msg, &r->now);
	}
	free(copy);
	return v;
}

struct verdict rig_in(struct rig *r, int peer, const char *text)
{
	struct origin o = rig_origin(r, peer);

	return rig_in_from(r, &o, (peer_id)peer, text);
}

void rig_wait(struct rig *r, double s)
{
	uint64_t until = r->now.mono_us + (uint64_t)(s * 1e6);

	while (r->now.mono_us < until) {
		uint64_t step = sf_deadline(r->sf), before = r->now.mono_us;
		r->now.mono_us = step > until ? until : step <= before ? before + 1000 : step;
		r->now.wall_ms += (r->now.mono_us - before) / 1000;
		sf_run(r->sf, &r->now);
	}
}

void rig_answer(struct rig *r, int peer, const char *request_text, int status, const char *tag,
	const char *more, const char *sdp)
{
	char out[RIG_TEXT_MAX], to[1100];
	struct origin o = rig_origin(r, peer);
	const char *has = strstr(rig_header(request_text, "To"), ";tag=");

	for (uint32_t i = 0; i < r->sent_count; i++)
		if (r->sent[i].text == request_text) {
			o.remote = r->sent[i].hop.remote;
			o.transport = r->sent[i].hop.transport;
			o.tls_peer = o.transport == TRANSPORT_TLS ? (peer_id)peer : PEER_NONE;
		}
	snprintf(to, sizeof(to), "%s%s%s", rig_header(request_text, "To"), tag[0] && !has ? ";tag=" : "",
		has ? "" : tag);
	snprintf(out, sizeof(out),
		"SIP/2.0 %d Their Phrase\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"%s%s%sServer: FarVendor/6.6\r\nContent-Length: %zu\r\n\r\n%s",
		status, rig_header(request_text, "Via"), rig_header(request_text, "From"), to,
		rig_header(request_text, "Call-ID"), rig_header(request_text, "CSeq"),
		strstr(more, "Contact:") ? "" : "Contact: <sip:+498912@192.0.2.7:5060>\r\n", more,
		sdp[0] ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
	rig_in_from(r, &o, (peer_id)peer, out);
}

struct verdict rig_invite(struct rig *r, const char *more, const char *sdp)
{
	char out[RIG_TEXT_MAX];

	snprintf(out, sizeof(out),
		"INVITE sip:+498912@us.example SIP/2.0\r\n"
		"Via: SIP/2.0/UDP pbx.internal.core:5060;branch=z9hG4bKcaller1;rport\r\n"
		"Max-Forwards: 70\r\nFrom: \"Alice A\" <sip:+493011@pbx.internal.core>;tag=alicetag\r\n"
		"To: <sip:+498912@us.example>\r\nCall-ID: secretcallid@pbx.internal.core\r\nCSeq: 7 "
		"INVITE\r\n"
		"Contact: <sip:alice@10.0.0.5:5060>\r\nUser-Agent: CoreVendor/1.2\r\n"
		"%s%s%sContent-Length: %zu\r\n\r\n%s",
		strstr(more, "Allow:") ? "" : "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n", more,
		sdp[0] ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
	return rig_in(r, RIG_CORE, out);
}

struct verdict rig_in_dialog(struct rig *r, int peer, const char *ours, const char *method, int cseq,
	const char *more, const char *sdp)
{
	char out[RIG_TEXT_MAX];
	static unsigned branch;
	bool response = strncmp(ours, "SIP/2.0", 7) == 0;

	snprintf(out, sizeof(out),
		"%s sip:sbe@203.0.113.7 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKd%u\r\nMax-Forwards: "
		"70\r\n"
		"From: %s%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
		method, peer == RIG_CORE ? "10.0.0.5:5060" : "192.0.2.7:5060", branch++,
		rig_header(ours, response ? "From" : "To"),
		response || strstr(rig_header(ours, "To"), ";tag=") ? "" : ";tag=fartag",
		rig_header(ours, response ? "To" : "From"), rig_header(ours, "Call-ID"), cseq, method, more,
		sdp[0] && !strstr(more, "Content-Type") ? "Content-Type: application/sdp\r\n" : "", "",
		strlen(sdp), sdp);
	return rig_in(r, peer, out);
}

void rig_call(struct rig *r)
{
	rig_invite(r, "Supported: timer\r\n", rig_sdp);
	const char *invite = rig_last(r, RIG_FAR, "INVITE ");
	if (invite == NULL)
		return;
	rig_answer(r, RIG_FAR, invite, 180, "fartag", "", "");
	rig_answer(r, RIG_FAR, invite, 200, "fartag",
		"Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\nSupported: timer\r\nSession-Expires: "
		"1800;refresher=uac\r\n",
		rig_sdp);
	const char *ok = rig_last(r, RIG_CORE, "SIP/2.0 200");
	if (ok != NULL && strstr(ok, "INVITE") != NULL)
		rig_in_dialog(r, RIG_CORE, ok, "ACK", 7, "", "");
}
