// SPDX-License-Identifier: Apache-2.0
// Rewriting a description for the other side: line by line, in place; what is not named here is copied as it is (R17).
//
//   o= s=            ours (SF-C3)                      i= u= e= p= (session), k=   removed
//   c= m= a=rtcp     our addresses and ports           ICE and other address lines removed
//   a=crypto ...     copied (pass), or removed and ours put in (add, convert)
//   rtpmap, fmtp, rtcp-fb of formats that are not allowed  removed
//   any other        copied; refused if it tells of the core
#include "mf/plan/session.h"

struct rewrite {
	struct plan_session *p;
	struct plan_context *c;
	const struct plan_table *t;
	const struct sdp *s;
	struct sdp_writer *w;
	int from, to;
	bool answer;
	bool filters;     // a codec allow-list applies
	bool all_keyed;   // no line's own keying passes
	const char *why;  // first refusal
};

enum treatment { TREAT_COPY, TREAT_DROP, TREAT_DIRECTION, TREAT_RTCP, TREAT_KEYING, TREAT_FORMAT, TREAT_CNAME };

static enum treatment treatment_of(uint8_t attr)
{
	switch (attr) {
	case SDP_ATTR_CANDIDATE:
	case SDP_ATTR_REMOTE_CANDIDATES:
	case SDP_ATTR_END_OF_CANDIDATES:
	case SDP_ATTR_ICE_UFRAG:
	case SDP_ATTR_ICE_PWD:
	case SDP_ATTR_ICE_OPTIONS:
	case SDP_ATTR_ICE_LITE:
	case SDP_ATTR_ICE_MISMATCH:
	case SDP_ATTR_ICE_PACING:
	case SDP_ATTR_ALT:
	case SDP_ATTR_ALTC:
	case SDP_ATTR_PATH:
	case SDP_ATTR_SOURCE_FILTER:
	case SDP_ATTR_CCAP:
	case SDP_ATTR_VISITED_REALM:
	case SDP_ATTR_SECONDARY_REALM:
	case SDP_ATTR_TOOL:
		return TREAT_DROP;
	case SDP_ATTR_SSRC:
		return TREAT_CNAME;
	case SDP_ATTR_SENDRECV:
	case SDP_ATTR_SENDONLY:
	case SDP_ATTR_RECVONLY:
	case SDP_ATTR_INACTIVE:
		return TREAT_DIRECTION;
	case SDP_ATTR_RTCP:
		return TREAT_RTCP;
	case SDP_ATTR_CRYPTO:
	case SDP_ATTR_FINGERPRINT:
	case SDP_ATTR_SETUP:
	case SDP_ATTR_TLS_ID:
	case SDP_ATTR_ZRTP_HASH:
	case SDP_ATTR_KEY_MGMT:
		return TREAT_KEYING;
	case SDP_ATTR_RTPMAP:
	case SDP_ATTR_FMTP:
	case SDP_ATTR_RTCP_FB:
		return TREAT_FORMAT;
	default:
		return TREAT_COPY;
	}
}

struct bytes plan_written_proto(const struct plan_line *l, int to, const struct sdp *s, uint8_t i)
{
	bool secure = l->keyed == to;

	if (mode_keys(l->mode) && l->mode != MODE_ADD_MAYBE)
		switch (s->media[i].proto_id) {
		case SDP_PROTO_RTP_AVP:
		case SDP_PROTO_RTP_SAVP:
			return secure ? BYTES("RTP/SAVP") : BYTES("RTP/AVP");
		case SDP_PROTO_RTP_AVPF:
		case SDP_PROTO_RTP_SAVPF:
			return secure ? BYTES("RTP/SAVPF") : BYTES("RTP/AVPF");
		default:
			break;
		}
	return sdp_bytes(s, s->media[i].proto);
}

// A line that we do not edit: whole, unless it tells of the core.
static void copy(struct rewrite *r, const struct sdp_line *l)
{
	if (r->t->anchored && plan_holds_hidden(r->c, r->from, sdp_bytes(r->s, l->value)) &&
	    plan_enforced(r->c, r->from, CONTROL_CORE_IN_BODY) && r->why == NULL)
		r->why = "SDP holds a core address";
	sdp_write_line(r->w, r->s, l);
}

static void write_origin(struct rewrite *r)
{
	struct address a = plan_written_address(r->c, r->to, 0);

	sdp_write_string(r->w, "o=- ");
	sdp_write_number(r->w, r->p->id[r->to]);
	sdp_write_string(r->w, " ");
	sdp_write_number(r->w, r->p->version[r->to]);
	sdp_write_string(r->w, " ");
	sdp_write_connection(r->w, &a);
	sdp_write_crlf(r->w);
}

static void write_address(struct rewrite *r, const struct sdp_line *l)
{
	struct address a = plan_written_address(r->c, r->to, 0);

	if (!r->t->anchored) {
		sdp_write_line(r->w, r->s, l);
		return;
	}
	sdp_write_string(r->w, "c=");
	sdp_write_connection(r->w, &a);
	sdp_write_crlf(r->w);
}

static void write_formats(struct rewrite *r, uint8_t i, bool active)
{
	struct span at = r->s->media[i].formats, f;
	bool real;

	while (!span_empty(at) && sdp_format_next(r->s, &at, &f)) {
		if (active && !plan_codec_allowed(r->c, r->s, i, f, &real))
			continue;
		sdp_write_string(r->w, " ");
		sdp_write_octets(r->w, sdp_bytes(r->s, f));
	}
}

static void write_media(struct rewrite *r, uint8_t i)
{
	const struct sdp_media *m = &r->s->media[i];
	const struct plan_line *l = &r->t->line[i];
	uint16_t port = r->t->anchored ? r->p->port[i][r->to] : m->port;

	sdp_write_string(r->w, "m=");
	sdp_write_octets(r->w, sdp_bytes(r->s, m->type));
	sdp_write_string(r->w, " ");
	sdp_write_number(r->w, l->active ? port : 0);
	if (!r->t->anchored && l->active && m->port_count > 1) {
		sdp_write_string(r->w, "/");
		sdp_write_number(r->w, m->port_count);
	}
	sdp_write_string(r->w, " ");
	sdp_write_octets(r->w, plan_written_proto(l, r->to, r->s, i));
	write_formats(r, i, l->active);
	sdp_write_crlf(r->w);
}

// a=rtcp with our port: the RTP port where the description muxed both, else the one above.
static void write_rtcp(struct rewrite *r, const struct sdp_line *l, uint8_t i)
{
	uint16_t port = r->p->port[i][r->to];
	struct sdp_rtcp rtcp;

	if (!is_ok(sdp_rtcp_parse(r->s, l->arg, &rtcp)))
		return;
	if (rtcp.port != r->s->media[i].port)
		port++;
	struct address a = plan_written_address(r->c, r->to, port);
	sdp_write_string(r->w, "a=rtcp:");
	sdp_write_number(r->w, port);
	if (rtcp.has_address) {
		sdp_write_string(r->w, " ");
		sdp_write_connection(r->w, &a);
	}
	sdp_write_crlf(r->w);
}

static bool format_dropped(const struct rewrite *r, const struct sdp_line *l, uint8_t i)
{
	struct span word = sdp_first_word(r->s, l->arg);
	bool real;

	if (!r->filters || bytes_equal(sdp_bytes(r->s, word), BYTES("*")))
		return false;
	return !plan_codec_allowed(r->c, r->s, i, word, &real);
}

// Held in the manner of RFC 2543: the other side is told by the direction.
static bool held(const struct rewrite *r, uint8_t i)
{
	return r->t->line[i].active && r->t->line[i].side[r->from].direction != (uint8_t)sdp_direction_of(r->s, i);
}

static void write_media_attr(struct rewrite *r, const struct sdp_line *l, uint8_t i)
{
	switch (treatment_of(l->attr)) {
	case TREAT_DROP:
		return;
	case TREAT_DIRECTION:
		if (held(r, i))
			return; // written at the end of the section
		break;
	case TREAT_RTCP:
		if (r->t->line[i].active)
			write_rtcp(r, l, i);
		return;
	case TREAT_KEYING:
		if (mode_keys(r->t->offered[i].mode) && r->t->line[i].active)
			return;
		sdp_write_line(r->w, r->s, l); // never looked into: no name of the core stands in keys
		return;
	case TREAT_FORMAT:
		if (format_dropped(r, l, i))
			return;
		break;
	case TREAT_CNAME: // RFC5576#6.1: user agents make the cname of user and host
		if (plan_holds_hidden(r->c, r->from, sdp_bytes(r->s, l->value)))
			return;
		break;
	case TREAT_COPY:
		break;
	}
	copy(r, l);
}

static void write_attr(struct rewrite *r, const struct sdp_line *l)
{
	enum treatment how = treatment_of(l->attr);

	if (!r->t->anchored) {
		if (l->attr != SDP_ATTR_TOOL)
			sdp_write_line(r->w, r->s, l);
	} else if (l->media > 0) {
		write_media_attr(r, l, (uint8_t)(l->media - 1));
	} else if (how == TREAT_KEYING) {
		if (!r->all_keyed)
			sdp_write_line(r->w, r->s, l);
	} else if (how != TREAT_DROP && how != TREAT_RTCP) {
		copy(r, l);
	}
}

// What we add to a media section: the direction of a hold, our keys.
static void section_end(struct rewrite *r, uint8_t i)
{
	static const char *const direction[] = {"a=sendrecv\r\n", "a=sendonly\r\n", "a=recvonly\r\n", "a=inactive\r\n"};
	const struct plan_line *l = &r->t->line[i];
	const struct plan_offered *o = &r->t->offered[i];

	if (!l->active || !r->t->anchored)
		return;
	if (held(r, i))
		sdp_write_string(r->w, direction[l->side[r->from].direction & 3]);
	if (!mode_keys(l->mode) || l->keyed != r->to)
		return;
	if (r->answer) {
		sdp_write_crypto(r->w, l->tag, l->key[1].suite, l->key[1].master, l->key[1].len);
		return;
	}
	for (uint8_t k = 0; k < o->crypto_count && k < PLAN_CRYPTOS_MAX; k++)
		sdp_write_crypto(r->w, o->crypto[k].tag, o->crypto[k].key.suite, o->crypto[k].key.master, o->crypto[k].key.len);
}

static void write_line(struct rewrite *r, const struct sdp_line *l)
{
	switch (l->type) {
	case 'o':
		write_origin(r);
		break;
	case 's':
		sdp_write_string(r->w, "s=-\r\n");
		break;
	case 'c':
		write_address(r, l);
		break;
	case 'm':
		write_media(r, (uint8_t)(l->media - 1));
		break;
	case 'a':
		write_attr(r, l);
		break;
	case 'k':
	case 'u':
	case 'e':
	case 'p':
		break;
	case 'i':
		if (l->media > 0)
			copy(r, l);
		break;
	default:
		copy(r, l);
	}
}

static void write_all(struct rewrite *r)
{
	const struct sdp *s = r->s;

	for (uint16_t k = 0; k < s->session_end; k++)
		write_line(r, &s->line[k]);
	for (uint8_t i = 0; i < s->media_count; i++) {
		const struct sdp_media *m = &s->media[i];
		bool ours = !r->answer && m->port != 0 && !r->t->line[i].active; // we reject it: nothing but its m= line
		for (uint16_t k = m->line; k < (ours ? m->line + 1 : m->end); k++)
			write_line(r, &s->line[k]);
		section_end(r, i);
	}
}

static bool all_keyed(const struct plan_table *t)
{
	bool any = false;

	for (uint8_t i = 0; i < t->count; i++) {
		if (t->line[i].active && !mode_keys(t->offered[i].mode))
			return false;
		any |= t->line[i].active != 0;
	}
	return any;
}

struct verdict plan_rewrite(struct plan_session *p, struct plan_context *c, const struct plan_table *t, int from, bool answer,
	const struct sdp *s, struct sdp_writer *out)
{
	int to = 1 - from;
	struct sdp_writer start = *out;
	uint32_t length;
	struct rewrite r = {.p = p, .c = c, .t = t, .s = s, .w = out, .from = from, .to = to, .answer = answer,
		.filters = c->leg[0].peer->codec_count > 0 || c->leg[1].peer->codec_count > 0, .all_keyed = all_keyed(t)};

	write_all(&r);
	if (r.why != NULL)
		return REPLY(488, r.why);
	if (p->written[to] != 0 && p->written[to] != plan_hash(bytes_make(out->at + start.len, out->len - start.len))) {
		p->version[to]++; // RFC3264#8: one more when the description changes
		*out = start;
		write_all(&r);
	}
	if (!is_ok(sdp_write_end(out, &length)))
		return REPLY(500, "SDP too long to write");
	p->written[to] = plan_hash(bytes_make(out->at + start.len, out->len - start.len));
	return PASS;
}
