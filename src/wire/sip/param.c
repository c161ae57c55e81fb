// SPDX-License-Identifier: Apache-2.0
// One parameter out of a ';'-separated list that was checked before: of a URI or of a header field value.
#include "wire/sip/octet.h"
#include "wire/sip/sip.h"

static bool name_is(const uint8_t *buf, uint32_t end, struct span s, struct bytes name)
{
	if (s.to - s.from != name.len)
		return false;
	for (uint32_t i = 0; i < s.to - s.from; i++)
		if (octet_lower(octet_at(buf, end, s.from + i)) != octet_lower(name.at[i]))
			return false;
	return true;
}

// Past the value at I: up to the next SEPARATOR outside quotes and angle brackets.
static uint32_t value_end(const uint8_t *buf, uint32_t end, uint32_t i, uint8_t separator)
{
	while (i < end && octet_at(buf, end, i) != separator) {
		uint32_t past = 0;
		if (octet_at(buf, end, i) == '"') {
			past = scan_quoted(buf, end, i);
		} else if (octet_at(buf, end, i) == '<') {
			past = i;
			while (past < end && octet_at(buf, end, past) != '>')
				past++;
		}
		i = past != 0 ? past : i + 1;
	}
	return i;
}

// Without the white space behind it.
static uint32_t trim_end(const uint8_t *buf, uint32_t end, uint32_t from, uint32_t to)
{
	while (to > from) {
		uint8_t c = octet_at(buf, end, to - 1);
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
		to--;
	}
	return to;
}

// The next "name[=value]" at *AT; *AT moves behind its separator.
static void param_next(const uint8_t *buf, uint32_t end, uint32_t *at, uint8_t separator, struct span *name,
	struct span *value)
{
	uint32_t i = scan_lws(buf, end, *at);

	*value = (struct span){0, 0};
	name->from = i;
	while (i < end && octet_at(buf, end, i) != separator && octet_at(buf, end, i) != '=')
		i++;
	name->to = trim_end(buf, end, name->from, i);
	if (octet_at(buf, end, i) == '=') {
		value->from = scan_lws(buf, end, i + 1);
		i = value_end(buf, end, value->from, separator);
		value->to = trim_end(buf, end, value->from, i);
	}
	*at = i + 1;
}

bool param_stands_before(const uint8_t *buf, uint32_t end, uint32_t from, uint8_t separator, struct span name)
{
	while (from < name.from) {
		struct span other, value;
		param_next(buf, end, &from, separator, &other, &value);
		if (other.from < name.from && scan_same_nocase(buf, end, other, name))
			return true;
	}
	return false;
}

result sip_param_get(const uint8_t *buf, uint32_t n, struct span params, struct bytes name, bool *found,
	struct span *value)
{
	uint32_t i = params.from;

	*found = false;
	*value = (struct span){0, 0};
	REQUIRE(params.to <= n, E_SYNTAX);
	while (i < params.to) {
		struct span here, v;
		param_next(buf, params.to, &i, ';', &here, &v);
		if (name_is(buf, params.to, here, name)) {
			REQUIRE(!*found, E_DUPLICATE);
			*found = true;
			*value = v;
		}
	}
	return OK;
}
