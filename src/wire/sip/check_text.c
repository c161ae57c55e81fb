// SPDX-License-Identifier: Apache-2.0
// Grammar of header field values that hold text: dates, products and comments, warnings, credentials
// (RFC3261#25.1).
#include "wire/sip/check.h"
#include "wire/sip/octet.h"

result check_mime_version(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_DIGIT);
	REQUIRE(i > v.from && octet_at(buf, v.to, i) == '.', E_SYNTAX);
	uint32_t past = scan_class(buf, v.to, i + 1, OCT_DIGIT);
	REQUIRE(past > i + 1 && past == v.to, E_SYNTAX);
	return OK;
}

// 1*DIGIT ["." *DIGIT] [LWS *DIGIT ["." *DIGIT]]
result check_timestamp(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_DIGIT);
	REQUIRE(i > v.from, E_SYNTAX);
	for (uint32_t number = 0; number < 2; number++) {
		if (octet_at(buf, v.to, i) == '.')
			i = scan_class(buf, v.to, i + 1, OCT_DIGIT);
		uint32_t past = scan_lws(buf, v.to, i);
		if (past == i)
			break;
		i = scan_class(buf, v.to, past, OCT_DIGIT);
	}
	REQUIRE(i == v.to, E_SYNTAX);
	return OK;
}

// Does one of the COUNT three-letter words of WORDS stand at I? Case counts (RFC3261#25.1, wkday and month).
static bool word_at(const uint8_t *buf, uint32_t end, uint32_t i, const char *words, uint32_t count)
{
	for (uint32_t w = 0; w < count; w++)
		if (octet_at(buf, end, i) == (uint8_t)words[3 * w] &&
			octet_at(buf, end, i + 1) == (uint8_t)words[3 * w + 1] &&
			octet_at(buf, end, i + 2) == (uint8_t)words[3 * w + 2])
			return true;
	return false;
}

// The number of two digits at I, 100 when they are none.
static uint32_t two_digits(const uint8_t *buf, uint32_t end, uint32_t i)
{
	uint8_t a = octet_at(buf, end, i), b = octet_at(buf, end, i + 1);
	if (!octet_in(a, OCT_DIGIT) || !octet_in(b, OCT_DIGIT))
		return 100;
	return (uint32_t)(a - '0') * 10 + (uint32_t)(b - '0');
}

// "Sat, 13 Nov 2010 23:29:00 GMT": only GMT (RFC3261#20.17).
result check_date(const uint8_t *buf, uint32_t n, struct span v)
{
	static const char form[] = "___, __ ___ ____ __:__:__ GMT";
	REQUIRE(v.to <= n && v.from < v.to && v.to - v.from == sizeof(form) - 1, E_SYNTAX);
	for (uint32_t i = 0; i < sizeof(form) - 1; i++)
		REQUIRE(form[i] == '_' || octet_at(buf, v.to, v.from + i) == (uint8_t)form[i], E_SYNTAX);
	REQUIRE(word_at(buf, v.to, v.from, "MonTueWedThuFriSatSun", 7), E_SYNTAX);
	REQUIRE(word_at(buf, v.to, v.from + 8, "JanFebMarAprMayJunJulAugSepOctNovDec", 12), E_SYNTAX);
	uint32_t day = two_digits(buf, v.to, v.from + 5);
	REQUIRE(day >= 1 && day <= 31, E_SYNTAX);
	REQUIRE(two_digits(buf, v.to, v.from + 12) < 100 && two_digits(buf, v.to, v.from + 14) < 100, E_SYNTAX);
	REQUIRE(two_digits(buf, v.to, v.from + 17) < 24 && two_digits(buf, v.to, v.from + 20) < 60, E_SYNTAX);
	REQUIRE(two_digits(buf, v.to, v.from + 23) <= 60, E_SYNTAX); // a leap second
	return OK;
}

// server-val *(LWS server-val); server-val = token ["/" token] / comment
result check_products(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = v.from;
	while (i < v.to) {
		uint32_t past;
		if (octet_at(buf, v.to, i) == '(') {
			past = scan_comment(buf, v.to, i);
		} else {
			past = scan_class(buf, v.to, i, OCT_TOKEN);
			if (past > i && octet_at(buf, v.to, past) == '/') {
				uint32_t version = past + 1;
				past = scan_class(buf, v.to, version, OCT_TOKEN);
				REQUIRE(past > version, E_SYNTAX);
			}
		}
		REQUIRE(past > i, E_SYNTAX);
		i = scan_lws(buf, v.to, past);
		REQUIRE(i > past || i == v.to, E_SYNTAX);
	}
	return OK;
}

// 3DIGIT SP agent SP quoted-string
result check_warning(const uint8_t *buf, uint32_t n, struct span v)
{
	uint16_t port;

	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_DIGIT);
	REQUIRE(i - v.from == 3 && octet_at(buf, v.to, i) == ' ', E_SYNTAX);
	uint32_t agent = i + 1;
	i = octet_at(buf, v.to, agent) == '[' ? scan_host(buf, v.to, agent) : scan_class(buf, v.to, agent, OCT_TOKEN);
	REQUIRE(i > agent, E_SYNTAX);
	if (octet_at(buf, v.to, i) == ':') {
		i = scan_port(buf, v.to, i + 1, &port);
		REQUIRE(i != 0, E_SYNTAX);
	}
	REQUIRE(octet_at(buf, v.to, i) == ' ' && octet_at(buf, v.to, i + 1) == '"', E_SYNTAX);
	REQUIRE(scan_quoted(buf, v.to, i + 1) == v.to, E_SYNTAX);
	return OK;
}

// name "=" (token / quoted-string) separated by commas, from I to END; a name stands once (SF-I11).
static result auth_params(const uint8_t *buf, uint32_t end, uint32_t i)
{
	struct param_set set = param_set_begin(i, ',');

	for (;;) {
		uint32_t from = i;
		i = scan_class(buf, end, from, OCT_TOKEN);
		REQUIRE(i > from, E_SYNTAX);
		TRY(param_set_add(buf, end, &set, (struct span){from, i}));
		i = scan_lws(buf, end, i);
		REQUIRE(octet_at(buf, end, i) == '=', E_SYNTAX);
		from = scan_lws(buf, end, i + 1);
		i = octet_at(buf, end, from) == '"' ? scan_quoted(buf, end, from) :
						      scan_class(buf, end, from, OCT_TOKEN);
		REQUIRE(i > from, E_SYNTAX);
		i = scan_lws(buf, end, i);
		if (i == end)
			return OK;
		REQUIRE(octet_at(buf, end, i) == ',', E_SYNTAX);
		i = scan_lws(buf, end, i + 1);
	}
}

result check_auth_params(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	return auth_params(buf, v.to, v.from);
}

result check_auth(const uint8_t *buf, uint32_t n, struct span v)
{
	REQUIRE(v.to <= n && v.from < v.to, E_SYNTAX);
	uint32_t i = scan_class(buf, v.to, v.from, OCT_TOKEN);
	REQUIRE(i > v.from, E_SYNTAX);
	uint32_t from = scan_lws(buf, v.to, i);
	REQUIRE(from > i, E_SYNTAX);
	return auth_params(buf, v.to, from);
}
