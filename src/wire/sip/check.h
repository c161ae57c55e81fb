// SPDX-License-Identifier: Apache-2.0
// Private to wire/sip: the grammar checks that the descriptors name. One value each; E_SYNTAX, E_TOO_MANY,
// E_DUPLICATE.
#ifndef WIRE_SIP_CHECK_H
#define WIRE_SIP_CHECK_H

#include "wire/sip/sip.h"

result check_addr(const uint8_t *buf, uint32_t n, struct span v);          // From, To, Refer-To, ...
result check_contact(const uint8_t *buf, uint32_t n, struct span v);       // the same, or "*"
result check_name_addr(const uint8_t *buf, uint32_t n, struct span v);     // in angle brackets: Route and kin
result check_identity_addr(const uint8_t *buf, uint32_t n, struct span v); // no parameters (RFC3325#9)
result check_via(const uint8_t *buf, uint32_t n, struct span v);
result check_token(const uint8_t *buf, uint32_t n, struct span v);
result check_token_params(const uint8_t *buf, uint32_t n, struct span v);  // token *(;param)
result check_media(const uint8_t *buf, uint32_t n, struct span v);         // type/subtype *(;param)
result check_number(const uint8_t *buf, uint32_t n, struct span v);
result check_delta(const uint8_t *buf, uint32_t n, struct span v);
result check_cseq(const uint8_t *buf, uint32_t n, struct span v);
result check_rack(const uint8_t *buf, uint32_t n, struct span v);
result check_call_id(const uint8_t *buf, uint32_t n, struct span v);
result check_replaces(const uint8_t *buf, uint32_t n, struct span v);      // callid *(;param)
result check_info(const uint8_t *buf, uint32_t n, struct span v);          // <absoluteURI> *(;param)
result check_content_id(const uint8_t *buf, uint32_t n, struct span v);
result check_identity(const uint8_t *buf, uint32_t n, struct span v);      // RFC8224#4
result check_charging(const uint8_t *buf, uint32_t n, struct span v);      // RFC7315#5.6
result check_uui(const uint8_t *buf, uint32_t n, struct span v);           // RFC7433#4.1
result check_mime_version(const uint8_t *buf, uint32_t n, struct span v);
result check_timestamp(const uint8_t *buf, uint32_t n, struct span v);
result check_date(const uint8_t *buf, uint32_t n, struct span v);
result check_products(const uint8_t *buf, uint32_t n, struct span v);      // User-Agent, Server
result check_warning(const uint8_t *buf, uint32_t n, struct span v);
result check_auth(const uint8_t *buf, uint32_t n, struct span v);          // scheme name=value, ...
result check_auth_params(const uint8_t *buf, uint32_t n, struct span v);

#endif
