// SPDX-License-Identifier: Apache-2.0
// Stubs of the value checks that the descriptors name: any answer. sip_check.c proves the real ones.
#ifndef PROVE_CHECKS_H
#define PROVE_CHECKS_H

#include "wire/sip/check.h"

#define CHECK_STUB(name)                                                                                     \
	result name(const uint8_t *buf, uint32_t n, struct span v)                                           \
	{                                                                                                    \
		UNUSED(buf);                                                                                 \
		UNUSED(n);                                                                                   \
		UNUSED(v);                                                                                   \
		return prove_result();                                                                       \
	}

CHECK_STUB(check_addr)
CHECK_STUB(check_contact)
CHECK_STUB(check_name_addr)
CHECK_STUB(check_identity_addr)
CHECK_STUB(check_via)
CHECK_STUB(check_token)
CHECK_STUB(check_token_params)
CHECK_STUB(check_media)
CHECK_STUB(check_number)
CHECK_STUB(check_delta)
CHECK_STUB(check_cseq)
CHECK_STUB(check_rack)
CHECK_STUB(check_call_id)
CHECK_STUB(check_replaces)
CHECK_STUB(check_info)
CHECK_STUB(check_content_id)
CHECK_STUB(check_identity)
CHECK_STUB(check_charging)
CHECK_STUB(check_uui)
CHECK_STUB(check_mime_version)
CHECK_STUB(check_timestamp)
CHECK_STUB(check_date)
CHECK_STUB(check_products)
CHECK_STUB(check_warning)
CHECK_STUB(check_auth)
CHECK_STUB(check_auth_params)

#endif
