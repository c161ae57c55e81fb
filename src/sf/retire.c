// SPDX-License-Identifier: Apache-2.0
// Keys of tokens do not live for ever: a call that is older than its key is ended in order, before its messages can no
// more be told from forged ones (SF-I1).
#include "sf/inside.h"

struct retiring {
	uint8_t first;
	const struct now *now;
};

static bool retires(const struct retiring *r, struct bytes token)
{
	uint8_t key = sf_token_key_of(token);

	for (uint32_t i = 0; i < SF_TOKEN_RETIRE; i++)
		if (key == (r->first + i) % SF_TOKEN_KEYS_MAX)
			return true;
	return false;
}

static bool tag_retires(const struct retiring *r, const struct sf_leg *l)
{
	return l->text != NULL && retires(r, bytes_make(l->tag, SF_TOKEN_LEN));
}

// The caller's Call-ID is his own; that of the called leg is ours.
static bool branch_retires(const struct retiring *r, const struct branch *b)
{
	return tag_retires(r, &b->caller) || tag_retires(r, &b->called) ||
	       (b->called.text != NULL && retires(r, leg_parts(&b->called).call_id));
}

static void retire_call(const struct sf_call *c, void *ctx)
{
	const struct retiring *r = ctx;

	for (uint32_t i = 0; i < SF_BRANCHES_MAX; i++) {
		const struct branch *b = c->branch[i];
		if (b == NULL || !branch_retires(r, b))
			continue;
		IGNORE_RESULT(sf_hangup(c->sf, c->ref, "token key retired", r->now)); // ending already: as wished
		return;
	}
}

void sf_retire_keys(struct sf *sf, uint8_t first, const struct now *now)
{
	struct retiring r = {first, now};

	sf_each_call(sf, retire_call, &r);
}
