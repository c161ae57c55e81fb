// SPDX-License-Identifier: Apache-2.0
// Record data of NAPTR, SRV, A, AAAA and TLSA as location needs them (RFC 3263, 2782, 6698): each read whole, or refused.
#ifndef LRF_RDATA_H
#define LRF_RDATA_H

#include "lrf/locate.h"

struct rdata_srv {
	uint16_t priority, weight, port;
	char target[DOMAIN_MAX]; // "" is ".": the service is not offered (RFC 2782)
};

// E_SYNTAX, E_TOO_LONG for what is no such record.
MUST_USE result rdata_srv_read(struct bytes r, struct rdata_srv *out);
MUST_USE result rdata_address_read(uint16_t type, struct bytes r, struct address *out); // port 0
// E_UNSUPPORTED: lawful, and of no use to us: whole certificates, digests that we do not know.
MUST_USE result rdata_tlsa_read(struct bytes r, struct located_tlsa *out);

#endif
