// SPDX-License-Identifier: Apache-2.0
// Fuzz target: sealed tokens. No text but one that was sealed may open, of whatever kind; what is sealed
// opens unchanged.
#include "sf/token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sf_token_keys *keys(void)
{
	static struct sf_token_keys *kept; // made once: the target has no set-up call
	struct sf_token_key key[SF_TOKEN_KEYS_MAX] = {
		[0] = {1, "first key octets"}, [5] = {1, "other key octets"}};

	if (kept == NULL && !is_ok(sf_token_keys_new(&kept, key, 5)))
		abort();
	return kept;
}

static void must_not_open(struct bytes text)
{
	struct sf_token t;

	for (int kind = 0; kind <= 15; kind++)
		if (is_ok(sf_token_open(keys(), text, (enum sf_token_kind)kind, &t)))
			abort();
}

// The input as the fields of a token: there and back.
static void must_round_trip(const uint8_t *data, size_t size)
{
	struct sf_token t = {0}, back;
	char text[SF_TOKEN_LEN];

	if (size < 12)
		return;
	t.kind = (uint8_t)(1 + data[0] % 15);
	t.worker = data[1];
	t.leg = data[2] & 15;
	t.peer = (peer_id)(data[3] << 8 | data[4]);
	t.ref.slot = (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 | data[7];
	t.ref.generation =
		((uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11]) | 1;
	sf_token_seal(keys(), &t, text);
	if (!is_ok(sf_token_open(
		    keys(), bytes_make(text, sizeof(text)), (enum sf_token_kind)t.kind, &back)) ||
		back.kind != t.kind || back.worker != t.worker || back.leg != t.leg || back.peer != t.peer ||
		back.ref.slot != t.ref.slot || back.ref.generation != t.ref.generation)
		abort();
	text[size % SF_TOKEN_LEN] =
		text[size % SF_TOKEN_LEN] == 'a' ? 'e' : 'a'; // 'e' and 'a' end a block both
	must_not_open(bytes_make(text, sizeof(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	must_not_open(bytes_make(data, size));
	must_round_trip(data, size);
	return 0;
}
