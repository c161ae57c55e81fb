// SPDX-License-Identifier: Apache-2.0
// What every proof driver starts from: a buffer of any octets and any length up to the limit.
#ifndef PROVE_H
#define PROVE_H

#include "base/result.h"
#include "base/span.h"

#include "__fc_builtin.h"

enum { PROVE_LIMIT = 1500 }; // [octets] one Ethernet frame: every UDP message without fragments

static uint8_t prove_octets[PROVE_LIMIT];

static uint32_t prove_input(void)
{
	Frama_C_make_unknown((char *)prove_octets, PROVE_LIMIT);
	return (uint32_t)Frama_C_interval(0, PROVE_LIMIT);
}

static struct span prove_span(uint32_t n)
{
	struct span s = {Frama_C_unsigned_int_interval(0, PROVE_LIMIT), Frama_C_unsigned_int_interval(0, PROVE_LIMIT)};
	UNUSED(n);
	return s;
}

#endif
