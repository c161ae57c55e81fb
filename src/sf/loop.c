// SPDX-License-Identifier: Apache-2.0
// Loops and breadth (RFC 5393, RFC 7332, SF-A4): a request that carries an identifier which we gave out has been here
// before. Loops through other back-to-back user agents are ended by Max-Forwards, which every request takes
// along.
#include "sf/inside.h"

static bool ours(const struct sf *sf, struct bytes text, enum sf_token_kind kind)
{
	struct sf_token t;

	return is_ok(sf_token_open(sf->config.keys, text, kind, &t));
}

// Also the address that the topmost Via names; family 0: a name.
static bool via_ours(const struct sf *sf, const struct sip_msg *m, struct address *top)
{
	struct sip_list it = sip_list_begin(m, SIP_HDR_VIA);
	struct sip_via via;
	bool first = true;

	for (struct span v; sip_list_next(&it, &v); first = false) {
		if (!is_ok(sip_via_parse(m->buf, m->size, v, &via)))
			continue;
		if (first && !is_ok(address_parse_host(sip_bytes(m, via.host), via.has_port ? via.port : 5060, top)))
			*top = (struct address){0};
		struct bytes b = sip_bytes(m, via.branch);
		if (b.len == SF_BRANCH_LEN && ours(sf, bytes_make(b.at + 7, b.len - 7), SF_TOKEN_BRANCH))
			return true;
	}
	return false;
}

// We try one target after the other, each with the whole breadth: nothing is left to be shared out, but nothing may go
// on without any (RFC5393#5.3.3).
static bool breadth_used_up(const struct sip_msg *m)
{
	const struct sip_line *l = sip_first(m, SIP_HDR_MAX_BREADTH);
	uint32_t breadth;

	return l != NULL && is_ok(sip_number_parse(m->buf, m->size, l->value, UINT32_MAX, &breadth)) && breadth == 0;
}

struct verdict sf_check_loop(
	struct sf *sf, const struct sip_msg *m, const struct origin *o, peer_id peer, const struct now *now)
{
	const struct peer *p = sf_peer(sf, peer);
	struct address top = {0};

	if (ours(sf, sip_bytes(m, m->call_id), SF_TOKEN_CALL_ID) ||
		ours(sf, sip_bytes(m, m->from_tag), SF_TOKEN_TAG) || via_ours(sf, m, &top)) {
		sf_alarm(sf, SF_ALARM_LOOP, peer, now);
		return REPLY(482, "Loop Detected");
	}
	if (p != NULL && top.family != 0 && !address_same_host(&top, &o->remote) && !leg_peer_owns(sf->snapshot, p, &top))
		sf_alarm(sf, SF_ALARM_VIA_ELSEWHERE, peer, now);
	return breadth_used_up(m) && m->method != SIP_OPTIONS ? REPLY(440, "Max-Breadth Exceeded") : PASS;
}
