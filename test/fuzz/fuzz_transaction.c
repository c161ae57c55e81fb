// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the transaction machines. The input is a list of events; whatever their order, no impossible
// cell is reached, nothing is freed under its user, and all is gone some minutes after the last event.
#include "sf/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 8, TEXT_MAX = 1024 };

struct slot { // the user of one transaction
	struct sf_tx *tx;
	char branch[SF_BRANCH_LEN + 1]; // client
	bool client, started;
};

struct world {
	struct sf_tx_table *table;
	struct timer_wheel *wheel;
	struct sf_port port;
	struct now now;
	bool broken; // sending fails
	struct slot slot[SLOTS];
};

static result send_h(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie)
{
	struct world *w = ctx;

	(void)to;
	if (octets.len == 0 || cookie.tx.generation == 0)
		abort();
	return w->broken ? FAIL(E_CLOSED) : OK;
}

static void alarm_h(void *ctx, enum sf_alarm alarm, peer_id peer, const struct now *now)
{
	(void)ctx;
	(void)peer;
	(void)now;
	if (alarm == SF_ALARM_IMPOSSIBLE)
		abort();
}

static void ended_h(void *user, struct sf_tx *tx)
{
	struct slot *s = user;

	if (s->tx != tx)
		abort();
	s->tx = NULL;
}

static const struct sf_tx_user events = {.ended = ended_h};

static struct sf_token_keys *keys(void)
{
	static struct sf_token_keys *kept; // made once: the target has no set-up call
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {[0] = {1, "first key octets"}};

	if (kept == NULL && !is_ok(sf_token_keys_new(&kept, key, 0)))
		abort();
	return kept;
}

static struct origin origin_of(uint8_t arg)
{
	struct origin o = {.transport = arg & 1 ? TRANSPORT_TCP : TRANSPORT_UDP, .tls_peer = PEER_NONE};

	o.remote =
		(struct address){.family = 4, .port = 5060, .ip = {192, 0, 2, (uint8_t)(1 + (arg >> 1 & 1))}};
	return o;
}

static bool message(struct sip_msg *m, char text[TEXT_MAX], const char *first, const char *branch,
	const char *method, unsigned cseq)
{
	struct sip_fault fault;
	int n = snprintf(text, TEXT_MAX,
		"%s\r\nVia: SIP/2.0/UDP a.example;branch=%s\r\nMax-Forwards: 9\r\nFrom: <sip:a@a>;tag=f\r\n"
		"To: <sip:b@b>\r\nCall-ID: c%u\r\nCSeq: %u %s\r\nContact: <sip:a@a>\r\nContent-Length: "
		"0\r\n\r\n",
		first, branch, cseq, cseq, method);

	return is_ok(sip_msg_parse(m, (const uint8_t *)text, (uint32_t)n, &fault));
}

static void request(struct world *w, struct slot *s, const char *method, uint8_t arg)
{
	static struct sip_msg m;
	struct origin o = origin_of(arg);
	char text[TEXT_MAX], first[64], branch[32];
	struct sf_tx *tx;

	snprintf(first, sizeof(first), "%s sip:b@b SIP/2.0", method);
	snprintf(branch, sizeof(branch), "z9hG4bK%u", (unsigned)(s - w->slot));
	if (!message(&m, text, first, branch, method, 1 + (unsigned)(s - w->slot)))
		abort();
	if (sf_tx_match_request(w->table, &m, &o, 1, &w->now, &tx) != SF_TX_NEW || s->tx != NULL)
		return;
	memset(s, 0, sizeof(*s));
	if (!is_ok(sf_tx_server_new(w->table, &m, &o, 1, &events, s, &w->now, &s->tx)))
		s->tx = NULL;
}

static void start(struct world *w, struct slot *s, bool invite, uint8_t arg)
{
	struct origin o = origin_of(arg);
	struct hop hop = {.transport = o.transport, .peer = 1, .remote = o.remote};
	const char *method = invite ? "INVITE" : "BYE";
	char text[TEXT_MAX];

	if (s->tx != NULL)
		return;
	memset(s, 0, sizeof(*s));
	s->client = true;
	if (!is_ok(sf_tx_client_new(
		    w->table, invite ? SIP_INVITE : SIP_BYE, 1, &events, s, s->branch, &s->tx)))
		return;
	int n = snprintf(text, sizeof(text),
		"%s sip:b@b SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=%s\r\nFrom: <sip:a@a>;tag=f\r\n"
		"To: <sip:b@b>\r\nCall-ID: c\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
		method, s->branch, method);
	s->started = (arg & 4) == 0;
	if (s->started)
		sf_tx_client_start(s->tx, &hop, bytes_make(text, (size_t)n), &w->now);
}

static void response(struct world *w, const struct slot *s, const char *method, uint8_t arg)
{
	static const char *const first[] = {
		"SIP/2.0 100 T", "SIP/2.0 180 R", "SIP/2.0 200 O", "SIP/2.0 486 B"};
	static struct sip_msg m;
	struct origin o = origin_of(arg);
	char text[TEXT_MAX];
	struct sf_tx *tx;

	if (s->branch[0] == 0 || !message(&m, text, first[arg >> 3 & 3], s->branch, method, 1))
		return;
	if (is_ok(sf_tx_find_response(w->table, &m, &tx)) &&
		is_ok(sf_tx_check_response(tx, &m, &o, 1, false)))
		sf_tx_response(tx, &m, &w->now);
}

static void respond(struct world *w, struct slot *s, uint8_t arg)
{
	static const uint16_t status[] = {100, 180, 200, 404, 408, 486, 200, 603};

	if (s->tx != NULL && !s->client)
		sf_tx_respond(s->tx, BYTES("SIP/2.0 100 Any\r\n\r\n"), status[arg & 7], &w->now);
}

static void wait_us(struct world *w, uint64_t us)
{
	uint64_t until = w->now.mono_us + us, next;

	while ((next = timer_wheel_next(w->wheel)) <= until) {
		w->now.mono_us = next > w->now.mono_us ? next : w->now.mono_us;
		timer_wheel_run(w->wheel, &w->now);
	}
	w->now.mono_us = until;
	timer_wheel_run(w->wheel, &w->now);
}

static void on_slot(struct world *w, struct slot *s, uint8_t op, uint8_t arg)
{
	if (s->tx == NULL)
		return;
	if (op == 0)
		respond(w, s, arg);
	else if (op == 1 && s->client)
		sf_tx_cancel(s->tx, &w->now);
	else if (op == 2) {
		sf_tx_abandon(s->tx);
		s->tx = NULL; // nothing more is told
	}
}

static void event(struct world *w, uint8_t op, uint8_t arg)
{
	static const char *const methods[] = {"INVITE", "BYE", "CANCEL", "ACK"};
	struct slot *s = &w->slot[arg >> 5];

	switch (op % 8) {
	case 0:
		request(w, s, methods[op >> 3 & 3], arg);
		break;
	case 1:
		start(w, s, (op & 8) != 0, arg);
		break;
	case 2:
		response(w, s, methods[op >> 3 & 3], arg);
		break;
	case 3:
	case 4:
	case 5:
		on_slot(w, s, (uint8_t)(op % 8 - 3), arg);
		break;
	case 6:
		wait_us(w, (uint64_t)arg * arg * MS);
		break;
	default:
		w->broken = (arg & 1) != 0;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	w.now.mono_us = 1000 * SECOND;
	w.port = (struct sf_port){.ctx = &w, .send = send_h, .alarm = alarm_h};
	if (!is_ok(timer_wheel_new(&w.wheel, w.now.mono_us)))
		abort();
	struct sf_tx_config c = {
		.max = SLOTS, .wheel = w.wheel, .keys = keys(), .port = &w.port, .secret = "s"};
	if (!is_ok(sf_tx_table_new(&w.table, &c)))
		abort();
	for (size_t i = 0; i + 1 < size && i < 400; i += 2)
		event(&w, data[i], data[i + 1]);
	for (uint32_t i = 0; i < SLOTS; i++)
		on_slot(&w, &w.slot[i], 2, 0); // all users go
	wait_us(&w, 200 * SECOND);
	if (sf_tx_count(w.table) != 0 || timer_wheel_next(w.wheel) != NO_DEADLINE)
		abort();
	sf_tx_table_free(w.table);
	timer_wheel_free(w.wheel);
	return 0;
}
