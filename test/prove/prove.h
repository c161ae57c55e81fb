// SPDX-License-Identifier: Apache-2.0
// What every proof driver starts from: a buffer of any octets, a length up to the limit, a span of any bounds.
//
// A driver names its sources in a line `// files:` and says `// quick: no` when --brief leaves it out. What it calls
// beyond those files it defines itself as a stub that may answer anything: the stubbed function has its own driver.
#ifndef PROVE_H
#define PROVE_H

#include "base/result.h"
#include "base/span.h"

#include "__fc_builtin.h"

enum { PROVE_LIMIT = 1500 }; // [octets] one Ethernet frame: every UDP message without fragments

static uint8_t prove_octets[PROVE_LIMIT];
static volatile int prove_any; // another value at every look
void prove_main(void);

static inline uint32_t prove_input(void)
{
	Frama_C_make_unknown((char *)prove_octets, PROVE_LIMIT);
	return (uint32_t)Frama_C_interval(0, PROVE_LIMIT);
}

// Any two numbers: parsers must not trust even that a span lies in its buffer.
static inline struct span prove_span(uint32_t n)
{
	UNUSED(n);
	return (struct span){(uint32_t)prove_any, (uint32_t)prove_any};
}

static inline result prove_result(void)
{
	return (result){prove_any ? E_OK : E_SYNTAX};
}

#endif
