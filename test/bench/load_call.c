// SPDX-License-Identifier: Apache-2.0
// Both ends of a call: INVITE, 180, (ring), 200, ACK, (hold), BYE, 200. Nothing is ever sent again; whatever
// arrives twice, unasked or not at all is counted, so that a daemon cannot look fast by losing calls.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void load_queue_put(struct load_queue *q, uint64_t when, uint32_t call)
{
	q->due[q->tail++] = (struct load_due){when, call};
}

static char *keep(const char *m, size_t len)
{
	char *copy = malloc(len);

	if (copy == NULL)
		load_die("memory");
	memcpy(copy, m, len);
	return copy;
}

void load_call_start(struct load *l, uint32_t call)
{
	struct load_to to = {.conn = 0, .in = l->daemon.in};
	char m[LOAD_MESSAGE_MAX];
	size_t n = load_invite(l, m, sizeof(m), call);

	l->call[call].invite_sent = load_now_ns();
	load_net_send(l, &to, m, n);
}

// What a peer says that no call of ours expects; the first of a run is printed, the rest counted.
static void unexpected(struct load *l, struct load_slice m)
{
	const char *eol = memchr(m.at, '\r', m.len);

	if (l->unexpected++ == 0)
		fprintf(stderr, "sipload: unexpected: %.*s\n", (int)(eol == NULL ? 0 : eol - m.at), m.at);
}

/* ---- the called side ---- */

static void called_invite(
	struct load *l, uint32_t i, const struct load_to *from, struct load_slice m, uint64_t now)
{
	struct load_call *k = &l->call[i];
	char o[LOAD_MESSAGE_MAX];

	if (k->invite_seen != 0) {
		l->duplicates++;
		return;
	}
	k->invite_seen = now;
	load_net_send(l, from, o, load_response(l, o, sizeof(o), m, "180 Ringing", i, true, false));
	k->ok_len = load_response(l, o, sizeof(o), m, "200 OK", i, true, true);
	k->ok = keep(o, k->ok_len);
	k->ok_to = *from;
	load_queue_put(&l->ringing, now + l->ring_ns, i);
}

static void called_bye(struct load *l, uint32_t i, const struct load_to *from, struct load_slice m)
{
	char o[LOAD_MESSAGE_MAX];

	load_net_send(l, from, o, load_response(l, o, sizeof(o), m, "200 OK", i, false, false));
}

static void called_receive(struct load *l, const struct load_to *from, struct load_slice m, uint64_t now)
{
	const char *eol = memchr(m.at, '\r', m.len);
	struct load_slice first = {m.at, eol == NULL ? 0 : (size_t)(eol - m.at)};
	bool invite = strncmp(m.at, "INVITE ", 7) == 0;
	int64_t i = load_index(l, first, invite ? "sip:+4989" : "sip:b");

	if (strncmp(m.at, "OPTIONS ", 8) == 0)
		return; // a probe of the daemon
	if (i < 0)
		unexpected(l, m);
	else if (invite)
		called_invite(l, (uint32_t)i, from, m, now);
	else if (strncmp(m.at, "BYE ", 4) == 0)
		called_bye(l, (uint32_t)i, from, m);
	else if (strncmp(m.at, "ACK ", 4) != 0)
		unexpected(l, m);
	else if (l->call[i].ack_seen != 0)
		l->duplicates++;
	else
		l->call[i].ack_seen = now;
}

/* ---- the caller ---- */

static void caller_ok(
	struct load *l, uint32_t i, const struct load_to *from, struct load_slice m, uint64_t now)
{
	struct load_call *k = &l->call[i];
	struct load_to to = {.conn = from->conn, .in = l->daemon.in};
	char o[LOAD_MESSAGE_MAX];
	size_t n;

	if (k->ok_seen != 0) {
		l->duplicates++;
		return;
	}
	k->ok_seen = now;
	l->established++;
	n = load_in_dialog(l, o, sizeof(o), m, "ACK", 1, i);
	if (n == 0) {
		unexpected(l, m);
		return;
	}
	load_net_send(l, &to, o, n);
	k->bye_len = load_in_dialog(l, o, sizeof(o), m, "BYE", 2, i);
	k->bye = keep(o, k->bye_len);
	k->bye_to = to;
	load_queue_put(&l->holding, now + l->hold_ns, i);
}

static void caller_receive(struct load *l, const struct load_to *from, struct load_slice m, uint64_t now)
{
	int64_t i = load_index(l, m, "\r\nCall-ID: ");
	const char *cseq = memmem(m.at, m.len, "\r\nCSeq: ", 8);
	struct load_call *k;

	if (i < 0 || cseq == NULL || m.len < 12 || strncmp(m.at, "SIP/2.0 ", 8) != 0) {
		unexpected(l, m);
		return;
	}
	k = &l->call[i];
	if (k->first_seen == 0)
		k->first_seen = now;
	if (m.at[8] == '1')
		return;
	if (strncmp(m.at + 8, "200", 3) != 0)
		unexpected(l, m);
	else if (cseq[8] == '1')
		caller_ok(l, (uint32_t)i, from, m, now);
	else if (k->done != 0)
		l->duplicates++;
	else {
		k->done = now;
		l->finished++;
	}
}

void load_call_receive(
	struct load *l, enum load_side side, const struct load_to *from, struct load_slice m, uint64_t now)
{
	if (side == SIDE_CALLED)
		called_receive(l, from, m, now);
	else
		caller_receive(l, from, m, now);
}
