// SPDX-License-Identifier: Apache-2.0
// 300-699, timeout or transport failure of the initial INVITE: the next hop, or the caller is told
// (RFC3261#16.7).
#include "sf/inside.h"

static bool reroutes_on(const struct sf *sf, peer_id id, uint16_t status, bool heard)
{
	const struct peer *p = sf_peer(sf, id);

	if (!heard || status == 503)
		return true; // timeout, unreachable, or overloaded
	for (uint32_t i = 0; p != NULL && i < p->reroute_count && i < PEER_REROUTE_MAX; i++)
		if (p->reroute_on[i] == status)
			return true;
	return false;
}

// Could the caller have heard or agreed to anything of this attempt?
static bool media_passed(const struct sf_call *c)
{
	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++)
		if (c->branch[i] != NULL && (c->branch[i]->passed_media || c->branch[i]->oa == OA_STABLE))
			return true;
	return false;
}

// What the caller is told (RFC3261#16.7): redirections are not followed beyond the border, and the overload
// of a hop is not ours.
static uint16_t status_towards_caller(uint16_t status, bool heard)
{
	if (status >= 300 && status < 400)
		return 480;
	if (status == 401 || status == 407)
		return 403; // the far side's challenge is for us, not for the caller
	return status == 503 && heard ? 500 : status;
}

// 420 and 421 are passed on as far as the caller can mend it.
static uint16_t extension_status(const struct sf_call *c, const struct sip_msg *m, uint16_t status)
{
	const struct branch *b = c->branch[0];

	if (status != 420 && status != 421)
		return status;
	struct option_asked asked = early_asked(c->sf, c->early);
	return options_told(m, &asked, sf_way(c->sf, b->caller.peer, b->called.peer));
}

// The far side wants a longer session: once more, as it asks (RFC4028#7.4).
static bool try_longer(struct sf_call *c, const struct sip_msg *m, const struct now *now)
{
	struct session_terms terms;

	if (!is_ok(session_terms_read(m, &terms)) || terms.min_se_s <= c->early->min_se_s ||
		terms.min_se_s > SESSION_LONGEST_S)
		return false;
	c->early->min_se_s = terms.min_se_s;
	if (c->early->session_s < terms.min_se_s)
		c->early->session_s = terms.min_se_s;
	return call_try_again(c, now);
}

void call_failure_h(struct sf_call *c, struct call_event *e)
{
	const struct sf_port *port = &c->sf->config.port;
	struct branch *b = c->branch[0];
	bool heard = e->m != NULL;

	if (e->tx != c->client)
		return;
	sf_tx_abandon(c->client);
	c->client = NULL;
	wait_drop(c, SIDE_CALLED);
	if (!heard && e->status == 503 && path_return(c->early)) { // RFC3261#18.1.1
		if (!call_try_again(c, e->now))
			call_refuse_early(c, 503, 2, "no room for the leg", e->now);
		return;
	}
	port->hop_result(port->ctx, &b->called.hop, heard && e->status != 503, e->now);
	if (heard && e->status == 422 && !media_passed(c) && try_longer(c, e->m, e->now))
		return;
	bool reroute = reroutes_on(c->sf, b->called.peer, e->status, heard) && !media_passed(c);
	if (reroute && call_next_hop(c, e->now)) {
		if (!call_try_again(c, e->now))
			call_refuse_early(c, 503, 2, "no room for the leg", e->now);
		return;
	}
	uint16_t status = status_towards_caller(e->status, heard);
	if (heard)
		status = extension_status(c, e->m, status);
	call_reject(c, status, 0, e->m, e->now);
	call_over(
		c, SIDE_CALLED, status, e->reason != NULL ? e->reason : "refused by the called side", e->now);
}
