// SPDX-License-Identifier: Apache-2.0
// The root of all options, and what we are in the network: listeners, zones, certificate. One row each; see option.h for
// the columns.
//
// No default opens anything: without `listen` there is no socket, without `peers` nobody may call, metrics
// are off, strangers get silence.
#include "conf/option.h"
#include "conf/values.h"

#include "base/memory.h"

static void *zone_item(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_draft *d = target;
	struct conf_zone *z;

	UNUSED(c);
	if (d->zone_count >= ZONES_MAX)
		return NULL;
	z = &d->zone[d->zone_count++];
	z->node = n;
	z->core = CONF_UNSET;
	return z;
}

static void *listener_item(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_draft *d = target;
	struct conf_listener *l;

	UNUSED(c);
	if (d->listener_count >= LISTENERS_MAX)
		return NULL;
	l = &d->listener[d->listener_count++];
	l->node = n;
	return l;
}

static void *peer_item(struct conf_load *c, void *target, const struct conf_node *n)
{
	struct conf_draft *d = target;
	struct conf_peer *p;

	if (d->peer == NULL) {
		const struct conf_node *all = conf_tree_find(c->tree.root, "peers");
		d->peer_room = all->count;
		d->peer = memory_array(d->peer_room, sizeof(*d->peer));
		c->messages.no_memory |= d->peer == NULL;
	}
	if (d->peer == NULL || d->peer_count >= d->peer_room)
		return NULL;
	p = &d->peer[d->peer_count++];
	p->node = n;
	p->peer.reach_transport = p->peer.srtp = p->verify = p->sign = CONF_UNSET;
	return p;
}

#define LISTENER(field) CONF_FIELD(struct conf_listener, field)
#define ZONE(field) CONF_FIELD(struct conf_zone, field)

static const char *const service_words[] = {"calls", "look-up", NULL};
static const char *const strangers_words[] = {"silence", "answer", NULL};

static const struct conf_option dscp_rows[] = {
	{.key = "sip",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.initial = "cs3",
		.set = conf_set_dscp_sip,
		.form = "ef, cs0 to cs7, af11 to af43 or 0 to 63",
		.manual = "Code point of signalling packets (RFC 4594)."},
	{.key = "media",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.initial = "ef",
		.set = conf_set_dscp_media,
		.form = "ef, cs0 to cs7, af11 to af43 or 0 to 63",
		.manual = "Code point of media packets (RFC 4594)."},
};
static const struct conf_section dscp_section = CONF_SECTION(dscp_rows);

static const struct conf_option listen_rows[] = {
	{.key = "name",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.required = true,
		.set = conf_set_listener_name,
		.form = "a word of letters, digits, \".\", \"_\", \"-\" (63 at most)",
		.manual = "What statistics and call records call this listener."},
	{.key = "zone",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.required = true,
		.set = conf_set_listener_zone,
		.form = "a word, like core or peering",
		.manual = "The trust zone that this listener faces. Zone \"core\" is the provider's own "
			  "network, unless "
			  "`zones` says otherwise; every other zone is a peering zone."},
	{.key = "sip",
		.type = CONF_LIST,
		.scope = CONF_START,
		.required = true,
		.min = 1,
		.max = LISTENER_SIP_MAX,
		.set = conf_set_sip,
		.form = "\"tls:192.0.2.1:5061\", with udp, tcp or tls",
		.manual = "SIP sockets: transport, address and port; one for each transport and family."},
	{.key = "media",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.set = conf_set_media_range,
		.form = "\"192.0.2.1:20000-24999\"",
		.manual = "Address and UDP ports of media. RTP takes the even ports, RTCP the odd ones "
			  "above. Without it no "
			  "media passes here."},
	{.key = "advertise",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.set = conf_set_advertise,
		.form = "an IP address",
		.manual = "Address written into SIP and SDP instead of the bound one of the same family (behind a "
			  "static NAT)."},
	{.key = "interface",
		.type = CONF_TEXT,
		.scope = CONF_START,
		LISTENER(listener.interface),
		.min = 1,
		.max = 15,
		.form = "the name of an interface or VRF",
		.manual = "Bind the sockets to this interface or VRF."},
	{.key = "dscp",
		.type = CONF_MAP,
		.scope = CONF_START,
		.section = &dscp_section,
		.form = "{sip: cs3, media: ef}",
		.manual = "Differentiated services code points."},
	{.key = "service",
		.type = CONF_CHOICE,
		.scope = CONF_START,
		LISTENER(listener.service),
		.choices = service_words,
		.initial = "calls",
		.form = "calls or look-up",
		.manual = "look-up: requests are answered 302 with the responsible domain and, by the peer's `lookup.view`, next "
			  "hops; nothing is passed on. Such a listener has tls sockets alone."},
	{.key = "strangers",
		.type = CONF_CHOICE,
		.scope = CONF_START,
		LISTENER(listener.strangers_answer),
		.choices = strangers_words,
		.initial = "silence",
		.form = "silence or answer",
		.manual = "What clear TCP gives to strangers: nothing, or 403 Unsupported Peer (RFC 6406). "
			  "UDP is always silent."},
};
static const struct conf_section listen_section = CONF_SECTION(listen_rows);

static const struct conf_option zone_rows[] = {
	{.key = "name",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.required = true,
		.set = conf_set_zone_name,
		.form = "a word, like core or peering",
		.manual = "The zone, as listeners and peers name it."},
	{.key = "core",
		.type = CONF_BOOL,
		.scope = CONF_START,
		ZONE(core),
		.form = "yes or no",
		.manual = "Is it the provider's own network? Core peers have lighter requirements. Default: "
			  "yes for the zone "
			  "named \"core\", else no."},
	{.key = "transit",
		.type = CONF_BOOL,
		.scope = CONF_RELOAD,
		ZONE(zone.transit),
		.initial = "no",
		.form = "yes or no",
		.manual = "May calls go from this zone back into itself (static indirect peering)?"},
};
static const struct conf_section zone_section = CONF_SECTION(zone_rows);

static const struct conf_option tls_rows[] = {
	{.key = "certificate",
		.type = CONF_TEXT,
		.scope = CONF_RELOAD,
		.required = true,
		DRAFT(private.certificate_path),
		.min = 1,
		.max = CONF_PATH_MAX - 1,
		.form = "the path of a PEM file",
		.manual = "Our certificate, then the chain towards its authority. The private key must not "
			  "stand in this file."},
	{.key = "key",
		.type = CONF_TEXT,
		.scope = CONF_RELOAD,
		.required = true,
		DRAFT(private.key_path),
		.min = 1,
		.max = CONF_PATH_MAX - 1,
		.form = "the path of a PEM file",
		.manual = "Private key of the certificate. Only the signer process reads it."},
};
static const struct conf_section tls_section = CONF_SECTION(tls_rows);

static const struct conf_option root_rows[] = {
	{.key = "domain",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.required = true,
		DRAFT(settings.domain),
		.set = conf_set_domain,
		.form = "a domain, like ssp-a.example",
		.manual = "Our SIP domain: what the far side sees as host in every message."},
	{.key = "zones",
		.type = CONF_MAPS,
		.scope = CONF_START,
		.max = ZONES_MAX,
		.item = zone_item,
		.section = &zone_section,
		.form = "- {name: peering, transit: no}",
		.manual = "Trust zones that need more than their name. Zones named by listeners exist "
			  "without a row."},
	{.key = "listen",
		.type = CONF_MAPS,
		.scope = CONF_START,
		.required = true,
		.min = 1,
		.max = LISTENERS_MAX,
		.item = listener_item,
		.section = &listen_section,
		.form = "- {name: core, zone: core, sip: [\"udp:10.0.0.1:5060\"]}",
		.manual = "Sockets for SIP and media."},
	{.key = "tls",
		.type = CONF_MAP,
		.scope = CONF_RELOAD,
		.section = &tls_section,
		.form = "{certificate: sbe.pem, key: sbe.key}",
		.manual = "Our certificate. Needed when a listener has a tls socket."},
	{.key = "registry",
		.type = CONF_VALUE,
		.scope = CONF_START,
		.set = conf_set_registry,
		.form = "\"sqlite:FILE\" or \"postgresql://...\"",
		.manual = "Database of numbers, domains, routes and next hops (`sallyport import`). Absent: calls are routed by the "
			  "peers' own `numbers` and `reach.domain`."},
	{.key = "luf",
		.type = CONF_MAP,
		.scope = CONF_RELOAD,
		.section = &conf_luf_section,
		.form = "{enum: [{apex: e164.ssp-a.example}]}",
		.manual = "The Look-Up Function: what is asked after the registry."},
	{.key = "publish",
		.type = CONF_MAP,
		.section = &conf_publish_section,
		.form = "{zone: 9.4.e164.example, primary: \"127.0.0.1@53\", ...}",
		.manual = "The ENUM zone that `sallyport luf publish` keeps in a name server (RFC6404#4.3). A running system does not "
			  "use it."},
	{.key = "portal",
		.type = CONF_MAP,
		.section = &conf_portal_section,
		.form = "{listen: \"192.0.2.1:8443\", zone: peering}",
		.manual = "HTTPS for peers: look-ups and peering profiles. Absent: there is none."},
	{.key = "peers",
		.type = CONF_MAPS,
		.scope = CONF_RELOAD,
		.max = PEERS_MAX,
		.item = peer_item,
		.section = &conf_peer_section,
		.form = "- {name: ssp-b, zone: peering, ...}",
		.manual = "Everybody whom we exchange calls with, the own core included. Nobody else is "
			  "served."},
	{.key = "dns",
		.type = CONF_MAP,
		.section = &conf_dns_section,
		.form = "{upstreams: [\"127.0.0.1@53\"]}",
		.manual = "How names are resolved, and what must hold of the answers."},
	{.key = "limits",
		.type = CONF_MAP,
		.section = &conf_limit_section,
		.form = "{calls: 10000}",
		.manual = "Bounds of the whole system."},
	{.key = "admin",
		.type = CONF_MAP,
		.section = &conf_admin_section,
		.form = "{socket: /run/sallyport/admin.sock}",
		.manual = "Administration."},
	{.key = "records",
		.type = CONF_MAP,
		.section = &conf_record_section,
		.form = "{path: FILE}",
		.manual = "Call records."},
	{.key = "trace",
		.type = CONF_MAP,
		.section = &conf_trace_section,
		.form = "{path: FOLDER}",
		.manual = "Signalling traces for engineers."},
	{.key = "metrics",
		.type = CONF_VALUE,
		.scope = CONF_START,
		DRAFT(settings.metrics),
		.set = conf_set_metrics,
		.form = "\"127.0.0.1:9464\"",
		.manual = "Prometheus text at this loopback address. Off when absent."},
	{.key = "workers",
		.type = CONF_NUMBER,
		.scope = CONF_START,
		DRAFT(settings.workers),
		.min = 0,
		.max = WORKERS_MAX,
		.initial = "0",
		.unit = "threads",
		.form = "a number",
		.manual = "Worker threads; 0 means one per core."},
	{.key = "handshake_threads",
		.type = CONF_NUMBER,
		.scope = CONF_START,
		DRAFT(settings.handshake_threads),
		.min = 1,
		.max = HANDSHAKE_THREADS_MAX,
		.initial = "2",
		.unit = "threads",
		.form = "a number",
		.manual = "Threads for TLS handshakes, apart from the workers, so that a flood of handshakes "
			  "touches no call."},
	{.key = "timeouts",
		.type = CONF_MAP,
		.section = &conf_timeout_section,
		.form = "{handshake: 10}",
		.manual = "Deadlines of connections."},
	{.key = "silence",
		.type = CONF_MAP,
		.section = &conf_silence_section,
		.form = "{one_way: 120, both_ways: 300}",
		.manual = "How long media may be silent."},
	{.key = "quarantine",
		.type = CONF_NUMBER,
		.scope = CONF_RELOAD,
		DRAFT(settings.port_quarantine_s),
		.min = 1,
		.max = 600,
		.initial = "30", // longer than jitter buffers, retransmissions and the T1 chain of a lost BYE
		.unit = "s",
		.form = "a number",
		.manual = "A media port is not used again for this time after its call (MF-C5)."},
	{.key = "token_rotation",
		.type = CONF_NUMBER,
		.scope = CONF_RELOAD,
		DRAFT(settings.token_rotation_s),
		.min = 10,
		.max = 604800,
		.initial = "43200",
		.unit = "s",
		.form = "a number",
		.manual = "Tags, Call-IDs and branches are sealed with a new key after this time (SF-I1). Old keys stay "
			  "good; a call that lives longer than 29 such times is ended."},
};
const struct conf_section conf_root_section = CONF_SECTION(root_rows);
