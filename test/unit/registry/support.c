// SPDX-License-Identifier: Apache-2.0
// Snapshots made by hand, and numbers from a seed, for the tests of the registry.
#include "support.h"

#include "base/memory.h"

#include <stdio.h>

static uint64_t seed = 0x5a11fb07u;

uint32_t test_random(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33);
}

static void fill_head(struct snapshot *s)
{
	static const char *const names[] = {"core", "peering", "transit"};

	s->zone_count = 3;
	for (uint32_t i = 0; i < 3; i++)
		snprintf(s->zone[i].name, sizeof(s->zone[i].name), "%s", names[i]);
	s->zone[0].is_core = 1;
	s->zone[2].transit = 1;
	s->listener_count = 1;
	snprintf(s->listener[0].name, sizeof(s->listener[0].name), "edge");
	s->listener[0].zone = 1;
	s->listener[0].sip_count = 1;
	s->listener[0].sip[0].transport = TRANSPORT_TLS;
	s->listener[0].sip[0].address = test_address("127.0.0.1");
	snprintf(s->settings.domain, sizeof(s->settings.domain), "ssp-a.example");
}

struct test_block test_block_new(uint16_t count)
{
	size_t peers_at = (sizeof(struct snapshot) + 15) & ~(size_t)15;
	size_t trust_at = peers_at + count * sizeof(struct peer);
	struct test_block b = {.size = trust_at + sizeof(TEST_TRUST)};
	uint8_t *block = memory_alloc(b.size);

	assert_non_null(block);
	b.snapshot = (struct snapshot *)(void *)block;
	b.peer = (struct peer *)(void *)(block + peers_at);
	fill_head(b.snapshot);
	b.snapshot->generation = 1;
	b.snapshot->peer_count = count;
	b.snapshot->peers = (struct blob){(uint32_t)peers_at, (uint32_t)(count * sizeof(struct peer))};
	memcpy(block + trust_at, TEST_TRUST, sizeof(TEST_TRUST));
	for (uint16_t i = 0; i < count; i++) {
		struct peer *p = &b.peer[i];
		snprintf(p->name, sizeof(p->name), "p%u", i);
		p->zone = (zone_id)(i % 3);
		p->in_service = 1;
		p->anchor = 1;
		p->trust = (struct blob){(uint32_t)trust_at, sizeof(TEST_TRUST)};
	}
	snapshot_seal(b.snapshot, b.size);
	return b;
}

void test_block_free(struct test_block *b)
{
	memory_free(b->snapshot);
	*b = (struct test_block){0};
}

struct prefix test_prefix(const char *text)
{
	struct prefix p;

	assert_true(is_ok(prefix_parse(bytes_of_string(text), &p)));
	return p;
}

struct address test_address(const char *text)
{
	struct address a;

	assert_true(is_ok(address_parse_host(bytes_of_string(text), 5060, &a)));
	return a;
}

void test_add_address(struct peer *p, struct prefix prefix)
{
	assert_true(p->address_count < PEER_PREFIXES_MAX);
	p->address[p->address_count++] = prefix;
}

void test_add_number(struct peer *p, const char *digits)
{
	assert_true(p->calls_to_count < PEER_NUMBERS_MAX);
	snprintf(p->calls_to[p->calls_to_count++].digits, NUMBER_MAX, "%s", digits);
}
