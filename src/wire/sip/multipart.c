// SPDX-License-Identifier: Apache-2.0
// Multipart bodies (RFC2046#5.1, RFC 5621): where each part begins and ends.
//
// A delimiter is CRLF "--" boundary at the start of a line; the closing one ends in "--" and must stand. What would let
// two readers see different parts is refused: an empty or over-long boundary, a boundary parameter given twice, a part
// whose header is no header, the same header field twice in a part, no closing delimiter (SF-I11).
#include "wire/sip/header.h"
#include "wire/sip/multipart.h"
#include "wire/sip/name.h"
#include "wire/sip/octet.h"

bool sip_content_type_is(const uint8_t *buf, uint32_t n, struct span value, struct bytes type)
{
	uint32_t i = value.from, k = 0;
	if (value.to > n)
		return false;
	for (; k < type.len; k++) {
		if (type.at[k] == '/') {
			i = scan_lws(buf, value.to, i);
			if (octet_at(buf, value.to, i) != '/')
				return false;
			i = scan_lws(buf, value.to, i + 1);
		} else {
			if (octet_lower(octet_at(buf, value.to, i)) != octet_lower(type.at[k]))
				return false;
			i++;
		}
	}
	i = scan_lws(buf, value.to, i);
	return i >= value.to || octet_at(buf, value.to, i) == ';';
}

bool sip_content_class_is(const uint8_t *buf, uint32_t n, struct span value, struct bytes type)
{
	uint32_t i = value.from;

	if (value.to > n)
		return false;
	for (uint32_t k = 0; k < type.len; k++, i++)
		if (octet_lower(octet_at(buf, value.to, i)) != octet_lower(type.at[k]))
			return false;
	return octet_at(buf, value.to, scan_lws(buf, value.to, i)) == '/';
}

// The boundary parameter without quotes. Characters of RFC2046#5.1.1, no quoted pair.
static result boundary_find(const uint8_t *buf, uint32_t n, struct span content_type, struct span *out)
{
	bool found;

	*out = (struct span){0, 0};
	REQUIRE(content_type.to <= n && content_type.from < content_type.to, E_SYNTAX);
	uint32_t i = content_type.from;
	while (i < content_type.to && octet_at(buf, content_type.to, i) != ';')
		i++;
	struct span params = {i < content_type.to ? i + 1 : i, content_type.to};
	TRY(sip_param_get(buf, n, params, BYTES("boundary"), &found, out));
	REQUIRE(found, E_SYNTAX);
	REQUIRE(out->to <= n, E_SYNTAX);
	if (octet_at(buf, n, out->from) == '"') {
		REQUIRE(out->to - out->from >= 2, E_SYNTAX);
		out->from++;
		out->to--;
	}
	REQUIRE(out->to > out->from && out->to <= n && out->to - out->from <= MULTIPART_BOUNDARY_MAX, E_SYNTAX);
	for (i = out->from; i < out->to; i++) {
		uint8_t c = octet_at(buf, n, i);
		REQUIRE(octet_in(c, OCT_ALPHA | OCT_DIGIT) || (c != 0 && strchr("'()+_,-./:=? ", c) != NULL), E_SYNTAX);
	}
	REQUIRE(octet_at(buf, n, out->to - 1) != ' ', E_SYNTAX);
	return OK;
}

// Does "--boundary" stand at I? *PAST is then behind its line: CRLF, or "--" for the last.
static bool delimiter_at(const uint8_t *buf, uint32_t end, uint32_t i, struct span boundary, uint32_t *past, bool *last)
{
	uint32_t len = boundary.to - boundary.from;

	*past = end;
	*last = false;
	if (octet_at(buf, end, i) != '-' || octet_at(buf, end, i + 1) != '-' || end - i < len + 2)
		return false;
	for (uint32_t k = 0; k < len; k++)
		if (octet_at(buf, end, i + 2 + k) != octet_at(buf, end, boundary.from + k))
			return false;
	i += 2 + len;
	if (octet_at(buf, end, i) == '-' && octet_at(buf, end, i + 1) == '-') {
		*last = true;
		i += 2;
	}
	i = scan_class(buf, end, i, OCT_WSP);
	if (i < end && octet_at(buf, end, i) == '\r' && octet_at(buf, end, i + 1) == '\n') {
		*past = i + 2;
		return true;
	}
	*past = end;
	return *last && i >= end;
}

// The delimiter line from AT on: *FROM is where the text before it ends (its CRLF belongs to the delimiter).
static bool delimiter_find(const uint8_t *buf, uint32_t end, uint32_t at, struct span boundary, uint32_t *from,
	uint32_t *past, bool *last)
{
	bool line_start = true; // the body begins like a line
	*from = at < end ? at : end;
	*past = end;
	*last = false;
	for (uint32_t i = at; i < end; i++) {
		if (line_start && delimiter_at(buf, end, i, boundary, past, last)) {
			if (i >= 2 && i - 2 >= at)
				*from = i - 2;
			return true;
		}
		line_start = octet_at(buf, end, i) == '\n' && i > at && octet_at(buf, end, i - 1) == '\r';
	}
	return false;
}

static result disposition_take(const uint8_t *buf, uint32_t n, struct sip_part *p)
{
	bool found;
	struct span handling, params = {p->disposition.from, p->disposition.to};

	TRY(sip_hdr_desc(SIP_HDR_CONTENT_DISPOSITION)->check(buf, n, p->disposition));
	while (params.from < params.to && octet_at(buf, params.to, params.from) != ';')
		params.from++;
	if (params.from < params.to)
		params.from++;
	TRY(sip_param_get(buf, n, params, BYTES("handling"), &found, &handling));
	if (found && SCAN_IS(buf, n, handling, "optional"))
		p->handling_required = false;
	return OK;
}

// The header of the part in [at, end), then its body.
static result part_read(const uint8_t *buf, uint32_t end, uint32_t at, struct sip_part *p)
{
	*p = (struct sip_part){.handling_required = true};
	p->headers = (struct span){at, at};
	while (at < end && octet_at(buf, end, at) != '\r') {
		uint32_t to, next;
		struct span name = {at, scan_class(buf, end, at, OCT_TOKEN)};
		uint32_t i = scan_class(buf, end, name.to, OCT_WSP);
		REQUIRE(name.to > at && octet_at(buf, end, i) == ':', E_SYNTAX);
		TRY(text_line(buf, end, i + 1, true, &to, &next));
		i = scan_lws(buf, to, i + 1);
		enum sip_hdr id = name.to - name.from > 1 ? name_lookup(buf, end, name) : SIP_HDR_OTHER;
		struct span *slot = id == SIP_HDR_CONTENT_TYPE ? &p->content_type :
			id == SIP_HDR_CONTENT_DISPOSITION ? &p->disposition : NULL;
		if (slot != NULL) {
			REQUIRE(span_empty(*slot) && i < to, E_SYNTAX);
			while (to > i && octet_in(octet_at(buf, to, to - 1), OCT_WSP))
				to--;
			*slot = (struct span){i, to};
		}
		at = next;
		p->headers.to = at;
	}
	if (at < end) {
		REQUIRE(octet_at(buf, end, at + 1) == '\n', E_SYNTAX);
		at += 2;
	}
	p->body = (struct span){at, end};
	if (!span_empty(p->content_type))
		TRY(sip_hdr_desc(SIP_HDR_CONTENT_TYPE)->check(buf, end, p->content_type));
	return span_empty(p->disposition) ? OK : disposition_take(buf, end, p);
}

result sip_multipart_parse(const uint8_t *buf, uint32_t n, struct span content_type, struct span body,
	struct sip_multipart *out)
{
	struct span boundary;
	uint32_t from, at;
	bool last;

	memset(out, 0, sizeof(*out));
	REQUIRE(body.to <= n && body.from <= body.to, E_SYNTAX);
	TRY(boundary_find(buf, n, content_type, &boundary));
	REQUIRE(delimiter_find(buf, body.to, body.from, boundary, &from, &at, &last) && !last, E_SYNTAX);
	out->all = (struct span){from, at};
	while (!last) {
		uint32_t past;
		REQUIRE(out->count < MULTIPART_PARTS_MAX, E_TOO_MANY);
		REQUIRE(delimiter_find(buf, body.to, at, boundary, &from, &past, &last), E_SYNTAX);
		TRY(part_read(buf, from, at, &out->part[out->count]));
		out->count++;
		at = past;
	}
	out->all.to = at;
	return OK;
}
