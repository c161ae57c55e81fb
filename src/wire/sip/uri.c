// SPDX-License-Identifier: Apache-2.0
// SIP and SIPS URIs (RFC3261#19.1, #25.1), TEL URIs (RFC 3966); others only by their general form.
//
// A user part ends at the one "@" of the URI: nothing behind it may hold another, so there is one reading.
// A parameter or header name stands once (RFC3261#19.1.1), SF-I11.
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

// The scheme at *AT; *AT moves behind its colon. E_SYNTAX.
static result scheme_scan(const uint8_t *buf, uint32_t end, uint32_t *at, enum sip_scheme *scheme)
{
	uint32_t from = *at;

	if (scan_word(buf, end, from, WORD("sip:"), 4)) { // nearly always
		*scheme = SIP_SCHEME_SIP;
		*at = from + 4;
		return OK;
	}
	REQUIRE(octet_in(octet_at(buf, end, from), OCT_ALPHA), E_SYNTAX);
	uint32_t i = scan_class(buf, end, from, OCT_HOST);
	while (octet_at(buf, end, i) == '+')
		i = scan_class(buf, end, i + 1, OCT_HOST);
	REQUIRE(octet_at(buf, end, i) == ':', E_SYNTAX);
	*at = i + 1;
	struct span name = {from, i};
	*scheme = SCAN_IS(buf, end, name, "sips") ? SIP_SCHEME_SIPS :
		SCAN_IS(buf, end, name, "tel")    ? SIP_SCHEME_TEL :
						    SIP_SCHEME_OTHER;
	return OK;
}

// ";name[=value]" repeated from *AT; *AT is then at '?' or END.
static result uri_params(const uint8_t *buf, uint32_t end, uint32_t *at, struct sip_uri *out)
{
	struct param_set set = param_set_begin(*at + 1, ';');
	uint32_t i = *at;

	while (octet_at(buf, end, i) == ';') {
		uint32_t from = i + 1;
		i = scan_escaped(buf, end, from, OCT_PARAM);
		REQUIRE(i > from, E_SYNTAX);
		TRY(param_set_add(buf, end, &set, (struct span){from, i}));
		if (octet_at(buf, end, i) == '=') {
			from = i + 1;
			i = scan_escaped(buf, end, from, OCT_PARAM);
			REQUIRE(i > from, E_SYNTAX);
		}
	}
	if (i > *at)
		out->params = (struct span){*at + 1, i};
	*at = i;
	return OK;
}

// "?name=value&name=value" from AT to END.
static result uri_headers(const uint8_t *buf, uint32_t end, uint32_t at, struct sip_uri *out)
{
	uint32_t i = at, count = 0;
	do {
		uint32_t from = i + 1;
		REQUIRE(++count <= SIP_PARAMS_MAX, E_TOO_MANY);
		i = scan_escaped(buf, end, from, OCT_HVALUE);
		REQUIRE(i > from && octet_at(buf, end, i) == '=', E_SYNTAX);
		i = scan_escaped(buf, end, i + 1, OCT_HVALUE);
	} while (octet_at(buf, end, i) == '&');
	REQUIRE(i == end, E_SYNTAX);
	out->headers = (struct span){at + 1, end};
	return OK;
}

// userinfo at I, if the URI has one; returns where the host begins.
static uint32_t uri_userinfo(const uint8_t *buf, uint32_t end, uint32_t i, struct sip_uri *out)
{
	uint32_t user = scan_escaped(buf, end, i, OCT_USER);
	uint32_t past = user;
	if (octet_at(buf, end, user) == ':')
		past = scan_escaped(buf, end, user + 1, OCT_PASS);
	if (user == i || octet_at(buf, end, past) != '@')
		return i;
	out->has_user = true;
	out->user = (struct span){i, user};
	if (past > user)
		out->password = (struct span){user + 1, past};
	return past + 1;
}

static result uri_sip(const uint8_t *buf, uint32_t end, uint32_t i, struct sip_uri *out)
{
	uint32_t from = uri_userinfo(buf, end, i, out);
	i = scan_host(buf, end, from);
	REQUIRE(i != 0, E_SYNTAX);
	out->host = (struct span){from, i};
	if (octet_at(buf, end, i) == ':') {
		i = scan_port(buf, end, i + 1, &out->port);
		REQUIRE(i != 0, E_SYNTAX);
		out->has_port = true;
	}
	TRY(uri_params(buf, end, &i, out));
	if (octet_at(buf, end, i) == '?')
		return uri_headers(buf, end, i, out);
	REQUIRE(i == end, E_SYNTAX);
	return OK;
}

// Past the digits and visual separators of a telephone number. 0 when it holds no digit (RFC3966#3).
static uint32_t tel_number(const uint8_t *buf, uint32_t end, uint32_t i)
{
	bool global = octet_at(buf, end, i) == '+', digit = false;
	if (global)
		i++;
	for (;; i++) {
		uint8_t c = octet_at(buf, end, i);
		bool is_digit = octet_in(c, OCT_DIGIT) || (!global && (octet_in(c, OCT_HEX) || c == '*' || c == '#'));
		if (is_digit)
			digit = true;
		else if (c != '-' && c != '.' && c != '(' && c != ')')
			return digit ? i : 0;
	}
}

static result uri_tel(const uint8_t *buf, uint32_t n, uint32_t end, uint32_t i, struct sip_uri *out)
{
	bool found = octet_at(buf, end, i) == '+';
	struct span context;

	uint32_t past = tel_number(buf, end, i);
	REQUIRE(past != 0, E_SYNTAX);
	out->user = (struct span){i, past};
	out->has_user = true;
	TRY(uri_params(buf, end, &past, out));
	REQUIRE(past == end, E_SYNTAX);
	if (!found) // a local number means nothing without its context (RFC3966#5.1.5)
		TRY(sip_param_get(buf, n, out->params, BYTES("phone-context"), &found, &context));
	REQUIRE(found, E_SYNTAX);
	return OK;
}

result sip_uri_parse(const uint8_t *buf, uint32_t n, struct span s, struct sip_uri *out)
{
	*out = (struct sip_uri){0};
	REQUIRE(s.to <= n && s.from < s.to, E_SYNTAX);
	uint32_t i = s.from;
	TRY(scheme_scan(buf, s.to, &i, &out->scheme));
	out->whole = s;
	if (out->scheme == SIP_SCHEME_SIP || out->scheme == SIP_SCHEME_SIPS)
		return uri_sip(buf, s.to, i, out);
	if (out->scheme == SIP_SCHEME_TEL)
		return uri_tel(buf, n, s.to, i, out);
	uint32_t past = scan_escaped(buf, s.to, i, OCT_URIC);
	if (octet_at(buf, s.to, past) == '#') // a fragment is no part of absoluteURI, and URLs in the field have it
		past = scan_escaped(buf, s.to, past + 1, OCT_URIC);
	REQUIRE(past > i && past == s.to, E_SYNTAX);
	return OK;
}
