// SPDX-License-Identifier: Apache-2.0
// The steps that the Signalling Function decides: thin doors from the lists into src/sf.
#include "flow/gates.h"
#include "flow/state.h"

struct verdict gate_transaction(struct passage *p)
{
	if (!p->msg->is_request || p->dry)
		return PASS;
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
	return sf_step_invite(p->flow->sf, p->msg, p->origin, p->peer, &p->plan, &p->trail, p->now);
}

struct verdict gate_send_standalone(struct passage *p)
{
	if (p->dry)
		return DONE;
	return sf_step_standalone(p->flow->sf, p->msg, p->origin, p->peer, &p->plan, p->now);
}
