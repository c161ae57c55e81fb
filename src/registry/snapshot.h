// SPDX-License-Identifier: Apache-2.0
// The snapshot: everything that was configured, as one position-independent block of plain values.
//
// The monitor builds it from the configuration, seals it in a memfd, and every child maps it read-only.
// No pointers: offsets only, checked on use. A reload makes a new one with the next generation; calls
// keep the numbers (peer_id) of peers, which never change for a name while the system runs.
#ifndef REGISTRY_SNAPSHOT_H
#define REGISTRY_SNAPSHOT_H

#include "base/address.h"
#include "terms/media.h"
#include "terms/route.h"
#include "terms/transport.h"

enum {
	SNAPSHOT_MAGIC = 0x53414c59,
	SNAPSHOT_VERSION = 4,
	ZONES_MAX = 8,
	LISTENERS_MAX = 16,
	LISTENER_SIP_MAX = 8, // SIP sockets of one listener
	PEERS_MAX = 4096,     // RFC 6406 meshes are hundreds; the snapshot stays below 100 MiB
	NAME_MAX_LEN = 64,
	PEER_TARGETS_MAX = 64,
	PEER_PREFIXES_MAX = 32,
	PEER_NUMBERS_MAX = 64,
	PEER_TLS_NAMES_MAX = 8,
	PEER_CODECS_MAX = 16,
	PEER_REROUTE_MAX = 16,
	CODEC_NAME_MAX = 24,
	CALL_SLOTS_MAX = 1 << 20, // limits.calls times workers: records of kept calls, 2 KiB each at the least
	WORKERS_MAX = 64,         // threads of signaller and of media each; src/net has as many
	HANDSHAKE_THREADS_MAX = 8, // a channel to the signer each; src/net has as many
	PORTAL_ADDRESSES_MAX = 4, // that the portal listens on: two families, two networks
	DNS_UPSTREAMS_MAX = 8,    // servers that are asked in turn; two or three are usual
	DNS_POLICIES_MAX = 32,    // suffixes with a DNSSEC policy of their own: trees, and peers that sign
	DNS_ONLY_MAX = 32,        // suffixes that may be asked for at all
	ON_DEMAND_MAX = 16,       // peers with `on_demand`: federations; each costs every unknown domain a comparison
	ON_DEMAND_SLOTS_MAX = 1024, // domains of one of them: as many peers, all of them within PEERS_MAX
};

struct blob { // octets elsewhere in the snapshot: offset from its start
	uint32_t offset, len;
};

struct sip_socket {
	uint8_t transport; // enum transport
	struct address address;
};

struct listener {
	char name[NAME_MAX_LEN];
	zone_id zone;
	uint8_t sip_count;
	struct sip_socket sip[LISTENER_SIP_MAX];
	struct address media;             // IP of media; family 0: this listener carries none
	uint16_t media_first, media_last; // UDP ports; RTP even, RTCP odd
	struct address advertise; // IP written into SIP and SDP instead of the bound one; family 0: bound one
	char interface[16];       // bound device or VRF; "" none
	uint8_t dscp_sip, dscp_media;
	uint8_t strangers_answer; // clear TCP: answer strangers 403 instead of silence
	uint8_t service;          // enum listener_service
};

enum listener_service { SERVICE_CALLS, SERVICE_LOOKUP }; // LOOKUP: requests are answered by redirection, never passed on

enum lookup_view { // what a peer that asks is told (LUF-C2, LRF-C1)
	VIEW_NONE,   // nothing: it may not ask
	VIEW_DOMAIN, // the target domain (Look-Up Function)
	VIEW_ROUTE,  // and the next hops (Location Routing Function)
};

struct zone {
	char name[NAME_MAX_LEN];
	uint8_t is_core;
	uint8_t transit; // calls may go from this zone back into itself
};

enum control { // what a peer must have, or a dated waiver for (BE-4)
	CONTROL_TRANSPORT_IDENTITY,
	CONTROL_ADDRESSES,
	CONTROL_NUMBERS,
	CONTROL_RATES,
	CONTROL_MEDIA_SOURCE,
	CONTROL_SRTP,
	CONTROL_HEADERS,
	CONTROL_IDENTITY,
	CONTROL_SESSION_TIMERS,
	CONTROL_RESPONSE_SOURCE,
	CONTROL_MEDIA_ANCHOR,
	CONTROL_CLEAR_SDES,
	CONTROL_CORE_IN_BODY,
	CONTROL_COUNT,
};

struct waiver {
	uint8_t set;
	uint64_t until_ms; // first instant [ms since 1970 UTC] at which it no longer holds: 00:00 UTC after
			   // the date
	char reason[128];
};

enum srtp_policy { SRTP_OFF, SRTP_PREFERRED, SRTP_REQUIRED };
enum hide_keying { PEER_KEYING_END_TO_END, PEER_KEYING_PER_LEG };
enum target_policy { TARGETS_FAILOVER, TARGETS_BALANCE };

struct number_prefix {
	char digits[NUMBER_MAX]; // with "+", a prefix; "" at index 0 with count 1 means any
};

struct service_rights { // what a peer may ask of the portal; zero: nothing
	uint8_t lookup, profile;
	uint32_t lookups_per_second;
};

struct peer {
	char name[NAME_MAX_LEN];
	zone_id zone;
	uint8_t in_service; // 0: refused at load (missing control, expired waiver); `why_out` tells
	uint8_t blocked;    // by the operator
	uint8_t vacant;     // a place of a peer on demand that no domain has taken yet: nobody's; it stands here, beside what each look-up reads
	uint8_t removed; // no longer configured: new dialogs are refused, live calls go on, the number stays
			 // taken
	char why_out[128];
	// reach
	uint8_t reach_transport; // enum transport: also the floor for what the peer may use
	uint8_t target_count;
	uint8_t target_policy;
	char reach_domain[DOMAIN_MAX];
	char demand_below[DOMAIN_MAX]; // one of the places of a peer with `on_demand`: `reach_domain` lies below this one, "" while the
				       // place is free. Once taken it is that domain's as long as the system runs. "": an ordinary peer
	struct {
		uint8_t transport, origin; // enum transport, enum hop_origin
		uint16_t priority, weight; // RFC 2782
		struct address address;
	} target[PEER_TARGETS_MAX]; // resolved
	// known_by
	uint8_t tls_name_count;
	char tls_name[PEER_TLS_NAMES_MAX][DOMAIN_MAX]; // "sip:..." URI or DNS name, lower case
	struct blob trust;                             // PEM anchors of this peer
	uint8_t address_count;
	struct prefix address[PEER_PREFIXES_MAX];
	// numbers
	uint8_t calls_from_count, calls_to_count;
	uint8_t numbers_by_registry; // `calls_to: registry`: it takes what the registry or ENUM says that it has
	struct number_prefix calls_from[PEER_NUMBERS_MAX], calls_to[PEER_NUMBERS_MAX];
	// look-ups
	uint8_t lookup_view;   // enum lookup_view: what it may ask us
	uint8_t lookup_listed; // others may be told that it is responsible for a number (LUF-C2)
	struct service_rights portal;
	// limits; 0 means nothing is admitted
	uint32_t calls_per_second, concurrent_calls, messages_per_second;
	// media
	uint8_t srtp;   // enum srtp_policy
	uint8_t keying; // enum hide_keying
	uint8_t anchor; // 0 only by waiver media-anchor
	uint8_t media_address_count;
	struct prefix media_address[PEER_PREFIXES_MAX];
	uint8_t codec_count; // 0: any
	char codec[PEER_CODECS_MAX][CODEC_NAME_MAX];
	uint8_t suite_count; // order of preference for keys that we add
	uint8_t suite[MEDIA_SUITES_MAX];
	// headers, identity, timers
	uint8_t headers_strict;
	uint8_t trusted_identity; // P-Asserted-Identity believed and sent (RFC 3325 trust domain)
	uint8_t priority;
	uint8_t require_100rel, require_timer; // extensions without which no INVITE comes or goes (421)
	uint32_t session_expires_s, min_se_s;
	uint32_t ring_timeout_s;
	uint8_t reroute_count, reroute_on_timeout;
	uint16_t reroute_on[PEER_REROUTE_MAX];
	struct waiver waiver[CONTROL_COUNT];
	uint8_t shadow[CONTROL_COUNT]; // decide and count, do not refuse
};

enum dns_dnssec { // what must hold of an answer
	DNSSEC_OPPORTUNISTIC, // an altered one is refused, an unsigned one is taken
	DNSSEC_REQUIRED,      // signed and intact, or refused
	DNSSEC_OFF,           // not looked at
};

struct dns_settings { // of the resolver
	uint8_t upstream_count; // 0: those of the host
	uint8_t policy_count, only_count; // `only` empty: every name may be asked for
	uint8_t tls;            // upstreams must be forwarders on this host, which encrypt (LUF-C3)
	uint32_t stale_s;       // answers are served so long beyond their time when servers fail; 0: never
	struct address upstream[DNS_UPSTREAMS_MAX];
	struct dns_policy {
		uint8_t dnssec;         // enum dns_dnssec
		char suffix[DOMAIN_MAX]; // lower case, no final dot; "" is the root
	} policy[DNS_POLICIES_MAX];
	char only[DNS_ONLY_MAX][DOMAIN_MAX];
	struct blob trust_anchors; // text: DS or DNSKEY records, one a line
	char managed_anchors[256]; // folder of their state (RFC 5011); "": they are not followed
};

enum { LUF_APEXES_MAX = 4 };

struct luf_settings { // the chain after the registry (RFC 6116); nothing is asked below any other name (LUF-C3)
	uint8_t apex_count;    // 0: no ENUM
	uint8_t sip, sips, pstn; // services taken
	struct {
		char domain[DOMAIN_MAX];
		uint8_t dnssec; // 1: an answer that is not DNSSEC-secure is refused (LUF-I2)
	} apex[LUF_APEXES_MAX];
};

struct portal_settings { // HTTPS for peers (R15, R16)
	uint8_t address_count; // 0: there is no portal
	zone_id zone;          // whose peers it serves
	uint16_t connections, connections_per_source; // at one time (LUF-A1)
	uint16_t request_timeout_s; // handshake and request, or the next one, must be whole within this
	struct address address[PORTAL_ADDRESSES_MAX];
};

struct settings {
	char domain[DOMAIN_MAX]; // what the far side sees as our host
	uint16_t workers;        // 0: one per core
	uint16_t handshake_threads;
	uint32_t max_calls, max_transactions, max_connections, max_connections_per_source, max_sessions;
	uint32_t handshake_timeout_s, idle_timeout_s, frame_timeout_s;
	uint32_t silence_one_way_s, silence_both_s;
	uint32_t port_quarantine_s;
	uint32_t token_rotation_s; // the monitor's
	uint16_t udp_path_limit;        // [octets] RFC3261#18.1.1: above it the message goes by a stream
	uint8_t records_when_full_drop; // 0: refuse-new-calls
	char records_path[256], trace_path[256], admin_socket[108];
	struct address metrics;
	struct dns_settings dns;
	struct luf_settings luf;
	struct portal_settings portal;
	uint8_t registry; // a database is configured: without what it says nobody is told that a number is nobody's
	struct blob certificate; // PEM chain; the key never stands here: signer alone reads it
};

struct snapshot {
	uint32_t magic, version;
	uint32_t size;       // of the whole block [octets]
	uint32_t generation; // 1, 2, ... with each reload
	struct settings settings;
	uint8_t zone_count, listener_count;
	uint16_t peer_count;
	struct zone zone[ZONES_MAX];
	struct listener listener[LISTENERS_MAX];
	struct blob peers;    // array of struct peer
	uint8_t checksum[32]; // BLAKE2b of the block with this field zero
};

// Is BLOCK of SIZE octets a whole snapshot of this build, every count and offset within bounds? E_CONFIG.
MUST_USE result snapshot_check(const void *block, size_t size);
// Seal: fill in size and checksum. BLOCK holds SIZE octets.
void snapshot_seal(struct snapshot *s, size_t size);

const struct peer *snapshot_peer(const struct snapshot *s, peer_id id); // NULL when there is none
struct bytes snapshot_blob(const struct snapshot *s, struct blob b);    // empty when out of bounds

// Is the section `dns` the same in both, trust anchors by their text?
bool snapshot_same_dns(const struct snapshot *a, const struct snapshot *b);

// Index for look-ups on the hot path, built by each process from a snapshot it keeps mapped.
struct registry;
// OUT is NULL on error. S must pass snapshot_check and stay mapped until registry_free. E_NO_MEMORY;
// E_DUPLICATE when two configured peers share their name, or a TLS name in one zone.
MUST_USE result registry_new(struct registry **out, const struct snapshot *s);
void registry_free(struct registry *r);
const struct snapshot *registry_snapshot(const struct registry *r);
// Who a message comes from is answered for every peer, also one blocked, removed or out of service: its live
// calls go on, and the caller looks at the marks. A configured peer goes before a removed one.
// The peer of ZONE whose address ranges hold A (longest prefix, then lowest number); PEER_NONE.
peer_id registry_peer_by_address(const struct registry *r, zone_id zone, const struct address *a);
// The peer of ZONE with this provisioned TLS name, any case; PEER_NONE. "sip:host" and "host" are the same
// domain identity here (RFC5922#7.1); a URI with a user part or another scheme is none.
peer_id registry_peer_by_tls_name(const struct registry *r, zone_id zone, struct bytes name);
// The peer whose calls_to has the longest prefix of NUMBER ("+" and digits), among those in service, not
// blocked, not removed, and not in zone FROM unless that zone is transit (SF-I12); PEER_NONE.
peer_id registry_peer_by_number(const struct registry *r, const char *number, zone_id from);

// Let R answer from the registry's database too. L must stay until registry_free. Once for each R. E_NO_MEMORY.
struct ldr;
MUST_USE result registry_attach(struct registry *r, const struct ldr *l);
const struct ldr *registry_ldr(const struct registry *r); // NULL: none
// The peer whose name a target of the database is, PEER_NONE; and the target that a peer's name is, TARGET_NONE.
peer_id registry_peer_of(const struct registry *r, uint32_t target);
uint32_t registry_target_of(const struct registry *r, peer_id peer);
// Is NUMBER one that calls to this peer may have (`numbers.calls_to`)? "" is.
bool registry_takes(const struct registry *r, peer_id id, const char *number);

struct asker { // who wants to know, and what for
	peer_id peer;
	zone_id zone;
	bool tell; // to be told, instead of calling
};
// May ASKER have this peer as an answer? It is in service, not blocked, not removed. For a call: in another zone or one with transit
// (SF-I12). To be told: it is listed or one of the core, and not the asker itself (LUF-C2).
bool registry_serves(const struct registry *r, peer_id id, const struct asker *a);
// As registry_peer_by_number and registry_peer_by_domain, for A; *LENGTH: how many characters of NUMBER its prefix has.
peer_id registry_match_number(const struct registry *r, const char *number, const struct asker *a, uint32_t *length);
peer_id registry_match_domain(const struct registry *r, const char *domain, const struct asker *a);
// Peering on demand (RFC6405): a peer that takes DOMAIN (lower case), which is nobody's yet, because it lies below his `on_demand`;
// PEER_NONE. _by: for a call of A, under the rules of registry_serves. _in: for whoever comes in zone ZONE.
peer_id registry_demand_by(const struct registry *r, const char *domain, const struct asker *a);
peer_id registry_demand_in(const struct registry *r, zone_id zone, const char *domain);
// Does P, one of the places of a peer with `on_demand`, take DOMAIN, a name below it? Labels count: x.a.example lies below a.example.
bool peer_demands(const struct peer *p, const char *domain);
// Is P such a place, and nobody's yet?
static inline bool peer_is_free(const struct peer *p)
{
	return p->vacant != 0;
}
// The same by reach domain, any case; of several peers the lowest number.
peer_id registry_peer_by_domain(const struct registry *r, const char *domain, zone_id from);
// Tests: the peer of this name (exact case), whatever its state; PEER_NONE.
peer_id registry_peer_by_name(const struct registry *r, const char *name);
// Is NUMBER within a prefix of LIST?
bool numbers_contain(const struct number_prefix *list, uint32_t n, const char *number);
// Does CONTROL hold for P at WALL_MS: 0 enforced, 1 waived, 2 waiver expired.
int peer_waiver_state(const struct peer *p, enum control c, uint64_t wall_ms);
const char *control_name(enum control c);

enum control_state { // for `status`: what a control is to a peer
	CONTROL_ENFORCED,
	CONTROL_SHADOWED,       // decides and counts only
	CONTROL_WAIVED,         // until waiver[c].until_ms
	CONTROL_EXPIRED,        // its waiver has ended: no new dialogs
	CONTROL_MISSING,        // lacking without a waiver: the peer is out of service
	CONTROL_NOT_APPLICABLE, // lacking, and peers of core zones do not need it
};
// The state of control C for peer P of snapshot S at WALL_MS.
enum control_state peer_control_state(
	const struct snapshot *s, const struct peer *p, enum control c, uint64_t wall_ms);
const char *control_state_name(enum control_state state); // "enforced", ... Static storage.

#endif
