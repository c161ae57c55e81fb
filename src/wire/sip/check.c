// SPDX-License-Identifier: Apache-2.0
// Grammar of header field values made of tokens, numbers and addresses (RFC3261#25.1).
//
// check_text.c has those that hold text: dates, products, credentials.
#include "wire/sip/check.h"
#include "wire/sip/octet.h"

result check_addr(const uint8_t *buf, uint32_t n, struct span v)
{
	struct sip_addr a;
	TRY(sip_addr_parse(buf, n, v, &a));
	REQUIRE(!a.star, E_SYNTAX);
	return OK;
}

result check_contact(const uint8_t *buf, uint32_t n, struct span v)
{
	struct sip_addr a;
	return sip_addr_parse(buf, n, v, &a);
}

result check_name_addr(const uint8_t *buf, uint32_t n, struct span v)
{
	struct sip_addr a;
	TRY(sip_addr_parse(buf, n, v, &a));
	REQUIRE(a.angle, E_SYNTAX);
	return OK;
}

result check_identity_addr(const uint8_t *buf, uint32_t n, struct span v)
{
	struct sip_addr a;
	TRY(sip_addr_parse(buf, n, v, &a));
	REQUIRE(!a.star && span_empty(a.params), E_SYNTAX);
	return OK;
}

result check_via(const uint8_t *buf, uint32_t n, struct span v)
{
	struct sip_via via;
	return sip_via_parse(buf, n, v, &via);
}

result check_token(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to && scan_class(buf, v.to, v.from, OCT_TOKEN) == v.to, E_SYNTAX);
	return OK;
}

result check_token_params(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_TOKEN);
	REQUIRE(i > v.from, E_SYNTAX);
	return scan_params(buf, v.to, scan_lws(buf, v.to, i));
}

result check_media(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_TOKEN);
	REQUIRE(i > v.from, E_SYNTAX);
	i = scan_lws(buf, v.to, i);
	REQUIRE(octet_at(buf, v.to, i) == '/', E_SYNTAX);
	uint32_t from = scan_lws(buf, v.to, i + 1);
	i = scan_class(buf, v.to, from, OCT_TOKEN);
	REQUIRE(i > from, E_SYNTAX);
	return scan_params(buf, v.to, scan_lws(buf, v.to, i));
}

result check_number(const uint8_t *buf, uint32_t n, struct span v)
{
	uint32_t number;
	return sip_number_parse(buf, n, v, UINT32_MAX, &number);
}

result check_delta(const uint8_t *buf, uint32_t n, struct span v)
{
	struct sip_delta d;
	return sip_delta_parse(buf, n, v, &d);
}

result check_cseq(const uint8_t *buf, uint32_t n, struct span v)
{
	uint32_t number;
	struct span method;
	return sip_cseq_parse(buf, n, v, &number, &method);
}

result check_rack(const uint8_t *buf, uint32_t n, struct span v)
{
	struct sip_rack r;
	return sip_rack_parse(buf, n, v, &r);
}

// Past word ["@" word] at I; 0 when there is none.
static uint32_t scan_call_id(const uint8_t *buf, uint32_t end, uint32_t i, unsigned class)
{
	uint32_t past = scan_class(buf, end, i, class);
	if (past == i)
		return 0;
	if (octet_at(buf, end, past) != '@')
		return past;
	i = past + 1;
	past = scan_class(buf, end, i, class);
	return past == i ? 0 : past;
}

result check_call_id(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to && scan_call_id(buf, v.to, v.from, OCT_WORD) == v.to, E_SYNTAX);
	return OK;
}

result check_replaces(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_call_id(buf, v.to, v.from, OCT_WORD);
	REQUIRE(i != 0, E_SYNTAX);
	return scan_params(buf, v.to, scan_lws(buf, v.to, i));
}

// Past "<URI>" at I; 0 when there is none.
static uint32_t scan_angle_uri(const uint8_t *buf, uint32_t n, uint32_t end, uint32_t i)
{
	struct sip_uri uri;
	if (octet_at(buf, end, i) != '<')
		return 0;
	uint32_t from = i + 1;
	i = scan_to(buf, end, from, '>');
	return i < end && is_ok(sip_uri_parse(buf, n, (struct span){from, i}, &uri)) ? i + 1 : 0;
}

result check_info(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_angle_uri(buf, n, v.to, v.from);
	REQUIRE(i != 0, E_SYNTAX);
	return scan_params(buf, v.to, scan_lws(buf, v.to, i));
}

result check_content_id(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to && octet_at(buf, v.to, v.from) == '<', E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from + 1, OCT_TOKEN);
	REQUIRE(i > v.from + 1 && octet_at(buf, v.to, i) == '@', E_SYNTAX);
	uint32_t past = scan_class(buf, v.to, i + 1, OCT_TOKEN);
	REQUIRE(past > i + 1 && octet_at(buf, v.to, past) == '>' && past + 1 == v.to, E_SYNTAX);
	return OK;
}

// signed-identity-digest ";" "info=<uri>" and parameters, in any order (RFC8224#4).
result check_identity(const uint8_t *buf, uint32_t n, struct span v)
{
	bool info = false;

	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_BASE64);
	REQUIRE(i > v.from, E_SYNTAX);
	i = scan_lws(buf, v.to, i);
	struct param_set set = param_set_begin(i + 1, ';');
	while (i < v.to) {
		struct sip_param p;
		uint32_t from = scan_lws(buf, v.to, i + 1);
		uint32_t to = scan_class(buf, v.to, from, OCT_TOKEN);
		if (octet_at(buf, v.to, i) == ';' && SCAN_IS(buf, v.to, ((struct span){from, to}), "info")) {
			p.name = (struct span){from, to};
			i = scan_lws(buf, v.to, to);
			REQUIRE(octet_at(buf, v.to, i) == '=', E_SYNTAX);
			i = scan_angle_uri(buf, n, v.to, scan_lws(buf, v.to, i + 1));
			REQUIRE(i != 0, E_SYNTAX);
			i = scan_lws(buf, v.to, i);
			info = true;
		} else {
			TRY(scan_param(buf, v.to, &i, &p));
		}
		TRY(param_set_add(buf, v.to, &set, p.name));
	}
	REQUIRE(info, E_SYNTAX);
	return OK;
}

// A parameter list without a value before it: the first stands without ';'.
result check_charging(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_TOKEN);
	REQUIRE(i > v.from, E_SYNTAX);
	i = scan_lws(buf, v.to, i);
	REQUIRE(octet_at(buf, v.to, i) == '=', E_SYNTAX);
	uint32_t from = scan_lws(buf, v.to, i + 1);
	i = octet_at(buf, v.to, from) == '"' ? scan_quoted(buf, v.to, from) :
	    octet_at(buf, v.to, from) == '[' ? scan_host(buf, v.to, from) : scan_class(buf, v.to, from, OCT_TOKEN);
	REQUIRE(i > from, E_SYNTAX);
	return scan_params(buf, v.to, scan_lws(buf, v.to, i));
}

result check_uui(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = octet_at(buf, v.to, v.from) == '"' ? scan_quoted(buf, v.to, v.from) :
							  scan_class(buf, v.to, v.from, OCT_TOKEN);
	REQUIRE(i > v.from, E_SYNTAX);
	return scan_params(buf, v.to, scan_lws(buf, v.to, i));
}
