// SPDX-License-Identifier: Apache-2.0
// The four transaction machines as a subject: one transaction at a time is driven by DO, and what its user
// and the gates say are events. The commands are in README.md.
#include "subject.h"

#include "base/memory.h"
#include "sf/transaction.h"

#include <stdio.h>
#include <string.h>

struct subject {
	const struct replay_host *host;
	struct sf_tx_table *table;
	struct timer_wheel *wheel;
	struct sf_token_keys *keys;
	struct sf_port port;
	struct sf_tx *tx; // NULL: none
	struct sf_cookie cookie;
	struct hop hop; // of the reserved transaction
};

static void event(struct subject *s, const char *text)
{
	s->host->event(s->host->ctx, text);
}

// ---- the port
// ---------------------------------------------------------------------------------------------------

static result send_h(void *ctx, const struct hop *to, struct bytes octets, struct sf_cookie cookie)
{
	struct subject *s = ctx;

	s->cookie = cookie;
	return s->host->send(s->host->ctx, to, octets);
}

static void alarm_h(void *ctx, enum sf_alarm alarm, peer_id peer, const struct now *now)
{
	UNUSED(peer);
	UNUSED(now);
	event(ctx, alarm == SF_ALARM_TABLE_FULL ? "alarm table-full" : "alarm impossible");
}

// ---- the user of the transaction
// --------------------------------------------------------------------------------

static void response_h(void *user, struct sf_tx *tx, const struct sip_msg *m, const struct now *now)
{
	char text[32];

	UNUSED(tx);
	UNUSED(now);
	snprintf(text, sizeof(text), "response %u", m->status);
	event(user, text);
}

static void timeout_h(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(tx);
	UNUSED(now);
	event(user, "timeout");
}

static void unreachable_h(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(tx);
	UNUSED(now);
	event(user, "unreachable");
}

static void ack_h(void *user, struct sf_tx *tx, const struct now *now)
{
	UNUSED(tx);
	UNUSED(now);
	event(user, "ack");
}

static void ended_h(void *user, struct sf_tx *tx)
{
	struct subject *s = user;

	event(s, "ended");
	if (s->tx == tx)
		s->tx = NULL;
}

static const struct sf_tx_user user = {response_h, timeout_h, unreachable_h, ack_h, ended_h};

// ---- opening and closing
// ----------------------------------------------------------------------------------------

static void subject_close(void *ctx)
{
	struct subject *s = ctx;

	sf_tx_table_free(s->table);
	sf_token_keys_free(s->keys);
	timer_wheel_free(s->wheel);
	memory_free(s);
}

static result subject_make(struct subject *s, const struct now *now)
{
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {[0] = {1, "a key for replay"}};
	struct sf_tx_config c = {.max = 64, .port = &s->port, .secret = "another for hash"};

	TRY(timer_wheel_new(&s->wheel, now->mono_us));
	TRY(sf_token_keys_new(&s->keys, key, 0));
	c.wheel = s->wheel;
	c.keys = s->keys;
	return sf_tx_table_new(&s->table, &c);
}

static void *subject_open(const struct replay_host *host, struct bytes config, const struct now *now)
{
	struct subject *s = memory_alloc(sizeof(*s));

	UNUSED(config);
	if (s == NULL)
		return NULL;
	s->host = host;
	s->port = (struct sf_port){.ctx = s, .send = send_h, .alarm = alarm_h};
	if (is_ok(subject_make(s, now)))
		return s;
	subject_close(s);
	return NULL;
}

// ---- receiving
// --------------------------------------------------------------------------------------------------

static void receive_request(struct subject *s, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct now *now)
{
	static const char *const names[] = {[SF_TX_CANCEL] = "cancel",
		[SF_TX_CANCEL_NONE] = "cancel-none",
		[SF_TX_ACK_2XX] = "ack-2xx",
		[SF_TX_MERGED] = "merged",
		[SF_TX_FOREIGN] = "foreign",
		[SF_TX_OLD_BRANCH] = "old-branch"};
	struct sf_tx *tx;
	enum sf_tx_match match = sf_tx_match_request(s->table, m, o, peer, now, &tx);

	if (match == SF_TX_ABSORBED)
		return;
	if (match != SF_TX_NEW) {
		event(s, names[match]);
		return;
	}
	event(s, is_ok(sf_tx_server_new(s->table, m, o, peer, &user, s, now, &s->tx)) ? "new" : "full");
}

static void receive_response(struct subject *s, const struct sip_msg *m, const struct origin *o, peer_id peer,
	const struct now *now)
{
	struct sf_tx *tx;
	result r = sf_tx_find_response(s->table, m, &tx);

	if (!is_ok(r))
		event(s, r.error == E_STALE ? "stale" : "forged");
	else if (!is_ok(sf_tx_check_response(tx, m, o, peer, false)))
		event(s, "foreign");
	else
		sf_tx_response(tx, m, now);
}

static void subject_receive(
	void *ctx, const struct origin *o, peer_id peer, struct bytes octets, const struct now *now)
{
	static struct sip_msg m;
	struct sip_fault fault = {0};
	struct subject *s = ctx;

	if (!is_ok(sip_msg_parse(&m, octets.at, (uint32_t)octets.len, &fault)))
		event(s, fault.phrase != NULL ? fault.phrase : "syntax");
	else if (m.is_request)
		receive_request(s, &m, o, peer, now);
	else
		receive_response(s, &m, o, peer, now);
}

// ---- DO
// ---------------------------------------------------------------------------------------------------------

// "reserve METHOD PEER": $branch is its branch.
static bool reserve(struct subject *s, const char *method, const char *peer_name)
{
	const struct replay_peer *p = s->host->peer(s->host->ctx, peer_name);
	char branch[SF_BRANCH_LEN];

	if (p == NULL)
		return false;
	s->hop = (struct hop){.transport = p->transport,
		.listener = p->listener,
		.peer = p->id,
		.conn = p->conn,
		.remote = p->address};
	if (!is_ok(sf_tx_client_new(
		    s->table, sip_method_of(bytes_of_string(method)), p->id, &user, s, branch, &s->tx)))
		return false;
	s->host->let(s->host->ctx, "branch", bytes_make(branch, sizeof(branch)));
	return true;
}

static bool act_on(struct subject *s, const char *command, struct bytes octets, const struct now *now)
{
	unsigned status = 0;

	if (strcmp(command, "start") == 0)
		sf_tx_client_start(s->tx, &s->hop, octets, now);
	else if (strcmp(command, "cancel") == 0)
		sf_tx_cancel(s->tx, now);
	else if (strcmp(command, "abandon") == 0)
		sf_tx_abandon(s->tx);
	else if (octets.len > 12 && strcmp(command, "respond") == 0) {
		for (uint32_t i = 8; i < 11; i++) // "SIP/2.0 nnn"
			status = status * 10 + (unsigned)(octets.at[i] - '0');
		sf_tx_respond(s->tx, octets, (uint16_t)status, now);
	} else
		return false;
	return true;
}

static bool subject_act(void *ctx, const char *command, struct bytes octets, const struct now *now)
{
	struct subject *s = ctx;
	char words[64];
	char *peer;

	if (strcmp(command, "undeliverable") == 0) {
		sf_tx_undeliverable(s->table, s->cookie, now);
		return true;
	}
	if (strncmp(command, "reserve ", 8) != 0)
		return s->tx != NULL && act_on(s, command, octets, now);
	snprintf(words, sizeof(words), "%s", command + 8);
	peer = strchr(words, ' ');
	if (peer == NULL)
		return false;
	*peer = 0;
	return reserve(s, words, peer + 1);
}

// ---- the rest
// ---------------------------------------------------------------------------------------------------

static void subject_run(void *ctx, const struct now *now)
{
	timer_wheel_run(((struct subject *)ctx)->wheel, now);
}

static uint64_t subject_deadline(void *ctx)
{
	return timer_wheel_next(((struct subject *)ctx)->wheel);
}

static const char *subject_state(void *ctx)
{
	const struct subject *s = ctx;

	return s->tx != NULL ? sf_tx_state_name(s->tx) : "none";
}

const struct replay_subject replay_transaction = {"transaction", subject_open, subject_close, subject_receive,
	subject_run, subject_deadline, subject_act, subject_state, NULL};
