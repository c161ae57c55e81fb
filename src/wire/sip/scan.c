// SPDX-License-Identifier: Apache-2.0
// Scanners of quoted strings, comments, hosts and parameters (RFC3261#25.1).
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

enum { HOST_NAME_MAX_OCTETS = 255 }; // RFC1035#2.3.4

uint32_t scan_class(const uint8_t *buf, uint32_t end, uint32_t i, unsigned class)
{
	size_t at = i;

	while (end >= 4 && at <= end - 4) { // one look at the bound for four octets: the hottest loop of the parser
		if (!octet_in(buf[at], class))
			return (uint32_t)at;
		if (!octet_in(buf[at + 1], class))
			return (uint32_t)at + 1;
		if (!octet_in(buf[at + 2], class))
			return (uint32_t)at + 2;
		if (!octet_in(buf[at + 3], class))
			return (uint32_t)at + 3;
		at += 4;
	}
	while (at < end && octet_in(buf[at], class))
		at++;
	return (uint32_t)at;
}

uint32_t scan_blanks(const uint8_t *buf, uint32_t end, uint32_t i)
{
	for (;;) {
		uint8_t c = octet_at(buf, end, i);
		if (c == ' ' || c == '\t')
			i++;
		else if (c == '\r' && octet_at(buf, end, i + 1) == '\n' &&
			octet_in(octet_at(buf, end, i + 2), OCT_WSP))
			i += 3;
		else
			return i;
	}
}

bool scan_word(const uint8_t *buf, uint32_t end, uint32_t i, uint64_t known, uint32_t len)
{
	return word_differs(word_read(buf, end, i, len), known) == 0;
}

// Past one piece of text: an octet of CLASS, a fold, or a quoted pair. I itself when there is none.
static uint32_t scan_text_piece(const uint8_t *buf, uint32_t end, uint32_t i, unsigned class)
{
	i = scan_class(buf, end, i, class);
	uint8_t c = octet_at(buf, end, i);
	if (c == '\r')
		return scan_lws(buf, end, i);
	if (c != '\\')
		return i;
	// Control octets behind a backslash are in the grammar and of no use: they are refused (see torture.tsv).
	uint8_t pair = octet_at(buf, end, i + 1);
	return pair >= 0x20 && pair <= 0x7e ? i + 2 : i;
}

uint32_t scan_quoted(const uint8_t *buf, uint32_t end, uint32_t i)
{
	i++;
	for (;;) {
		uint32_t next = scan_text_piece(buf, end, i, OCT_QDTEXT);
		if (octet_at(buf, end, next) == '"')
			return next + 1;
		if (next == i)
			return 0;
		i = next;
	}
}

uint32_t scan_comment(const uint8_t *buf, uint32_t end, uint32_t i)
{
	uint32_t depth = 0;
	for (;;) {
		uint8_t c = octet_at(buf, end, i);
		if (c == '(') {
			if (++depth > SIP_NESTING_MAX)
				return 0;
			i++;
		} else if (c == ')') {
			i++;
			if (--depth == 0)
				return i;
		} else {
			uint32_t next = scan_text_piece(buf, end, i, OCT_CTEXT);
			if (next == i)
				return 0;
			i = next;
		}
	}
}

// Past the IPv4 address at I, 0 when there is none.
static uint32_t scan_ipv4(const uint8_t *buf, uint32_t end, uint32_t i)
{
	uint32_t part = 1, from = i, value = 0;
	for (;; i++) {
		uint32_t c = octet_at(buf, end, i), digit = c - '0';
		if (digit <= 9) {
			value = value * 10 + digit; // means nothing beyond three digits
			continue;
		}
		if (i == from || i - from > 3 || value > 255)
			return 0;
		if (part == 4)
			return i;
		if (c != '.')
			return 0;
		part++;
		from = i + 1;
		value = 0;
	}
}

uint32_t scan_ipv6(const uint8_t *buf, uint32_t end, uint32_t i)
{
	uint32_t groups = 0;
	bool gap = false;

	if (octet_at(buf, end, i) == ':') { // may only begin with "::"
		if (octet_at(buf, end, i + 1) != ':')
			return 0;
		gap = true;
		i += 2;
		if (!octet_in(octet_at(buf, end, i), OCT_HEX))
			return i;
	}
	while (groups < 8) {
		uint32_t from = i;
		while (i - from < 5 && octet_in(octet_at(buf, end, i), OCT_HEX))
			i++;
		if (octet_at(buf, end, i) == '.') { // the last 32 bits as IPv4
			uint32_t past = groups <= 6 ? scan_ipv4(buf, end, from) : 0;
			return past && (gap ? groups <= 5 : groups == 6) ? past : 0;
		}
		if (i == from || i - from > 4)
			return 0;
		groups++;
		if (octet_at(buf, end, i) != ':')
			break;
		if (octet_at(buf, end, i + 1) == ':') {
			if (gap)
				return 0;
			gap = true;
			i += 2;
			if (!octet_in(octet_at(buf, end, i), OCT_HEX))
				break;
		} else {
			i++;
		}
	}
	return (gap ? groups <= 7 : groups == 8) ? i : 0;
}

// Past the label of a host name at I: letters, digits, and "-" within. 0 when there is none.
static uint32_t scan_label(const uint8_t *buf, uint32_t end, uint32_t i)
{
	for (;;) {
		uint32_t past = scan_class(buf, end, i, OCT_ALPHA | OCT_DIGIT);
		if (past == i)
			return 0;
		i = past;
		while (octet_at(buf, end, i) == '-')
			i++;
		if (i == past)
			return i;
	}
}

// Past the host name or IPv4 address at FROM, 0 when there is none: labels, and perhaps a dot behind the last
// (hostname, IPv4address).
static uint32_t scan_host_name(const uint8_t *buf, uint32_t end, uint32_t from)
{
	uint32_t i = from, label, past;

	do {
		label = i;
		past = scan_label(buf, end, label);
		if (past == 0)
			return 0;
		i = octet_at(buf, end, past) == '.' ? past + 1 : past;
	} while (i > past && octet_in(octet_at(buf, end, i), OCT_HOST));
	bool top = octet_in(octet_at(buf, end, label), OCT_ALPHA) || scan_ipv4(buf, end, from) == past;
	return top && i - from <= HOST_NAME_MAX_OCTETS ? i : 0;
}

uint32_t scan_host(const uint8_t *buf, uint32_t end, uint32_t i)
{
	if (octet_at(buf, end, i) == '[') {
		uint32_t past = scan_ipv6(buf, end, i + 1);
		return past && octet_at(buf, end, past) == ']' ? past + 1 : 0;
	}
	if (octet_in(octet_at(buf, end, i), OCT_DIGIT)) { // most hosts of signalling are addresses
		uint32_t address = scan_ipv4(buf, end, i);
		if (address != 0 && !octet_in(octet_at(buf, end, address), OCT_HOST))
			return address;
	}
	return scan_host_name(buf, end, i);
}

uint32_t scan_port(const uint8_t *buf, uint32_t end, uint32_t i, uint16_t *port)
{
	uint32_t from = i, value = 0, digit;
	while ((digit = (uint32_t)octet_at(buf, end, i) - '0') <= 9) {
		value = value * 10 + digit; // means nothing beyond five digits
		i++;
	}
	bool good = i > from && i - from <= 5 && value <= 65535;
	*port = good ? (uint16_t)value : 0;
	return good ? i : 0;
}

result scan_param(const uint8_t *buf, uint32_t end, uint32_t *at, struct sip_param *out)
{
	*out = (struct sip_param){0};
	REQUIRE(octet_at(buf, end, *at) == ';', E_SYNTAX);
	uint32_t from = scan_lws(buf, end, *at + 1);
	uint32_t i = scan_class(buf, end, from, OCT_TOKEN);
	REQUIRE(i > from, E_SYNTAX);
	out->name = (struct span){from, i};
	i = scan_lws(buf, end, i);
	if (octet_at(buf, end, i) == '=') {
		from = scan_lws(buf, end, i + 1);
		uint8_t c = octet_at(buf, end, from);
		if (c == '"')
			i = scan_quoted(buf, end, from);
		else if (c == '[')
			i = scan_host(buf, end, from);
		else
			i = scan_class(buf, end, from, OCT_TOKEN);
		REQUIRE(i > from, E_SYNTAX);
		out->has_value = true;
		out->value = (struct span){from, i};
		i = scan_lws(buf, end, i);
	}
	*at = i;
	return OK;
}

result param_set_add(const uint8_t *buf, uint32_t end, struct param_set *set, struct span name)
{
	// "| 0x20" is lower case for letters; what it does to other octets does not matter to a filter
	uint32_t first = octet_at(buf, end, name.from) | 0x20u, last = octet_at(buf, end, name.to - 1) | 0x20u;
	uint64_t bit = UINT64_C(1) << ((first + 5 * last + 11 * (name.to - name.from)) % 64);

	REQUIRE(set->count < SIP_PARAMS_MAX, E_TOO_MANY);
	set->count++;
	if ((set->seen & bit) != 0 && param_stands_before(buf, end, set->from, set->separator, name))
		return FAIL(E_DUPLICATE);
	set->seen |= bit;
	return OK;
}

result scan_params(const uint8_t *buf, uint32_t end, uint32_t at)
{
	struct param_set set = param_set_begin(at + 1, ';');
	while (at < end) {
		struct sip_param p;
		TRY(scan_param(buf, end, &at, &p));
		TRY(param_set_add(buf, end, &set, p.name));
	}
	return OK;
}
