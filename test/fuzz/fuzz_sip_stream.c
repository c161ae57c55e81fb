// SPDX-License-Identifier: Apache-2.0
// Fuzz target: SIP over a stream. The octets are framed as they would arrive, in steps that the first octet chooses;
// where a message ends must not depend on the steps, and each whole message goes the way of a datagram: here over TLS.
#include "fuzz_sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_MAX = 4096 };

// The frame at the front when DATA arrives in pieces of STEP octets.
static result in_steps(const uint8_t *data, uint32_t n, uint32_t step, uint32_t *length)
{
	uint32_t have = 0;
	for (;;) {
		uint32_t seen = have;
		have = n - have < step ? n : have + step;
		uint8_t *exact = malloc(have + 1); // what lies behind is not there yet
		must(exact != NULL);
		memcpy(exact, data, have);
		result r = sip_frame(exact, have, seen, FRAME_MAX, length);
		free(exact);
		if (r.error != E_AGAIN || have == n)
			return r;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t from[] = {PLAY_FAR_TLS, PLAY_STRANGER_TLS};

	if (size < 2 || size > SIP_MESSAGE_MAX_STREAM)
		return 0;
	uint32_t step = data[0] % 64u * 16 + 1, n = (uint32_t)size - 1, at = 0;
	data++;
	while (at < n) {
		uint32_t whole, pieces;
		result r = sip_frame(data + at, n - at, 0, FRAME_MAX, &whole);
		result q = in_steps(data + at, n - at, step, &pieces);
		must(r.error == q.error && whole == pieces);
		if (!is_ok(r) || whole > n - at)
			break;
		must(whole > 0 && whole <= FRAME_MAX);
		if (fuzz_message(data + at, whole))
			fuzz_gates(data + at, whole, from, ARRAY_LEN(from));
		at += whole;
	}
	return 0;
}
