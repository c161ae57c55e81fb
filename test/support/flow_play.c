// SPDX-License-Identifier: Apache-2.0
// Octets as events against a whole worker; see flow_play.h.
#include "flow_play.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

enum { PLAY_CALLS = 32 };

static const char yaml[] =
	"domain: ssp-a.example\n"
	"tls: {certificate: sbe.pem, key: sbe.key}\n"
	"listen:\n"
	"  - {name: core, zone: core, sip: [\"udp:10.0.0.1:5060\"], media: \"10.0.0.1:20000-20999\"}\n"
	"  - {name: border, zone: peering, sip: [\"tls:172.16.5.5:5061\"], media: \"172.16.5.5:30000-30999\", advertise: "
	"203.0.113.7}\n"
	"  - {name: edge, zone: peering, sip: [\"udp:198.51.100.1:5060\"], media: \"198.51.100.1:40000-40999\"}\n"
	"peers:\n"
	"  - name: softswitch\n"
	"    zone: core\n"
	"    reach: {targets: [\"udp:10.0.0.5:5060\", \"udp:10.0.0.6:5060\"]}\n"
	"    known_by: {addresses: [10.0.0.0/28]}\n"
	"    numbers: {calls_from: [\"+4930\"], calls_to: [\"+4930\"]}\n"
	"    limits: {calls_per_second: 1000, concurrent_calls: 20, messages_per_second: 100000}\n"
	"    reroute_on: [503, timeout]\n"
	"  - name: ssp-b\n"
	"    zone: peering\n"
	"    reach: {domain: ssp-b.example, transport: tls, targets: [\"tls:192.0.2.1:5061\", \"tls:192.0.2.2:5061\"]}\n"
	"    known_by: {tls_names: [ssp-b.example], trust: b.pem, addresses: [192.0.2.0/28]}\n"
	"    numbers: {calls_from: [\"+4989\"], calls_to: [\"+4989\"]}\n"
	"    limits: {calls_per_second: 1000, concurrent_calls: 20, messages_per_second: 100000}\n"
	"    media: {srtp: required, addresses: [192.0.2.0/24]}\n"
	"    headers: strict\n"
	"    reroute_on: [408, 503, timeout]\n"
	"    waivers:\n"
	"      - {control: identity, reason: \"no signed identity in this release\", until: 2027-06-30}\n"
	"  - name: clear\n"
	"    zone: peering\n"
	"    reach: {domain: clear.example, targets: [\"udp:198.51.100.9:5060\"]}\n"
	"    known_by: {addresses: [198.51.100.8/29]}\n"
	"    numbers: {calls_from: [\"+4920\"], calls_to: [\"+4920\"]}\n"
	"    limits: {calls_per_second: 1000, concurrent_calls: 20, messages_per_second: 100000}\n"
	"    media: {srtp: off, addresses: [198.51.100.0/24]}\n"
	"    headers: strict\n"
	"    waivers:\n"
	"      - {control: identity, reason: \"no signed identity in this release\", until: 2027-06-30}\n"
	"      - {control: transport-identity, reason: \"partner has no certificates yet\", until: 2027-06-30}\n"
	"      - {control: srtp, reason: \"partner has no SRTP yet\", until: 2027-06-30}\n";

struct neighbour {
	const char *name, *address, *local, *number, *via;
	uint8_t transport, listener, zone;
	uint32_t conn;
	const char *never; // that must not reach it
};

static const struct neighbour neighbours[PLAY_NEIGHBOURS] = {
	[PLAY_CORE] = {"softswitch", "10.0.0.5:5060", "10.0.0.1:5060", "+4930555", "UDP", TRANSPORT_UDP, 0, 0, 0, "far-secret"},
	[PLAY_FAR_TLS] = {"ssp-b", "192.0.2.1:5061", "172.16.5.5:5061", "+4989111", "TLS", TRANSPORT_TLS, 1, 1, 1,
		"core-secret"},
	[PLAY_FAR_UDP] = {"clear", "198.51.100.9:5060", "198.51.100.1:5060", "+4920111", "UDP", TRANSPORT_UDP, 2, 1, 0,
		"core-secret"},
	[PLAY_STRANGER_UDP] = {"x", "198.51.100.66:5060", "198.51.100.1:5060", "+4920111", "UDP", TRANSPORT_UDP, 2, 1, 0,
		"secret"},
	[PLAY_STRANGER_TLS] = {"y", "203.0.113.66:4000", "172.16.5.5:5061", "+4989111", "TLS", TRANSPORT_TLS, 1, 1, 2,
		"core-secret"},
};

static void fault(struct play *p, const char *what, struct bytes octets)
{
	if (p->fault != NULL)
		return;
	p->fault = what;
	snprintf(p->fault_text, sizeof(p->fault_text), "%.*s", (int)octets.len, (const char *)octets.at);
}

// ---- what leaves

static uint8_t neighbour_of(const struct play *p, const struct hop *to)
{
	struct address a;

	for (uint8_t i = 0; i < PLAY_NEIGHBOURS; i++) {
		if (to->conn.generation != 0 && to->conn.id == neighbours[i].conn)
			return i;
		if (is_ok(address_parse(bytes_of_string(neighbours[i].address), &a)) && address_equal(&a, &to->remote))
			return i;
	}
	const struct snapshot *s = p->rig.conf.snapshot;
	for (uint8_t i = 0; i < PLAY_STRANGER_UDP; i++) { // its other targets, and a port of its own in Contact
		const struct peer *peer = snapshot_peer(s, flow_rig_peer(&p->rig, neighbours[i].name));
		if (peer != NULL && prefixes_contain(peer->address, peer->address_count, &to->remote))
			return i;
	}
	return PLAY_NEIGHBOURS;
}

static void check_sent(struct play *p, const struct hop *to, struct bytes octets, uint8_t i)
{
	static struct sip_msg msg;
	struct sip_fault why = {0};

	if (i >= PLAY_NEIGHBOURS)
		fault(p, "sent to an address that is nobody's", octets);
	else if (i == PLAY_STRANGER_UDP)
		fault(p, "a stranger on UDP got an answer", octets);
	else if (memmem(octets.at, octets.len, neighbours[i].never, strlen(neighbours[i].never)) != NULL &&
		 (p->origin == NULL || !address_equal(&p->origin->remote, &to->remote)))
		fault(p, "what is inside has left", octets);
	if (p->origin != NULL && p->in_bad && octets.len > 8 && memcmp(octets.at, "SIP/2.0 ", 8) == 0)
		return; // it repeats what was bad (RFC3261#8.2.6)
	if (!is_ok(sip_msg_parse(&msg, octets.at, (uint32_t)octets.len, &why)))
		fault(p, why.phrase != NULL ? why.phrase : "does not parse again", octets);
}

static result play_send_h(void *ctx, const struct hop *to, struct bytes octets)
{
	struct play *p = ctx;
	uint8_t i = neighbour_of(p, to);

	check_sent(p, to, octets, i);
	if (p->broken)
		return FAIL(E_CLOSED);
	p->out_octets += octets.len;
	struct play_sent *s = &p->sent[p->sent_count++ % PLAY_SENT];
	s->to = (uint8_t)(i < PLAY_NEIGHBOURS ? i : 0);
	snprintf(s->text, sizeof(s->text), "%.*s", (int)octets.len, (const char *)octets.at);
	return OK;
}

// ---- input

static uint8_t take(struct play *p)
{
	if (p->size == 0)
		return 0;
	p->size--;
	return *p->data++;
}

static const struct play_sent *take_sent(struct play *p)
{
	uint32_t kept = p->sent_count < PLAY_SENT ? p->sent_count : PLAY_SENT;

	return kept > 0 ? &p->sent[(p->sent_count - 1 - take(p) % kept) % PLAY_SENT] : NULL;
}

// The value of a header field of TEXT, long form or compact.
static const char *header(const char *text, const char *name, char compact, char out[512])
{
	size_t n = strlen(name);

	out[0] = 0;
	for (const char *l = strstr(text, "\r\n"); l != NULL; l = strstr(l + 2, "\r\n")) {
		const char *v = NULL;
		if (strncmp(l + 2, name, n) == 0 && l[2 + n] == ':')
			v = l + 3 + n;
		else if (compact != 0 && l[2] == compact && l[3] == ':')
			v = l + 4;
		if (v == NULL)
			continue;
		while (*v == ' ')
			v++;
		snprintf(out, 512, "%.*s", (int)strcspn(v, "\r"), v);
		break;
	}
	return out;
}

void play_deliver(struct play *p, uint8_t from, const char *text, size_t len)
{
	static char copy[65536];
	uint8_t who = (uint8_t)(p->as > 0 ? (p->as - 1) % PLAY_NEIGHBOURS : from);
	const struct neighbour *n = &neighbours[who];
	struct origin o = {.transport = (enum transport)n->transport, .listener = n->listener, .zone = n->zone,
		.tls_peer = PEER_NONE};

	IGNORE_RESULT(address_parse(bytes_of_string(n->address), &o.remote));
	IGNORE_RESULT(address_parse(bytes_of_string(n->local), &o.local));
	if (n->conn != 0)
		o.conn = (struct conn_ref){n->conn, 1, 0};
	if (transport_is_secure(o.transport))
		o.tls_peer = flow_rig_peer(&p->rig, n->name);
	len = len < sizeof(copy) ? len : sizeof(copy);
	memcpy(copy, text, len);
	if (p->twist != 0 && len > 0)
		copy[(size_t)p->twist * 7 % len] = (char)p->twist_value;
	p->twist = p->as = 0;
	static struct sip_msg msg;
	struct sip_fault why = {0};
	p->in_bad = !is_ok(sip_msg_parse(&msg, (const uint8_t *)copy, (uint32_t)len, &why));
	p->origin = &o;
	p->in_octets = len;
	p->out_octets = 0;
	flow_rig_receive(&p->rig, &o, bytes_make(copy, len), &p->now);
	p->origin = NULL;
}

static const char *sdp_text(const struct play *p, uint8_t from, uint8_t kind)
{
	static char text[600];
	static const char *const lines[] = {"m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n",
		("m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
			"inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"),
		"m=audio 0 RTP/AVP 8\r\nm=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n",
		"m=audio 4000 UDP/TLS/RTP/SAVPF 8\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n",
		"m=audio 4000 RTP/AVP 8\r\na=sendonly\r\na=candidate:1 1 UDP 1 10.0.0.5 4000 typ host\r\n", "",
		"m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AEAD_AES_128_GCM inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\r\n"};
	char host[64];
	const char *secret = from == PLAY_CORE ? "core-secret" : "far-secret";

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(neighbours[from].address, ":"), neighbours[from].address);
	snprintf(text, sizeof(text), "v=0\r\no=%s 1 %u IN IP4 %s\r\ns=%s\r\nc=IN IP4 %s\r\nt=0 0\r\n%s", secret, p->serial, host,
		secret, host, lines[kind % ARRAY_LEN(lines)]);
	return text;
}

// Send HEAD (whole header without Content-*), with a description when KIND says so.
static void deliver_with(struct play *p, uint8_t from, const char *head, uint8_t kind)
{
	char text[PLAY_TEXT + 1024];
	const char *sdp = kind & 0x80 ? "" : sdp_text(p, from, kind);
	int n = snprintf(text, sizeof(text), "%s%sContent-Length: %zu\r\n\r\n%s", head,
		sdp[0] != 0 ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);

	play_deliver(p, from, text, n > 0 && (size_t)n < sizeof(text) ? (size_t)n : 0);
}

static const char *const extras[] = {"", "Supported: 100rel, timer\r\n", "Require: 100rel\r\n",
	"Supported: timer, 199\r\nSession-Expires: 120\r\n", "Supported: replaces, histinfo\r\nPrivacy: id\r\n",
	"Require: nothing\r\n", "Route: <sip:203.0.113.99;lr>\r\n", "Record-Route: <sip:10.0.0.7;lr>\r\n"};

// ---- events

static void out_invite(struct play *p)
{
	uint8_t from = take(p) % PLAY_STRANGER_UDP, to = take(p) % PLAY_STRANGER_UDP, kind = take(p), extra = take(p);
	const struct neighbour *n = &neighbours[from];
	const char *secret = from == PLAY_CORE ? "core-secret" : "far-secret";
	const char *method = extra & 0x40 ? "MESSAGE" : extra & 0x20 ? "OPTIONS" : "INVITE";
	char head[2048];

	p->serial++;
	snprintf(head, sizeof(head),
		"%s %s:%s@ssp-a.example SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%u\r\nMax-Forwards: %u\r\n"
		"From: <sip:%s@%s>;tag=%s-%u\r\nTo: <sip:%s@ssp-a.example>\r\nCall-ID: %s-%u\r\nCSeq: 1 %s\r\n"
		"Contact: <sip:%s@%s>\r\n%s",
		method, extra & 0x10 ? "sips" : "sip", neighbours[to].number, n->via, n->address, p->serial,
		extra & 0x80 ? 0u : 70u, n->number, secret, secret, p->serial, neighbours[to].number, secret, p->serial, method,
		secret, n->address, extras[extra % ARRAY_LEN(extras)]);
	deliver_with(p, from, head, kind);
}

static void out_answer(struct play *p)
{
	static const unsigned status[] = {100, 180, 183, 199, 200, 202, 302, 404, 408, 422, 481, 486, 487, 488, 491, 503, 600};
	const struct play_sent *s = take_sent(p);
	uint8_t st = take(p), kind = take(p), tag = take(p), extra = take(p);
	char via[512], f[512], t[512], id[512], cseq[512], head[3000];

	if (s == NULL || strncmp(s->text, "SIP/2.0 ", 8) == 0)
		return;
	header(s->text, "To", 't', t);
	const char *secret = s->to == PLAY_CORE ? "core-secret" : "far-secret";
	bool tagged = strstr(t, ";tag=") != NULL;
	snprintf(head, sizeof(head),
		"SIP/2.0 %u Text of %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s%.*s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:%s@%s>\r\nServer: %s\r\n%s%s",
		status[st % ARRAY_LEN(status)], secret, header(s->text, "Via", 'v', via), header(s->text, "From", 'f', f), t,
		tagged ? "" : ";tag=", tagged ? "" : secret, tagged ? 0 : tag % 4, "xyz", header(s->text, "Call-ID", 'i', id),
		header(s->text, "CSeq", 0, cseq), secret, neighbours[s->to].address, secret,
		extra & 1 ? "Allow: INVITE, UPDATE, PRACK\r\n" : "",
		extra & 2 ? "Require: 100rel\r\nRSeq: 1\r\n" : extra & 4 ? "Require: timer\r\nSession-Expires: 100;refresher=uas\r\n" : "");
	deliver_with(p, s->to, head, kind);
}

static void contact_of(const char *text, char out[512])
{
	char value[512];
	const char *open = strchr(header(text, "Contact", 'm', value), '<');

	snprintf(out, 512, "%.*s", open != NULL ? (int)strcspn(open + 1, ">") : 0, open != NULL ? open + 1 : "");
	if (out[0] == 0)
		snprintf(out, 512, "sip:ssp-a.example");
}

static void out_in_dialog(struct play *p)
{
	static const char *const methods[] = {"ACK", "BYE", "INVITE", "UPDATE", "PRACK", "INFO", "MESSAGE", "OPTIONS", "CANCEL",
		"REFER"};
	const struct play_sent *s = take_sent(p);
	const char *method = methods[take(p) % ARRAY_LEN(methods)];
	uint8_t kind = take(p), extra = take(p);
	char uri[512], f[512], t[512], id[512], rseq[512], head[3000], branch[32];
	unsigned cseq = extra & 3 ? ++p->serial : extra & 4 ? p->serial : 1;

	if (s == NULL)
		return;
	bool response = strncmp(s->text, "SIP/2.0 ", 8) == 0;
	const struct neighbour *n = &neighbours[s->to];
	const char *secret = s->to == PLAY_CORE ? "core-secret" : "far-secret";
	contact_of(s->text, uri);
	header(s->text, response ? "From" : "To", response ? 'f' : 't', f);
	header(s->text, response ? "To" : "From", response ? 't' : 'f', t);
	bool tagged = strstr(f, ";tag=") != NULL;
	snprintf(branch, sizeof(branch), "%s%u", strcmp(method, "CANCEL") == 0 ? "" : "d", cseq);
	snprintf(head, sizeof(head),
		"%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: %s%s%s\r\nTo: %s\r\n"
		"Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:%s@%s>\r\n",
		method, uri, n->via, n->address, branch, f, tagged ? "" : ";tag=", tagged ? "" : secret, t,
		header(s->text, "Call-ID", 'i', id), cseq, method, secret, n->address);
	if (strcmp(method, "PRACK") == 0)
		snprintf(head + strlen(head), 600, "RAck: %s 1 INVITE\r\n", header(s->text, "RSeq", 0, rseq));
	deliver_with(p, s->to, head, kind);
}

static void out_raw(struct play *p)
{
	uint8_t from = take(p) % PLAY_NEIGHBOURS;
	size_t n = take(p);

	n = n < p->size ? n : p->size;
	play_deliver(p, from, (const char *)p->data, n);
	p->data += n;
	p->size -= n;
}

void play_wait(struct play *p, uint64_t us)
{
	uint64_t until = p->now.mono_us + us, next;

	for (uint32_t guard = 0; (next = flow_deadline(p->rig.flow)) <= until; guard++) {
		if (guard > 200000) {
			fault(p, "time stands still", bytes_of_string("the deadline does not move on"));
			return;
		}
		if (next > p->now.mono_us)
			p->now.mono_us = next;
		flow_rig_run(&p->rig, &p->now);
	}
	p->now.mono_us = until;
}

static void faults(struct play *p, uint8_t what)
{
	switch (what % 8) {
	case 0:
		p->rig.media_hold = !p->rig.media_hold;
		flow_rig_media(&p->rig, &p->now);
		break;
	case 1:
		p->rig.media_fail = !p->rig.media_fail;
		break;
	case 2:
		p->broken = !p->broken;
		break;
	case 3:
		flow_undeliverable(p->rig.flow, p->rig.cookie, &p->now);
		break;
	case 4:
		IGNORE_RESULT(sf_hangup(flow_sf(p->rig.flow), p->rig.last_call, "operator", &p->now));
		break;
	case 5:
		flow_drain(p->rig.flow, (what & 0x80) != 0);
		break;
	case 6:
		p->rig.records_full = (what & 0x80) != 0;
		break;
	default: {
		struct ipc_media m = {.version = IPC_MEDIA_VERSION, .type = IPC_MEDIA_SILENCE,
			.call_slot = p->rig.last_call.slot, .call_generation = p->rig.last_call.generation,
			.cause = IPC_MEDIA_SILENCE_BOTH};
		flow_media(p->rig.flow, &m, &p->now);
	}
	}
	flow_rig_media(&p->rig, &p->now);
}

static void play_event(struct play *p)
{
	switch (take(p) % 10) {
	case 0:
		out_invite(p);
		break;
	case 1:
	case 2:
	case 3:
		out_answer(p);
		break;
	case 4:
	case 5:
		out_in_dialog(p);
		break;
	case 6:
		out_raw(p);
		break;
	case 7:
		play_wait(p, 1000ull << take(p) % 20); // up to 9 minutes
		break;
	case 8:
		p->twist = take(p);
		p->twist_value = take(p);
		p->as = (uint8_t)(take(p) % (PLAY_NEIGHBOURS * 2) < PLAY_NEIGHBOURS ? 0 : 1 + p->twist % PLAY_NEIGHBOURS);
		break;
	default:
		faults(p, take(p));
	}
}

bool play_open(struct play *p)
{
	memset(p, 0, sizeof(*p));
	p->now = (struct now){1000 * SECOND, FLOW_RIG_WALL_MS};
	p->rig.ctx = p;
	p->rig.on_send = play_send_h;
	return flow_rig_open(&p->rig, bytes_make(yaml, sizeof(yaml) - 1), PLAY_CALLS, &p->now);
}

void play_run(struct play *p, const uint8_t *data, size_t size)
{
	p->data = data;
	p->size = size;
	while (p->size > 0 && p->fault == NULL)
		play_event(p);
}

void play_end(struct play *p)
{
	p->rig.media_hold = false;
	flow_rig_media(&p->rig, &p->now);
	play_wait(p, 3600 * SECOND); // twice the session interval
	if (sf_call_count(flow_sf(p->rig.flow)) != 0)
		fault(p, "a zombie call is left", bytes_of_string(""));
	if (p->rig.sessions_live != 0)
		fault(p, "a media session is left", bytes_of_string(""));
	for (uint32_t i = 0; i < PLAY_STRANGER_UDP; i++) {
		peer_id id = flow_rig_peer(&p->rig, neighbours[i].name);
		if (id != PEER_NONE && atomic_load(&p->rig.load[id].concurrent) != 0)
			fault(p, "a concurrent call is still counted", bytes_of_string(neighbours[i].name));
	}
}

bool play_renew(struct play *p)
{
	p->now = (struct now){1000 * SECOND, FLOW_RIG_WALL_MS};
	p->sent_count = p->serial = p->waited = 0;
	p->broken = false;
	p->twist = p->as = 0;
	p->fault = NULL;
	p->rig.media_hold = p->rig.media_fail = p->rig.records_full = false;
	p->rig.seed = 42;
	return flow_rig_renew(&p->rig, PLAY_CALLS, &p->now);
}

void play_close(struct play *p)
{
	flow_rig_close(&p->rig);
}
