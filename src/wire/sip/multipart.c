// SPDX-License-Identifier: Apache-2.0
// Multipart bodies (RFC2046#5.1, RFC 5621): where each part begins and ends.
//
// A delimiter is CRLF "--" boundary at the start of a line; the closing one ends in "--" and must stand. What would let
// two readers see different parts is refused: an empty or over-long boundary, a boundary parameter given twice, a part
// whose header is no header, the same header field twice in a part, no closing delimiter (SF-I11). Others look for
// "--" boundary within a line, behind a bare LF, in any case: a body where that finds more than we did is ambiguous.
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

// "boundary=" wherever it stands, in quotes too, and its forms of RFC2231#3 and #4: another reader may take any of them.
static bool boundary_named_once(const uint8_t *buf, struct span content_type)
{
	uint32_t named = 0, end = content_type.to;

	for (uint32_t i = content_type.from; i < end; i++) {
		if (!scan_word(buf, end, i, WORD("boundary"), 8))
			continue;
		uint8_t c = octet_at(buf, end, scan_lws(buf, end, i + 8));
		named += c == '=' || c == '*';
	}
	return named == 1;
}

// Characters of RFC2046#5.1.1, no quoted pair; without quotes what ends nothing.
static bool boundary_octet(uint8_t c, bool quoted)
{
	if (octet_in(c, OCT_ALPHA | OCT_DIGIT))
		return true;
	return quoted ? c != 0 && strchr("'()+_,-./:=? ", c) != NULL : octet_in(c, OCT_TOKEN);
}

// The boundary parameter without quotes.
static result boundary_find(const uint8_t *buf, uint32_t n, struct span content_type, struct span *out)
{
	bool found;

	*out = (struct span){0, 0};
	REQUIRE(content_type.to <= n && content_type.from < content_type.to, E_SYNTAX);
	REQUIRE(boundary_named_once(buf, content_type), E_SYNTAX);
	uint32_t i = content_type.from;
	while (i < content_type.to && octet_at(buf, content_type.to, i) != ';')
		i++;
	struct span params = {i < content_type.to ? i + 1 : i, content_type.to};
	TRY(sip_param_get(buf, n, params, BYTES("boundary"), &found, out));
	REQUIRE(found, E_SYNTAX);
	REQUIRE(out->to <= n, E_SYNTAX);
	bool quoted = octet_at(buf, n, out->from) == '"';
	if (quoted) {
		REQUIRE(out->to - out->from >= 2 && octet_at(buf, n, out->to - 1) == '"', E_SYNTAX);
		out->from++;
		out->to--;
	}
	REQUIRE(out->to > out->from && out->to <= n && out->to - out->from <= MULTIPART_BOUNDARY_MAX, E_SYNTAX);
	for (i = out->from; i < out->to; i++)
		REQUIRE(boundary_octet(octet_at(buf, n, i), quoted), E_SYNTAX);
	REQUIRE(octet_at(buf, n, out->from) != ' ' && octet_at(buf, n, out->to - 1) != ' ', E_SYNTAX);
	return OK;
}

// What others may take for a delimiter: "--", perhaps a quotation mark, and the boundary up to its first blank. FALL:
// how much of it still fits when the octet behind so much of it does not (Knuth, Morris, Pratt), so that no body
// makes the search slow.
enum { NEEDLE_MAX = 3 + MULTIPART_BOUNDARY_MAX };

struct needle {
	uint8_t at[NEEDLE_MAX], fall[NEEDLE_MAX];
	uint32_t len;
};

static bool needle_goes_on(const struct needle *x, uint32_t k, uint8_t c)
{
	return k < x->len && k < NEEDLE_MAX && x->at[k] == c;
}

static uint32_t needle_fall(const struct needle *x, uint32_t k)
{
	return k > 0 && k <= NEEDLE_MAX ? x->fall[k - 1] : 0;
}

static void needle_add(struct needle *x, uint8_t c)
{
	if (x->len < NEEDLE_MAX)
		x->at[x->len++] = octet_lower(c);
}

static void needle_make(struct needle *x, const uint8_t *buf, uint32_t n, struct span boundary, bool quoted)
{
	uint32_t k = 0;

	memset(x, 0, sizeof(*x));
	needle_add(x, '-');
	needle_add(x, '-');
	if (quoted)
		needle_add(x, '"');
	for (uint32_t i = boundary.from; i < boundary.to && octet_at(buf, n, i) != ' '; i++)
		needle_add(x, octet_at(buf, n, i));
	for (uint32_t i = 1; i < x->len && i < NEEDLE_MAX; i++) {
		while (k > 0 && !needle_goes_on(x, k, x->at[i]))
			k = needle_fall(x, k);
		k += needle_goes_on(x, k, x->at[i]);
		x->fall[i] = (uint8_t)k;
	}
}

static uint32_t needle_count(const struct needle *x, const uint8_t *buf, struct span body)
{
	uint32_t count = 0, k = 0;

	for (uint32_t i = body.from; i < body.to; i++) {
		if (k == 0)
			i = scan_to(buf, body.to, i, '-');
		uint8_t c = octet_lower(octet_at(buf, body.to, i));
		while (k > 0 && !needle_goes_on(x, k, c))
			k = needle_fall(x, k);
		k += needle_goes_on(x, k, c);
		if (k == x->len) {
			count++;
			k = needle_fall(x, k);
		}
	}
	return count;
}

// Of all that may be taken for delimiters in BODY, how many are there?
static uint32_t delimiters_thinkable(const uint8_t *buf, struct span body, struct span boundary)
{
	struct needle x;

	needle_make(&x, buf, body.to, boundary, false);
	uint32_t count = needle_count(&x, buf, body);
	needle_make(&x, buf, body.to, boundary, true);
	return count + needle_count(&x, buf, body);
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
	// no padding: composers make none, and there is no mail transport here that would (RFC2046#5.1.1)
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

// Does a folded line look like a field of its own, to who knows of no folding?
static bool fold_names(const uint8_t *buf, uint32_t to, uint32_t i)
{
	while ((i = scan_to(buf, to, i, '\n')) < to) {
		uint32_t name = scan_class(buf, to, i + 1, OCT_WSP);
		i = scan_class(buf, to, name, OCT_TOKEN);
		if (i > name && octet_at(buf, to, scan_class(buf, to, i, OCT_WSP)) == ':')
			return true;
	}
	return false;
}

static bool is_transfer_encoding(const uint8_t *buf, uint32_t end, struct span name)
{
	const struct bytes known = BYTES("content-transfer-encoding");
	uint32_t k = 0;

	while (k < known.len && octet_lower(octet_at(buf, end, name.from + k)) == known.at[k])
		k++;
	return k == known.len && name.to - name.from == known.len;
}

// One header field: what says how to read the part is kept. Compact names count, as they do for others.
static result field_take(const uint8_t *buf, uint32_t end, struct span name, struct span value, struct sip_part *p)
{
	enum sip_hdr id = name_lookup(buf, end, name);
	struct span *slot = id == SIP_HDR_CONTENT_TYPE ? &p->content_type :
		id == SIP_HDR_CONTENT_DISPOSITION ? &p->disposition : NULL;

	if (slot != NULL) {
		REQUIRE(span_empty(*slot) && value.from < value.to, E_SYNTAX);
		*slot = value;
	} else if (id == SIP_HDR_CONTENT_ENCODING) {
		p->coded |= !SCAN_IS(buf, end, value, "identity");
	} else if (is_transfer_encoding(buf, end, name)) { // RFC2045#6
		p->coded |= !SCAN_IS(buf, end, value, "7bit") && !SCAN_IS(buf, end, value, "8bit") &&
			!SCAN_IS(buf, end, value, "binary");
	}
	return OK;
}

static result field_read(const uint8_t *buf, uint32_t end, uint32_t *at, struct sip_part *p)
{
	uint32_t begin = *at;
	struct span name = {begin, scan_class(buf, end, begin, OCT_TOKEN)};
	uint32_t to, i = scan_class(buf, end, name.to, OCT_WSP);

	REQUIRE(name.to > name.from && octet_at(buf, end, i) == ':', E_SYNTAX);
	TRY(text_line(buf, end, i + 1, true, &to, at));
	REQUIRE(!fold_names(buf, to, i + 1), E_SYNTAX);
	if (name_lookup(buf, end, name) == SIP_HDR_CONTENT_LENGTH) {
		REQUIRE(span_empty(p->length), E_SYNTAX);
		p->length = (struct span){begin, *at};
	}
	i = scan_lws(buf, to, i + 1);
	while (to > i && octet_in(octet_at(buf, to, to - 1), OCT_WSP))
		to--;
	return field_take(buf, end, name, (struct span){i, to}, p);
}

// The header of the part in [at, end), then its body.
static result part_read(const uint8_t *buf, uint32_t end, uint32_t at, struct sip_part *p)
{
	*p = (struct sip_part){.handling_required = true};
	p->headers = (struct span){at, at};
	while (at < end && octet_at(buf, end, at) != '\r') {
		TRY(field_read(buf, end, &at, p));
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
	out->ambiguous = delimiters_thinkable(buf, body, boundary) != out->count + 1;
	return OK;
}
