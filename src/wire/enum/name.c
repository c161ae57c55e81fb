// SPDX-License-Identifier: Apache-2.0
// Names are copied octet by octet into a bounded text; what is no letter of a host name never becomes one.
#include "wire/enum/name.h"

enum { DIGITS_MAX = 15 }; // E.164

result enum_name_make(const char *number, const char *apex, char out[DOMAIN_MAX])
{
	size_t digits = strnlen(number, NUMBER_MAX), n = 0, apex_len = strnlen(apex, DOMAIN_MAX);
	REQUIRE(number[0] == '+' && digits >= 2 && digits <= 1 + DIGITS_MAX && apex_len > 0, E_SYNTAX);
	REQUIRE(2 * (digits - 1) + apex_len <= NAME_TEXT_MAX, E_TOO_LONG);
	for (size_t i = digits - 1; i >= 1; i--) {
		REQUIRE(number[i] >= '0' && number[i] <= '9', E_SYNTAX);
		out[n++] = number[i];
		out[n++] = '.';
	}
	memcpy(out + n, apex, apex_len);
	out[n + apex_len] = '\0';
	return OK;
}

static bool letter(uint8_t c, char *out)
{
	bool upper = c >= 'A' && c <= 'Z';
	*out = (char)(upper ? c + ('a' - 'A') : c);
	return upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

result enum_name_read(struct bytes rdata, size_t *at, char out[DOMAIN_MAX])
{
	size_t n = 0;
	out[0] = '\0';
	for (;;) {
		REQUIRE(*at < rdata.len, E_SYNTAX);
		uint8_t len = rdata.at[(*at)++];
		if (len == 0)
			break;
		REQUIRE(len <= NAME_LABEL_MAX && len <= rdata.len - *at, E_SYNTAX);
		REQUIRE(n + (n > 0) + len <= NAME_TEXT_MAX, E_TOO_LONG);
		if (n > 0)
			out[n++] = '.';
		for (uint8_t i = 0; i < len; i++)
			REQUIRE(letter(rdata.at[(*at)++], &out[n++]), E_SYNTAX);
	}
	out[n] = '\0';
	return OK;
}

bool enum_name_within(const char *name, const char *apex)
{
	size_t n = strnlen(name, DOMAIN_MAX), a = strnlen(apex, DOMAIN_MAX);
	if (a == 0 || n < a || memcmp(name + n - a, apex, a) != 0)
		return false;
	return n == a || name[n - a - 1] == '.';
}
