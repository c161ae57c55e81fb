// SPDX-License-Identifier: Apache-2.0
// Loops (RFC 5393, RFC 7332, SF-A4): a request that carries an identifier which we gave out has been here
// before. Loops through other back-to-back user agents are ended by Max-Forwards, which every request takes
// along.
#include "sf/inside.h"

static bool ours(const struct sf *sf, struct bytes text, enum sf_token_kind kind)
{
	struct sf_token t;

	return is_ok(sf_token_open(sf->config.keys, text, kind, &t));
}

static bool via_ours(const struct sf *sf, const struct sip_msg *m)
{
	struct sip_list it = sip_list_begin(m, SIP_HDR_VIA);
	struct sip_via via;

	for (struct span v; sip_list_next(&it, &v);) {
		if (!is_ok(sip_via_parse(m->buf, m->size, v, &via)))
			continue;
		struct bytes b = sip_bytes(m, via.branch);
		if (b.len == SF_BRANCH_LEN && ours(sf, bytes_make(b.at + 7, b.len - 7), SF_TOKEN_BRANCH))
			return true;
	}
	return false;
}

struct verdict sf_check_loop(struct sf *sf, const struct sip_msg *m, peer_id peer, const struct now *now)
{
	if (!ours(sf, sip_bytes(m, m->call_id), SF_TOKEN_CALL_ID) &&
		!ours(sf, sip_bytes(m, m->from_tag), SF_TOKEN_TAG) && !via_ours(sf, m))
		return PASS;
	sf_alarm(sf, SF_ALARM_LOOP, peer, now);
	return REPLY(482, "Loop Detected");
}
