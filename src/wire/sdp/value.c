// SPDX-License-Identifier: Apache-2.0
// Values of SDP lines, parsed on demand (RFC8866#5, #6, RFC 3605), and the checks of the index pass.
#include "wire/sdp/value.h"

#include "wire/sdp/names.h"
#include "wire/sdp/scan.h"

enum { PAYLOAD_MAX = 127, CHANNELS_MAX = 255, PORT_MAX = 65535, ORIGIN_DIGITS = 32 };

bool sdp_proto_check(const struct sdp *s, struct span v)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);
	struct span part;

	while (sdp_scan_token(&c, &part))
		if (!sdp_scan_char(&c, '/'))
			return sdp_scan_end(&c);
	return false;
}

bool sdp_format_next(const struct sdp *s, struct span *at, struct span *format)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, *at);

	if (!sdp_scan_token(&c, format))
		return false;
	if (!sdp_scan_end(&c) && (!sdp_scan_char(&c, ' ') || sdp_scan_end(&c)))
		return false;
	*at = span_make(c.at, c.to);
	return true;
}

// "IN" SP "IP4"|"IP6" SP host [ "/" digits [ "/" digits ] ]
static bool scan_connection(struct sdp_scan *c, struct sdp_connection *out)
{
	struct span net, kind;

	*out = (struct sdp_connection){0};
	if (!sdp_scan_word(c, &net) || !sdp_span_is(c->buf, c->n, net, "IN", 2) || !sdp_scan_char(c, ' '))
		return false;
	if (!sdp_scan_word(c, &kind) || !sdp_scan_char(c, ' '))
		return false;
	if (sdp_span_is(c->buf, c->n, kind, "IP4", 3))
		out->family = 4;
	else if (sdp_span_is(c->buf, c->n, kind, "IP6", 3))
		out->family = 6;
	else
		return false;
	uint32_t from = c->at, i = from;
	while (i < c->to) {
		uint8_t ch = octet_at(c->buf, c->n, i);
		if (!sdp_is_alpha(ch) && !sdp_is_digit(ch) && ch != '.' && ch != ':' && ch != '-')
			break;
		i++;
	}
	c->at = i;
	out->host = span_make(from, i);
	if (span_empty(out->host))
		return false;
	for (int part = 0; part < 2 && sdp_scan_char(c, '/'); part++) {
		uint32_t ignored;
		out->multicast_form = true;
		if (!sdp_scan_number(c, PORT_MAX, &ignored))
			return false;
	}
	return sdp_scan_end(c);
}

result sdp_connection_parse(const struct sdp *s, struct span v, struct sdp_connection *out)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);

	REQUIRE(scan_connection(&c, out), E_SYNTAX);
	return OK;
}

result sdp_origin_parse(const struct sdp *s, struct span v, struct sdp_origin *out)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);

	*out = (struct sdp_origin){0};
	REQUIRE(sdp_scan_word(&c, &out->username) && sdp_scan_char(&c, ' '), E_SYNTAX);
	REQUIRE(sdp_scan_digits(&c, ORIGIN_DIGITS, &out->id) && sdp_scan_char(&c, ' '), E_SYNTAX);
	REQUIRE(sdp_scan_digits(&c, ORIGIN_DIGITS, &out->version) && sdp_scan_char(&c, ' '), E_SYNTAX);
	REQUIRE(scan_connection(&c, &out->address) && !out->address.multicast_form, E_SYNTAX);
	return OK;
}

result sdp_bandwidth_parse(const struct sdp *s, struct span v, struct sdp_bandwidth *out)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);

	*out = (struct sdp_bandwidth){0};
	REQUIRE(sdp_scan_token(&c, &out->type) && sdp_scan_char(&c, ':'), E_SYNTAX);
	REQUIRE(sdp_scan_number(&c, UINT32_MAX, &out->value) && sdp_scan_end(&c), E_SYNTAX);
	return OK;
}

// <pt> SP <name>/<clock>[/<channels>] (RFC8866#6.6)
result sdp_rtpmap_parse(const struct sdp *s, struct span v, struct sdp_rtpmap *out)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);
	uint32_t payload = 0, channels = 1;

	*out = (struct sdp_rtpmap){.channels = 1};
	REQUIRE(sdp_scan_number(&c, PAYLOAD_MAX, &payload) && sdp_scan_char(&c, ' '), E_SYNTAX);
	REQUIRE(sdp_scan_token(&c, &out->name) && sdp_scan_char(&c, '/'), E_SYNTAX);
	REQUIRE(sdp_scan_number(&c, UINT32_MAX, &out->clock), E_SYNTAX);
	if (sdp_scan_char(&c, '/'))
		REQUIRE(sdp_scan_number(&c, CHANNELS_MAX, &channels), E_SYNTAX);
	REQUIRE(sdp_scan_end(&c), E_SYNTAX);
	out->payload = (uint8_t)payload;
	out->channels = (uint8_t)channels;
	return OK;
}

// <port> [SP "IN" SP addrtype SP address] (RFC3605#2.1)
result sdp_rtcp_parse(const struct sdp *s, struct span v, struct sdp_rtcp *out)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);
	uint32_t port = 0;

	*out = (struct sdp_rtcp){0};
	REQUIRE(sdp_scan_number(&c, PORT_MAX, &port), E_SYNTAX);
	out->port = (uint16_t)port;
	if (sdp_scan_end(&c))
		return OK;
	out->has_address = true;
	REQUIRE(sdp_scan_char(&c, ' ') && scan_connection(&c, &out->address), E_SYNTAX);
	return OK;
}

result sdp_number_parse(const struct sdp *s, struct span v, uint32_t max, uint32_t *out)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);

	REQUIRE(sdp_scan_number(&c, max, out) && sdp_scan_end(&c), E_SYNTAX);
	return OK;
}

struct span sdp_first_word(const struct sdp *s, struct span v)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);
	struct span word = span_make(v.from, v.from);

	(void)sdp_scan_word(&c, &word);
	return word;
}

uint16_t sdp_attr_find(const struct sdp *s, uint16_t from, uint16_t end, enum sdp_attr attr)
{
	for (uint16_t i = from; i < end && i < s->line_count && i < SDP_LINES_MAX; i++)
		if (s->line[i].type == 'a' && s->line[i].attr == (uint8_t)attr)
			return i;
	return end;
}

// The direction that lines FROM to END name, or -1.
static int direction_between(const struct sdp *s, uint16_t from, uint16_t end)
{
	for (uint16_t i = from; i < end && i < s->line_count && i < SDP_LINES_MAX; i++) {
		uint8_t a = s->line[i].attr;
		if (s->line[i].type == 'a' && a >= SDP_ATTR_SENDRECV && a <= SDP_ATTR_INACTIVE)
			return a - SDP_ATTR_SENDRECV;
	}
	return -1;
}

enum sdp_direction sdp_direction_of(const struct sdp *s, uint8_t i)
{
	int d = -1;

	if (i < s->media_count && i < SDP_MEDIA_MAX)
		d = direction_between(s, s->media[i].line, s->media[i].end);
	if (d < 0)
		d = direction_between(s, 0, s->session_end);
	return d < 0 ? SDP_SENDRECV : (enum sdp_direction)d;
}

// ---- checks of the index pass ------------------------------------------------------------------------------

static bool token_word_ok(const struct sdp *s, struct span v)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);
	struct span word;

	return sdp_scan_token(&c, &word) && (sdp_scan_end(&c) || sdp_scan_char(&c, ' '));
}

static const char *attr_check(const struct sdp *s, const struct sdp_line *l)
{
	struct sdp_rtpmap map;
	struct sdp_rtcp rtcp;
	struct span word = l->name;
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, l->name);

	// the names we know are tokens
	if (l->attr == SDP_ATTR_OTHER && (!sdp_scan_token(&c, &word) || !sdp_scan_end(&c)))
		return "Bad attribute name";
	switch (l->attr) {
	case SDP_ATTR_RTPMAP:
		return is_ok(sdp_rtpmap_parse(s, l->arg, &map)) ? NULL : "Bad rtpmap";
	case SDP_ATTR_RTCP:
		return is_ok(sdp_rtcp_parse(s, l->arg, &rtcp)) ? NULL : "Bad rtcp attribute";
	case SDP_ATTR_FMTP:
		return token_word_ok(s, l->arg) ? NULL : "Bad fmtp";
	case SDP_ATTR_PTIME:
	case SDP_ATTR_MAXPTIME: // decimal fractions are allowed (RFC8866#6.4): the first digits suffice here
		return sdp_is_digit(octet_at(s->buf, s->size, l->arg.from)) && !span_empty(l->arg) ? NULL : "Bad ptime";
	case SDP_ATTR_SENDRECV:
	case SDP_ATTR_SENDONLY:
	case SDP_ATTR_RECVONLY:
	case SDP_ATTR_INACTIVE:
	case SDP_ATTR_RTCP_MUX:
		return l->name.to == l->value.to ? NULL : "Attribute takes no value";
	default:
		return NULL;
	}
}

// "<start> <stop>" (RFC8866#5.9)
static bool time_ok(const struct sdp *s, struct span v)
{
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, v);
	struct span d;

	return sdp_scan_digits(&c, SDP_NUMBER_DIGITS, &d) && sdp_scan_char(&c, ' ') &&
	       sdp_scan_digits(&c, SDP_NUMBER_DIGITS, &d) && sdp_scan_end(&c);
}

const char *sdp_line_check(const struct sdp *s, const struct sdp_line *l)
{
	struct sdp_origin origin;
	struct sdp_connection connection;
	struct sdp_bandwidth bandwidth;

	if (span_empty(l->value))
		return "Empty SDP line";
	switch (l->type) {
	case 'v':
		return sdp_span_is(s->buf, s->size, l->value, "0", 1) ? NULL : "Unknown SDP version";
	case 'o':
		return is_ok(sdp_origin_parse(s, l->value, &origin)) ? NULL : "Bad SDP origin";
	case 'c':
		return is_ok(sdp_connection_parse(s, l->value, &connection)) ? NULL : "Bad SDP connection";
	case 'b':
		return is_ok(sdp_bandwidth_parse(s, l->value, &bandwidth)) ? NULL : "Bad SDP bandwidth";
	case 't':
		return time_ok(s, l->value) ? NULL : "Bad SDP time";
	case 'a':
		return attr_check(s, l);
	default:
		return NULL;
	}
}
