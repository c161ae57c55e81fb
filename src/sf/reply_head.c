// SPDX-License-Identifier: Apache-2.0
// The repeated part of responses, from the index of the parsed request: nothing is read twice.
#include "sf/reply_head.h"

#include "base/memory.h"
#include "sf/params.h"
#include "wire/sip/header.h"

enum { VIA_MORE = 64 }; // [octets] ";received=" with an IPv6 address, ";rport=" with a port

static void write_name(struct sip_writer *w, enum sip_hdr id, bool compact)
{
	char c = sip_hdr_desc(id)->compact;
	char text[3] = {c, ':', 0};

	if (compact && c != 0)
		sip_write_string(w, text);
	else
		sip_write_name(w, id);
}

// received when the sent-by is another host or rport was asked for, rport when it was (RFC3581#4).
static void write_origin(struct sip_writer *w, const struct sip_msg *m, const struct address *source)
{
	char host[ADDRESS_TEXT_MAX];
	struct bytes text = bytes_make(host, address_host_text(source, host));

	if (m->via.has_rport || !bytes_equal_nocase(sip_bytes(m, m->via.host), text)) {
		if (text.len > 2 && host[0] == '[')
			text = bytes_make(host + 1, text.len - 2); // RFC3261#25.1: received holds a bare IPv6address
		sip_write_string(w, ";received=");
		sip_write_octets(w, text);
	}
	if (m->via.has_rport && source->port != 0) {
		sip_write_string(w, ";rport=");
		sip_write_number(w, source->port);
	}
}

// The line of the topmost Via, which may hold others behind it.
static void write_top_via(struct sip_writer *w, const struct sip_msg *m, struct span line, const struct address *source)
{
	struct span whole = m->via.whole, params = m->via.params;
	bool usable = whole.from >= line.from && whole.to <= line.to && whole.from < whole.to;

	if (source->family == 0 || !usable) {
		params_write_unfolded(w, sip_bytes(m, line));
		return;
	}
	struct bytes front = sip_bytes(m, span_make(line.from, span_empty(params) ? whole.to : params.from));
	while (front.len > 0 && (front.at[front.len - 1] == ';' || front.at[front.len - 1] == ' '))
		front.len--;
	params_write_unfolded(w, front);
	params_write_except(w, sip_bytes(m, params), BYTES("received"), BYTES("rport"));
	write_origin(w, m, source);
	params_write_unfolded(w, sip_bytes(m, span_make(whole.to, line.to)));
}

static void write_vias(struct sip_writer *w, const struct sip_msg *m, const struct address *source, bool compact)
{
	bool top = true;

	for (const struct sip_line *l = sip_first(m, SIP_HDR_VIA); l != NULL; l = sip_next(m, l), top = false) {
		write_name(w, SIP_HDR_VIA, compact);
		if (top)
			write_top_via(w, m, l->value, source);
		else
			params_write_unfolded(w, sip_bytes(m, l->value));
		sip_write_crlf(w);
	}
}

static void write_first(struct sip_writer *w, const struct sip_msg *m, enum sip_hdr id, struct bytes tag, bool compact)
{
	const struct sip_line *l = sip_first(m, id);

	if (l == NULL)
		return; // the answerable ones have it
	write_name(w, id, compact);
	params_write_unfolded(w, sip_bytes(m, l->value));
	if (tag.len > 0) {
		sip_write_string(w, ";tag=");
		sip_write_octets(w, tag);
	}
	sip_write_crlf(w);
}

// The five lines of every response; returns where To ends, before its CRLF.
static uint32_t write_five(struct sip_writer *w, const struct sip_msg *m, const struct address *source, struct bytes tag,
	bool compact)
{
	write_vias(w, m, source, compact);
	write_first(w, m, SIP_HDR_FROM, BYTES(""), compact);
	write_first(w, m, SIP_HDR_TO, span_empty(m->to_tag) ? tag : BYTES(""), compact);
	uint32_t to_end = w->len > 2 ? w->len - 2 : 0;
	write_first(w, m, SIP_HDR_CALL_ID, BYTES(""), compact);
	write_first(w, m, SIP_HDR_CSEQ, BYTES(""), compact);
	return to_end;
}

void reply_head_of(struct sip_writer *w, const struct sip_msg *m, const struct address *source, struct bytes tag, bool compact)
{
	write_five(w, m, source, tag, compact);
}

static void write_all(struct sip_writer *w, struct reply_head *h, const struct sip_msg *m, const struct address *source)
{
	uint32_t to_end = write_five(w, m, source, BYTES(""), false);
	h->tag_at = span_empty(m->to_tag) ? to_end : 0;
	h->routes_from = w->len;
	for (const struct sip_line *l = sip_first(m, SIP_HDR_RECORD_ROUTE); l != NULL; l = sip_next(m, l))
		sip_write_line(w, m, l);
	h->stamp_from = w->len;
	write_first(w, m, SIP_HDR_TIMESTAMP, BYTES(""), false);
}

// Room for all lines that are repeated; a long name is at most 12 octets longer than the one that came.
static size_t room_for(const struct sip_msg *m)
{
	static const enum sip_hdr kept[] = {SIP_HDR_VIA, SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_CALL_ID, SIP_HDR_CSEQ,
		SIP_HDR_RECORD_ROUTE, SIP_HDR_TIMESTAMP};
	size_t n = VIA_MORE;

	for (uint32_t i = 0; i < ARRAY_LEN(kept); i++)
		for (const struct sip_line *l = sip_first(m, kept[i]); l != NULL; l = sip_next(m, l))
			n += sip_hdr_name(kept[i]).len + 4 + span_len(l->value);
	return n;
}

result reply_head_new(struct reply_head *out, const struct sip_msg *m, const struct address *source)
{
	size_t room = room_for(m);
	struct reply_head h = {.octets = memory_alloc(room)};
	struct sip_writer w;

	*out = (struct reply_head){0};
	REQUIRE(h.octets != NULL, E_NO_MEMORY);
	sip_write_init(&w, h.octets, (uint32_t)room);
	write_all(&w, &h, m, source);
	result r = sip_write_end(&w, &h.len);
	if (is_ok(r))
		*out = h;
	else
		memory_free(h.octets);
	return r;
}

void reply_head_free(struct reply_head *h)
{
	memory_free(h->octets);
	*h = (struct reply_head){0};
}

static void write_part(struct sip_writer *w, const struct reply_head *h, uint32_t from, uint32_t to)
{
	sip_write_octets(w, bytes_make(h->octets + from, to - from));
}

void reply_head_write(struct sip_writer *w, const struct reply_head *h, struct bytes tag, bool record, bool stamp)
{
	uint32_t at = 0;

	if (h->octets == NULL)
		return;
	if (tag.len > 0 && h->tag_at > 0) {
		write_part(w, h, 0, h->tag_at);
		sip_write_string(w, ";tag=");
		sip_write_octets(w, tag);
		at = h->tag_at;
	}
	write_part(w, h, at, record ? h->stamp_from : h->routes_from);
	if (stamp)
		write_part(w, h, h->stamp_from, h->len);
	w->line_from = w->len; // lines were sealed when the text was made
}
