// SPDX-License-Identifier: Apache-2.0
// What one side's description says of a media line: address, direction, formats, keying lines, codecs allowed.
#include "mf/plan/session.h"

#include "base/memory.h"

enum { KBIT = 1000, TIAS_OVERHEAD_BPS = 64000 }; // headers of 200 packets/s, which TIAS leaves out (RFC 3890)

_Static_assert((int)SDP_CRYPTO_KEY_MAX == (int)MEDIA_KEY_MAX, "one key length");
_Static_assert((int)SDP_OUTLINE_FORMATS == (int)MEDIA_PAYLOADS_MAX, "what is compared is what is policed");

static const uint8_t DEFAULT_SUITES[] = {SUITE_AEAD_AES_256_GCM, SUITE_AEAD_AES_128_GCM, SUITE_AES_CM_128_HMAC_SHA1_80};

uint8_t plan_suites(const struct plan_context *c, int side, uint8_t out[MEDIA_SUITES_MAX])
{
	const struct peer *p = c->leg[side].peer;
	uint8_t n = 0;

	for (uint8_t i = 0; i < p->suite_count && i < MEDIA_SUITES_MAX; i++)
		if (sdp_suite_name(p->suite[i]) != NULL)
			out[n++] = p->suite[i];
	if (p->suite_count > 0)
		return n;
	memcpy(out, DEFAULT_SUITES, sizeof(DEFAULT_SUITES));
	return sizeof(DEFAULT_SUITES);
}

int plan_suite_place(const struct plan_context *c, int side, uint8_t suite)
{
	uint8_t list[MEDIA_SUITES_MAX], n = plan_suites(c, side, list);

	for (uint8_t i = 0; i < n; i++)
		if (list[i] == suite)
			return i;
	return -1;
}

static bool has_attr(const struct sdp *s, uint8_t i, enum sdp_attr a)
{
	uint16_t end = s->media[i].end;

	return sdp_attr_find(s, s->media[i].line, end, a) < end ||
	       sdp_attr_find(s, 0, s->session_end, a) < s->session_end;
}

uint8_t plan_mechanisms(const struct sdp *s, uint8_t i)
{
	uint8_t m = 0;

	if (has_attr(s, i, SDP_ATTR_CRYPTO))
		m |= MECHANISM_SDES;
	if (has_attr(s, i, SDP_ATTR_FINGERPRINT))
		m |= MECHANISM_DTLS;
	if (has_attr(s, i, SDP_ATTR_ZRTP_HASH) || has_attr(s, i, SDP_ATTR_KEY_MGMT))
		m |= MECHANISM_OTHER;
	return m;
}

static bool over_dtls(uint8_t proto)
{
	return proto == SDP_PROTO_TLS_SAVP || proto == SDP_PROTO_TLS_SAVPF || proto == SDP_PROTO_TLS_UDPTL ||
	       proto == SDP_PROTO_TLS_BFCP || proto == SDP_PROTO_DTLS_SCTP;
}

enum keying_offer plan_offer_class(const struct sdp *s, uint8_t i, uint8_t mechanisms)
{
	uint8_t proto = s->media[i].proto_id;

	if (proto == SDP_PROTO_RTP_AVP || proto == SDP_PROTO_RTP_AVPF)
		return mechanisms != 0 ? OFFER_OPPORTUNISTIC : OFFER_RTP;
	if (over_dtls(proto))
		return OFFER_DTLS;
	if (proto != SDP_PROTO_RTP_SAVP && proto != SDP_PROTO_RTP_SAVPF)
		return OFFER_CLEAR;
	if (mechanisms & MECHANISM_SDES)
		return OFFER_SDES;
	return mechanisms & MECHANISM_DTLS ? OFFER_DTLS : OFFER_OTHER;
}

enum keying_answer plan_answer_class(const struct sdp *s, uint8_t i, uint8_t mechanisms)
{
	uint8_t proto = s->media[i].proto_id;

	if (s->media[i].port == 0)
		return ANSWER_NONE;
	if (over_dtls(proto)) // without a fingerprint nobody is authenticated (RFC5763#5)
		return mechanisms & MECHANISM_DTLS ? ANSWER_DTLS : ANSWER_OTHER;
	if (mechanisms & MECHANISM_SDES)
		return ANSWER_SDES;
	if (mechanisms & MECHANISM_DTLS)
		return ANSWER_DTLS;
	if (proto == SDP_PROTO_RTP_SAVP || proto == SDP_PROTO_RTP_SAVPF || mechanisms != 0)
		return ANSWER_OTHER;
	return ANSWER_RTP;
}

enum plan_kind plan_kind_of(const struct sdp *s, uint8_t i)
{
	uint8_t proto = s->media[i].proto_id;

	if (proto >= SDP_PROTO_RTP_AVP && proto <= SDP_PROTO_TLS_SAVPF)
		return KIND_RTP;
	return proto == SDP_PROTO_UDPTL ? KIND_UDPTL : KIND_OTHER;
}

bool plan_carried(const struct sdp *s, uint8_t i)
{
	return s->media[i].proto_id != SDP_PROTO_OTHER && s->media[i].port_count == 1;
}

static bool codec_listed(const struct peer *p, struct bytes name)
{
	for (uint8_t k = 0; k < p->codec_count && k < PEER_CODECS_MAX; k++)
		if (bytes_equal_nocase(bytes_make(p->codec[k], strnlen(p->codec[k], CODEC_NAME_MAX)), name))
			return true;
	return p->codec_count == 0;
}

bool plan_codec_allowed(const struct plan_context *c, const struct sdp *s, uint8_t i, struct span format, bool *real)
{
	uint32_t clock;
	uint8_t channels;
	struct bytes name = sdp_codec_name(s, i, format, &clock, &channels);

	*real = !bytes_equal_nocase(name, BYTES("telephone-event")) && !bytes_equal_nocase(name, BYTES("CN"));
	return !*real || (codec_listed(c->leg[0].peer, name) && codec_listed(c->leg[1].peer, name));
}

struct verdict plan_cryptos_read(const struct sdp *s, uint8_t i, struct plan_offered *o)
{
	uint16_t end = s->media[i].end;
	struct sdp_crypto k;

	o->crypto_count = 0;
	for (uint16_t at = sdp_attr_find(s, s->media[i].line, end, SDP_ATTR_CRYPTO); at < end;
		at = sdp_attr_find(s, (uint16_t)(at + 1), end, SDP_ATTR_CRYPTO)) {
		bool good = is_ok(sdp_crypto_parse(s, s->line[at].arg, &k));
		struct plan_crypto *out = &o->crypto[o->crypto_count < PLAN_CRYPTOS_MAX ? o->crypto_count : 0];
		if (good && o->crypto_count < PLAN_CRYPTOS_MAX && !k.null_cipher) {
			*out = (struct plan_crypto){.tag = k.tag, .name = plan_name_hash(sdp_bytes(s, k.suite_name))};
			out->usable = k.suite != SUITE_NONE && !k.mki_long && !k.several && !k.params;
			out->key = (struct media_key){
				.suite = k.suite, .len = k.key_len, .mki_len = k.mki_len, .mki = k.mki};
			memcpy(out->key.master, k.key, k.key_len);
			o->crypto_count++;
			memory_wipe(&k, sizeof(k));
			continue;
		}
		memory_wipe(&k.key, sizeof(k.key));
		if (!good)
			return REPLY(488, "Bad crypto attribute");
		return k.null_cipher ? REPLY(488, "NULL cipher refused") : REPLY(488, "Too many crypto attributes"); // MF-C2
	}
	return PASS;
}

static uint32_t bandwidth_between(const struct sdp *s, uint16_t from, uint16_t end)
{
	uint64_t bps = 0;
	struct sdp_bandwidth b;

	for (uint16_t k = from; k < end && k < s->line_count; k++) {
		if (s->line[k].type != 'b' || !is_ok(sdp_bandwidth_parse(s, s->line[k].value, &b)) || b.value == 0)
			continue;
		if (bytes_equal_nocase(sdp_bytes(s, b.type), BYTES("AS")))
			return b.value > UINT32_MAX / KBIT ? UINT32_MAX : b.value * KBIT;
		if (bytes_equal_nocase(sdp_bytes(s, b.type), BYTES("TIAS")))
			bps = (uint64_t)b.value + TIAS_OVERHEAD_BPS;
	}
	return bps > UINT32_MAX ? UINT32_MAX : (uint32_t)bps;
}

// The address of line I: its own c=, else the session's.
static struct verdict address_read(struct plan_context *c, int from, const struct sdp *s, uint8_t i, struct plan_side *out)
{
	const struct sdp_media *m = &s->media[i];
	uint16_t at = m->connection != 0 ? m->connection : s->connection;
	struct sdp_connection conn;
	const char *why;

	if (at == 0 || !is_ok(sdp_connection_parse(s, s->line[at - 1].value, &conn)))
		return REPLY(400, "SDP without c=");
	if (conn.multicast_form || !is_ok(sdp_connection_address(s, &conn, m->port, &out->rtp)))
		return REPLY(488, "Media address is no unicast number");
	if (address_classify(&out->rtp) == ADDRESS_UNSPECIFIED) { // hold in the manner of RFC 2543 (RFC3264#8.4)
		out->rtp = (struct address){0};
		out->direction = out->direction == SDP_SENDRECV || out->direction == SDP_SENDONLY ? SDP_SENDONLY : SDP_INACTIVE;
		return PASS;
	}
	why = plan_source_check(c, from, &out->rtp);
	return why != NULL ? REPLY(488, why) : PASS;
}

// RTCP goes to port + 1 unless a=rtcp says otherwise (RFC 3605).
static struct verdict rtcp_read(struct plan_context *c, int from, const struct sdp *s, uint8_t i, struct plan_side *out)
{
	uint16_t end = s->media[i].end, at = sdp_attr_find(s, s->media[i].line, end, SDP_ATTR_RTCP);
	struct sdp_rtcp r;
	const char *why;

	out->rtcp = out->rtp;
	out->rtcp.port = out->rtp.port < UINT16_MAX ? (uint16_t)(out->rtp.port + 1) : 0;
	if (at < end && is_ok(sdp_rtcp_parse(s, s->line[at].arg, &r)) && r.port != 0) {
		out->rtcp.port = r.port;
		if (r.has_address && !is_ok(sdp_connection_address(s, &r.address, r.port, &out->rtcp)))
			return REPLY(488, "RTCP address is no number");
	}
	if (out->rtp.family == 0 || out->rtcp.port == 0) {
		out->rtcp = (struct address){0};
		return PASS;
	}
	why = plan_source_check(c, from, &out->rtcp);
	return why != NULL ? REPLY(488, why) : PASS;
}

struct verdict plan_describe(struct plan_context *c, int from, const struct sdp *s, uint8_t i, struct plan_side *out)
{
	const struct sdp_media *m = &s->media[i];
	struct verdict v;

	*out = (struct plan_side){.direction = (uint8_t)sdp_direction_of(s, i)};
	if (m->port == 0)
		return PASS;
	v = address_read(c, from, s, i, out);
	if (v.action != VERDICT_PASS)
		return v;
	v = rtcp_read(c, from, s, i, out);
	if (v.action != VERDICT_PASS)
		return v;
	out->mux = sdp_attr_find(s, m->line, m->end, SDP_ATTR_RTCP_MUX) < m->end;
	out->reduced = sdp_attr_find(s, m->line, m->end, SDP_ATTR_RTCP_RSIZE) < m->end;
	out->bandwidth_bps = bandwidth_between(s, m->line, m->end);
	if (out->bandwidth_bps == 0)
		out->bandwidth_bps = bandwidth_between(s, 0, s->session_end);
	return PASS;
}
