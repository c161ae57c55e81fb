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

// Past the value at I: up to the next ';' outside quotes.
static uint32_t value_end(const uint8_t *buf, uint32_t end, uint32_t i)
{
	while (i < end && octet_at(buf, end, i) != ';') {
		uint32_t past = octet_at(buf, end, i) == '"' ? scan_quoted(buf, end, i) : 0;
		i = past != 0 ? past : i + 1;
	}
	return i;
}

// Without the white space behind it.
static uint32_t trim_end(const uint8_t *buf, uint32_t from, uint32_t to)
{
	while (to > from) {
		uint8_t c = octet_at(buf, to, to - 1);
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
		to--;
	}
	return to;
}

result sip_param_get(const uint8_t *buf, uint32_t n, struct span params, struct bytes name, bool *found,
	struct span *value)
{
	uint32_t end = params.to, i = params.from;

	*found = false;
	*value = (struct span){0, 0};
	REQUIRE(params.to <= n, E_SYNTAX);
	while (i < end) {
		struct span here, v = {0, 0};
		here.from = scan_lws(buf, end, i);
		i = here.from;
		while (i < end && octet_at(buf, end, i) != ';' && octet_at(buf, end, i) != '=')
			i++;
		here.to = trim_end(buf, here.from, i);
		if (octet_at(buf, end, i) == '=') {
			v.from = scan_lws(buf, end, i + 1);
			i = value_end(buf, end, v.from);
			v.to = trim_end(buf, v.from, i);
		}
		if (name_is(buf, end, here, name)) {
			REQUIRE(!*found, E_DUPLICATE);
			*found = true;
			*value = v;
		}
		i++; // past the ';'
	}
	return OK;
}
