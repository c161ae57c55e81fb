// SPDX-License-Identifier: Apache-2.0
// The steps that the Signalling Function decides: thin doors from the lists into src/sf.
#include "flow/gates.h"
#include "flow/state.h"

struct verdict gate_transaction(struct passage *p)
{
	if (!p->msg->is_request || p->dry)
		return PASS;
	struct verdict waiting = lookup_held_already(p);
	if (waiting.action != VERDICT_PASS)
		return waiting;
	return sf_step_transaction(p->flow->sf, p->msg, p->origin, p->peer, p->now);
}

struct verdict gate_response_token(struct passage *p)
{
	return sf_step_response_token(p->flow->sf, p->msg, &p->tx);
}

struct verdict gate_response_source(struct passage *p)
{
	return sf_step_response_source(p->flow->sf, p->tx, p->msg, p->origin, p->peer, p->now);
}

struct verdict gate_response_deliver(struct passage *p)
{
	sf_step_response(p->flow->sf, p->tx, p->msg, p->now);
	return DONE;
}

struct verdict gate_dialog_token(struct passage *p)
{
	return sf_step_dialog_token(p->flow->sf, p->msg, &p->dialog);
}

struct verdict gate_dialog_owner(struct passage *p)
{
	return sf_step_dialog_owner(p->flow->sf, &p->dialog, p->msg, p->origin, p->peer, p->now);
}

struct verdict gate_dialog_deliver(struct passage *p)
{
	return p->dry ? DONE : sf_step_dialog_request(p->flow->sf, &p->dialog, p->msg, p->origin, p->now);
}

struct verdict gate_send(struct passage *p)
{
	if (p->dry)
		return DONE;
	struct peer_load *load = flow_load(p->flow, p->peer);
	// Counted before, because the call may end within; sf_port.ended gives it back for every call that was opened.
	if (load != NULL)
		atomic_fetch_add_explicit(&load->concurrent, 1, memory_order_relaxed);
	struct verdict v = sf_step_invite(p->flow->sf, p->msg, p->origin, p->peer, &p->plan, &p->trail, p->now);
	if (v.action != VERDICT_DONE && load != NULL)
		atomic_fetch_sub_explicit(&load->concurrent, 1, memory_order_relaxed);
	else if (v.action == VERDICT_DONE)
		atomic_fetch_add_explicit(&p->flow->counters.calls_started, 1, memory_order_relaxed);
	return v;
}

struct verdict gate_send_standalone(struct passage *p)
{
	if (p->dry)
		return DONE;
	return sf_step_standalone(p->flow->sf, p->msg, p->origin, p->peer, &p->plan, p->now);
}
