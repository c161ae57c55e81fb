// SPDX-License-Identifier: Apache-2.0
// The probes, one row each, in the order in which they run.
#include "audit/inside.h"

enum {
	PEER = AUDIT_NEEDS_CALLER,
	ALONE = AUDIT_NEEDS_STRANGER,
	CALL = AUDIT_NEEDS_CALLER | AUDIT_NEEDS_CALLED | AUDIT_NEEDS_STRANGER,
	TREE = CALL | AUDIT_NEEDS_DNS | AUDIT_NEEDS_RESOLVED,
	PATH = TREE | AUDIT_NEEDS_SECURED,
	PORTAL = CALL | AUDIT_NEEDS_SECURED | AUDIT_NEEDS_PORTAL,
	STREAM = AUDIT_NEEDS_STREAM | AUDIT_NEEDS_STRANGER,
};

const struct audit_probe audit_probes[] = {
	{"SF-A3", "malformed", "torture and mutated messages; calls still work afterwards", CALL, audit_probe_malformed},
	{"SF-I1", "forged-bye", "BYE with guessed and with stolen identifiers does not end a call", CALL,
		audit_probe_forged_bye},
	{"SF-I1", "forged-cancel", "CANCEL with the right branch from elsewhere does not end a set-up", CALL,
		audit_probe_forged_cancel},
	{"SF-I1", "forged-reinvite", "re-INVITE, UPDATE, INFO and REFER from elsewhere do not hijack a call", CALL,
		audit_probe_forged_reinvite},
	{"SF-I5", "forged-199", "a 199 from elsewhere ends no branch", CALL, audit_probe_forged_199},
	{"SF-I6", "forged-200", "a 200 from elsewhere answers no call", CALL, audit_probe_forged_200},
	{"SF-I7", "forged-302", "a 302 from elsewhere moves no call", CALL, audit_probe_forged_302},
	{"SF-I8", "forged-404", "a 404 from elsewhere refuses no call", CALL, audit_probe_forged_404},
	{"SF-I4", "unwanted", "REGISTER, PUBLISH, SUBSCRIBE and unknown methods are refused with Allow", PEER,
		audit_probe_unwanted},
	{"SF-I4", "stranger", "a stranger gets no answer over UDP and reaches nobody", ALONE, audit_probe_stranger},
	{"SF-C3", "topology", "nothing that leaves names what is behind", CALL, audit_probe_topology},
	{"LRF-C2", "devices", "Via and Record-Route of earlier hops do not cross", CALL, audit_probe_devices},
	{"MF-C3", "bleed", "whoever sends first or loudest gets no media", CALL, audit_probe_bleed},
	{"MF-I1", "injection", "a stranger's packets are not relayed, however plausible", CALL, audit_probe_injection},
	{"SF-A4", "loop", "hop limit, own Via and merged requests end a loop", CALL, audit_probe_loop},
	{"SF-A4", "amplification", "nobody unknown gets more octets than were sent", ALONE, audit_probe_amplification},
	{"SF-A6", "connections", "connections of one source are capped, others are still served", STREAM,
		audit_probe_connections},
	{"SF-A6", "slow-connections", "silent, slow and oversize senders are cut off", STREAM, audit_probe_slow},
	{"LUF-I1", "look-up-keys", "hostile keys of look-ups are refused and reach nobody", CALL, audit_probe_injection_keys},
	{"LRF-I2", "elsewhere", "no packet goes to an address that only an answer names", CALL, audit_probe_elsewhere},
	{"LRF-I4", "round", "a peer's request for its own number does not come back to it", CALL, audit_probe_round},
	{"LRF-A1", "look-up-flood", "look-ups at once are all answered, and a call behind them comes about", CALL, audit_probe_lookup_flood},
	{"LUF-C3", "public-tree", "no number leaves for a tree that is not configured, none of its own is asked for", TREE, audit_probe_public_tree},
	{"LUF-I2", "forged-answer", "forged, poisoned, unsigned and falsely signed answers lead nowhere", TREE, audit_probe_forged_answer},
	{"LUF-A3", "exhausting", "huge sets, chains without end and explosive patterns cost little", TREE, audit_probe_exhausting},
	{"LUF-A2", "look-up-lost", "without its DNS server the target serves what it knew", TREE, audit_probe_lost},
	{"LRF-I1", "next-hop", "a next hop outside the peer's addresses or without its certificate gets nothing", PATH, audit_probe_next_hop},
	{"LRF-I3", "lowered", "DNS that offers UDP and clear TCP alone does not lower TLS", PATH, audit_probe_lowered},
	{"LRF-A2", "hosts-lost", "where a peer is stays known when DNS is silent about it", TREE, audit_probe_hosts_lost},
	{"LUF-A1", "half-requests", "half handshakes and requests at the portal are cut off, others are served", PORTAL, audit_probe_half_requests},
	{"LUF-C2", "view", "the portal tells strangers nothing, and one answer for nobody's and another's number", PORTAL, audit_probe_view},
	{"LUF-I3", "provisioning", "writing by HTTPS and SIP changes no number", PORTAL, audit_probe_provisioning},
	{"LRF-C1", "location-harvest", "the portal names no core address, and locations in a row are refused", PORTAL,
		audit_probe_location_harvest},
	{"LRF-A3", "dead-hop", "requests to a dead next hop hold up none to another peer", PATH, audit_probe_dead_hop},
	// Last: the called side is slowed down for a minute or more.
	{"LUF-C1", "harvest", "who goes through numbers that nobody has is told of no other", CALL, audit_probe_harvest},
};
const uint32_t audit_probe_count = ARRAY_LEN(audit_probes);
