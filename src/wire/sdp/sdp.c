// SPDX-License-Identifier: Apache-2.0
// One pass over a session description: lines, their order, the media lines (RFC8866#5, #9).
//
// A line ends with CRLF or a bare LF (RFC8866#5); a CR elsewhere or a NUL anywhere is an error, so that nobody behind
// us can see other lines than we did (SF-I11). The last line may lack its end.
#include "wire/sdp/sdp.h"

#include "wire/sdp/names.h"
#include "wire/sdp/scan.h"
#include "wire/sdp/value.h"

enum { RANK_NONE = 255 };

struct parse {
	struct sdp *s;
	struct sdp_fault *fault;
	uint32_t at;     // start of the next line
	uint8_t rank;    // of the line before, within its level
	uint8_t last;    // type of the line before
	bool has_time;
	bool zoned;
};

static result fault_at(struct parse *p, enum error e, const char *phrase, struct span where)
{
	p->fault->phrase = phrase;
	p->fault->where = where;
	return FAIL(e);
}

// Place of each line type at session level (RFC8866#5).
static uint8_t session_rank(uint8_t type)
{
	static const char order[] = "vosiuepcbtrzka";

	for (uint8_t i = 0; i < sizeof(order) - 1; i++)
		if ((uint8_t)order[i] == type)
			return type == 'r' ? (uint8_t)(i - 1) : i; // repeats stand among the t= lines
	return RANK_NONE;
}

static uint8_t media_rank(uint8_t type)
{
	static const char order[] = "micbka";

	for (uint8_t i = 0; i < sizeof(order) - 1; i++)
		if ((uint8_t)order[i] == type)
			return i;
	return RANK_NONE;
}

static bool may_repeat(uint8_t type, bool in_media)
{
	if (in_media)
		return type == 'a' || type == 'b' || type == 'c';
	return type == 'a' || type == 'b' || type == 'e' || type == 'p' || type == 't' || type == 'r';
}

// Order and multiplicity of the line TYPE.
static result order_check(struct parse *p, uint8_t type, struct span where)
{
	bool in_media = p->s->media_count > 0;
	uint8_t rank = in_media ? media_rank(type) : session_rank(type);

	if (rank == RANK_NONE)
		return fault_at(p, E_SYNTAX, "Unknown SDP line type", where);
	if (type == 'r' && p->last != 't' && p->last != 'r')
		return fault_at(p, E_SYNTAX, "SDP r= without t=", where);
	if (rank < p->rank)
		return fault_at(p, E_SYNTAX, "SDP lines out of order", where);
	if (rank == p->rank && p->last == type && !may_repeat(type, in_media))
		return fault_at(p, E_DUPLICATE, "SDP line twice", where);
	if (!in_media && rank > p->rank + 1 && p->rank < 2)
		return fault_at(p, E_MISSING, "SDP begins with v=, o=, s=", where);
	p->rank = rank;
	p->last = type;
	return OK;
}

// Past text: the first octet from I on that may end a line or may not stand in one; LIMIT when there is none.
static inline uint32_t text_past(const uint8_t *buf, uint32_t limit, uint32_t i)
{
	size_t at = i;
	while (at < limit && buf[at] > '\r')
		at++;
	return (uint32_t)at;
}

// Cut the next line off: where it ends, and that it holds nothing forbidden.
static result line_cut(struct parse *p, struct sdp_line *l)
{
	const uint8_t *buf = p->s->buf;
	uint32_t n = p->s->size, i = p->at, end;
	uint32_t limit = i + SDP_LINE_MAX < n ? i + SDP_LINE_MAX : n;

	for (;; i++) {
		i = text_past(buf, limit, i);
		uint8_t c = octet_at(buf, n, i);
		if (i >= n || c == '\n')
			break;
		if (c == 0 || (c == '\r' && octet_at(buf, n, i + 1) != '\n'))
			return fault_at(p, E_SYNTAX, "Control character in SDP", span_make(i, i + 1));
		if (i >= limit)
			return fault_at(p, E_TOO_LONG, "SDP line too long", span_make(p->at, i));
	}
	end = i > p->at && octet_at(buf, n, i - 1) == '\r' ? i - 1 : i;
	l->whole = span_make(p->at, i < n ? i + 1 : i);
	if (end < p->at + 2 || octet_at(buf, n, p->at + 1) != '=')
		return fault_at(p, E_SYNTAX, "Not an SDP line", l->whole);
	l->type = octet_at(buf, n, p->at);
	l->value = span_make(p->at + 2, end);
	p->at = l->whole.to;
	return OK;
}

// m=<media> <port>[/<count>] <proto> <fmt> ... (RFC8866#5.14)
static result media_parse(struct parse *p, const struct sdp_line *l, struct sdp_media *m)
{
	struct sdp *s = p->s;
	struct sdp_scan c = sdp_scan_make(s->buf, s->size, l->value);
	uint32_t port = 0, count = 1;
	struct span f, at;

	if (!sdp_scan_token(&c, &m->type) || !sdp_scan_char(&c, ' ') || !sdp_scan_number(&c, 65535, &port))
		return fault_at(p, E_SYNTAX, "Bad media line", l->value);
	if (sdp_scan_char(&c, '/') && (!sdp_scan_number(&c, 65535, &count) || count == 0))
		return fault_at(p, E_SYNTAX, "Bad media port count", l->value);
	if (!sdp_scan_char(&c, ' ') || !sdp_scan_word(&c, &m->proto) || !sdp_scan_char(&c, ' ') ||
	    !sdp_proto_check(s, m->proto))
		return fault_at(p, E_SYNTAX, "Bad media protocol", l->value);
	m->formats = span_make(c.at, c.to);
	m->port = (uint16_t)port;
	m->port_count = (uint16_t)count;
	m->proto_id = (uint8_t)sdp_proto_of_span(s->buf, s->size, m->proto);
	at = m->formats;
	while (m->format_count < SDP_FORMATS_MAX && sdp_format_next(s, &at, &f))
		m->format_count++;
	if (m->format_count == 0)
		return fault_at(p, E_SYNTAX, "Media line without format", l->value);
	if (m->format_count == SDP_FORMATS_MAX && !span_empty(at))
		return fault_at(p, E_TOO_MANY, "Too many media formats", l->value);
	if (!span_empty(at))
		return fault_at(p, E_SYNTAX, "Bad media format", l->value);
	return OK;
}

// The media line that is being read, or NULL at session level.
static struct sdp_media *media_last(struct sdp *s)
{
	uint8_t n = s->media_count;

	return n > 0 && n <= SDP_MEDIA_MAX ? &s->media[n - 1] : NULL;
}

static result media_begin(struct parse *p, const struct sdp_line *l)
{
	struct sdp *s = p->s;

	if (s->media_count >= SDP_MEDIA_MAX)
		return fault_at(p, E_TOO_MANY, "Too many media lines", l->value);
	struct sdp_media *before = media_last(s);
	if (before == NULL)
		s->session_end = s->line_count;
	else
		before->end = s->line_count;
	p->rank = 0;
	p->last = 0;
	struct sdp_media *m = &s->media[s->media_count];
	*m = (struct sdp_media){.line = s->line_count, .port_count = 1};
	s->media_count++;
	return media_parse(p, l, m);
}

static void attr_split(const struct sdp *s, struct sdp_line *l)
{
	uint32_t i = l->value.from, to = l->value.to, n = s->size;
	const uint8_t *buf = s->buf;

	while (i < to && octet_at(buf, n, i) != ':')
		i++;
	l->name = span_make(l->value.from, i);
	l->arg = i < l->value.to ? span_make(i + 1, l->value.to) : span_make(i, i);
	l->attr = (uint8_t)sdp_attr_of(s->buf, s->size, l->name);
}

static void connection_note(struct sdp *s)
{
	uint16_t index = (uint16_t)(s->line_count + 1);
	struct sdp_media *m = media_last(s);

	if (m == NULL)
		s->connection = index;
	else if (m->connection == 0)
		m->connection = index;
}

static result line_parse(struct parse *p)
{
	struct sdp *s = p->s;
	struct sdp_line *l;

	if (s->line_count >= SDP_LINES_MAX)
		return fault_at(p, E_TOO_MANY, "Too many SDP lines", span_make(p->at, p->at));
	l = &s->line[s->line_count];
	*l = (struct sdp_line){0};
	TRY(line_cut(p, l));
	if (l->type == 'm') {
		if (!p->has_time)
			return fault_at(p, E_MISSING, "SDP without t=", l->whole);
		TRY(media_begin(p, l));
	}
	TRY(order_check(p, l->type, l->whole));
	l->media = s->media_count;
	if (l->type == 'a')
		attr_split(s, l);
	if (l->type == 'c')
		connection_note(s);
	if (l->type == 't')
		p->has_time = true;
	const char *bad = sdp_line_check(s, l);
	if (bad != NULL)
		return fault_at(p, E_SYNTAX, bad, l->whole);
	s->line_count++;
	return OK;
}

// Every media line in use has an address (RFC8866#5.7).
static result connections_check(struct parse *p)
{
	const struct sdp *s = p->s;

	for (uint8_t i = 0; i < s->media_count && i < SDP_MEDIA_MAX; i++)
		if (s->connection == 0 && s->media[i].connection == 0 && s->media[i].port != 0)
			return fault_at(p, E_MISSING, "SDP without c=", s->media[i].type);
	return OK;
}

result sdp_parse(struct sdp *s, const uint8_t *buf, uint32_t n, struct sdp_fault *fault)
{
	struct parse p = {.s = s, .fault = fault};

	s->buf = buf;
	s->size = n;
	s->line_count = 0;
	s->session_end = 0;
	s->connection = 0;
	s->media_count = 0;
	*fault = (struct sdp_fault){"", {0, 0}};
	if (n > SDP_SIZE_MAX)
		return fault_at(&p, E_TOO_LONG, "SDP too long", span_make(0, n));
	if (octet_at(buf, n, 0) != 'v')
		return fault_at(&p, E_MISSING, "SDP begins with v=, o=, s=", span_make(0, 0));
	while (p.at < n)
		TRY(line_parse(&p));
	if (!p.has_time)
		return fault_at(&p, E_MISSING, "SDP without t=", span_make(n, n));
	struct sdp_media *last = media_last(s);
	if (last == NULL)
		s->session_end = s->line_count;
	else
		last->end = s->line_count;
	return connections_check(&p);
}
