// SPDX-License-Identifier: Apache-2.0
// Requests outside dialogs that pass (MESSAGE, RFC 3428), and OPTIONS of our own as probe of a hop
// (RFC3261#11).
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

#include <stdio.h>

// A From tag of ours that names no dialog.
static void loose_tag(struct sf *sf, struct sf_leg *l)
{
	struct sf_token t = {.kind = SF_TOKEN_TAG, .worker = sf->config.worker, .leg = 15, .peer = l->peer};

	sf_random(sf, &t.ref.slot, 3);
	t.ref.slot &= SF_TOKEN_SLOT_MAX - 1;
	sf_token_seal(sf->config.keys, &t, l->tag);
}

static void leg_loose(struct sf *sf, struct sf_leg *l, const struct hop *hop, peer_id peer)
{
	*l = (struct sf_leg){.hop = *hop,
		.peer = peer,
		.listener = hop->listener,
		.side = SIDE_CALLED,
		.token_leg = 15,
		.transport = (uint8_t)hop->transport,
		.cseq_local = 1};
	l->hop.peer = peer;
	loose_tag(sf, l);
}

static bool standalone_write(
	struct sf_relay *r, struct sf_leg *l, const struct sip_msg *m, const char *branch, struct bytes *out)
{
	struct message_body body = message_body_as_is(m);
	struct passage p;
	struct sip_writer w;

	message_begin(r->sf, &w);
	message_in_dialog(&w, r->sf, l, &l->hop, m->method, l->cseq_local, branch, message_forwards(m));
	passage_init(&p, r->sf, m, r->peer_in, l->peer);
	options_write(&w, SIP_HDR_REQUIRE, BYTES(""), m, p.way);
	options_write(&w, SIP_HDR_PROXY_REQUIRE, BYTES(""), m, p.way);
	message_copy(&w, &p, body.octets.len > 0);
	message_body(&w, &body);
	return message_end(&w, out);
}

static bool standalone_send(struct sf_relay *r, const struct sip_msg *m, const struct now *now)
{
	const struct hop *hop = &r->early->hop[r->early->hop_at];
	char branch[SF_BRANCH_LEN];
	struct pool_ref ref = {0, 0};
	struct sf_leg l;
	struct bytes out;
	bool sent = false, again = false;

	leg_loose(r->sf, &l, hop, r->early->peer);
	sf_random(r->sf, &ref.slot, 3);
	ref.slot &= SF_TOKEN_SLOT_MAX - 1;
	if (is_ok(called_texts(r->sf, r->early, &l, m, ref)) &&
		is_ok(sf_tx_client_new(
			r->sf->tx, m->method, l.peer, &relay_client_events, r, branch, &r->client))) {
		sf_tx_charge(r->client, r->peer_in);
		sent = standalone_write(r, &l, m, branch, &out);
		again = sent && path_leave_udp(r->sf, r->early, out.len);
		if (sent && !again)
			sf_tx_client_start(r->client, hop, out, now);
	}
	leg_clear(&l);
	if (!again)
		return sent;
	sf_tx_abandon(r->client);
	r->client = NULL;
	return standalone_send(r, m, now); // once: the hop is a stream now
}

struct verdict sf_step_standalone(struct sf *sf, const struct sip_msg *m, const struct origin *o,
	peer_id peer, const struct leg_plan *plan, const struct now *now)
{
	struct verdict v = sf_check_loop(sf, m, o, peer, now);

	if (v.action == VERDICT_PASS)
		v = sf_check_options(sf, m, peer, plan->sed.peer);
	if (v.action != VERDICT_PASS)
		return v;
	if (m->max_forwards == 0)
		return REPLY(483, "Too Many Hops");
	if (plan->sed.count == 0 || plan->peer_count == 0)
		return REPLY(404, "Not Found");
	struct sf_relay *r = relay_new(sf, NULL);
	if (r == NULL)
		return (struct verdict){VERDICT_REPLY, 503, "Out of Room", SF_FULL_RETRY_S};
	r->method = m->method;
	r->peer_in = peer;
	result made = early_new(sf, &r->early, m, plan);
	if (is_ok(made))
		made = sf_tx_server_new(sf->tx, m, o, peer, &relay_server_events, r, now, &r->server);
	if (!is_ok(made)) {
		relay_free(r);
		return (struct verdict){VERDICT_REPLY, 503, "Out of Room", SF_FULL_RETRY_S};
	}
	if (!standalone_send(r, m, now)) {
		relay_reply(r, 503, SF_FULL_RETRY_S, now);
		relay_free(r);
	}
	return DONE;
}

// To the hop that EARLY points at now.
static bool send_again(struct sf_relay *r, const struct now *now)
{
	struct sip_fault fault;

	if (r->client != NULL)
		sf_tx_abandon(r->client);
	r->client = NULL;
	return is_ok(sip_msg_parse(r->sf->again, r->early->message, r->early->message_len, &fault)) &&
	       standalone_send(r, r->sf->again, now);
}

static void pass_answer(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now)
{
	struct message_body body = m->status < 300 ? message_body_as_is(m) : (struct message_body){0};
	struct passage p;
	struct sip_writer w;
	struct bytes out;
	uint64_t tag = 0;
	char text[16];

	sf_random(r->sf, &tag, sizeof(tag));
	for (uint32_t i = 0; i < sizeof(text); i++)
		text[i] = "0123456789abcdef"[(tag >> (4 * i)) & 15];
	message_begin(r->sf, &w);
	message_reply_tx(&w, r->server, status, bytes_make(text, sizeof(text)), false);
	if (status == 420 || status == 421) {
		struct option_asked asked = early_asked(r->sf, r->early);
		options_write_told(&w, m, &asked, sf_way(r->sf, r->peer_in, r->early->peer));
	}
	passage_init(&p, r->sf, m, r->early->peer, r->peer_in);
	message_copy(&w, &p, body.octets.len > 0);
	message_body(&w, &body);
	if (message_end(&w, &out))
		sf_tx_respond(r->server, out, status, now);
	else
		relay_reply(r, 500, 0, now);
}

// A 420 or 421 about what the sender can do nothing about.
static bool extension_is_ours(struct sf_relay *r, const struct sip_msg *m)
{
	if (m->status != 420 && m->status != 421)
		return false;
	struct option_asked asked = early_asked(r->sf, r->early);
	return options_told(m, &asked, sf_way(r->sf, r->peer_in, r->early->peer)) != m->status;
}

// Final answer, or none (M NULL), to a standalone request or to a probe.
void standalone_answer(struct sf_relay *r, const struct sip_msg *m, uint16_t status, const struct now *now)
{
	const struct sf_port *port = &r->sf->config.port;
	bool alive = m != NULL && status != 503;

	if (m == NULL && status == 503 && r->early != NULL && path_return(r->early) && send_again(r, now))
		return; // RFC3261#18.1.1
	if (r->client != NULL)
		port->hop_result(port->ctx, sf_tx_hop(r->client), alive, now);
	if (r->early != NULL) {
		if (!alive && turn_next(r->sf, r->early) && send_again(r, now))
			return;
		if (m == NULL || status == 401 || status == 407 || status == 503 ||
			(status >= 300 && status < 400))
			relay_reply(r,
				m == NULL       ? status
				: status == 503 ? 500
				: status < 400  ? 480
						: 403,
				0, now);
		else if (extension_is_ours(r, m))
			relay_reply(r, 500, 0, now);
		else if (r->server != NULL)
			pass_answer(r, m, status, now);
	}
	relay_free(r);
}

void sf_probe(struct sf *sf, const struct hop *hop, const struct now *now)
{
	struct sf_relay *r = relay_new(sf, NULL);
	char branch[SF_BRANCH_LEN], call_id[SF_TOKEN_LEN], target[ADDRESS_TEXT_MAX + 8], own[DOMAIN_MAX + 8];
	char host[ADDRESS_TEXT_MAX];
	struct sf_token id = {
		.kind = SF_TOKEN_CALL_ID, .worker = sf->config.worker, .leg = 15, .peer = hop->peer};
	struct sip_writer w;
	struct sf_leg l;
	struct bytes out;

	if (r == NULL)
		return;
	r->method = SIP_OPTIONS;
	leg_loose(sf, &l, hop, hop->peer);
	sf_random(sf, &id.ref.slot, 3);
	id.ref.slot &= SF_TOKEN_SLOT_MAX - 1;
	sf_token_seal(sf->config.keys, &id, call_id);
	int tn = snprintf(target, sizeof(target), "sip:%s", address_text(&hop->remote, host));
	int on = snprintf(own, sizeof(own), "<sip:%.*s>", DOMAIN_MAX - 1, sf->snapshot->settings.domain);
	char to[ADDRESS_TEXT_MAX + 16];
	int dn = snprintf(to, sizeof(to), "<%s>", target);
	struct leg_parts p = {.call_id = bytes_make(call_id, SF_TOKEN_LEN),
		.local = bytes_make(own, (size_t)on),
		.remote = bytes_make(to, (size_t)dn),
		.target = bytes_make(target, (size_t)tn)};
	if (is_ok(leg_set_parts(&l, &p)) && is_ok(sf_tx_client_new(sf->tx, SIP_OPTIONS, hop->peer,
						    &relay_client_events, r, branch, &r->client))) {
		message_begin(sf, &w);
		message_in_dialog(&w, sf, &l, &l.hop, SIP_OPTIONS, 1, branch, 70);
		message_contact(&w, sf, hop, false);
		message_body(&w, NULL);
		if (message_end(&w, &out)) {
			sf_tx_client_start(r->client, &l.hop, out, now);
			leg_clear(&l);
			return;
		}
	}
	leg_clear(&l);
	relay_free(r);
}
