// SPDX-License-Identifier: Apache-2.0
// The numeric host of a c=, o= or rtcp value. Apart from value.c, which is proved by Eva: this calls inet_pton.
#include "wire/sdp/sdp.h"

result sdp_connection_address(const struct sdp *s, const struct sdp_connection *c, uint16_t port, struct address *out)
{
	REQUIRE(is_ok(address_parse_host(sdp_bytes(s, c->host), port, out)), E_UNSUPPORTED);
	REQUIRE(out->family == c->family, E_UNSUPPORTED);
	return OK;
}
