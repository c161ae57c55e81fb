// SPDX-License-Identifier: Apache-2.0
// One pass over a whole message: start line, header field lines, then the values nobody can do without.
//
// Trusts nothing. What it lets pass has one meaning: each line ends in CRLF, each singleton stands once, the body
// is exactly as long as said (SF-I11, SF-A3). A refused request is still read as far as needed to answer it.
#include "wire/sip/check.h"
#include "wire/sip/header.h"
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/start.h"

enum { MAX_FORWARDS_MAX = 255 /* RFC3261#20.22 */, MAX_FORWARDS_ABSENT = 255 };

static void msg_clear(struct sip_msg *m, const uint8_t *buf, uint32_t n)
{
	// The lines need no clearing: only those below line_count are reachable.
	m->buf = buf;
	m->size = n;
	m->is_request = false;
	m->method = m->cseq_method = SIP_UNKNOWN_METHOD;
	m->status = m->line_count = 0;
	m->method_name = m->ruri = m->reason = m->headers = m->body = (struct span){0, 0};
	m->call_id = m->from_tag = m->to_tag = m->branch = (struct span){0, 0};
	m->via = (struct sip_via){0};
	m->cseq = m->content_length = 0;
	m->max_forwards = MAX_FORWARDS_ABSENT;
	memset(m->first, 0, sizeof(m->first));
}

// ---- header field lines ---------------------------------------------------------------------------------

// The line at *AT: "name : value CRLF", folding followed. *AT moves behind it.
static result line_split(const struct sip_msg *m, uint32_t *at, struct sip_line *out, struct sip_fault *fault)
{
	const uint8_t *buf = m->buf;
	uint32_t n = m->size, from = *at, end, next;

	uint32_t i = name_scan(buf, n, from, out);
	if (i == 0) {
		i = scan_class(buf, n, out->name.to, OCT_WSP);
		return fault_set(fault, E_SYNTAX, 400, "Bad Header Field", (struct span){from, i});
	}
	if (!is_ok(text_line(buf, n, i, true, &end, &next)))
		return fault_set(fault, E_SYNTAX, 400, "Bad Header Field", out->name);
	*at = next;
	if (end - from > SIP_HEADER_LINE_MAX)
		return fault_set(fault, E_TOO_LONG, 400, "Header Field Too Long", out->name);
	if (octet_at(buf, end, i) == ' ') // one blank, nearly always
		i++;
	i = scan_lws(buf, end, i);
	while (end > i) {
		uint8_t c = octet_at(buf, end, end - 1);
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
		end--;
	}
	out->value = (struct span){i, end};
	return OK;
}

// Put line number INDEX into the chain of its id. LAST holds the number of the newest line per id, plus one.
static result line_chain(struct sip_msg *m, uint16_t index, uint8_t last[SIP_HDR_COUNT], struct sip_fault *fault)
{
	struct sip_line *l = &m->line[index];
	uint16_t id = l->id;

	if (id == SIP_HDR_OTHER || id >= SIP_HDR_COUNT)
		return OK;
	uint8_t previous = last[id];
	if (previous == 0) {
		m->first[id] = (uint16_t)(index + 1);
	} else {
		const struct sip_hdr_desc *d = sip_hdr_desc((enum sip_hdr)id);
		if (d->shape == SIP_SHAPE_SINGLE)
			return fault_set(fault, E_DUPLICATE, 400, d->twice, l->name);
		if (previous <= SIP_HEADERS_MAX)
			m->line[previous - 1].next = (uint16_t)(index + 1);
	}
	last[id] = (uint8_t)(index + 1);
	return OK;
}

// All header field lines from *AT to the empty line; *AT is then where the body begins.
static result lines_index(struct sip_msg *m, uint32_t *at, struct sip_fault *fault)
{
	uint8_t last[SIP_HDR_COUNT] = {0};
	result first = OK;
	uint32_t n = m->size, i = *at;
	uint16_t count = 0;

	m->headers.from = m->headers.to = i;
	while (octet_at(m->buf, n, i) != '\r') {
		if (count >= SIP_HEADERS_MAX)
			return fault_set(fault, E_TOO_MANY, 400, "Too Many Header Fields", (struct span){i, i});
		struct sip_line *l = &m->line[count];
		TRY(line_split(m, &i, l, fault));
		l->next = 0;
		result r = line_chain(m, count, last, fault);
		if (!is_ok(r) && is_ok(first))
			first = r; // go on: the other values are needed for an answer
		count++;
		m->line_count = count;
		m->headers.to = i;
	}
	if (octet_at(m->buf, n, i + 1) != '\n')
		return fault_set(fault, E_SYNTAX, 400, "Missing Empty Line", (struct span){i, i});
	*at = i + 2;
	return first;
}

// ---- values ---------------------------------------------------------------------------------------------

static struct span first_value(const struct sip_msg *m, enum sip_hdr id)
{
	const struct sip_line *l = sip_first(m, id);
	return l != NULL ? l->value : (struct span){0, 0};
}

static result value_fault(const struct sip_msg *m, enum sip_hdr id, result r, struct sip_fault *fault)
{
	if (is_ok(r))
		return r;
	const struct sip_hdr_desc *d = sip_hdr_desc(id);
	return fault_set(fault, r.error, 400, r.error == E_MISSING ? d->missing : d->bad, first_value(m, id));
}

static result party_parse(const struct sip_msg *m, enum sip_hdr id, struct span *tag)
{
	struct sip_addr a;
	REQUIRE(sip_first(m, id) != NULL, E_MISSING);
	TRY(sip_addr_parse(m->buf, m->size, first_value(m, id), &a));
	REQUIRE(!a.star, E_SYNTAX);
	*tag = a.tag;
	return OK;
}

static result cseq_parse(struct sip_msg *m)
{
	struct span method;
	REQUIRE(sip_first(m, SIP_HDR_CSEQ) != NULL, E_MISSING);
	TRY(sip_cseq_parse(m->buf, m->size, first_value(m, SIP_HDR_CSEQ), &m->cseq, &method));
	if (m->is_request) { // of an unknown method the names are compared
		REQUIRE(scan_same(m->buf, m->size, method, m->method_name), E_SYNTAX);
		m->cseq_method = m->method;
	} else {
		m->method = m->cseq_method = method_lookup(m->buf, m->size, method);
		m->method_name = method;
	}
	return OK;
}

static result call_id_parse(struct sip_msg *m)
{
	struct span v = first_value(m, SIP_HDR_CALL_ID);
	REQUIRE(sip_first(m, SIP_HDR_CALL_ID) != NULL, E_MISSING);
	TRY(check_call_id(m->buf, m->size, v));
	m->call_id = v;
	return OK;
}

static result via_list_parse(struct sip_msg *m)
{
	struct sip_list it = sip_list_begin(m, SIP_HDR_VIA);
	struct span v;
	uint32_t count = 0;

	while (sip_list_next(&it, &v)) {
		struct sip_via via;
		REQUIRE(count < SIP_VIA_MAX, E_TOO_MANY);
		TRY(sip_via_parse(m->buf, m->size, v, &via));
		if (count == 0) {
			m->via = via;
			m->branch = via.branch;
		}
		count++;
	}
	REQUIRE(count > 0, E_MISSING);
	return OK;
}

// The five without which nothing can be answered (RFC3261#8.1.1, #8.2.6).
static result answer_values(struct sip_msg *m, struct sip_fault *fault)
{
	TRY(value_fault(m, SIP_HDR_VIA, via_list_parse(m), fault));
	TRY(value_fault(m, SIP_HDR_FROM, party_parse(m, SIP_HDR_FROM, &m->from_tag), fault));
	TRY(value_fault(m, SIP_HDR_TO, party_parse(m, SIP_HDR_TO, &m->to_tag), fault));
	TRY(value_fault(m, SIP_HDR_CALL_ID, call_id_parse(m), fault));
	return value_fault(m, SIP_HDR_CSEQ, cseq_parse(m), fault);
}

static result max_forwards_parse(struct sip_msg *m)
{
	uint32_t hops;
	if (sip_first(m, SIP_HDR_MAX_FORWARDS) == NULL)
		return OK;
	TRY(sip_number_parse(m->buf, m->size, first_value(m, SIP_HDR_MAX_FORWARDS), MAX_FORWARDS_MAX, &hops));
	m->max_forwards = (uint8_t)(hops == MAX_FORWARDS_ABSENT ? MAX_FORWARDS_ABSENT - 1 : hops);
	return OK;
}

// The body from AT: exactly Content-Length octets, or, in a datagram without it, the rest (RFC3261#18.3).
static result body_parse(struct sip_msg *m, uint32_t at, struct sip_fault *fault)
{
	uint32_t rest = m->size - at, length = rest;

	if (sip_first(m, SIP_HDR_CONTENT_LENGTH) != NULL) {
		struct span v = first_value(m, SIP_HDR_CONTENT_LENGTH);
		result r = sip_number_parse(m->buf, m->size, v, UINT32_MAX, &length);
		TRY(value_fault(m, SIP_HDR_CONTENT_LENGTH, r, fault));
		if (length > rest)
			return fault_set(fault, E_SYNTAX, 400, "Bad Content-Length", v);
	}
	m->content_length = length;
	m->body = (struct span){at, at + length};
	if (sip_first(m, SIP_HDR_CONTENT_TYPE) != NULL)
		return value_fault(m, SIP_HDR_CONTENT_TYPE,
			check_media(m->buf, m->size, first_value(m, SIP_HDR_CONTENT_TYPE)), fault);
	if (length > 0) // RFC3261#20.15
		return fault_set(fault, E_MISSING, 400, "Missing Content-Type", m->body);
	return OK;
}

static result msg_read(struct sip_msg *m, struct sip_fault *fault)
{
	uint32_t at = 0;

	if (m->size > SIP_MESSAGE_MAX_STREAM)
		return fault_set(fault, E_TOO_LONG, 513, "Message Too Large", (struct span){0, 0});
	while (octet_at(m->buf, m->size, at) == '\r' && octet_at(m->buf, m->size, at + 1) == '\n')
		at += 2; // keep-alives before the start line (RFC3261#7.5)
	result start = start_parse(m, &at, fault);
	TRY(lines_index(m, &at, fault));
	TRY(start);
	TRY(answer_values(m, fault));
	TRY(value_fault(m, SIP_HDR_MAX_FORWARDS, max_forwards_parse(m), fault));
	return body_parse(m, at, fault);
}

result sip_msg_parse(struct sip_msg *m, const uint8_t *buf, uint32_t n, struct sip_fault *fault)
{
	*fault = (struct sip_fault){0};
	msg_clear(m, buf, n);
	result r = msg_read(m, fault);
	if (!is_ok(r) && m->is_request && m->method != SIP_ACK) { // an ACK is never answered (RFC3261#17)
		struct sip_fault other = {0};
		result answer = answer_values(m, &other);
		bool mismatch = answer.error == E_SYNTAX && m->cseq != 0 && other.phrase == sip_hdr_desc(SIP_HDR_CSEQ)->bad;
		fault->answerable = is_ok(answer) || mismatch; // CSeq could be read, only the method differs
	}
	return r;
}

// ---- the rest -------------------------------------------------------------------------------------------

// What sip_msg_parse looked at itself.
static const bool checked_before[SIP_HDR_COUNT] = {
	[SIP_HDR_VIA] = true, [SIP_HDR_FROM] = true, [SIP_HDR_TO] = true, [SIP_HDR_CALL_ID] = true,
	[SIP_HDR_CSEQ] = true, [SIP_HDR_MAX_FORWARDS] = true, [SIP_HDR_CONTENT_LENGTH] = true,
	[SIP_HDR_CONTENT_TYPE] = true,
};

// Lists of bare tokens (Allow, Supported, ...) are the longest lists of a message: one look at each octet. False leaves
// the verdict, and where the fault stands, to the walk over the values.
static bool tokens_valid(const struct sip_msg *m, enum sip_hdr id)
{
	uint32_t count = 0;

	for (const struct sip_line *l = sip_first(m, id); l != NULL; l = sip_next(m, l)) {
		uint32_t end = l->value.to, i = l->value.from;
		if (end > m->size || i >= end)
			return false;
		for (;;) {
			uint32_t past = scan_class(m->buf, end, i, OCT_TOKEN);
			if (past == i || ++count > SIP_LIST_MAX)
				return false;
			i = scan_lws(m->buf, end, past);
			if (i >= end)
				break;
			if (octet_at(m->buf, end, i) != ',')
				return false;
			i++;
			if (octet_at(m->buf, end, i) == ' ')
				i++;
			i = scan_lws(m->buf, end, i);
		}
	}
	return count > 0;
}

// Does L hold one value, and is it the only line of its name? So it is with most.
static bool stands_alone(const struct sip_msg *m, const struct sip_line *l, const struct sip_hdr_desc *d)
{
	uint32_t from = l->value.from, to = l->value.to;
	if (l->next != 0 || from >= to || to > m->size)
		return false;
	return d->shape != SIP_SHAPE_LIST || scan_to(m->buf, to, from, ',') == to;
}

static result check_each(const struct sip_msg *m, const struct sip_hdr_desc *d, sip_hdr_check check,
	struct sip_fault *fault)
{
	struct sip_list it = sip_list_begin(m, d->id);
	struct span v;
	bool route = d->id == SIP_HDR_ROUTE || d->id == SIP_HDR_RECORD_ROUTE, star = false;
	uint32_t count = 0, most = route ? SIP_ROUTE_MAX : SIP_LIST_MAX;

	while (sip_list_next(&it, &v)) {
		result r = check(m->buf, m->size, v);
		if (!is_ok(r))
			return fault_set(fault, r.error, 400, d->bad, v);
		star = star || (d->id == SIP_HDR_CONTACT && span_len(v) == 1);
		count++;
	}
	it.count = 0; // does the walk end, or was it only stopped?
	if (count > most || sip_list_next(&it, &v))
		return fault_set(fault, E_TOO_MANY, 400, d->many, first_value(m, d->id));
	if ((count == 0 && !d->may_be_empty) || (star && count > 1)) // "*" stands alone (RFC3261#20.10)
		return fault_set(fault, E_SYNTAX, 400, d->bad, first_value(m, d->id));
	return OK;
}

// The header field that L is the first line of: a header on several lines is checked as a whole.
static result check_one(const struct sip_msg *m, const struct sip_line *l, const struct sip_hdr_desc *d,
	struct sip_fault *fault)
{
	sip_hdr_check check = d->check;
	if (check == NULL)
		return OK;
	if (stands_alone(m, l, d)) {
		result r = check(m->buf, m->size, l->value);
		return is_ok(r) ? r : fault_set(fault, r.error, 400, d->bad, l->value);
	}
	if (check == check_token && d->shape == SIP_SHAPE_LIST && tokens_valid(m, d->id))
		return OK;
	return check_each(m, d, check, fault);
}

result sip_msg_check_all(const struct sip_msg *m, struct sip_fault *fault)
{
	*fault = (struct sip_fault){0};
	for (uint32_t i = 0; i < m->line_count && i < SIP_HEADERS_MAX; i++) {
		const struct sip_line *l = &m->line[i];
		if (l->id >= SIP_HDR_COUNT || checked_before[l->id] || m->first[l->id] != i + 1)
			continue;
		result r = check_one(m, l, sip_hdr_desc((enum sip_hdr)l->id), fault);
		if (!is_ok(r)) {
			fault->answerable = m->is_request && m->method != SIP_ACK;
			return r;
		}
	}
	return OK;
}
