// SPDX-License-Identifier: Apache-2.0
// Proof driver: a=crypto values of any octets.
// quick: no
// files: src/wire/sdp/crypto.c src/wire/sdp/names.c src/wire/sdp/value.c
#include "prove.h"
#include "wire/sdp/sdp.h"

static struct sdp description;

void prove_main(void)
{
	struct sdp_crypto crypto;

	description.buf = prove_octets;
	description.size = prove_input();
	result r = sdp_crypto_parse(&description, prove_span(description.size), &crypto);
	UNUSED(r);
}
