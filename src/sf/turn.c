// SPDX-License-Identifier: Apache-2.0
// Whose turn is it? A request that opens something goes to one hop after the other, and from the last hop of a peer to the
// first of the next peer of the group (LRF-A3). Each peer has a name, times and limits of his own.
#include "sf/inside.h"

static void aim(const struct sf *sf, struct early *e)
{
	struct leg_peer *p = &e->peers[e->peer_at];

	e->peer = p->peer;
	e->host = p->ruri_host;
	p->ruri_host[DOMAIN_MAX - 1] = 0;
	e->ring_timeout_s = p->ring_timeout_s != 0 ? p->ring_timeout_s : SF_RING_DEFAULT_S;
	e->session_s = sf_session_s(sf, e->peer);
	e->min_se_s = sf_min_se_s(sf, e->peer);
}

void turn_begin(const struct sf *sf, struct early *e)
{
	e->hop_at = e->peer_at = 0;
	aim(sf, e);
}

static bool to_next_peer(const struct sf *sf, struct early *e)
{
	if (e->peer_at + 1 >= e->peer_count)
		return false;
	e->peer_at++;
	aim(sf, e);
	return true;
}

bool turn_next(const struct sf *sf, struct early *e)
{
	if (e->hop_at + 1 >= e->hop_count)
		return false;
	e->hop_at++;
	e->path = PATH_AS_PLANNED;
	return e->hop_at < e->peers[e->peer_at].hops_end || to_next_peer(sf, e);
}

bool turn_next_peer(const struct sf *sf, struct early *e)
{
	uint8_t end = e->peers[e->peer_at].hops_end;

	if (end >= e->hop_count || !to_next_peer(sf, e))
		return false;
	e->hop_at = end;
	e->path = PATH_AS_PLANNED;
	return true;
}

// ---- calls: each peer admits them himself ------------------------------------------------------------------

// What the caller requires was held against the first peer before there was a call (sf_check_options).
static bool takes_options(struct sf_call *c)
{
	const struct branch *b = c->branch[0];
	struct sip_fault fault;

	return c->early->peer_at == 0 || (b != NULL && is_ok(sip_msg_parse(c->sf->again, c->early->message, c->early->message_len, &fault)) &&
						 sf_check_options(c->sf, c->sf->again, b->caller.peer, c->early->peer).action == VERDICT_PASS);
}

static bool admit_one(struct sf_call *c, const struct now *now)
{
	const struct sf_port *port = &c->sf->config.port;

	if (c->admitted && c->admitted_peer == c->early->peer)
		return true;
	if (c->admitted)
		port->release(port->ctx, c->admitted_peer);
	c->admitted = takes_options(c) && port->admit(port->ctx, c->early->peer, now);
	c->admitted_peer = c->early->peer;
	return c->admitted;
}

bool call_admit(struct sf_call *c, const struct now *now)
{
	do {
		if (admit_one(c, now))
			return true;
	} while (turn_next_peer(c->sf, c->early));
	return false;
}

bool call_next_hop(struct sf_call *c, const struct now *now)
{
	return c->early != NULL && turn_next(c->sf, c->early) && call_admit(c, now);
}

bool call_next_peer(struct sf_call *c, const struct now *now)
{
	return c->early != NULL && turn_next_peer(c->sf, c->early) && call_admit(c, now);
}
