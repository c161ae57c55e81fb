// SPDX-License-Identifier: Apache-2.0
// Messages whose handling waits for the Media Function: at most one per direction and call is kept, and
// handled again, from its octets, when the port says that it can go on.
#include "sf/inside.h"

#include "base/memory.h"
#include "sf/message.h"

bool wait_keep(struct sf_call *c, uint8_t side, enum waiting_for what, uint8_t branch, struct sf_tx *tx,
	struct sf_relay *r, const struct sip_msg *m)
{
	uint32_t n = m != NULL ? m->size : 0;

	if (c->wait[side] != NULL)
		return false;
	struct waiting *w = memory_alloc(sizeof(*w) + n);
	if (w == NULL)
		return false;
	w->what = (uint8_t)what;
	w->branch = branch;
	w->status = m != NULL ? m->status : 0;
	w->tx = tx;
	w->relay = r;
	w->len = n;
	if (n > 0)
		memcpy(w->octets, m->buf, n);
	c->wait[side] = w;
	return true;
}

void wait_drop(struct sf_call *c, uint8_t side)
{
	memory_free(c->wait[side]);
	c->wait[side] = NULL;
}

static void no_media(
	struct sf_call *c, const struct waiting *w, const struct sip_msg *m, const struct now *now)
{
	if (c->state == SF_CALL_CONFIRMED && w->what == WAIT_RELAY_REQUEST) {
		relay_reply(w->relay, 500, SF_FULL_RETRY_S, now);
		relay_free(w->relay);
	} else if (c->state == SF_CALL_CONFIRMED) {
		call_end(c, 2, 503, "no media", now);
	} else if (c->state < SF_CALL_CONFIRMED) {
		if (w->what == WAIT_RESPONSE && m->status >= 200)
			call_drop_answer(c, m, now);
		call_refuse_early(c, 503, 2, "no media", now);
	}
}

static void go_on(struct sf_call *c, const struct waiting *w, const struct sip_msg *m, const struct now *now)
{
	switch ((enum waiting_for)w->what) {
	case WAIT_OFFER:
		if (c->state < SF_CALL_CONFIRMED)
			call_offer(c, m, now);
		break;
	case WAIT_RESPONSE:
		call_response_again(c, w->tx, m, now);
		break;
	case WAIT_RELAY_REQUEST:
		relay_begin(w->relay, m, now);
		break;
	case WAIT_RELAY_RESPONSE:
		relay_answer(w->relay, m, now);
		break;
	case WAIT_ACK:
		call_ack(c, m, now);
		break;
	}
}

static void resume(struct sf_call *c, uint8_t side, bool ok, const struct now *now)
{
	struct waiting *w = c->wait[side];
	struct sip_fault fault;
	const uint8_t *octets = w->octets;
	uint32_t n = w->len;

	c->wait[side] = NULL;
	if (w->what == WAIT_OFFER && c->early != NULL) {
		octets = c->early->message;
		n = c->early->message_len;
	}
	if (is_ok(sip_msg_parse(c->sf->again, octets, n, &fault))) { // it was parsed before: it does again
		if (ok)
			go_on(c, w, c->sf->again, now);
		else
			no_media(c, w, c->sf->again, now);
	}
	memory_free(w);
}

void sf_media_ready(struct sf *sf, struct pool_ref call, uint8_t branch, bool ok, const struct now *now)
{
	for (uint8_t side = 0; side < 2; side++) {
		struct sf_call *c = pool_find(sf->calls, call);
		if (c == NULL)
			return;
		if (c->wait[side] == NULL || c->wait[side]->branch != branch)
			continue;
		resume(c, side, ok, now);
		call_settle(c);
	}
}
