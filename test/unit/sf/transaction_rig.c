// SPDX-License-Identifier: Apache-2.0
// A transaction table on a fake network and clock.
#include "transaction_rig.h"

#include <stdio.h>
#include <string.h>

static result send_h(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie)
{
	struct rig *r = ctx;
	size_t n = octets.len < RIG_OCTETS - 1 ? octets.len : RIG_OCTETS - 1;

	r->sends++;
	memcpy(r->sent, octets.at, n);
	r->sent[n] = 0;
	r->sent_to = *to;
	r->cookie = cookie;
	return r->send_fails ? FAIL(E_CLOSED) : OK;
}

static void alarm_h(void *ctx, enum sf_alarm alarm, peer_id peer, const struct now *now)
{
	struct rig *r = ctx;

	UNUSED(peer);
	assert_non_null(now);
	r->alarms[alarm]++;
}

static void response_h(void *user, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	struct rig *r = user;

	UNUSED(now);
	r->told_response++;
	r->last_status = m->status;
	if (r->on_response != NULL)
		r->on_response(r, tx);
}

static void timeout_h(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(tx);
	UNUSED(now);
	((struct rig *)user)->told_timeout++;
}

static void unreachable_h(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(tx);
	UNUSED(now);
	((struct rig *)user)->told_unreachable++;
}

static void ack_h(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(tx);
	UNUSED(now);
	((struct rig *)user)->told_ack++;
}

static void ended_h(void *user, struct sf_tx *tx)
{
	struct rig *r = user;

	UNUSED(tx);
	r->told_ended++;
	if (r->on_ended != NULL)
		r->on_ended(r);
}

const struct sf_tx_user rig_user = {response_h, timeout_h, unreachable_h, ack_h, ended_h};

bool rig_try(struct rig *r, uint32_t max)
{
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {[3] = {1, "sixteen octets.."}};

	memset(r, 0, sizeof(*r));
	r->now = (struct now){1000 * SECOND, 1700000000000};
	r->port = (struct sf_port){.ctx = r, .send = send_h, .alarm = alarm_h};
	if (!is_ok(timer_wheel_new(&r->wheel, r->now.mono_us)) || !is_ok(sf_token_keys_new(&r->keys, key, 3)))
		return false;
	struct sf_tx_config c = {.max = max,
		.worker = 1,
		.wheel = r->wheel,
		.keys = r->keys,
		.port = &r->port,
		.secret = "a secret of ours"};
	return is_ok(sf_tx_table_new(&r->table, &c));
}

void rig_new(struct rig *r, uint32_t max)
{
	assert_true(rig_try(r, max));
}

void rig_free(struct rig *r)
{
	sf_tx_table_free(r->table);
	sf_token_keys_free(r->keys);
	timer_wheel_free(r->wheel);
}

void rig_run(struct rig *r)
{
	timer_wheel_run(r->wheel, &r->now);
}

void rig_wait(struct rig *r, uint64_t us)
{
	uint64_t until = r->now.mono_us + us, next;

	while ((next = timer_wheel_next(r->wheel)) <= until) {
		if (next > r->now.mono_us)
			r->now.mono_us = next;
		rig_run(r);
	}
	r->now.mono_us = until;
	rig_run(r);
}

static struct address address_of(const char *text)
{
	struct address a = {0};

	assert_true(is_ok(address_parse(bytes_of_string(text), &a)));
	return a;
}

struct origin rig_origin(enum transport t)
{
	struct origin o = {.transport = t, .listener = RIG_LISTENER, .zone = RIG_ZONE, .tls_peer = PEER_NONE};

	o.remote = address_of("192.0.2.9:5066");
	o.local = address_of("198.51.100.1:5060");
	if (transport_is_stream(t))
		o.conn = (struct conn_ref){4, 1, 0};
	if (transport_is_secure(t))
		o.tls_peer = RIG_PEER;
	return o;
}

struct hop rig_hop(enum transport t)
{
	struct hop h = {.transport = t, .listener = RIG_LISTENER, .peer = RIG_PEER};

	h.remote = address_of("192.0.2.9:5066");
	return h;
}

void rig_parse(struct rig_msg *m, const char *format, ...)
{
	struct sip_fault fault = {0};
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(m->octets, sizeof(m->octets), format, ap);
	va_end(ap);
	assert_true(n > 0 && n < RIG_OCTETS);
	result r = sip_msg_parse(&m->msg, (const uint8_t *)m->octets, (uint32_t)n, &fault);
	if (!is_ok(r))
		fail_msg("%s: %s", fault.phrase ? fault.phrase : error_name(r.error), m->octets);
}

void rig_request(struct rig_msg *m, const char *method, const char *branch, const char *to_tag, uint32_t cseq)
{
	rig_parse(m,
		"%s sip:bob@b.example SIP/2.0\r\n"
		"Via: SIP/2.0/UDP far.example:5070;branch=%s;rport\r\n"
		"Max-Forwards: 70\r\n"
		"From: <sip:alice@a.example>;tag=ftag\r\n"
		"To: <sip:bob@b.example>%s%s\r\n"
		"Call-ID: cid@far.example\r\n"
		"CSeq: %u %s\r\n"
		"%s"
		"Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody",
		method, branch, to_tag[0] ? ";tag=" : "", to_tag, cseq, method,
		strcmp(method, "INVITE") == 0 ? "Contact: <sip:alice@far.example>\r\n" : "");
}

void rig_response(struct rig *r, struct rig_msg *m, uint16_t status, const char *branch, const char *method)
{
	UNUSED(r);
	rig_parse(m,
		"SIP/2.0 %u Text\r\n"
		"Via: SIP/2.0/UDP sbe.example;branch=%s\r\n"
		"From: <sip:us@sbe.example>;tag=ours\r\n"
		"To: <sip:bob@b.example>;tag=theirs\r\n"
		"Call-ID: ours@sbe.example\r\n"
		"CSeq: 17 %s\r\n"
		"Contact: <sip:bob@far.example>\r\n"
		"Content-Length: 0\r\n\r\n",
		status, branch, method);
}

struct sf_tx *rig_client(struct rig *r, enum sip_method method, enum transport t, char *branch)
{
	struct bytes name = sip_method_name(method);
	struct hop hop = rig_hop(t);
	char text[RIG_OCTETS];
	struct sf_tx *tx;

	assert_true(is_ok(sf_tx_client_new(r->table, method, RIG_PEER, &rig_user, r, branch, &tx)));
	branch[SF_BRANCH_LEN] = 0;
	int n = snprintf(text, sizeof(text),
		"%.*s sip:bob@far.example;lr SIP/2.0\r\n"
		"Via: SIP/2.0/UDP sbe.example;branch=%s\r\n"
		"Max-Forwards: 69\r\n"
		"Route: <sip:r1.example;lr>\r\n"
		"Route: <sip:r2.example;lr>\r\n"
		"From: <sip:us@sbe.example>;tag=ours\r\n"
		"To: <sip:bob@b.example>\r\n"
		"Call-ID: ours@sbe.example\r\n"
		"CSeq: 17 %.*s\r\n"
		"Contact: <sip:sbe.example>\r\n"
		"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
		(int)name.len, name.at, branch, (int)name.len, name.at);
	sf_tx_client_start(tx, &hop, bytes_make(text, (size_t)n), &r->now);
	return tx;
}

struct sf_tx *rig_server(struct rig *r, const struct rig_msg *m, enum transport t)
{
	struct origin o = rig_origin(t);
	struct sf_tx *tx = NULL;

	assert_int_equal(sf_tx_match_request(r->table, &m->msg, &o, RIG_PEER, &r->now, &tx), SF_TX_NEW);
	assert_true(is_ok(sf_tx_server_new(r->table, &m->msg, &o, RIG_PEER, &rig_user, r, &r->now, &tx)));
	return tx;
}

void rig_respond(struct rig *r, struct sf_tx *tx, uint16_t status)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "SIP/2.0 %u Text\r\n\r\n", status);

	sf_tx_respond(tx, bytes_make(text, (size_t)n), status, &r->now);
}

void rig_deliver(struct rig *r, const struct rig_msg *m, enum transport t)
{
	struct origin o = rig_origin(t);
	struct sf_tx *tx;

	assert_true(is_ok(sf_tx_find_response(r->table, &m->msg, &tx)));
	assert_true(is_ok(sf_tx_check_response(tx, &m->msg, &o, RIG_PEER, false)));
	sf_tx_response(tx, &m->msg, &r->now);
}
