// SPDX-License-Identifier: Apache-2.0
// What may stand in a column of the registry (LUF-I1). Whatever comes in, from a file, a person or the database itself, goes
// through here before it becomes a row: canonical numbers (ITU-T E.164), names and domains of few octets, UTF-8 that cannot
// steer a terminal, decimal numbers in one spelling. Nothing is repaired: a value stands as it is, or is refused.
#include "registry/row_value.h"

enum { E164_DIGITS = 15, DOMAIN_OCTETS = 253, LABEL_OCTETS = 63, DECIMAL_DIGITS = 9 };

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

const char *row_value_name(struct bytes value)
{
	if (value.len == 0)
		return "is empty; write a name of a-z, 0-9, \".\", \"_\", \"-\"";
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.at[i];
		if (!is_lower(c) && !is_digit(c) && c != '.' && c != '_' && c != '-')
			return "is no name; write only a-z, 0-9, \".\", \"_\", \"-\"";
	}
	return NULL;
}

const char *row_value_number(struct bytes value)
{
	if (value.len == 0)
		return "is empty; write \"+\", country code and number";
	if (value.at[0] != '+' && value.len >= 2 && value.at[0] == '0' && value.at[1] == '0')
		return "begins with 00; write \"+\" in its place";
	if (value.at[0] == '0')
		return "is national; write it with \"+\" and country code, 030 of Germany as +4930";
	if (value.at[0] != '+')
		return "has no \"+\"; write \"+\", country code and number";
	for (size_t i = 1; i < value.len; i++) {
		if (!is_digit(value.at[i]))
			return "is no number; write \"+\" and digits alone, no blanks or dashes";
	}
	if (value.len < 2 || value.len > 1 + E164_DIGITS)
		return "is no E.164 number; write \"+\" and 1 to 15 digits";
	return value.at[1] == '0' ? "begins with +0, which no country has; write the country code" : NULL;
}

// One label; ALL_DIGITS is set.
static const char *label_fault(const uint8_t *at, size_t len, bool *all_digits)
{
	if (len == 0)
		return "has an empty label; write labels with one dot between, no final dot";
	if (len > LABEL_OCTETS)
		return "has a label of more than 63 octets; shorten it";
	if (at[0] == '-' || at[len - 1] == '-')
		return "has a label that begins or ends with \"-\"; take it off";
	*all_digits = true;
	for (size_t i = 0; i < len; i++) {
		if (at[i] >= 'A' && at[i] <= 'Z')
			return "has capitals; write it in lower case";
		if (!is_lower(at[i]) && !is_digit(at[i]) && at[i] != '-')
			return "is no domain; write only a-z, 0-9, \"-\" and dots (names of other scripts as xn--)";
		*all_digits = *all_digits && is_digit(at[i]);
	}
	return NULL;
}

const char *row_value_domain(struct bytes value)
{
	bool all_digits = false;
	size_t from = 0;

	if (value.len == 0)
		return "is empty; write a domain as example.com";
	if (value.len > DOMAIN_OCTETS)
		return "has more than 253 octets; shorten it";
	for (size_t i = 0; i <= value.len; i++) {
		if (i < value.len && value.at[i] != '.')
			continue;
		const char *fault = label_fault(value.at + from, i - from, &all_digits);
		if (fault != NULL)
			return fault;
		from = i + 1;
	}
	return all_digits ? "is an address, or ends like one; write a domain" : NULL;
}

// The code point at *I, which moves on; UINT32_MAX when it is no shortest-form UTF-8.
static uint32_t utf8_next(struct bytes b, size_t *i)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t c = b.at[(*i)++];
	uint32_t more = c < 0x80 ? 0 : (c & 0xe0u) == 0xc0 ? 1 : (c & 0xf0u) == 0xe0 ? 2 : (c & 0xf8u) == 0xf0 ? 3 : 4;

	if (more == 4 || more > b.len - *i)
		return UINT32_MAX;
	uint32_t point = more == 0 ? c : c & (0x3fu >> more);
	for (uint32_t k = 0; k < more; k++) {
		if ((b.at[*i] & 0xc0u) != 0x80)
			return UINT32_MAX;
		point = point << 6 | (b.at[(*i)++] & 0x3fu);
	}
	bool surrogate = point >= 0xd800 && point <= 0xdfff;
	return point < least[more] || point > 0x10ffff || surrogate ? UINT32_MAX : point;
}

// C0, DEL and C1; line and paragraph separators; what turns the direction of writing, so that a reviewer sees another text
// than the one that is stored; the byte order mark; what Unicode says is no character.
static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0x200e || point == 0x200f || point == 0x061c ||
	       point == 0xfeff || (point & 0xfffeu) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
}

const char *row_value_text(struct bytes value)
{
	for (size_t i = 0; i < value.len;) {
		uint32_t point = utf8_next(value, &i);
		if (point == UINT32_MAX)
			return "is no UTF-8; save the text as UTF-8";
		if (is_control(point))
			return "has a control character; take out tabs, line ends and invisible marks";
	}
	return NULL;
}

bool row_text_ok(struct bytes text)
{
	return row_value_text(text) == NULL;
}

const char *row_value_hours(struct bytes value)
{
	struct row_hours h;

	return is_ok(row_hours_parse(value, &h)) ? NULL : "is no time; write it as \"mon-fri 08:00-18:00\" (UTC), or leave it empty";
}

const char *row_value_address(struct bytes value, struct address *out)
{
	if (!is_ok(address_parse(value, out)))
		return "is no address; write 192.0.2.1:5061 or [2001:db8::1]:5061, not a name";
	enum address_class class = address_classify(out);
	if (out->port == 0 || class == ADDRESS_UNSPECIFIED || class == ADDRESS_MULTICAST)
		return "is no address of one host and port; write the one that listens";
	return NULL;
}

const char *row_value_decimal(struct bytes value, uint32_t most, uint32_t *out)
{
	*out = 0;
	if (value.len > DECIMAL_DIGITS)
		return "is out of range; write a smaller number";
	for (size_t i = 0; i < value.len; i++) {
		if (!is_digit(value.at[i]))
			return "is no number; write digits alone";
		*out = *out * 10 + (uint32_t)(value.at[i] - '0');
	}
	if (value.len > 1 && value.at[0] == '0')
		return "begins with 0; write the digits that count";
	return *out > most ? "is out of range; write a smaller number" : NULL;
}
