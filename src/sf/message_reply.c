// SPDX-License-Identifier: Apache-2.0
// Building responses from the octets of a request that was checked when it came in (RFC3261#8.2.6).
#include "sf/message.h"
#include "sf/params.h"

struct head { // a walk over the header lines of kept octets
	struct bytes rest;
	enum sip_hdr id;
	struct bytes value; // folded as it came
};

static size_t line_length(struct bytes b)
{
	for (size_t i = 0; i + 1 < b.len; i++)
		if (b.at[i] == '\r' && b.at[i + 1] == '\n')
			return i;
	return b.len;
}

static struct bytes skip(struct bytes b, size_t n)
{
	return n >= b.len ? bytes_make(b.at + b.len, 0) : bytes_make(b.at + n, b.len - n);
}

static void head_begin(struct head *h, struct bytes request)
{
	h->rest = skip(request, line_length(request) + 2);
}

static bool head_next(struct head *h)
{
	size_t n = line_length(h->rest), colon = 0;

	while (h->rest.len > n + 2 && (h->rest.at[n + 2] == ' ' || h->rest.at[n + 2] == '\t'))
		n += 2 + line_length(skip(h->rest, n + 2)); // folded: RFC3261#7.3.1
	struct bytes line = bytes_make(h->rest.at, n > h->rest.len ? h->rest.len : n);
	if (line.len == 0)
		return false;
	h->rest = skip(h->rest, n + 2);
	while (colon < line.len && line.at[colon] != ':')
		colon++;
	size_t end = colon;
	while (end > 0 && (line.at[end - 1] == ' ' || line.at[end - 1] == '\t'))
		end--;
	h->id = sip_hdr_of(bytes_make(line.at, end));
	h->value = skip(line, colon + 1);
	while (h->value.len > 0 && (h->value.at[0] == ' ' || h->value.at[0] == '\t'))
		h->value = skip(h->value, 1);
	return true;
}

static void write_name(struct sip_writer *w, enum sip_hdr id, bool compact)
{
	char c = sip_hdr_desc(id)->compact;
	char text[3] = {c, ':', 0};

	if (compact && c != 0)
		sip_write_string(w, text);
	else
		sip_write_name(w, id);
}

// The topmost Via says where it came from (RFC3261#18.2.1, RFC3581#4). SOURCE with port 0: as it is.
static void write_top_via(struct sip_writer *w, struct bytes value, const struct address *source)
{
	uint32_t n = (uint32_t)value.len, end = 0;
	struct sip_via via;
	char host[ADDRESS_TEXT_MAX];
	bool quoted = false;

	while (end < n && (quoted || value.at[end] != ',')) { // several values may share the line
		if (value.at[end] == '"')
			quoted = !quoted;
		end++;
	}
	if (source == NULL || source->family == 0 ||
		!is_ok(sip_via_parse(value.at, n, span_make(0, end), &via))) {
		params_write_unfolded(w, value);
		return;
	}
	struct bytes params = span_bytes(value.at, n, via.params);
	struct bytes front = bytes_make(value.at, params.len > 0 ? (size_t)(params.at - value.at) : end);
	while (front.len > 0 && (front.at[front.len - 1] == ';' || front.at[front.len - 1] == ' '))
		front.len--;
	params_write_unfolded(w, front);
	params_write_except(w, params, BYTES("received"), BYTES("rport"));
	uint32_t len = address_host_text(source, host);
	struct bytes text = bytes_make(host, len);
	if (via.has_rport || !bytes_equal_nocase(span_bytes(value.at, n, via.host), text)) {
		if (len > 2 && host[0] == '[')
			text = bytes_make(
				host + 1, len - 2); // RFC3261#25.1: received holds a bare IPv6address
		sip_write_string(w, ";received=");
		sip_write_octets(w, text);
	}
	if (via.has_rport && source->port != 0) {
		sip_write_string(w, ";rport=");
		sip_write_number(w, source->port);
	}
	if (end < n)
		params_write_unfolded(w, skip(value, end));
}

static bool has_tag(struct bytes value)
{
	struct sip_addr a;
	uint32_t n = (uint32_t)value.len;

	return is_ok(sip_addr_parse(value.at, n, span_make(0, n), &a)) && !span_empty(a.tag);
}

void message_reply(struct sip_writer *w, struct bytes request, const struct address *source, uint16_t status,
	struct bytes phrase, struct bytes tag, bool record, bool compact)
{
	struct head h;
	bool top = true;

	sip_write_status_line(w, status, phrase.len > 0 ? phrase : sip_status_phrase(status));
	head_begin(&h, request);
	while (head_next(&h)) {
		bool wanted = h.id == SIP_HDR_VIA || h.id == SIP_HDR_FROM || h.id == SIP_HDR_TO ||
			      h.id == SIP_HDR_CALL_ID || h.id == SIP_HDR_CSEQ ||
			      (h.id == SIP_HDR_RECORD_ROUTE && record) ||
			      (h.id == SIP_HDR_TIMESTAMP && status == 100);
		if (!wanted)
			continue;
		write_name(w, h.id, compact);
		if (h.id == SIP_HDR_VIA && top)
			write_top_via(w, h.value, source);
		else
			params_write_unfolded(w, h.value);
		if (h.id == SIP_HDR_VIA)
			top = false;
		if (h.id == SIP_HDR_TO && tag.len > 0 && !has_tag(h.value)) {
			sip_write_string(w, ";tag=");
			sip_write_octets(w, tag);
		}
		sip_write_crlf(w);
	}
}

void message_reply_tx(struct sip_writer *w, struct sf_tx *tx, uint16_t status, struct bytes tag, bool record)
{
	const struct hop *back = sf_tx_hop(tx);
	struct address source = back->remote;

	if (transport_is_stream(back->transport))
		source.port = 0; // on a stream it is the sent-by port, not the source
	message_reply(w, sf_tx_request(tx), &source, status, BYTES(""), tag, record, false);
}

void message_respond(struct sf *sf, struct sf_tx *tx, uint16_t status, struct bytes tag, uint32_t retry_s,
	const struct now *now)
{
	struct sip_writer w;
	struct bytes out;

	message_begin(sf, &w);
	message_reply_tx(&w, tx, status, tag, false);
	if (retry_s > 0)
		message_number(&w, SIP_HDR_RETRY_AFTER, retry_s);
	if (status == 405)
		message_allow(&w);
	message_body(&w, NULL);
	if (message_end(&w, &out))
		sf_tx_respond(tx, out, status, now);
}
