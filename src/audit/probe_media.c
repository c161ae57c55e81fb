// SPDX-License-Identifier: Apache-2.0
// MF-C3, MF-I1: a stranger at the media ports of a live call. The call carries clear RTP between the two roles; what
// each hears tells whether the stranger stole, or spoke.
#include "audit/inside.h"

enum {
	PACKET = 172,        // [octets] 20 ms of G.711
	PAYLOAD = 160,
	ROUNDS = 25,         // half a second of speech
	FLOOD = 3,           // stranger's packets for each of a peer's
	PEER_MARK = 0x11,    // payload octet of the peers
	THIEF_MARK = 0x66,   // and of the stranger
};

struct media {
	struct audit_end caller, called, thief;
	uint16_t sequence;
	uint32_t heard[2];   // peers' packets that came to the caller, to the called side
	uint32_t injected;   // stranger's packets that came to either
	uint32_t stolen;     // packets that came to the stranger
};

static bool media_open(struct audit *a, struct media *m)
{
	struct address one = a->end[AUDIT_CALLER].local, two = a->end[AUDIT_CALLED].local, x = a->end[AUDIT_STRANGER].local;

	m->caller.fd = m->called.fd = m->thief.fd = -1;
	one.port = two.port = x.port = 0;
	for (uint32_t i = 0; i < 64; i++) { // RTP ports are even (RFC3550#11)
		audit_end_close(&m->caller);
		if (!is_ok(audit_end_open(&m->caller, &one)))
			return false;
		if (m->caller.local.port % 2 == 0)
			break;
	}
	for (uint32_t i = 0; i < 64; i++) {
		audit_end_close(&m->called);
		if (!is_ok(audit_end_open(&m->called, &two)))
			return false;
		if (m->called.local.port % 2 == 0)
			break;
	}
	return is_ok(audit_end_open(&m->thief, &x));
}

static void media_close(struct media *m)
{
	audit_end_close(&m->caller);
	audit_end_close(&m->called);
	audit_end_close(&m->thief);
}

static void rtp_send(struct audit *a, struct audit_end *e, const struct address *to, uint16_t sequence, uint32_t ssrc, int mark)
{
	uint32_t stamp = (uint32_t)sequence * PAYLOAD;
	uint8_t p[PACKET] = {0x80, 8, (uint8_t)(sequence >> 8), (uint8_t)sequence, (uint8_t)(stamp >> 24), (uint8_t)(stamp >> 16),
		(uint8_t)(stamp >> 8), (uint8_t)stamp, (uint8_t)(ssrc >> 24), (uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8),
		(uint8_t)ssrc};

	memset(p + 12, mark, PAYLOAD);
	(void)audit_send(a, e, to, p, sizeof(p)); // loss is lawful here
}

static void hear(struct audit *a, struct media *m)
{
	struct audit_end *const ends[] = {&m->caller, &m->called, &m->thief};

	for (uint32_t i = 0; i < 3; i++)
		while (audit_receive(a, ends[i], 0)) {
			bool rtp = ends[i]->in_len == PACKET;
			m->stolen += i == 2;
			if (i < 2 && rtp && ends[i]->in[20] == PEER_MARK)
				m->heard[i]++;
			m->injected += i < 2 && rtp && ends[i]->in[20] == THIEF_MARK;
		}
}

// One round: the thief speaks FLOOD times into both legs (SSRC and sequence of the peers when PLAUSIBLE), each peer once.
static void round_of(struct audit *a, struct media *m, const struct audit_call *c, bool peers, bool thief, bool plausible)
{
	const struct address *to[2] = {&c->target_caller_media, &c->target_called_media};

	for (uint32_t i = 0; thief && i < 2 * FLOOD; i++)
		rtp_send(a, &m->thief, to[i % 2], (uint16_t)(m->sequence + (plausible ? i / 2 : 1000)),
			plausible ? (i % 2 == 0 ? 0x11110001u : 0x11110002u) : 0xdeadbeef, THIEF_MARK);
	if (peers) {
		rtp_send(a, &m->caller, to[0], m->sequence, 0x11110001u, PEER_MARK);
		rtp_send(a, &m->called, to[1], m->sequence, 0x11110002u, PEER_MARK);
		m->sequence++;
	}
	audit_pause(a, peers ? 10 : 2);
	hear(a, m);
}

static bool media_call(struct audit *a, struct media *m, struct audit_call *c, struct audit_result *r)
{
	if (!media_open(a, m)) {
		audit_say(r, AUDIT_V_INCONCLUSIVE, "no media ports of our own could be opened");
		return false;
	}
	c->caller_media = m->caller.local;
	c->called_media = m->called.local;
	m->sequence = (uint16_t)audit_random(a);
	if (!audit_call_set_up(a, c, r))
		return false;
	if (c->target_caller_media.family != 0 && c->target_called_media.family != 0 &&
		!address_same_host(&c->target_caller_media, &c->called_media) &&
		!address_same_host(&c->target_called_media, &c->caller_media))
		return true;
	audit_find(r, false, "the media are not anchored: each side was given the other's address");
	(void)audit_call_end(a, c, r);
	return false;
}

static void media_end(struct audit *a, struct media *m, struct audit_call *c, struct audit_result *r)
{
	media_close(m);
	(void)audit_call_end(a, c, r);
}

void audit_probe_bleed(struct audit *a, struct audit_result *r)
{
	struct audit_call c = {0};
	struct media m = {0};

	if (!media_call(a, &m, &c, r)) {
		media_close(&m);
		return;
	}
	for (uint32_t i = 0; i < ROUNDS; i++) // first of all: before a peer has said a word
		round_of(a, &m, &c, false, true, false);
	for (uint32_t i = 0; i < ROUNDS; i++)
		round_of(a, &m, &c, true, false, false);
	uint32_t alone[2] = {m.heard[0], m.heard[1]};
	for (uint32_t i = 0; i < ROUNDS; i++)
		round_of(a, &m, &c, true, true, false);
	audit_pause(a, AUDIT_QUIET_MS);
	hear(a, &m);
	uint32_t then[2] = {m.heard[0] - alone[0], m.heard[1] - alone[1]};
	if (m.stolen > 0)
		audit_find(r, false, "%u packets of the call came to the stranger", m.stolen);
	if (alone[0] + alone[1] == 0 && m.stolen == 0)
		audit_say(r, AUDIT_V_INCONCLUSIVE, "no media passed between the peers, attacked or not");
	else if (then[0] < ROUNDS / 2 || then[1] < ROUNDS / 2 || alone[0] < ROUNDS / 2 || alone[1] < ROUNDS / 2)
		audit_find(r, false, "the peers heard %u and %u of %u packets under attack", then[0], then[1], (unsigned)ROUNDS);
	audit_find(r, true, "stranger first and in between: got nothing back; the peers heard %u and %u of %u packets", m.heard[0],
		m.heard[1], 2u * ROUNDS);
	media_end(a, &m, &c, r);
}

void audit_probe_injection(struct audit *a, struct audit_result *r)
{
	struct audit_call c = {0};
	struct media m = {0};

	if (!media_call(a, &m, &c, r)) {
		media_close(&m);
		return;
	}
	for (uint32_t i = 0; i < ROUNDS; i++)
		round_of(a, &m, &c, true, false, false);
	for (uint32_t i = 0; i < ROUNDS; i++)
		round_of(a, &m, &c, true, true, true);
	audit_pause(a, AUDIT_QUIET_MS);
	hear(a, &m);
	if (m.heard[0] + m.heard[1] == 0 && m.injected == 0)
		audit_say(r, AUDIT_V_INCONCLUSIVE, "no media passed between the peers");
	else if (m.injected > 0)
		audit_find(r, false, "%u of the stranger's %u packets were relayed to a peer", m.injected, 2u * FLOOD * ROUNDS);
	audit_find(r, true, "none of %u packets with the peers' SSRC and the next sequence numbers was relayed; %u and %u of the peers' were",
		2u * FLOOD * ROUNDS, m.heard[0], m.heard[1]);
	media_end(a, &m, &c, r);
}
