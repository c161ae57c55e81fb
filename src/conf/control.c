// SPDX-License-Identifier: Apache-2.0
// Is a peer whole? One row per control: what is lacking, and how to mend it (BE-4).
//
// A peer that lacks a control stays out of service, alone; a waiver with a reason and a date lets it serve.
// Controls without a row here are always enforced: their waivers only loosen what the gates do.
#include "conf/steps.h"

#include "base/clock.h"

enum { RATE_OPEN = 1000000 };              // what a waived rate admits: the bound of the option
#define WAIVER_LONG_MS (366 * 86400000ull) // [ms] a longer one is no longer temporary: warned of

struct control_row {
	enum control control;
	bool core; // peers of core zones need it too
	bool (*lacking)(const struct conf_load *c, const struct conf_peer *p);
	const char *path; // the option to point at
	const char *what, *mend;
};

static bool no_identity(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->peer.reach_transport != TRANSPORT_TLS || (p->peer.tls_name_count == 0 && p->slots == 0) ||
	       p->trust_path[0] == '\0';
}

static bool no_addresses(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->peer.address_count == 0;
}

static bool any_number(const struct number_prefix *list, uint32_t n)
{
	return n == 1 && list[0].digits[0] == '\0';
}

static bool no_numbers(const struct conf_load *c, const struct conf_peer *p)
{
	const struct conf_node *written = conf_tree_find(p->node, "numbers");
	const struct peer *q = &p->peer;

	// An empty list admits nothing, and is complete; a list that is not written is not.
	if (conf_tree_find(written, "calls_from") == NULL || conf_tree_find(written, "calls_to") == NULL)
		return true;
	return !conf_zone_is_core(c, q->zone) &&
	       (any_number(q->calls_from, q->calls_from_count) || any_number(q->calls_to, q->calls_to_count));
}

static bool no_rates(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->peer.calls_per_second == 0 || p->peer.concurrent_calls == 0 ||
	       p->peer.messages_per_second == 0;
}

static bool no_media_source(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->peer.anchor && p->peer.media_address_count == 0;
}

static bool no_srtp(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->peer.srtp != SRTP_REQUIRED;
}

static bool no_headers(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->peer.headers_strict == 0;
}

static bool no_verification(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	UNUSED(p);
	return true; // this release verifies no signed identity
}

static bool no_timers(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->timers == 0;
}

static bool no_anchor(const struct conf_load *c, const struct conf_peer *p)
{
	UNUSED(c);
	return p->peer.anchor == 0;
}

static const struct control_row rows[] = {
	{CONTROL_TRANSPORT_IDENTITY, false, no_identity, "known_by", "no certificate proves who it is",
		"set reach.transport: tls, known_by.trust and known_by.tls_names"},
	{CONTROL_ADDRESSES, true, no_addresses, "known_by.addresses", "no address ranges are known",
		"set known_by.addresses"},
	{CONTROL_NUMBERS, true, no_numbers, "numbers", "numbers are not bounded",
		"set numbers.calls_from and numbers.calls_to to prefixes"},
	{CONTROL_RATES, true, no_rates, "limits", "rates are not bounded",
		"set limits.calls_per_second, concurrent_calls and messages_per_second"},
	{CONTROL_MEDIA_SOURCE, false, no_media_source, "media.addresses",
		"no media source addresses are known", "set media.addresses"},
	{CONTROL_SRTP, false, no_srtp, "media.srtp", "SRTP is not required", "set media.srtp: required"},
	{CONTROL_HEADERS, false, no_headers, "headers", "header fields are not held to the list",
		"set headers: strict"},
	{CONTROL_IDENTITY, false, no_verification, "identity",
		"signed caller identity is not verified (this release has no verification yet)",
		"set identity: {verify: off}"},
	{CONTROL_SESSION_TIMERS, false, no_timers, "session.timers", "session timers are off",
		"set session.timers: yes"},
	{CONTROL_MEDIA_ANCHOR, true, no_anchor, "media.anchor", "media does not pass through us",
		"set media.anchor: yes"},
};

static void date_text(uint64_t until_ms, char out[16])
{
	struct utc last = utc_of(until_ms - 1); // the last day, not the first instant after it

	snprintf(out, 16, "%04u-%02u-%02u", (unsigned)last.year % 10000, (unsigned)last.month % 100,
		(unsigned)last.day % 100);
}

static void put_out(struct conf_peer *p, const char *what, const char *which)
{
	p->peer.in_service = 0;
	if (p->peer.why_out[0] == '\0')
		snprintf(p->peer.why_out, sizeof(p->peer.why_out), "%s: %s", which, what);
}

static void take_waiver(struct conf_load *c, struct conf_peer *p, const struct conf_waiver *w)
{
	struct waiver *to;
	char day[16];

	if (w->control >= CONTROL_COUNT || w->until_ms == 0)
		return;
	to = &p->peer.waiver[w->control];
	if (to->set) {
		conf_error(c, w->node, "a second waiver for %s; keep one",
			control_name((enum control)w->control));
		return;
	}
	to->set = 1;
	to->until_ms = w->until_ms;
	memcpy(to->reason, w->reason, sizeof(to->reason));
	if (w->until_ms > c->wall_ms + WAIVER_LONG_MS)
		conf_say_at(c, CONF_WARNING, conf_tree_place(w->node, "until"),
			"the waiver for %s holds for more than a year; a waiver is for the time until the "
			"mend",
			control_name((enum control)w->control));
	if (peer_waiver_state(&p->peer, (enum control)w->control, c->wall_ms) != 2)
		return;
	date_text(w->until_ms, day);
	conf_say_at(c, CONF_OUT_OF_SERVICE, conf_tree_place(w->node, "until"),
		"peer %s stays out of service: its waiver for %s ended with %s; mend the control and remove "
		"the waiver, or "
		"agree on a new date",
		p->peer.name, control_name((enum control)w->control), day);
	put_out(p, "waiver expired", control_name((enum control)w->control));
}

static void say_waived(struct conf_load *c, const struct conf_peer *p, const struct control_row *row)
{
	char day[16];

	date_text(p->peer.waiver[row->control].until_ms, day);
	conf_say_at(c, CONF_WARNING, conf_tree_place(p->node, "waivers"),
		"peer %s: %s, waived until %s; mend it before then", p->peer.name, row->what, day);
}

static void check_row(struct conf_load *c, struct conf_peer *p, const struct control_row *row)
{
	int state = peer_waiver_state(&p->peer, row->control, c->wall_ms);

	if (!row->lacking(c, p) || state == 2)
		return; // an expired waiver has been said
	if (state == 1) {
		say_waived(c, p, row);
		return;
	}
	conf_say_at(c, CONF_OUT_OF_SERVICE, conf_tree_place(p->node, row->path),
		"peer %s stays out of service: %s; %s%s {control: %s, reason: \"...\", until: DATE} to "
		"waivers",
		p->peer.name, row->what, row->mend,
		row->control == CONTROL_IDENTITY ? " and add" : ", or add", control_name(row->control));
	put_out(p, row->what, control_name(row->control));
}

// What this release cannot do must not be promised by a configuration.
static void check_promises(struct conf_load *c, const struct conf_peer *p)
{
	if (p->verify != CONF_UNSET && p->verify != 0)
		conf_error(c, conf_tree_place(p->node, "identity.verify"),
			"verification of signed identity is not part of this "
			"release; write verify: off, and for a peering zone a waiver for control identity");
	if (p->sign != CONF_UNSET && p->sign != 0)
		conf_error(c, conf_tree_place(p->node, "identity.sign"),
			"signing of identity is not part of this release; write "
			"sign: off");
}

// Core peers may be known by address alone, but then not over TLS: a certificate that nobody checks proves
// nothing.
static void check_core_tls(struct conf_load *c, const struct conf_peer *p)
{
	bool tls = false;

	for (uint32_t i = 0; i < p->target_count; i++)
		tls |= p->target[i].transport == TRANSPORT_TLS;
	if (tls && (p->trust_path[0] == '\0' || p->peer.tls_name_count == 0))
		conf_error(c, conf_tree_place(p->node, "reach"),
			"tls without anchors and names proves nothing; add known_by.trust and "
			"known_by.tls_names, or "
			"use tcp");
}

static void open_waived_rates(struct peer *p)
{
	if (p->waiver[CONTROL_RATES].set == 0)
		return;
	p->calls_per_second = p->calls_per_second != 0 ? p->calls_per_second : RATE_OPEN;
	p->concurrent_calls = p->concurrent_calls != 0 ? p->concurrent_calls : RATE_OPEN;
	p->messages_per_second = p->messages_per_second != 0 ? p->messages_per_second : RATE_OPEN;
}

void conf_check_controls(struct conf_load *c, struct conf_peer *p)
{
	bool core = conf_zone_is_core(c, p->peer.zone);

	if (p->zone_name[0] == '\0')
		return; // refused already; what it needs depends on its zone
	p->peer.in_service = 1;
	for (uint32_t i = 0; i < p->waiver_count; i++)
		take_waiver(c, p, &p->waiver[i]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!core || rows[i].core)
			check_row(c, p, &rows[i]);
	}
	check_promises(c, p);
	if (core)
		check_core_tls(c, p);
	if (no_identity(c, p) && no_addresses(c, p))
		conf_error(c, conf_tree_place(p->node, "known_by"),
			"nothing tells this peer from a stranger, and no waiver can "
			"stand for that; set known_by.addresses, or trust and tls_names with transport tls");
	open_waived_rates(&p->peer);
}
