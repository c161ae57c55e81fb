// SPDX-License-Identifier: Apache-2.0
// name-addr and addr-spec with header parameters (RFC3261#20.10, #25.1): From, To, Contact, Route and kin.
//
// Without angle brackets what follows the first ';' belongs to the header field, and the URI may hold neither
// ',' nor '?' (RFC3261#20). A missing blank before "<" is let pass, as RFC4475#3.1.1.6 asks: it has one reading.
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

// The display name at I, if any; *URI is then where "<" or the addr-spec stands. E_SYNTAX.
static result addr_display(const uint8_t *buf, uint32_t end, uint32_t i, struct sip_addr *out, uint32_t *uri)
{
	uint32_t from = i;

	*uri = i;
	if (octet_at(buf, end, i) == '<')
		return OK;
	if (octet_at(buf, end, i) == '"') {
		i = scan_quoted(buf, end, i);
		REQUIRE(i != 0, E_SYNTAX);
		out->display = (struct span){from, i};
		*uri = scan_lws(buf, end, i);
		REQUIRE(octet_at(buf, end, *uri) == '<', E_SYNTAX);
		return OK;
	}
	for (;;) {
		uint32_t past = scan_class(buf, end, i, OCT_TOKEN);
		if (past > i)
			out->display.to = past;
		*uri = scan_lws(buf, end, past);
		if (octet_at(buf, end, *uri) == '<' || *uri == i)
			break;
		if (octet_at(buf, end, past) == ':') { // a scheme, so this is an addr-spec, unless words preceded it
			REQUIRE(i == from, E_SYNTAX);
			out->display.to = 0;
			*uri = from;
			return OK;
		}
		REQUIRE(*uri > past, E_SYNTAX);
		i = *uri;
	}
	REQUIRE(octet_at(buf, end, *uri) == '<', E_SYNTAX);
	if (out->display.to > from)
		out->display.from = from;
	return OK;
}

static result addr_params(const uint8_t *buf, uint32_t end, uint32_t at, struct sip_addr *out)
{
	struct param_set set = param_set_begin(at + 1, ';');

	if (at < end)
		out->params = (struct span){at + 1, end};
	while (at < end) {
		struct sip_param p;
		TRY(scan_param(buf, end, &at, &p));
		TRY(param_set_add(buf, end, &set, p.name));
		if (SCAN_IS(buf, end, p.name, "tag")) {
			REQUIRE(p.has_value && octet_in(octet_at(buf, end, p.value.from), OCT_TOKEN), E_SYNTAX);
			out->tag = p.value;
		}
	}
	return OK;
}

result sip_addr_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_addr *out)
{
	uint32_t i, past;

	*out = (struct sip_addr){0};
	REQUIRE(s.to <= n && s.from < s.to, E_SYNTAX);
	if (s.to - s.from == 1 && octet_at(buf, s.to, s.from) == '*') {
		out->star = true;
		return OK;
	}
	TRY(addr_display(buf, s.to, s.from, out, &i));
	if (octet_at(buf, s.to, i) == '<') {
		out->angle = true;
		past = scan_to(buf, s.to, ++i, '>');
		REQUIRE(past < s.to, E_SYNTAX);
		TRY(sip_uri_parse(buf, n, (struct span){i, past}, &out->uri));
		past++;
	} else {
		past = i;
		while (past < s.to && octet_at(buf, s.to, past) != ';' && octet_at(buf, s.to, past) > ' ') {
			REQUIRE(octet_at(buf, s.to, past) != ',' && octet_at(buf, s.to, past) != '?', E_SYNTAX);
			past++;
		}
		TRY(sip_uri_parse(buf, n, (struct span){i, past}, &out->uri));
	}
	return addr_params(buf, s.to, scan_lws(buf, s.to, past), out);
}
