// SPDX-License-Identifier: Apache-2.0
// Fuzz target: one SIP datagram through parse, check, rewrite and parse again, and through the gates as the core's, as a
// peering partner's and as a stranger's.
#include "fuzz_sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t from[] = {PLAY_CORE, PLAY_FAR_UDP, PLAY_STRANGER_UDP};

	if (size <= SIP_MESSAGE_MAX_UDP && fuzz_message(data, (uint32_t)size))
		fuzz_gates(data, (uint32_t)size, from, ARRAY_LEN(from));
	return 0;
}
