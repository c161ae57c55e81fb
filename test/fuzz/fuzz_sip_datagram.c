// SPDX-License-Identifier: Apache-2.0
// Fuzz target: one SIP datagram through parse, check, rewrite and parse again.
#include "fuzz_sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= SIP_MESSAGE_MAX_UDP)
		fuzz_message(data, (uint32_t)size);
	return 0;
}
