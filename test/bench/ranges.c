// SPDX-License-Identifier: Apache-2.0
// The registry in memory: octets and nanoseconds for the longest range of N (default 10 million) that holds a random number.
#include "registry/ranges.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t seed = 1;
static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) % n);
}

static range_key number(uint32_t least, uint32_t most, bool exact)
{
	char text[NUMBER_MAX];
	uint32_t digits = least + below(most - least + 1);
	text[0] = '+';
	for (uint32_t i = 1; i <= digits; i++)
		text[i] = (char)('0' + below(i == 1 ? 9 : 10) + (i == 1));
	text[digits + 1] = '\0';
	return range_key_of(text, exact);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	enum { ASKED = 4000000 };
	uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000000, found = 0;
	struct ranges_builder *b;
	size_t size;
	range_key *ask = malloc(ASKED * sizeof(*ask));
	double at = seconds();
	if (ask == NULL || !is_ok(ranges_builder_new(&b, count)))
		return 1;
	for (uint32_t i = 0; i < count; i++)
		if (!is_ok(ranges_builder_add(b, &(struct range){number(5, 12, below(2) == 0), i % 4096, 0})))
			return 1;
	if (!is_ok(ranges_builder_size(b, &size)))
		return 1;
	void *block = malloc(size);
	if (block == NULL)
		return 1;
	ranges_builder_write(b, block);
	ranges_builder_free(b);
	double built = seconds() - at;
	for (uint32_t i = 0; i < ASKED; i++)
		ask[i] = number(11, 14, false);
	at = seconds();
	for (uint32_t i = 0; i < ASKED; i++)
		found += ranges_find(block, ask[i]) != RANGES_NONE;
	double each = (seconds() - at) / ASKED * 1e9;
	printf("ranges %u: %.0f MiB, %.1f octets each, made in %.1f s; %.0f ns for a match, %.0f %% found\n", ranges_count(block),
		(double)size / 1048576, (double)size / ranges_count(block), built, each, 100.0 * found / ASKED);
	free(block);
	free(ask);
	return 0;
}
