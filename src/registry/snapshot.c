// SPDX-License-Identifier: Apache-2.0
// The snapshot: sealing, bounded access to what stands outside its head, and questions to one peer.
//
// The checksum guards against a torn or mixed-up block, not against an attacker: the memfd is sealed and
// comes from the monitor. Bounds are checked on use all the same.
#include "registry/snapshot_seal.h"

#include <sodium.h>

void snapshot_digest(const struct snapshot *s, size_t size, uint8_t out[SNAPSHOT_DIGEST_LEN])
{
	static const uint8_t zero[SNAPSHOT_DIGEST_LEN];
	const uint8_t *block = (const uint8_t *)s;
	size_t at = offsetof(struct snapshot, checksum);
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, SNAPSHOT_DIGEST_LEN);
	crypto_generichash_update(&state, block, at);
	crypto_generichash_update(&state, zero, sizeof(zero));
	crypto_generichash_update(&state, block + at + sizeof(zero), size - at - sizeof(zero));
	crypto_generichash_final(&state, out, SNAPSHOT_DIGEST_LEN);
}

void snapshot_seal(struct snapshot *s, size_t size)
{
	uint8_t digest[SNAPSHOT_DIGEST_LEN];

	s->magic = SNAPSHOT_MAGIC;
	s->version = SNAPSHOT_VERSION;
	s->size = (uint32_t)size;
	snapshot_digest(s, size, digest);
	memcpy(s->checksum, digest, sizeof(digest));
}

const struct peer *snapshot_peer(const struct snapshot *s, peer_id id)
{
	struct bytes all = snapshot_blob(s, s->peers);

	if (id >= s->peer_count || ((size_t)id + 1) * sizeof(struct peer) > all.len)
		return NULL;
	return (const struct peer *)(const void *)(all.at + (size_t)id * sizeof(struct peer));
}

struct bytes snapshot_blob(const struct snapshot *s, struct blob b)
{
	if (b.offset > s->size || b.len > s->size - b.offset)
		return bytes_make(s, 0);
	return bytes_make((const uint8_t *)s + b.offset, b.len);
}

bool numbers_contain(const struct number_prefix *list, uint32_t n, const char *number)
{
	if (n == 1 && list[0].digits[0] == '\0')
		return true;
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strnlen(list[i].digits, NUMBER_MAX);
		if (len > 0 && strncmp(number, list[i].digits, len) == 0)
			return true;
	}
	return false;
}

int peer_waiver_state(const struct peer *p, enum control c, uint64_t wall_ms)
{
	if ((unsigned)c >= CONTROL_COUNT || p->waiver[c].set == 0)
		return 0;
	return wall_ms < p->waiver[c].until_ms ? 1 : 2;
}

const char *control_name(enum control c)
{
	static const char *const names[CONTROL_COUNT] = {
		[CONTROL_TRANSPORT_IDENTITY] = "transport-identity",
		[CONTROL_ADDRESSES] = "addresses",
		[CONTROL_NUMBERS] = "numbers",
		[CONTROL_RATES] = "rates",
		[CONTROL_MEDIA_SOURCE] = "media-source",
		[CONTROL_SRTP] = "srtp",
		[CONTROL_HEADERS] = "headers",
		[CONTROL_IDENTITY] = "identity",
		[CONTROL_SESSION_TIMERS] = "session-timers",
		[CONTROL_RESPONSE_SOURCE] = "response-source",
		[CONTROL_MEDIA_ANCHOR] = "media-anchor",
		[CONTROL_CLEAR_SDES] = "clear-sdes",
		[CONTROL_CORE_IN_BODY] = "core-in-body",
	};
	return (unsigned)c < CONTROL_COUNT ? names[c] : "unknown";
}

bool snapshot_same_dns(const struct snapshot *a, const struct snapshot *b)
{
	struct dns_settings x = a->settings.dns, y = b->settings.dns;

	x.trust_anchors = y.trust_anchors = (struct blob){0, 0}; // they stand at another place in each snapshot
	return memcmp(&x, &y, sizeof(x)) == 0 &&
	       bytes_equal(snapshot_blob(a, a->settings.dns.trust_anchors), snapshot_blob(b, b->settings.dns.trust_anchors));
}
