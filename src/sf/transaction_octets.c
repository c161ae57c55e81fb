// SPDX-License-Identifier: Apache-2.0
// ACK for a non-2xx (RFC3261#17.1.1.3) and CANCEL (RFC3261#9.1), made from the octets of the INVITE that was
// sent.
//
// The INVITE is our own writing: long names, one Via. Its header is read line by line; what an attacker sent
// never comes here, but for the To of the response, which the parser has accepted.
#include "sf/transaction_internal.h"

#include "base/memory.h"
#include "wire/sip/write.h"

enum {
	EXTRA = 96
}; // [octets] CSeq, Max-Forwards, Content-Length and the empty line, when they are longer than before

struct head { // walks the lines of a header
	struct bytes all;
	size_t at;
};

// The next line with its CRLF and any folded lines behind it; false at the empty line or the end.
static bool head_next(struct head *h, struct bytes *line)
{
	size_t i = h->at;

	for (; i + 1 < h->all.len; i++) {
		if (h->all.at[i] != '\r' || h->all.at[i + 1] != '\n')
			continue;
		uint8_t after = i + 2 < h->all.len ? h->all.at[i + 2] : 0;
		if (i == h->at || (after != ' ' && after != '\t'))
			break;
	}
	if (i + 1 >= h->all.len || i == h->at)
		return false;
	*line = bytes_make(h->all.at + h->at, i + 2 - h->at);
	h->at = i + 2;
	return true;
}

static enum sip_hdr line_id(struct bytes line, struct bytes *value)
{
	size_t colon = 0, from, to = line.len;

	while (colon < line.len && line.at[colon] != ':')
		colon++;
	for (from = colon + 1; from < to && (line.at[from] == ' ' || line.at[from] == '\t'); from++)
		;
	while (to > from && (line.at[to - 1] == '\r' || line.at[to - 1] == '\n' || line.at[to - 1] == ' '))
		to--;
	*value = from < to ? bytes_make(line.at + from, to - from) : (struct bytes){line.at, 0};
	size_t name = colon;
	while (name > 0 && (line.at[name - 1] == ' ' || line.at[name - 1] == '\t'))
		name--;
	return sip_hdr_of(bytes_make(line.at, name));
}

uint32_t sf_tx_head_len(struct bytes message)
{
	struct head h = {message, 0};
	struct bytes line;

	while (head_next(&h, &line))
		;
	return (uint32_t)(h.at + 2 <= message.len ? h.at + 2 : message.len);
}

// The Request-URI: between the first and the last space of the request line.
static struct bytes request_uri(struct bytes line)
{
	const uint8_t *from = memchr(line.at, ' ', line.len);
	const uint8_t *to = memrchr(line.at, ' ', line.len);

	if (from == NULL || to <= from)
		return (struct bytes){line.at, 0};
	return bytes_make(from + 1, (size_t)(to - from) - 1);
}

static void write_cseq(struct sip_writer *w, struct bytes value, struct bytes method)
{
	size_t digits = 0;

	while (digits < value.len && value.at[digits] >= '0' && value.at[digits] <= '9')
		digits++;
	sip_write_name(w, SIP_HDR_CSEQ);
	sip_write_octets(w, bytes_make(value.at, digits));
	sip_write_octets(w, BYTES(" "));
	sip_write_octets(w, method);
	sip_write_crlf(w);
}

// One line of the INVITE into the new request; TO: of the response, empty for the INVITE's own.
static void write_line(struct sip_writer *w, struct bytes line, struct bytes method, struct bytes to)
{
	struct bytes value;

	switch (line_id(line, &value)) {
	case SIP_HDR_VIA:
	case SIP_HDR_ROUTE:
	case SIP_HDR_FROM:
	case SIP_HDR_CALL_ID:
		sip_write_octets(w, line);
		break;
	case SIP_HDR_TO:
		sip_write_header(w, SIP_HDR_TO, to.len > 0 ? to : value);
		break;
	case SIP_HDR_CSEQ:
		write_cseq(w, value, method);
		break;
	default:
		break;
	}
}

static result write_request(const struct sf_tx *tx, struct bytes method, struct bytes to, struct bytes *out)
{
	struct head h = {sf_tx_octets(tx), 0};
	size_t room = sf_tx_head_len(h.all) + to.len + EXTRA;
	struct sip_writer w;
	struct bytes line;
	uint32_t len;

	*out = (struct bytes){0};
	REQUIRE(head_next(&h, &line), E_MISSING); // nothing is kept
	void *buf = memory_alloc(room);
	REQUIRE(buf != NULL, E_NO_MEMORY);
	sip_write_init(&w, buf, (uint32_t)room);
	sip_write_request_line(&w, method, request_uri(line));
	while (head_next(&h, &line))
		write_line(&w, line, method, to);
	sip_write_header(&w, SIP_HDR_MAX_FORWARDS, BYTES("70"));
	sip_write_body(&w, (struct bytes){0});
	result r = sip_write_end(&w, &len);
	if (!is_ok(r)) {
		memory_free(buf);
		return r;
	}
	*out = bytes_make(buf, len);
	return OK;
}

result sf_tx_write_ack(const struct sf_tx *tx, const struct sip_msg *response, struct bytes *out)
{
	const struct sip_line *to = sip_first(response, SIP_HDR_TO);

	*out = (struct bytes){0};
	REQUIRE(to != NULL, E_MISSING);
	return write_request(tx, BYTES("ACK"), sip_bytes(response, to->value), out);
}

result sf_tx_write_cancel(const struct sf_tx *tx, struct bytes *out)
{
	return write_request(tx, BYTES("CANCEL"), (struct bytes){0}, out);
}
