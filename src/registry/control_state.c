// SPDX-License-Identifier: Apache-2.0
// What each control is to a peer: the coverage that `status` and the dashboard show (BE-4).
#include "registry/snapshot.h"

static bool any_number(const struct number_prefix *list, uint32_t n)
{
	return n == 1 && list[0].digits[0] == '\0';
}

// Does the configuration of P hold what C needs?
static bool present(const struct peer *p, enum control c)
{
	switch (c) {
	case CONTROL_TRANSPORT_IDENTITY:
		return transport_is_secure((enum transport)p->reach_transport) && p->tls_name_count > 0 &&
		       p->trust.len > 0;
	case CONTROL_ADDRESSES:
		return p->address_count > 0;
	case CONTROL_NUMBERS:
		return !any_number(p->calls_from, p->calls_from_count) &&
		       !any_number(p->calls_to, p->calls_to_count);
	case CONTROL_RATES:
		return p->calls_per_second > 0 && p->concurrent_calls > 0 && p->messages_per_second > 0;
	case CONTROL_MEDIA_SOURCE:
		return p->media_address_count > 0 || !p->anchor;
	case CONTROL_SRTP:
		return p->srtp == SRTP_REQUIRED;
	case CONTROL_HEADERS:
		return p->headers_strict != 0;
	case CONTROL_IDENTITY:
		return false; // this release verifies no signed identity
	case CONTROL_SESSION_TIMERS:
		return p->session_expires_s > 0;
	case CONTROL_MEDIA_ANCHOR:
		return p->anchor != 0;
	default:
		return true; // the gates hold these for every peer
	}
}

enum control_state peer_control_state(
	const struct snapshot *s, const struct peer *p, enum control c, uint64_t wall_ms)
{
	int waiver = peer_waiver_state(p, c, wall_ms);

	if ((unsigned)c >= CONTROL_COUNT)
		return CONTROL_NOT_APPLICABLE;
	if (waiver != 0)
		return waiver == 1 ? CONTROL_WAIVED : CONTROL_EXPIRED;
	if (present(p, c))
		return p->shadow[c] ? CONTROL_SHADOWED : CONTROL_ENFORCED;
	return p->zone < s->zone_count && s->zone[p->zone].is_core ? CONTROL_NOT_APPLICABLE : CONTROL_MISSING;
}

const char *control_state_name(enum control_state state)
{
	static const char *const names[] = {
		[CONTROL_ENFORCED] = "enforced",
		[CONTROL_SHADOWED] = "shadowed",
		[CONTROL_WAIVED] = "waived",
		[CONTROL_EXPIRED] = "expired",
		[CONTROL_MISSING] = "missing",
		[CONTROL_NOT_APPLICABLE] = "not-applicable",
	};
	return (unsigned)state < ARRAY_LEN(names) ? names[state] : "unknown";
}
