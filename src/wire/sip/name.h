// SPDX-License-Identifier: Apache-2.0
// Private to wire/sip: look a header field name or a method up in place.
#ifndef WIRE_SIP_NAME_H
#define WIRE_SIP_NAME_H

#include "wire/sip/sip.h"

// The id of the name in span S of the first END octets of BUF; SIP_HDR_OTHER when unknown.
enum sip_hdr name_lookup(const uint8_t *buf, uint32_t end, struct span s);
// The header field name at AT, and its id, into L. Returns the index behind its colon; 0: no token, or no colon
// behind it.
uint32_t name_scan(const uint8_t *buf, uint32_t n, uint32_t at, struct sip_line *l);
// The method in span S; SIP_UNKNOWN_METHOD when it is none of ours.
enum sip_method method_lookup(const uint8_t *buf, uint32_t end, struct span s);

#endif
