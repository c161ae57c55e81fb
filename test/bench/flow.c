// SPDX-License-Identifier: Apache-2.0
// What a whole call costs in user space, without sockets: INVITE, 100, 180, 200, ACK, BYE, 200 through the gates and both
// legs on a fake network. Prints nanoseconds per call, the bench's own agents left out. Usage: bench-flow [CALLS [cold]]
//
// cold: between two messages a block larger than the second-level cache is read, as if the worker had slept and others had
// used the core: at moderate rates nearly every message comes to a worker in that state.
#include "flow_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MESSAGE = 4096, DEFAULT_CALLS = 20000, SWEEP = 8 * 1024 * 1024 /* [octets] */, CACHE_LINE = 64 };

static const char yaml[] =
	"domain: sbe.example\n"
	"listen:\n"
	"  - {name: core, zone: core, sip: [\"udp:127.30.0.1:5060\"], media: \"127.30.0.1:20000-20063\"}\n"
	"  - {name: peering, zone: peering, sip: [\"udp:127.30.0.2:5060\"], media: \"127.30.0.2:25000-25063\"}\n"
	"peers:\n"
	"  - name: uac\n"
	"    zone: core\n"
	"    reach: {targets: [\"udp:127.30.0.10:5060\"], transport: udp}\n"
	"    known_by: {addresses: [127.30.0.10/32]}\n"
	"    numbers: {calls_from: [\"+4930\"], calls_to: [\"+4930\"]}\n"
	"    limits: {calls_per_second: 100000, concurrent_calls: 100000, messages_per_second: 1000000}\n"
	"    media: {anchor: no, addresses: [127.30.0.10/32]}\n"
	"    waivers:\n"
	"      - {control: media-anchor, reason: \"laboratory only\", until: 2027-06-30}\n"
	"  - name: uas\n"
	"    zone: peering\n"
	"    reach: {targets: [\"udp:127.30.0.20:5060\"], transport: udp}\n"
	"    known_by: {addresses: [127.30.0.20/32]}\n"
	"    numbers: {calls_from: [\"+4989\"], calls_to: [\"+4989\"]}\n"
	"    limits: {calls_per_second: 100000, concurrent_calls: 100000, messages_per_second: 1000000}\n"
	"    media: {anchor: no, srtp: off, addresses: [127.30.0.20/32]}\n"
	"    headers: strict\n"
	"    identity: {verify: off, sign: off}\n"
	"    waivers:\n"
	"      - {control: identity, reason: \"laboratory only\", until: 2027-06-30}\n"
	"      - {control: transport-identity, reason: \"laboratory only\", until: 2027-06-30}\n"
	"      - {control: srtp, reason: \"laboratory only\", until: 2027-06-30}\n"
	"      - {control: media-anchor, reason: \"laboratory only\", until: 2027-06-30}\n";

#define SDP_OF(host) "v=0\r\no=u 1 1 IN IP4 " host "\r\ns=-\r\nc=IN IP4 " host "\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n" \
	"a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n"

struct bench {
	struct flow_rig rig;
	struct now now;
	struct origin uac, uas;
	char last[2][MESSAGE]; // what each side received last: 0 caller, 1 called
	uint32_t got[2];
	uint64_t spent_ns; // in the worker
	uint8_t *sweep;    // NULL: warm
};

static result on_send(void *ctx, const struct hop *to, struct bytes octets)
{
	struct bench *b = ctx;
	int side = to->remote.ip[3] == 20;
	size_t n = octets.len < MESSAGE - 1 ? octets.len : MESSAGE - 1;
	memcpy(b->last[side], octets.at, n);
	b->last[side][n] = '\0';
	b->got[side]++;
	return OK;
}

// The whole header line that begins with NAME in TEXT, with its CRLF, into OUT.
static void line_of(const char *text, const char *name, char *out)
{
	const char *at = strstr(text, name), *end = at != NULL ? strstr(at, "\r\n") : NULL;
	size_t n = end != NULL ? (size_t)(end - at) + 2 : 0;
	memcpy(out, at != NULL ? at : "", n);
	out[n] = '\0';
}

static uint64_t now_ns(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void give(struct bench *b, const struct origin *from, const char *text)
{
	struct bytes octets = bytes_of_string(text);
	for (uint32_t i = 0; b->sweep != NULL && i < SWEEP; i += CACHE_LINE)
		b->sweep[i]++;
	uint64_t before = now_ns();
	flow_rig_receive(&b->rig, from, octets, &b->now);
	b->spent_ns += now_ns() - before;
}

// Answer what the called side received last, as a user agent does.
static void respond(struct bench *b, const char *status, const char *more, const char *body)
{
	static char via[512], from[512], to[512], id[256], cseq[64], out[MESSAGE];
	const char *request = b->last[1];
	line_of(request, "Via:", via);
	line_of(request, "From:", from);
	line_of(request, "\r\nTo:", to);
	line_of(request + 0, "Call-ID:", id);
	line_of(request, "CSeq:", cseq);
	char *tag = strstr(request, "\r\nTo:");
	line_of(tag + 2, "To:", to);
	if (strstr(to, ";tag=") == NULL)
		snprintf(to + strlen(to) - 2, 16, ";tag=uas\r\n");
	snprintf(out, sizeof(out), "SIP/2.0 %s\r\n%s%s%s%s%s%sContent-Length: %zu\r\n\r\n%s", status, via, from, to, id, cseq,
		more, strlen(body), body);
	give(b, &b->uas, out);
}

static void request(struct bench *b, const char *method, uint32_t call, uint32_t cseq, const char *to_tag, const char *more,
	const char *body)
{
	static char out[MESSAGE];
	snprintf(out, sizeof(out),
		"%s sip:+49891234567@127.30.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.30.0.10:5060;branch=z9hG4bK-%u-%u\r\n"
		"Max-Forwards: 70\r\nFrom: \"Alice\" <sip:+49301234567@127.30.0.10:5060>;tag=c%u\r\n"
		"To: <sip:+49891234567@127.30.0.1:5060>%s\r\nCall-ID: %u@127.30.0.10\r\nCSeq: %u %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		method, call, cseq * 2 + (method[0] == 'A'), call, to_tag, call, cseq, method, more, strlen(body), body);
	give(b, &b->uac, out);
}

static bool one_call(struct bench *b, uint32_t call)
{
	static const char caller[] = "Contact: <sip:+49301234567@127.30.0.10:5060>\r\nUser-Agent: bench\r\n"
				     "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nSupported: replaces\r\n";
	char to[256], tag[128] = "";
	request(b, "INVITE", call, 1, "", "Contact: <sip:+49301234567@127.30.0.10:5060>\r\nUser-Agent: bench\r\n"
		"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nSupported: replaces\r\nContent-Type: application/sdp\r\n",
		SDP_OF("127.30.0.10"));
	respond(b, "180 Ringing", "Contact: <sip:127.30.0.20:5060>\r\n", "");
	respond(b, "200 OK", "Contact: <sip:127.30.0.20:5060>\r\nContent-Type: application/sdp\r\n", SDP_OF("127.30.0.20"));
	if (strncmp(b->last[0], "SIP/2.0 200", 11) != 0)
		return false;
	line_of(strstr(b->last[0], "\r\nTo:") + 2, "To:", to);
	snprintf(tag, sizeof(tag), "%.*s", (int)(strcspn(strstr(to, ";tag="), "\r")), strstr(to, ";tag="));
	request(b, "ACK", call, 1, tag, caller, "");
	request(b, "BYE", call, 2, tag, "", "");
	respond(b, "200 OK", "", "");
	b->now.mono_us += 200;
	flow_rig_run(&b->rig, &b->now);
	return strncmp(b->last[0], "SIP/2.0 200", 11) == 0;
}

static struct origin origin_of(const char *remote, const char *local, listener_id listener, zone_id zone)
{
	struct origin o = {.transport = TRANSPORT_UDP, .listener = listener, .zone = zone, .tls_peer = PEER_NONE};
	if (!is_ok(address_parse(bytes_of_string(remote), &o.remote)) || !is_ok(address_parse(bytes_of_string(local), &o.local)))
		exit(2);
	return o;
}

int main(int argc, char **argv)
{
	static struct bench b;
	uint32_t calls = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : DEFAULT_CALLS;
	if (argc > 2 && strcmp(argv[2], "cold") == 0)
		b.sweep = calloc(1, SWEEP); // banned-ok: the bench's own
	b.now = (struct now){SECOND, FLOW_RIG_WALL_MS};
	b.rig.ctx = &b;
	b.rig.on_send = on_send;
	if (!flow_rig_open(&b.rig, bytes_of_string(yaml), 65000, &b.now))
		return 2;
	b.uac = origin_of("127.30.0.10:5060", "127.30.0.1:5060", 0, 0);
	b.uas = origin_of("127.30.0.20:5060", "127.30.0.2:5060", 1, 1);
	for (uint32_t i = 0; i < calls; i++)
		if (!one_call(&b, i)) {
			fprintf(stderr, "call %u failed; last to the caller:\n%s\n", i, b.last[0]);
			return 1;
		}
	printf("flow: %.0f ns per call (%u calls, %s)\n", (double)b.spent_ns / calls, calls, b.sweep != NULL ? "cold" : "warm");
	free(b.sweep);
	flow_rig_close(&b.rig);
	return 0;
}
