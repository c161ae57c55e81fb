// SPDX-License-Identifier: Apache-2.0
// Outlines of media lines, and whether an answer fits its offer (RFC3264#6).
//
// Codecs are compared by a hash of their canonical text, so that an offer can be remembered in a few octets. A collision
// gains nothing: allow-lists of codecs compare the names themselves.
#include "wire/sdp/sdp.h"

#include "wire/sdp/scan.h"

enum { HASH_SEED = 0x811c9dc5, HASH_PRIME = 0x01000193, PAYLOAD_MAX = 127, NOT_A_PAYLOAD = 255 };

struct static_codec { // RFC3551#6, tables 4 and 5
	uint8_t payload;
	uint8_t len;
	char name[8];
	uint32_t clock;
	uint8_t channels;
};

#define CODEC(pt, text, clock, channels) {(pt), (uint8_t)(sizeof(text) - 1), text, (clock), (channels)}

static const struct static_codec STATIC_CODECS[] = {
	CODEC(0, "PCMU", 8000, 1), CODEC(3, "GSM", 8000, 1), CODEC(4, "G723", 8000, 1), CODEC(5, "DVI4", 8000, 1),
	CODEC(6, "DVI4", 16000, 1), CODEC(7, "LPC", 8000, 1), CODEC(8, "PCMA", 8000, 1), CODEC(9, "G722", 8000, 1),
	CODEC(10, "L16", 44100, 2), CODEC(11, "L16", 44100, 1), CODEC(12, "QCELP", 8000, 1), CODEC(13, "CN", 8000, 1),
	CODEC(14, "MPA", 90000, 1), CODEC(15, "G728", 8000, 1), CODEC(16, "DVI4", 11025, 1),
	CODEC(17, "DVI4", 22050, 1), CODEC(18, "G729", 8000, 1), CODEC(25, "CelB", 90000, 1),
	CODEC(26, "JPEG", 90000, 1), CODEC(28, "nv", 90000, 1), CODEC(31, "H261", 90000, 1), CODEC(32, "MPV", 90000, 1),
	CODEC(33, "MP2T", 90000, 1), CODEC(34, "H263", 90000, 1),
};

static uint32_t hash_octet(uint32_t h, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		c = (uint8_t)(c + 32);
	return (uint32_t)(((uint64_t)(h ^ c) * HASH_PRIME) & UINT32_MAX);
}

static uint32_t hash_bytes(uint32_t h, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		h = hash_octet(h, b.at[i]);
	return h;
}

static uint32_t hash_number(uint32_t h, uint32_t v)
{
	for (int i = 0; i < 32; i += 8)
		h = hash_octet(h, (uint8_t)((v >> i) & 0xff));
	return h;
}

static bool is_rtp(uint8_t proto)
{
	return proto >= SDP_PROTO_RTP_AVP && proto <= SDP_PROTO_TLS_SAVPF;
}

static uint8_t payload_of(const struct sdp *s, uint8_t i, struct span format)
{
	uint32_t v;

	if (is_rtp(s->media[i].proto_id) && is_ok(sdp_number_parse(s, format, PAYLOAD_MAX, &v)))
		return (uint8_t)v;
	return NOT_A_PAYLOAD;
}

// The rtpmap of payload type PT on media line I. Only the one whose number it is gets parsed as a whole.
static bool rtpmap_find(const struct sdp *s, uint8_t i, uint8_t pt, struct sdp_rtpmap *map)
{
	uint16_t end = s->media[i].end;
	uint16_t at = sdp_attr_find(s, s->media[i].line, end, SDP_ATTR_RTPMAP);

	for (; at < end; at = sdp_attr_find(s, (uint16_t)(at + 1), end, SDP_ATTR_RTPMAP)) {
		struct span arg = s->line[at].arg;
		struct sdp_scan c = sdp_scan_make(s->buf, s->size, arg);
		uint32_t number;
		if (sdp_scan_number(&c, PAYLOAD_MAX, &number) && number == pt && is_ok(sdp_rtpmap_parse(s, arg, map)))
			return true;
	}
	return false;
}

struct bytes sdp_codec_name(const struct sdp *s, uint8_t i, struct span format, uint32_t *clock, uint8_t *channels)
{
	struct sdp_rtpmap map;
	uint8_t pt = payload_of(s, i, format);

	*clock = 0;
	*channels = 0;
	if (pt == NOT_A_PAYLOAD)
		return sdp_bytes(s, format);
	if (rtpmap_find(s, i, pt, &map)) {
		*clock = map.clock;
		*channels = map.channels;
		return sdp_bytes(s, map.name);
	}
	for (size_t k = 0; k < ARRAY_LEN(STATIC_CODECS); k++) {
		const struct static_codec *c = &STATIC_CODECS[k];
		if (c->payload != pt)
			continue;
		*clock = c->clock;
		*channels = c->channels;
		return bytes_make(c->name, c->len);
	}
	return sdp_bytes(s, format);
}

result sdp_outline_add(const struct sdp *s, uint8_t i, struct span format, struct sdp_outline *out)
{
	uint32_t clock;
	uint8_t channels;

	REQUIRE(out->count < SDP_OUTLINE_FORMATS, E_TOO_MANY);
	struct bytes name = sdp_codec_name(s, i, format, &clock, &channels);
	out->payload[out->count] = payload_of(s, i, format);
	out->codec[out->count] = hash_number(hash_number(hash_bytes(HASH_SEED, name), clock), channels);
	out->count++;
	return OK;
}

void sdp_outline_set_proto(struct sdp_outline *o, struct bytes proto)
{
	o->proto = hash_bytes(HASH_SEED, proto);
}

void sdp_outline_begin(const struct sdp *s, uint8_t i, struct sdp_outline *out)
{
	const struct sdp_media *m = &s->media[i];

	*out = (struct sdp_outline){0};
	out->type = hash_bytes(HASH_SEED, sdp_bytes(s, m->type));
	sdp_outline_set_proto(out, sdp_bytes(s, m->proto));
	out->rejected = m->port == 0;
	out->direction = (uint8_t)sdp_direction_of(s, i);
}

result sdp_outline_make(const struct sdp *s, uint8_t i, struct sdp_outline *out)
{
	struct span at = s->media[i].formats, f;

	sdp_outline_begin(s, i, out);
	if (out->rejected)
		return OK; // its formats mean nothing (RFC3264#6)
	while (!span_empty(at) && sdp_format_next(s, &at, &f))
		TRY(sdp_outline_add(s, i, f, out));
	return OK;
}

static bool codec_offered(const struct sdp_outline *offer, uint8_t payload, uint32_t codec)
{
	for (uint8_t k = 0; k < offer->count && k < SDP_OUTLINE_FORMATS; k++)
		if (offer->codec[k] == codec && (payload != NOT_A_PAYLOAD || offer->payload[k] == NOT_A_PAYLOAD))
			return true;
	return false;
}

// RFC3264#6.1: what an answer may say to each offered direction.
static bool direction_fits(uint8_t offer, uint8_t answer)
{
	switch (offer) {
	case SDP_SENDRECV:
		return true;
	case SDP_SENDONLY:
		return answer == SDP_RECVONLY || answer == SDP_INACTIVE;
	case SDP_RECVONLY:
		return answer == SDP_SENDONLY || answer == SDP_INACTIVE;
	default:
		return answer == SDP_INACTIVE;
	}
}

static result unfit(const char **why, const char *text)
{
	*why = text;
	return FAIL(E_POLICY);
}

result sdp_answer_check(const struct sdp_outline *offer, const struct sdp_outline *answer, const char **why)
{
	if (offer->type != answer->type)
		return unfit(why, "Answer changes media type");
	if (answer->rejected)
		return OK;
	if (offer->rejected)
		return unfit(why, "Answer revives a rejected line");
	if (offer->proto != answer->proto)
		return unfit(why, "Answer changes media protocol");
	if (answer->count == 0)
		return unfit(why, "Answer without format");
	for (uint8_t k = 0; k < answer->count && k < SDP_OUTLINE_FORMATS; k++)
		if (!codec_offered(offer, answer->payload[k], answer->codec[k]))
			return unfit(why, "Answer is no subset of the offer");
	if (!direction_fits(offer->direction, answer->direction))
		return unfit(why, "Answer does not fit the offered direction");
	return OK;
}
