// SPDX-License-Identifier: Apache-2.0
// Comparison of octets: without regard to ASCII case, and in constant time for secrets.
//
// No locale is asked: SIP's case rules are ASCII (RFC3261#7.3.1), and a locale that folds other letters would
// give one message two meanings (SF-I11).
#include "base/span.h"

#include <sodium.h>

static uint8_t octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (a.at[i] != b.at[i] && octet_lower(a.at[i]) != octet_lower(b.at[i]))
			return false;
	return true;
}

bool bytes_equal_secret(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || sodium_memcmp(a.at, b.at, a.len) == 0;
}
