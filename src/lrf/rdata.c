// SPDX-License-Identifier: Apache-2.0
// Fixed heads, a name or octets behind, and nothing more.
#include "lrf/rdata.h"

#include "wire/enum/name.h"

enum { SRV_HEAD = 6, TLSA_HEAD = 3, TLSA_SHA256 = 1, TLSA_SHA512 = 2, TLSA_USAGE_MAX = 3, TLSA_SELECTOR_MAX = 1 };

static uint16_t number(struct bytes r, size_t at)
{
	return (uint16_t)(r.at[at] << 8 | r.at[at + 1]);
}

result rdata_srv_read(struct bytes r, struct rdata_srv *out)
{
	size_t at = SRV_HEAD;
	REQUIRE(r.len > SRV_HEAD, E_SYNTAX);
	out->priority = number(r, 0);
	out->weight = number(r, 2);
	out->port = number(r, 4);
	TRY(enum_name_read(r, &at, out->target));
	REQUIRE(at == r.len, E_SYNTAX);
	return out->target[0] == '\0' || out->port != 0 ? OK : FAIL(E_SYNTAX);
}

result rdata_address_read(uint16_t type, struct bytes r, struct address *out)
{
	size_t want = type == DNS_A ? 4 : 16;
	REQUIRE((type == DNS_A || type == DNS_AAAA) && r.len == want, E_SYNTAX);
	*out = (struct address){.family = type == DNS_A ? 4 : 6};
	memcpy(out->ip, r.at, want);
	return OK;
}

result rdata_tlsa_read(struct bytes r, struct located_tlsa *out)
{
	REQUIRE(r.len > TLSA_HEAD, E_SYNTAX);
	size_t len = r.len - TLSA_HEAD;
	*out = (struct located_tlsa){.usage = r.at[0], .selector = r.at[1], .matching = r.at[2]};
	REQUIRE(out->usage <= TLSA_USAGE_MAX && out->selector <= TLSA_SELECTOR_MAX, E_UNSUPPORTED);
	REQUIRE(out->matching == TLSA_SHA256 || out->matching == TLSA_SHA512, E_UNSUPPORTED);
	REQUIRE(len == (out->matching == TLSA_SHA256 ? 32u : 64u), E_SYNTAX);
	out->len = (uint8_t)len;
	memcpy(out->data, r.at + TLSA_HEAD, len);
	return OK;
}
