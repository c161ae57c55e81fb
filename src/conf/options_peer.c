// SPDX-License-Identifier: Apache-2.0
// The options of one peer. One row each; see option.h for the columns. All of them take effect at reload.
#include "conf/option.h"
#include "conf/values.h"

static void *waiver_item(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_peer *p = target;
	struct conf_waiver *w;

	UNUSED(c);
	if (p->waiver_count >= CONTROL_COUNT)
		return NULL;
	w = &p->waiver[p->waiver_count++];
	w->control = CONF_UNSET;
	w->node = n;
	return w;
}

#define PEER(field) CONF_FIELD(struct conf_peer, field)
#define WAIVER(field) CONF_FIELD(struct conf_waiver, field)
#define NUMBERS_FORM "\"+4930\": a plus and 1 to 15 digits, or any"
#define CONTROLS_FORM                                                                                        \
	"transport-identity, addresses, numbers, rates, media-source, srtp, headers, identity, "             \
	"session-timers, "                                                                                   \
	"response-source, media-anchor, clear-sdes or core-in-body"

static const char *const policy_words[] = {"failover", "balance", NULL};
static const char *const srtp_words[] = {"off", "preferred", "required", NULL};
static const char *const keying_words[] = {"end-to-end", "per-leg", NULL};
static const char *const headers_words[] = {"relaxed", "strict", NULL};
static const char *const verify_words[] = {"off", "required", NULL};
static const char *const sign_words[] = {"off", "full", NULL};

static const struct conf_option reach_rows[] = {
	{.key = "domain",
		.type = CONF_VALUE,
		.set = conf_set_reach_domain,
		.form = "a domain, like ssp-b.example",
		.manual = "The peer's SIP domain: requests for it go there. Without `targets` it is also "
			  "resolved for the next hop."},
	{.key = "transport",
		.type = CONF_VALUE,
		.set = conf_set_reach_transport,
		.form = "udp, tcp or tls",
		.manual = "Transport towards the peer and the floor for what it may use itself. Default: the "
			  "weakest of `targets`, "
			  "else tls."},
	{.key = "targets",
		.type = CONF_LIST,
		.min = 1,
		.max = PEER_TARGETS_MAX,
		.set = conf_set_target,
		.form = "\"tcp:10.0.0.5:5060\", \"[2001:db8::5]:5061\" or \"tls:sbe.ssp-b.example\"",
		.manual = "Next hops in the order to be tried. Port: 5060, for tls 5061."},
	{.key = "policy",
		.type = CONF_CHOICE,
		PEER(peer.target_policy),
		.choices = policy_words,
		.initial = "failover",
		.form = "failover or balance",
		.manual = "Try the targets in order, or spread calls over them."},
};
static const struct conf_section reach_section = CONF_SECTION(reach_rows);

static const struct conf_option demand_rows[] = {
	{.key = "below",
		.type = CONF_VALUE,
		.set = conf_set_demand_below,
		.form = "a domain, like federation.example",
		.manual = "Domains below this one become peers when a call goes there or comes from there: if DNS tells their servers, signed "
			  "with DNSSEC, and a certificate of `known_by.trust` names them. Not the domain itself. Must be given."},
	{.key = "slots",
		.type = CONF_NUMBER,
		CONF_FIELD(struct conf_peer, slots),
		.min = 1,
		.max = ON_DEMAND_SLOTS_MAX,
		.initial = "32",
		.unit = "domains",
		.form = "a number",
		.manual = "So many domains at the most. Each is a peer of its own, NAME~1, NAME~2 and so on, with all that stands here; its "
			  "place is its own until the next start."},
};
static const struct conf_section demand_section = CONF_SECTION(demand_rows);

static const struct conf_option known_by_rows[] = {
	{.key = "tls_names",
		.type = CONF_LIST,
		.min = 1,
		.max = PEER_TLS_NAMES_MAX,
		.set = conf_set_tls_name,
		.form = "a domain or \"sip:\" and a domain, no wildcard, no address",
		.manual = "Names, one of which the peer's certificate bears as subjectAltName (RFC 5922). "
			  "Default: `reach.domain`."},
	{.key = "trust",
		.type = CONF_TEXT,
		PEER(trust_path),
		.min = 1,
		.max = CONF_PATH_MAX - 1,
		.form = "the path of a PEM file",
		.manual = "Anchors in which this peer's chain must end. They count for nobody else."},
	{.key = "addresses",
		.type = CONF_LIST,
		.min = 1,
		.max = PEER_PREFIXES_MAX,
		.set = conf_set_address,
		.form = "192.0.2.0/28 or 2001:db8::/56, the bits beyond the length 0",
		.manual = "Where the peer's signalling comes from, and where ours to it may go."},
};
static const struct conf_section known_by_section = CONF_SECTION(known_by_rows);

static const struct conf_option numbers_rows[] = {
	{.key = "calls_from",
		.type = CONF_LIST,
		.min = 0,
		.max = PEER_NUMBERS_MAX,
		.set = conf_set_calls_from,
		.form = NUMBERS_FORM,
		.manual = "Prefixes of caller numbers that the peer may present (SF-I3); [] for none."},
	{.key = "calls_to",
		.type = CONF_LIST,
		.min = 0,
		.max = PEER_NUMBERS_MAX,
		.set = conf_set_calls_to,
		.form = NUMBERS_FORM,
		.manual = "Prefixes of numbers that are reached through the peer (SF-I12); [] for none; registry alone: the "
			  "numbers that the registry or ENUM gives it."},
};
static const struct conf_section numbers_section = CONF_SECTION(numbers_rows);

static const char *const view_words[] = {"none", "domain", "route", NULL};

static const struct conf_option lookup_rows[] = {
	{.key = "view",
		.type = CONF_CHOICE,
		PEER(peer.lookup_view),
		.choices = view_words,
		.initial = "none",
		.form = "none, domain or route",
		.manual = "What the peer is told when it asks who is responsible for a number: nothing (it may not ask), the target "
			  "domain, or also the next hops (LUF-C2, LRF-C1)."},
	{.key = "listed",
		.type = CONF_BOOL,
		PEER(peer.lookup_listed),
		.initial = "no",
		.form = "yes or no",
		.manual = "May other peers be told that this one is responsible for a number (LUF-C2)?"},
};
static const struct conf_section lookup_section = CONF_SECTION(lookup_rows);

static const struct conf_option rate_rows[] = {
	{.key = "calls_per_second",
		.type = CONF_NUMBER,
		PEER(peer.calls_per_second),
		.min = 1,
		.max = 100000,
		.unit = "calls/s",
		.form = "a number",
		.manual = "New calls from and to the peer (SF-A1)."},
	{.key = "concurrent_calls",
		.type = CONF_NUMBER,
		PEER(peer.concurrent_calls),
		.min = 1,
		.max = 1000000,
		.unit = "calls",
		.form = "a number",
		.manual = "Calls at one time with the peer."},
	{.key = "messages_per_second",
		.type = CONF_NUMBER,
		PEER(peer.messages_per_second),
		.min = 1,
		.max = 1000000,
		.unit = "messages/s",
		.form = "a number",
		.manual = "SIP messages from the peer, all kinds together."},
};
static const struct conf_section rate_section = CONF_SECTION(rate_rows);

static const struct conf_option media_rows[] = {
	{.key = "srtp",
		.type = CONF_CHOICE,
		PEER(peer.srtp),
		.choices = srtp_words,
		.form = "required, preferred or off",
		.manual = "Media floor of this leg (MF-C1, MF-C2). Default: required in peering zones, off "
			  "in core zones."},
	{.key = "keying",
		.type = CONF_CHOICE,
		PEER(peer.keying),
		.choices = keying_words,
		.initial = "end-to-end",
		.form = "end-to-end or per-leg",
		.manual = "Keys of the users pass untouched (RFC 6271), or each leg may have its own."},
	{.key = "anchor",
		.type = CONF_BOOL,
		PEER(peer.anchor),
		.initial = "yes",
		.form = "yes or no",
		.manual = "Media passes through us. No needs the waiver media-anchor."},
	{.key = "addresses",
		.type = CONF_LIST,
		.min = 1,
		.max = MEDIA_PREFIXES_MAX,
		.set = conf_set_media_address,
		.form = "192.0.2.0/28 or 2001:db8::/56, the bits beyond the length 0",
		.manual = "Where the peer's media comes from and goes to (MF-C3)."},
	{.key = "codecs",
		.type = CONF_LIST,
		.min = 1,
		.max = PEER_CODECS_MAX,
		.set = conf_set_codec,
		.form = "a codec name as in SDP, like PCMA",
		.manual = "Codecs that pass. Absent: all."},
	{.key = "suites",
		.type = CONF_LIST,
		.min = 1,
		.max = MEDIA_SUITES_MAX,
		.set = conf_set_suite,
		.initial = "AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80",
		.form = "AES_CM_128_HMAC_SHA1_80, AEAD_AES_128_GCM or AEAD_AES_256_GCM",
		.manual = "SRTP suites of keys that we add, best first."},
};
static const struct conf_section media_section = CONF_SECTION(media_rows);

static const struct conf_option identity_rows[] = {
	{.key = "verify",
		.type = CONF_CHOICE,
		PEER(verify),
		.choices = verify_words,
		.form = "off",
		.manual = "Verification of signed caller identity. This release has none: peers of peering "
			  "zones need the waiver "
			  "identity."},
	{.key = "sign",
		.type = CONF_CHOICE,
		PEER(sign),
		.choices = sign_words,
		.form = "off",
		.manual = "Signing of caller identity. This release has none."},
	{.key = "trusted",
		.type = CONF_BOOL,
		PEER(peer.trusted_identity),
		.initial = "no",
		.form = "yes or no",
		.manual = "P-Asserted-Identity is believed from this peer and sent to it (RFC 3325 trust "
			  "domain)."},
};
static const struct conf_section identity_section = CONF_SECTION(identity_rows);

static const struct conf_option session_rows[] = {
	{.key = "timers",
		.type = CONF_BOOL,
		PEER(timers),
		.initial = "yes",
		.form = "yes or no",
		.manual = "Session timers (RFC 4028) end calls whose far side is gone (SF-A5)."},
	{.key = "expires",
		.type = CONF_NUMBER,
		PEER(peer.session_expires_s),
		.min = 90,
		.max = 86400,
		.initial = "1800",
		.unit = "s",
		.form = "a number",
		.manual = "Session-Expires that we ask for (RFC4028#4)."},
	{.key = "min_se",
		.type = CONF_NUMBER,
		PEER(peer.min_se_s),
		.min = 90,
		.max = 86400,
		.initial = "90",
		.unit = "s",
		.form = "a number",
		.manual = "The shortest session interval that we accept (RFC4028#5)."},
	{.key = "ring",
		.type = CONF_NUMBER,
		PEER(peer.ring_timeout_s),
		.min = 10,
		.max = 600,
		.initial = "180",
		.unit = "s",
		.form = "a number",
		.manual = "A call that is not answered within this time is ended."},
};
static const struct conf_section session_section = CONF_SECTION(session_rows);

static const struct conf_option priority_rows[] = {
	{.key = "emergency",
		.type = CONF_BOOL,
		PEER(peer.priority),
		.initial = "no",
		.form = "yes or no",
		.manual = "Marks of emergency and priority calls from this peer count. From others they are "
			  "removed and counted."},
};
static const struct conf_section priority_section = CONF_SECTION(priority_rows);

static const struct conf_option waiver_rows[] = {
	{.key = "control",
		.type = CONF_VALUE,
		.required = true,
		.set = conf_set_waiver_control,
		.form = CONTROLS_FORM,
		.manual = "The control that the peer lacks."},
	{.key = "reason",
		.type = CONF_TEXT,
		.required = true,
		WAIVER(reason),
		.min = 8,
		.max = 127,
		.form = "a sentence of 8 to 127 octets",
		.manual = "Why, for the people who read `status`."},
	{.key = "until",
		.type = CONF_VALUE,
		.required = true,
		.set = conf_set_waiver_until,
		.form = "a date, like 2027-03-31",
		.manual = "The last day on which it holds, UTC. Afterwards new dialogs with the peer are "
			  "refused."},
};
static const struct conf_section waiver_section = CONF_SECTION(waiver_rows);

static const struct conf_option peer_rows[] = {
	{.key = "name",
		.type = CONF_VALUE,
		.required = true,
		.set = conf_set_peer_name,
		.form = "a word of letters, digits, \".\", \"_\", \"-\" (63 at most)",
		.manual = "The peer's name in commands, statistics and records. It must stay the same over "
			  "reloads."},
	{.key = "zone",
		.type = CONF_VALUE,
		.required = true,
		.set = conf_set_peer_zone,
		.form = "a word, like core or peering",
		.manual = "The zone that the peer lives in. Address ranges of different zones may overlap."},
	{.key = "reach",
		.type = CONF_MAP,
		.section = &reach_section,
		.form = "{domain: ssp-b.example, transport: tls}",
		.manual = "How the peer is reached."},
	{.key = "known_by",
		.type = CONF_MAP,
		.section = &known_by_section,
		.form = "{tls_names: [ssp-b.example], trust: ssp-b-ca.pem, addresses: [192.0.2.0/28]}",
		.manual = "How the peer is recognised (SF-I10). Everything given must hold."},
	{.key = "on_demand",
		.type = CONF_MAP,
		.section = &demand_section,
		.form = "{below: federation.example, slots: 32}",
		.manual = "Peering on demand (RFC 6405): not one peer but whichever domain of a federation there is a call with. "
			  "`reach` then names a transport alone."},
	{.key = "numbers",
		.type = CONF_MAP,
		.section = &numbers_section,
		.form = "{calls_from: [\"+4930\"], calls_to: [\"+4989\"]}",
		.manual = "Which callers and destinations belong to the peer."},
	{.key = "limits",
		.type = CONF_MAP,
		.section = &rate_section,
		.form = "{calls_per_second: 50, concurrent_calls: 500, messages_per_second: 1000}",
		.manual = "Rates of the peer."},
	{.key = "media",
		.type = CONF_MAP,
		.section = &media_section,
		.form = "{srtp: required, addresses: [192.0.2.16/28]}",
		.manual = "Media of the peer."},
	{.key = "headers",
		.type = CONF_CHOICE,
		PEER(peer.headers_strict),
		.choices = headers_words,
		.initial = "strict",
		.form = "strict or relaxed",
		.manual = "Strict: only header fields on the list pass (SF-I11)."},
	{.key = "identity",
		.type = CONF_MAP,
		.section = &identity_section,
		.form = "{verify: off, sign: off}",
		.manual = "Caller identity."},
	{.key = "session",
		.type = CONF_MAP,
		.section = &session_section,
		.form = "{expires: 1800}",
		.manual = "Session timers."},
	{.key = "lookup",
		.type = CONF_MAP,
		.section = &lookup_section,
		.form = "{view: domain, listed: yes}",
		.manual = "Look-ups that the peer asks of us, and what others learn about it."},
	{.key = "portal",
		.type = CONF_MAP,
		.section = &conf_right_section,
		.form = "{lookup: yes, profile: yes}",
		.manual = "What the peer may ask of the portal. Absent: nothing."},
	{.key = "reroute_on",
		.type = CONF_LIST,
		.min = 1,
		.max = PEER_REROUTE_MAX + 1,
		.set = conf_set_reroute,
		.form = "a status code from 400 to 699 or timeout",
		.manual = "Answers after which the next target is tried. Absent: none."},
	{.key = "require_extensions",
		.type = CONF_LIST,
		.min = 1,
		.max = 2,
		.set = conf_set_extension,
		.form = "[100rel, timer]",
		.manual = "Extensions that the peer must support: an INVITE of its that lists them neither as "
			  "supported nor as required is answered 421, and our INVITEs to it require them, "
			  "100rel only where the caller can be given what comes reliably. "
			  "Absent: none, each is used where both ends of a leg know it."},
	{.key = "priority",
		.type = CONF_MAP,
		.section = &priority_section,
		.form = "{emergency: yes}",
		.manual = "Priority marks from this peer."},
	{.key = "shadow",
		.type = CONF_LIST,
		.min = 1,
		.max = CONTROL_COUNT,
		.set = conf_set_shadow,
		.form = CONTROLS_FORM,
		.manual = "Controls that decide and count for this peer but refuse nothing yet."},
	{.key = "waivers",
		.type = CONF_MAPS,
		.min = 1,
		.max = CONTROL_COUNT,
		.item = waiver_item,
		.section = &waiver_section,
		.form = "- {control: srtp, reason: \"why\", until: 2027-03-31}",
		.manual = "Controls that the peer lacks, each with reason and date (BE-4)."},
};
const struct conf_section conf_peer_section = CONF_SECTION(peer_rows);
