// SPDX-License-Identifier: Apache-2.0
// Request-Line and Status-Line (RFC3261#7.1, #7.2): single blanks, nothing before, nothing behind.
#include "wire/sip/name.h"
#include "wire/sip/octet.h"
#include "wire/sip/start.h"

result fault_set(struct sip_fault *fault, enum error e, uint16_t status, const char *phrase, struct span where)
{
	if (fault->status == 0) {
		fault->status = status;
		fault->phrase = phrase;
		fault->where = where;
	}
	return FAIL(e);
}

// "SIP/" 1*DIGIT "." 1*DIGIT in any case: a version, perhaps not ours.
static bool is_version(const uint8_t *buf, uint32_t end, struct span s, bool *ours)
{
	*ours = SCAN_IS(buf, end, s, "sip/2.0");
	if (*ours)
		return true;
	if (s.to - s.from < 7 || !SCAN_IS(buf, end, ((struct span){s.from, s.from + 4}), "sip/"))
		return false;
	uint32_t i = scan_class(buf, end, s.from + 4, OCT_DIGIT);
	if (i == s.from + 4 || octet_at(buf, end, i) != '.')
		return false;
	uint32_t past = scan_class(buf, end, i + 1, OCT_DIGIT);
	return past > i + 1 && past == s.to;
}

static result start_request(struct sip_msg *m, struct span line, struct sip_fault *fault)
{
	const uint8_t *buf = m->buf;
	struct sip_uri uri;
	bool ours;

	uint32_t i = scan_class(buf, line.to, line.from, OCT_TOKEN);
	if (i == line.from || octet_at(buf, line.to, i) != ' ')
		return fault_set(fault, E_SYNTAX, 400, "Bad Request-Line", line);
	m->method_name = (struct span){line.from, i};
	m->method = method_lookup(buf, line.to, m->method_name);
	uint32_t from = ++i;
	i = scan_to(buf, line.to, i, ' ');
	m->ruri = (struct span){from, i};
	if (i >= line.to || i == from)
		return fault_set(fault, E_SYNTAX, 400, "Bad Request-Line", line);
	if (!is_version(buf, line.to, (struct span){i + 1, line.to}, &ours))
		return fault_set(fault, E_SYNTAX, 400, "Bad Request-Line", line);
	if (!ours)
		return fault_set(fault, E_UNSUPPORTED, 505, "Version Not Supported", (struct span){i + 1, line.to});
	// Escaped header fields would become header fields of ours: refused (RFC4475#3.1.2.11, SF-I11).
	if (!is_ok(sip_uri_parse(buf, m->size, m->ruri, &uri)) || !span_empty(uri.headers))
		return fault_set(fault, E_SYNTAX, 400, "Bad Request-URI", m->ruri);
	return OK;
}

static result start_response(struct sip_msg *m, struct span line, struct sip_fault *fault)
{
	const uint8_t *buf = m->buf;
	uint32_t from = line.from;
	bool ours;

	while (from < line.to && octet_at(buf, line.to, from) != ' ')
		from++;
	if (!is_version(buf, line.to, (struct span){line.from, from}, &ours) || !ours)
		return fault_set(fault, E_SYNTAX, 505, "Version Not Supported", line);
	uint32_t i = scan_class(buf, line.to, ++from, OCT_DIGIT);
	uint8_t first = octet_at(buf, line.to, from);
	if (i != from + 3 || first < '1' || first > '6' || octet_at(buf, line.to, i) != ' ')
		return fault_set(fault, E_SYNTAX, 400, "Bad Status-Line", line);
	m->status = (uint16_t)((first - '0') * 100 + (octet_at(buf, line.to, from + 1) - '0') * 10 +
		(octet_at(buf, line.to, from + 2) - '0'));
	m->reason = (struct span){i + 1, line.to};
	return OK;
}

result start_parse(struct sip_msg *m, uint32_t *at, struct sip_fault *fault)
{
	uint32_t from = *at, end, next;

	m->is_request = !SCAN_IS(m->buf, m->size, ((struct span){from, from + 4}), "sip/");
	if (!is_ok(text_line(m->buf, m->size, from, false, &end, &next))) {
		*at = m->size;
		return fault_set(fault, E_SYNTAX, 400, "Bad Start-Line", (struct span){from, m->size});
	}
	*at = next;
	if (end - from > SIP_HEADER_LINE_MAX)
		return fault_set(fault, E_TOO_LONG, m->is_request ? 414 : 400, "Start-Line Too Long",
			(struct span){from, end});
	struct span line = {from, end};
	return m->is_request ? start_request(m, line, fault) : start_response(m, line, fault);
}
